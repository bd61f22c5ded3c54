"""The live screen, drawn for any width and height: what matters is on it and nothing sticks out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tablewright.cli.faces.board import Board
from tablewright.cli.faces.cells import width
from tablewright.cli.faces.frame import frame
from tablewright.cli.faces.marks import ASCII, UNICODE, Marks
from tablewright.events import Event, ResourceMoved
from tablewright.model.stack import StackEvent
from tests.faces import recorded

RUNS = {
    "created": recorded.created(),
    "rolled back": recorded.rolled_back(),
    "korean": recorded.korean(),
    "many": recorded.many(),
}


def drawn(
    events: list[Event], columns: int = 100, rows: int = 40, marks: Marks = UNICODE, now: float = 75.0
) -> list[str]:
    """The frame as text, after the events came in one second after another."""
    board = Board()
    for second, event in enumerate(events):
        board.take(event, float(second))
    return ["".join(text for text, _ in line).rstrip() for line in frame(board, now, columns, rows, marks)]


@pytest.mark.parametrize("columns", [40, 44, 60, 80, 120, 200])
@pytest.mark.parametrize("run", RUNS)
def test_no_line_is_wider_than_the_terminal(run: str, columns: int) -> None:
    events = RUNS[run]
    for upto in range(1, min(len(events), 40)):
        for line in drawn(events[:upto], columns):
            assert width(line) <= columns, line


@pytest.mark.parametrize("rows", [10, 24, 50])
def test_a_screen_of_300_tables_fits_its_height_and_shows_what_failed_and_what_moves(rows: int) -> None:
    lines = drawn(recorded.many(), rows=rows)
    assert len(lines) <= rows
    text = "\n".join(lines)
    assert "✗ Table005" in text
    assert "Table150" in text
    assert "more" in text
    assert "298 of 300 settled · 1 failed" in text


def test_an_index_stands_under_its_table_with_its_own_state() -> None:
    events = recorded.created()
    at = next(i for i, event in enumerate(events) if type(event).__name__ == "IndexMoved")
    lines = drawn(events[: at + 2])
    table = next(i for i, line in enumerate(lines) if "AiChefResultsTable" in line)
    assert lines[table + 1] == "     └ index sessionId-index  CREATING, backfilling 43 %"
    assert any("waiting: table ai-chef-results is being created" in line for line in lines)


def test_the_head_says_where_the_run_acts_whatever_the_width() -> None:
    for columns in (40, 80):
        text = " ".join(drawn(recorded.created()[:3], columns))
        for part in ("ai-chef-dynamodb", "(production)", "123456789012", "us-east-1"):
            assert part in text


def test_the_clock_of_a_row_stops_when_it_settles() -> None:
    lines = drawn(recorded.created(), now=3600.0)
    row = next(line for line in lines if "AlarmTopic" in line)
    assert not row.endswith("0:00:00") and "CREATE_COMPLETE" in row
    assert row.split()[-1] == "0:02"  # By CloudFormation's own times, also for what was over before anybody watched.


def test_a_failure_stays_pinned_while_the_rollback_goes_on() -> None:
    lines = drawn(recorded.rolled_back()[:-1])
    assert lines[-1].startswith("  ✗ AiChefResultsTable: Property Attribute")


def test_korean_columns_are_aligned_by_cells() -> None:
    rows = [line for line in drawn(recorded.korean(), 80) if "테이블   " in line or "OrdersTable  " in line]
    assert len(rows) == 2
    starts = {width(row[: row.index("CREATE_")]) for row in rows}
    assert len(starts) == 1


def test_ascii_terminals_get_ascii_signs() -> None:
    text = "\n".join(drawn(recorded.created(), marks=ASCII))
    assert text.isascii()
    assert "+ AlarmTopic" in text
    assert "- index sessionId-index  ACTIVE" in text


def test_a_recovered_stack_starts_a_new_list() -> None:
    lines = drawn(recorded.rolled_back()[:-1] + recorded.created()[4:9])
    assert not any("DELETE_COMPLETE" in line for line in lines)


def test_what_is_not_rehearsed_is_said_beside_its_name() -> None:
    at = recorded.BEGAN
    standing = StackEvent(
        "1", at, recorded.STACK_ID, "Worker", "not-rehearsed-Worker", "AWS::Lambda::Function", "X", ""
    )
    events: list[Event] = [recorded.started(), ResourceMoved(replace(standing, status="CREATE_IN_PROGRESS"))]

    assert any("Worker (not rehearsed)" in line and "CREATE_IN_PROGRESS" in line for line in drawn(events))
    done: list[Event] = [*events, ResourceMoved(replace(standing, id="2", status="CREATE_COMPLETE"))]
    assert any("Worker (not rehearsed)" in line and "CREATE_COMPLETE" in line for line in drawn(done))
    for columns in (40, 60, 120):
        assert all(width(line) <= columns for line in drawn(done, columns))
