"""The contents of one side as 65,536 sums: equal if and only if the multisets of items are, up to a chance of 2^-128 a bucket.

Each item is hashed in its canonical form, and the hash is added, modulo 2^128, to the bucket that the hash of its key names. The
order of items does not matter, and neither does the way they are written. Hashes are added and not combined by exclusive or,
because two equal items would cancel each other. A bucket that differs says where to look: it holds some 1/65,536 of the keys.

The hash is XXH3 of 128 bits: it finds every accident, and is no seal against somebody who forges items.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from xxhash import xxh3_64_intdigest, xxh3_128_intdigest

from tablewright.migrate.items.canonical import canonical, canonical_parsed
from tablewright.migrate.verify.identity import Identity

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["BUCKETS", "Buckets", "bucket_of", "digest_of"]

BUCKETS = 1 << 16
_MASK = BUCKETS - 1
_MODULUS = 1 << 128
_COUNTS = struct.Struct(f"<{BUCKETS}Q")


def bucket_of(key: bytes) -> int:
    """The bucket of a canonical key."""
    return xxh3_64_intdigest(key) & _MASK


def digest_of(item: Buffer) -> int:
    """The hash of an item's canonical form, 0 <= it < 2^128."""
    return xxh3_128_intdigest(canonical(item))


@dataclass(slots=True)
class Buckets:
    """One side's sums, and how many items each bucket holds. About 6 MB, whatever the side's size."""

    sums: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    counts: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, items: Sequence[Buffer], key_of: Identity) -> None:
        """Add items, each under its key's bucket. Raises KeyRefused; items before that one are added."""
        if key_of.keys and all(key.type == "S" for key in key_of.keys):
            self._add_by_text(items, key_of)
            return
        sums, counts = self.sums, self.counts
        for item in items:
            bucket = xxh3_64_intdigest(key_of(item)) & _MASK
            sums[bucket] += xxh3_128_intdigest(canonical(item))
            counts[bucket] += 1

    def _add_by_text(self, items: Sequence[Buffer], key_of: Identity) -> None:
        """The same where the keys are texts: they are taken from what is parsed anyway, as ``KeyReader`` would write them."""
        sums, counts, loads = self.sums, self.counts, orjson.loads
        first, second = (*(key.name for key in key_of.keys), None)[:2]
        for item in items:
            attributes = loads(memoryview(item))
            try:
                key = attributes[first]["S"].encode()
                if second is not None:
                    key = b"%04x%b%b" % (len(key), key, attributes[second]["S"].encode())
            except KeyError:
                key = key_of(item)  # which says what is wrong with it
            bucket = xxh3_64_intdigest(key) & _MASK
            sums[bucket] += xxh3_128_intdigest(canonical_parsed(attributes, item))
            counts[bucket] += 1

    def add_keyed(self, items: Iterable[Buffer], keys: Iterable[bytes]) -> None:
        """Add items whose canonical keys are known already."""
        sums, counts = self.sums, self.counts
        for item, key in zip(items, keys, strict=True):
            bucket = xxh3_64_intdigest(key) & _MASK
            sums[bucket] += xxh3_128_intdigest(canonical(item))
            counts[bucket] += 1

    @property
    def items(self) -> int:
        """How many items were added."""
        return sum(self.counts)

    def unequal(self, other: Buckets) -> tuple[int, ...]:
        """The buckets whose contents differ between two sides."""
        pairs = zip(self.sums, other.sums, self.counts, other.counts, strict=True)
        return tuple(n for n, (a, b, i, j) in enumerate(pairs) if i != j or (a - b) % _MODULUS)

    def as_bytes(self) -> bytes:
        """The sums and counts, for a verification that is to go on later."""
        sums = b"".join((total % _MODULUS).to_bytes(16, "little") for total in self.sums)
        return sums + _COUNTS.pack(*self.counts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Buckets:
        """What ``as_bytes`` gave. Raises ValueError for anything of another length."""
        if len(data) != BUCKETS * 24:
            raise ValueError(f"{len(data)} bytes are no buckets")
        sums = [int.from_bytes(data[at : at + 16], "little") for at in range(0, BUCKETS * 16, 16)]
        return cls(sums, list(_COUNTS.unpack(data[BUCKETS * 16 :])))
