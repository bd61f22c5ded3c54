"""What a table's own policy denies: the explicit Deny of resource policies, held against DynamoDB's data operations.

The embedded AWS lets everybody do everything; a table's policy is the one exception, and of it the Deny statements alone, which
on AWS win over every Allow. A statement counts when its principal, actions and resources fit the request and all its conditions
hold; one with a condition key or operator that is not known here is left out: it denies nothing.

Known: the keys aws:PrincipalArn, aws:PrincipalAccount, aws:CurrentTime, aws:EpochTime, aws:SecureTransport; the String, Arn,
Date, Numeric, Bool and Null operators with IfExists. Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy
elements: Condition operators"; Amazon DynamoDB Developer Guide, "Using resource-based policies for DynamoDB".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from tablewright.local.load.plan import table_name

__all__ = ["Caller", "asked_for", "denied"]

_STATEMENTS = (
    ("select", "PartiQLSelect"),
    ("insert", "PartiQLInsert"),
    ("update", "PartiQLUpdate"),
    ("delete", "PartiQLDelete"),
)
_STATEMENT_TABLE = re.compile(r"\b(?:from|into|update)\s+\"?([A-Za-z0-9_.:/-]+)", re.I)
_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the ARN as GetCallerIdentity gives it, and the embedded time."""

    arn: str
    account: str
    now: float

    @property
    def principal(self) -> str:
        """aws:PrincipalArn: of a session, its role."""
        found = re.fullmatch(r"arn:([\w-]+):sts::(\d+):assumed-role/(.+)/[^/]+", self.arn)
        return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else self.arn


def asked_for(operation: str, data: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """(action, table, index) of everything that a data operation does; nothing for a malformed one."""
    try:
        return set(_asked_for(operation, data))
    except (AttributeError, KeyError, TypeError, ValueError):
        return set()


def _asked_for(operation: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    if operation in ("BatchGetItem", "BatchWriteItem"):
        for name in data["RequestItems"]:
            yield operation, table_name(name), ""
    elif operation in ("TransactWriteItems", "TransactGetItems"):
        for member in data["TransactItems"]:
            for kind, action in member.items():
                yield _TRANSACTION[kind], table_name(action["TableName"]), ""
    elif operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        for member in data.get("Statements") or data.get("TransactStatements") or [data]:
            text = member["Statement"]
            table = _STATEMENT_TABLE.search(text)
            for word, action in _STATEMENTS:
                if table and text.lstrip().lower().startswith(word):
                    yield action, table_name(table[1]), ""
    else:
        yield operation, table_name(data.get("TableName")), str(data.get("IndexName") or "")


def denied(policy: str, action: str, resource: str, caller: Caller) -> bool:
    """Whether a statement of the policy denies the action on the resource (a table's or an index's ARN)."""
    return any(
        _named(statement, "Action", f"dynamodb:{action}", fold=True)
        and _named(statement, "Resource", resource)
        and _is_meant(statement, caller)
        and all(_holds(operator, keys, caller) for operator, keys in (statement.get("Condition") or {}).items())
        for statement in _denials(policy)
    )


@lru_cache(maxsize=64)
def _denials(policy: str) -> tuple[Mapping[str, Any], ...]:
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        return ()
    found = statements if isinstance(statements, list) else [statements]
    return tuple(each for each in found if isinstance(each, dict) and each.get("Effect") == "Deny")


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _like(pattern: str, value: str, *, fold: bool = False) -> bool:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, value, re.S | (re.I if fold else 0)) is not None


def _named(statement: Mapping[str, Any], element: str, value: str, *, fold: bool = False) -> bool:
    if f"Not{element}" in statement:
        return not any(_like(each, value, fold=fold) for each in _listed(statement[f"Not{element}"]))
    return any(_like(each, value, fold=fold) for each in _listed(statement.get(element, [])))


def _is_meant(statement: Mapping[str, Any], caller: Caller) -> bool:
    if "NotPrincipal" in statement:
        return not _among(statement["NotPrincipal"], caller)
    return _among(statement.get("Principal"), caller)


def _among(principals: Any, caller: Caller) -> bool:
    if principals == "*":
        return True
    named = _listed(principals.get("AWS", [])) if isinstance(principals, dict) else []
    own = {"*", caller.account, f"arn:aws:iam::{caller.account}:root", caller.arn, caller.principal}
    return any(each in own for each in named)


def _holds(operator: str, keys: Mapping[str, Any], caller: Caller) -> bool:
    """Whether one operator's conditions hold; False, too, for what is not known here."""
    known = {
        "aws:principalarn": caller.principal,
        "aws:principalaccount": caller.account,
        "aws:currenttime": str(caller.now),
        "aws:epochtime": str(caller.now),
        "aws:securetransport": "false",
    }
    name = operator.removesuffix("IfExists").lower()
    for key, wanted in keys.items():
        value = known.get(key.lower())
        if value is None:
            return False
        if name == "null":
            if _listed(wanted) != ["false"] and wanted is not False:
                return False
            continue
        compare = _OPERATORS.get(name)
        if compare is None:
            return False
        held = [compare(value, each) for each in _listed(wanted)]
        if not (all(held) if "not" in name else any(held)):
            return False
    return True


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(value: str, wanted: str) -> bool:
        try:
            return compare(_seconds(value), _seconds(wanted))
        except ValueError:
            return False

    return test


_BY_SIZE: dict[str, Callable[[float, float], bool]] = {
    "lessthan": lambda a, b: a < b,
    "lessthanequals": lambda a, b: a <= b,
    "greaterthan": lambda a, b: a > b,
    "greaterthanequals": lambda a, b: a >= b,
    "equals": lambda a, b: a == b,
    "notequals": lambda a, b: a != b,
}
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda a, b: a == b,
    "stringnotequals": lambda a, b: a != b,
    "stringequalsignorecase": lambda a, b: a.lower() == b.lower(),
    "stringnotequalsignorecase": lambda a, b: a.lower() != b.lower(),
    "stringlike": lambda a, b: _like(b, a),
    "stringnotlike": lambda a, b: not _like(b, a),
    "arnequals": lambda a, b: _like(b, a),
    "arnlike": lambda a, b: _like(b, a),
    "arnnotequals": lambda a, b: not _like(b, a),
    "arnnotlike": lambda a, b: not _like(b, a),
    "bool": lambda a, b: a.lower() == b.lower(),
    **{f"date{name}": _ordered(compare) for name, compare in _BY_SIZE.items()},
    **{f"numeric{name}": _ordered(compare) for name, compare in _BY_SIZE.items()},
}
