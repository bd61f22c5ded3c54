"""Each declared operation as one step on an item whose attribute values are still the bytes of their JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import orjson
from msgspec import Raw

from tablewright.migrate.items.canonical import canonical_value
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
    When,
)
from tablewright.migrate.transform.protocol import TransformError
from tablewright.migrate.transform.raw import convert, json_text, scalar, string_value
from tablewright.migrate.transform.template import Reference, Template

__all__ = ["Attributes", "Step", "needed", "step_of", "text_of"]

Attributes: TypeAlias = dict[str, Raw]
Step: TypeAlias = Callable[[Attributes], None]


def step_of(operation: Operation, *, in_place: bool) -> Step:
    """The step, which changes the item that it is given or raises TransformError.

    ``in_place``: an item that has been through it already is left as it is, so that the step may be repeated.
    """
    step = _plain_step(operation, in_place)
    return _guarded(step, operation.when) if operation.when else step


def _plain_step(operation: Operation, in_place: bool) -> Step:
    match operation:
        case Rename(source, target):
            return _rename(source, target, in_place)
        case Drop(name):
            return lambda item: _forget(item, name)
        case Set(name, value):
            set_to = Raw(value.encode())
            return lambda item: item.__setitem__(name, set_to)
        case Default(name, value):
            default = Raw(value.encode())
            return lambda item: _default(item, name, default)
        case Add(name, value):
            return _add(name, Raw(value.encode()), in_place)
        case Retype(name, target, source):
            return _retype(name, target, source, in_place)
        case Compose(name, template):
            return _compose(name, template, in_place)
        case Extract(source, template):
            return _extract(source, template, in_place)
        case Split(name, into, by):
            return _split(name, into, by.encode(), in_place)
        case Merge(names, into, by):
            return _merge(names, into, by.encode(), in_place)


def _guarded(step: Step, when: When) -> Step:
    equals = [(name, value.encode()) for name, value in when.equals]

    def guarded(item: Attributes) -> None:
        for name, value in equals:
            if name not in item or _canonical(bytes(item[name])) != value:
                return
        if all(name in item for name in when.exists) and not any(name in item for name in when.missing):
            step(item)

    return guarded


def _canonical(value: bytes) -> bytes:
    return orjson.dumps(canonical_value(orjson.loads(value)), option=orjson.OPT_SORT_KEYS)


def _must_be_free(item: Attributes, name: str) -> None:
    if name in item:
        raise TransformError(f"attribute {name!r} is there already, and would be overwritten")


def _forget(item: Attributes, name: str) -> None:
    item.pop(name, None)


def _default(item: Attributes, name: str, value: Raw) -> None:
    item.setdefault(name, value)


def _rename(source: str, target: str, in_place: bool) -> Step:
    def rename(item: Attributes) -> None:
        if source in item:
            _must_be_free(item, target)
            item[target] = item.pop(source)
        elif not in_place:
            _must_be_free(item, target)

    return rename


def _add(name: str, value: Raw, in_place: bool) -> Step:
    def add(item: Attributes) -> None:
        if name in item and not (in_place and _canonical(bytes(item[name])) == bytes(value)):
            _must_be_free(item, name)
        item[name] = value

    return add


def _retype(name: str, target: str, source: str | None, in_place: bool) -> Step:
    def retype(item: Attributes) -> None:
        if name not in item:
            return
        value = bytes(item[name])
        if in_place and target in orjson.loads(value):
            return
        item[name] = Raw(convert(name, value, target, source))

    return retype


def _composer(template: Template) -> Callable[[Attributes], bytes]:
    """What makes the value of a composed attribute, in its JSON."""
    if template.copied is not None:
        copied = template.copied
        return lambda item: bytes(needed(item, copied))
    pieces = [piece if isinstance(piece, Reference) else json_text(piece.encode()) for piece in template.pieces]
    return lambda item: b'{"S":"' + b"".join([p if isinstance(p, bytes) else _padded(item, p) for p in pieces]) + b'"}'


def _compose(name: str, template: Template, in_place: bool) -> Step:
    made = _composer(template)
    itself = name in template.references

    def composed(item: Attributes) -> None:
        if not itself:
            if in_place and name in item and any(reference not in item for reference in template.references):
                return  # it was composed before, and what it was made of dropped since
            if not in_place:
                _must_be_free(item, name)
        item[name] = Raw(made(item))

    return composed


def needed(item: Attributes, name: str) -> Raw:
    """The attribute's value; TransformError without it."""
    try:
        return item[name]
    except KeyError:
        raise TransformError(f"attribute {name!r} is missing, and a composed attribute needs it") from None


def text_of(item: Attributes, name: str) -> bytes:
    """The text of a string or number as it may stand in a JSON string."""
    kind, text = scalar(bytes(needed(item, name)))
    if kind == "S":
        return json_text(text)
    if kind == "N":
        return text
    raise TransformError(f"attribute {name!r} is neither a string nor a number, and a composed attribute needs one")


def _padded(item: Attributes, reference: Reference) -> bytes:
    text = text_of(item, reference.name)
    if not reference.width:
        return text
    if not re.fullmatch(rb"[0-9]+", text) or len(text) > reference.width:
        raise TransformError(f"attribute {reference.name!r} is not a whole number of at most {reference.width} digits")
    return text.zfill(reference.width)


def _extract(source: str, template: Template, in_place: bool) -> Step:
    names = template.references
    pattern = re.compile(
        b"".join(b"(.+?)" if isinstance(p, Reference) else re.escape(p.encode()) for p in template.pieces), re.DOTALL
    )

    def extract(item: Attributes) -> None:
        if source not in item:
            return
        if in_place and source not in names and all(name in item for name in names):
            return
        kind, text = scalar(bytes(item[source]))
        found = pattern.fullmatch(text) if kind == "S" else None
        if found is None:
            raise TransformError(f"attribute {source!r} does not read like {template.text}")
        for name, part in zip(names, found.groups(), strict=True):
            if name != source:
                _must_be_free(item, name)
            item[name] = Raw(string_value(part))

    return extract


def _split(name: str, into: tuple[str, ...], by: bytes, in_place: bool) -> Step:
    def split(item: Attributes) -> None:
        if name not in item:
            if not in_place:
                for part in into:
                    if part != name:
                        _must_be_free(item, part)
            return
        kind, text = scalar(bytes(item.pop(name)))
        parts = text.split(by, len(into) - 1) if kind == "S" else []
        if len(parts) < len(into):
            raise TransformError(
                f"attribute {name!r} is no string of {len(into)} parts with {by.decode()!r} between them"
            )
        for part, value in zip(into, parts, strict=True):
            _must_be_free(item, part)
            item[part] = Raw(string_value(value))

    return split


def _merge(names: tuple[str, ...], into: str, by: bytes, in_place: bool) -> Step:
    separator = json_text(by)

    def merge(item: Attributes) -> None:
        if not any(name in item for name in names):
            if not in_place:
                _must_be_free(item, into)
            return
        text = separator.join([text_of(item, name) for name in names])
        for name in names:
            del item[name]
        _must_be_free(item, into)
        item[into] = Raw(b'{"S":"' + text + b'"}')

    return merge
