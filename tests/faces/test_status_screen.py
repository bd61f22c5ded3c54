"""One screen a stack: the verdict first, unknown said as unknown, and it stays a screen with 300 tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.marks import ASCII, UNICODE, Marks
from tablewright.cli.faces.status_screen import status_lines
from tablewright.cli.faces.status_tables import table_lines
from tablewright.model.report import TableReport
from tablewright.model.stack import StackResource
from tablewright.model.table import Index, Key
from tablewright.survey.health import findings
from tests.faces import reports
from tests.faces.reports import REPORTS, absent, broken, healthy


def shown(report: str, columns: int = 100, marks: Marks = UNICODE) -> list[str]:
    """The screen as text."""
    return ["".join(text for text, _ in line).rstrip() for line in status_lines(REPORTS[report](), columns, marks)]


def test_it_shows_all_that_the_debugging_section_asks_by_hand() -> None:
    text = "\n".join(shown("healthy"))
    for fact in (
        "CREATE_COMPLETE",
        "account 123456789012, us-east-1",
        "ai-chef-sessions  ACTIVE · on-demand · 1,204,331 items, 3.5 MB",
        "keys       sessionId (S)",
        "TTL        TTL, ENABLED",
        "recovery   on, 35 days: 2026-09-27 12:00 UTC to 2026-11-01 12:00 UTC",
        "deletion   protected",
        "backups    1, the newest before-launch",
        "└ index sessionId-index  ACTIVE · sessionId (S) · ALL",
        "AI-Chef-DynamoDB-SessionsTable-Errors",
        "/aws/dynamodb/ai-chef-tables  kept 7 days",
        "export ai-chef-dynamodb-SessionsTable",
        "create succeeded at 2026-11-01 12:00 UTC after 23 s",
        "lag by up to six hours",
    ):
        assert fact in text


def test_the_verdict_stands_near_the_top() -> None:
    assert any(line.startswith("✓ healthy") for line in shown("healthy")[:4])
    assert any(line.startswith("✗ 4 things do not work") for line in shown("broken")[:5])


def test_a_failed_operation_shows_its_root_cause_and_the_next_command() -> None:
    lines = shown("broken")
    assert "last operation: update failed at 2026-11-01 12:01 UTC after 1 min 15 s" in lines
    assert any(line.startswith("Root cause: AiChefResultsTable") for line in lines)
    assert "      tablewright deploy --stack ai-chef-dynamodb" in lines


def test_what_may_not_be_read_is_unknown_and_never_absent() -> None:
    text = "\n".join(shown("broken"))
    assert "TTL        unknown: AccessDenied" in text
    assert "? ai-chef-denied  unknown: you may not describe it" in text
    assert "✗ ai-chef-gone  does not exist" in text
    assert "resources unknown: AccessDenied" in text


def test_an_alarm_that_can_never_fire_is_said() -> None:
    assert any("OK, and can never change" in line for line in shown("broken"))


def test_no_stack_is_said_with_the_command_that_makes_one() -> None:
    lines = shown("absent")
    assert "does not exist" in lines[0]
    assert any(line.strip().startswith("tablewright deploy --stack") for line in lines)


def test_300_tables_stay_a_screen_and_the_one_in_trouble_is_on_it() -> None:
    lines = shown("big")
    assert len(lines) < 60
    text = "\n".join(lines)
    assert "✗ customer-123-orders  INACCESSIBLE_ENCRYPTION_CREDENTIALS" in text
    assert "299 tables with nothing to say about" in text
    assert "and 275 more" in text


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("report", REPORTS)
def test_only_commands_exports_and_single_words_may_be_wider_than_the_terminal(report: str, columns: int) -> None:
    for line in shown(report, columns):
        words = line.strip()
        whole = " " not in words or words.startswith(("tablewright ", "export "))
        assert whole or width(line) <= columns, line


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_the_longest_names_hide_none_of_the_facts(columns: int, marks: Marks) -> None:
    name, index = "t" * 240 + "-" + "x" * 14, "i" * 240 + "-" + "y" * 14
    table = reports.table(
        name,
        "주문번호",
        indexes=(Index(index, "global", (Key("상태", "S", "HASH"),), "INCLUDE", ("요리이름", "재료"), item_count=7),),
    )
    lines = [
        "".join(text for text, _ in line)
        for line in table_lines(
            [TableReport("T", name, StackResource("T", name, "AWS::DynamoDB::Table", "CREATE_COMPLETE"), table)],
            frozenset(),
            columns,
            marks,
        )
    ]
    together = "".join("".join(lines).split())
    for fact in (
        name,
        index,
        "주문번호(S)",
        "on-demand",
        "1,204,331items",
        "상태(S)",
        "INCLUDE요리이름,재료",
        "7items",
    ):
        assert fact in together, fact
    assert all(width(line) <= columns for line in lines)


def test_ascii_terminals_get_ascii_signs() -> None:
    for report in ("healthy", "broken", "big"):
        assert "\n".join(shown(report, marks=ASCII)).isascii()


def test_health_follows_from_the_findings() -> None:
    assert healthy().healthy
    assert not broken().healthy


def test_a_stack_that_is_asked_for_by_an_id_which_is_none_is_not_to_be_deployed_by_it() -> None:
    [finding] = absent().findings
    assert finding.command == "tablewright deploy --stack 주문-스택"
    by_id = replace(absent(), name="arn:aws:cloudformation:us-east-1:123456789012:stack/orders/1")
    assert [one.command for one in findings(by_id)] == [None]
