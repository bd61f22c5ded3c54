"""All that a diagnosis may rest on, as one value, and the questions that symptoms ask of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tablewright.model.series import MetricId, ScalingSetting, Series, SeriesId, SeriesSet, TopKeys
from tablewright.model.table import OnDemand, Provisioned, Table

__all__ = ["CAUSES", "Observation", "Subject"]

CAUSES = ("ProvisionedThroughput", "KeyRangeThroughput", "MaxOnDemandThroughput", "AccountLimit")
"""The four causes of throttling that DynamoDB tells apart (developer guide, "Throttling reasons")."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was read. ``recent`` covers [since, until), ``history`` two weeks by the hour, ``close`` a part by the minute.

    ``unread`` says what could not be asked, by a name such as ``insights:TABLE``, and why. ``samples`` holds, for tables with
    TTL, the TTL attribute (and keys) of the items on one page.
    """

    tables: tuple[Table, ...]
    since: datetime
    until: datetime
    recent: SeriesSet
    history: SeriesSet
    history_since: datetime
    close: SeriesSet = field(default_factory=SeriesSet)
    insights: Mapping[tuple[str, str | None], TopKeys] = field(default_factory=dict)
    scaling: tuple[ScalingSetting, ...] = ()
    samples: Mapping[str, tuple[Mapping[str, object], ...]] = field(default_factory=dict)
    consumers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # table -> functions that read its stream
    unread: Mapping[str, str] = field(default_factory=dict)
    region: str = ""

    @property
    def hours(self) -> float:
        return (self.until - self.since).total_seconds() / 3600

    def subjects(self, table: Table) -> Iterator[Subject]:
        """The table itself, then each of its global indexes."""
        yield Subject(self, table, None)
        for index in table.indexes:
            if index.kind == "global":
                yield Subject(self, table, index.name)


@dataclass(frozen=True, slots=True)
class Subject:
    """A table or one of its global indexes, and its figures. TableName alone leaves the indexes out, as CloudWatch does."""

    seen: Observation
    table: Table
    index: str | None

    def metric(self, name: str) -> MetricId:
        more = {"GlobalSecondaryIndexName": self.index} if self.index else {}
        return MetricId.of(name, TableName=self.table.name, **more)

    def series(self, name: str, statistic: str = "Sum") -> Series:
        """The series of the span that is looked at."""
        return self.seen.recent.get(self.metric(name), statistic)

    def past(self, name: str, statistic: str = "Sum") -> Series:
        """The series of the last two weeks, by the hour."""
        return self.seen.history.get(self.metric(name), statistic)

    def finest(self, name: str, statistic: str = "Sum") -> Series:
        """By the minute where it was read so, else as it was read."""
        return self.seen.close.get(self.metric(name), statistic) or self.series(name, statistic)

    def throttled(self, side: str, cause: str = "") -> Series:
        """``side`` is Read or Write; all causes when none is named."""
        return self.series(f"{side}{cause}ThrottleEvents")

    def unexplained(self, side: str) -> float:
        """Throttle events that no cause was published for."""
        return max(0.0, self.throttled(side).total - sum(self.throttled(side, cause).total for cause in CAUSES))

    def consumed_peak(self, side: str) -> float:
        """The most units a second that were consumed in any one period."""
        series = self.finest(f"Consumed{side}CapacityUnits")
        return series.highest / series.period if series else 0.0

    def provisioned(self, side: str) -> float | None:
        """The units a second that are provisioned, None on demand or where it is not published yet."""
        series = self.series(f"Provisioned{side}CapacityUnits", "Maximum")
        if series and not isinstance(self.table.billing, OnDemand):
            return series.values[-1]
        if self.index is None and isinstance(self.table.billing, Provisioned):
            return float(self.table.billing.read if side == "Read" else self.table.billing.write)
        return None

    def keys(self) -> TopKeys | None:
        return self.seen.insights.get((self.table.name, self.index))

    def scaling(self, side: str) -> ScalingSetting | None:
        """How auto scaling is set for this side, None where it is not."""
        resource = f"table/{self.table.name}" + (f"/index/{self.index}" if self.index else "")
        return next(
            (
                each
                for each in self.seen.scaling
                if each.resource == resource and each.dimension.endswith(f":{side}CapacityUnits")
            ),
            None,
        )

    def operations(self) -> tuple[str, ...]:
        """The operations that succeeded on the table in the span."""
        return tuple(
            sorted(
                {
                    each.metric.operation
                    for each, series in self.seen.recent.series.items()
                    if each.metric.name == "SuccessfulRequestLatency"
                    and each.metric.table == self.table.name
                    and each.metric.operation
                    and each.metric.dimension("StreamLabel") is None
                    and series
                }
            )
        )

    def by_operation(self, name: str, operation: str, statistic: str = "Sum") -> Series:
        return self.seen.recent.get(MetricId.of(name, TableName=self.table.name, Operation=operation), statistic)

    def id(self, name: str, statistic: str = "Sum") -> SeriesId:
        return SeriesId(self.metric(name), statistic)
