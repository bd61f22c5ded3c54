"""``status --all``: a line for every stack of the project, and what could not be read is never called healthy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.marks import UNICODE
from tablewright.cli.faces.overview import Entry, overview_lines
from tablewright.errors import Failed
from tests.faces.reports import absent, broken, healthy
from tests.faces.shell import Ran

Run = Callable[..., Ran]

ENTRIES = (
    Entry("production", "ai-chef-dynamodb", healthy(), command="tablewright status"),
    Entry("staging", "ai-chef-dynamodb-staging", broken(), command="tablewright status --env staging"),
    Entry("development", "주문-스택", absent(), command="tablewright status --env development"),
    Entry("elsewhere", "secret", error=Failed("access-denied", "AWS denied access", "You may not describe it.")),
)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_each_stack_has_its_line_and_what_is_wrong_is_under_it(columns: int) -> None:
    lines = ["".join(text for text, _ in line).rstrip() for line in overview_lines(ENTRIES, columns, UNICODE)]
    assert lines[0].startswith("  ✓ production")
    assert any(line.startswith("  ✗ staging") for line in lines)
    assert "      tablewright status --env staging" in lines
    assert any(line.startswith("  ✗ elsewhere") and "unknown" in line for line in lines)
    assert "      You may not describe it." in lines
    assert all(width(line) <= columns or line.strip().startswith("tablewright") for line in lines)


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
def test_the_longest_stack_hides_neither_status_nor_facts(columns: int) -> None:
    entries = (Entry("운영환경", "s" * 128, broken(), command="tablewright status"), ENTRIES[0])
    lines = ["".join(text for text, _ in line) for line in overview_lines(entries, columns, UNICODE)]
    assert all(width(line.rstrip()) <= columns for line in lines)
    for told in ("UPDATE_ROLLBACK_COMPLETE", "4 tables, 11 notes", "CREATE_COMPLETE", "2 tables"):
        assert any(told in line for line in lines), told


def test_what_could_not_be_read_is_not_healthy() -> None:
    assert [entry.healthy for entry in ENTRIES] == [True, False, False, False]


@pytest.mark.slow
def test_all_environments_of_the_project_are_shown(home: Path, run: Run) -> None:
    assert run("deploy", "--local", "--env", "staging").code == 0
    shown = run("status", "--all", "--local", "--fail-on-unhealthy")
    assert shown.code == 1  # production is not there
    assert "✓ staging" in shown.out and "✗ production" in shown.out
    reports = [json.loads(line) for line in run("status", "--all", "--local", "--output", "json").out.splitlines()]
    assert [(r["environment"], r["healthy"]) for r in reports] == [("production", False), ("staging", True)]
    one = run("status", "--all", "--local", "--env", "staging", "--fail-on-unhealthy")
    assert one.code == 0


@pytest.mark.parametrize(
    ("settings", "shown"),
    [("", "?"), ("[environments.dev]\n", "dev"), ('[stacks.users]\ntemplate = "u.yaml"\n', "users")],
    ids=["nothing", "an environment", "a label"],
)
def test_a_project_whose_stacks_have_no_name_is_not_shown_as_nothing(
    settings: str, shown: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "tablewright.toml").write_text(settings)
    ran = run("status", "--all", "--local", "--fail-on-unhealthy", cwd=tmp_path)
    assert ran.code == 1
    assert shown in ran.out and "No stack is named" in ran.out and "names none. Name the stack there." in ran.out


def test_all_and_a_stack_contradict_each_other(run: Run) -> None:
    assert run("status", "x", "--all", "--local").code == 2


SEVERAL = """\
region = "us-east-1"

[stacks.results]
stack = "in-order-results"
template = "results.yaml"
after = ["sessions"]

[stacks.sessions]
stack = "in-order-sessions"
template = "sessions.yaml"
"""
SESSIONS = """\
Resources:
  Log: {Type: "AWS::Logs::LogGroup", Properties: {RetentionInDays: %s}}
Outputs:
  Log: {Value: !Ref Log, Export: {Name: in-order-log}}
"""
RESULTS = """\
Resources:
  Told: {Type: "AWS::SNS::Topic", Properties: {DisplayName: !ImportValue in-order-log}}
"""


def test_all_stacks_are_deployed_in_their_order_until_one_fails(tmp_path: Path, run: Run) -> None:
    (tmp_path / "tablewright.toml").write_text(SEVERAL)
    (tmp_path / "results.yaml").write_text(RESULTS)
    (tmp_path / "sessions.yaml").write_text(SESSIONS % "no-number")
    failed = run("deploy", "--all", "--local", "--yes", cwd=tmp_path)
    assert failed.code in (1, 2)
    assert "in-order-results" not in failed.out + failed.err
    (tmp_path / "sessions.yaml").write_text(SESSIONS % 7)
    done = run("deploy", "--all", "--local", "--yes", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.index("in-order-sessions") < done.out.index("in-order-results")
    assert run("deploy", "--all", "results.yaml", "--local", cwd=tmp_path).code == 2
