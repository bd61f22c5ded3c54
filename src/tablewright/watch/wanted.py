"""Which series to ask CloudWatch for: only metrics that exist, coarse first, fine where something shows.

A data point costs botocore some 25 microseconds to parse and CloudWatch bills each metric asked for, so thirty tables for a
day are read by five minutes, and by one minute only around what was found. CloudWatch keeps minutes for 15 days, five
minutes for 63 (CloudWatch user guide, metrics retention).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tablewright.model.series import LAMBDA, Asked, MetricId, SeriesId, SeriesSet

__all__ = ["HISTORY", "close_up", "consumers", "history", "period_for", "recent"]

HISTORY = timedelta(days=14)
"""What an index's use, a surge of cost and unused capacity are judged by."""

_STATISTICS: dict[str, tuple[str, ...]] = {
    "SuccessfulRequestLatency": ("p50", "p99", "SampleCount"),
    "ReturnedItemCount": ("Sum", "SampleCount"),
    "ReturnedRecordsCount": ("Sum",),
    "ProvisionedReadCapacityUnits": ("Maximum",),
    "ProvisionedWriteCapacityUnits": ("Maximum",),
    "OnDemandMaxReadRequestUnits": ("Maximum",),
    "OnDemandMaxWriteRequestUnits": ("Maximum",),
    "AccountMaxTableLevelReads": ("Maximum",),
    "AccountMaxTableLevelWrites": ("Maximum",),
    "ReplicationLatency": ("Average",),
    "AgeOfOldestUnreplicatedRecord": ("Maximum",),
    "FailedToReplicateRecordCount": ("Sum",),
    "OnlineIndexPercentageProgress": ("Maximum",),
}
"""The statistics of a metric that are read; the others by their Sum."""

_NEVER = frozenset(
    {
        "ReturnedBytes",
        "OnlineIndexConsumedWriteCapacity",
        "OnlineIndexThrottleEvents",
        "AccountMaxReads",
        "AccountMaxWrites",
        "AccountProvisionedReadCapacityUtilization",
        "AccountProvisionedWriteCapacityUtilization",
        "MaxProvisionedTableReadCapacityUtilization",
        "MaxProvisionedTableWriteCapacityUtilization",
        "PendingReplicationCount",
        "ConsumedChangeDataCaptureUnits",
        "ThrottledPutRecordCount",
    }
)
"""What no question needs."""

_FIVE_MINUTES = frozenset(
    name
    for name in _STATISTICS
    if name.startswith(("Provisioned", "OnDemandMax", "AccountMax", "Replication", "AgeOfOldest", "FailedToReplicate"))
)
"""Published every five minutes only."""


def period_for(span: timedelta) -> int:
    """Seconds a point: a minute up to three hours, five up to three days, an hour beyond."""
    if span <= timedelta(hours=3):
        return 60
    return 300 if span <= timedelta(days=3) else 3600


def recent(listed: Iterable[MetricId], period: int) -> tuple[Asked, ...]:
    """The series of the span that is looked at."""
    asked: list[Asked] = []
    for metric in listed:
        if metric.name in _NEVER or metric.dimension("Source"):
            continue
        stream = metric.dimension("StreamLabel") is not None
        statistics = ("Sum",) if stream else _STATISTICS.get(metric.name, ("Sum",))
        if stream and metric.name != "ReturnedRecordsCount":
            continue
        fit = max(period, 300) if metric.name in _FIVE_MINUTES else period
        asked += [Asked(SeriesId(metric, statistic), fit) for statistic in statistics]
    return tuple(asked)


def history(listed: Iterable[MetricId], period: int = 3600) -> tuple[Asked, ...]:
    """The series of the last two weeks, by the hour unless told otherwise: what was consumed, and what was provisioned."""
    names = {
        "ConsumedReadCapacityUnits": "Sum",
        "ConsumedWriteCapacityUnits": "Sum",
        "ProvisionedReadCapacityUnits": "Maximum",
        "ProvisionedWriteCapacityUnits": "Maximum",
        "TimeToLiveDeletedItemCount": "Sum",
    }
    return tuple(
        Asked(SeriesId(metric, names[metric.name]), period)
        for metric in listed
        if metric.name in names and not metric.dimension("Source")
    )


def consumers(functions: Sequence[str], period: int) -> tuple[Asked, ...]:
    """How far the functions that read streams are behind."""
    return tuple(
        Asked(SeriesId(MetricId.of("IteratorAge", LAMBDA, FunctionName=name), "Maximum"), period) for name in functions
    )


_SPIKY = ("Throttle", "SystemErrors")
_COMPANIONS = ("Consumed", "Provisioned", "OnDemandMax", "Throttle", "SystemErrors")


def close_up(coarse: SeriesSet, period: int) -> tuple[tuple[Asked, ...], datetime, datetime] | None:
    """What to read by the minute, and between when: the tables that were throttled or failed, an hour around the worst.

    None when nothing showed, or when the first reading was by the minute already.
    """
    if period <= 60:
        return None
    shown = [s for s in coarse.series.values() if any(word in s.id.metric.name for word in _SPIKY) and s.total > 0]
    if not shown:
        return None
    tables = {series.id.metric.table for series in shown}
    peaks = [at for series in shown if (at := series.peak_at) is not None]
    since, until = min(peaks) - timedelta(minutes=15), max(peaks) + timedelta(minutes=45)
    if until - since > timedelta(hours=6):
        worst = max(shown, key=lambda s: s.highest).peak_at
        assert worst is not None
        since, until = worst - timedelta(minutes=15), worst + timedelta(minutes=45)
    asked = tuple(
        Asked(each, 60)
        for each in coarse.series
        if each.metric.table in tables
        and any(word in each.metric.name for word in _COMPANIONS)
        and each.metric.name not in _FIVE_MINUTES
    )
    return asked, since, until
