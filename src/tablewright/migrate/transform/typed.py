"""Items of a known schema: a ``msgspec.Struct`` whose fields are the attributes, read without looking for types.

Fields may be str, int, Decimal, bytes, bool, lists and dicts of these, sets of str, int, Decimal or bytes, other Structs, and any
of them or None (a missing attribute needs a default; NULL reads as None). An attribute that the schema does not name is refused
rather than lost.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from tablewright.errors import UsageError
from tablewright.migrate.items.values import ValueRefused, encode_value

__all__ = ["TypedCodec"]

_Convert = Callable[[Any], Any]


class TypedCodec:
    """Reads and writes the items of one schema. Raises UsageError for a schema that DynamoDB cannot hold."""

    __slots__ = ("_attributes", "_decode", "_make")

    def __init__(self, schema: type[msgspec.Struct]) -> None:
        wire, self._make = _reader(schema, "")
        self._decode = msgspec.json.Decoder(wire).decode
        self._attributes = _writer(schema)

    def read(self, item: Any) -> Any:
        """The value of an item. Raises msgspec.DecodeError where it does not fit the schema, naming the attribute."""
        return self._make(self._decode(item))

    def write(self, value: Any) -> bytes:
        """DynamoDB's JSON of a value of the schema; None is left out where it is the field's default, else NULL."""
        return _encode(self._attributes(value))


_WRITTEN_OUT: dict[Any, str] = {str: "{found}.v", bool: "{found}.v", Decimal: "Decimal({found}.v)"}
"""How the commonest types are read, without a call."""

_encode = msgspec.json.Encoder().encode


def _reader(schema: type[msgspec.Struct], path: str) -> tuple[type[msgspec.Struct], _Convert]:
    """The Struct of the JSON, and what makes the schema's value of it: one expression, generated once."""
    hints = get_type_hints(schema)
    fields: list[Any] = []
    names: dict[str, str] = {}
    scope: dict[str, Any] = {"schema": schema, "Decimal": Decimal}
    arguments: list[str] = []
    for number, field in enumerate(msgspec.structs.fields(schema)):
        kind, scope[f"c{number}"] = _value(hints[field.name], f"{path}{field.name}")
        names[f"f{number}"] = field.encode_name
        value = _WRITTEN_OUT.get(hints[field.name], "{call}({found})").format(call=f"c{number}", found=f"f.f{number}")
        if field.default is not msgspec.NODEFAULT:
            scope[f"d{number}"] = field.default
            value = f"d{number} if f.f{number} is None else {value}"
        elif field.default_factory is not msgspec.NODEFAULT:
            scope[f"d{number}"] = field.default_factory
            value = f"d{number}() if f.f{number} is None else {value}"
        required = " else " not in value
        fields.append((f"f{number}", kind) if required else (f"f{number}", kind | None, None))
        arguments.append(f"{field.name}={value}")
    wire = msgspec.defstruct(
        f"{schema.__name__}Json", sorted(fields, key=len), rename=names, forbid_unknown_fields=True, gc=False
    )
    made: _Convert = eval(f"lambda f: schema({', '.join(arguments)})", scope)
    return wire, made


def _writer(schema: type[msgspec.Struct]) -> Callable[[Any], dict[str, Any]]:
    """What gives the ``{type: value}`` of every attribute, with the strings written out."""
    scope: dict[str, Any] = {"wire": _wire}
    lines = ["def write(value):", "    made = {}"]
    for number, field in enumerate(msgspec.structs.fields(schema)):
        scope[f"n{number}"] = field.encode_name
        put = f"made[n{number}] = {{'S': a}} if type(a) is str else wire(n{number}, a)"
        lines += [
            f"    a = value.{field.name}",
            f"    if a is not None: {put}" if field.default is None else f"    {put}",
        ]
    exec("\n".join([*lines, "    return made"]), scope)
    written: Callable[[Any], dict[str, Any]] = scope["write"]
    return written


_writers: dict[type, Callable[[Any], dict[str, Any]]] = {}


