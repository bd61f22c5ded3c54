"""Many names in one sentence: as many as can be read."""

from __future__ import annotations

from collections.abc import Sequence

READABLE = 12
"""How many names a sentence holds; what counts stands before the names that are left out."""


def listed(names: Sequence[str], most: int = READABLE) -> str:
    """``a, b, c``; of more than ``most``, the first of them and how many more there are."""
    more = len(names) - most
    return ", ".join(names) if more < 2 else f"{', '.join(names[:most])} and {more:,} more"
