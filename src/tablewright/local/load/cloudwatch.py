"""The part of CloudWatch that is answered here and not by the data plane: metrics, and contributor insights' reports."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tablewright.local.dataplane import Response
from tablewright.local.load.keyreports import KeyReports
from tablewright.local.load.plane_hooks import rule_names
from tablewright.local.load.plane_view import PlaneView
from tablewright.local.load.tables import Scope, Table
from tablewright.local.metrics.api import ApiError, get_metric_data, get_metric_statistics, list_metrics
from tablewright.local.metrics.reading import Reader, Source

__all__ = ["OPERATIONS", "answer"]

OPERATIONS = frozenset(
    {"ListMetrics", "GetMetricStatistics", "GetMetricData", "DescribeInsightRules", "GetInsightRuleReport"}
)
_RULE = re.compile(r"DynamoDBContributorInsights-(PKC|SKC|PKT|SKT)-(.+)-(\d+)")
_MOST_CONTRIBUTORS = 100


def answer(
    operation: str, body: bytes, scope: Scope, sources: Sequence[Source], view: PlaneView, reports: KeyReports
) -> Response:
    """The JSON answer of one of `OPERATIONS`."""
    try:
        asked = json.loads(body or b"{}")
        reader = Reader(sources, scope)
        if operation == "ListMetrics":
            found = list_metrics(reader, asked)
        elif operation == "GetMetricStatistics":
            found = get_metric_statistics(reader, asked)
        elif operation == "GetMetricData":
            found = get_metric_data(reader, asked)
        elif operation == "DescribeInsightRules":
            found = _rules(scope, view)
        else:
            found = _report(asked, scope, view, reports)
    except ApiError as refused:
        return _json(400, {"__type": refused.code, "message": refused.message})
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        return _json(400, {"__type": "InvalidParameterValue", "message": f"A parameter cannot be read: {wrong}"})
    return _json(200, found)


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(status, (("Content-Type", "application/x-amz-json-1.0"),), json.dumps(body).encode())


def _enabled(table: Table, view: PlaneView) -> list[tuple[str, list[str]]]:
    """(index or "", rules) of everything in a table that has insights."""
    found = []
    for index in ("", *table.index_settings):
        held = view.insights(table, index)
        if held is None or held.get("ContributorInsightsStatus") not in ("ENABLING", "ENABLED"):
            continue
        mode = str(held.get("ContributorInsightsMode") or "ACCESSED_AND_THROTTLED_KEYS")
        keyed = table.index(index) if index else None
        keys, resource = len(keyed.keys if keyed else table.keys), f"{table.name}-{index}" if index else table.name
        found.append((index, rule_names(resource, keys, mode, int(held.get("since") or 0))))
    return found


def _rules(scope: Scope, view: PlaneView) -> dict[str, Any]:
    rules = []
    for table in view.tables():
        if table.scope != scope:
            continue
        for _, names in _enabled(table, view):
            rules += [
                {
                    "Name": name,
                    "State": "ENABLED",
                    "Schema": '{"Name": "CloudWatchLogRule", "Version": 1}',
                    "Definition": "",
                    "ManagedRule": True,
                }
                for name in names
            ]
    return {"InsightRules": rules}


def _report(asked: Mapping[str, Any], scope: Scope, view: PlaneView, reports: KeyReports) -> dict[str, Any]:
    name = str(asked.get("RuleName") or "")
    for required in ("RuleName", "StartTime", "EndTime", "Period"):
        if asked.get(required) in (None, ""):
            raise ApiError("MissingParameter", f"The parameter {required} is required.")
    known = _RULE.fullmatch(name)
    for table in view.tables() if known else ():
        if table.scope != scope:
            continue
        for index, names in _enabled(table, view):
            if known is not None and name in names:
                most = min(int(asked.get("MaxContributorCount") or 10), _MOST_CONTRIBUTORS)
                start, end = float(asked["StartTime"]), float(asked["EndTime"])
                return reports.report(table, index, known[1], start, end, most, int(asked["Period"]))
    raise ApiError("ResourceNotFoundException", f"Rule {name} does not exist.")
