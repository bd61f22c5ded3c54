"""What a log shows: a line an event, the cause once, GitHub's groups where GitHub reads them."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from tablewright.cli.faces.marks import ASCII, UNICODE
from tablewright.cli.faces.plain import Plain
from tablewright.cli.terminal import Output
from tablewright.events import Event
from tests.faces import recorded

NOON = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)


def shown(events: list[Event], *, github: bool = False, width: int = 100, colour: bool = False) -> tuple[str, str]:
    """Standard output and standard error of a run."""
    out, err = io.StringIO(), io.StringIO()
    marks = UNICODE if width > 40 else ASCII
    face = Plain(
        Output(out, False, colour, marks, width),
        Output(err, False, colour, marks, width),
        github=github,
        now=lambda: NOON,
    )
    for event in events:
        face.take(event)
    face.close()
    return out.getvalue(), err.getvalue()


def test_a_created_stack_reads_as_a_story_on_stderr_and_its_outputs_stand_on_stdout() -> None:
    out, err = shown(recorded.created())
    lines = err.splitlines()
    assert lines[0] == "12:00:00 deploy ai-chef-dynamodb (production)"
    assert lines[1].startswith("12:00:00 account 123456789012, us-east-1, as arn:aws:sts::123456789012")
    assert "12:00:00   CREATE_IN_PROGRESS  AiChefResultsTable (AWS::DynamoDB::Table)" in lines
    assert "12:00:00   CREATING, backfilling 43 %  ai-chef-results index sessionId-index" in lines
    assert "12:00:00 step 1: the stack is CREATE_COMPLETE" in lines
    assert out.startswith("✓ Stack ai-chef-dynamodb is CREATE_COMPLETE\n")
    assert "export ai-chef-dynamodb-SessionsTable" in out
    assert "\x1b" not in out + err


def test_a_failure_names_its_cause_once_with_meaning_remedy_and_a_command_on_its_own_line() -> None:
    out, err = shown(recorded.rolled_back())
    assert out == ""
    assert err.count("Root cause: AiChefResultsTable (AWS::DynamoDB::Table) CREATE_FAILED at 12:00:03 UTC") == 1
    assert "  What it means: An attribute is defined" in err
    assert "\n      tablewright deploy\n" in err
    assert err.rstrip().endswith("\n\n      tablewright status ai-chef-dynamodb")
    assert "error[rolled-back]: The stack was rolled back" in err


def test_github_gets_a_group_for_each_step_and_the_cause_as_an_annotation() -> None:
    _, err = shown(recorded.rolled_back(), github=True)
    lines = err.splitlines()
    assert "::group::step 1: create the stack" in lines
    assert lines.count("::endgroup::") == 1
    annotation = next(line for line in lines if line.startswith("::error "))
    assert annotation.startswith("::error title=AiChefResultsTable CREATE_FAILED::Property AttributeDefinitions")
    assert "%0A" in annotation
    assert lines.index("::endgroup::") < lines.index(annotation)


def test_an_interrupted_group_is_closed() -> None:
    _, err = shown(recorded.created()[:6], github=True)
    assert err.rstrip().endswith("::endgroup::")


def test_colour_adds_nothing_but_colour() -> None:
    import re

    for events in (recorded.created(), recorded.rolled_back(), recorded.korean()):
        plain, coloured = shown(events), shown(events, colour=True)
        assert "\x1b[" in "".join(coloured)
        assert tuple(re.sub(r"\x1b\[[0-9;]*m", "", text) for text in coloured) == plain


def test_a_status_reason_cannot_drive_the_terminal() -> None:
    event = recorded.moved("AiChefResultsTable", "CREATE_FAILED", 1, "bad\x1b[2J\rname\x07")
    _, err = shown([event])
    assert "\x1b" not in err and "\r" not in err and "\x07" not in err
    assert "bad [2J name" in err


def test_nothing_that_is_shown_drives_the_terminal_or_githubs_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    stream = io.StringIO()
    out = Output(stream, False, False, UNICODE, 100)
    out.lines(
        [(("      tablewright why \x1b]0;owned\x07orders", "strong"),), (("    ", ""), ("::stop-commands::x", ""))]
    )
    out.line((("##[add-mask]a", ""),))
    told = stream.getvalue()
    assert "\x1b" not in told and "\x07" not in told
    assert not any(line.lstrip().startswith(("::", "##[")) for line in told.splitlines())
    assert "stop-commands" in told


def test_the_cause_and_the_end_stand_one_empty_line_apart() -> None:
    _, err = shown(recorded.rolled_back())
    assert "Root cause" in err and "\nerror[" in err
    assert "\n\n\n" not in err
