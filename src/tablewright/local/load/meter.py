"""What a performed request consumed, from its plan and from what the data plane was seen doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tablewright.local.load.capacity import Charge, index_entry, page_charge, read_units, write_charge, write_units
from tablewright.local.load.plan import Plan, Touch
from tablewright.local.load.plane_hooks import Seen
from tablewright.local.load.sizes import Item, item_size
from tablewright.local.load.tables import Table

__all__ = ["Consumption", "Outcome", "consumptions"]

Outcome = Literal["done", "condition", "cancelled"]
"""Performed; refused by a condition; a transaction cancelled by one."""


@dataclass(slots=True)
class Consumption:
    """What one touch consumed, and the item as it is afterwards (or was, when it is gone)."""

    touch: Touch
    table: Table
    charge: Charge
    image: Item | None = None


def consumptions(
    plan: Plan,
    tables: Mapping[str, Table],
    existing: Sequence[Item | None],
    seen: Seen,
    outcome: Outcome,
    data: Mapping[str, Any],
) -> list[Consumption]:
    """One consumption for each touch, in order. `existing` are the items that the touches found."""
    if plan.shape == "statement":
        return _statements(plan, tables, seen)
    writes = iter(seen.writes)
    repeated = plan.operation == "TransactWriteItems" and outcome == "done" and not seen.writes
    found: list[Consumption] = []
    for number, touch in enumerate(plan.touches):
        table = tables[touch.table]
        item = existing[number]
        if plan.shape == "page":
            found.append(Consumption(touch, table, _page(touch, table, seen, data)))
        elif not touch.write:
            found.append(Consumption(touch, table, Charge(read_units(item_size(item), touch.consistency)), item))
        elif repeated and not all(each.check for each in plan.touches):
            # The same request token again: the transaction is answered for by reading its items.
            found.append(Consumption(touch, table, Charge(read_units(item_size(item), "transactional")), item))
        elif outcome != "done" or touch.check:
            found.append(Consumption(touch, table, _unwritten(touch, item), item))
        else:
            _, before, after = next(writes, (table.name, None, None))
            charge = write_charge(
                table.keys, table.indexes, before, after, transactional=touch.consistency == "transactional"
            )
            found.append(Consumption(touch, table, charge, after if after is not None else before))
    return found


def _unwritten(touch: Touch, item: Item | None) -> Charge:
    """A failed condition, a condition check, a cancelled transaction's member: the item's size, and no index."""
    transactional = touch.consistency == "transactional"
    return Charge(
        write_units(
            max(item_size(item), item_size(touch.item)) if transactional else item_size(item),
            transactional=transactional,
        )
    )


def _page(touch: Touch, table: Table, seen: Seen, data: Mapping[str, Any]) -> Charge:
    items = [item for _, _, page in seen.pages for item in page]
    index = table.index(touch.index) if touch.index else None
    if index is None:
        return page_charge(sum(map(item_size, items)), touch.consistency)
    if index.projection == "ALL":
        return page_charge(sum(map(item_size, items)), touch.consistency, index)
    size = sum(item_size(index_entry(index, table.keys, item)) for item in items)
    fetches = not index.is_global and _wants_more(data, {*index.keys, *table.keys, *index.attributes})
    return page_charge(size, touch.consistency, index, map(item_size, items) if fetches else ())


def _wants_more(data: Mapping[str, Any], projected: set[str]) -> bool:
    """Whether a query on a local index asks for attributes that only the table holds."""
    if data.get("Select") == "ALL_ATTRIBUTES":
        return True
    names = data.get("ExpressionAttributeNames") or {}
    asked = [part.strip() for part in (data.get("ProjectionExpression") or "").split(",") if part.strip()]
    asked += data.get("AttributesToGet") or []
    tops = (part.split(".")[0].split("[")[0] for part in asked)
    return any(names.get(top, top) not in projected for top in tops)


def _statements(plan: Plan, tables: Mapping[str, Table], seen: Seen) -> list[Consumption]:
    """PartiQL: what was written and paged, table by table; a statement that did neither counts as one small read or write."""
    writes, pages = iter(seen.writes), iter(seen.pages)
    found = []
    for touch in plan.touches:
        table = tables[touch.table]
        transactional = touch.consistency == "transactional"
        if touch.write:
            _, before, after = next(writes, (table.name, None, None))
            charge = write_charge(table.keys, table.indexes, before, after, transactional=transactional)
            found.append(Consumption(touch, table, charge, after if after is not None else before))
            continue
        _, index_name, items = next(pages, (table.name, "", []))
        index = table.index(index_name) if index_name else None
        charge = page_charge(sum(map(item_size, items)), touch.consistency, index)
        found.append(Consumption(touch, table, charge))
    return found
