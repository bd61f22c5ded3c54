"""A dashboard of the template's tables as a resource: alarms first, then all tables side by side, then table by table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tablewright.author.alarms import alarms_on
from tablewright.author.dashboard_widgets import (
    SEARCHED,
    Shown,
    Widget,
    account,
    alarms,
    compact,
    full,
    overview,
    shown_table,
    words,
)
from tablewright.author.editing import Text, put_entry, put_value
from tablewright.author.run_rate import run_rate
from tablewright.author.siblings import mentions
from tablewright.author.watchable import WatchedTable, watched_tables
from tablewright.author.writing import Call, Lines, Value
from tablewright.errors import UsageError
from tablewright.model.quotas import ALARM_WIDGET, DASHBOARD_METRICS, DASHBOARD_WIDGETS
from tablewright.template.tree import Mapping, Scalar

DASHBOARD = "AWS::CloudWatch::Dashboard"
COMPACT_FROM = 9
"""So many tables are shown in one row each; fewer get rows of their own."""
_COLUMNS = 24
_MADE = "tablewright add dashboard"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The template with the dashboard in it; ``renewed`` where it was there before. ``left_out`` has what it could not show."""

    text: Text
    widgets: int
    metrics: int
    size: int
    renewed: bool
    detail: str
    left_out: tuple[str, ...] = ()


def add_dashboard(
    text: Text, name: str, tables: tuple[str, ...] = (), detail: str = "", region: str = ""
) -> Dashboard:  # fmt: skip
    """The dashboard ``name`` (a logical ID) written, or brought up to date where it was made by this before.

    ``detail`` is full, compact, or empty for what suits the number of tables; ``region`` the one whose prices are shown. Raises
    UsageError, also for one that would be
    over CloudWatch's quotas.
    """
    if not name.isalnum() or not name.isascii():
        raise UsageError(
            "malformed-option", "The logical ID is malformed", f"{name!r}: a logical ID has letters and digits only."
        )
    renewed = _is_ours(text, name)
    chosen, condition, left_out = _fitting(watched_tables(text, tables))
    level = detail or ("compact" if len(chosen) >= COMPACT_FROM else "full")
    cost = run_rate(chosen, region)
    if cost is None:
        left_out = (*left_out, "the price of units: so many tables are more than one graph takes")
    widgets = _layout(text, chosen, condition, level, cost)
    metrics = sum(_metrics(widget) for widget in widgets)
    _check(len(widgets), metrics, len(chosen), level)
    body = _written(widgets)
    value = Call("Fn::Sub", Lines(body) if not text.is_json else _one_line(body))
    if renewed:
        edited = put_value(text, ("Resources", name, "Properties", "DashboardBody"), value)
    else:
        resource: dict[str, Value] = {"Type": DASHBOARD}
        if condition:
            resource["Condition"] = condition
        own = Call("Fn::Sub", f"${{AWS::StackName}}-{name}")
        resource["Properties"] = {"DashboardName": own, "DashboardBody": value}
        edited = put_entry(text, ("Resources", name), resource, spaced=True)
    return Dashboard(edited, len(widgets), metrics, len(body.encode()), renewed, level, left_out)


def _is_ours(text: Text, name: str) -> bool:
    """Whether a dashboard of the name is there that was made by this. Raises UsageError for anything else of that name."""
    node = text.at(("Resources", name))
    if node is None:
        return False
    kind = node.get("Type") if isinstance(node, Mapping) else None
    body = text.at(("Resources", name, "Properties", "DashboardBody"))
    if isinstance(kind, Scalar) and kind.text == DASHBOARD and body is not None and _MADE in repr(body):
        return True
    raise UsageError(
        "name-in-use",
        "The name is in use",
        f"{text.path} has a resource {name} that was not made by this command, so it is left alone. Give another --name.",
    )


def _fitting(tables: tuple[WatchedTable, ...]) -> tuple[list[Shown], str, tuple[str, ...]]:
    """The tables that one dashboard can name: those without a condition, or all where they share one."""
    if not tables:
        raise UsageError("no-tables", "There are no tables", "The template has no DynamoDB table to show.")
    conditions = {table.subject.condition for table in tables}
    condition = conditions.pop() if len(conditions) == 1 else ""
    chosen = [table for table in tables if table.subject.condition == condition]
    if not chosen:
        raise UsageError(
            "tables-under-conditions",
            "The tables hang on different conditions",
            "A dashboard cannot name a table that may not be there: name tables of one condition with --table.",
        )
    said = [f"{table.called} exists only under {table.subject.condition}" for table in tables if table not in chosen]
    found = [shown_table(table) for table in chosen]
    for one in found:
        lost = {index.label for index in one.table.indexes} - {label for label, _ in one.indexes}
        said += [f"{label} of {one.called} has a name that only a function gives" for label in sorted(lost)]
    return found, condition, tuple(said)


