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
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from tablewright.migrate.items.numbers import NumberRefused, canonical_number, number_text

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["DEEPEST", "Plain", "ValueRefused", "check_value", "encode_value", "from_json", "plain_value", "to_json"]

Plain: TypeAlias = (
    "str | Decimal | int | bytes | bool | list[Plain] | dict[str, Plain] | set[str] | set[Decimal] | set[bytes] | None"
)

DEEPEST = 32
"""Levels of nesting that DynamoDB takes (Developer Guide, "Service, account, and table quotas": nested attribute depth)."""


class ValueRefused(ValueError):
    """DynamoDB could not hold this value, or it is none of DynamoDB's; the text says which, without the value, and what to do."""


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
        read = _READ[kind]
    except KeyError:
        raise ValueRefused(f"{kind!r} is not one of DynamoDB's types") from None
    except (AttributeError, ValueError):
        raise _no_value() from None
    try:
        made: Plain = read(held)
        return made
    except ValueRefused:
        raise
    except (ValueError, TypeError, AttributeError, InvalidOperation, Base64Error):
        raise _no_value() from None


def _bytes(text: str) -> bytes:
    return a2b_base64(text, strict_mode=True)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "N": Decimal,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": lambda held: {name: plain_value(each) for name, each in held.items()},
    "L": lambda held: [plain_value(each) for each in held],
    "B": _bytes,
    "SS": set,
    "NS": lambda held: set(map(Decimal, held)),
    "BS": lambda held: set(map(_bytes, held)),
}


def check_value(value: Any, depth: int = 0) -> None:
    """Raises ValueRefused unless this is one ``{type: value}`` that DynamoDB would take."""
    if type(value) is dict and len(value) == 1:
        ((kind, held),) = value.items()
        if kind == "S" and type(held) is str:
            return
        if (kind == "BOOL" and type(held) is bool) or (kind == "NULL" and held is True):
            return
        if kind == "N" and type(held) is str:
            if not (held.isdigit() and held.isascii() and len(held) < 38):
                _canonical(held)
            return
        if kind == "SS" and type(held) is list and held and all(type(each) is str for each in held):
            if len(set(held)) < len(held):
                raise ValueRefused("it is a set in which a string stands twice")
            return
        if depth <= DEEPEST:
            if kind == "M" and type(held) is dict:
                for name, each in held.items():
                    _name(name)
                    check_value(each, depth + 1)
                return
            if kind == "L" and type(held) is list:
                for each in held:
                    check_value(each, depth + 1)
                return
        if kind not in ("S", "N", "BOOL", "NULL") and (kind != "B" or type(held) is str):
            encode_value(plain_value(value), depth)
            return
    raise _no_value()


def _canonical(text: str) -> None:
    try:
        canonical_number(text)
    except NumberRefused as refused:
        raise ValueRefused(str(refused)) from None


def _no_value() -> ValueRefused:
    return ValueRefused("it is not a value in DynamoDB's JSON")


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
    if depth > DEEPEST:
        raise ValueRefused(f"it is nested deeper than the {DEEPEST} levels that DynamoDB takes")
    if kind is set:  # before the abstract types, which take longer to ask for
        return _set(value)
    if kind is dict or isinstance(value, Mapping):
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
            "it is a float, and floats are not exact: return Decimal('0.1') for 0.1, Decimal(str(x)) for a computed x"
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
    kinds = set(map(type, value))
    if all(issubclass(kind, str) for kind in kinds):
        return {"SS": sorted(value)}
    if all(issubclass(kind, (Decimal, int)) and kind is not bool for kind in kinds):
        return {"NS": [_number(each) for each in sorted(value)]}
    if all(issubclass(kind, bytes) for kind in kinds):
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
    raise ValueRefused(f"an attribute's name is {type(name).__name__}: names are strings")
