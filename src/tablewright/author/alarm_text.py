"""A planned alarm as a resource: a metric, metric math or a Metrics Insights query, and words for whoever is woken."""

from __future__ import annotations

from tablewright.author.alarm_kinds import STREAM, Kind
from tablewright.author.alarm_plan import Planned
from tablewright.author.siblings import pascal
from tablewright.author.writing import Call, Value
from tablewright.model.metrics import METRICS

ALARM = "AWS::CloudWatch::Alarm"
NAME_LONGEST = 255
"""Characters of an alarm's name (PutMetricAlarm, API reference)."""


def alarm_resource(planned: Planned, actions: list[Value]) -> dict[str, Value]:
    """The resource. ``actions`` are told when it rings and when it stops; an alarm under a composite one has none."""
    kind = planned.kind
    properties: dict[str, Value] = {}
    name = alarm_name(planned)
    if name is not None:
        properties["AlarmName"] = name
    properties["AlarmDescription"] = description(planned)
    properties |= _watched(planned)
    properties |= {
        "EvaluationPeriods": kind.periods,
        "DatapointsToAlarm": kind.periods,
        "Threshold": planned.threshold,
        "ComparisonOperator": "LessThanThreshold" if kind.below else "GreaterThanThreshold",
        "TreatMissingData": kind.missing,
    }
    if kind.periods == 1:
        del properties["DatapointsToAlarm"]
    if actions:
        properties |= {"AlarmActions": list(actions), "OKActions": list(actions)}
    resource: dict[str, Value] = {"Type": ALARM}
    if planned.subject is not None and planned.subject.condition:
        resource["Condition"] = planned.subject.condition
    resource["Properties"] = properties
    return resource


def alarm_name(planned: Planned) -> Value | None:
    """The table's name with the kind's: unique wherever the table's is. None where it may be too long: AWS then makes one."""
    if planned.subject is None:
        return Call("Fn::Sub", f"${{AWS::StackName}}-{planned.kind.name}")
    label = planned.subject.value if isinstance(planned.subject.value, str) else ""
    if planned.label and not label:
        return None
    parts = [f"${{{planned.table}}}", *([label] if label else []), planned.kind.name]
    longest = len(planned.subject.table.leaf or "x" * 100) + len(label) + len(planned.kind.name) + 32
    return Call("Fn::Sub", "-".join(parts)) if longest <= NAME_LONGEST and "${" not in label else None


def description(planned: Planned) -> str:
    """What rang, since when, what the threshold rests on, and where to look first."""
    kind = planned.kind
    whose = f"{planned.label} of {planned.called}" if planned.label else planned.called
    comparison = "less than" if kind.below else "more than"
    return (
        f"{kind.title}: {whose}. {comparison.capitalize()} {amount(planned)}{span(kind)}. {planned.basis} {kind.first}"
    )


def amount(planned: Planned) -> str:
    """The threshold with its unit; long spans in the units that a person thinks in, too."""
    value, unit = planned.threshold, planned.kind.unit
    if unit != "ms" or value < 60_000:
        return f"{value:,} {unit}"
    size, name = (3_600_000, "hour") if value >= 3_600_000 else (60_000, "minute")
    return f"{value:,} ms ({value / size:g} {name}{'' if value == size else 's'})"


def span(kind: Kind) -> str:
    """How long it must last, in words."""
    minutes = kind.period * kind.periods // 60
    if kind.periods == 1:
        return "" if kind.period >= 86_400 else f" within {minutes} minutes"
    return f" for {minutes} minutes"


def _watched(planned: Planned) -> dict[str, Value]:
    """What the alarm looks at.

    Gaps are not filled: arithmetic counts a missing value as 0, while FILL would put zeros into the newest minutes, which are not
    published yet, and the alarm would be stuck in OK. MAX over an array is taken point by point. Source: CloudWatch user guide,
    "Using math expressions with CloudWatch metrics".
    """
    kind = planned.kind
    if planned.query:
        return {"Metrics": [_query(planned)]}
    rows = [(metric, operation) for metric in kind.metrics_of(planned.label) for operation in kind.operations or ("",)]
    if len(rows) == 1:
        single: dict[str, Value] = {"Namespace": kind.namespace, "MetricName": rows[0][0]}
        dimensions = _dimensions(planned, *rows[0])
        if dimensions:
            single["Dimensions"] = dimensions
        return {**single, "Statistic": kind.statistic, "Period": kind.period}
    names = [_id(metric, operation) for metric, operation in rows]
    joined = " + ".join(names) if kind.join == "SUM" else f"{kind.join}([{', '.join(names)}])"
    expression: Value = {"Id": "all", "Label": kind.title, "Expression": joined, "ReturnData": True}
    stats = [_stat(planned, metric, operation) for metric, operation in rows]
    return {"Metrics": [expression, *stats]}


def _query(planned: Planned) -> Value:
    """All operations, or all replicas, in one query: the dimensions are those that the metric is published with."""
    kind = planned.kind
    metric = kind.metrics[0]
    names = sorted(METRICS[metric].dimensions[0])
    written = (
        f'SELECT {kind.query}({metric}) FROM SCHEMA("{kind.namespace}", {", ".join(names)}) '
        f"WHERE TableName = '${{{planned.table}}}'"
    )
    return {
        "Id": "all",
        "Label": kind.title,
        "Expression": Call("Fn::Sub", written),
        "Period": kind.period,
        "ReturnData": True,
    }


def _stat(planned: Planned, metric: str, operation: str) -> Value:
    stat: Value = {
        "Metric": {
            "Namespace": planned.kind.namespace,
            "MetricName": metric,
            "Dimensions": _dimensions(planned, metric, operation),
        },
        "Stat": planned.kind.statistic,
        "Period": planned.kind.period,
    }
    return {"Id": _id(metric, operation), "ReturnData": False, "MetricStat": stat}


def dimensions_of(planned: Planned, metric: str, operation: str) -> dict[str, str] | None:
    """The same with what is known of them outside the template; the table's name is to be put in. None: an expression's."""
    found: dict[str, str] = {}
    for dimension in _dimensions(planned, metric, operation):
        assert isinstance(dimension, dict)
        name, value = dimension["Name"], dimension["Value"]
        assert isinstance(name, str)
        if name == "TableName":
            value = ""
        if not isinstance(value, str):
            return None
        found[name] = value
    return found


def _dimensions(planned: Planned, metric: str, operation: str) -> list[Value]:
    """Those that the metric is published with, each with this thing's value."""
    subject = planned.subject
    if subject is None:
        return []
    if STREAM in planned.kind.on:
        return [{"Name": "FunctionName", "Value": subject.value}]
    found: list[Value] = [{"Name": "TableName", "Value": Call("Ref", planned.table)}]
    if planned.label:
        found.append({"Name": "GlobalSecondaryIndexName", "Value": subject.value})
    if operation:
        found.append({"Name": "Operation", "Value": operation})
    if metric in METRICS and any("DelegatedOperation" in one for one in METRICS[metric].dimensions):
        found.append({"Name": "DelegatedOperation", "Value": "PutRecord"})
    return found


def _id(metric: str, operation: str) -> str:
    """An ID of metric math starts with a lower-case letter."""
    name = pascal(operation or metric.removesuffix("ThrottleEvents"))
    return name[:1].lower() + name[1:]
