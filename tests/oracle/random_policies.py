"""Random cases in the form of the case folders: policies of every kind, conditions of every operator, requests that fit."""

from __future__ import annotations

from random import Random
from typing import Any

ACCOUNT, OTHER = "111122223333", "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/Ana"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Orders"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Orders/run-1"
KEYED = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "BatchWriteItem", "Query"]
ACTIONS = [*KEYED, "Scan", "DescribeTable", "UpdateTable", "DeleteTable", "ListTables"]
ACTION_PATTERNS = [
    "*", "dynamodb:*", "dynamodb:Get*", "dynamodb:*Item", "dynamodb:Batch*", "dynamodb:Q?ery", "dynamodb:?canX",
    "s3:*", "DYNAMODB:describe*", "dynamodb:*Table*",
]  # fmt: skip
SINGLE: dict[str, tuple[list[str], list[str]]] = {
    "String": (["aws:PrincipalTag/team", "aws:ResourceTag/team"], ["red", "Red", "blue", "re*", "r?d", "*", ""]),
    "Numeric": (["aws:MultiFactorAuthAge"], ["0", "10", "10.0", "-3", "600"]),
    "Date": (
        ["aws:CurrentTime", "aws:TokenIssueTime"],
        ["2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z", "2026-06-01", "1780315200"],
    ),
    "Bool": (["aws:SecureTransport", "aws:MultiFactorAuthPresent"], ["true", "false"]),
    "Ip": (["aws:SourceIp"], ["203.0.113.0/24", "203.0.113.7", "2001:db8::/32", "192.0.2.0/25"]),
    "Arn": (["aws:SourceArn"], [f"arn:aws:sns:us-east-1:{ACCOUNT}:t", "arn:aws:sns:*:*:t*", "arn:aws:sqs:*:*:*"]),
}
SAID = {
    "String": ["red", "Red", "blue", "green"],
    "Numeric": ["0", "10", "600", "9.5"],
    "Date": ["2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z", "2027-01-01T00:00:00Z"],
    "Bool": ["true", "false"],
    "Ip": ["203.0.113.7", "192.0.2.9", "2001:db8::1"],
    "Arn": [f"arn:aws:sns:us-east-1:{ACCOUNT}:t", f"arn:aws:sns:us-east-1:{ACCOUNT}:u"],
}
OPERATORS = {
    "String": [
        "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
        "StringNotLike",
    ],
    "Numeric": [
        "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ],
    "Date": [
        "DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
        "DateGreaterThanEquals",
    ],
    "Bool": ["Bool"],
    "Ip": ["IpAddress", "NotIpAddress"],
    "Arn": ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
}  # fmt: skip
SETS = ["dynamodb:LeadingKeys", "dynamodb:Attributes"]
MEMBERS = ["a", "b", "c", "A"]


def random_case(chance: Random) -> dict[str, Any]:
    """One case without an expectation."""
    caller = chance.choice([USER, USER, SESSION, SESSION, ROLE])
    action = chance.choice(ACTIONS)
    account = chance.choice([ACCOUNT, ACCOUNT, ACCOUNT, OTHER])
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/{chance.choice(['Music', 'Movies'])}"
    resource = "*" if action == "ListTables" else table
    if action in ("Query", "Scan") and chance.random() < 0.4:
        resource = f"{table}/index/byYear"
    case: dict[str, Any] = {
        "identity": [_policy(chance) for _ in range(chance.choice([0, 1, 1, 1, 2]))],
        "request": {
            "action": f"dynamodb:{action}",
            "resource": resource,
            "caller": caller,
            "context": _context(chance, action),
        },
    }
    if resource != "*" and chance.random() < 0.45:
        case["resource_policy"] = _policy(chance, principals=True)
    if chance.random() < 0.25:
        case["boundary"] = _policy(chance)
    if caller == SESSION and chance.random() < 0.3:
        case["session"] = [_policy(chance)]
    if chance.random() < 0.2:
        case["service_control"] = [[_policy(chance)] for _ in range(chance.choice([1, 2]))]
    return case


def _policy(chance: Random, *, principals: bool = False) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [_statement(chance, principals) for _ in range(chance.choice([1, 1, 2, 3]))],
    }


