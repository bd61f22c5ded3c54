"""A workload from metrics and DescribeTable: averages, peaks, traces, what TTL deletes, when the class was changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tablewright.model.series import MetricId, Series, SeriesId, SeriesSet
from tablewright.model.table import OnDemand, Table
from tablewright.watch.loads import measured

UNTIL = datetime(2026, 11, 20, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=14)


def _series(name: str, each: float, hours: int) -> Series:
    """``each`` in the first hours of the span, nothing after."""
    metric = SeriesId(MetricId.of(name, TableName="orders"), "Sum")
    start = int(SINCE.timestamp())
    return Series(metric, 3600, tuple(start + 3600 * hour for hour in range(hours)), (each,) * hours)


def test_what_was_measured() -> None:
    table = Table(
        name="orders",
        arn="arn:aws:dynamodb:us-east-1:111122223333:table/orders",
        id="1",
        status="ACTIVE",
        keys=(),
        billing=OnDemand(),
        created_at=SINCE - timedelta(days=100),
        item_count=1000,
        size_bytes=500_000,
        class_changed_at=UNTIL - timedelta(days=3),
    )
    past = SeriesSet.of(
        [_series("ConsumedWriteCapacityUnits", 36_000, 168), _series("TimeToLiveDeletedItemCount", 3600, 336)], 3600
    )

    load = measured([table], past, SINCE, UNTIL).tables["orders"]

    # 10 a second in half of the time, and one deletion a second in all of it.
    assert load.measured["", "write"] == 5 and load.measured["", "read"] == 0
    assert load.peak == 2 and load.expired_per_second == Decimal(1)
    assert (load.items, load.item_bytes, load.class_changed_days) == (1000, 500, 3.0)
    assert load.resolution == "hour" and load.traces["", "write"].begins == 0
    assert load.is_telling and len(load.traces["", "write"].minutes) == 14 * 1440
