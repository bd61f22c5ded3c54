"""How much a table and its indexes hold, by the documented sizes of items.

Source: Amazon DynamoDB Developer Guide, item sizes and formats; what DescribeTable shows leaves out the 100 bytes an item that
storage is billed with. Above a thousand items the sizes are those of a thousand of them, evenly spread, times the number:
DescribeTable is some six hours late on AWS, so nothing may rest on the last byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from tablewright.local.load.capacity import index_entry
from tablewright.local.load.sizes import Item, item_size
from tablewright.local.load.tables import Table

__all__ = ["fill", "stored"]

_MOST = 1000


def stored(table: Table, held: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """The items and bytes of the table (under "") and of each index; ``held`` is the data plane's items by their keys."""
    number = sum(len(items) for items in held.values())
    step = -(-number // _MOST) or 1
    looked = bytes_ = 0
    of_index = {index.name: [0, 0] for index in table.indexes}
    for item in islice(_items(held), 0, None, step):
        looked += 1
        bytes_ += item_size(item)
        for index in table.indexes:
            entry = index_entry(index, table.keys, item)
            if entry is not None:
                of_index[index.name][0] += 1
                of_index[index.name][1] += item_size(entry)
    scale = number / looked if looked else 1.0
    return {
        "": (number, round(bytes_ * scale)),
        **{name: (round(items * scale), round(size * scale)) for name, (items, size) in of_index.items()},
    }


def fill(description: dict[str, Any], counts: Mapping[str, tuple[int, int]]) -> bool:
    """Put counts into a description as DescribeTable gives it; whether any was put."""
    description["ItemCount"], description["TableSizeBytes"] = counts[""]
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for index in description.get(kind) or ():
            if index["IndexName"] in counts:
                index["ItemCount"], index["IndexSizeBytes"] = counts[index["IndexName"]]
    return True


def _items(held: Mapping[str, Any]) -> Iterator[Item]:
    for items in held.values():
        yield from items.values()
