"""Attributes that an index is keyed by, in items that are not as the index needs them: nobody says so until something is missing.

An item is in a secondary index only if it has the index's key attributes. When an index is added to a table, items whose
attribute has another type are left out of it in silence; and from then on a write with the wrong type, or with an empty value, is
refused. Source: Amazon DynamoDB Developer Guide, "Managing Global Secondary Indexes" (adding an index to a large table; detecting
and correcting index key violations).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tablewright.migrate.items.key import MOST_KEY_BYTES
from tablewright.migrate.items.size import value_size
from tablewright.model.table import Index, Key

__all__ = ["IndexKeys"]

_TYPES = {
    "S": "a string",
    "N": "a number",
    "B": "binary",
    "BOOL": "a Boolean",
    "NULL": "null",
    "L": "a list",
    "M": "a map",
    "SS": "a set of strings",
    "NS": "a set of numbers",
    "BS": "a set of binary values",
}


class IndexKeys:
    """Counts items that an index's key attributes do not fit. ``planned``: names of indexes that the table does not have yet."""

    def __init__(self, indexes: Sequence[Index], planned: Iterable[str] = ()) -> None:
        self._keys = [(index.name, key) for index in indexes for key in index.keys]
        self._planned = frozenset(planned)
        self._found: Counter[tuple[str, Key, str]] = Counter()

    def __bool__(self) -> bool:
        return bool(self._keys)

    def look(self, item: Mapping[str, Mapping[str, Any]]) -> None:
        """Look at an item as it is to be. One without the attribute is simply not in the index, and not counted."""
        for index, key in self._keys:
            value = item.get(key.name)
            if value is not None:
                wrong = _wrong(key, value)
                if wrong:
                    self._found[index, key, wrong] += 1

    def warnings(self) -> tuple[str, ...]:
        """A sentence for each index and what is wrong with items' keys in it."""
        return tuple(
            self._sentence(index, key, wrong, number) for (index, key, wrong), number in sorted(
                self._found.items(), key=lambda found: (found[0][0], found[0][1].name, found[0][2])
            )
        )  # fmt: skip

    def _sentence(self, index: str, key: Key, wrong: str, number: int) -> str:
        items = "1 item has" if number == 1 else f"{number:,} items have"
        needs = f"index {index} is keyed by {key.name} as {_TYPES[key.type]}"
        if index in self._planned:
            return (
                f"{items} {key.name} as {wrong}, and {needs}: adding it leaves them out without a word, and refuses every later "
                "write of such a value. Change them first."
            )
        return f"{items} {key.name} as {wrong}, and {needs}: they are not in it, and DynamoDB refuses writes of such values."


def _wrong(key: Key, value: Mapping[str, Any]) -> str:
    kind = next(iter(value))
    if kind != key.type:
        return _TYPES.get(kind, kind)
    if kind in ("S", "B"):
        size = value_size(value)
        if not size:
            return "an empty value"
        if size > MOST_KEY_BYTES[key.role]:
            return f"a value longer than {MOST_KEY_BYTES[key.role]} bytes"
    return ""
