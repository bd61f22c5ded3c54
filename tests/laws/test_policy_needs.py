"""What the commands need, the patterns that are for them grant."""

from __future__ import annotations

import pytest

from tablewright.access.needs import NEEDS
from tablewright.access.patterns import PATTERNS

EXCEPT = {
    ("status", "observe"): {"dynamodb:Scan"},  # a page of items, for one question; it stays open without
    ("diagnose", "observe"): {"dynamodb:Scan"},
    ("watch", "observe"): set[str](),
    ("why", "observe"): set[str](),
    ("plan", "plan"): {"cloudformation:DeleteStack", "s3:PutObject", "s3:GetObject"},  # by choice; with --s3-bucket
    ("deploy", "pipeline"): {"iam:PassRole", "s3:PutObject", "s3:GetObject"},  # with --execution-role, with --s3-bucket
    ("migrate", "migrate"): {  # a live migration's, on the tables themselves, and files'
        "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive", "dynamodb:DescribeTimeToLive", "dynamodb:GetResourcePolicy",
        "dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy", "s3:ListBucket", "s3:GetObject", "s3:PutObject",
    },
}  # fmt: skip
"""(command, pattern) -> the actions that the command can do without, or gets otherwise."""


@pytest.mark.parametrize(("command", "pattern"), EXCEPT)
def test_a_pattern_grants_what_its_command_needs(command: str, pattern: str) -> None:
    granted = {action for part in PATTERNS[pattern].grants for action in part.actions}
    needed = {action for need in NEEDS[command] for action in need.actions}
    assert needed - granted == EXCEPT[command, pattern]


BEYOND = {
    "plan": {"cloudformation:ValidateTemplate"},  # for a workflow's own steps
    "pipeline": {"cloudformation:ValidateTemplate"},
    "observe": {
        "dynamodb:GetResourcePolicy",
        "dynamodb:DescribeKinesisStreamingDestination",
    },  # for whoever looks by hand
    "migrate": {"dynamodb:ListStreams"},
}
"""Pattern -> what it grants that no command of its own calls."""


@pytest.mark.parametrize("pattern", BEYOND)
def test_a_pattern_grants_little_that_its_commands_do_not_need(pattern: str) -> None:
    granted = {action for part in PATTERNS[pattern].grants for action in part.actions}
    needed = {action for command, own in EXCEPT if own == pattern for need in NEEDS[command] for action in need.actions}
    assert granted - needed == BEYOND[pattern]
