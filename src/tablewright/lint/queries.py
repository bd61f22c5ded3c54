"""Metrics Insights queries as rules read them: which metric, under which dimensions, and which of them are pinned to a value.

``SELECT SUM(SystemErrors) FROM SCHEMA("AWS/DynamoDB", Operation, TableName) WHERE TableName = 'orders'``
Source: CloudWatch user guide, "Query components and syntax in CloudWatch Metrics Insights".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tablewright.model.design import Position
from tablewright.template.intrinsics import Scope
from tablewright.template.resolve import Gap, Open, Reference, Resolved, Text, pieces
from tablewright.template.tree import Entry, Mapping, Node, Scalar

_SELECT = re.compile(
    r"""\s*SELECT\s+(?P<function>\w+)\s*\(\s*"?(?P<metric>[\w.-]+)"?\s*\)\s+
        FROM\s+SCHEMA\s*\(\s*"(?P<namespace>[^"]+)"(?P<names>[^)]*)\)
        (?:\s+WHERE\s+(?P<where>.*?))?(?:\s+(?:GROUP|ORDER)\s+BY\s.*|\s+LIMIT\s+\d+)?\s*$""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_PINNED = re.compile(r"""(?:^|\bAND\s)\s*"?(?P<name>[\w.-]+)"?\s*=\s*'(?P<value>[^']*)'""", re.IGNORECASE)
_MENTION = re.compile(r"\$\{(?P<name>[^}.]+)(?:\.(?P<attribute>[^}]+))?\}")


@dataclass(frozen=True)
class Query:
    """One query with a SCHEMA: to CloudWatch it takes in the metrics that have exactly these dimensions."""

    metric: str
    namespace: str
    dimensions: dict[str, Resolved]


def query_of(expression: Resolved, scope: Scope) -> Query | None:
    """The query that an expression is; None for metric math, for one without SCHEMA, and for what cannot be known."""
    parts = pieces(expression.node, scope)
    if not parts or any(isinstance(part, Gap) for part in parts):
        return None
    written = "".join(_spelled(part) if isinstance(part, Reference) else str(part) for part in parts)
    found = _SELECT.match(written)
    if found is None:
        return None
    here = expression.position
    names = [name.strip().strip('"') for name in found["names"].split(",")]
    pinned = {one["name"]: one["value"] for one in _PINNED.finditer(found["where"] or "")}
    values = {name: _value(pinned.get(name), here) for name in names if name}
    return Query(found["metric"], found["namespace"], values)


def _spelled(reference: Reference) -> str:
    return f"${{{reference.name}{'.' + reference.attribute if reference.attribute else ''}}}"


def _value(pinned: str | None, here: Position) -> Resolved:
    """What a dimension is pinned to: a text, or a mention of something of the template."""
    if pinned is None:
        return Open("the query takes in every value", here, Scalar("", "null", here))
    mention = _MENTION.fullmatch(pinned)
    if mention is None:
        return Text(pinned, here, Scalar(pinned, "string", here))
    argument = f"{mention['name']}.{mention['attribute']}" if mention["attribute"] else mention["name"]
    called = "Fn::GetAtt" if mention["attribute"] else "Ref"
    node: Node = Mapping((Entry(called, here, Scalar(argument, "string", here)),), here)
    return Open("it is known only where it is deployed", here, node)
