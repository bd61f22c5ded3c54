"""When and how far Application Auto Scaling moves a table's provisioned units, as pure functions.

Sources: Amazon DynamoDB Developer Guide, "Managing throughput capacity automatically with DynamoDB auto scaling": two
consecutive minutes above the target scale out, fifteen below it scale in, and without consumption nothing scales in;
Application Auto Scaling User Guide, "Target tracking scaling policies" (cooldowns, minimum and maximum); Amazon DynamoDB
Developer Guide, "Quotas in Amazon DynamoDB" (decreases: four in a UTC day, and one more whenever the last hour saw none).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["IN_MINUTES", "OUT_MINUTES", "Policy", "decrease_allowed", "due", "wanted_units"]

OUT_MINUTES = 2
IN_MINUTES = 15
_DECREASES_AT_ONCE = 4
_DAY_S, _HOUR_S = 86400, 3600


@dataclass(frozen=True, slots=True)
class Policy:
    """A target tracking policy with the bounds of its target."""

    target: float
    """Percent of the provisioned units that should be in use."""
    low: float
    high: float
    out_cooldown: float = 0.0
    in_cooldown: float = 0.0
    scales_in: bool = True


def wanted_units(
    policy: Policy, units: float, minutes: Mapping[int, float], now: float, last_out: float, last_in: float
) -> tuple[float, str]:
    """(units to provision, why): the same units and "" when nothing is to be done.

    `minutes` are the units a second consumed in each finished minute (by its start), without those in which nothing was.
    """
    if units < policy.low:
        return policy.low, "the units were below the minimum capacity"
    if units > policy.high:
        return policy.high, "the units were above the maximum capacity"
    minute = int(now // 60) * 60
    recent = [minutes.get(minute - 60 * back) for back in range(1, IN_MINUTES + 1)]
    limit = units * policy.target / 100
    newest = recent[:OUT_MINUTES]
    if all(each is not None and each > limit for each in newest) and now - last_out >= policy.out_cooldown:
        peak = max(each for each in newest if each is not None)
        wanted = min(max(float(math.ceil(peak * 100 / policy.target)), units), policy.high)
        if wanted > units:
            return wanted, f"consumption was above {policy.target:g} % of {units:g} for {OUT_MINUTES} minutes"
    if (
        policy.scales_in
        and all(each is not None and each < limit for each in recent)
        and now - max(last_out, last_in) >= policy.in_cooldown
    ):
        peak = max(each for each in recent if each is not None)
        wanted = max(float(math.ceil(peak * 100 / policy.target)), policy.low)
        if wanted < units:
            return wanted, f"consumption was below {policy.target:g} % of {units:g} for {IN_MINUTES} minutes"
    return units, ""


def decrease_allowed(decreases: Sequence[float], now: float) -> bool:
    """Whether units may be decreased once more, after decreases at these times."""
    today = [at for at in decreases if at >= now // _DAY_S * _DAY_S]
    return len(today) < _DECREASES_AT_ONCE or now - today[-1] >= _HOUR_S


_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(([^)]+)\)")
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def due(schedule: str, since: float, now: float, created: float) -> bool:
    """Whether a scheduled action (in UTC) fires after `since` and not after `now`. Raises ValueError for an unreadable one."""
    at = _AT.fullmatch(schedule)
    if at:
        moment = datetime.fromisoformat(at[1]).replace(tzinfo=UTC).timestamp()
        return since < moment <= now
    rate = _RATE.fullmatch(schedule)
    if rate:
        length = int(rate[1]) * _UNITS[rate[2]]
        return (
            int((now - created) // length) > int((since - created) // length)
            if since >= created
            else now - created >= length
        )
    cron = _CRON.fullmatch(schedule)
    if cron is None or len(cron[1].split()) != 6:
        raise ValueError(f"the schedule {schedule} is not at(...), rate(...) or cron(...) with six fields")
    fields = cron[1].split()
    minute = int(since // 60) * 60 + 60
    while minute <= now:
        if _matches(fields, datetime.fromtimestamp(minute, UTC)):
            return True
        minute += 60
    return False


def _matches(fields: Sequence[str], at: datetime) -> bool:
    values = (at.minute, at.hour, at.day, at.month, at.isoweekday() % 7 + 1, at.year)
    names: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _DAYS, ())
    return all(_field(field, value, each) for field, value, each in zip(fields, values, names, strict=True))


def _field(field: str, value: int, names: Sequence[str]) -> bool:
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            if not step or value % int(step) == 0:
                return True
            continue
        first, _, last = span.partition("-")
        low = names.index(first) + 1 if first in names else int(first)
        high = (names.index(last) + 1 if last in names else int(last)) if last else value if step else low
        if low <= value <= high and (not step or (value - low) % int(step) == 0):
            return True
    return False
