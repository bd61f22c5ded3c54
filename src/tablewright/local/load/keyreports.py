"""Contributor insights for DynamoDB: the rules of a table or index, and their reports of most used and most throttled keys.

Source: Amazon DynamoDB Developer Guide, "CloudWatch Contributor Insights for DynamoDB: How it works": rules named
DynamoDBContributorInsights-{PKC,SKC,PKT,SKT}-resource-time, accessed keys weighed by consumed throughput units, throttled ones
by events. Reports are kept in memory, for a day; a restart begins them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tablewright.local.load.tables import Scope, Table
from tablewright.local.load.topkeys import KeyReport

__all__ = ["KeyReports", "key_text"]

_SEPARATOR = "\x1f"


def key_text(value: Mapping[str, Any] | None) -> str:
    """A key value as a report shows it."""
    return str(next(iter(value.values()))) if value else ""


class KeyReports:
    """The reports of every table and index that has insights turned on."""

    def __init__(self) -> None:
        self._reports: dict[tuple[Scope, str, str, str], KeyReport] = {}

    def _count(self, table: Table, index: str, kind: str, parts: list[str], weight: float, now: float) -> None:
        key = (table.scope, table.name, index, kind)
        report = self._reports.get(key)
        if report is None:
            report = self._reports[key] = KeyReport()
        report.add(_SEPARATOR.join(parts), now, weight)

    def count(
        self, table: Table, index: str, held: Mapping[str, Any] | None, *, throttled: bool, weight: float, now: float
    ) -> None:
        """Count a use of the keys that `held` (an item or a key) holds."""
        names = table.keys if not index else next((each.keys for each in table.indexes if each.name == index), ())
        if not held or not names or names[0] not in held:
            return
        parts = [key_text(held.get(name)) for name in names]
        last = "T" if throttled else "C"
        self._count(table, index, f"PK{last}", parts[:1], weight, now)
        if len(parts) > 1 and all(parts):
            self._count(table, index, f"SK{last}", parts, weight, now)

    def report(
        self, table: Table, index: str, kind: str, start: float, end: float, most: int, period: int
    ) -> dict[str, Any]:
        """What GetInsightRuleReport answers for one rule."""
        report = self._reports.get((table.scope, table.name, index, kind))
        names = table.keys if not index else next((each.keys for each in table.indexes if each.name == index), ())
        labels = list(names[:1] if kind.startswith("PK") else names)
        minutes = report.between(start // 60 * 60, end) if report else []
        whole = KeyReport.merged(keys for _, keys in minutes)
        contributors = []
        for key, count in whole.top(most):
            points: dict[int, float] = {}
            for at, keys in minutes:
                if key in keys.counts:
                    begins = at // period * period
                    points[begins] = points.get(begins, 0.0) + keys.counts[key]
            contributors.append(
                {
                    "Keys": key.split(_SEPARATOR),
                    "ApproximateAggregateValue": count,
                    "Datapoints": [
                        {"Timestamp": at, "ApproximateValue": value} for at, value in sorted(points.items())
                    ],
                }
            )
        return {
            "KeyLabels": labels,
            "AggregationStatistic": "Sum",
            "AggregateValue": sum(keys.total for _, keys in minutes),
            "ApproximateUniqueCount": len(whole.counts),
            "Contributors": contributors,
            "MetricDatapoints": [],
        }
