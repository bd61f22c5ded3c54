"""Keys and key conditions in their short form, read by a table's or index's key schema: ``sessionId=abc``,
``createdAt begins_with 2026-11``, ``n between 3 and 9``. The schema says the type, so no quotes are needed.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from typing import NoReturn

from tablewright.errors import UsageError
from tablewright.items.condition import Attribute, Between, Call, Compare, Condition, Every, Literal
from tablewright.items.literal import number, read_json
from tablewright.model.items import Item, Value
from tablewright.model.table import Key

__all__ = ["key_condition", "key_of", "ordered", "place_of"]

_SIGNS = ("<=", ">=", "=", "<", ">")
_MOST_BYTES = {"HASH": 2048, "RANGE": 1024}
_TYPES = {"S": "text", "N": "a number", "B": "base64 text"}


def ordered(keys: Sequence[Key]) -> tuple[Key, ...]:
    """The partition key, then the sort key."""
    return tuple(sorted(keys, key=lambda key: key.role != "HASH"))


def key_of(words: Sequence[str], keys: Sequence[Key]) -> Item:
    """A whole key: one NAME=VALUE for each key attribute. Raises UsageError ``malformed-key``."""
    found: dict[str, Value] = {}
    for word in words:
        key, rest = _named(word, keys)
        if not rest.startswith("="):
            _wrong(keys, f"{key.name} needs = and its value.")
        if key.name in found:
            _wrong(keys, f"{key.name} is given twice.")
        found[key.name] = _value(key, rest[1:], keys)
    missing = [key.name for key in ordered(keys) if key.name not in found]
    if missing:
        _wrong(keys, f"{' and '.join(missing)} is missing.")
    return found


def place_of(item: Item, *schemas: Sequence[Key]) -> Item | None:
    """The key attributes of an item, from which a read can go on; None when it lacks one."""
    names = [key.name for keys in schemas for key in keys]
    return {name: item[name] for name in names} if all(name in item for name in names) else None


def key_condition(words: Sequence[str], keys: Sequence[Key]) -> Condition:
    """A key condition: the partition key's value, and if wanted one on the sort key. Raises UsageError ``malformed-key``."""
    parts: dict[str, Condition] = {}
    for word in words:
        key, rest = _named(word, keys)
        if key.name in parts:
            _wrong(keys, f"{key.name} is given twice.")
        parts[key.name] = _part(key, rest, keys)
    first = ordered(keys)[0]
    if first.name not in parts:
        _wrong(keys, f"{first.name} is missing: a query reads one partition. tablewright items scan reads all.")
    found = tuple(parts[key.name] for key in ordered(keys) if key.name in parts)
    return found[0] if len(found) == 1 else Every(found)


def _part(key: Key, rest: str, keys: Sequence[Key]) -> Condition:
    here = Attribute((key.name,))
    sign = next((sign for sign in _SIGNS if rest.startswith(sign)), None)
    if sign is not None:
        if sign != "=" and key.role == "HASH":
            _wrong(keys, f"{key.name} is the partition key, which takes = alone.")
        return Compare(sign, here, Literal(_value(key, rest[len(sign) :], keys)))
    word, _, text = rest.partition(" ")
    if key.role == "RANGE" and word.lower() == "begins_with" and text.strip():
        if key.type == "N":
            _wrong(keys, f"{key.name} is a number, and numbers have no beginning.")
        return Call("begins_with", here.path, Literal(_value(key, text, keys)))
    if key.role == "RANGE" and word.lower() == "between":
        ends = re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE)
        if len(ends) == 2:
            low, high = (Literal(_value(key, each, keys)) for each in ends)
            return Between(here, low, high)
        _wrong(keys, f"{key.name} between takes two values with and between them.")
    _wrong(keys, f"{key.name} is followed by none of = < <= > >= begins_with, between.")


def _named(word: str, keys: Sequence[Key]) -> tuple[Key, str]:
    """The key attribute that a word begins with, and what follows."""
    text = word.lstrip()
    for key in sorted(keys, key=lambda key: -len(key.name)):
        if text.startswith(key.name):
            rest = text[len(key.name) :]
            if rest.lstrip().startswith(_SIGNS) or rest[:1].isspace():
                return key, rest.lstrip()
    _wrong(keys, "A condition begins with no key attribute.")


def _value(key: Key, text: str, keys: Sequence[Key]) -> Value:
    """The value of a text by the attribute's type; a text in double quotes is read as JSON, as for values with spaces."""
    told = text.strip()
    if len(told) > 1 and told.startswith('"') and told.endswith('"'):
        try:
            found, end = read_json(told)
        except ValueError as error:
            _wrong(keys, f"{key.name}: {error}.")
        if not isinstance(found, str) or end != len(told):
            _wrong(keys, f"{key.name}: more follows the closing quote.")
        told = found
    try:
        size = len(told.encode())
        if key.type == "N":
            return {"N": number(told)}
        if key.type == "B":
            size = len(b64decode(told, validate=True))
    except ValueError:
        _wrong(keys, f"{key.name} is {_TYPES.get(key.type, 'text')} (type {key.type}), and its value is not.")
    if not 0 < size <= _MOST_BYTES.get(key.role, 2048):
        _wrong(keys, f"{key.name} has a value of {size} bytes; a key takes 1 to {_MOST_BYTES.get(key.role, 2048)}.")
    return {key.type: told}


def _wrong(keys: Sequence[Key], what: str) -> NoReturn:
    shown = ", ".join(f"{key.name} ({key.type}, {_role(key)})" for key in ordered(keys))
    raise UsageError(
        "malformed-key",
        "A key is malformed",
        f"{what} The key here is {shown}. It reads as: {' '.join(_example(key) for key in ordered(keys))}",
    )


def _role(key: Key) -> str:
    return "partition key" if key.role == "HASH" else "sort key"


def _example(key: Key) -> str:
    return f"'{key.name}={'5' if key.type == 'N' else 'VALUE'}'"
