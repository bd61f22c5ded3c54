"""What a DynamoDB request is going to touch, read off the request alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tablewright.local.load.capacity import Consistency

__all__ = ["DATA_OPERATIONS", "PARTIQL", "Plan", "Touch", "plan_of", "table_name"]

Shape = Literal["single", "batch", "transaction", "page", "statement"]
DATA_OPERATIONS: Mapping[str, Shape] = {
    "GetItem": "single",
    "PutItem": "single",
    "UpdateItem": "single",
    "DeleteItem": "single",
    "Query": "page",
    "Scan": "page",
    "BatchGetItem": "batch",
    "BatchWriteItem": "batch",
    "TransactGetItems": "transaction",
    "TransactWriteItems": "transaction",
    "ExecuteStatement": "statement",
    "BatchExecuteStatement": "statement",
    "ExecuteTransaction": "statement",
}
PARTIQL = frozenset(name for name, shape in DATA_OPERATIONS.items() if shape == "statement")
_STATEMENT = re.compile(
    r"""\s*(select\b.*?\bfrom|insert\s+into|update|delete\s+from)\s+("?)([A-Za-z0-9_.:/-]+)\2""", re.I | re.S
)


@dataclass(slots=True)
class Touch:
    """One item (or, without a key, a page of items) that a request reads or writes."""

    table: str
    write: bool
    key: Mapping[str, Any] | None = None
    """The item to put, or the key: whatever holds the key attributes."""
    item: Mapping[str, Any] | None = None
    """The item to put, whole."""
    consistency: Consistency = "eventual"
    index: str = ""
    check: bool = False
    """A ConditionCheck: it consumes as a write and writes nothing."""
    entry: Any = None
    """In a batch, the request's own entry, to hand back when it is not processed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The touches of one request, in the request's order."""

    operation: str
    shape: Shape
    touches: tuple[Touch, ...]


def table_name(value: Any) -> str:
    """A table's name from a name or an ARN."""
    text = value if isinstance(value, str) else ""
    return text.partition(":table/")[2].partition("/")[0] if text.startswith("arn:") else text


def plan_of(operation: str, data: Mapping[str, Any]) -> Plan | None:
    """The plan of a request, or None when the request is not formed as it should be (the data plane says how)."""
    shape = DATA_OPERATIONS[operation]
    try:
        return Plan(operation, shape, tuple(_TOUCHES[shape](operation, data)))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _strong(data: Mapping[str, Any]) -> Consistency:
    return "strong" if data.get("ConsistentRead") else "eventual"


def _single(operation: str, data: Mapping[str, Any]) -> list[Touch]:
    name = table_name(data.get("TableName"))
    if operation == "PutItem":
        return [Touch(name, True, data["Item"], data["Item"])]
    return [Touch(name, operation != "GetItem", data["Key"], None, _strong(data))]


def _page(operation: str, data: Mapping[str, Any]) -> list[Touch]:
    index = data.get("IndexName") or ""
    key = _queried_key(data) if operation == "Query" else None
    return [Touch(table_name(data.get("TableName")), False, key, None, _strong(data), index)]


_EQUALS = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")


def _queried_key(data: Mapping[str, Any]) -> dict[str, Any]:
    """Every attribute that a query's key condition sets equal to a value: its partition key is among them."""
    names, values = data.get("ExpressionAttributeNames") or {}, data.get("ExpressionAttributeValues") or {}
    found = {
        names.get(name, name): values[value]
        for name, value in _EQUALS.findall(data.get("KeyConditionExpression") or "")
        if value in values
    }
    for name, condition in (data.get("KeyConditions") or {}).items():
        if condition.get("ComparisonOperator") == "EQ":
            found[name] = condition["AttributeValueList"][0]
    return found


def _batch(operation: str, data: Mapping[str, Any]) -> list[Touch]:
    touches = []
    for name, entries in data["RequestItems"].items():
        table = table_name(name)
        if operation == "BatchGetItem":
            touches += [Touch(table, False, key, None, _strong(entries), entry=(name, key)) for key in entries["Keys"]]
            continue
        for entry in entries:
            put = entry.get("PutRequest")
            item = put["Item"] if put else None
            key = item if put else entry["DeleteRequest"]["Key"]
            touches.append(Touch(table, True, key, item, entry=(name, entry)))
    return touches


def _transaction(operation: str, data: Mapping[str, Any]) -> list[Touch]:
    touches = []
    for member in data["TransactItems"]:
        ((kind, action),) = member.items()
        table = table_name(action["TableName"])
        item = action.get("Item")
        write = operation == "TransactWriteItems"
        key = action["Item"] if kind == "Put" else action["Key"]
        touches.append(Touch(table, write, key, item, "transactional", check=kind == "ConditionCheck"))
    return touches


def _statement(operation: str, data: Mapping[str, Any]) -> list[Touch]:
    members = data.get("Statements") or data.get("TransactStatements") or [data]
    touches = []
    for member in members:
        found = _STATEMENT.match(member.get("Statement") or "")
        if found is None:
            continue
        consistency: Consistency = "transactional" if operation == "ExecuteTransaction" else _strong(member)
        touches.append(Touch(table_name(found[3]), not found[1].lower().startswith("select"), consistency=consistency))
    return touches


_TOUCHES = {"single": _single, "page": _page, "batch": _batch, "transaction": _transaction, "statement": _statement}
