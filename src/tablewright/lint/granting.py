"""What the resources of a statement cover."""

from __future__ import annotations

from tablewright.lint.stack import Stack
from tablewright.lint.statements import Pattern, Policies, Statement
from tablewright.lint.table import Table
from tablewright.model.actions import BACKUP, EXPORT, GLOBAL, IMPORT, INDEX, STREAM, TABLE
from tablewright.template.resolve import Reference

_BELOW = frozenset({INDEX, STREAM, BACKUP, EXPORT, IMPORT})
_ALL = _BELOW | {TABLE, GLOBAL}


def covered_types(statement: Statement) -> frozenset[str] | None:
    """The types of resources that a statement names; None where that is everything, or cannot be known."""
    if not statement.whole or statement.not_resources or not statement.resources:
        return None
    found = frozenset[str]()
    for pattern in statement.resources:
        types = pattern_types(pattern)
        if types is None or types == _ALL:
            return None
        found |= types
    return found


def pattern_types(pattern: Pattern) -> frozenset[str] | None:
    """The types of resources that one pattern can match; None where that cannot be known."""
    if not pattern.known:
        return None
    if pattern.parts and isinstance(pattern.parts[0], Reference):
        first = pattern.parts[0]
        if first.attribute == "StreamArn":
            return frozenset({STREAM})
        if first.attribute != "Arn" or not all(isinstance(part, str) for part in pattern.parts[1:]):
            return None
        return _below("".join(str(part) for part in pattern.parts[1:]))
    arn = pattern.arn
    if arn is None:
        return None
    named = arn[2]
    if named.startswith("global-table/"):
        return frozenset({GLOBAL})
    if not named.startswith("table/"):
        return None
    name, slash, rest = named.removeprefix("table/").partition("/")
    if "*" in name and not slash and name.endswith("*"):
        return _ALL
    return _below(slash + rest)


def _below(rest: str) -> frozenset[str] | None:
    """What follows a table's ARN: nothing, ``/index/…``, ``/stream/…`` or a wildcard."""
    if not rest:
        return frozenset({TABLE})
    if rest == "*":
        return _ALL
    for type_ in (INDEX, STREAM, BACKUP, EXPORT, IMPORT):
        if rest.startswith(f"/{type_}"):
            return frozenset({type_})
    return _BELOW if rest.startswith("/*") else None


def tables_named(policies: Policies, pattern: Pattern) -> list[tuple[Table, str]]:
    """The tables of the checked templates that a pattern matches, each with what follows its ARN."""
    stacks = (policies.stack,) if policies.stack is not None else policies.siblings
    found = []
    for stack in stacks:
        for table in stack.tables:
            rest = _rest(stack, table, pattern, policies.stack is not None)
            if rest is not None:
                found.append((table, rest))
    return found


def _rest(stack: Stack, table: Table, pattern: Pattern, own: bool) -> str | None:
    reference = pattern.table_reference()
    if reference is not None:
        return reference[1] if own and reference[0] == table.logical_id else None
    arn = pattern.arn
    if arn is None or not arn[2].startswith("table/"):
        return None
    name, slash, rest = arn[2].removeprefix("table/").partition("/")
    if own and name == f"${{{table.logical_id}}}":
        return slash + rest
    known = getattr(table.name, "text", None)
    if known is None or "${" in name:
        return None
    if name.endswith("*") and not slash and known.startswith(name.rstrip("*")):
        return "*"
    return slash + rest if name == known else None
