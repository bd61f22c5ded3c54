"""The one form of an item under which equal items have equal bytes: for hashing, and for saying what differs.

DynamoDB has no order of attributes, of a map's entries or of a set's elements, and many spellings of a number; lists keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from tablewright.migrate.items.numbers import canonical_number

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["canonical", "canonical_parsed", "canonical_value", "same_value"]

_SUSPECT = re.compile(
    rb'"(?:[SNB]S)"\s*:\s*\[|"N"\s*:\s*"(?!(?:0|-?(?:[1-9][0-9]{0,37}|(?:0|[1-9][0-9]{0,18})\.[0-9]{0,18}[1-9]))")'
)
"""A set, or a number that is not written canonically. What looks like one inside a string only costs the slower way."""

_PLAIN = {"S", "B", "BOOL", "NULL"}


def canonical(item: Buffer) -> bytes:
    """The canonical bytes of an item: keys sorted, sets sorted, numbers in plain notation, no spaces."""
    return canonical_parsed(orjson.loads(memoryview(item)), item)


def canonical_parsed(attributes: dict[str, Any], item: Buffer) -> bytes:
    """The same for an item that was parsed already: ``attributes`` are ``item``'s, and are used up."""
    if _SUSPECT.search(item):
        for name, value in attributes.items():
            if _PLAIN.isdisjoint(value):
                attributes[name] = canonical_value(value)
    return orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS)


def same_value(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two attribute values are equal to DynamoDB, however they are written."""
    return one == other or canonical_value(one) == canonical_value(other)


def canonical_value(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The canonical form of one ``{type: value}``; attribute values of a type unknown here are left as they are."""
    ((kind, held),) = value.items()
    made = _MADE.get(kind)
    return value if made is None else {kind: made(held)}


_MADE: Mapping[str, Callable[[Any], Any]] = {
    "N": canonical_number,
    "M": lambda held: {name: canonical_value(each) for name, each in held.items()},
    "L": lambda held: [canonical_value(each) for each in held],
    "SS": sorted,
    "BS": sorted,
    "NS": lambda held: sorted(map(canonical_number, held)),
}
