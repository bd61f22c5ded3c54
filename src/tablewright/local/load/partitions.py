"""The partitions of a table or index: ranges of key hashes, each with limits of its own.

What is imitated: a partition serves 3,000 read and 1,000 write units a second at most; there are enough of them for the
throughput a table is warm for and for its size; one that stays overloaded by several keys splits between them, so that a
frequently used key ends up alone, and a single key never gets more than one partition's worth (Amazon DynamoDB Developer
Guide, "Burst and adaptive capacity", "Partitions and data distribution", "DynamoDB warm throughput").
An item collection stays whole: a split between its sort keys is not imitated. A request is let in while its partitions have
anything left, so a large transaction goes through whole; what it took too much, up to a second's worth, is worked off.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from collections.abc import Sequence

from tablewright.local.load.bucket import TokenBucket
from tablewright.local.load.limits import (
    PARTITION_BYTES,
    PARTITION_READ_UNITS,
    PARTITION_WRITE_UNITS,
    SPLIT_AFTER_S,
)

__all__ = ["Partitions", "key_hash", "wanted_partitions"]

_MOST = 100_000
_SAMPLED_KEYS = 16
_SECONDS = 1.0


def key_hash(values: Sequence[object]) -> float:
    """Where a partition key's values lie in the hash space, from 0 to 1."""
    digest = hashlib.blake2b(repr(values).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def wanted_partitions(read: float, write: float, size: int = 0) -> int:
    """How many partitions serve `read` and `write` units a second and hold `size` bytes."""
    by_units = max(math.ceil(read / PARTITION_READ_UNITS), math.ceil(write / PARTITION_WRITE_UNITS))
    return min(max(1, by_units, math.ceil(size / PARTITION_BYTES)), _MOST)


class _Partition:
    """One range: its buckets, and who used it since it last split, to know where to split next."""

    __slots__ = ("hot_at", "hot_since", "keys", "reads", "writes")

    def __init__(self, now: float) -> None:
        self.reads = TokenBucket(PARTITION_READ_UNITS, _SECONDS, now, debt=PARTITION_READ_UNITS)
        self.writes = TokenBucket(PARTITION_WRITE_UNITS, _SECONDS, now, debt=PARTITION_WRITE_UNITS)
        self.keys: dict[float, float] = {}
        self.hot_since = self.hot_at = -math.inf

    def note(self, at: float, units: float) -> None:
        """Remember the units of a key; only the most used few are kept (space saving)."""
        if at in self.keys or len(self.keys) < _SAMPLED_KEYS:
            self.keys[at] = self.keys.get(at, 0.0) + units
            return
        least = min(self.keys, key=self.keys.__getitem__)
        self.keys[at] = self.keys.pop(least) + units


class Partitions:
    """The ranges of one table or index."""

    def __init__(self, count: int, now: float, *, split_after: float = SPLIT_AFTER_S) -> None:
        self._bounds = [0.0]
        self._held: list[_Partition | None] = [None]
        self._split_after = split_after
        self.grow(count, now)

    def __len__(self) -> int:
        return len(self._bounds)

    def grow(self, count: int, now: float) -> None:
        """Split evenly until there are at least `count` partitions; there are never fewer again."""
        missing = min(count, _MOST) - len(self._bounds)
        if missing <= 0:
            return
        if len(self._bounds) == 1:
            self._bounds = [number / (missing + 1) for number in range(missing + 1)]
            self._held = [None] * (missing + 1)
            return
        while missing > 0:
            widths = [end - start for start, end in zip(self._bounds, [*self._bounds[1:], 1.0], strict=True)]
            for number in sorted(range(len(widths)), key=widths.__getitem__, reverse=True)[:missing]:
                missing -= 1
                bisect.insort(self._bounds, self._bounds[number] + widths[number] / 2)
                # New ranges begin with fresh buckets; what was known about the old ones no longer fits.
            self._held = [None] * len(self._bounds)

    def _partition(self, at: float, now: float) -> tuple[int, _Partition]:
        number = bisect.bisect_right(self._bounds, at) - 1
        found = self._held[number]
        if found is None:
            found = self._held[number] = _Partition(now)
        return number, found

    def covers(self, write: bool, units: float, at: float, now: float) -> bool:
        """Whether the partition of hash `at` has anything left for `units`; when not, it gets hotter and may split."""
        number, partition = self._partition(at, now)
        if (partition.writes if write else partition.reads).covers(min(units, 1.0), now):
            return True
        partition.note(at, units)
        if now - partition.hot_at > self._split_after:
            partition.hot_since = now
        partition.hot_at = now
        if now - partition.hot_since >= self._split_after and self._split(number, now):
            return self.covers(write, units, at, now)
        return False

    def take(self, write: bool, units: float, at: float, now: float) -> None:
        """Charge the partition of hash `at`."""
        _, partition = self._partition(at, now)
        (partition.writes if write else partition.reads).take(units, now)
        if now - partition.hot_at <= self._split_after:
            partition.note(at, units)

    def _split(self, number: int, now: float) -> bool:
        """Split a hot partition where its load halves; False when a single key makes the load."""
        partition = self._held[number]
        if partition is None or len(partition.keys) < 2 or len(self._bounds) >= _MOST:
            return False
        ordered = sorted(partition.keys.items())
        half, below = sum(partition.keys.values()) / 2, 0.0
        # The cut lies in front of the key that reaches half, or behind it when it is the first.
        cut = 1
        for place, (_, units) in enumerate(ordered):
            if below + units >= half:
                cut = max(place if half - below < units / 2 else place + 1, 1)
                break
            below += units
        cut = min(cut, len(ordered) - 1)
        bound = ordered[cut][0]
        if bound <= self._bounds[number]:
            return False
        self._bounds.insert(number + 1, bound)
        self._held[number : number + 1] = [_Partition(now), _Partition(now)]
        return True
