"""Conditions on items as values, and how they become DynamoDB's expressions: every name and value a placeholder.

Nothing that a person typed ever stands in the text of an expression, so reserved words, dots, spaces and quotes in names and
values mean nothing there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tablewright.items.literal import plain_json
from tablewright.model.items import Value

Path: TypeAlias = tuple[str | int, ...]
"""An attribute, and what is inside it: names of a map's entries, places in a list."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value of an attribute."""

    path: Path


@dataclass(frozen=True, slots=True)
class Size:
    """Its size: characters, bytes or elements (Developer Guide, "Condition and filter expressions")."""

    path: Path


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that was given."""

    value: Value


Operand: TypeAlias = Attribute | Size | Literal


@dataclass(frozen=True, slots=True)
class Compare:
    """``operator`` is one of = <> < <= > >=."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends belong to it."""

    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    """Equal to one of these."""

    operand: Operand
    options: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """``function`` is one of FUNCTIONS; ``argument`` where it takes one."""

    function: str
    path: Path
    argument: Operand | None = None


@dataclass(frozen=True, slots=True)
class Not:
    """Its opposite."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Every:
    """All of them hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of them holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = "Compare | Between | In | Call | Not | Every | Some"

COMPARATORS = ("<=", ">=", "<>", "=", "<", ">")
FUNCTIONS = {
    "attribute_exists": False,
    "attribute_not_exists": False,
    "attribute_type": True,
    "begins_with": True,
    "contains": True,
}
"""Function -> whether it takes an argument beside the attribute."""


@dataclass(slots=True)
class Placeholders:
    """Names and values on their way into one request."""

    names: dict[str, str] = field(default_factory=dict)
    values: list[Value] = field(default_factory=list)

    def name(self, name: str) -> str:
        """The placeholder of a name, always the same."""
        return self.names.setdefault(name, f"#n{len(self.names)}")

    def value(self, value: Value) -> str:
        """The placeholder of a value."""
        if value not in self.values:
            self.values.append(value)
        return f":v{self.values.index(value)}"

    def path(self, path: Path) -> str:
        """A document path."""
        text = ""
        for part in path:
            text += f"[{part}]" if isinstance(part, int) else ("." if text else "") + self.name(part)
        return text

    def members(self) -> dict[str, Any]:
        """ExpressionAttributeNames and ExpressionAttributeValues, which may not be sent empty."""
        found: dict[str, Any] = {}
        if self.names:
            found["ExpressionAttributeNames"] = {mark: name for name, mark in self.names.items()}
        if self.values:
            found["ExpressionAttributeValues"] = {f":v{at}": value for at, value in enumerate(self.values)}
        return found


def expression(condition: Condition, into: Placeholders) -> str:
    """The condition as an expression of DynamoDB's."""
    match condition:
        case Compare(operator, left, right):
            return f"{_operand(left, into)} {operator} {_operand(right, into)}"
        case Between(operand, low, high):
            return f"{_operand(operand, into)} BETWEEN {_operand(low, into)} AND {_operand(high, into)}"
        case In(operand, options):
            return f"{_operand(operand, into)} IN ({', '.join(_operand(each, into) for each in options)})"
        case Call(function, path, argument):
            rest = "" if argument is None else f", {_operand(argument, into)}"
            return f"{function}({into.path(path)}{rest})"
        case Not(inner):
            return f"NOT ({expression(inner, into)})"
        case Every(parts):
            return " AND ".join(f"({expression(part, into)})" for part in parts)
        case Some(parts):
            return " OR ".join(f"({expression(part, into)})" for part in parts)


def _operand(operand: Operand, into: Placeholders) -> str:
    match operand:
        case Attribute(path):
            return into.path(path)
        case Size(path):
            return f"size({into.path(path)})"
        case Literal(value):
            return into.value(value)


BARE_NAME = re.compile(r"[^\W\d][\w-]*")
WORDS = frozenset(
    {"and", "or", "not", "between", "in", "begins_with", "contains", "exists", "missing", "true", "false", "null"}
)
"""Words of the short form; an attribute of such a name is written in backticks."""


def written(condition: Condition) -> str:
    """The condition in the form that a person types: reading it gives the same condition."""
    match condition:
        case Compare(operator, left, right):
            return f"{_typed(left)} {operator} {_right(right)}"
        case Between(operand, low, high):
            return f"{_typed(operand)} between {_right(low)} and {_right(high)}"
        case In(operand, options):
            return f"{_typed(operand)} in ({', '.join(map(_right, options))})"
        case Call(function, path, argument):
            rest = "" if argument is None else f", {_right(argument)}"
            return f"{function}({written_path(path)}{rest})"
        case Not(inner):
            return f"not ({written(inner)})"
        case Every(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Some(parts):
            return " or ".join(f"({written(part)})" for part in parts)


def _right(operand: Operand) -> str:
    return written_path(operand.path, ticked=True) if isinstance(operand, Attribute) else _typed(operand)


def _typed(operand: Operand) -> str:
    match operand:
        case Attribute(path):
            return written_path(path)
        case Size(path):
            return f"size({written_path(path)})"
        case Literal(value):
            return plain_json(value)


def written_path(path: Path, *, ticked: bool = False) -> str:
    """A path as a person types it; ``ticked``: its first name in backticks in any case."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            plain = BARE_NAME.fullmatch(part) and part.lower() not in WORDS and not (ticked and not text)
            text += ("." if text else "") + (part if plain else f"`{part.replace('`', '``')}`")
    return text
