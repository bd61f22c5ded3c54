"""Capacity units of reading and writing an item, its entries in indexes included.

Source: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations" and "Using global secondary indexes": a write unit
is a KB begun, a strongly consistent read unit 4 KB begun (a Scan counts its page as one); an index entry is written when the item
has the index's keys, and costs by what it projects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from tablewright.migrate.items.size import attributes_size
from tablewright.model.table import Index, Key

__all__ = ["IndexNeeds", "index_units", "read_units", "write_units"]

Wire = Mapping[str, Mapping[str, Any]]


def read_units(size: int) -> float:
    """Units of a strongly consistent Scan for an item; a page's rounding is next to nothing."""
    return size / 4096


def write_units(size: int) -> int:
    """Units of putting an item that was not there."""
    return max(1, ceil(size / 1024))


class IndexNeeds:
    """What an index of the target asks of an item."""

    def __init__(self, index: Index, table: Sequence[Key]) -> None:
        self.name = index.name
        self.keys = index.keys
        self._all = index.projection == "ALL"
        self._kept = {key.name for key in (*index.keys, *table)} | set(index.included)

    def misfit(self, item: Wire) -> tuple[str, str, str] | None:
        """Attribute, wanted and found type, where DynamoDB would refuse the item for this index."""
        for key in self.keys:
            value = item.get(key.name)
            if value is None:
                continue
            ((kind, held),) = value.items()
            if kind != key.type:
                return key.name, key.type, kind
            if held == "":
                return key.name, key.type, "empty"
        return None

    def entry(self, item: Wire) -> Wire | None:
        """What the index would hold of the item; None where it has not all of its keys."""
        if any(key.name not in item for key in self.keys):
            return None
        return item if self._all else {name: value for name, value in item.items() if name in self._kept}


def index_units(index: IndexNeeds, item: Wire) -> int:
    """Units of the item's entry in the index; 0 where it has none."""
    entry = index.entry(item)
    return 0 if entry is None else write_units(attributes_size(entry))
