"""What CloudWatch refuses and keeps about alarms and ministack does not.

ministack takes any parameters and forgets metric math; here the parameters are checked and all of them are kept. It also
compares a threshold with the points of every metric of that name, whatever their dimensions: that is turned off, and alarms
are judged by `metrics.evaluator`.
"""

from __future__ import annotations

import json
import re
import types
from typing import Any

from tablewright.local.metrics.insights import is_query
from tablewright.local.metrics.math_text import MathError, names_in, parse

__all__ = ["amend_cloudwatch"]

Answer = tuple[int, dict[str, str], bytes]

_COMPARISONS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
_BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_QUERY_ID = re.compile(r"[a-z][a-zA-Z0-9_]*$")
_MOST_OF_A_KIND = 10
"""Metrics of an alarm, and expressions over them: 20 queries in all. Source: CloudWatch API reference, MetricDataQuery."""

_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_KEPT = (
    "AlarmDescription",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "ExtendedStatistic",
    "MetricName",
    "Metrics",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)
"""Parameters that DescribeAlarms gives back when PutMetricAlarm set them, and not otherwise."""


def amend_cloudwatch(cloudwatch: types.ModuleType) -> None:
    """Put the checks in front of ministack's handler, and leave judging alarms to others."""
    rules = _Rules(cloudwatch)
    cloudwatch._put_metric_alarm = rules.put_metric_alarm  # type: ignore[attr-defined]
    cloudwatch._put_dashboard = rules.put_dashboard  # type: ignore[attr-defined]
    cloudwatch._evaluate_alarm = lambda alarm: None  # type: ignore[attr-defined]


class _Rules:
    def __init__(self, module: Any) -> None:
        self._cw = module
        self._put = module._put_metric_alarm
        self._put_dashboard = module._put_dashboard

    def put_metric_alarm(self, params: Any, data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Answer:
        """PutMetricAlarm, with its parameters checked and all of them kept."""
        problem = _problem_with(data)
        if problem:
            refused: Answer = self._cw._error("ValidationError", problem, 400, use_json=True)
            return refused
        answer: Answer = self._put(params, data, is_cbor, is_json)
        if answer[0] == 200:
            alarm = self._cw._alarms[data["AlarmName"]]
            for name in _KEPT:
                alarm.pop(name, None)
                if data.get(name) is not None:
                    alarm[name] = data[name]
            if "Metrics" not in data:
                alarm.setdefault("Dimensions", [])
        return answer

    def put_dashboard(self, params: Any, data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Answer:
        """PutDashboard, of a body that is a JSON object."""
        asked = data if is_cbor or is_json else {"DashboardBody": self._cw._p(params, "DashboardBody")}
        if not _is_object(str(asked.get("DashboardBody") or "")):
            words = "The field DashboardBody must be a valid JSON object"
            refused: Answer = self._cw._error("InvalidParameterInput", words, 400, use_json=is_json, use_cbor=is_cbor)
            return refused
        answer: Answer = self._put_dashboard(params, data, is_cbor, is_json)
        return answer


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _problem_with(data: dict[str, Any]) -> str:
    """What CloudWatch would refuse about PutMetricAlarm's parameters, or "" (API reference, PutMetricAlarm)."""
    for name, known in (
        ("ComparisonOperator", (*_COMPARISONS, *_BANDS)),
        ("Statistic", _STATISTICS),
        ("TreatMissingData", _MISSING),
    ):
        value = data.get(name)
        if name == "TreatMissingData" and value is not None and value not in known:
            return f"Valid values for TreatMissingData are [{', '.join(known)}]"
        if value is not None and value not in known:
            member = name[0].lower() + name[1:]
            return (
                f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(known)}]"
            )
    for name in ("AlarmName", "ComparisonOperator", "EvaluationPeriods"):
        if not data.get(name):
            return f"The parameter {name} is required."
    return _problem_with_metric(data) or _problem_with_numbers(data)


def _problem_with_metric(data: dict[str, Any]) -> str:
    if bool(data.get("Metrics")) == bool(data.get("MetricName")):
        return "Exactly one of MetricName and Metrics must be specified."
    single = ("Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
    if data.get("Metrics"):
        wrong = [name for name in single if data.get(name)]
        if wrong:
            return f"{wrong[0]} must not be specified together with Metrics."
        if words := _problem_with_queries(data["Metrics"]):
            return words
        returning = [each for each in data["Metrics"] if each.get("ReturnData", True)]
        return "" if len(returning) == 1 else "Exactly one element of the metrics list should return data."
    for name in ("Namespace", "Period"):
        if not data.get(name):
            return f"The parameter {name} is required with MetricName."
    if bool(data.get("Statistic")) == bool(data.get("ExtendedStatistic")):
        return "Exactly one of Statistic and ExtendedStatistic must be specified."
    return ""


def _problem_with_queries(queries: list[dict[str, Any]]) -> str:
    """What is wrong with metric math: ids, what each query asks for, and the names that expressions use."""
    read = sum(bool(query.get("MetricStat")) for query in queries)
    if read > _MOST_OF_A_KIND or len(queries) - read > _MOST_OF_A_KIND:
        return f"The parameter Metrics must not have more than {_MOST_OF_A_KIND} metrics, nor more expressions."
    ids = [str(query.get("Id") or "") for query in queries]
    for number, (name, query) in enumerate(zip(ids, queries, strict=True)):
        if not _QUERY_ID.match(name):
            return f"The id '{name}' of a query must begin with a lowercase letter and hold letters, digits and underscores only."
        if name in ids[:number]:
            return f"The id '{name}' is used by more than one query."
        if bool(query.get("MetricStat")) == bool(query.get("Expression")):
            return f"The query '{name}' needs either MetricStat or Expression."
        expression = str(query.get("Expression") or "")
        if not expression or is_query(expression):
            continue
        try:
            unknown = [used for used in names_in(parse(expression)) if used not in ids]
        except MathError as wrong:
            return f"Error in expression '{name}': {wrong}"
        if unknown:
            return f"Error in expression '{name}': Unable to find id {unknown[0]}"
    return ""


def _problem_with_numbers(data: dict[str, Any]) -> str:
    if data.get("Threshold") is None and not data.get("ThresholdMetricId"):
        return "The parameter Threshold or ThresholdMetricId is required."
    if data["EvaluationPeriods"] < 1:
        return "EvaluationPeriods must be at least 1."
    if (data.get("DatapointsToAlarm") or 1) > data["EvaluationPeriods"]:
        return "DatapointsToAlarm must not be greater than EvaluationPeriods."
    period = data.get("Period")
    if period is not None and period not in (10, 20, 30) and (period < 60 or period % 60):
        return "Period must be 10, 20, 30 or a multiple of 60."
    if period is not None and period * data["EvaluationPeriods"] > 7 * 86400:
        return "EvaluationPeriods times Period must not be longer than seven days."
    return ""
