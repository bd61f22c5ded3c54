"""Judging the alarms of the embedded AWS against its metrics, and changing their state through the API."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from tablewright.local.metrics.alarms import LOOK_BACK, OPERATORS, Judgement, Rule, State, grows_into_breach, judge
from tablewright.local.metrics.insights import QueryError
from tablewright.local.metrics.math import Series, Span
from tablewright.local.metrics.math_text import MathError
from tablewright.local.metrics.reading import Evaluation, Reader, Source
from tablewright.local.metrics.store import Scope

__all__ = ["AlarmEvaluator", "rule_of"]

SetState = Callable[[Scope, dict[str, Any]], Awaitable[object]]
_log = logging.getLogger("tablewright.local")
_METRIC = "metric"


class AlarmEvaluator:
    """Looks at every metric alarm; composite alarms follow their children where the state is set."""

    def __init__(
        self,
        alarms: Callable[[], Sequence[tuple[Scope, Mapping[str, Any]]]],
        sources: Sequence[Source],
        set_state: SetState,
    ) -> None:
        self._alarms = alarms
        self._sources = sources
        self._set_state = set_state

    async def evaluate(self, now: float, only: Scope | None = None) -> int:
        """Judge the alarms (of one scope) as of `now`; returns how many changed their state."""
        changed = 0
        for scope, alarm in list(self._alarms()):
            if only not in (None, scope):
                continue
            try:
                found = self._judged(scope, alarm, now)
            except (MathError, QueryError, KeyError, TypeError, ValueError) as problem:
                _log.warning("alarm %s cannot be evaluated: %s", alarm.get("AlarmName"), problem)
                continue
            if found is None or found[0].state == alarm["StateValue"]:
                continue
            judgement, data = found
            changed += 1
            await self._set_state(
                scope,
                {
                    "AlarmName": alarm["AlarmName"],
                    "StateValue": judgement.state,
                    "StateReason": judgement.reason,
                    "StateReasonData": json.dumps(data, separators=(",", ":")),
                },
            )
        return changed

    def _judged(self, scope: Scope, alarm: Mapping[str, Any], now: float) -> tuple[Judgement, dict[str, Any]] | None:
        rule = rule_of(alarm)
        if rule is None:
            return None
        queries, wanted = _queries(alarm)
        reader = Reader(self._sources, scope)
        period = Evaluation(reader, queries, lambda length: Span((), length)).period(wanted)
        end = now // period * period
        count = rule.periods + LOOK_BACK
        starts = tuple(end - period * back for back in range(count, -1, -1))
        value = Evaluation(reader, queries, lambda length: Span(starts, length)).value(wanted)
        if isinstance(value, list):
            value = value[0][1] if value else {}
        series: Series = value if isinstance(value, dict) else dict.fromkeys(starts, value)
        # The period under way counts once it has data that the rest of it cannot undo.
        used = starts[1:] if end in series and grows_into_breach(rule) else starts[:-1]
        points = [(at, series.get(at)) for at in used]
        judgement = judge(rule, points, cast(State, alarm["StateValue"]))
        recent = [value for _, value in points if value is not None][-rule.periods :]
        data = {
            "version": "1.0",
            "queryDate": _iso(now),
            "startDate": _iso(used[-rule.periods]),
            "statistic": alarm.get("Statistic") or alarm.get("ExtendedStatistic"),
            "period": period,
            "recentDatapoints": recent,
            "threshold": rule.threshold,
        }
        return judgement, {name: each for name, each in data.items() if each is not None}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def rule_of(alarm: Mapping[str, Any]) -> Rule | None:
    """How an alarm judges, or None for one that the embedded AWS cannot judge (anomaly bands)."""
    if alarm.get("ComparisonOperator") not in OPERATORS or alarm.get("Threshold") is None:
        return None
    periods = int(alarm.get("EvaluationPeriods") or 1)
    namespaces = {alarm.get("Namespace")} if alarm.get("MetricName") else _namespaces(alarm)
    default = "ignore" if namespaces == {"AWS/DynamoDB"} else "missing"
    missing = str(alarm.get("TreatMissingData") or default)
    to_alarm = int(alarm.get("DatapointsToAlarm") or periods)
    return Rule(str(alarm["ComparisonOperator"]), float(alarm["Threshold"]), periods, to_alarm, missing)


def _namespaces(alarm: Mapping[str, Any]) -> set[str | None]:
    measured = [query["MetricStat"] for query in alarm.get("Metrics") or () if query.get("MetricStat")]
    return {each.get("Metric", {}).get("Namespace") for each in measured}


def _queries(alarm: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], str]:
    """The alarm as metric data queries, and the id of the one that it watches."""
    if alarm.get("Metrics"):
        queries = list(alarm["Metrics"])
        return queries, str(next(query["Id"] for query in queries if query.get("ReturnData", True) is not False))
    metric = {name: alarm.get(name) for name in ("Namespace", "MetricName")}
    stat = {
        "Metric": {**metric, "Dimensions": alarm.get("Dimensions") or []},
        "Period": int(alarm.get("Period") or 60),
        "Stat": alarm.get("Statistic") or alarm.get("ExtendedStatistic") or "Average",
        "Unit": alarm.get("Unit") or "",
    }
    return [{"Id": _METRIC, "MetricStat": stat}], _METRIC
