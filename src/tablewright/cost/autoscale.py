"""Auto scaling of one side of a table, simulated minute by minute: how many unit-hours a trace costs.

What is asked for is served as far as units and burst credits go, the rest is refused; alarms see what was served, as CloudWatch
does, so a table that is far too small grows by steps. Cooldowns are 0, as DynamoDB's console sets them.

Sources: Amazon DynamoDB Developer Guide, "Managing throughput capacity automatically": two consecutive minutes above the target
scale out, fifteen low ones scale in, and each change takes minutes more. awslabs/amazon-dynamodb-tools, dynamodb-optima,
"Analysis Deep Dive": low is below 50 % where the target is 70 % (the guide only says lower than the target: ``margin=0``).
Developer Guide, "Burst and adaptive capacity": up to 300 seconds of unused units are kept; "Quotas": four decreases in a UTC day,
and one more in each hour in which there was none. Application Auto Scaling User Guide, target tracking: to the units at which
the target would be met, within minimum and maximum; without consumption nothing scales in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from tablewright.cost.priced import ScalingBounds
from tablewright.model.workload import Trace

__all__ = ["BURST_SECONDS", "IN_MINUTES", "MARGIN", "OUT_MINUTES", "Scaled", "simulate", "simulated"]

OUT_MINUTES = 2
IN_MINUTES = 15
MARGIN = 20.0
"""Points below the target from which minutes count as low."""
BURST_SECONDS = 300
_DECREASES = 4
_HOUR, _DAY = 60, 1440


@dataclass(frozen=True, slots=True)
class Scaled:
    """What came of it: unit-hours in all, units by minute, minutes in which requests were refused, units refused, how often
    units rose, and the minutes after which they fell.
    """

    unit_hours: Decimal
    units: tuple[int, ...]
    short: int
    refused: float
    increases: int
    lowered: tuple[int, ...]

    @property
    def decreases(self) -> int:
        """How often units fell."""
        return len(self.lowered)


def simulate(
    rates: Sequence[float],
    bounds: ScalingBounds,
    *,
    start: int | None = None,
    margin: float = MARGIN,
    delay: int = 0,
    begins: int = 0,
) -> Scaled:
    """Scale for units a second asked for in each minute, the first of which is ``begins`` minutes after midnight UTC.

    DynamoDB bills the highest units of each hour: that follows from how provisioned capacity is billed (unverified). A change is
    there ``delay`` minutes after the minute that its alarm went off in. No burst is saved up at the start.
    """
    units = max(bounds.minimum, min(bounds.maximum, start if start is not None else bounds.minimum))
    history: list[int] = []
    served: list[float] = []
    lowered: list[int] = []
    coming: tuple[int, int] | None = None  # the minute from which on, and how many units
    burst = refused = 0.0
    increases = short = steady = minute = 0
    while minute < len(rates):
        rate = rates[minute]
        if coming is not None and minute >= coming[0]:
            units, coming, steady = coming[1], None, 0
        history.append(units)
        saved = min(burst, float(units * BURST_SECONDS))
        asked, fixed = rate * 60, units * 60.0
        given = min(asked, fixed + saved)
        burst = max(0.0, min(saved + fixed - given, float(units * BURST_SECONDS)))
        missing = asked - given if asked - given > 1e-6 else 0.0
        short += missing > 0
        refused += missing
        steady = steady + 1 if burst == saved and served and served[-1] == given / 60 else 0
        served.append(given / 60)
        minute += 1
        if coming is not None:
            continue
        wanted = _wanted(served, units, bounds, margin)
        if wanted > units:
            increases += 1
        elif wanted == units:
            if steady >= IN_MINUTES:  # Nothing changes while the rate stays: what follows is as this minute was.
                same = minute
                while same < len(rates) and rates[same] == rate:
                    same += 1
                history += [units] * (same - minute)
                served += [given / 60] * (same - minute)
                short += (same - minute) * (missing > 0)
                refused += (same - minute) * missing
                minute = same
            continue
        elif not _may_lower(lowered, minute - 1, begins):
            continue
        else:
            lowered.append(minute - 1)
        coming = (minute + delay, wanted)
    return Scaled(
        unit_hours=Decimal(sum(_billed(history, begins))),
        units=tuple(history),
        short=short,
        refused=refused,
        increases=increases,
        lowered=tuple(lowered),
    )


@lru_cache(maxsize=256)
def simulated(course: Trace, bounds: ScalingBounds, start: int | None) -> Scaled:
    """``simulate`` on a course of a load, remembered: the ways to bill a table ask for the same one again and again."""
    return simulate(course.minutes, bounds, start=start, begins=course.begins)


def _wanted(served: Sequence[float], units: int, bounds: ScalingBounds, margin: float) -> int:
    """The units that the alarms ask for after the last of these minutes."""
    limit, floor = units * bounds.target / 100, units * (bounds.target - margin) / 100
    if served[-1] > limit:
        out = served[-OUT_MINUTES:]
        if len(out) == OUT_MINUTES and all(each > limit for each in out):
            return max(units, min(bounds.maximum, _met(max(out), bounds)))
    elif 0 < served[-1] < floor:
        low = served[-IN_MINUTES:]
        if len(low) == IN_MINUTES and all(0 < each < floor for each in low):
            return min(units, max(bounds.minimum, _met(max(low), bounds)))
    return units


def _met(rate: float, bounds: ScalingBounds) -> int:
    """The units at which this rate would be the target."""
    return max(1, math.ceil(rate * 100 / bounds.target - 1e-9))


def _may_lower(lowered: Sequence[int], minute: int, begins: int) -> bool:
    today = [each for each in lowered if (each + begins) // _DAY == (minute + begins) // _DAY]
    return len(today) < _DECREASES or minute - today[-1] >= _HOUR


def _billed(history: Sequence[int], begins: int) -> Iterator[int]:
    """The most units of each hour of the clock that is touched."""
    for begin in range(-(begins % _HOUR), len(history), _HOUR):
        yield max(history[max(0, begin) : begin + _HOUR])
