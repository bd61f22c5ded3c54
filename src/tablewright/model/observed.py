"""What watches the tables, as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """One metric that an alarm looks at, exactly as it names it: a metric exists only under its own set of dimensions."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str = ""


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm as it stands: OK, ALARM or INSUFFICIENT_DATA, with CloudWatch's reason.

    ``metric`` and ``dimensions`` are those of a plain metric alarm (empty for metric math and composite alarms);
    ``watches`` holds every metric that any kind of metric alarm looks at. ``rule`` is a composite alarm's. ``period``
    is in seconds; ``missing_data`` is CloudWatch's treatment of missing data ("missing" where the alarm does not say).
    """

    name: str
    state: str
    reason: str
    metric: str
    dimensions: Mapping[str, str]
    actions: tuple[str, ...]
    changed_at: datetime | None
    watches: tuple[Watched, ...] = ()
    rule: str = ""
    threshold: float | None = None
    comparison: str = ""
    period: int | None = None
    evaluation_periods: int | None = None
    missing_data: str = "missing"
    actions_enabled: bool = True


@dataclass(frozen=True, slots=True)
class LogGroupState:
    """A log group; ``retention_days`` is None when its events never expire."""

    name: str
    retention_days: int | None
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was asked of a table, or of one of its global indexes, in a span: capacity units consumed and throttled requests.

    ``index`` is None for the table itself, whose counts leave its indexes out. CloudWatch shows them some minutes late.
    """

    table: str
    index: str | None
    since: datetime
    until: datetime
    read_units: float = 0.0
    write_units: float = 0.0
    throttled_reads: int = 0
    throttled_writes: int = 0


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """A metric under one set of dimensions, by a statistic and a period in seconds."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int


@dataclass(frozen=True, slots=True)
class Series:
    """What was published: (epoch seconds of the period's start, value), oldest first. A period without a value has none."""

    query: MetricQuery
    points: tuple[tuple[int, float], ...]
