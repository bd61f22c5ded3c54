"""Plain Python values and DynamoDB's JSON, both ways, losing nothing.

====================  =======================================
DynamoDB              Python
====================  =======================================
S                     str
N                     Decimal (an int is taken, too)
B                     bytes
BOOL, NULL            bool, None
L, M                  list, dict
SS, NS, BS            set of str, of Decimal, of bytes
====================  =======================================

Floats are refused, since 0.1 is not 0.1 in binary; so are empty sets and sets of mixed types, which DynamoDB does not have.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from tablewright.migrate.items.numbers import NumberRefused, number_text

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Plain", "ValueRefused", "encode_value", "from_json", "plain_value", "to_json"]

Plain: TypeAlias = (
    "str | Decimal | int | bytes | bool | list[Plain] | dict[str, Plain] | set[str] | set[Decimal] | set[bytes] | None"
)

_DEEPEST = 32
"""Levels of nesting that DynamoDB takes (Developer Guide, "Service, account, and table quotas": nested attribute depth)."""


class ValueRefused(ValueError):
    """DynamoDB could not hold this value, or this is not a value of DynamoDB's; the text says which and what to do."""


def from_json(item: Buffer) -> dict[str, Plain]:
    """The plain values of an item in DynamoDB's JSON. Raises ValueRefused."""
    try:
        attributes = orjson.loads(memoryview(item))
        return {name: plain_value(value) for name, value in attributes.items()}
    except (orjson.JSONDecodeError, AttributeError) as error:
        raise ValueRefused(f"not an item in DynamoDB's JSON: {error}") from None


def to_json(item: Mapping[str, Any]) -> bytes:
    """An item in DynamoDB's JSON; sets are written sorted, so the same item always gives the same bytes. Raises ValueRefused."""
    return orjson.dumps({_name(name): _at(name, value) for name, value in item.items()})


def _at(name: str, value: Any) -> dict[str, Any]:
    try:
        return encode_value(value)
    except ValueRefused as refused:
        raise ValueRefused(f"attribute {name!r}: {refused}") from None


def plain_value(value: Any) -> Plain:
    """The plain value of one ``{type: value}``. Raises ValueRefused."""
    try:
        ((kind, held),) = value.items()
        match kind:
            case "S":
                return str(held)
            case "N":
                return Decimal(held)
            case "BOOL":
                return bool(held)
            case "NULL":
                return None
            case "M":
                return {name: plain_value(each) for name, each in held.items()}
            case "L":
                return [plain_value(each) for each in held]
            case "B":
                return a2b_base64(held, strict_mode=True)
            case "SS":
                return set(held)
            case "NS":
                return {Decimal(each) for each in held}
            case "BS":
                return {a2b_base64(each, strict_mode=True) for each in held}
    except (ValueError, TypeError, AttributeError, InvalidOperation, Base64Error) as error:
        if isinstance(error, ValueRefused):
            raise
        raise ValueRefused(f"not a value in DynamoDB's JSON: {_short(value)}") from None
    raise ValueRefused(f"{kind!r} is not one of DynamoDB's types")


def encode_value(value: Any, depth: int = 0) -> dict[str, Any]:
    """One ``{type: value}`` for a plain value. Raises ValueRefused."""
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is Decimal or kind is int:
        return {"N": _number(value)}
    if kind is bool:
        return {"BOOL": value}
    if value is None:
        return {"NULL": True}
    if depth > _DEEPEST:
        raise ValueRefused(f"it is nested deeper than the {_DEEPEST} levels that DynamoDB takes")
    if isinstance(value, Mapping):
        return {"M": {_name(name): encode_value(each, depth + 1) for name, each in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"L": [encode_value(each, depth + 1) for each in value]}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"B": b64encode(value).decode()}
    if isinstance(value, AbstractSet):
        return _set(value)
    return _other(value)


def _other(value: Any) -> dict[str, Any]:
    """Subclasses (an enum of strings, say), and what is refused."""
    if isinstance(value, float):
        raise ValueRefused(
            f"{value!r} is a float, and floats are not exact: return Decimal({str(value)!r}), or Decimal(str(x)) for a computed x"
        )
    if isinstance(value, str):
        return {"S": str.__str__(value)}
    if isinstance(value, (Decimal, int)):
        return {"N": _number(value)}
    raise ValueRefused(
        f"{type(value).__module__}.{type(value).__qualname__} is not a type that DynamoDB holds: "
        "return str, Decimal, int, bytes, bool, None, list, dict or a set"
    )


def _set(value: AbstractSet[Any]) -> dict[str, Any]:
    if not value:
        raise ValueRefused("it is an empty set, which DynamoDB does not have: leave the attribute out, or use a list")
    if all(isinstance(each, str) for each in value):
        return {"SS": sorted(value)}
    if all(isinstance(each, (Decimal, int)) and not isinstance(each, bool) for each in value):
        return {"NS": [_number(each) for each in sorted(value)]}
    if all(isinstance(each, bytes) for each in value):
        return {"BS": [b64encode(each).decode() for each in sorted(value)]}
    if any(isinstance(each, float) for each in value):
        raise ValueRefused("it is a set with a float in it, and floats are not exact: use Decimal")
    raise ValueRefused("it is a set of mixed types: DynamoDB has sets of strings, of numbers and of binary values")


def _number(value: Decimal | int) -> str:
    try:
        return number_text(value)
    except NumberRefused as refused:
        raise ValueRefused(str(refused)) from None


def _name(name: Any) -> str:
    if type(name) is str:
        return name
    if isinstance(name, str):
        return str.__str__(name)
    raise ValueRefused(f"{name!r} is no attribute name: names are strings")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
