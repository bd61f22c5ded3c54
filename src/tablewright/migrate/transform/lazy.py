"""An item of plain values that reads an attribute when it is asked for, and writes back what was not touched byte for byte.

Most functions touch a few attributes; reading and writing all of them costs ten times what reading those does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import orjson
from msgspec import Raw

from tablewright.migrate.items.values import ValueRefused, check_value, encode_value, plain_value, to_json

__all__ = ["Item", "JsonItem", "encode_item", "encode_json_item"]

_decode: Callable[[Any], dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode
_MISSING: Any = object()
_STRING, _NUMBER, _END = b'{"S":"', b'{"N":"', b'"}'


def _plain(value: bytes) -> Any:
    """The plain value of one ``{type: value}``; strings and numbers as DynamoDB writes them need no parser."""
    if value[-2:] == _END and b"\\" not in value and value.count(b'"') == 4:
        if value[:6] == _STRING:
            return value[6:-2].decode()
        if value[:6] == _NUMBER:
            return Decimal(value[6:-2].decode())
    return plain_value(orjson.loads(value))


class Item(dict[str, Any]):
    """A ``dict`` of attribute name to plain value (see ``items.values`` for the types)."""

    __slots__ = ()

    @staticmethod
    def _value(value: bytes) -> Any:
        return _plain(value)

    @classmethod
    def read(cls, item: Any) -> Item:
        """The item of DynamoDB's JSON; its values are read when they are asked for. Raises msgspec.DecodeError."""
        made = cls()
        dict.update(made, _decode(item))
        return made

    @classmethod
    def read_whole(cls, item: Any) -> dict[str, Any]:
        """The same with all its values read: what a function that looks at every attribute is better served with."""
        return {
            name: value["S"] if "S" in value and len(value) == 1 else plain_value(value)
            for name, value in orjson.loads(memoryview(item)).items()
        }

    def untouched(self) -> bool:
        """Whether some attribute was never read."""
        return any(type(value) is Raw for value in dict.values(self))

    def __getitem__(self, name: str) -> Any:
        value = dict.__getitem__(self, name)
        if type(value) is Raw:
            value = self._value(bytes(value))
            dict.__setitem__(self, name, value)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - get() is this

    def pop(self, name: str, default: Any = _MISSING) -> Any:
        value = dict.pop(self, name) if default is _MISSING else dict.pop(self, name, default)
        return self._value(bytes(value)) if type(value) is Raw else value

    def popitem(self) -> tuple[str, Any]:
        name, value = dict.popitem(self)
        return name, self._value(bytes(value)) if type(value) is Raw else value

    def setdefault(self, name: str, default: Any = None) -> Any:
        dict.setdefault(self, name, default)
        return self[name]

    def _whole(self) -> None:
        unread = {name: value for name, value in dict.items(self) if type(value) is Raw}
        if unread:
            for name, value in self.read_whole(_encode(unread)).items():
                dict.__setitem__(self, name, value)

    def values(self) -> Any:
        self._whole()
        return dict.values(self)

    def items(self) -> Any:
        self._whole()
        return dict.items(self)

    def __iter__(self) -> Iterator[str]:
        # That this is here makes `{**item}`, `dict(item)` and `f(**item)` go by the methods above, not by what is inside.
        return dict.__iter__(self)

    def keys(self) -> Any:
        return dict.keys(self)

    def copy(self) -> Item:
        made = type(self)()
        self._whole()
        dict.update(made, self)
        return made

    __copy__ = copy

    def __eq__(self, other: object) -> bool:
        self._whole()
        if isinstance(other, Item):
            other._whole()
        return dict.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __or__(self, other: Any) -> Any:
        return {**self, **other} if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return {**other, **self} if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        self._whole()
        return dict.__repr__(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self.items()),)


class JsonItem(Item):
    """The same with DynamoDB's JSON for values: ``{"S": "text"}``."""

    __slots__ = ()

    @staticmethod
    def _value(value: bytes) -> Any:
        return orjson.loads(value)

    @classmethod
    def read_whole(cls, item: Any) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(memoryview(item))
        return found


def encode_item(item: Mapping[str, Any]) -> bytes:
    """DynamoDB's JSON of plain values; what was never read is written as it was. Raises ValueRefused."""
    held = item if isinstance(item, dict) else dict(item)
    try:
        wire = {
            name: {"S": value} if type(value) is str else value if type(value) is Raw else encode_value(value)
            for name, value in dict.items(held)
        }
        if _STRINGS.issuperset(map(type, wire)):
            return _encode(wire)
    except ValueRefused:
        pass  # said below, with the attribute's name
    return to_json({name: plain_value(orjson.loads(bytes(v))) if type(v) is Raw else v for name, v in dict.items(held)})


_STRINGS = {str}


def encode_json_item(item: Mapping[str, Any]) -> bytes:
    """DynamoDB's JSON of an item whose values are that already. Raises ValueRefused for one that DynamoDB would refuse."""
    held = item if isinstance(item, dict) else dict(item)
    for name, value in dict.items(held):
        if type(value) is not Raw:
            if type(name) is not str:
                raise ValueRefused(f"{name!r} is no attribute name: names are strings")
            try:
                check_value(value)
            except ValueRefused as refused:
                raise ValueRefused(f"attribute {name!r}: {refused}") from None
    return _encode(dict(dict.items(held)))
