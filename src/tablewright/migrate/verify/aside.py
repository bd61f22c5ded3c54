"""Items that a copy set aside: differences that they explain, and no others. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tablewright.migrate.verify.difference import Difference

__all__ = ["Aside"]


@dataclass(frozen=True, slots=True)
class Aside:
    """``keys``: what the items would be told apart by on the target, and whether another item had their key there.

    ``refused``: how many of them the transform itself refuses, so that nothing says what the target should hold of them.
    """

    keys: Mapping[bytes, bool] = field(default_factory=dict)
    refused: int = 0

    def explains(self, key: bytes, found: Difference) -> bool:
        """Whether the item under this key is known not to have been brought over."""
        conflict = self.keys.get(key)
        return conflict is not None and (found.kind == "missing" or (found.kind == "different" and conflict))
