"""Who may go on: admits requests against the throughput of the tables and indexes that they touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tablewright.local.load.capacity import Charge, Index, read_units, write_units
from tablewright.local.load.limits import SPLIT_AFTER_S
from tablewright.local.load.partitions import key_hash
from tablewright.local.load.plan import Touch
from tablewright.local.load.sizes import Item, item_size
from tablewright.local.load.tables import Table
from tablewright.local.load.throughput import Refusal, Throughput

__all__ = ["Governor", "Grant", "hash_at"]


@dataclass(slots=True)
class Grant:
    """What an admitted touch was charged in advance, by index name ("" for the table)."""

    touch: Touch
    table: Table
    at: float | None
    taken: dict[str, float] = field(default_factory=dict)


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

    def throughput(self, table: Table, index: str, now: float) -> Throughput:
        """The state of a table or index, with its settings as they are now."""
        settings = table.index_settings[index] if index else table.settings
        found = self._held.get((table.arn, index))
        if found is None or found[0] != table.identity:
            state = Throughput(table.arn_of(index), index, settings, now, split_after=self._split_after)
            self._held[table.arn, index] = (table.identity, state)
            return state
        state = found[1]
        if state.settings is not settings:
            state.retune(settings, now)
        return state

    def forget(self, kept: set[str]) -> None:
        """Drop the state of tables whose ARN is not in `kept`."""
        self._held = {key: state for key, state in self._held.items() if key[0] in kept}

    def admit(self, touch: Touch, table: Table, existing: Item | None, now: float) -> Grant | list[Refusal]:
        """Let a touch in, charging what it will at least consume, or say every reason why not."""
        at = hash_at((table.hash_key,), touch.key)
        asked = self._asked(touch, table, existing, at)
        states = [(self.throughput(table, index, now), units, place) for index, units, place in asked]
        if self.enabled:
            refusals = [
                each for state, units, place in states for each in state.refusals(touch.write, units, place, now)
            ]
            if refusals:
                return refusals
        grant = Grant(touch, table, at)
        for state, units, place in states:
            state.consume(touch.write, units, place, now)
            grant.taken[state.index] = units
        return grant

    @staticmethod
    def _asked(
        touch: Touch, table: Table, existing: Item | None, at: float | None
    ) -> list[tuple[str, float, float | None]]:
        """(index or "", units, place) that a touch will at least need."""
        transactional = touch.consistency == "transactional"
        if not touch.write:
            on_global = touch.index in table.index_settings
            units = read_units(item_size(existing), touch.consistency)
            if on_global:
                index = table.index(touch.index)
                return [(touch.index, units, hash_at(index.hash_keys, touch.key) if index else None)]
            return [("", units, at)]
        size = max(item_size(existing), item_size(touch.item)) if touch.item is not None else item_size(existing)
        asked: list[tuple[str, float, float | None]] = [("", write_units(size, transactional=transactional), at)]
        if table.index_settings and not touch.check:
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

    def release(self, grant: Grant, now: float) -> None:
        """Give back what a request took that the data plane then refused."""
        self.settle(grant, Charge(), None, now)
