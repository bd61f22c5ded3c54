"""Auto scaling of one side of a table, simulated minute by minute: how many unit-hours a trace costs.

Sources: Amazon DynamoDB Developer Guide, "Managing throughput capacity automatically": two consecutive minutes above the target
scale out, fifteen below it scale in; Application Auto Scaling User Guide, target tracking (to the units at which the target
would be met, within minimum and maximum; without consumption nothing scales in); DynamoDB Developer Guide, "Quotas": four
decreases in a UTC day, and one more in each hour in which there was none. Cooldowns are 0, as DynamoDB's console sets them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tablewright.cost.priced import ScalingBounds

__all__ = ["Scaled", "simulate"]

OUT_MINUTES = 2
IN_MINUTES = 15
_DECREASES = 4
_HOUR, _DAY = 60, 1440


@dataclass(frozen=True, slots=True)
class Scaled:
    """What came of it: unit-hours in all, units by minute, minutes in which more was asked for than was there, changes."""

    unit_hours: Decimal
    units: tuple[int, ...]
    short: int
    increases: int
    decreases: int


def simulate(rates: Sequence[float], bounds: ScalingBounds, *, start: int | None = None) -> Scaled:
    """Scale for units a second consumed in each minute. Minute 0 is midnight UTC. DynamoDB bills the highest units of each hour.

    That the highest of an hour is billed follows from how provisioned capacity is billed by the hour (unverified).
    """
    units = max(bounds.minimum, min(bounds.maximum, start if start is not None else bounds.minimum))
    history: list[int] = []
    lowered: list[int] = []
    increases = short = 0
    for minute, rate in enumerate(rates):
        history.append(units)
        if rate > units:
            short += 1
        limit = units * bounds.target / 100
        out = rates[max(0, minute - OUT_MINUTES + 1) : minute + 1]
        low = rates[max(0, minute - IN_MINUTES + 1) : minute + 1]
        if len(out) == OUT_MINUTES and all(each > limit for each in out):
            wanted = min(bounds.maximum, _met(max(out), bounds))
            if wanted > units:
                units = wanted
                increases += 1
        elif len(low) == IN_MINUTES and all(0 < each < limit for each in low):
            wanted = max(bounds.minimum, _met(max(low), bounds))
            if wanted < units and _may_lower(lowered, minute):
                units = wanted
                lowered.append(minute)
    return Scaled(
        unit_hours=Decimal(sum(_billed(history))),
        units=tuple(history),
        short=short,
        increases=increases,
        decreases=len(lowered),
    )


def _met(rate: float, bounds: ScalingBounds) -> int:
    """The units at which this rate would be the target."""
    return max(1, math.ceil(rate * 100 / bounds.target - 1e-9))


def _may_lower(lowered: Sequence[int], minute: int) -> bool:
    today = [each for each in lowered if each // _DAY == minute // _DAY]
    return len(today) < _DECREASES or minute - today[-1] >= _HOUR


def _billed(history: Sequence[int]) -> Iterator[int]:
    for begin in range(0, len(history), _HOUR):
        yield max(history[begin : begin + _HOUR])
