"""What a change would lose, judged before it is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tablewright.model.table import Contents


class Weight(Enum):
    """``GUARDED``: refused unless its table is named. ``FORBIDDEN``: refused always. ``SAID``: said, and not in the way."""

    GUARDED = "guarded"
    FORBIDDEN = "forbidden"
    SAID = "said"


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that would be lost. ``table`` is the exact physical name, by which a person allows it.

    ``item_count`` and ``size_bytes`` lag by up to six hours and are for display; ``contents`` is what was found by a Scan.
    """

    kind: str
    weight: Weight
    table: str
    logical_id: str
    what: str
    contents: Contents | None = None
    item_count: int | None = None
    size_bytes: int | None = None
    allowed: bool = False

    @property
    def refuses(self) -> bool:
        """Whether it stands in the way."""
        return self.weight is Weight.FORBIDDEN or (self.weight is Weight.GUARDED and not self.allowed)
