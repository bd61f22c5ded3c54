"""Thresholds from the past: the lowest whole number at which an alarm would have stayed silent, and room above it."""

from __future__ import annotations

import math
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


def loudest(kind: Kind, points: Mapping[int, float]) -> float | None:
    """The most that held for as many periods in a row as the alarm wants; None where nothing was published.

    An alarm with this threshold would have stayed silent, and one with less would have rung. A period without a value counts as
    0, as the alarm's own treatment of missing data has it.
    """
    if not points:
        return None
    window: deque[tuple[int, float]] = deque()  # rising values: the first is the least of the window
    most = 0.0
    for number, at in enumerate(range(min(points), max(points) + 1, kind.period)):
        value = points.get(at, 0.0)
        while window and window[-1][1] >= value:
            window.pop()
        window.append((number, value))
        if window[0][0] <= number - kind.periods:
            window.popleft()
        if number + 1 >= kind.periods:
            most = max(most, window[0][1])
    return most


def measured(kind: Kind, series: Sequence[Series], days: int, until: str) -> Measured | None:
    """What the past says of a kind; None where it says nothing."""
    points = joined(kind, series)
    if kind.below:
        return _never_less(kind, points, days, until)
    most = loudest(kind, points)
    if most is None:
        return None
    return Measured(max(kind.least, math.ceil(most * kind.headroom)), most, days, until)


def _never_less(kind: Kind, points: Mapping[int, float], days: int, until: str) -> Measured | None:
    """For a kind that rings when something stops: it held in every period of the span."""
    assert kind.threshold is not None
    held = [value for value in points.values() if value >= kind.threshold]
    whole = days * 86_400 // kind.period
    return Measured(kind.threshold, min(held), days, until) if held and len(held) >= whole else None
