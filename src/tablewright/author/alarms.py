"""Alarms that can fire: throttled reads and writes of a table or an index, on the metrics that DynamoDB publishes by them.

ThrottledRequests is published by table *and operation*, so an alarm on it by table alone never has data. Source: Amazon
DynamoDB developer guide, "DynamoDB metrics and dimensions".
"""

from __future__ import annotations

import re

from tablewright.author.editing import Text
from tablewright.author.siblings import Sibling, mentions, pascal, renamed, word
from tablewright.author.writing import Call, Value, value_of
from tablewright.template.tree import Mapping, Node, Scalar

PERIOD = 300
THRESHOLD = 5


def alarm_for(
    text: Text, table_id: str, short: str, siblings: tuple[Sibling, ...], leaf: str, index: str = ""
) -> tuple[str, Value]:
    """Logical ID and resource of the alarm on a table's throttles, or on an index's. Names and actions are the siblings'."""
    found = () if index else ((one, _sibling(text, one)) for one in siblings)
    like, sibling = next((pair for pair in found if pair[1] is not None), (None, None))
    name: Value = Call("Fn::Sub", f"${{{table_id}}}{'-' + index if index else ''}-throttles")
    alarm_id = f"{word(short)}{pascal(index)}ThrottleAlarm"
    described = (
        f"Throttled reads and writes of {'index ' + index + ' of ' if index else ''}{short if '${' in leaf else leaf}"
    )
    actions: dict[str, Value] = _actions(text)
    if sibling is not None and like is not None:
        key, node = sibling
        own = _property(node, "AlarmName")
        changed = renamed(value_of(own), like, table_id, leaf, short) if own is not None else None
        if changed is not None and own is not None and changed != value_of(own):
            name = changed
        renamed_id = renamed(key, like, table_id, leaf, short)
        if isinstance(renamed_id, str) and renamed_id != key and text.entry(("Resources", renamed_id)) is None:
            alarm_id = renamed_id
    dimensions: list[Value] = [{"Name": "TableName", "Value": Call("Ref", table_id)}]
    if index:
        dimensions.append({"Name": "GlobalSecondaryIndexName", "Value": index})
    properties: dict[str, Value] = {
        "AlarmName": name,
        "AlarmDescription": described,
        "Metrics": [
            {
                "Id": "throttled",
                "Label": "Throttled reads and writes",
                "Expression": "reads + writes",
                "ReturnData": True,
            },
            _metric("reads", "ReadThrottleEvents", dimensions),
            _metric("writes", "WriteThrottleEvents", dimensions),
        ],
        "EvaluationPeriods": 1,
        "Threshold": THRESHOLD,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **actions,
    }
    resource: dict[str, Value] = {"Type": "AWS::CloudWatch::Alarm"}
    condition = text.at(("Resources", table_id, "Condition"))
    if isinstance(condition, Scalar):
        resource["Condition"] = condition.text  # what is not there cannot be referred to
    return alarm_id, {**resource, "Properties": properties}


def _metric(id_: str, metric: str, dimensions: list[Value]) -> Value:
    stat: Value = {
        "Metric": {"Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": list(dimensions)},
        "Stat": "Sum",
        "Period": PERIOD,
    }
    return {"Id": id_, "ReturnData": False, "MetricStat": stat}


def _alarms(text: Text) -> list[tuple[str, Mapping]]:
    resources = text.tree.get("Resources")
    if not isinstance(resources, Mapping):
        return []
    found = []
    for entry in resources.entries:
        type_ = entry.value.get("Type") if isinstance(entry.value, Mapping) else None
        if isinstance(type_, Scalar) and type_.text == "AWS::CloudWatch::Alarm" and isinstance(entry.value, Mapping):
            found.append((entry.key, entry.value))
    return found


def _sibling(text: Text, like: Sibling) -> tuple[str, Mapping] | None:
    """The alarm on the sibling table itself, not on an index of it."""
    for key, node in _alarms(text):
        body = node.get("Properties")
        if body is not None and mentions(body, like.logical_id) and "GlobalSecondaryIndexName" not in repr(body):
            return key, node
    return None


def _actions(text: Text) -> dict[str, Value]:
    """Whom the other alarms tell."""
    for _, node in _alarms(text):
        actions = _property(node, "AlarmActions")
        if actions is not None:
            restored = _property(node, "OKActions")
            found: dict[str, Value] = {"AlarmActions": value_of(actions)}
            if restored is not None:
                found["OKActions"] = value_of(restored)
            return found
    return {}


def _property(node: Mapping, key: str) -> Node | None:
    body = node.get("Properties")
    return body.get(key) if isinstance(body, Mapping) else None


def alarms_on(text: Text, table_id: str, index: str = "") -> tuple[str, ...]:
    """The logical IDs of the alarms on a table (all of them), or on one index of it."""
    found = []
    for key, node in _alarms(text):
        body = node.get("Properties")
        if body is None or not mentions(body, table_id):
            continue
        if not index or re.search(rf"text='{re.escape(index)}'", repr(body)):
            found.append(key)
    return tuple(found)
