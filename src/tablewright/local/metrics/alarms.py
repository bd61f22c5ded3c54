"""How an alarm judges its datapoints, as a pure function.

Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data", whose two
tables of examples are test cases. An alarm looks back a little further than its evaluation periods; with enough datapoints
there it ignores that others are missing. How much further is documented only by those examples: two periods.
An alarm on AWS/DynamoDB metrics keeps its state over missing data unless it was told otherwise (same page).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

__all__ = ["LOOK_BACK", "OPERATORS", "Judgement", "Rule", "State", "grows_into_breach", "judge"]

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
LOOK_BACK = 2
"""Periods before the evaluation periods that are looked at as well."""

OPERATORS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_FILLED = {"breaching": "Breaching", "notBreaching": "NonBreaching", "missing": "Missing", "ignore": "Ignored"}


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alarm was set to."""

    operator: str
    threshold: float
    periods: int
    to_alarm: int
    """Datapoints that must breach: M of `periods`."""
    missing: str
    """breaching, notBreaching, missing or ignore."""

    def breaches(self, value: float) -> bool:
        if self.operator == "GreaterThanThreshold":
            return value > self.threshold
        if self.operator == "GreaterThanOrEqualToThreshold":
            return value >= self.threshold
        if self.operator == "LessThanThreshold":
            return value < self.threshold
        return value <= self.threshold


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state that an alarm should have, and why."""

    state: State
    reason: str


def grows_into_breach(rule: Rule) -> bool:
    """Whether a period that is still under way may count: only a threshold from above can be trusted before the period ends."""
    return rule.operator.startswith("Greater")


def judge(rule: Rule, points: Sequence[tuple[float, float | None]], current: State) -> Judgement:
    """Judge (time, value or None) points, oldest first: the evaluation periods and `LOOK_BACK` more before them."""
    present = [(at, value) for at, value in points if value is not None]
    if not present:
        return _nothing(rule, current)
    used = present[-rule.periods :]
    breaching = sum(rule.breaches(value) for _, value in used)
    absent = rule.periods - len(used)
    if absent > 0:
        if rule.missing == "breaching":
            breaching += absent
        elif rule.missing != "notBreaching" and breaching < rule.to_alarm:
            return _premature(rule, points, used, current)
    state: State = "ALARM" if breaching >= rule.to_alarm else "OK"
    return Judgement(state, _reason(rule, state, used, breaching, current))


def _nothing(rule: Rule, current: State) -> Judgement:
    span = f"{rule.periods} period{'s' if rule.periods > 1 else ''}"
    received = f"no datapoints were received for {span} and {rule.periods} missing datapoint" + (
        "s were" if rule.periods > 1 else " was"
    )
    if rule.missing in ("breaching", "notBreaching"):
        state: State = "ALARM" if rule.missing == "breaching" else "OK"
        return Judgement(state, f"Threshold Crossed: {received} treated as [{_FILLED[rule.missing]}].")
    if rule.missing == "ignore":
        return Judgement(current, "")
    unknown = f"{rule.periods} datapoint{'s were' if rule.periods > 1 else ' was'} unknown."
    return Judgement("INSUFFICIENT_DATA", f"Insufficient Data: {unknown}")


def _premature(
    rule: Rule, points: Sequence[tuple[float, float | None]], used: Sequence[tuple[float, float]], current: State
) -> Judgement:
    """Too few datapoints, and missing ones count for nothing.

    When all that there is breaches, and has for as long as it takes, the alarm does not wait for more.
    """
    if not all(rule.breaches(value) for _, value in used):
        return Judgement("OK", _reason(rule, "OK", used, sum(rule.breaches(value) for _, value in used), current))
    newest_first = [value for _, value in reversed(points)]
    age = max(place for place, value in enumerate(newest_first, 1) if value is not None)
    if rule.missing == "missing" and age >= rule.to_alarm:
        return Judgement("ALARM", _reason(rule, "ALARM", used, len(used), current))
    if rule.missing == "missing":
        return Judgement("OK", _reason(rule, "OK", used, len(used), current))
    return Judgement(current, "")


def _reason(rule: Rule, state: State, used: Sequence[tuple[float, float]], breaching: int, current: State) -> str:
    shown = [(at, value) for at, value in reversed(used) if rule.breaches(value) is (state == "ALARM")][: rule.periods]
    values = ", ".join(f"{value} ({datetime.fromtimestamp(at, UTC):%d/%m/%y %H:%M:%S})" for at, value in shown)
    count = breaching if state == "ALARM" else rule.periods - breaching
    many = "were" if count != 1 else "was"
    words = f"{'' if state == 'ALARM' else 'not '}{OPERATORS.get(rule.operator, rule.operator)}"
    needed = rule.to_alarm if state == "ALARM" else rule.periods - rule.to_alarm + 1
    change = "OK -> ALARM" if state == "ALARM" else "ALARM -> OK"
    return (
        f"Threshold Crossed: {count} out of the last {rule.periods} datapoints [{values}] {many} {words} the threshold "
        f"({rule.threshold}) (minimum {needed} datapoint{'s' if needed > 1 else ''} for {change} transition)."
    )
