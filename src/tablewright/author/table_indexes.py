"""The indexes that a template gives a table, as far as their keys can be known."""

from __future__ import annotations

from collections.abc import Mapping

from tablewright.lint.stack import read_stack
from tablewright.lint.table import Table
from tablewright.lint.values import text
from tablewright.model.table import Index, Key
from tablewright.template.decode import decode

__all__ = ["table_indexes"]


def table_indexes(body: str, path: str, parameters: Mapping[str, str], logical_id: str) -> tuple[Index, ...]:
    """Name, kind and keys; indexes of which these hang on something that is not known are left out."""
    stack = read_stack(decode(body, path), path, body, parameters=parameters, pseudo={}, defaults=True)
    found = []
    for table in stack.tables:
        if table.logical_id == logical_id:
            for index in table.indexes:
                name = text(index.name)
                keys = _keys(table, index.hashes, index.ranges)
                if name is not None and keys:
                    found.append(Index(name, index.kind, keys, "ALL"))
    return tuple(found)


def _keys(table: Table, hashes: tuple[str, ...], ranges: tuple[str, ...]) -> tuple[Key, ...]:
    keys = []
    for role, names in (("HASH", hashes), ("RANGE", ranges)):
        for name in names:
            kind = table.type_of(name)
            if kind is None:
                return ()
            keys.append(Key(name, kind, role))
    return tuple(keys)
