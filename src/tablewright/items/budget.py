"""How much of a table may be read: a budget in read units, kept by asking for pages of so many items as it still allows.

DynamoDB limits a page in items or at 1 MB, never in units, so how many items fit is reckoned from those read so far; the first
page is small. Items that suddenly get larger can overrun the budget by one page at most: 128 read units, 256 with consistent
reads (Developer Guide, "Read consistency" and "Querying tables": 1 MB a page, 4 KB a unit).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["Budget"]

_FIRST = 10
_FASTER = 4
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Budget:
    """``most`` units in all; ``spent`` so far on ``read`` items; the last page asked for ``asked`` of them."""

    most: float
    consistent: bool = False
    spent: float = 0.0
    read: int = 0
    asked: int = 0

    @property
    def least(self) -> float:
        """What the smallest read takes."""
        return 1.0 if self.consistent else 0.5

    @property
    def allows(self) -> bool:
        """Whether one more page of the size that items have so far would keep within it."""
        return self.spent + max(self.least, self._each if self.read else 0) <= self.most

    @property
    def _each(self) -> float:
        return self.spent / self.read

    def page(self) -> int:
        """How many items the next page may have."""
        left = self.most - self.spent
        if not self.read:
            # Nothing is known of the items: as many of the largest there are (400 KB) as fit, yet not one by one.
            return max(1, min(_FIRST, int(left / self.least)))
        fits = math.floor(left / self._each) if self._each else _MOST
        return max(1, min(fits, self.asked * _FASTER, _MOST))

    def after(self, units: float | None, read: int, asked: int) -> Budget:
        """The budget after a page; an endpoint that does not say its units is taken to want the least for each item."""
        took = units if units is not None else max(1, read) * self.least
        return replace(self, spent=self.spent + took, read=self.read + read, asked=asked)
