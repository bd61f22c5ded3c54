"""Capacity units of reads and writes, as pure functions of item sizes and images.

Sources, all in the Amazon DynamoDB Developer Guide: "DynamoDB read and write operations" (rounding, consistency, batches,
queries, conditional writes), "Managing complex workflows with transactions" (two underlying reads or writes of each item),
"Using Global Secondary Indexes" and "Local secondary indexes" (write costs of index updates, fetches).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tablewright.local.load.limits import READ_BLOCK, WRITE_BLOCK
from tablewright.local.load.sizes import Item, item_size

__all__ = ["Charge", "Consistency", "Index", "index_entry", "page_charge", "read_units", "write_charge", "write_units"]

Consistency = Literal["eventual", "strong", "transactional"]
_READ_RATE: dict[str, float] = {"eventual": 0.5, "strong": 1.0, "transactional": 2.0}


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index as far as its cost goes."""

    name: str
    keys: tuple[str, ...]
    """Its own key attributes; an item lacking one of them is not in the index."""
    projection: str = "ALL"
    """ALL, KEYS_ONLY or INCLUDE."""
    attributes: frozenset[str] = frozenset()
    """With INCLUDE, the non-key attributes; the index's and the table's keys are always projected."""
    is_global: bool = True
    hash_keys: tuple[str, ...] = ()
    """Those of `keys` that make its partition key."""


@dataclass(slots=True)
class Charge:
    """Units consumed: on the table itself, and by index name."""

    table: float = 0.0
    indexes: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return self.table + sum(self.indexes.values())

    def add(self, other: Charge) -> None:
        """Add what another operation consumed."""
        self.table += other.table
        for name, units in other.indexes.items():
            self.indexes[name] = self.indexes.get(name, 0.0) + units


def read_units(size: int, consistency: Consistency = "eventual") -> float:
    """Units of reading one item of `size` bytes, or the items of a page together; a miss costs as much as a small item."""
    return max(1, -(-size // READ_BLOCK)) * _READ_RATE[consistency]


def write_units(size: int, *, transactional: bool = False) -> float:
    """Units of writing `size` bytes."""
    return float(max(1, -(-size // WRITE_BLOCK)) * (2 if transactional else 1))


def index_entry(index: Index, table_keys: tuple[str, ...], item: Item | None) -> dict[str, Mapping[str, object]] | None:
    """What an index holds of an item, or None when the item is not in the index."""
    if not item or any(key not in item for key in index.keys):
        return None
    if index.projection == "ALL":
        return dict(item)
    kept = {*index.keys, *table_keys, *(index.attributes if index.projection == "INCLUDE" else ())}
    return {name: item[name] for name in item if name in kept}


def _index_units(index: Index, table_keys: tuple[str, ...], before: Item | None, after: Item | None) -> float:
    old, new = index_entry(index, table_keys, before), index_entry(index, table_keys, after)
    if old is None and new is None:
        return 0.0
    if old is None or new is None:
        return write_units(item_size(old or new))
    if any(old[key] != new[key] for key in index.keys):
        # The entry moves: one write deletes the old one, another puts the new one.
        return write_units(item_size(old)) + write_units(item_size(new))
    if old == new:
        return 0.0
    return write_units(max(item_size(old), item_size(new)))


def write_charge(
    table_keys: tuple[str, ...],
    indexes: Iterable[Index],
    before: Item | None,
    after: Item | None,
    *,
    transactional: bool = False,
    size: Callable[[Item | None], int] = item_size,
) -> Charge:
    """What a put, update or delete consumes that turned `before` into `after` (None: no item).

    The larger image counts. A transaction doubles the table's share only. A delete of nothing, or a failed condition
    (both images the item that stays), costs a write and touches no index. `size` measures whole items.
    """
    charge = Charge(write_units(max(size(before), size(after)), transactional=transactional))
    if before is not after:
        for index in indexes:
            units = _index_units(index, table_keys, before, after)
            if units:
                charge.indexes[index.name] = units
    return charge


def page_charge(size: int, consistency: Consistency, index: Index | None = None, fetched: Iterable[int] = ()) -> Charge:
    """What a page of Query or Scan consumes: the bytes evaluated (before any filter), rounded once.

    On an index, `size` is of its entries and the index carries the cost; `fetched` are the sizes of the table's items that
    a local index had to be completed with, each a read of its own.
    """
    if index is None:
        return Charge(read_units(size, consistency))
    return Charge(sum(read_units(each, consistency) for each in fetched), {index.name: read_units(size, consistency)})
