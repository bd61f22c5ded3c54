"""What a board says of where a table's changes go: to its replicas and to Kinesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tablewright.cli.faces.marks import UNICODE
from tablewright.cli.faces.watch_screen import board_lines
from tablewright.model.board import Board, TableRow
from tablewright.model.series import MetricId, Series, SeriesId, SeriesSet
from tablewright.model.table import OnDemand, Table
from tablewright.watch.board import rows
from tablewright.watch.observation import Observation
from tablewright.watch.wanted import recent

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)
AGE = MetricId.of("AgeOfOldestUnreplicatedRecord", TableName="orders", DelegatedOperation="PutRecord")
FAILED = MetricId.of("FailedToReplicateRecordCount", TableName="orders", DelegatedOperation="PutRecord")
LATENCY = MetricId.of("ReplicationLatency", TableName="orders", ReceivingRegion="eu-west-1")


def _row(*series: tuple[MetricId, str, tuple[float, ...]]) -> TableRow:
    table = Table("orders", "arn", "id", "ACTIVE", (), OnDemand(), NOW)
    begin = int(SINCE.timestamp())
    found = [
        Series(SeriesId(metric, statistic), 300, tuple(begin + 300 * n for n in range(len(values))), values)
        for metric, statistic, values in series
    ]
    [row] = rows(Observation((table,), SINCE, NOW, SeriesSet.of(found, 60), SeriesSet(), SINCE))
    return row


def _said(row: TableRow) -> str:
    board = Board(NOW, SINCE, NOW, 60, "us-east-1", (row,), (), 0, 1, 2, 3)
    return "\n".join("".join(text for text, _ in line) for line in board_lines(board, 140, UNICODE))


def test_how_far_kinesis_and_replicas_are_behind_is_asked_by_five_minutes() -> None:
    asked = {(each.id.metric, each.id.statistic, each.period) for each in recent([AGE, FAILED, LATENCY], 60)}

    assert asked == {(AGE, "Maximum", 300), (FAILED, "Sum", 300), (LATENCY, "Average", 300)}


def test_what_of_kinesis_says_nothing_of_lag_is_not_paid_for() -> None:
    other = [
        MetricId.of(name, TableName="orders", DelegatedOperation="PutRecord")
        for name in ("ConsumedChangeDataCaptureUnits", "ThrottledPutRecordCount")
    ]

    assert recent(other, 60) == ()


def test_the_last_age_and_every_lost_change_are_told() -> None:
    row = _row((AGE, "Maximum", (900_000, 90_000)), (FAILED, "Sum", (2, 0, 1)), (LATENCY, "Average", (400, 700)))

    assert (row.kinesis_age_ms, row.kinesis_failed, dict(row.replication_ms)) == (90_000, 3, {"eu-west-1": 700})
    said = _said(row)
    assert "Kinesis 90 s behind" in said
    assert "3 changes never came to Kinesis" in said
    assert "eu-west-1 700 ms behind" in said


def test_a_table_without_a_destination_has_no_age_and_one_that_is_up_to_date_has() -> None:
    assert _row().kinesis_age_ms is None
    assert "Kinesis" not in _said(_row())
    assert "Kinesis 0 s behind" in _said(_row((AGE, "Maximum", (0,))))
