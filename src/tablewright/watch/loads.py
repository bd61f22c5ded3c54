"""What is asked of tables and stored in them, as metrics and DescribeTable have it: the measured workload of ``cost``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from tablewright.model.series import Series, SeriesSet
from tablewright.model.table import Table
from tablewright.model.workload import TableLoad, Trace, Workload
from tablewright.watch.board import timeline
from tablewright.watch.observation import Observation

__all__ = ["measured"]


def measured(tables: Sequence[Table], past: SeriesSet, since: datetime, until: datetime) -> Workload:
    """The loads by table name. Averages are over the span that the table has been there for; silence is 0."""
    seen = Observation(tuple(tables), since, until, past, past, since)
    return Workload({table.name: _load(seen, table) for table in tables}, f"metrics of {_span(since, until)}")


def _load(seen: Observation, table: Table) -> TableLoad:
    begin = max(seen.since, table.created_at.replace(minute=0, second=0, microsecond=0))
    rates: dict[tuple[str, str], Decimal] = {}
    traces: dict[tuple[str, str], Trace] = {}
    peaks: list[Decimal] = []
    for subject in seen.subjects(table):
        for side in ("Read", "Write"):
            series: Series = subject.past(f"Consumed{side}CapacityUnits")
            values = tuple(value / series.period for value in timeline(series, begin, seen.until))
            where = (subject.index or "", side.lower())
            average = sum(values) / len(values)
            rates[where] = Decimal(str(round(average, 9)))
            starts = int(begin.timestamp()) // series.period * series.period
            traces[where] = Trace(series.period, values, starts // 60 % 1440)
            if average:
                peaks.append(Decimal(str(round(max(values) / average, 6))))
    span = max(1.0, (seen.until - begin).total_seconds())
    deleted = next(iter(seen.subjects(table))).past("TimeToLiveDeletedItemCount").total
    changed = table.class_changed_at
    return TableLoad(
        items=table.item_count,
        item_bytes=table.size_bytes // table.item_count if table.item_count else 0,
        entry_bytes={i.name: i.size_bytes // i.item_count for i in table.indexes if i.item_count},
        entries={i.name: i.item_count for i in table.indexes},
        peak=max(peaks, default=Decimal(1)),
        measured=rates,
        traces=traces,
        expired_per_second=Decimal(str(round(deleted / span, 9))),
        class_changed_days=(seen.until - changed) / timedelta(days=1) if changed is not None else None,
    )


def _span(since: datetime, until: datetime) -> str:
    days = (until - since) / timedelta(days=1)
    return f"{days:.0f} days up to {until:%Y-%m-%d %H:%M} UTC"
