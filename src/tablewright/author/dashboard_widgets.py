"""The widgets of a dashboard of tables: what an operator looks at, in the order in which it is looked at.

Metrics are named by the template's own names (``${Orders}`` in Fn::Sub), under the dimensions that they are published with.
Source: CloudWatch API reference, "Dashboard body structure and syntax".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tablewright.author.watchable import Subject, WatchedTable
from tablewright.author.writing import Call, Value

Widget = dict[str, Any]
NAMESPACE = "AWS/DynamoDB"
SEARCHED = 13
"""The metrics that a search by operation may find: every operation of the data plane, PartiQL's included."""

_CAUSES = (
    ("KeyRangeThroughput", "hot partition"),
    ("ProvisionedThroughput", "provisioned capacity"),
    ("MaxOnDemandThroughput", "on-demand maximum"),
    ("AccountLimit", "quota"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as a dashboard names it: ``ref`` is its name in Fn::Sub, ``indexes`` are (label, name in Fn::Sub)."""

    table: WatchedTable
    ref: str
    indexes: tuple[tuple[str, str], ...]

    @property
    def called(self) -> str:
        """What it is called in titles."""
        return self.table.called


def shown_table(table: WatchedTable) -> Shown:
    """The table with those of its indexes that have a name within Fn::Sub."""
    named = [(one.label, in_sub(one.value)) for one in table.indexes]
    return Shown(
        table, f"${{{table.table.logical_id}}}", tuple((label, name) for label, name in named if name is not None)
    )


def in_sub(value: Value) -> str | None:
    """A value as a piece of Fn::Sub's text; None where it cannot be one."""
    if isinstance(value, str):
        return value.replace("${", "${!")
    if isinstance(value, Call) and value.name == "Ref" and isinstance(value.argument, str):
        return f"${{{value.argument}}}"
    if isinstance(value, Call) and value.name == "Fn::Sub" and isinstance(value.argument, str):
        return value.argument
    return None


def alarms(arns: Sequence[str]) -> Widget:
    """The states of alarms, the ones that ring first."""
    return _sized(
        24,
        2 + (len(arns) + 5) // 6,
        {"type": "alarm", "properties": {"title": "Alarms", "sortBy": "stateUpdatedTimestamp", "alarms": list(arns)}},
    )


def words(text: str, height: int = 2) -> Widget:
    """A text in Markdown over the whole width."""
    return _sized(24, height, {"type": "text", "properties": {"markdown": text}})


def overview(tables: Sequence[Shown]) -> list[Widget]:
    """All tables side by side: who throttles, who reads, who writes."""
    throttles: list[Any] = []
    for one in tables:
        for metric, what in (("ReadThrottleEvents", "reads"), ("WriteThrottleEvents", "writes")):
            throttles.append(metric_row(metric, one.ref, label=f"{one.called} {what}"))
            throttles += [
                metric_row(metric, one.ref, index=name, label=f"{one.called}/{label} {what}")
                for label, name in one.indexes
            ]
    reads = [metric_row("ConsumedReadCapacityUnits", one.ref, label=one.called) for one in tables]
    writes = [metric_row("ConsumedWriteCapacityUnits", one.ref, label=one.called) for one in tables]
    return [
        graph("Throttled events, all tables", throttles, stacked=True, width=8),
        graph("Read units consumed a minute, indexes left out", reads, stacked=True, width=8),
        graph("Write units consumed a minute, indexes left out", writes, stacked=True, width=8),
    ]


def account(provisioned: bool) -> list[Widget]:
    """What is counted for the whole account and region."""
    errors = graph("Requests refused as wrong, whole account", [[NAMESPACE, "UserErrors"]], width=12)
    if not provisioned:
        return [errors]
    rows = [[NAMESPACE, f"AccountProvisioned{kind}CapacityUtilization"] for kind in ("Read", "Write")]
    use = graph("Provisioned capacity of the account in use (%)", rows, stat="Maximum", period=300, width=12)
    return [use, errors]


def compact(one: Shown) -> list[Widget]:
    """A table in one row: units, throttles by cause, latency, errors."""
    units = [*_units(one, "Read"), *_units(one, "Write")]
    return [
        graph(f"{one.called}: units a second", units, width=6, height=5),
        graph(f"{one.called}: throttled, by cause", _by_cause(one), stacked=True, width=6, height=5),
        graph(f"{one.called}: latency p99 (ms)", _latency(one, ("p99",)), width=6, height=5),
        graph(f"{one.called}: errors", _errors(one), width=6, height=5),
    ]


def full(one: Shown) -> list[Widget]:
    """A table in rows of its own."""
    found = [
        graph(f"{one.called}: read units a second", [*_units(one, "Read")], width=12),
        graph(f"{one.called}: write units a second", [*_units(one, "Write")], width=12),
        graph(f"{one.called}: throttled, by cause", _by_cause(one), stacked=True, width=8),
        graph(f"{one.called}: latency p50 and p99 (ms)", _latency(one, ("p50", "p99")), width=8),
        graph(
            f"{one.called}: requests a minute",
            [_found(one, "SuccessfulRequestLatency", "SampleCount")],
            stacked=True,
            width=8,
        ),
        graph(f"{one.called}: errors", _errors(one), width=8),
        graph(f"{one.called}: items returned by a request", [_found(one, "ReturnedItemCount", "Average")], width=8),
    ]
    for title, rows, stat in _belonging(one):
        found.append(graph(f"{one.called}: {title}", rows, stat=stat, width=8))
    return found


def _units(one: Shown, kind: str) -> list[Any]:
    """Consumed a second, beside what may be consumed."""
    consumed, rows, sums = f"Consumed{kind}CapacityUnits", list[Any](), list[Any]()
    whole: list[tuple[str, str, Subject]] = [("table", "", one.table.subject)]
    named = dict(one.indexes)
    whole += [(each.label, named[each.label], each) for each in one.table.indexes if each.label in named]
    for number, (label, index, subject) in enumerate(whole):
        key = f"{kind.lower()}{number}"
        rows.append(metric_row(consumed, one.ref, index=index, id=key, visible=False))
        sums.append({"expression": f"{key}/PERIOD({key})", "label": f"{label} {kind.lower()}s", "id": f"{key}s"})
        if subject.provisioned is not False:
            rows.append(
                metric_row(
                    f"Provisioned{kind}CapacityUnits", one.ref, index=index, stat="Average", period=300,
                    label=f"{label} provisioned {kind.lower()}s",
                )
            )  # fmt: skip
        if subject.ceiling:
            rows.append(
                metric_row(
                    f"OnDemandMax{kind}RequestUnits", one.ref, index=index, stat="Maximum", period=300,
                    label=f"{label} {kind.lower()} maximum",
                )
            )  # fmt: skip
    return [*rows, *sums]


def _by_cause(one: Shown) -> list[Any]:
    rows: list[Any] = []
    mode = one.table.subject.provisioned
    for cause, what in _CAUSES:
        if (cause == "ProvisionedThroughput" and mode is False) or (cause == "MaxOnDemandThroughput" and mode is True):
            continue
        for kind in ("Read", "Write"):
            rows.append(metric_row(f"{kind}{cause}ThrottleEvents", one.ref, label=f"{kind.lower()}s: {what}"))
    for label, name in one.indexes:
        for kind in ("Read", "Write"):
            rows.append(metric_row(f"{kind}ThrottleEvents", one.ref, index=name, label=f"{label} {kind.lower()}s"))
    return rows


def _found(one: Shown, metric: str, stat: str, label: str = "") -> dict[str, str]:
    """A metric by operation, for whichever operations there are: those of PartiQL too, and none that nobody calls."""
    search = (
        f"SEARCH('{{{NAMESPACE},Operation,TableName}} TableName=\"{one.ref}\" MetricName=\"{metric}\"', '{stat}', 60)"
    )
    return {"id": stat.lower(), "expression": search, **({"label": label} if label else {})}


def _latency(one: Shown, stats: tuple[str, ...]) -> list[Any]:
    return [_found(one, "SuccessfulRequestLatency", stat, stat) for stat in stats]


def _errors(one: Shown) -> list[Any]:
    found = _found(one, "SystemErrors", "Sum")
    return [
        metric_row("ConditionalCheckFailedRequests", one.ref, label="failed conditions"),
        metric_row("TransactionConflict", one.ref, label="transaction conflicts"),
        {"id": "system", "expression": f"SUM({found['expression']})", "label": "system errors"},
    ]


def _belonging(one: Shown) -> Iterator[tuple[str, list[Any], str]]:
    """What only some tables have: expiry, readers of the stream, replicas, a Kinesis stream."""
    if one.table.expires:
        yield "items expired", [metric_row("TimeToLiveDeletedItemCount", one.ref, label="expired")], "Sum"
    readers = [(each.label, in_sub(each.value)) for each in one.table.readers]
    ages = [["AWS/Lambda", "IteratorAge", "FunctionName", name, {"label": label}] for label, name in readers if name]
    if ages:
        yield "age of the stream's records when read (ms)", ages, "Maximum"
    if one.table.replicated:
        search = (
            f'SEARCH(\'{{AWS/DynamoDB,ReceivingRegion,TableName}} TableName="{one.ref}" '
            "MetricName=\"ReplicationLatency\"', 'Average')"
        )
        yield "replication latency by region (ms)", [{"expression": search, "id": "replicas"}], "Average"
    if one.table.kinesis:
        row = [NAMESPACE, "AgeOfOldestUnreplicatedRecord", "TableName", one.ref, "DelegatedOperation", "PutRecord"]
        yield "age of changes not in Kinesis yet (ms)", [row], "Maximum"


def metric_row(metric: str, table: str, *, index: str = "", operation: str = "", **options: object) -> list[Any]:
    """One metric: its names and values, and how it is drawn."""
    named = ["TableName", table]
    if index:
        named += ["GlobalSecondaryIndexName", index]
    if operation:
        named += ["Operation", operation]
    return [NAMESPACE, metric, *named, *([options] if options else [])]


def graph(
    title: str,
    rows: Sequence[Any],
    *,
    stat: str = "Sum",
    period: int = 60,
    stacked: bool = False,
    width: int = 8,
    height: int = 6,
) -> Widget:
    """Metrics over time: rows of metrics, and expressions over them."""
    properties: dict[str, Any] = {
        "title": title,
        "region": "${AWS::Region}",
        "stat": stat,
        "period": period,
        "yAxis": {"left": {"min": 0}},
        "metrics": _abbreviated(rows),
    }
    if stacked:
        properties["stacked"] = True
    return _sized(width, height, {"type": "metric", "properties": properties})


def _abbreviated(rows: Sequence[Any]) -> list[Any]:
    """Metrics first, what repeats the row above as a dot, as CloudWatch reads it; then the expressions, each in a list."""
    found: list[Any] = []
    above: list[Any] = []
    for row in (one for one in rows if isinstance(one, list)):
        names = [part for part in row if isinstance(part, str)]
        short = ["." if at < len(above) and part == above[at] else part for at, part in enumerate(names)]
        found.append([*short, *(part for part in row if not isinstance(part, str))])
        above = names
    return [*found, *([one] for one in rows if isinstance(one, dict))]


def _sized(width: int, height: int, widget: Widget) -> Widget:
    return {"width": width, "height": height, **widget}