def _layout(
    text: Text, tables: Sequence[Shown], condition: str, detail: str, cost: Widget | None
) -> list[Widget]:  # fmt: skip
    """The rows from above, each widget with its place."""
    rows: list[list[Widget]] = []
    arns = _alarms(text, tables, condition)
    for start in range(0, len(arns), ALARM_WIDGET.value):
        rows.append([alarms(arns[start : start + ALARM_WIDGET.value])])
    rows.append(overview(tables))
    rows.append(account(any(one.table.subject.provisioned is not False for one in tables)))
    for one in tables:
        rows.append([words(_heading(one), 1 if detail == "compact" else 2)])
        rows.append(compact(one) if detail == "compact" else full(one))
    if cost is not None:
        rows.append([cost])
    rows.append([words(f"Written by `{_MADE}`; run it again after a change of the tables or alarms.", 1)])
    return [widget for row in _placed(rows) for widget in row]


def _heading(one: Shown) -> str:
    mode = {True: "provisioned", False: "on demand", None: "billing by a function"}[one.table.subject.provisioned]
    said = [mode]
    if one.indexes:
        said.append(f"{len(one.indexes)} index{'es' if len(one.indexes) > 1 else ''}")
    said += [
        word
        for word, holds in (
            ("items expire", one.table.expires),
            ("replicated", one.table.replicated),
            ("streams to Kinesis", one.table.kinesis),
        )
        if holds
    ]
    return f"## {one.called}\n{', '.join(said)}" if said else f"## {one.called}"


def _alarms(text: Text, tables: Sequence[Shown], condition: str) -> list[str]:
    """The ARNs of the alarms on these tables, composite ones first; an alarm that may not be there is left out."""
    section = text.tree.get("Resources")
    wanted = {alarm for one in tables for alarm in alarms_on(text, one.table.table.logical_id)}
    over: list[str] = []
    single: list[str] = []
    for entry in section.entries if isinstance(section, Mapping) else ():
        kind = entry.value.get("Type") if isinstance(entry.value, Mapping) else None
        under = entry.value.get("Condition") if isinstance(entry.value, Mapping) else None
        if isinstance(under, Scalar) and under.text != condition:
            continue
        if isinstance(kind, Scalar) and kind.text == "AWS::CloudWatch::CompositeAlarm":
            if any(mentions(entry.value, alarm) for alarm in wanted):
                over.append(entry.key)
        elif entry.key in wanted:
            single.append(entry.key)
    return [f"${{{key}.Arn}}" for key in (*over, *single)]


def _placed(rows: list[list[Widget]]) -> list[list[Widget]]:
    """Every widget with its x and y: rows below each other, a row broken where it is full."""
    top, placed = 0, []
    for row in rows:
        x, tallest, done = 0, 0, []
        for widget in row:
            if x + widget["width"] > _COLUMNS:
                top, x, tallest = top + tallest, 0, 0
            done.append({"x": x, "y": top, **widget})
            x, tallest = x + widget["width"], max(tallest, widget["height"])
        top += tallest
        placed.append(done)
    return placed


def _metrics(widget: Widget) -> int:
    """How many metrics a widget reads, as CloudWatch counts them: those of a search as if every operation were called."""
    rows = widget["properties"].get("metrics", ())
    return sum(SEARCHED if "SEARCH(" in str(row) else not isinstance(row[0], dict) for row in rows)


def _check(widgets: int, metrics: int, tables: int, detail: str) -> None:
    if widgets <= DASHBOARD_WIDGETS.value and metrics <= DASHBOARD_METRICS.value:
        return
    raise UsageError(
        "dashboard-too-large",
        "The dashboard would be too large",
        f"{tables} tables make {widgets} widgets with {metrics:,} metrics in all; CloudWatch takes {DASHBOARD_WIDGETS.value} and "
        f"{DASHBOARD_METRICS.value:,}. "
        + ("Write --detail compact, or several" if detail == "full" else "Write several")
        + " with --table and --name.",
    )


def _written(widgets: Sequence[Widget]) -> str:
    """The body with a line for each widget, so that a difference shows which one changed."""
    lines = ",\n".join(json.dumps(widget, ensure_ascii=False, separators=(",", ":")) for widget in widgets)
    return f'{{"start":"-PT3H","widgets":[\n{lines}\n]}}\n'


def _one_line(body: str) -> str:
    return json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))