def _statement(chance: Random, principals: bool) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": chance.choice(["Allow", "Allow", "Allow", "Allow", "Deny"])}
    if principals:
        statement["NotPrincipal" if chance.random() < 0.1 else "Principal"] = _principal(chance)
    names = [f"dynamodb:{name}" for name in ACTIONS]
    actions = [
        chance.choice(chance.choice([ACTION_PATTERNS[:2], ACTION_PATTERNS, names]))
        for _ in range(chance.choice([1, 2]))
    ]
    statement["NotAction" if chance.random() < 0.12 else "Action"] = actions if len(actions) > 1 else actions[0]
    resources = [_resource(chance) for _ in range(chance.choice([1, 1, 2]))]
    statement["NotResource" if chance.random() < 0.12 else "Resource"] = resources
    if chance.random() < 0.5:
        statement["Condition"] = _conditions(chance)
    return statement


def _principal(chance: Random) -> Any:
    if chance.random() < 0.15:
        return "*"
    named = [
        USER,
        ROLE,
        SESSION,
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:root",
        f"arn:aws:iam::{ACCOUNT}:user/Bo",
        "*",
        OTHER,
    ]
    return {"AWS": chance.sample(named, chance.choice([1, 1, 2]))}


def _resource(chance: Random) -> str:
    account = chance.choice([ACCOUNT, ACCOUNT, OTHER, "*"])
    name = chance.choice(
        ["Music", "Mus*", "M?vies", "*", "${aws:PrincipalTag/table}", "Music/index/*", "*/index/byYear"]
    )
    whole = f"arn:aws:dynamodb:{chance.choice(['us-east-1', '*', 'us-*'])}:{account}:table/{name}"
    return chance.choice(["*", "arn:aws:dynamodb:us-east-1:*", whole, whole, whole])


def _conditions(chance: Random) -> dict[str, dict[str, Any]]:
    block: dict[str, dict[str, Any]] = {}
    for _ in range(chance.choice([1, 1, 2])):
        if chance.random() < 0.12:
            block.setdefault("Null", {})[chance.choice(["aws:TokenIssueTime", *SETS])] = chance.choice(
                ["true", "false"]
            )
        elif chance.random() < 0.35:
            prefix = chance.choice(["ForAllValues", "ForAnyValue"])
            operator = chance.choice(
                ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"]
            )
            suffix = "IfExists" if chance.random() < 0.2 else ""
            values = chance.sample([*MEMBERS, "*"], chance.choice([1, 2, 3]))
            block.setdefault(f"{prefix}:{operator}{suffix}", {})[chance.choice(SETS)] = values
        else:
            kind = chance.choice(list(SINGLE))
            keys, wanted = SINGLE[kind]
            operator = chance.choice(OPERATORS[kind]) + ("IfExists" if chance.random() < 0.3 else "")
            values = chance.sample(wanted, min(len(wanted), chance.choice([1, 1, 2])))
            if kind == "String" and chance.random() < 0.15:
                values = ["${aws:PrincipalTag/table}"]
            block.setdefault(operator, {})[chance.choice(keys)] = values
    return block


def _context(chance: Random, action: str) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for kind, (keys, _) in SINGLE.items():
        for key in keys:
            if chance.random() < 0.6:
                context[key] = chance.choice(SAID[kind])
    if chance.random() < 0.4:
        context["aws:PrincipalTag/table"] = chance.choice(["Music", "red"])
    if action in KEYED:
        for key in SETS:
            if chance.random() < 0.7:
                context[key] = chance.sample(MEMBERS, chance.choice([0, 1, 1, 2, 3]))
    return context
