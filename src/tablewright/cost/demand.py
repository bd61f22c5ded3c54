"""From a workload to units: what each pattern asks of the table and of each index, in units a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tablewright.cost.priced import PricedIndex, PricedTable
from tablewright.cost.units import page_units, read_units, write_units
from tablewright.errors import UsageError
from tablewright.model.workload import OPERATIONS, READS, Pattern, TableLoad

__all__ = ["Demand", "demands", "entry_bytes", "rates", "write_rate"]

_KEYS_ONLY = 100
"""Bytes of an entry that has keys only, where nothing is said."""
_ATTRIBUTE = 50
"""Bytes of a projected attribute, where nothing is said."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Units a second that one pattern asks of the table (index "") or of an index; ``side`` is read or write."""

    pattern: str
    index: str
    side: str
    per_second: Decimal


def demands(table: PricedTable, load: TableLoad) -> tuple[Demand, ...]:
    """What is asked of the table and its indexes, pattern by pattern. Raises UsageError for a pattern that cannot be."""
    if load.measured:
        there = {name for name, _, _ in table.places}
        return tuple(
            Demand("as measured", index, side, rate)
            for (index, side), rate in sorted(load.measured.items())
            if rate and index in there
        )
    return tuple(demand for pattern in load.patterns for demand in _of(pattern, table, load))


def rates(asked: tuple[Demand, ...]) -> Mapping[tuple[str, str], Decimal]:
    """The demands added up by index and side."""
    summed: dict[tuple[str, str], Decimal] = {}
    for each in asked:
        key = (each.index, each.side)
        summed[key] = summed.get(key, Decimal(0)) + each.per_second
    return summed


def write_rate(load: TableLoad) -> Decimal:
    """KB written a second to the table, each item rounded up: a transaction counts once, unlike in write units."""
    if load.measured:
        return load.measured.get(("", "write"), Decimal(0))
    writes = (pattern for pattern in load.patterns if pattern.operation not in READS)
    return sum((write_units(each.item_bytes) * each.items * each.per_second for each in writes), Decimal(0))


def entry_bytes(index: PricedIndex, item: int, load: TableLoad) -> int:
    """Bytes of an index's entry: as given, else by its projection, never more than the item."""
    if index.name in load.entry_bytes:
        return load.entry_bytes[index.name]
    if index.projection == "ALL":
        return item
    return min(item, _KEYS_ONLY + (index.included * _ATTRIBUTE if index.projection == "INCLUDE" else 0))


def _of(pattern: Pattern, table: PricedTable, load: TableLoad) -> Iterator[Demand]:
    if pattern.operation not in OPERATIONS:
        known = ", ".join(sorted(OPERATIONS))
        raise _malformed(table, pattern, f"operation {pattern.operation!r} is none of {known}")
    indexes = {index.name: index for index in table.indexes}
    if pattern.index is not None and pattern.index not in indexes:
        raise _malformed(table, pattern, f"the table has no index {pattern.index!r}")
    if pattern.operation in READS:
        if pattern.transactional and pattern.operation != "get":
            raise _malformed(table, pattern, "a Query or Scan is part of no transaction; its items are read by get")
        if pattern.index is not None and pattern.operation == "get":
            raise _malformed(table, pattern, "an index is queried or scanned, never read by get")
        if pattern.index is not None and pattern.consistent and indexes[pattern.index].kind == "global":
            raise _malformed(table, pattern, "a global index cannot be read consistently")
        yield Demand(pattern.name, _billed_to(pattern, indexes), "read", _read(pattern) * pattern.per_second)
        return
    if pattern.index is not None:
        raise _malformed(table, pattern, "writes go to the table; its indexes follow by themselves")
    each = write_units(pattern.item_bytes, transactional=pattern.transactional) * pattern.items
    yield Demand(pattern.name, "", "write", each * pattern.per_second)
    for index in table.secondary:
        share = pattern.index_share.get(index.name, Decimal(1))
        if share:
            entry = write_units(entry_bytes(index, pattern.item_bytes, load)) * pattern.items
            where = index.name if index.kind == "global" else ""
            yield Demand(pattern.name, where, "write", entry * share * pattern.per_second)


def _read(pattern: Pattern) -> Decimal:
    if pattern.operation == "get":
        one = read_units(pattern.item_bytes, consistent=pattern.consistent, transactional=pattern.transactional)
        return one * pattern.items
    return page_units(pattern.item_bytes * pattern.items, consistent=pattern.consistent)


def _billed_to(pattern: Pattern, indexes: Mapping[str, PricedIndex]) -> str:
    """Local indexes share the table's units."""
    if pattern.index is None or indexes[pattern.index].kind != "global":
        return ""
    return pattern.index


def _malformed(table: PricedTable, pattern: Pattern, why: str) -> UsageError:
    return UsageError(
        "workload-malformed",
        "The workload does not fit the table",
        f"Table {table.name}, pattern {pattern.name!r}: {why}.",
    )
