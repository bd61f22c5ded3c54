"""A sample of the source put through the transform: what changes, what would be set aside, what it costs an item; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from tablewright.migrate.items.canonical import same_value
from tablewright.migrate.items.key import KeyReader, KeyRefused
from tablewright.migrate.items.size import attributes_size
from tablewright.migrate.planning.units import IndexNeeds, index_units, read_units, write_units
from tablewright.migrate.transform.protocol import Transform
from tablewright.model.table import Index, Key

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Change", "Collision", "Example", "Misfit", "Sample", "Sampling", "SetAside"]

_MOST_EXAMPLES = 5
_TTL_OLDEST_S = 5 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one attribute, counted over the sample. ``kinds``: types before and after: ``S``, ``S > N``, ``> S``."""

    attribute: str
    added: int = 0
    removed: int = 0
    changed: int = 0
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """One item before and after, in DynamoDB's JSON: the user's data, for the terminal alone."""

    before: bytes
    after: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SetAside:
    """A reason for which items of the sample could not be brought over, how many, and the key of the first."""

    reason: str
    items: int
    key: str


@dataclass(frozen=True, slots=True)
class Collision:
    """Source items that would meet in one target key: the last one written would be all that is left of them.

    ``target`` and ``sources`` are keys in DynamoDB's JSON; of ``items`` sources, the first few are named.
    """

    target: str
    sources: tuple[str, ...]
    items: int


