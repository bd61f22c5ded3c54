"""How long CloudFormation takes for what it does itself, in seconds of AWS's time.

Rough figures that make a rehearsal on the `aws` profile feel like AWS; not a promise, and no test depends on them. A
table's own times come from the data plane: the handler waits for what DescribeTable says.
"""

from __future__ import annotations

from collections.abc import Mapping

STACK_TRANSITION_S = 1.0
"""Between a stack's status change and its first resource."""

CLEANUP_S = 1.0

HANDLER_S: Mapping[tuple[str, str], float] = {
    ("AWS::DynamoDB::Table", "create"): 30.0,
    ("AWS::DynamoDB::Table", "update"): 15.0,
    ("AWS::DynamoDB::Table", "delete"): 10.0,
    ("AWS::Logs::LogGroup", "create"): 12.0,
    ("AWS::SNS::Topic", "create"): 10.0,
}

DEFAULT_S = 3.0

CHANGE_SET_S = 3.0


def handler_seconds(kind: str, verb: str) -> float:
    return HANDLER_S.get((kind, verb), DEFAULT_S)
