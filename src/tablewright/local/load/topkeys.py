"""The keys that are used most, counted in bounded memory.

Space saving (Metwally, Agrawal, El Abbadi, 2005): with m counters, every key whose share is above 1/m is among them, and a
count is too high by at most total/m, never too low.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

__all__ = ["KeyReport", "TopKeys"]

_COUNTERS = 256
_SLICES = 24 * 60


class TopKeys:
    """The heaviest of a stream of keys."""

    __slots__ = ("_counters", "_heap", "_least", "counts", "total")

    def __init__(self, counters: int = _COUNTERS) -> None:
        self._counters = counters
        self.counts: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self.total = 0.0

    def add(self, key: str, weight: float = 1.0) -> None:
        """Count `key`."""
        self.total += weight
        known = self.counts.get(key)
        if known is not None:
            self.counts[key] = known + weight
            return
        if len(self.counts) >= self._counters:
            weight += self._evict()
        self.counts[key] = weight
        heapq.heappush(self._heap, (weight, key))

    def _evict(self) -> float:
        """Take out the key with the least count and return that count; the heap holds counts as they were when pushed."""
        while True:
            count, key = self._heap[0]
            now = self.counts[key]
            if now == count:
                heapq.heappop(self._heap)
                del self.counts[key]
                return count
            heapq.heapreplace(self._heap, (now, key))

    def top(self, number: int) -> list[tuple[str, float]]:
        """The `number` heaviest keys, heaviest first; equal ones by name."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:number]


class KeyReport:
    """The heaviest keys minute by minute, for the last day at most."""

    def __init__(self, counters: int = _COUNTERS) -> None:
        self._counters = counters
        self._minutes: dict[int, TopKeys] = {}

    def add(self, key: str, now: float, weight: float = 1.0) -> None:
        """Count a use of `key` at `now` (seconds since the epoch)."""
        minute = int(now // 60)
        found = self._minutes.get(minute)
        if found is None:
            found = self._minutes[minute] = TopKeys(self._counters)
            for old in sorted(self._minutes)[:-_SLICES]:
                del self._minutes[old]
        found.add(key, weight)

    def between(self, start: float, end: float) -> list[tuple[int, TopKeys]]:
        """(minute's start in seconds, its keys) of every minute with any use, from `start` up to `end`."""
        return [(60 * minute, keys) for minute, keys in sorted(self._minutes.items()) if start <= 60 * minute < end]

    @staticmethod
    def merged(parts: Iterable[TopKeys]) -> TopKeys:
        """The keys of several minutes together."""
        whole = TopKeys(1 << 30)
        for part in parts:
            for key, count in part.counts.items():
                whole.add(key, count)
        return whole
