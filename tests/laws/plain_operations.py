"""The declared operations once more, done the plain way, on parsed values: what the compiled ones must equal."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from tablewright.migrate.items.numbers import canonical_number
from tablewright.migrate.items.values import encode_value, plain_value
from tablewright.migrate.transform.operations import (
    Add,
    Compose,
    Default,
    Drop,
    Extract,
    Merge,
    Operation,
    Rename,
    Retype,
    Set,
    Split,
)
from tablewright.migrate.transform.template import Template

Item = dict[str, Any]


class Refusal(Exception):
    """The item is set aside."""


def done(operation: Operation, item: Item) -> Item:
    """A new item of plain values."""
    when = operation.when
    if not (
        all(name in item and _same(item[name], orjson.loads(value)) for name, value in when.equals)
        and all(name in item for name in when.exists)
        and not any(name in item for name in when.missing)
    ):
        return item
    new = dict(item)
    match operation:
        case Rename(source, target):
            _free(item, target)
            return {target if name == source else name: value for name, value in item.items()}
        case Drop(name):
            new.pop(name, None)
        case Set(name, value):
            new[name] = plain_value(orjson.loads(value))
        case Default(name, value):
            new.setdefault(name, plain_value(orjson.loads(value)))
        case Add(name, value):
            _free(item, name)
            new[name] = plain_value(orjson.loads(value))
        case Retype(name, target, source):
            if name in item:
                new[name] = _retyped(item[name], target, source)
        case Compose(name, template):
            if name not in template.references:
                _free(item, name)
            new[name] = _filled(template, item)
        case Extract(source, template):
            if source in item:
                for name, text in _taken(template, item[source]).items():
                    if name != source:
                        _free(item, name)
                    new[name] = text
        case Split(name, into, by):
            if name not in item:
                for part in into:
                    if part != name:
                        _free(item, part)
                return item
            text = new.pop(name)
            parts = text.split(by, len(into) - 1) if isinstance(text, str) else []
            if len(parts) < len(into):
                raise Refusal
            for part, value in zip(into, parts, strict=True):
                _free(new, part)
                new[part] = value
        case Merge(names, into, by):
            if not any(name in item for name in names):
                _free(item, into)
                return item
            new = {name: value for name, value in item.items() if name not in names}
            _free(new, into)
            new[into] = by.join(_text(item, name) for name in names)
    return new


def _free(item: Item, name: str) -> None:
    if name in item:
        raise Refusal


def _same(value: Any, wire: dict[str, Any]) -> bool:
    other = plain_value(wire)
    return bool(value == other) and next(iter(encode_value(value))) == next(iter(wire))


def _text(item: Item, name: str) -> str:
    value = item.get(name)
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    raise Refusal


def _filled(template: Template, item: Item) -> Any:
    if template.copied is not None:
        if template.copied not in item:
            raise Refusal
        return item[template.copied]
    made = ""
    for piece in template.pieces:
        if isinstance(piece, str):
            made += piece
            continue
        text = _text(item, piece.name)
        if piece.width and (not text.isascii() or not text.isdigit() or len(text) > piece.width):
            raise Refusal
        made += text.rjust(piece.width, "0")
    return made


def _taken(template: Template, value: Any) -> dict[str, str]:
    """For templates of the shape prefix, reference, suffix."""
    (name,) = template.references
    prefix, _, suffix = template.text.partition(f"{{{name}}}")
    if not isinstance(value, str) or not value.startswith(prefix) or not value.endswith(suffix):
        raise Refusal
    middle = value[len(prefix) : len(value) - len(suffix)]
    if len(value) <= len(prefix) + len(suffix):
        raise Refusal
    return {name: middle}


def _retyped(value: Any, target: str, source: str | None) -> Any:
    kind = next(iter(encode_value(value)))
    if source is not None and kind != source:
        raise Refusal
    if kind == target:
        return value
    try:
        match kind, target:
            case "S", "N":
                if not value.strip().isascii() or "_" in value:
                    raise Refusal
                return Decimal(canonical_number(value.strip()))
            case "N", "S":
                return canonical_number(str(value))
            case "S", "B":
                return value.encode()
            case "B", "S":
                return value.decode()
            case "S", "BOOL":
                return {"true": True, "false": False}[value.lower()]
            case "N", "BOOL":
                return {0: False, 1: True}[value]
            case "BOOL", "S":
                return "true" if value else "false"
            case "BOOL", "N":
                return Decimal(int(value))
            case "L", "SS" | "NS" | "BS":
                if (
                    not value
                    or {next(iter(encode_value(each))) for each in value} != {target[0]}
                    or len(set(value)) < len(value)
                ):
                    raise Refusal
                return set(value)
            case "SS" | "NS" | "BS", "L":
                return sorted(value, key=lambda each: b64encode(each) if isinstance(each, bytes) else each)
    except (ValueError, KeyError, InvalidOperation):
        raise Refusal from None
    raise Refusal
