"""ListMetrics, GetMetricStatistics and GetMetricData, on JSON requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tablewright.local.metrics.insights import QueryError, is_query
from tablewright.local.metrics.math import Value
from tablewright.local.metrics.math_text import MathError
from tablewright.local.metrics.reading import Evaluation, Reader, buckets, metric_key, span_of
from tablewright.local.metrics.sample import Key
from tablewright.local.metrics.statistics import BASIC, is_statistic, statistic

__all__ = ["ApiError", "get_metric_data", "get_metric_statistics", "list_metrics"]

_PAGE = 500
_MOST_POINTS = 1440
_FINE_PERIODS = (1, 5, 10, 20, 30)


class ApiError(Exception):
    """The request is refused with an error code and words of CloudWatch's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def list_metrics(reader: Reader, asked: Mapping[str, Any]) -> dict[str, Any]:
    """ListMetrics: every metric with a sample that fits the filters; a dimension filter need not name all dimensions."""
    found = sorted(key for key in reader.metrics() if _listed(key, asked))
    start = _page_start(asked.get("NextToken"))
    answer: dict[str, Any] = {"Metrics": [_metric(key) for key in found[start : start + _PAGE]]}
    if start + _PAGE < len(found):
        answer["NextToken"] = str(start + _PAGE)
    return answer


def _page_start(token: Any) -> int:
    if token and not str(token).isdigit():
        raise ApiError("InvalidParameterValue", "Invalid NextToken")
    return int(token or 0)


def _listed(key: Key, asked: Mapping[str, Any]) -> bool:
    namespace, name, pairs = key
    dimensions = dict(pairs)
    if asked.get("Namespace") not in (None, namespace) or asked.get("MetricName") not in (None, name):
        return False
    return all(
        each["Name"] in dimensions and each.get("Value") in (None, dimensions[each["Name"]])
        for each in asked.get("Dimensions") or ()
    )


def _metric(key: Key) -> dict[str, Any]:
    namespace, name, pairs = key
    dimensions = [{"Name": each, "Value": value} for each, value in pairs]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}


def _required(asked: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if asked.get(name) in (None, ""):
            raise ApiError("MissingParameter", f"The parameter {name} is required.")


def _checked_period(period: int) -> int:
    if period in _FINE_PERIODS or (period > 0 and period % 60 == 0):
        return period
    raise ApiError("InvalidParameterValue", "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")


def get_metric_statistics(reader: Reader, asked: Mapping[str, Any]) -> dict[str, Any]:
    """GetMetricStatistics: datapoints of one metric with exactly the dimensions asked for, in no particular order."""
    _required(asked, "Namespace", "MetricName", "StartTime", "EndTime", "Period")
    period = _checked_period(int(asked["Period"]))
    start, end = float(asked["StartTime"]), float(asked["EndTime"])
    if start >= end:
        raise ApiError("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
    names, extended = asked.get("Statistics") or [], asked.get("ExtendedStatistics") or []
    if not names and not extended:
        raise ApiError(
            "InvalidParameterCombination",
            "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
        )
    for name in [*names, *extended]:
        if not is_statistic(name) or (name in BASIC) != (name in names):
            raise ApiError("InvalidParameterValue", f"The value {name} is not a valid statistic.")
    if (end - start) / period > _MOST_POINTS:
        raise ApiError(
            "InvalidParameterCombination",
            f"You have requested up to {int((end - start) / period):,} datapoints, which exceeds the limit of 1,440. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range.",
        )
    # A request's periods begin with its own first minute.
    first = start // 60 * 60
    span = span_of(first, end, period, first=first)
    unit = str(asked.get("Unit") or "")
    datapoints = []
    for at, inside in buckets(reader.samples(metric_key(asked)), span, unit).items():
        point: dict[str, Any] = {"Timestamp": at, "Unit": inside[0].unit}
        for name in names:
            point[name] = statistic(inside, name)
        found = {name: value for name in extended if (value := statistic(inside, name)) is not None}
        if found:
            point["ExtendedStatistics"] = found
        if found or names:
            datapoints.append(point)
    return {"Label": asked["MetricName"], "Datapoints": datapoints}


def get_metric_data(reader: Reader, asked: Mapping[str, Any]) -> dict[str, Any]:
    """GetMetricData: metrics, metric math over them, and Metrics Insights queries; newest point first unless asked otherwise."""
    _required(asked, "MetricDataQueries", "StartTime", "EndTime")
    queries = asked["MetricDataQueries"]
    start, end = float(asked["StartTime"]), float(asked["EndTime"])
    if start >= end:
        raise ApiError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    _check(queries)
    evaluation = Evaluation(reader, queries, lambda period: span_of(start, end, period))
    ascending = asked.get("ScanBy") == "TimestampAscending"
    results: list[dict[str, Any]] = []
    for query in queries:
        if query.get("ReturnData", True) is False:
            continue
        try:
            value = evaluation.value(query["Id"])
        except (MathError, QueryError) as wrong:
            raise ApiError(
                "ValidationError",
                f"Error in expression '{query['Id']}': {wrong}",
            ) from wrong
        results.extend(_results(query, value, ascending))
    return {"MetricDataResults": results, "Messages": []}


def _check(queries: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for query in queries:
        name = str(query.get("Id") or "")
        if not name or not name[0].islower() or not name.replace("_", "").isalnum():
            raise ApiError(
                "ValidationError",
                f"The value {name} for parameter MetricDataQueries.member.Id is invalid: it must start with a lowercase letter.",
            )
        if name in seen:
            raise ApiError("ValidationError", f"The id {name} is used by more than one query.")
        seen.add(name)
        measured = query.get("MetricStat")
        if bool(measured) is bool(query.get("Expression")):
            raise ApiError("ValidationError", f"The query {name} needs either MetricStat or Expression.")
        if measured:
            _checked_period(int(measured.get("Period") or 0))
            if not is_statistic(str(measured.get("Stat", ""))):
                raise ApiError("ValidationError", f"The value {measured.get('Stat')} is not a valid statistic.")
        elif is_query(str(query["Expression"])) and not query.get("Period"):
            raise ApiError("ValidationError", f"The Metrics Insights query {name} needs a Period.")


def _results(query: Mapping[str, Any], value: Value, ascending: bool) -> list[dict[str, Any]]:
    measured = query.get("MetricStat")
    default = measured["Metric"].get("MetricName", "") if measured else query["Id"]
    label = query.get("Label") or default
    if isinstance(value, float):
        raise ApiError("ValidationError", f"The expression of {query['Id']} does not give a time series.")
    labelled = [(label, value)] if isinstance(value, dict) else [(each or label, series) for each, series in value]
    results = []
    for name, series in labelled:
        times = sorted(series, reverse=not ascending)
        results.append(
            {
                "Id": query["Id"],
                "Label": name,
                "Timestamps": times,
                "Values": [series[at] for at in times],
                "StatusCode": "Complete",
            }
        )
    return results
