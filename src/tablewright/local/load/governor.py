"""Who may go on: admits requests against the throughput of the tables and indexes that they touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tablewright.local.load.capacity import Charge, Index, read_units, write_units
from tablewright.local.load.limits import SPLIT_AFTER_S, TableQuota
from tablewright.local.load.partitions import key_hash
from tablewright.local.load.plan import Touch
from tablewright.local.load.sizes import Item, Sizes
from tablewright.local.load.tables import Table
from tablewright.local.load.throughput import Refusal, Throughput

__all__ = ["Governor", "Grant", "hash_at"]


@dataclass(slots=True)
class Grant:
    """What an admitted touch was charged in advance, by index name ("" for the table)."""

    touch: Touch
    table: Table
    at: float | None
    taken: dict[str, float]
    states: list[tuple[Throughput, float, float | None]]


def hash_at(names: tuple[str, ...], held: Mapping[str, Any] | None) -> float | None:
    """Where the item or key lies among the partitions; None when it lacks one of the partition key's attributes."""
    if not held:
        return None
    try:
        return key_hash([held[name] for name in names])
    except KeyError:
        return None


class Governor:
    """Holds the throughput of every table and index that was used."""

    def __init__(self, split_after: float = SPLIT_AFTER_S) -> None:
        self._split_after = split_after
        self._held: dict[tuple[str, str], tuple[str, Throughput]] = {}
        self.enabled = True
        """When False everything is admitted; what is consumed is still counted."""
        self._quota = TableQuota()

    @property
    def quota(self) -> TableQuota:
        """The account's quota on one table or index."""
        return self._quota

    def set_quota(self, quota: TableQuota) -> None:
        """Change the quota; every table and index begins anew with it."""
        self._quota = quota
        self._held.clear()

    def throughput(self, table: Table, index: str, now: float) -> Throughput:
        """The state of a table or index, with its settings as they are now."""
        settings = table.index_settings[index] if index else table.settings
        found = self._held.get((table.arn, index))
        if found is None or found[0] != table.identity:
            state = Throughput(
                table.arn_of(index), index, settings, now, split_after=self._split_after, quota=self._quota
            )
            self._held[table.arn, index] = (table.identity, state)
            return state
        state = found[1]
        if state.settings is not settings:
            state.retune(settings, now)
        return state

    def forget(self, kept: set[str]) -> None:
        """Drop the state of tables whose ARN is not in `kept`."""
        self._held = {key: state for key, state in self._held.items() if key[0] in kept}

    def admit(
        self, touch: Touch, table: Table, existing: Item | None, sizes: Sizes, now: float
    ) -> Grant | list[Refusal]:
        """Let a touch in, charging what it will at least consume, or say every reason why not."""
        at = hash_at((table.hash_key,), touch.key)
        if not table.index_settings:
            # Without global indexes only the table itself is asked.
            state, units = self.throughput(table, "", now), _least(touch, existing, sizes)
            if self.enabled and not state.covers(touch.write, units, at, now):
                return state.refusals(touch.write, units, at, now)
            state.take(touch.write, units, now)
            return Grant(touch, table, at, {"": units}, [(state, units, at)])
        asked = self._asked(touch, table, existing, at, sizes)
        states = [(self.throughput(table, index, now), units, place) for index, units, place in asked]
        if self.enabled:
            refusals = [
                each for state, units, place in states for each in state.refusals(touch.write, units, place, now)
            ]
            if refusals:
                return refusals
        grant = Grant(touch, table, at, {}, states)
        for state, units, _ in states:
            state.take(touch.write, units, now)
            grant.taken[state.index] = units
        return grant

    @staticmethod
    def begin(grants: Sequence[Grant], now: float) -> None:
        """Charge the partitions of a request's grants: its items are looked at side by side, before any of them counts."""
        for grant in grants:
            for state, units, place in grant.states:
                state.take_from_partition(grant.touch.write, units, place, now)

    @staticmethod
    def _asked(
        touch: Touch, table: Table, existing: Item | None, at: float | None, sizes: Sizes
    ) -> list[tuple[str, float, float | None]]:
        """(index or "", units, place) that a touch will at least need."""
        units = _least(touch, existing, sizes)
        if touch.index in table.index_settings:
            index = table.index(touch.index)
            return [(touch.index, units, hash_at(index.hash_keys, touch.key) if index else None)]
        asked: list[tuple[str, float, float | None]] = [("", units, at)]
        if touch.write and not touch.check:
            entry = touch.item if touch.item is not None else existing
            for index in table.indexes:
                if index.is_global and entry and all(key in entry for key in index.keys):
                    asked.append((index.name, 1.0, hash_at(index.hash_keys, entry)))
        return asked

    def settle(self, grant: Grant, charge: Charge, image: Item | None, now: float) -> None:
        """Charge the difference between what was taken in advance and what was consumed.

        `image` is the item as it is now (or was), which tells the place of index entries.
        """
        table, write = grant.table, grant.touch.write
        base = charge.table
        if not table.indexes:
            if base != grant.taken[""]:
                self.throughput(table, "", now).consume(write, base - grant.taken[""], grant.at, now)
            return
        for index in table.indexes:
            units = charge.indexes.get(index.name, 0.0)
            if not index.is_global:
                base += units
                continue
            difference = units - grant.taken.get(index.name, 0.0)
            if difference:
                place = self._place(index, image, grant.touch)
                self.throughput(table, index.name, now).consume(write, difference, place, now)
        difference = base - grant.taken.get("", 0.0)
        if difference:
            self.throughput(table, "", now).consume(write, difference, grant.at, now)

    @staticmethod
    def _place(index: Index, image: Item | None, touch: Touch) -> float | None:
        return hash_at(index.hash_keys, image if image is not None else touch.key)

    def release(self, grant: Grant, now: float, *, begun: bool = True) -> None:
        """Give back what a request took that was then refused."""
        for state, units, place in grant.states:
            state.take(grant.touch.write, -units, now)
            if begun:
                state.take_from_partition(grant.touch.write, -units, place, now)


def _least(touch: Touch, existing: Item | None, sizes: Sizes) -> float:
    """The units of the table that a touch will at least consume."""
    if not touch.write:
        return read_units(sizes.of(existing), touch.consistency)
    size = max(sizes.of(existing), sizes.of(touch.item)) if touch.item is not None else sizes.of(existing)
    return write_units(size, transactional=touch.consistency == "transactional")