@dataclass(frozen=True, slots=True)
class Misfit:
    """Items that the target's index cannot take: DynamoDB refuses an item whose index key has another type or is empty."""

    index: str
    attribute: str
    wants: str
    finds: str
    items: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What the sample shows. Units are of the sampled items alone.

    ``written``: items that came out. ``bytes_read`` and ``bytes_written`` are in DynamoDB's own count. ``expired``: source items
    that TTL would delete, by ``ttl``. ``unsteady``: items for which a second run of the transform gave something else.
    """

    read: int = 0
    written: int = 0
    unchanged: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    largest: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    index_units: Mapping[str, float] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    collisions: tuple[Collision, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    expired: int = 0
    ttl: str | None = None
    unsteady: int = 0
    examples: tuple[Example, ...] = ()
    whole: bool = False

    @property
    def refused(self) -> int:
        """Items of the sample that could not be brought over."""
        return sum(each.items for each in self.set_aside)


class Sampling:
    """Gathers a sample, page by page; ``taken`` is what it shows.

    ``now``: seconds since the epoch, for TTL. ``ttl``: the source's TTL attribute, or the target's. ``indexes``: the target's.
    ``in_place``: an item is updated only where it changes, and costs by the larger of what it was and is.
    """

    def __init__(
        self,
        transform: Transform,
        source: Sequence[Key],
        target: Sequence[Key],
        *,
        now: float,
        ttl: str | None = None,
        indexes: Sequence[Index] = (),
        in_place: bool = False,
    ) -> None:
        self._transform = transform
        self._source, self._target = (KeyReader(keys) if keys else None for keys in (source, target))
        self._now, self._ttl = now, ttl
        self._in_place = in_place
        self._indexes = tuple(IndexNeeds(index, target) for index in indexes)
        self._read = self._written = self._unchanged = self._bytes_read = self._bytes_written = self._largest = 0
        self._expired = self._unsteady = 0
        self._read_units = self._write_units = 0.0
        self._index_units: Counter[str] = Counter()
        self._changes: dict[str, Counter[str]] = {}
        self._kinds: dict[str, dict[str, None]] = {}
        self._reasons: dict[str, tuple[int, str]] = {}
        self._met: dict[bytes, tuple[str, list[str]]] = {}
        self._misfits: Counter[tuple[str, str, str, str]] = Counter()
        self._examples: list[Example] = []

    def add(self, items: Iterable[Buffer]) -> None:
        """Put some more items through the transform."""
        for item in items:
            self._add(bytes(item))

    def _add(self, item: bytes) -> None:
        before = orjson.loads(item)
        size = attributes_size(before)
        self._read += 1
        self._bytes_read += size
        self._read_units += read_units(size)
        self._expired += self._is_expired(before)
        page, again = self._transform.page((item,)), self._transform.page((item,))
        made = [bytes(new) for new in page.items]
        self._unsteady += made != [bytes(new) for new in again.items]
        name = self._name(before)
        for rejected in page.rejected:
            count, first = self._reasons.get(rejected.reason, (0, name))
            self._reasons[rejected.reason] = count + 1, first
        after = [orjson.loads(new) for new in made]
        for new, parsed in zip(made, after, strict=True):
            self._weigh(new, parsed, name, before)
        if not page.rejected:
            self._compare(before, after)
            if made != [item] and len(self._examples) < _MOST_EXAMPLES:
                self._examples.append(Example(item, tuple(made)))

    def _weigh(self, new: bytes, parsed: dict[str, Any], name: str, before: dict[str, Any]) -> None:
        size = attributes_size(parsed)
        self._written += 1
        self._bytes_written += size
        self._largest = max(self._largest, size)
        touched = not self._in_place or parsed != before
        self._write_units += touched and write_units(max(size, attributes_size(before)) if self._in_place else size)
        if self._target is not None:
            with suppress(KeyRefused):  # a transform that may change keys has set it aside already
                target = _named(parsed, self._target.keys)
                self._met.setdefault(self._target(new), (target, []))[1].append(name)
        for index in self._indexes:
            misfit = index.misfit(parsed)
            if misfit is not None:
                self._misfits[index.name, *misfit] += 1
            elif not self._in_place:
                self._index_units[index.name] += index_units(index, parsed)
            elif index.entry(parsed) != index.entry(before):
                self._index_units[index.name] += max(index_units(index, parsed), index_units(index, before))

    def _compare(self, before: dict[str, Any], after: Sequence[dict[str, Any]]) -> None:
        same = len(after) == 1
        for new in after:
            for attribute in {**before, **new}:
                old_value, new_value = before.get(attribute), new.get(attribute)
                if old_value is not None and new_value is not None and same_value(old_value, new_value):
                    continue
                same = False
                what = "added" if old_value is None else "removed" if new_value is None else "changed"
                self._changes.setdefault(attribute, Counter())[what] += 1
                self._kinds.setdefault(attribute, {})[_kinds(old_value, new_value)] = None
        self._unchanged += same

    def _is_expired(self, item: Mapping[str, Any]) -> bool:
        """Whether TTL would delete it: a number of seconds in the past, and at most five years ago."""
        text = item.get(self._ttl, {}).get("N") if self._ttl is not None else None
        return text is not None and self._now - _TTL_OLDEST_S <= float(text) < self._now

    def _name(self, item: Mapping[str, Any]) -> str:
        return _named(item, self._source.keys if self._source is not None else ())

    @property
    def read(self) -> int:
        """How many items there are by now."""
        return self._read

    def taken(self, *, whole: bool) -> Sample:
        """The sample; ``whole`` when it is all that the source holds."""
        return Sample(
            read=self._read,
            written=self._written,
            unchanged=self._unchanged,
            bytes_read=self._bytes_read,
            bytes_written=self._bytes_written,
            largest=self._largest,
            read_units=self._read_units,
            write_units=self._write_units,
            index_units=dict(self._index_units),
            changes=tuple(
                Change(name, counts["added"], counts["removed"], counts["changed"], tuple(self._kinds[name]))
                for name, counts in self._changes.items()
            ),
            set_aside=tuple(
                SetAside(reason, count, key)
                for reason, (count, key) in sorted(self._reasons.items(), key=lambda reason: -reason[1][0])
            ),
            collisions=tuple(
                Collision(target, tuple(names[:_MOST_EXAMPLES]), len(names))
                for target, names in self._met.values()
                if len(names) > 1
            ),
            misfits=tuple(Misfit(*told, items=count) for told, count in self._misfits.items()),
            expired=self._expired,
            ttl=self._ttl,
            unsteady=self._unsteady,
            examples=tuple(self._examples),
            whole=whole,
        )


def _named(item: Mapping[str, Any], keys: Sequence[Key]) -> str:
    """An item's key; of one without a known key, its first attribute."""
    return orjson.dumps({key.name: item.get(key.name) for key in keys} or dict(list(item.items())[:1])).decode()


def _kinds(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str:
    was, now = ("" if value is None else next(iter(value)) for value in (old, new))
    return was if was == now else f"{was} > {now}".strip()
