"""From unequal buckets to the keys whose items differ, in bounded memory: some buckets at a time, both sides read once more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tablewright.migrate.items.key import KeyReader
from tablewright.migrate.transform.protocol import Transform, TransformError
from tablewright.migrate.verify.buckets import Buckets, bucket_of, digest_of
from tablewright.migrate.verify.identity import Identity, part_of_item

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Narrowing", "Suspect", "rounds"]

Key = dict[str, dict[str, Any]]
"""An item's key in DynamoDB's JSON, or its hash (``identity``)."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A key whose items differed when they were read. ``sources``: the keys of the source's items that became this key."""

    key: Key
    sources: tuple[Key, ...] = ()


@dataclass(slots=True)
class _Entry:
    key: Key
    digest: int = 0  # the source's, less the target's
    count: int = 0
    sources: tuple[Key, ...] = ()


def rounds(source: Buckets, target: Buckets, unequal: Sequence[int], most_items: int) -> Iterator[frozenset[int]]:
    """The unequal buckets in groups that hold at most so many items on both sides together (or are one bucket)."""
    group: list[int] = []
    held = 0
    for number in unequal:
        items = source.counts[number] + target.counts[number]
        if group and held + items > most_items:
            yield frozenset(group)
            group, held = [], 0
        group.append(number)
        held += items
    if group:
        yield frozenset(group)


class Narrowing:
    """Takes both sides' items and keeps those of some buckets (None: all), until the other side is seen to have the same."""

    def __init__(self, buckets: Collection[int] | None, source_keys: KeyReader | None, target_keys: Identity) -> None:
        self._buckets = None if buckets is None else frozenset(buckets)
        self._source_keys = source_keys
        self._keys = target_keys
        self._entries: dict[bytes, _Entry] = {}

    def add_source(self, items: Sequence[Buffer], transform: Transform) -> int:
        """Items of the source, as they are read. What the transform refuses is left out; how many those are."""
        refused = 0
        for item in items:
            try:
                made = transform.apply(item)
            except TransformError:
                refused += 1
                continue
            for each in made:
                self._add(each, 1, item)
        return refused

    def add_target(self, items: Sequence[Buffer]) -> None:
        """Items of the target."""
        for item in items:
            self._add(item, -1, None)

    def keys(self) -> list[Key]:
        """The keys that are held."""
        return [entry.key for entry in self._entries.values()]

    def suspects(self) -> Iterator[Suspect]:
        """The keys whose items differ."""
        for entry in self._entries.values():
            if entry.count or entry.digest:
                yield Suspect(entry.key, entry.sources)

    def _add(self, item: Buffer, sign: int, origin: Buffer | None) -> None:
        key = self._keys(item)
        if self._buckets is not None and bucket_of(key) not in self._buckets:
            return
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(part_of_item(self._keys, item))
        entry.digest += sign * digest_of(item)
        entry.count += sign
        if origin is not None and self._source_keys is not None:
            entry.sources = (*entry.sources, part_of_item(self._source_keys, origin))
        if not entry.count and not entry.digest:
            del self._entries[key]
