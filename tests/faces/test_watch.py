"""Tables as they run: on screens of every size, as JSON, and as series for a notebook."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.marks import ASCII, UNICODE, Marks
from tablewright.cli.faces.series_files import write_csv, write_parquet
from tablewright.cli.faces.watch_screen import board_lines
from tablewright.local import control
from tablewright.model.board import Board, Operation, Side, TableRow
from tablewright.model.observed import AlarmState
from tablewright.model.series import MetricId, Series, SeriesId
from tablewright.watch.board import timeline
from tests.contract.load_support import index, item, refused, table
from tests.faces.conftest import Client
from tests.faces.shell import Ran

Run = Callable[..., Ran]
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def _board(tables: int) -> Board:
    events = {"KeyRangeThroughput": (0.0,) * 30 + (36.0,) + (0.0,) * 29, "AccountLimit": (1.0,) * 60}
    causes = {cause: sum(each) for cause, each in events.items()}
    busy = Side(30, 76.5, tuple(float(n) for n in range(60)), 40, causes, events)
    quiet = Side(0, 0, (0.0,) * 60)
    operations = (Operation("GetItem", 1204, 0.5, 2.9, 8.0, p99s=(1.0,) * 60), Operation("PutItem", 3, system_errors=2))
    rows = [
        TableRow(
            "주문-테이블-" + "x" * 60, None, "ACTIVE", "provisioned", quiet, busy, operations, conditions_failed=1
        ),
        *(TableRow(f"table-{n}", None, "ACTIVE", "on demand", quiet, quiet, ttl_deleted=0) for n in range(tables - 1)),
    ]
    return Board(NOW, NOW - timedelta(hours=1), NOW, 60, "us-east-1", tuple(rows), (), 25, 3, 40, 900)


@pytest.mark.parametrize("columns", [40, 60, 80, 140, 200])
@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_no_line_is_wider_than_the_screen(columns: int, marks: object) -> None:
    for rows in (None, 24, 10):
        for line in board_lines(_board(30), columns, marks, rows):  # type: ignore[arg-type]
            assert width("".join(text for text, _ in line)) <= columns, line


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_nothing_is_cut_without_a_sign(columns: int, marks: Marks) -> None:
    why = "AccessDenied: 권한이 없습니다 " * 5 + "끝"
    errors = Operation(
        "BatchExecuteStatementWithALongName", 12_345_678_901, 12345.6, 123456.7, 9.0, system_errors=1234567
    )
    board = _board(2)
    board = replace(
        board,
        rows=(replace(board.rows[0], table="t" * 255, index="i" * 255, operations=(errors,)), *board.rows[1:]),
        unread={"insights:" + "t" * 255: why},
        user_errors=1234567,
        alarms=(AlarmState("알람 🔔 " * 40 + "끝", "ALARM", "", "", {}, (), None),),
    )
    lines = ["".join(text for text, _ in line) for line in board_lines(board, columns, marks)]
    assert all(width(line) <= columns for line in lines)
    everything = "".join("".join(lines).split())
    for whole in ("t" * 255 + "unread:", why, "publishedwithoutatable)", "i" * 255, "알람🔔" * 40 + "끝"):
        assert "".join(whole.split()) in everything, whole
    operation = next(line for line in lines if "BatchExecute" in line)
    assert "1,234,567 system errors" in operation or operation.endswith(marks.elided), operation


def test_on_a_small_screen_the_table_in_trouble_comes_first() -> None:
    lines = ["".join(text for text, _ in line) for line in board_lines(_board(30), 80, UNICODE, 14)]

    assert len(lines) <= 14
    first = next(line for line in lines if "/s" in line)
    assert "주문" in first and "96 refused" in first
    assert any("more that are quieter" in line for line in lines)


def test_a_screen_is_never_overfull_and_shows_trouble_whole_where_it_can() -> None:
    board = _board(4)
    board = replace(board, rows=(*board.rows, *(replace(board.rows[0], table=f"bad-{n}") for n in range(3))))
    for rows in range(12, 60):
        lines = ["".join(text for text, _ in line) for line in board_lines(board, 80, UNICODE, rows)]
        assert len(lines) <= rows, rows
        assert all(any(name in line for line in lines) for name in ("bad-0", "bad-1", "bad-2", "table-2"))
    assert sum("hot partition" in line for line in lines) == 4
    some = ["".join(text for text, _ in line) for line in board_lines(board, 80, UNICODE, 26)]
    assert 0 < sum("hot partition" in line for line in some) < 4


def test_what_could_not_be_asked_leaves_room_for_the_tables() -> None:
    board = replace(_board(1), unread={f"insights:table-{n}": f"AccessDenied {n}: " + "권한 " * 60 for n in range(30)})
    lines = ["".join(text for text, _ in line) for line in board_lines(board, 80, UNICODE, 24)]
    assert len(lines) <= 24
    assert any("주문" in line for line in lines)
    assert sum("unread" in line for line in lines) == 3
    assert "… and 28 more unread" in lines


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (("OK", "OK"), "✓ 2 of 2 alarms quiet"),
        (("OK", "INSUFFICIENT_DATA"), "? 1 of 2 alarms quiet, 1 without data"),
        (("ALARM", "INSUFFICIENT_DATA", "OK"), "✗ 1 of 3 alarms quiet, 1 without data"),
    ],
)
def test_an_alarm_without_data_is_not_called_quiet(states: tuple[str, ...], said: str) -> None:
    alarms = tuple(AlarmState(f"a{n}", state, "", "", {}, (), None) for n, state in enumerate(states))
    lines = ["".join(text for text, _ in line) for line in board_lines(replace(_board(1), alarms=alarms), 80, UNICODE)]
    assert said in lines


def test_what_could_not_be_asked_for_one_reason_is_said_once() -> None:
    board = replace(_board(1), unread={f"consumers:table-{n}": "Lambda is not there" for n in range(30)})
    small = ["".join(text for text, _ in line) for line in board_lines(board, 80, UNICODE, 24)]
    assert "consumers:table-0 and 29 more unread: Lambda is not there" in small
    whole = " ".join("".join(text for text, _ in line) for line in board_lines(board, 80, UNICODE, None))
    assert "consumers:table-11 and 18 more unread: Lambda is not there" in whole
    assert whole.count("Lambda is not there") == 1


@pytest.mark.parametrize("columns", [80, 140])
def test_causes_stand_below_each_other_and_moments_too(columns: int) -> None:
    lines = ["".join(text for text, _ in line) for line in board_lines(_board(1), columns, UNICODE)]
    [most, least] = [line for line in lines if "refused" in line]

    assert "60 account quota" in most and "36 hot partition" in least
    [writes] = [line for line in lines if "writes" in line]
    drawn = [width(line) for line in (writes, most)]
    assert drawn[0] == drawn[1] <= columns  # Both end where the span ends.
    [spike] = [at for at, char in enumerate(least) if char == "█"]
    middle = (most.index("█") + len(most)) / 2
    assert abs(spike - middle) <= 1


@given(st.lists(st.tuples(st.integers(-5, 64), st.floats(0, 1e6)), max_size=30, unique_by=lambda pair: pair[0]))
def test_a_timeline_holds_what_falls_into_its_span_and_nothing_else(points: list[tuple[int, float]]) -> None:
    begin = int(NOW.timestamp())
    ordered = sorted(points)
    series = Series(
        SeriesId(MetricId.of("ConsumedReadCapacityUnits", TableName="t"), "Sum"),
        60,
        tuple(begin + 60 * at for at, _ in ordered),
        tuple(value for _, value in ordered),
    )

    values = timeline(series, NOW, NOW + timedelta(hours=1))

    assert len(values) == 60
    assert sum(values) == pytest.approx(sum(value for at, value in points if 0 <= at < 60))


def test_units_throttles_latency_and_series_are_shown(home: Path, tmp_path: Path, run: Run, client: Client) -> None:
    run("local", "start", cwd=tmp_path)
    dynamodb = client("dynamodb")
    name = table(dynamodb, "orders", read=5, write=100, attributes=("tag",), indexes=[index("byTag", "tag", write=1)])
    for number in range(40):
        refused(
            lambda number=number: dynamodb.put_item(TableName=name, Item=item(f"k{number}", 9_000, tag=f"t{number}"))
        )
    control.advance(dynamodb.meta.endpoint_url, minutes=6)

    shown = run("watch", name, "--local", "--once", cwd=tmp_path)

    assert shown.code == 0
    assert "orders  provisioned" in shown.out
    assert "index byTag" in shown.out
    assert "provisioned capacity" in shown.out.split("index byTag")[1]
    assert "PutItem" in shown.out and "p99" in shown.out

    found = json.loads(run("watch", name, "--local", "--output", "json", cwd=tmp_path).out)
    [own, of_index] = found["rows"]
    assert own["writes"]["limit"] == 100
    assert of_index["writes"]["throttled"]["ProvisionedThroughput"] > 0

    for path in (tmp_path / "series.csv", tmp_path / "series.parquet"):
        assert run("watch", name, "--local", f"--{path.suffix[1:]}", str(path), cwd=tmp_path).code == 0
    with (tmp_path / "series.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    parquet = pq.read_table(tmp_path / "series.parquet").to_pylist()
    assert len(rows) == len(parquet) > 0
    consumed = sum(
        float(row["value"]) for row in rows if row["metric"] == "ConsumedWriteCapacityUnits" and not row["index"]
    )
    assert consumed == sum(
        row["value"] for row in parquet if row["metric"] == "ConsumedWriteCapacityUnits" and row["index"] is None
    )
    assert consumed % 9 == 0 and consumed > 0


def test_series_are_written_through_no_link_that_was_laid_beside(tmp_path: Path) -> None:
    mine, path = tmp_path / "mine", tmp_path / "series.parquet"
    mine.write_text("keep")
    (tmp_path / f".{path.name}.{os.getpid()}").symlink_to(mine)
    assert (write_parquet([], path), write_csv([], path.with_suffix(".csv"))) == (0, 0)
    assert mine.read_text() == "keep" and pq.read_table(path).num_rows == 0