def _wire(name: str, value: Any) -> dict[str, Any]:
    try:
        return _wired(value)
    except ValueRefused as refused:
        raise ValueRefused(f"attribute {name!r}: {refused}") from None


def _wired(value: Any) -> dict[str, Any]:
    if isinstance(value, msgspec.Struct):
        kind = type(value)
        if kind not in _writers:
            _writers[kind] = _writer(kind)
        return {"M": _writers[kind](value)}
    if isinstance(value, list):
        return {"L": [_wired(each) for each in value]}
    if isinstance(value, dict):
        return {"M": {name: _wired(each) for name, each in value.items()}}
    return encode_value(value)


def _one(kind: str, held: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct(f"{kind}Json", [("v", held)], rename={"v": kind}, forbid_unknown_fields=True, gc=False)


_SCALARS: dict[Any, tuple[str, Any, _Convert]] = {
    str: ("S", str, lambda found: found.v),
    Decimal: ("N", str, lambda found: Decimal(found.v)),
    int: ("N", str, lambda found: _whole(found.v)),
    bool: ("BOOL", bool, lambda found: found.v),
    bytes: ("B", str, lambda found: a2b_base64(found.v, strict_mode=True)),
}
_SETS: dict[Any, tuple[str, _Convert]] = {
    str: ("SS", lambda found: set(found.v)),
    Decimal: ("NS", lambda found: {Decimal(each) for each in found.v}),
    int: ("NS", lambda found: {_whole(each) for each in found.v}),
    bytes: ("BS", lambda found: {a2b_base64(each, strict_mode=True) for each in found.v}),
}


def _whole(text: str) -> int:
    number = Decimal(text)
    if number != number.to_integral_value():
        raise ValueRefused("a number is not whole, as the schema says that it is")
    return int(number)


def _value(told: Any, path: str) -> tuple[Any, _Convert]:
    """The Struct of one ``{type: value}``, and what makes the plain value of it."""
    if get_origin(told) in (Union, UnionType):
        kinds = [each for each in get_args(told) if each is not NoneType]
        if len(kinds) != 1 or len(get_args(told)) != 2:
            raise _no_schema(path, told)
        return _nullable(kinds[0], path)
    if told in _SCALARS:
        kind, held, convert = _SCALARS[told]
        return _one(kind, held), convert
    origin, inner = get_origin(told), get_args(told)
    if origin is set and inner and inner[0] in _SETS:
        kind, convert = _SETS[inner[0]]
        return _one(kind, list[str]), convert
    if origin is list and inner:
        wire, each = _value(inner[0], f"{path}[]")
        many: Any = list[wire]  # type: ignore[valid-type]
        return _one("L", many), lambda found: [each(held) for held in found.v]
    if origin is dict and inner and inner[0] is str:
        wire, each = _value(inner[1], f"{path}.*")
        named: Any = dict[str, wire]  # type: ignore[valid-type]
        return _one("M", named), lambda found: {name: each(held) for name, held in found.v.items()}
    if isinstance(told, type) and issubclass(told, msgspec.Struct):
        wire, each = _reader(told, f"{path}.")
        return _one("M", wire), lambda found: each(found.v)
    raise _no_schema(path, told)


def _nullable(told: Any, path: str) -> tuple[Any, _Convert]:
    wire, convert = _value(told, path)
    (field,) = msgspec.structs.fields(wire)
    loose = msgspec.defstruct(
        "NullableJson",
        [("v", field.type | None, None), ("null", bool, False)],
        rename={"v": field.encode_name, "null": "NULL"},
        forbid_unknown_fields=True,
        gc=False,
    )
    return loose, lambda found: None if found.v is None else convert(found)


def _no_schema(path: str, told: Any) -> UsageError:
    return UsageError(
        "transform-schema",
        "The transform's schema is not one of DynamoDB's",
        f"{path} is {told!r}. DynamoDB holds str, int, Decimal, bytes, bool, lists, dicts with string keys, sets of str, "
        "Decimal, int or bytes, and Structs of these, each of them perhaps None; floats are not exact.",
    )
