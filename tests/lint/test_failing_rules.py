"""A rule of ours that fails is said, and takes nothing else with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tablewright.lint import check as checking
from tablewright.lint.options import Options
from tablewright.lint.rule import Problem, rules
from tablewright.lint.sources import Source
from tablewright.lint.stack import Stack

TEMPLATE = b"Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties: {BillingMode: PAY_PER_REQUEST}\n"


def test_a_failing_rule_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(stack: Stack) -> Iterator[Problem]:
        raise ZeroDivisionError("by zero")
        yield

    every = dict(rules())
    every["TW-KEY-003"] = replace(every["TW-KEY-003"], check=fail)
    monkeypatch.setattr(checking, "rules", lambda: every)
    report = checking.check([Source("t.yaml", TEMPLATE)], Options())
    said = [one.message for one in report.findings if one.rule == "TW-TPL-006"]
    assert said == ["TW-KEY-003 failed: ZeroDivisionError: by zero"]
    assert "TW-SAF-001" in {one.rule for one in report.findings}
