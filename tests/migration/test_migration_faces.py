"""The faces of a migration: nothing sticks out at any width, every meaning stands in words, and each end is what it is."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.marks import ASCII, UNICODE, Marks
from tablewright.cli.faces.migration_board import MigrationBoard
from tablewright.cli.faces.migration_end import say_end
from tablewright.cli.faces.migration_frame import frame
from tablewright.cli.faces.migration_lines import MigrationLines
from tablewright.cli.faces.migration_plain import MigrationPlain
from tablewright.cli.faces.migration_status import as_json as status_json
from tablewright.cli.faces.migration_status import list_lines
from tablewright.cli.faces.plot import bar, plot
from tablewright.cli.terminal import Output
from tablewright.events import Ending, Finished, Noted, Waiting, as_json
from tablewright.migrate.events import (
    Checked,
    Differed,
    ItemSetAside,
    MigrationEvent,
    MigrationStarted,
    PaceChanged,
    Paused,
    PhaseEnded,
    PhaseStarted,
    Progress,
)
from tablewright.migrate.job import Job, TableAt
from tablewright.migrate.live.journal import Entry
from tablewright.migrate.live.states import State
from tablewright.migrate.record import Record
from tablewright.migrate.standing.run import JobStanding

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
KOREAN = "가나다라마바사아자차카타파하 " * 4


def progress(second: int, phase: str = "copy", **more: float | None) -> Progress:
    """A snapshot of a copy that goes on at 12,403 items a second."""
    values: dict[str, object] = {
        "items_read": 12_500 * second,
        "items_written": 12_403 * second,
        "bytes_written": 12_700_000 * second,
        "expected": 3_000_000,
        "segments": 8,
        "segments_done": second // 40,
        "items_per_s": 12_403.0 + 400 * (second % 7),
        "bytes_per_s": 12_700_000.0,
        "read_units_per_s": 1_550.4,
        "write_units_per_s": 12_410.0,
        "read_units": 15_500.0,
        "write_units": 124_100.0,
        "write_allowed": 20_000.0,
        "eta_s": 231.0,
    }
    return Progress(phase, NOW + timedelta(seconds=second), float(second), **{**values, **more})  # type: ignore[arg-type]


STARTED = MigrationStarted(
    "ai-chef-sessions-to-ai-chef-sessions-v2-1a2b3c4d",
    "run",
    "ai-chef-sessions (account 123456789012, us-east-1)",
    f"ai-chef-sessions-v2 ({KOREAN}, us-east-1)",
    "--key 'PK=SESSION#{sessionId}' --key SK=META",
    "/home/me/project/.tablewright/migrations/x",
)
COPYING: list[MigrationEvent] = [
    STARTED,
    Checked("source ai-chef-sessions", "sessionId (S, partition key); on demand"),
    Noted("warning", f"deletion protection is off at the target {KOREAN}"),
    PhaseStarted("copy", "copying ai-chef-sessions to ai-chef-sessions-v2"),
    *(progress(second) for second in range(90)),
    ItemSetAside(1, f"key attribute 'PK' is missing {KOREAN}"),
    ItemSetAside(2, f"key attribute 'PK' is missing {KOREAN}"),
    PaceChanged("25%", "it was asked for", write_allowed=10_000.0),
]
DONE: list[MigrationEvent] = [
    *COPYING,
    PhaseEnded("copy", "3,000,000 items read, 3,000,000 written, 2 set aside"),
    PhaseStarted("verify", "comparing both"),
    progress(99, "verify"),
    Differed("/home/me/report.jsonl", {"missing": 2}),
    Finished(Ending.FAILED, "Incomplete: 2 items set aside", KOREAN, code="incomplete"),
]
TAILING: list[MigrationEvent] = [
    STARTED,
    PhaseStarted("live", "following"),
    progress(5, "live", lag_s=1.5, lag_records=1200),
    Waiting("for the backfill"),
]


def drawn(
    events: list[MigrationEvent], columns: int, rows: int = 60, marks: Marks = UNICODE, *, stopping: bool = False
) -> list[str]:
    board = MigrationBoard(stopping=stopping)
    for second, event in enumerate(events):
        board.take(event, float(second))
    return ["".join(text for text, _ in line) for line in frame(board, 100.0, columns, rows, marks)]


@pytest.mark.parametrize("columns", [40, 47, 60, 80, 140, 200])
@pytest.mark.parametrize("events", [COPYING, DONE, TAILING], ids=["copying", "done", "tailing"])
def test_no_line_is_wider_than_the_terminal(events: list[MigrationEvent], columns: int) -> None:
    for upto in (1, 3, 5, 9, len(events)):
        for marks in (UNICODE, ASCII):
            for line in drawn(events[:upto], columns, marks=marks, stopping=upto == 9):
                assert width(line) <= columns, line
                assert marks is UNICODE or "".join(set(line) - set(KOREAN)).isascii()


@pytest.mark.parametrize("rows", [8, 18, 24, 30])
def test_the_screen_fits_its_height_and_keeps_what_matters(rows: int) -> None:
    assert len(drawn(DONE, 80, rows)) <= rows
    lines = drawn(COPYING, 80, rows)
    assert len(lines) <= rows
    text = "\n".join(lines)
    if rows >= 18:
        assert "12,410 units/s of 20,000 allowed" in text
        assert "set aside: key attribute" in text
        assert "migrate pause" in text or rows == 18


def test_the_screen_says_everything_that_a_person_at_night_needs() -> None:
    text = "\n".join(drawn(COPYING, 100))
    for words in (
        "ai-chef-sessions-to-ai-chef-sessions-v2-1a2b3c4d",
        "of about 3,000,000",
        "items/s, 12.7 MB/s, about 3:51 left",
        "12,410 units/s of 20,000 allowed",
        "1,550 units/s, no limit known",
        "2 of 8 done",
        "0 throttled, 0 retried, 0 set aside",
        "2 set aside: key attribute 'PK' is missing",
        "pace 25%: it was asked for",
        "tablewright migrate pause",
    ):
        assert words in text, words
    assert "█" in text
    assert "lag       1.5 s, 1,200 records" in "\n".join(drawn(TAILING, 100))
    assert "Ctrl-C again ends at once" in "\n".join(drawn(COPYING, 100, stopping=True))
    assert "differing: 2 missing" in "\n".join(drawn(DONE, 100))


def _outputs(columns: int = 100) -> tuple[Output, Output]:
    out, err = (Output(io.StringIO(), False, False, UNICODE, columns) for _ in range(2))
    return out, err


def _text(output: Output) -> str:
    assert isinstance(output.stream, io.StringIO)
    return output.stream.getvalue()


def test_plain_lines_say_progress_now_and_then_and_each_reason() -> None:
    out, err = _outputs()
    clock = iter(NOW + timedelta(seconds=second) for second in range(10_000))
    face = MigrationPlain(out, err, now=lambda: next(clock))
    for event in DONE:
        face.take(event)
    face.stopping()
    text = _text(err)
    assert text.count("  copy: ") <= 30
    assert "set aside (1): key attribute 'PK' is missing" in text
    assert "warning: deletion protection is off" in text
    assert "error[incomplete]: Incomplete: 2 items set aside" in text
    assert _text(out) == ""


def test_many_reasons_do_not_drown_a_log() -> None:
    out, err = _outputs()
    face = MigrationPlain(out, err)
    for number in range(500):
        face.take(ItemSetAside(number, f"reason {number}"))
    assert len(_text(err).splitlines()) == 21


def test_throttling_that_goes_on_does_not_drown_a_log_and_a_wish_is_always_said() -> None:
    out, err = _outputs(140)
    clock = iter(NOW + timedelta(seconds=second) for second in range(10_000))
    face = MigrationPlain(out, err, now=lambda: next(clock))
    for second in range(60):
        face.take(PaceChanged("50%", "DynamoDB throttled", None, 1000.0 - second))
    face.take(PaceChanged("10%", "it was asked for", None, 200.0))
    lines = _text(err).splitlines()
    assert 3 <= len(lines) <= 10
    assert "pace 10%: it was asked for (200 write units/s allowed now)" in lines[-1]


def test_json_lines_are_the_events_themselves() -> None:
    out, _ = _outputs()
    face = MigrationLines(out)
    every = [*DONE, *TAILING, Paused("it was asked for")]
    for event in every:
        face.take(event)
    lines = [json.loads(line) for line in _text(out).splitlines()]
    assert lines == [json.loads(json.dumps(as_json(event))) for event in every]
    assert {line["event"] for line in lines} >= {
        "migration-started",
        "progress",
        "item-set-aside",
        "finished",
        "differed",
    }


@pytest.mark.parametrize(
    ("finished", "to_out", "begins"),
    [
        (Finished(Ending.DONE, "Done: source and target hold the same", "x", code="verified"), True, "✓ Done"),
        (
            Finished(Ending.DONE, "Copied, not verified", "x", code="copied-not-verified"),
            True,
            "✓ Copied, not verified",
        ),
        (
            Finished(Ending.MUST_WAIT, "Paused", "x", hint="tablewright migrate resume x", code="paused"),
            False,
            "○ Paused",
        ),
        (Finished(Ending.MUST_WAIT, "Stopped, and it can go on", "x", code="stopped"), False, "○ Stopped"),
        (Finished(Ending.FAILED, "Incomplete: 1 item set aside", "x", code="incomplete"), False, "error[incomplete]"),
    ],
)
def test_an_end_is_shown_as_what_it_is(finished: Finished, to_out: bool, begins: str) -> None:
    out, err = _outputs(60)
    say_end(finished, out, err)
    shown, other = (_text(out), _text(err)) if to_out else (_text(err), _text(out))
    assert shown.strip().startswith(begins)
    assert other.strip() == ""


def test_a_plot_s_height_says_the_number() -> None:
    rows = plot([0, 1, 2, 4, 8], 10, 2, unicode=True)
    assert rows == ["    █", " ▂▄██"]
    assert plot([0.01, 100], 10, 1, unicode=False) == [".|"]
    assert plot([], 10, 2, unicode=True) == []
    assert [len(row) for row in plot([1.0] * 500, 40, 3, unicode=True)] == [40, 40, 40]
    assert bar(0.5, 8, unicode=False) == "####----"
    assert bar(7, 4, unicode=True) == "████"


def test_a_live_migration_is_listed_by_where_it_stands_and_not_by_how_its_copy_ended() -> None:
    """Its copy is never verified by itself: the cut-over compares."""
    job = Job("a-to-b-12345678", TableAt("a"), TableAt("b"), "folder")
    copied = JobStanding(Record(job, "unverified", NOW, NOW), None, None)
    for state in State:
        entry = Entry((NOW + timedelta(hours=1)).timestamp(), state, "because")
        first = "".join(text for text, _ in list_lines([copied], 80, UNICODE, {job.id: entry})[0])
        assert first == f"2026-11-23 04:00  live, {state.value}  a-to-b-12345678"
        assert status_json(copied, entry)["live"] == state.value
    alone = "".join(text for text, _ in list_lines([copied], 80, UNICODE, {"another": entry})[0])
    assert alone == "2026-11-23 03:00  unverified  a-to-b-12345678"
    assert status_json(copied)["live"] is None
