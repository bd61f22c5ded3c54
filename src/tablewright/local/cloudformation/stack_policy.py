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
    named = f"LogicalResourceId/{logical_id}"
    statements = json.loads(policy).get("Statement") or []
    statements = statements if isinstance(statements, list) else [statements]
    matching = [
        (number, statement)
        for number, statement in enumerate(statements, start=1)
        if _applies(statement, action, logical_id, kind)
    ]
    for number, statement in matching:
        if statement.get("Effect") == "Deny":
            return (
                f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{named}]"
            )
    if any(statement.get("Effect") == "Allow" for _, statement in matching):
        return ""
    return f"Action denied by stack policy: No statement allows [{action}] for resource [{named}]"


def malformed(text: str, logical_ids: frozenset[str]) -> str:
    """Why a text is no stack policy for a stack with these resources, or empty.

    The words about logical IDs are AWS's, as quoted in sparkleformation/sfn 238.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return "Invalid stack policy"
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    statements = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(statements, list):
        return "Invalid stack policy"
    for statement in statements:
        if not isinstance(statement, Mapping) or not _formed(statement):
            return "Invalid stack policy"
        for named in (*_listed(statement.get("Resource")), *_listed(statement.get("NotResource"))):
            prefix, _, logical_id = named.rpartition("/")
            exact = prefix == "LogicalResourceId" and not set(logical_id) & set("*?")
            if exact and logical_id not in logical_ids:
                return (
                    f"Unknown logical id '{named}' in statement {{}} - stack policies can only be applied to logical ids "
                    "referenced in the template"
                )
    return ""


def _formed(statement: Mapping[str, Any]) -> bool:
    """Whether a statement has what every statement has: an effect, everybody as its principal, actions of updates, resources."""
    actions = [*_listed(statement.get("Action")), *_listed(statement.get("NotAction"))]
    known = {MODIFY, REPLACE, DELETE, "Update:*", "*"}
    everybody = statement.get("Principal", statement.get("NotPrincipal"))
    return (
        statement.get("Effect") in ("Allow", "Deny")
        and everybody in ("*", {"AWS": "*"})
        and bool(actions)
        and all(action in known for action in actions)
        and ("Resource" in statement or "NotResource" in statement)
    )


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
