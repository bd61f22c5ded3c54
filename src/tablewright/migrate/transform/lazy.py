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


class _Scalar(msgspec.Struct):
    S: str | None = None
    N: str | None = None


_scalar: Callable[[Any], _Scalar] = msgspec.json.Decoder(_Scalar).decode


def _plain(value: Any) -> Any:
    """The plain value of one ``{type: value}``; most are strings and numbers, which are read straight into a Struct."""
    found = _scalar(value)
    if found.S is not None:
        return found.S
    if found.N is not None:
        return Decimal(found.N)
    return plain_value(orjson.loads(memoryview(value)))


class Item(dict[str, Any]):
    """A ``dict`` of attribute name to plain value (see ``items.values`` for the types)."""

    __slots__ = ()

    @classmethod
    def read(cls, item: Any) -> Item:
        """The item of DynamoDB's JSON; its values are read when they are asked for. Raises msgspec.DecodeError."""
        return cls(_decode(item))

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
            value = _plain(value)
            dict.__setitem__(self, name, value)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - get() is this

    def pop(self, name: str, default: Any = _MISSING) -> Any:
        value = dict.pop(self, name) if default is _MISSING else dict.pop(self, name, default)
        return _plain(value) if type(value) is Raw else value

    def popitem(self) -> tuple[str, Any]:
        name, value = dict.popitem(self)
        return name, _plain(value) if type(value) is Raw else value

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

    @classmethod
    def read_whole(cls, item: Any) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(memoryview(item))
        return found

    def __getitem__(self, name: str) -> Any:
        value = dict.__getitem__(self, name)
        if type(value) is Raw:
            value = orjson.loads(memoryview(value))
            dict.__setitem__(self, name, value)
        return value

    def pop(self, name: str, default: Any = _MISSING) -> Any:
        value = dict.pop(self, name) if default is _MISSING else dict.pop(self, name, default)
        return orjson.loads(memoryview(value)) if type(value) is Raw else value

    def popitem(self) -> tuple[str, Any]:
        name, value = dict.popitem(self)
        return name, orjson.loads(memoryview(value)) if type(value) is Raw else value


def encode_item(item: Mapping[str, Any]) -> bytes:
    """DynamoDB's JSON of plain values; what was never read is written as it was. Raises ValueRefused."""
    held = item if isinstance(item, dict) else dict(item)
    try:
        wire = {
            name: value if type(value) is Raw else {"S": value} if type(value) is str else encode_value(value)
            for name, value in dict.items(held)
        }
        "".join(wire)  # a TypeError if a name is no string
        return _encode(wire)
    except (ValueRefused, TypeError):  # said with the attribute's name
        return to_json({name: _plain(v) if type(v) is Raw else v for name, v in dict.items(held)})


def encode_json_item(item: Mapping[str, Any]) -> bytes:
    """DynamoDB's JSON of an item whose values are that already. Raises ValueRefused for one that DynamoDB would refuse."""
    held = item if isinstance(item, dict) else dict(item)
    for name, value in dict.items(held):
        if type(value) is not Raw:
            if type(name) is not str:
                raise ValueRefused(f"an attribute's name is {type(name).__name__}: names are strings")
            try:
                check_value(value)
            except ValueRefused as refused:
                raise ValueRefused(f"attribute {name!r}: {refused}") from None
    return _encode(held)
