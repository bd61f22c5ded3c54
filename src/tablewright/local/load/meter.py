"""What a performed request consumed, from its plan and from what the data plane was seen doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tablewright.local.load.capacity import Charge, page_charge, read_units, write_charge, write_units
from tablewright.local.load.plan import Plan, Touch
from tablewright.local.load.plane_hooks import Page, Seen
from tablewright.local.load.sizes import Item, Sizes, item_size
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
    sizes: Sizes,
) -> list[Consumption]:
    """One consumption for each touch, in order. `existing` are the items that the touches found."""
    if plan.shape == "statement":
        return _statements(plan, tables, seen, sizes)
    writes = iter(seen.writes)
    repeated = plan.operation == "TransactWriteItems" and outcome == "done" and not seen.writes
    found: list[Consumption] = []
    for number, touch in enumerate(plan.touches):
        table = tables[touch.table]
        item = existing[number]
        if plan.shape == "page":
            found.append(Consumption(touch, table, _page(touch, table, seen, data)))
        elif not touch.write:
            found.append(Consumption(touch, table, Charge(read_units(sizes.of(item), touch.consistency)), item))
        elif repeated and not all(each.check for each in plan.touches):
            # The same request token again: the transaction is answered for by reading its items.
            found.append(Consumption(touch, table, Charge(read_units(sizes.of(item), "transactional")), item))
        elif outcome != "done" or touch.check:
            found.append(Consumption(touch, table, _unwritten(touch, item, sizes), item))
        else:
            _, before, after = next(writes, (table.name, None, None))
            if touch.item is not None:
                # The item put is the image after, and measured already.
                after = touch.item
            transactional = touch.consistency == "transactional"
            charge = write_charge(table.keys, table.indexes, before, after, transactional=transactional, size=sizes.of)
            found.append(Consumption(touch, table, charge, after if after is not None else before))
    return found


def _unwritten(touch: Touch, item: Item | None, sizes: Sizes) -> Charge:
    """A failed condition, a condition check, a cancelled transaction's member: the item's size, and no index."""
    transactional = touch.consistency == "transactional"
    size = max(sizes.of(item), sizes.of(touch.item)) if transactional else sizes.of(item)
    return Charge(write_units(size, transactional=transactional))


def _page(touch: Touch, table: Table, seen: Seen, data: Mapping[str, Any]) -> Charge:
    size = sum(page.size for page in seen.pages)
    index = table.index(touch.index) if touch.index else None
    if index is None or index.is_global or index.projection == "ALL":
        return page_charge(size, touch.consistency, index)
    fetches = _wants_more(data, {*index.keys, *table.keys, *index.attributes})
    items = [item for page in seen.pages for item in page.items] if fetches else []
    return page_charge(size, touch.consistency, index, map(item_size, items))


def _wants_more(data: Mapping[str, Any], projected: set[str]) -> bool:
    """Whether a query on a local index asks for attributes that only the table holds."""
    if data.get("Select") == "ALL_ATTRIBUTES":
        return True
    names = data.get("ExpressionAttributeNames") or {}
    asked = [part.strip() for part in (data.get("ProjectionExpression") or "").split(",") if part.strip()]
    asked += data.get("AttributesToGet") or []
    tops = (part.split(".")[0].split("[")[0] for part in asked)
    return any(names.get(top, top) not in projected for top in tops)


def _statements(plan: Plan, tables: Mapping[str, Table], seen: Seen, sizes: Sizes) -> list[Consumption]:
    """PartiQL: what was written and paged, table by table; a statement that did neither counts as one small read or write."""
    writes, pages = iter(seen.writes), iter(seen.pages)
    found = []
    for touch in plan.touches:
        table = tables[touch.table]
        transactional = touch.consistency == "transactional"
        if touch.write:
            _, before, after = next(writes, (table.name, None, None))
            charge = write_charge(table.keys, table.indexes, before, after, transactional=transactional, size=sizes.of)
            found.append(Consumption(touch, table, charge, after if after is not None else before))
            continue
        page = next(pages, Page(table.name, "", [], 0))
        index = table.index(page.index) if page.index else None
        charge = page_charge(page.size, touch.consistency, index)
        found.append(Consumption(touch, table, charge))
    return found
