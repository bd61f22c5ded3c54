"""Auto scaling of a provisioned table or index: two scalable targets, and a policy that tracks a utilisation for each.

Source: Application Auto Scaling user guide, "Amazon DynamoDB and Application Auto Scaling". Without RoleARN the service-linked
role is used.
"""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.author.editing import Text, put_entry, take_entry
from tablewright.author.indexes import index_names
from tablewright.author.replicas import is_global
from tablewright.author.siblings import Sibling, family, pascal, word
from tablewright.author.writing import Call, Value
from tablewright.errors import UsageError

_KINDS = ("Read", "Write")


@dataclass(frozen=True, slots=True)
class Scaling:
    """Units between ``least`` and ``most``, so that ``percent`` of them are consumed."""

    table: str
    least: int
    most: int
    percent: int = 70
    index: str = ""


def add_scaling(text: Text, wish: Scaling) -> Text:
    """The template with auto scaling of reads and writes. Raises UsageError, for an on-demand table too."""
    found = family(text)
    table = found.named(wish.table)
    if table.value("BillingMode") == "PAY_PER_REQUEST":
        raise UsageError(
            "not-provisioned",
            "The table is not provisioned",
            f"{table.logical_id} is billed on demand, which scales by itself. For provisioned capacity: tablewright set billing.",
        )
    if is_global(table):
        raise UsageError(
            "global-capacity",
            "A global table scales by its own settings",
            f"{table.logical_id} has auto scaling in WriteProvisionedThroughputSettings and in each replica. Write it there.",
        )
    if wish.most < wish.least:
        raise UsageError("contradictory-options", "Options contradict each other", "--max is less than --min.")
    if wish.index and wish.index not in index_names(text, table):
        raise UsageError("no-such-index", "There is no such index", f"{table.logical_id} has no index {wish.index}.")
    after = table.logical_id
    for kind in _KINDS:
        target_id, policy_id = _ids(table, wish.index, kind)
        text = put_entry(text, ("Resources", target_id), _target(table, wish, kind), after=after, spaced=True)
        text = put_entry(text, ("Resources", policy_id), _policy(target_id, wish, kind), after=target_id, spaced=True)
        after = policy_id
    return text


def remove_scaling(text: Text, table: str, index: str = "") -> Text:
    """The targets and policies that ``add_scaling`` wrote gone. Raises UsageError where there are none."""
    found = family(text).named(table)
    names = [name for kind in _KINDS for name in reversed(_ids(found, index, kind))]
    if not any(text.entry(("Resources", name)) for name in names):
        raise UsageError("not-there", "It is not there", f"{text.path} has no {names[-1]}.")
    for name in names:
        if text.entry(("Resources", name)) is not None:
            text = take_entry(text, ("Resources", name))
    return text


def _ids(table: Sibling, index: str, kind: str) -> tuple[str, str]:
    stem = f"{word(table.short or table.logical_id)}{pascal(index) if index else 'Table'}{kind}"
    return f"{stem}ScalableTarget", f"{stem}ScalingPolicy"


def _target(table: Sibling, wish: Scaling, kind: str) -> Value:
    where = f"table/${{{table.logical_id}}}" + (f"/index/{wish.index}" if wish.index else "")
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {
            "ServiceNamespace": "dynamodb",
            "ScalableDimension": f"dynamodb:{'index' if wish.index else 'table'}:{kind}CapacityUnits",
            "ResourceId": Call("Fn::Sub", where),
            "MinCapacity": wish.least,
            "MaxCapacity": wish.most,
        },
    }


def _policy(target_id: str, wish: Scaling, kind: str) -> Value:
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyName": f"{target_id}Tracking",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": Call("Ref", target_id),
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": {"PredefinedMetricType": f"DynamoDB{kind}CapacityUtilization"},
                "TargetValue": wish.percent,
            },
        },
    }
