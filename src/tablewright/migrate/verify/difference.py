"""How one item differs between two sides, with its attributes' values or, unless they are asked for, without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tablewright.migrate.items.canonical import canonical_value, same_value
from tablewright.migrate.items.size import value_size

__all__ = ["KINDS", "AttributeDifference", "Difference", "as_line", "difference"]

KINDS = {
    "missing": "the source has it, and the target does not",
    "extra": "the target has it, and the source does not",
    "different": "both have it, with other attributes",
    "ambiguous": "the transform makes several items of this key, of which the target can hold one",
}
"""What may be the matter with one key."""

Item = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class AttributeDifference:
    """One attribute; None where a side has none of that name. The source's is what the transform made."""

    name: str
    source: Mapping[str, Any] | None
    target: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One key whose items differ. ``key`` is the target's, in DynamoDB's JSON."""

    kind: str
    key: Item
    attributes: tuple[AttributeDifference, ...] = field(default=())


def difference(key: Item, source: Sequence[Item], target: Item | None) -> Difference | None:
    """How the items under a key differ; None where they are the same. ``source``: what the transform makes of this key."""
    if len(source) > 1 and any(_differing(source[0], other) for other in source[1:]):
        return Difference("ambiguous", key)
    if not source:
        return None if target is None else Difference("extra", key)
    if target is None:
        return Difference("missing", key)
    found = _differing(source[0], target)
    return Difference("different", key, found) if found else None


def as_line(found: Difference, *, values: bool, keyed: bool = True) -> bytes:
    """The difference as one JSON object and a line's end. Without ``values``, types and sizes stand for them; the key is told.

    ``keyed`` False: the key is the whole item, because nothing less tells it apart from others.
    """
    show = _value if values else _redacted
    key = found.key if keyed else {name: show(value) for name, value in found.key.items()}
    told: dict[str, object] = {"kind": found.kind, "key": key}
    if found.attributes:
        told["attributes"] = {a.name: {"source": show(a.source), "target": show(a.target)} for a in found.attributes}
    return orjson.dumps(told) + b"\n"


def _differing(one: Item, other: Item) -> tuple[AttributeDifference, ...]:
    found = []
    for name in sorted({**one, **other}):
        mine, theirs = one.get(name), other.get(name)
        if mine is None or theirs is None or not same_value(mine, theirs):
            found.append(AttributeDifference(name, mine, theirs))
    return tuple(found)


def _value(value: Mapping[str, Any] | None) -> object:
    return None if value is None else canonical_value(value)


def _redacted(value: Mapping[str, Any] | None) -> object:
    return None if value is None else {"type": next(iter(value)), "bytes": value_size(value)}
