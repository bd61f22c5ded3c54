"""Stack policies: which updates of which resources a stack allows. Pure.

Source: user guide, "Prevent updates to stack resources": a policy denies by default, a Deny overrules an Allow, actions are
Update:Modify, Update:Replace, Update:Delete, resources are `LogicalResourceId/NAME` with wildcards, the key is ResourceType.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"


def denial(policy: str, action: str, logical_id: str, kind: str) -> str:
    """The status reason with which `policy` refuses `action`, or empty when it allows it. No policy allows everything."""
    if not policy:
        return ""
    statements = json.loads(policy).get("Statement") or []
    statements = statements if isinstance(statements, list) else [statements]
    matching = [
        (number, statement)
        for number, statement in enumerate(statements, start=1)
        if _applies(statement, action, logical_id, kind)
    ]
    for number, statement in matching:
        if statement.get("Effect") == "Deny":
            return f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{logical_id}]"
    if any(statement.get("Effect") == "Allow" for _, statement in matching):
        return ""
    return f"Action denied by stack policy: no statement allows [{action}] for resource [{logical_id}]"


def _applies(statement: Mapping[str, Any], action: str, logical_id: str, kind: str) -> bool:
    named = f"LogicalResourceId/{logical_id}"
    if "NotAction" in statement:
        acts = not any(fnmatchcase(action, pattern) for pattern in _listed(statement["NotAction"]))
    else:
        acts = any(fnmatchcase(action, pattern) for pattern in _listed(statement.get("Action")))
    if "NotResource" in statement:
        covers = not any(fnmatchcase(named, pattern) for pattern in _listed(statement["NotResource"]))
    else:
        covers = any(fnmatchcase(named, pattern) for pattern in _listed(statement.get("Resource", "*")))
    return acts and covers and _condition(statement.get("Condition") or {}, kind)


def _condition(conditions: Mapping[str, Any], kind: str) -> bool:
    for operator, keys in conditions.items():
        wanted = _listed(keys.get("ResourceType"))
        if operator == "StringEquals" and kind not in wanted:
            return False
        if operator == "StringLike" and not any(fnmatchcase(kind, pattern) for pattern in wanted):
            return False
        if operator == "StringNotEquals" and kind in wanted:
            return False
        if operator == "StringNotLike" and any(fnmatchcase(kind, pattern) for pattern in wanted):
            return False
    return True


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
