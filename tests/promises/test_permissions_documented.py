"""Every command says which permissions it needs, by names that AWS has; who may generate a policy gets them."""

from __future__ import annotations

from tablewright.access.needs import NEEDS, NOBODY
from tablewright.access.patterns import PATTERNS
from tablewright.cli.registry import COMMANDS
from tablewright.model.actions import ACTIONS


def test_every_command_says_what_it_needs() -> None:
    """A new command is written into access/needs.py, under NEEDS or NOBODY."""
    assert set(COMMANDS) == set(NEEDS) | set(NOBODY)
    assert not set(NEEDS) & set(NOBODY)


def test_the_actions_are_dynamodbs_own() -> None:
    for needs in NEEDS.values():
        for action in (action for need in needs for action in need.actions):
            service, _, name = action.partition(":")
            assert service != "dynamodb" or name in ACTIONS, action


def test_the_patterns_hold_what_the_commands_need() -> None:
    """What needs nothing optional: the stack's own resources and other options are granted beside."""
    for pattern, command, beside in (
        ("pipeline", "deploy", {"s3:PutObject", "s3:GetObject", "iam:PassRole"}),
        ("plan", "plan", {"s3:PutObject", "s3:GetObject", "cloudformation:DeleteStack"}),
        ("observe", "status", {"dynamodb:Scan"}),
        ("observe", "why", set()),
    ):
        granted = {action for grant in PATTERNS[pattern].grants for action in grant.actions}
        needed = {action for need in NEEDS[command] for action in need.actions}
        assert needed - granted == beside, pattern
