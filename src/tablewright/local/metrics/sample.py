"""What was measured in a span of time, as CloudWatch keeps it: a statistic set, with the single values where they are known."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Key", "Sample", "dimensions_of"]

Dimensions = tuple[tuple[str, str], ...]
Key = tuple[str, str, Dimensions]
"""A metric: namespace, name, and its dimensions sorted by name."""

_MOST_VALUES = 200
_STEP = 1.05
_LEAST = 1e-6


def dimensions_of(pairs: Iterable[tuple[str, str]]) -> Dimensions:
    """A dimension set in the order that keys use."""
    return tuple(sorted(pairs))


@dataclass(slots=True)
class Sample:
    """Values of one metric from `at` (seconds since the epoch) on."""

    at: float
    unit: str
    count: float = 0.0
    total: float = 0.0
    low: float = 0.0
    high: float = 0.0
    values: dict[float, float] | None = None
    """How often each value occurred, for percentiles; None when that is not known."""
    _most: int = field(default=_MOST_VALUES, compare=False, repr=False)

    def add(self, value: float, times: float = 1.0) -> None:
        """Count `value` in."""
        if not self.count:
            self.low = self.high = value
            self.values = {value: times}
        else:
            if value < self.low:
                self.low = value
            elif value > self.high:
                self.high = value
            if self.values is not None:
                self.values[value] = self.values.get(value, 0.0) + times
                if len(self.values) > self._most:
                    self.values = _coarser(self.values)
                    self._most = max(_MOST_VALUES, 2 * len(self.values))
        self.count += times
        self.total += value * times

    def row(self) -> list[Any]:
        """All but the time, as JSON can hold it."""
        values = None if self.values is None else [[value, times] for value, times in self.values.items()]
        return [self.unit, self.count, self.total, self.low, self.high, values]

    @staticmethod
    def from_row(at: float, row: list[Any]) -> Sample:
        """What `row` gave."""
        unit, count, total, low, high, values = row
        return Sample(at, unit, count, total, low, high, None if values is None else dict(values))


def _coarser(values: dict[float, float]) -> dict[float, float]:
    """The same values in steps of a twentieth: percentiles stay within a few percent, and memory bounded."""
    kept: dict[float, float] = {}
    for value, times in values.items():
        size = abs(value)
        rounded = math.copysign(_STEP ** round(math.log(size, _STEP)), value) if size > _LEAST else 0.0
        kept[rounded] = kept.get(rounded, 0.0) + times
    return kept
