"""Thresholds from the past: the lowest whole number at which an alarm would have stayed silent, and room above it."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping, Sequence

from tablewright.author.alarm_kinds import Kind
from tablewright.author.alarm_plan import Measured, Planned
from tablewright.author.alarm_text import dimensions_of
from tablewright.model.observed import MetricQuery, Series


def queries_of(planned: Planned, table: str) -> tuple[MetricQuery, ...]:
    """The metrics that the alarm looks at, for a table of this physical name; none for what a query finds by itself."""
    if planned.query and not planned.kind.operations:
        return ()
    kind = planned.kind
    return tuple(
        MetricQuery(
            namespace=kind.namespace,
            metric=metric,
            dimensions={name: table if name == "TableName" else value for name, value in named.items()},
            statistic=kind.statistic,
            period=kind.period,
        )
        for metric in kind.metrics_of(planned.label)
        for operation in kind.operations or ("",)
        if (named := dimensions_of(planned, metric, operation)) is not None
    )


def joined(kind: Kind, series: Sequence[Series]) -> dict[int, float]:
    """The metrics as the alarm's expression joins them: time (epoch seconds, the period's start) -> value."""
    found: dict[int, float] = {}
    for one in series:
        for at, value in one.points:
            before = found.get(at)
            if before is None:
                found[at] = value
            else:
                found[at] = max(before, value) if kind.join == "MAX" else before + value
    return found


def loudest(planned: Planned, points: Mapping[int, float]) -> float | None:
    """The most that as many periods as ring it had, of those that it looks at together; None where nothing was published.

    An alarm with this threshold would have stayed silent, and one with less would have rung. A period without a value counts as
    0, as the alarm's own treatment of missing data has it.
    """
    if not points:
        return None
    period, wanted, looked = planned.kind.period, planned.kind.periods, planned.evaluated
    window: deque[float] = deque()
    ordered: list[float] = []
    most = 0.0
    for at in range(min(points), max(points) + 1, period):
        value = points.get(at, 0.0)
        window.append(value)
        insort(ordered, value)
        if len(window) > looked:
            ordered.pop(bisect_left(ordered, window.popleft()))
        if len(ordered) >= wanted:
            most = max(most, ordered[-wanted])
    return most


def measured(planned: Planned, series: Sequence[Series], days: int, until: str) -> Measured | None:
    """What the past says of an alarm; None where it says nothing."""
    kind = planned.kind
    points = joined(kind, series)
    if kind.below:
        return _never_less(kind, points, days, until)
    most = loudest(planned, points)
    if most is None:
        return None
    return Measured(max(kind.least, math.ceil(most * kind.headroom)), most, days, until)


def _never_less(kind: Kind, points: Mapping[int, float], days: int, until: str) -> Measured | None:
    """For a kind that rings when something stops: it held in every period of the span."""
    assert kind.threshold is not None
    held = [value for value in points.values() if value >= kind.threshold]
    whole = days * 86_400 // kind.period
    return Measured(kind.threshold, min(held), days, until) if held and len(held) >= whole else None
