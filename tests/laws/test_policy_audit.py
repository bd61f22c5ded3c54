"""Each finding of the audit on a policy that has it, and none on the policies that tablewright writes itself."""

from __future__ import annotations

from typing import Any

import pytest

from tablewright.access.audit import Issue, Subject, audit
from tablewright.access.grant import Options, grant
from tablewright.access.patterns import PATTERNS, wish
from tablewright.access.policy import Policy
from tablewright.access.read import policy_of
from tablewright.access.scope import Scope, TableScope

ACCOUNT = "444455556666"  # not the one of any default
ORDERS = TableScope("Orders", "orders", ("byUser-index",), stream=True)
SCOPE = Scope(ACCOUNT, "us-east-1", "shop", tables=(ORDERS,))
ARN = SCOPE.arn(ORDERS)


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> Policy:
    return policy_of({"Version": version, "Statement": list(statements)})


def statement(
    action: Any = "dynamodb:GetItem", resource: Any = ARN, effect: str = "Allow", **more: Any
) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def issues(found: Policy, *wishes: str, known: bool = True) -> dict[str, Issue]:
    scope = SCOPE if known else None
    subject = Subject(found, scope, (ORDERS,) if known else (), tuple(wish(one) for one in wishes))
    return {issue.code: issue for issue in audit(subject)}


LEADING = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "${aws:username}"}}
EVERYONE = {"Effect": "Allow", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": ARN}


@pytest.mark.parametrize(
    ("code", "found", "says"),
    [
        ("TW-POL-003", policy(statement()), "Query on index byUser-index of orders is denied"),
        (
            "TW-POL-004",
            policy(statement("dynamodb:Get*", f"{ARN}*")),
            "GetRecords, GetResourcePolicy and GetShardIterator on the stream of orders",
        ),
        ("TW-POL-005", policy(statement("dynamodb:*", f"{ARN}*")), "table orders-staging"),
        (
            "TW-POL-006",
            policy(statement(["dynamodb:Query", "dynamodb:Scan"], Condition=LEADING)),
            "dynamodb:Scan has no leading",
        ),
        ("TW-POL-007", policy(statement("dynamodb:*")), "CreateTable, CreateTableReplica, DeleteBackup and"),
        ("TW-POL-008", policy(EVERYONE), "it names everyone"),
        ("TW-POL-009", policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), "Allow with NotAction"),
        (
            "TW-POL-010",
            policy({"Effect": "Deny", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "dynamodb:*", "Resource": ARN}),
            "permissions boundary",
        ),
        (
            "TW-POL-011",
            policy(statement(resource=f"{ARN}-${{aws:username}}"), version="2008-10-17"),
            "${aws:username} is no variable",
        ),
        (
            "TW-POL-012",
            policy(statement(Condition={"StringEquals": {"dynamodb:LeadingKeys": "a"}})),
            "a request has several of dynamodb:LeadingKeys",
        ),
        ("TW-POL-013", policy(statement("iam:PassRole", "*")), "every role and every service"),
    ],
)
def test_a_finding_names_what_is_wrong(code: str, found: Policy, says: str) -> None:
    assert says in issues(found)[code].message
    assert issues(found)[code].why


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("TW-POL-003", policy(statement(), statement("dynamodb:Query", f"{ARN}/index/*"))),
        ("TW-POL-004", policy(statement("dynamodb:Get*", ARN), statement("dynamodb:GetRecords", f"{ARN}/stream/*"))),
        ("TW-POL-005", policy(statement("dynamodb:*", [ARN, f"{ARN}/index/*"]))),
        (
            "TW-POL-006",
            policy(statement("dynamodb:Scan", Condition={**LEADING, "Null": {"dynamodb:LeadingKeys": "false"}})),
        ),
        ("TW-POL-007", policy(statement("dynamodb:*Item"))),
        ("TW-POL-008", policy({**EVERYONE, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}})),
        ("TW-POL-009", policy(statement(), {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"})),
        ("TW-POL-012", policy(statement(Condition=LEADING))),
        (
            "TW-POL-013",
            policy(statement("iam:PassRole", "*", Condition={"StringEquals": {"iam:PassedToService": "x"}})),
        ),
    ],
)
def test_what_is_right_is_no_finding(code: str, found: Policy) -> None:
    assert code not in issues(found)


def test_a_policy_is_held_against_what_it_is_for() -> None:
    found = policy(statement(["dynamodb:GetItem", "dynamodb:Scan"]))
    both = issues(found, "read")
    assert both["TW-POL-001"].message == "beyond read the policy allows Scan on table orders"
    assert (
        both["TW-POL-002"].message
        == "read needs BatchGetItem and Query on table orders, which the policy does not allow"
    )


def test_conditions_do_not_hide_what_a_policy_can_reach() -> None:
    found = policy(statement("dynamodb:GetItem", Condition=LEADING))
    assert "read needs BatchGetItem and Query on table orders" in issues(found, "read")["TW-POL-002"].message


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"deploy", "pipeline", "plan"}))
def test_what_tablewright_writes_is_clean(name: str) -> None:
    argument = {"export": ":a-bucket", "migrate": ":copy", "restore": ":copy"}.get(name, "")
    wishes = [wish(f"{name}{argument}")]
    assert issues(grant(SCOPE, wishes, [ORDERS]), wishes[0].written) == {}


def test_leading_keys_written_by_tablewright_are_clean() -> None:
    found = grant(
        SCOPE, [wish("read"), wish("query:byUser-index")], [ORDERS], Options(leading_keys=("${aws:username}",))
    )
    assert issues(found) == {}


def test_without_tables_only_the_text_is_judged() -> None:
    assert issues(policy(statement("dynamodb:Get*", f"{ARN}*")), known=False) == {}
