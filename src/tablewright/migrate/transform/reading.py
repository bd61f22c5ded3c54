"""A transform file's text (TOML or YAML) as declared operations.

One table ``[[operation]]`` a step, with one operation in it, which may be for several attributes, and ``when``::

    [[operation]]
    key = { PK = "SESSION#{sessionId}", SK = "META" }

    [[operation]]
    default = { status = "open" }
    when = { missing = ["closedAt"] }
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from tablewright.errors import UsageError
from tablewright.migrate.items.canonical import canonical_value
from tablewright.migrate.items.values import ValueRefused, encode_value, plain_value
from tablewright.migrate.transform.operations import (
    ALWAYS,
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
from tablewright.migrate.transform.template import parse_template

__all__ = ["KINDS", "canonical_json", "malformed", "read_operations", "retype_of"]

KINDS = ("key", "rename", "drop", "set", "default", "add", "retype", "split", "merge", "extract")
_VALUED: Mapping[str, Callable[[str, str, When], Operation]] = {"set": Set, "default": Default, "add": Add}


def read_operations(text: str, *, form: str = "toml", name: str = "transform") -> tuple[Operation, ...]:
    """The operations of a transform file; ``form`` is toml or yaml, ``name`` is what messages call it. Raises UsageError."""
    document = _toml(text, name) if form == "toml" else _yaml(text, name)
    if (
        not isinstance(document, Mapping)
        or set(document) != {"operation"}
        or not isinstance(document["operation"], list)
    ):
        raise malformed(
            f"{name} must hold a list of operations and nothing else: [[operation]] tables, as in {_EXAMPLE}."
        )
    made: list[Operation] = []
    for number, table in enumerate(document["operation"], start=1):
        made += _operations(table, f"{name}, operation {number}")
    if not made:
        raise malformed(f"{name} holds no operation.")
    return tuple(made)


_EXAMPLE = '[[operation]] key = { PK = "SESSION#{sessionId}" }'


def _toml(text: str, name: str) -> Any:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise malformed(f"{name} is not TOML: {error}.") from None


def _yaml(text: str, name: str) -> Any:
    import yaml

    class Exact(yaml.SafeLoader):  # type: ignore[misc]
        """Numbers stay the digits that they are."""

    Exact.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(loader.construct_scalar(node)))
    try:
        return yaml.load(text, Exact)
    except (yaml.YAMLError, ArithmeticError) as error:
        raise malformed(f"{name} is not YAML: {' '.join(str(error).split())}.") from None


def _operations(table: Any, where: str) -> list[Operation]:
    if not isinstance(table, Mapping):
        raise malformed(f"{where} is not a table.")
    kinds = [key for key in table if key != "when"]
    if len(kinds) != 1:
        raise malformed(
            f"{where} must hold one operation beside `when`, and holds {len(kinds)}: {', '.join(kinds) or 'none'}."
        )
    (kind,) = kinds
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 1)
        raise malformed(
            f"{where}: there is no operation {kind!r}."
            + (f" Did you mean {near[0]}?" if near else f" There are {', '.join(KINDS)}.")
        )
    when = _when(table["when"], where) if "when" in table else ALWAYS
    told = table[kind]
    if kind == "drop":
        return [Drop(name, when) for name in _names(told, f"{where}: drop")]
    if not isinstance(told, Mapping) or not told:
        raise malformed(f"{where}: {kind} must be a table of attribute names, as in {_SHAPES[kind]}.")
    return [_operation(kind, name, value, when, f"{where}: {kind} {name}") for name, value in told.items()]


_SHAPES = {
    "key": '{ PK = "SESSION#{sessionId}" }',
    "rename": '{ old = "new" }',
    "set": "{ version = 2 }",
    "default": '{ status = "open" }',
    "add": "{ version = 2 }",
    "retype": '{ score = "N" } or { score = "S:N" }',
    "split": '{ name = { into = ["first", "last"], by = " " } }',
    "merge": '{ name = { from = ["first", "last"], by = " " } }',
    "extract": '{ PK = "SESSION#{sessionId}" }',
}


def _operation(kind: str, name: str, value: Any, when: When, where: str) -> Operation:
    if kind in _VALUED:
        return _VALUED[kind](name, canonical_json(value, where), when)
    if kind in ("split", "merge"):
        parts = "into" if kind == "split" else "from"
        if not isinstance(value, Mapping) or set(value) != {parts, "by"} or not isinstance(value["by"], str):
            raise malformed(f"{where} is written {_SHAPES[kind]}.")
        names = _names(value[parts], where)
        return Split(name, names, value["by"], when) if kind == "split" else Merge(names, name, value["by"], when)
    if not isinstance(value, str):
        raise malformed(f"{where} must be a string, as in {_SHAPES[kind]}.")
    match kind:
        case "rename":
            return Rename(name, value, when)
        case "retype":
            return retype_of(name, value, when)
        case "extract":
            return Extract(name, parse_template(value), when)
    return Compose(name, parse_template(value), when)


def retype_of(name: str, text: str, when: When = ALWAYS) -> Retype:
    """``N``, or ``S:N`` for from S alone."""
    source, _, target = text.rpartition(":")
    return Retype(name, target.upper(), source.upper() or None, when)


def canonical_json(value: Any, where: str) -> str:
    """A value as it is written in a file, in DynamoDB's JSON; a table with ``dynamodb`` alone holds that JSON itself."""
    try:
        if isinstance(value, Mapping) and set(value) == {"dynamodb"} and isinstance(value["dynamodb"], str):
            wire = orjson.loads(value["dynamodb"])
            wire = encode_value(plain_value(wire))  # refuses what is none
        else:
            wire = encode_value(value)
    except (ValueRefused, orjson.JSONDecodeError) as refused:
        raise malformed(f"{where}: {refused}.") from None
    return orjson.dumps(canonical_value(wire), option=orjson.OPT_SORT_KEYS).decode()


def _when(told: Any, where: str) -> When:
    if not isinstance(told, Mapping) or not told or not set(told) <= {"equals", "exists", "missing"}:
        raise malformed(
            f'{where}: `when` takes equals, exists and missing, as in {{ equals = {{ type = "session" }}, missing = ["a"] }}.'
        )
    equals = told.get("equals", {})
    if not isinstance(equals, Mapping):
        raise malformed(f"{where}: `when.equals` must be a table of attributes and values.")
    return When(
        tuple((name, canonical_json(value, f"{where}: when {name}")) for name, value in equals.items()),
        _names(told.get("exists", []), f"{where}: when exists"),
        _names(told.get("missing", []), f"{where}: when missing"),
    )


def _names(told: Any, where: str) -> tuple[str, ...]:
    names = [told] if isinstance(told, str) else told
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise malformed(f'{where} must name attributes, as in ["one", "other"].')
    return tuple(names)


def malformed(detail: str) -> UsageError:
    """The error of a transform that cannot be read."""
    return UsageError("transform-malformed", "The transform cannot be read", detail)
