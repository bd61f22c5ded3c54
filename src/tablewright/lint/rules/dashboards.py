"""Dashboards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tablewright.lint.resource import Resource
from tablewright.lint.rule import WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.watching import NAMESPACE
from tablewright.model.metrics import DIMENSIONS, METRICS
from tablewright.template.resolve import Gap, Reference, pieces

Row = tuple[str, tuple[str, ...]]


@rule("TW-ALM-018", "dashboard-without-data", WARNING)
def dashboard_without_data(stack: Stack) -> Iterator[Problem]:
    """A dashboard shows a metric that does not exist

    What it finds: a widget with a metric of AWS/DynamoDB that is not documented, or under dimensions that it is never
        published with, in a search (SEARCH) or a Metrics Insights query too.
    Why it matters: the graph stays empty, which reads as: no errors, no throttling.
    Instead: the documented dimensions: ThrottledRequests, SystemErrors and SuccessfulRequestLatency need Operation.
    When to ignore: never; the widget shows nothing.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions".
    """
    for dashboard in stack.of("AWS::CloudWatch::Dashboard"):
        body = dashboard.properties.get("DashboardBody")
        if body is None:
            continue
        told = set[Row]()
        for metric, names in _rows(dashboard):
            known = METRICS.get(metric)
            if (metric, names) in told or (known is not None and frozenset(names) in known.dimensions):
                continue
            told.add((metric, names))
            if known is None:
                message = f"DynamoDB publishes no metric {metric}"
            elif set(names) <= DIMENSIONS:
                message = (
                    f"{metric} is never published with {' and '.join(names) or 'no dimensions'}: the graph stays empty"
                )
            else:
                continue
            yield Problem(body.position, message, resource=dashboard.logical_id)


def _rows(dashboard: Resource) -> Iterator[Row]:
    """Every metric of DynamoDB on a dashboard with the names of its dimensions."""
    body = dashboard.properties.get("DashboardBody")
    assert body is not None
    parts = pieces(body.node, dashboard.scope)
    if any(isinstance(part, Gap) for part in parts):
        return
    try:
        written = json.loads(
            "".join(f"${{{part.name}}}" if isinstance(part, Reference) else str(part) for part in parts)
        )
    except ValueError:
        return
    widgets = written.get("widgets") if isinstance(written, dict) else None
    for widget in widgets if isinstance(widgets, list) else ():
        properties = widget.get("properties") if isinstance(widget, dict) else None
        listed = properties.get("metrics") if isinstance(properties, dict) else None
        last: list[str] = []
        for row in listed if isinstance(listed, list) else ():
            texts = [one for one in row if isinstance(one, str)] if isinstance(row, list) else []
            last = _spelled(texts, last)
            if len(last) >= 2 and last[0] == NAMESPACE and len(last) % 2 == 0:
                yield last[1], tuple(last[2::2])
            for drawn in row if isinstance(row, list) else ():
                if isinstance(drawn, dict) and isinstance(drawn.get("expression"), str):
                    yield from _searched(drawn["expression"])


_SEARCH = re.compile(r"SEARCH\(\s*'\s*\{\s*" + NAMESPACE + r"\s*,([^}]*)\}([^']*)'", re.IGNORECASE)
_SELECT = re.compile(r"SELECT\s+\w+\(\s*(\w+)\s*\)\s+FROM\s+SCHEMA\(\s*\"" + NAMESPACE + r"\"([^)]*)\)", re.IGNORECASE)
_NAMED = re.compile(r"MetricName\s*=\s*\"?(\w+)")


def _searched(expression: str) -> Iterator[Row]:
    """The metrics that a search or a Metrics Insights query is for, where it names one and the dimensions."""
    for names, terms in _SEARCH.findall(expression):
        named = _NAMED.search(terms)
        if named is not None:
            yield named[1], _listed(names)
    for metric, names in _SELECT.findall(expression):
        yield metric, _listed(names)


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip().strip('"') for name in names.split(",") if name.strip())


def _spelled(row: list[str], last: list[str]) -> list[str]:
    """A row with its abbreviations written out: ``.`` repeats what stands above, ``...`` all that stands above."""
    if row[:1] == ["..."]:
        return last[: len(last) - len(row) + 1] + row[1:]
    return [last[at] if one == "." and at < len(last) else one for at, one in enumerate(row)]
