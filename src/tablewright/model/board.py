"""What tables do now, as one frozen value: all that ``tablewright watch`` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tablewright.model.observed import AlarmState
from tablewright.model.series import Series

__all__ = ["Board", "Operation", "Side", "TableRow"]


@dataclass(frozen=True, slots=True)
class Side:
    """Reads or writes of a table or index, in units a second: now, at most, and over the span; ``limit`` is what is
    provisioned or the maximum on demand, None without either. ``throttled`` counts events by cause ("" where none is published),
    ``refusals`` has them by period.
    """

    now: float
    peak: float
    rates: tuple[float, ...]
    limit: float | None = None
    throttled: Mapping[str, float] = field(default_factory=dict)
    refusals: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """How much of the limit is used now."""
        return self.now / self.limit if self.limit else None

    @property
    def refused(self) -> float:
        return sum(self.throttled.values())


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a table over the span: requests that succeeded, their latency in ms, errors of DynamoDB's own.

    ``p50`` and ``p99`` are of the last period with requests, ``worst`` is the highest p99; None where nothing was asked.
    ``p99s`` is the p99 by period, 0 where nothing was asked.
    """

    name: str
    requests: float
    p50: float | None = None
    p99: float | None = None
    worst: float | None = None
    system_errors: float = 0.0
    returned: float = 0.0  # items, of Query, Scan and ExecuteStatement
    p99s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table, or one of its global indexes (``index``); what is counted by table only is on the table's own row.

    ``kinesis_age_ms`` is the age of the oldest change that is not in the Kinesis stream yet, None without a destination;
    ``kinesis_failed`` counts the changes of the span that never came there.
    """

    table: str
    index: str | None
    status: str
    billing: str
    reads: Side
    writes: Side
    operations: tuple[Operation, ...] = ()
    conditions_failed: float = 0.0
    conflicts: float = 0.0
    ttl_deleted: float | None = None  # None while TTL is off
    stream_age_ms: float | None = None
    replication_ms: Mapping[str, float] = field(default_factory=dict)
    kinesis_age_ms: float | None = None
    kinesis_failed: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.table}/{self.index}" if self.index else self.table

    @property
    def system_errors(self) -> float:
        return sum(each.system_errors for each in self.operations)

    @property
    def trouble(self) -> float:
        """How much is refused or fails: what a screen that is too small shows first."""
        return self.reads.refused + self.writes.refused + self.system_errors


@dataclass(frozen=True, slots=True)
class Board:
    """One look at tables over a span. ``period`` is in seconds; the units of ``series`` are CloudWatch's."""

    at: datetime
    since: datetime
    until: datetime
    period: int
    region: str
    rows: tuple[TableRow, ...]
    alarms: tuple[AlarmState, ...]
    user_errors: float
    calls: int
    metrics: int
    points: int
    price: Decimal | None = None
    unread: Mapping[str, str] = field(default_factory=dict)
    series: tuple[Series, ...] = ()
