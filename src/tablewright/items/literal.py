"""JSON as a person types it, as DynamoDB's values, and back: no number ever passes through a float."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from tablewright.errors import UsageError
from tablewright.model.items import Item, Value

__all__ = ["checked_value", "item_of_json", "number", "plain_json", "read_json", "value_of", "value_of_json"]

_TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})
_DEEPEST = 32
"""Levels of nesting that DynamoDB takes (Developer Guide, "Service, account, and table quotas")."""


class _Number(str):
    """A number's digits, as they were typed."""

    __slots__ = ()


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of DynamoDB's")


_DECODER = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_no_number)


def read_json(text: str, at: int = 0) -> tuple[object, int]:
    """The JSON value that begins at ``at``, and where it ends. Raises ValueError, whose words never quote the text."""
    try:
        found, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg.removesuffix(' starting at')} at column {error.pos + 1}") from None
    except RecursionError:
        raise ValueError(f"nested deeper than the {_DEEPEST} levels that DynamoDB takes") from None
    return found, end


def value_of(json_value: object, depth: int = 0) -> Value:
    """The DynamoDB value of a JSON value: text S, number N, list L, object M. Raises ValueError."""
    if depth > _DEEPEST:
        raise ValueError(f"nested deeper than the {_DEEPEST} levels that DynamoDB takes")
    if isinstance(json_value, _Number):
        return {"N": number(json_value)}
    if isinstance(json_value, str):
        return {"S": _text(json_value)}
    if isinstance(json_value, bool):
        return {"BOOL": json_value}
    if json_value is None:
        return {"NULL": True}
    if isinstance(json_value, list):
        return {"L": [value_of(each, depth + 1) for each in json_value]}
    assert isinstance(json_value, dict)
    return {"M": {_text(name): value_of(each, depth + 1) for name, each in json_value.items()}}


def value_of_json(text: str) -> Value:
    """The value of a whole text: JSON, or DynamoDB's own form of a value (``{"SS": ["a"]}``) after ``dynamodb:``."""
    typed = text.startswith("dynamodb:")
    body = text.removeprefix("dynamodb:")
    found, end = read_json(body.strip())
    if body.strip()[end:].strip():
        raise ValueError(f"more follows the value at column {end + 1}")
    return checked_value(found) if typed else value_of(found)


def checked_value(value: object, depth: int = 0) -> Value:
    """A value that is in DynamoDB's own form already. Raises ValueError."""
    if not isinstance(value, dict) or len(value) != 1 or depth > _DEEPEST:
        raise ValueError('not a value of DynamoDB\'s JSON, such as {"S": "text"}')
    ((kind, held),) = value.items()
    if kind not in _TYPES:
        raise ValueError("a type is none of " + ", ".join(sorted(_TYPES)))
    if isinstance(held, str) and not isinstance(held, _Number) and kind in ("S", "N", "B"):
        return {kind: _scalar(kind, held)}
    if (kind == "BOOL" and isinstance(held, bool)) or (kind == "NULL" and held is True):
        return {kind: held}
    if kind == "M" and isinstance(held, dict):
        return {kind: {_text(name): checked_value(each, depth + 1) for name, each in held.items()}}
    if kind == "L" and isinstance(held, list):
        return {kind: [checked_value(each, depth + 1) for each in held]}
    if kind in ("SS", "NS", "BS") and isinstance(held, list) and held and all(type(each) is str for each in held):
        return {kind: [_scalar(kind[0], each) for each in held]}
    raise ValueError(f"a value of type {kind} does not hold what that type holds")


def _scalar(kind: str, text: str) -> str:
    return {"S": _text, "N": number, "B": _base64}[kind](text)


def _base64(text: str) -> str:
    try:
        b64decode(text, validate=True)
    except ValueError:
        raise ValueError("binary values are written in base64") from None
    return text


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is no text") from None
    return text


def number(text: str) -> str:
    """A number in plain notation, as DynamoDB takes it. Raises ValueError beyond 38 digits or its magnitudes."""
    try:
        found = Decimal(text.strip()) if text.isascii() and "_" not in text else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise ValueError("not a number")
    significant = "".join(map(str, found.as_tuple().digits)).strip("0")
    if len(significant) > 38 or (significant and not -130 <= found.adjusted() <= 125):
        raise ValueError("not a number of DynamoDB's: 38 digits, from 1E-130 to 9.99E+125")
    if not significant:
        return "0"
    shown = f"{found:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def item_of_json(text: str, *, typed: bool) -> Item:
    """An item of a JSON object; ``typed``: in DynamoDB's own form. Raises UsageError, whose words never quote the text."""
    try:
        found, end = read_json(text.strip())
        if text.strip()[end:].strip():
            raise ValueError("more follows the object")
        if not isinstance(found, dict):
            raise ValueError("not an object")
        if typed:
            inner = found["Item"] if set(found) == {"Item"} and isinstance(found["Item"], dict) else found
            return {_text(name): _at(name, checked_value, each) for name, each in inner.items()}
        return {_text(name): _at(name, value_of, each) for name, each in found.items()}
    except ValueError as error:
        raise UsageError(
            "malformed-item",
            "The item is malformed",
            f'{error}. An item is a JSON object, as {{"id": "a", "n": 5}}; '
            'with --typed DynamoDB\'s own JSON, as {"id": {"S": "a"}, "n": {"N": "5"}}.',
        ) from None


def _at(name: str, read: Any, value: object) -> Value:
    try:
        found: Value = read(value)
    except ValueError as error:
        raise ValueError(f"attribute {name!r}: {error}") from None
    return found


def plain_json(value: Value, *, ascii_only: bool = False) -> str:
    """A value as plain JSON text: numbers with all their digits, sets as lists, binary as base64."""
    ((kind, held),) = value.items()

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=ascii_only)

    def shown(each: Mapping[str, Any]) -> str:
        return plain_json(each, ascii_only=ascii_only)

    match kind:
        case "N":
            return _json_number(held)
        case "BOOL":
            return "true" if held else "false"
        case "NULL":
            return "null"
        case "L":
            return f"[{','.join(map(shown, held))}]"
        case "M":
            return "{" + ",".join(f"{quoted(name)}:{shown(each)}" for name, each in held.items()) + "}"
        case "NS":
            return f"[{','.join(_json_number(each) for each in sorted(held, key=Decimal))}]"
        case "SS" | "BS":
            return f"[{','.join(map(quoted, sorted(held)))}]"
    return quoted(str(held))


def _json_number(text: str) -> str:
    return f"{Decimal(text):f}"
