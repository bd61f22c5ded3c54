"""Declared operations in the short forms of a command line.

They are done in the order key, extract, split, merge, retype, rename, set, default, add, drop, however they are typed; a file
says any other. An attribute's name may hold no ``=`` here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from tablewright.migrate.transform.operations import (
    Add,
    Compose,
    Default,
    Drop,
    Extract,
    Merge,
    Operation,
    Rename,
    Set,
    Split,
)
from tablewright.migrate.transform.reading import canonical_json, malformed, retype_of
from tablewright.migrate.transform.template import parse_template

__all__ = ["FORMS", "from_flags"]

FORMS: Mapping[str, str] = {
    "key": "PK=SESSION#{sessionId}",
    "extract": "PK=SESSION#{sessionId}",
    "split": "name=first,last@SEPARATOR",
    "merge": "name=first,last@SEPARATOR",
    "retype": "attribute:TYPE or attribute:FROM:TYPE",
    "rename": "old=new",
    "set": "attribute=value or attribute:TYPE=value",
    "default": "attribute=value or attribute:TYPE=value",
    "add": "attribute=value or attribute:TYPE=value",
    "drop": "attribute",
}
"""Flag -> how its value is written, in the order in which they are done."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TYPED = re.compile(r"(?P<name>.+):(?P<type>S|N|B|BOOL|NULL|SS|NS|BS|L|M)")


def from_flags(given: Mapping[str, Sequence[str]]) -> tuple[Operation, ...]:
    """The operations of the given flags, by their names in ``FORMS``. Raises UsageError."""
    return tuple(_READ[flag](text) for flag in FORMS for text in given.get(flag, ()))


def _pair(flag: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise malformed(f"--{flag} {text!r} is written {FORMS[flag]}.")
    return name, value


def _rename(text: str) -> Operation:
    return Rename(*_pair("rename", text))


def _key(text: str) -> Operation:
    name, template = _pair("key", text)
    return Compose(name, parse_template(template))


def _extract(text: str) -> Operation:
    name, template = _pair("extract", text)
    return Extract(name, parse_template(template))


def _parts(flag: str, text: str) -> tuple[str, tuple[str, ...], str]:
    name, told = _pair(flag, text)
    names, at, by = told.partition("@")
    if not at:
        raise malformed(f"--{flag} {text!r} is written {FORMS[flag]}.")
    return name, tuple(names.split(",")), by


def _split(text: str) -> Operation:
    return Split(*_parts("split", text))


def _merge(text: str) -> Operation:
    name, names, by = _parts("merge", text)
    return Merge(names, name, by)


def _retype(text: str) -> Operation:
    found = re.fullmatch(r"(?P<name>.+?):(?P<types>[A-Za-z]+(:[A-Za-z]+)?)", text)
    if found is None:
        raise malformed(f"--retype {text!r} is written {FORMS['retype']}.")
    return retype_of(found["name"], found["types"])


def _valued(flag: str, kind: Callable[[str, str], Operation]) -> Callable[[str], Operation]:
    def read(text: str) -> Operation:
        name, value = _pair(flag, text)
        typed = _TYPED.fullmatch(name)
        told: Any = _forced(typed["type"], value, f"--{flag} {text!r}") if typed else _guessed(value)
        return kind(typed["name"] if typed else name, canonical_json(told, f"--{flag} {text}"))

    return read


def _guessed(text: str) -> Any:
    """A value without a type: true, false, null and numbers are those, JSON is what it says, and any other text is a string."""
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    if text in ("true", "false", "null") or text[:1] in ('"', "{", "["):
        try:
            return _exact(text)
        except ValueError:
            return text
    return text


def _exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def _forced(kind: str, text: str, where: str) -> Any:
    held: Any = text
    try:
        if kind == "BOOL":
            held = {"true": True, "false": False}[text]
        elif kind == "NULL":
            held = True
        elif kind in ("SS", "NS", "BS"):
            held = text.split(",")
        elif kind in ("L", "M"):
            return _exact(text)
    except (KeyError, ValueError):
        raise malformed(f"{where}: {text!r} is no {kind}.") from None
    return {"dynamodb": orjson.dumps({kind: held}).decode()}


_READ: Mapping[str, Callable[[str], Operation]] = {
    "key": _key,
    "extract": _extract,
    "split": _split,
    "merge": _merge,
    "retype": _retype,
    "rename": _rename,
    "set": _valued("set", Set),
    "default": _valued("default", Default),
    "add": _valued("add", Add),
    "drop": Drop,
}
