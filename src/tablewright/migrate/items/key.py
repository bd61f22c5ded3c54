"""The key of an item as canonical bytes: equal for equal keys, however their JSON is written, and unequal otherwise."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tablewright.migrate.items.numbers import NumberRefused, canonical_number
from tablewright.model.table import Key

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "LENGTHS",
    "MOST_KEY_BYTES",
    "KeyReader",
    "KeyRefused",
    "canonical_key_part",
    "join_key",
    "part_of",
    "part_of_raw",
    "scalar",
]

MOST_KEY_BYTES = {"HASH": 2048, "RANGE": 1024}
"""Developer Guide, "Service, account, and table quotas": partition keys up to 2048 bytes, sort keys up to 1024."""

_TYPES = {"S": "a string (S)", "N": "a number (N)", "B": "binary (B)"}


class KeyRefused(ValueError):
    """The item cannot be stored under this key schema; the text says why."""


class _AnyValue(msgspec.Struct):
    S: str | None = None
    N: str | None = None
    B: str | None = None


class KeyReader:
    """Reads keys by a key schema, without reading the rest of the item."""

    __slots__ = ("_decode", "_parts", "keys")

    def __init__(self, keys: Sequence[Key]) -> None:
        """``keys``: the partition key and, if there is one, the sort key."""
        self.keys = tuple(sorted(keys, key=lambda key: key.role != "HASH"))
        fields = [(f"k{i}", _AnyValue | None, None) for i in range(len(self.keys))]
        names = {f"k{i}": key.name for i, key in enumerate(self.keys)}
        key_of_item = msgspec.defstruct("KeyOfItem", fields, rename=names)
        self._decode: Callable[[Any], Any] = msgspec.json.Decoder(key_of_item).decode
        self._parts = tuple((f"k{i}", key) for i, key in enumerate(self.keys))

    def __call__(self, item: Buffer) -> bytes:
        """The canonical key. Raises KeyRefused where DynamoDB would not store the item under it."""
        try:
            found = self._decode(item)
        except msgspec.DecodeError as error:
            raise KeyRefused(f"not an item in DynamoDB's JSON: {error}") from None
        return join_key([part_of(key, getattr(found, field)) for field, key in self._parts])


LENGTHS = tuple(b"%04x" % length for length in range(MOST_KEY_BYTES["HASH"] + 1))
"""What stands before a key of two parts, by the first one's length."""


def join_key(parts: Sequence[bytes]) -> bytes:
    """One key of its canonical parts; the first one's length stands before it, so that no two keys run together."""
    if len(parts) == 1:
        return parts[0]
    return LENGTHS[len(parts[0])] + parts[0] + parts[1]


def part_of(key: Key, value: _AnyValue | None) -> bytes:
    """The canonical bytes of one key attribute."""
    if value is None:
        raise KeyRefused(f"key attribute {key.name!r} is missing")
    text = getattr(value, key.type)
    if text is None:
        raise KeyRefused(f"key attribute {key.name!r} is not {_TYPES[key.type]}")
    return canonical_key_part(key, text)


scalar: Callable[[Any], _AnyValue] = msgspec.json.Decoder(_AnyValue).decode
"""A string, number or binary value by its type; each None for any other. Raises msgspec.DecodeError."""


def part_of_raw(key: Key, value: Buffer | None) -> bytes:
    """The canonical bytes of a key attribute from its value's JSON. Raises KeyRefused."""
    if value is None:
        raise KeyRefused(f"key attribute {key.name!r} is missing")
    try:
        found = scalar(value)
    except msgspec.DecodeError:
        raise KeyRefused(f"key attribute {key.name!r} is not {_TYPES[key.type]}") from None
    text = found.S
    if text and key.type == "S" and len(text) < 256:
        return text.encode()  # most keys: short enough, whatever their characters
    return part_of(key, found)


def canonical_key_part(key: Key, text: str) -> bytes:
    """The canonical bytes of a key attribute whose JSON value is ``text``. Raises KeyRefused."""
    try:
        if key.type == "S":
            part = text.encode()
        elif key.type == "N":
            return canonical_number(text).encode()
        else:
            part = a2b_base64(text, strict_mode=True)
    except (NumberRefused, Base64Error) as error:
        raise KeyRefused(f"key attribute {key.name!r}: {error}") from None
    if not part:
        raise KeyRefused(f"key attribute {key.name!r} is empty, which DynamoDB does not take in a key")
    if len(part) > MOST_KEY_BYTES[key.role]:
        most = MOST_KEY_BYTES[key.role]
        raise KeyRefused(f"key attribute {key.name!r} has {len(part)} bytes, and DynamoDB takes {most}")
    return part
