"""Metrics over time: which one, and its values by period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

DYNAMODB = "AWS/DynamoDB"
LAMBDA = "AWS/Lambda"


@dataclass(frozen=True, slots=True)
class MetricId:
    """One metric as CloudWatch knows it: a name under one exact set of dimensions, sorted by their names."""

    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    namespace: str = DYNAMODB

    @classmethod
    def of(cls, name: str, namespace: str = DYNAMODB, **dimensions: str) -> MetricId:
        """The metric with these dimensions, given as keywords."""
        return cls(name, tuple(sorted(dimensions.items())), namespace)

    def dimension(self, name: str) -> str | None:
        """The value of a dimension, None without it."""
        return next((value for each, value in self.dimensions if each == name), None)

    @property
    def table(self) -> str | None:
        return self.dimension("TableName")

    @property
    def index(self) -> str | None:
        return self.dimension("GlobalSecondaryIndexName")

    @property
    def operation(self) -> str | None:
        return self.dimension("Operation")


@dataclass(frozen=True, slots=True)
class SeriesId:
    """A metric under one statistic (Sum, Average, Maximum, SampleCount, p99 …)."""

    metric: MetricId
    statistic: str


@dataclass(frozen=True, slots=True)
class Series:
    """Values by period, oldest first. ``times`` are the periods' beginnings in seconds since the epoch, ``period`` is seconds.

    A period without data has no value: CloudWatch keeps none for silence.
    """

    id: SeriesId
    period: int
    times: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.values)

    @property
    def total(self) -> float:
        """The sum of all values; of a Sum, how many there were in the whole span."""
        return sum(self.values)

    @property
    def highest(self) -> float:
        """The largest value, 0 without any."""
        return max(self.values, default=0.0)

    @property
    def peak_at(self) -> datetime | None:
        """When the period with the largest value began."""
        if not self.values:
            return None
        return datetime.fromtimestamp(self.times[self.values.index(max(self.values))], UTC)

    @property
    def rates(self) -> tuple[float, ...]:
        """Each value of a Sum as so many a second."""
        return tuple(value / self.period for value in self.values)

    def between(self, since: float, until: float) -> Series:
        """Only the periods that begin in [since, until), both in seconds since the epoch."""
        kept = [(t, v) for t, v in zip(self.times, self.values, strict=True) if since <= t < until]
        return Series(self.id, self.period, tuple(t for t, _ in kept), tuple(v for _, v in kept))

    def by_time(self) -> Mapping[int, float]:
        return dict(zip(self.times, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class SeriesSet:
    """Several series, found by what they are; one that was never asked for or never had data is empty."""

    series: Mapping[SeriesId, Series] = field(default_factory=dict)
    period: int = 60

    @classmethod
    def of(cls, series: Iterable[Series], period: int) -> SeriesSet:
        return cls({each.id: each for each in series}, period)

    def get(self, metric: MetricId, statistic: str = "Sum") -> Series:
        """The series; an empty one where there is none."""
        asked = SeriesId(metric, statistic)
        return self.series.get(asked) or Series(asked, self.period)

    def of_metric(self, name: str, statistic: str = "Sum", table: str | None = None) -> Iterator[Series]:
        """All series of a metric name, of one table or of any."""
        for each, series in self.series.items():
            if (
                each.metric.name == name
                and each.statistic == statistic
                and (table is None or each.metric.table == table)
            ):
                yield series


@dataclass(frozen=True, slots=True)
class Asked:
    """A series to be read: ``period`` in seconds, a multiple of 60."""

    id: SeriesId
    period: int


@dataclass(frozen=True, slots=True)
class KeyShare:
    """One key of a contributor insights report: its values, its count, and its share of all that the report counted (0 to 1)."""

    key: tuple[str, ...]
    count: float
    share: float


@dataclass(frozen=True, slots=True)
class TopKeys:
    """The keys that a table or index was asked for most (``accessed``) or throttled on most, busiest first."""

    accessed: tuple[KeyShare, ...] = ()
    throttled: tuple[KeyShare, ...] = ()
    mode: str = ""


@dataclass(frozen=True, slots=True)
class ScalingSetting:
    """Auto scaling of one dimension of a table or index: ``dimension`` as Application Auto Scaling names it."""

    resource: str  # table/NAME or table/NAME/index/NAME
    dimension: str
    minimum: int
    maximum: int
    target_percent: float | None = None
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and what the reading took: API calls, metrics asked for (CloudWatch bills them) and data points."""

    series: SeriesSet
    calls: int = 0
    metrics: int = 0
    points: int = 0
