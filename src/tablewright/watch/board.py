"""From series to a board: rates, shares, causes and latencies, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import zip_longest

from tablewright.model.board import Operation, Side, TableRow
from tablewright.model.series import LAMBDA, MetricId, Series
from tablewright.model.table import OnDemand, Table
from tablewright.watch.observation import CAUSES, Observation, Subject

__all__ = ["rows", "timeline"]

_LATE_PERIODS = 3
"""CloudWatch is a minute or two late: the last period with data within so many is taken for now."""


def rows(seen: Observation) -> tuple[TableRow, ...]:
    """A row for each table, followed by those of its global indexes."""
    return tuple(_row(subject) for table in seen.tables for subject in seen.subjects(table))


def timeline(series: Series, since: datetime, until: datetime) -> tuple[float, ...]:
    """One value for each whole period of the span; silence is 0."""
    begin = int(since.timestamp()) // series.period
    end = max(begin + 1, int(until.timestamp()) // series.period)
    values = [0.0] * (end - begin)
    for at, value in zip(series.times, series.values, strict=True):
        place = at // series.period - begin
        if 0 <= place < len(values):
            values[place] += value
    return tuple(values)


def _row(subject: Subject) -> TableRow:
    table, seen = subject.table, subject.seen
    index = next((each for each in table.indexes if each.name == subject.index), None)
    row = TableRow(
        table=table.name,
        index=subject.index,
        status=index.status if index else table.status,
        billing=_billing(table),
        reads=_side(subject, "Read"),
        writes=_side(subject, "Write"),
    )
    if subject.index is not None:
        return row
    return TableRow(
        **{name: getattr(row, name) for name in ("table", "index", "status", "billing", "reads", "writes")},
        operations=tuple(_operation(subject, name) for name in _operations(subject)),
        conditions_failed=subject.series("ConditionalCheckFailedRequests").total,
        conflicts=subject.series("TransactionConflict").total,
        ttl_deleted=subject.series("TimeToLiveDeletedItemCount").total
        if table.ttl and table.ttl.status == "ENABLED"
        else None,
        stream_age_ms=_age(seen, table),
        replication_ms=_replication(seen, table),
        kinesis_age_ms=_unreplicated(seen, table),
        kinesis_failed=sum(
            series.total for series in seen.recent.of_metric("FailedToReplicateRecordCount", "Sum", table.name)
        ),
    )


def _billing(table: Table) -> str:
    return "on demand" if isinstance(table.billing, OnDemand) else "provisioned"


def _side(subject: Subject, side: str) -> Side:
    seen = subject.seen
    consumed = subject.series(f"Consumed{side}CapacityUnits")
    rates = tuple(value / consumed.period for value in timeline(consumed, seen.since, seen.until))
    refusals = _refusals(subject, side)
    return Side(
        now=_now(consumed, seen.until) / consumed.period,
        peak=max(rates, default=0.0),
        rates=rates,
        limit=_limit(subject, side),
        throttled={cause: sum(events) for cause, events in refusals.items()},
        refusals=refusals,
    )


def _refusals(subject: Subject, side: str) -> Mapping[str, tuple[float, ...]]:
    """Throttle events by cause and period; "" for those that no cause was published for."""
    seen = subject.seen
    causes = {cause: timeline(subject.throttled(side, cause), seen.since, seen.until) for cause in CAUSES}
    every = timeline(subject.throttled(side), seen.since, seen.until)
    told = [sum(each) for each in zip_longest(*causes.values(), fillvalue=0.0)]
    rest = tuple(max(0.0, all_ - known) for all_, known in zip_longest(every, told, fillvalue=0.0))
    # Where causes and their sum are published in different periods, the whole span tells what is unexplained.
    unexplained = subject.unexplained(side)
    found = {**causes, "": rest if unexplained else ()}
    return {cause: events for cause, events in found.items() if any(events)}


def _limit(subject: Subject, side: str) -> float | None:
    provisioned = subject.provisioned(side)
    if provisioned is not None:
        return provisioned
    most = subject.series(f"OnDemandMax{side}RequestUnits", "Maximum")
    if most:
        return most.values[-1]
    billing = subject.table.billing
    if subject.index is None and isinstance(billing, OnDemand):
        units = billing.max_read if side == "Read" else billing.max_write
        return float(units) if units else None
    return None


def _now(series: Series, until: datetime) -> float:
    """The value of the last period with data, 0 when that is too long ago."""
    if not series or series.times[-1] < until.timestamp() - (_LATE_PERIODS + 1) * series.period:
        return 0.0
    return series.values[-1]


def _operations(subject: Subject) -> tuple[str, ...]:
    """The operations that were asked for, those that only failed too."""
    failed = {
        series.id.metric.operation
        for series in subject.seen.recent.of_metric("SystemErrors", "Sum", subject.table.name)
        if series.total and series.id.metric.operation
    }
    return tuple(sorted({*subject.operations(), *(name for name in failed if name)}))


def _operation(subject: Subject, name: str) -> Operation:
    p50 = subject.by_operation("SuccessfulRequestLatency", name, "p50")
    p99 = subject.by_operation("SuccessfulRequestLatency", name, "p99")
    return Operation(
        name=name,
        requests=subject.by_operation("SuccessfulRequestLatency", name, "SampleCount").total,
        p50=p50.values[-1] if p50 else None,
        p99=p99.values[-1] if p99 else None,
        worst=p99.highest if p99 else None,
        system_errors=subject.by_operation("SystemErrors", name).total,
        returned=subject.by_operation("ReturnedItemCount", name).total,
        p99s=timeline(p99, subject.seen.since, subject.seen.until) if p99 else (),
    )


def _age(seen: Observation, table: Table) -> float | None:
    ages = [
        series.values[-1]
        for name in seen.consumers.get(table.name, ())
        if (series := seen.recent.get(MetricId.of("IteratorAge", LAMBDA, FunctionName=name), "Maximum"))
    ]
    return max(ages) if ages else None


def _unreplicated(seen: Observation, table: Table) -> float | None:
    """Milliseconds; of the last period that was published."""
    ages = [
        series.values[-1]
        for series in seen.recent.of_metric("AgeOfOldestUnreplicatedRecord", "Maximum", table.name)
        if series
    ]
    return max(ages) if ages else None


def _replication(seen: Observation, table: Table) -> Mapping[str, float]:
    return {
        region: series.values[-1]
        for series in seen.recent.of_metric("ReplicationLatency", "Average", table.name)
        if series and (region := series.id.metric.dimension("ReceivingRegion"))
    }
