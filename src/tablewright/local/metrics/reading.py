"""Series for queries: samples gathered from every place that holds some, cut into periods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from tablewright.local.metrics import insights
from tablewright.local.metrics.math import Series, Span, Value, evaluate
from tablewright.local.metrics.math_text import parse
from tablewright.local.metrics.sample import Key, Sample, dimensions_of
from tablewright.local.metrics.statistics import statistic
from tablewright.local.metrics.store import Scope

__all__ = ["Reader", "Source", "buckets", "metric_key", "span_of"]


class Source(Protocol):
    """A place that holds samples."""

    def keys(self, scope: Scope) -> Iterable[Key]: ...

    def samples(self, scope: Scope, key: Key) -> Sequence[Sample]: ...


def metric_key(metric: Mapping[str, Any]) -> Key:
    """The key of a `Metric` structure, or of a request with the same members."""
    pairs = ((str(each["Name"]), str(each["Value"])) for each in metric.get("Dimensions") or ())
    return str(metric.get("Namespace", "")), str(metric.get("MetricName", "")), dimensions_of(pairs)


def span_of(start: float, end: float, period: int, *, first: float | None = None) -> Span:
    """The periods from `start` up to `end`, counted from `first` (by default from the epoch)."""
    origin = 0.0 if first is None else first
    number = int((start - origin) // period)
    starts: list[float] = []
    while origin + number * period < end and len(starts) < 200_000:
        starts.append(origin + number * period)
        number += 1
    return Span(tuple(starts), period)


def buckets(samples: Iterable[Sample], span: Span, unit: str = "") -> dict[float, list[Sample]]:
    """The samples by the period that they fall in."""
    found: dict[float, list[Sample]] = {}
    if not span.starts:
        return found
    first, end = span.starts[0], span.starts[-1] + span.period
    for sample in samples:
        if first <= sample.at < end and (not unit or sample.unit == unit):
            found.setdefault(first + (sample.at - first) // span.period * span.period, []).append(sample)
    return dict(sorted(found.items()))


class Reader:
    """Reads the metrics of one account and Region."""

    def __init__(self, sources: Sequence[Source], scope: Scope) -> None:
        self._sources = sources
        self._scope = scope

    def metrics(self) -> list[Key]:
        """Every metric, each once."""
        return list(dict.fromkeys(key for source in self._sources for key in source.keys(self._scope)))

    def samples(self, key: Key) -> list[Sample]:
        """The samples of one metric."""
        return [sample for source in self._sources for sample in source.samples(self._scope, key)]

    def series(self, key: Key, name: str, span: Span, unit: str = "") -> Series:
        """A statistic of a metric by period; periods without data are absent."""
        points: Series = {}
        for at, inside in buckets(self.samples(key), span, unit).items():
            value = statistic(inside, name)
            if value is not None:
                points[at] = value
        return points

    def select(self, query: insights.Query, span: Span) -> list[tuple[str, Series]]:
        """What a Metrics Insights query gives: a labelled series for each group."""
        groups: dict[tuple[str, ...], list[Sample]] = {}
        for key in self.metrics():
            if insights.selects(query, key):
                groups.setdefault(insights.group_of(query, key), []).extend(self.samples(key))
        ranked = []
        for group, samples in groups.items():
            inside = [each for part in buckets(samples, span).values() for each in part]
            rank = statistic(inside, query.order) if query.order else None
            ranked.append((group, inside, 0.0 if rank is None else rank))
        results = []
        for group, samples, _ in insights.ordered(query, ranked):
            by_period = buckets(samples, span).items()
            points = {at: value for at, part in by_period if (value := statistic(part, query.function)) is not None}
            results.append((" ".join(group) or query.metric, points))
        return results

    def evaluate(self, queries: Sequence[Mapping[str, Any]], wanted: str, span_for: Callable[[int], Span]) -> Value:
        """The value of the query with the id `wanted`, with those that it names. Raises MathError and QueryError."""
        return Evaluation(self, queries, span_for).value(wanted)


class Evaluation:
    """A set of metric data queries, each evaluated once and when it is first needed."""

    def __init__(self, reader: Reader, queries: Sequence[Mapping[str, Any]], span_for: Callable[[int], Span]) -> None:
        self._reader = reader
        self._queries = {str(query.get("Id", "")): query for query in queries}
        self._span_for = span_for
        self._values: dict[str, Value] = {}
        self._under_way: set[str] = set()

    def period(self, wanted: str) -> int:
        """The period of a query: its own, or the longest of the metrics."""
        query = self._queries[wanted]
        own = query.get("Period") or query.get("MetricStat", {}).get("Period")
        others = [each["MetricStat"].get("Period", 60) for each in self._queries.values() if each.get("MetricStat")]
        return int(own or max(others, default=60))

    def value(self, wanted: str) -> Value:
        """The value of the query with the id `wanted`."""
        if wanted not in self._values:
            self._under_way.add(wanted)
            self._values[wanted] = self._evaluate(wanted)
            self._under_way.discard(wanted)
        return self._values[wanted]

    def _evaluate(self, wanted: str) -> Value:
        query = self._queries[wanted]
        span = self._span_for(self.period(wanted))
        measured = query.get("MetricStat")
        if measured:
            key = metric_key(measured.get("Metric") or {})
            return self._reader.series(key, str(measured.get("Stat", "Average")), span, str(measured.get("Unit") or ""))
        text = str(query.get("Expression", ""))
        if insights.is_query(text):
            return self._reader.select(insights.parse_query(text), span)

        known = _Known(self, [name for name in self._queries if name not in self._under_way])
        measured_ones = [name for name, each in self._queries.items() if each.get("MetricStat")]
        return evaluate(parse(text), known, span, measured_ones)


class _Known(Mapping[str, Value]):
    """The other queries' values by id, evaluated when named."""

    def __init__(self, evaluation: Evaluation, names: Sequence[str]) -> None:
        self._evaluation = evaluation
        self._names = names

    def __getitem__(self, name: str) -> Value:
        if name not in self._names:
            raise KeyError(name)
        return self._evaluation.value(name)

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names
