"""Auto scaling of a provisioned table or index: two scalable targets, and a policy that tracks a utilisation for each.

Source: Application Auto Scaling user guide, "Amazon DynamoDB and Application Auto Scaling". Without RoleARN the service-linked
role is used.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from tablewright.author.editing import Text, put_entry
from tablewright.author.indexes import index_names
from tablewright.author.replicas import is_global
from tablewright.author.siblings import Sibling, family, mentions, pascal, word
from tablewright.author.writing import Call, Value
from tablewright.errors import UsageError
from tablewright.lint.scaling import SCALING_POLICY, scaled, targets
from tablewright.lint.stack import read_stack
from tablewright.template.resolve import pieces
from tablewright.template.tree import Mapping

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
            f"{table.logical_id} is billed on demand, which scales by itself. To bill it by provisioned capacity first, run:",
            f"tablewright set billing {shlex.quote(wish.table)} provisioned --read 5 --write 5",
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
    standing = scaling_of(text, table.logical_id, wish.index)
    if standing:
        raise UsageError(
            "already-there",
            "It is there already",
            f"{', '.join(standing)} scales {wish.index or table.logical_id} already. The file is unchanged.",
        )
    after = table.logical_id
    for kind in _KINDS:
        target_id, policy_id = _ids(table, wish.index, kind)
        text = put_entry(text, ("Resources", target_id), _target(table, wish, kind), after=after, spaced=True)
        text = put_entry(text, ("Resources", policy_id), _policy(target_id, wish, kind), after=target_id, spaced=True)
        after = policy_id
    return text


def scaling_of(text: Text, table_id: str, index: str | None = "") -> tuple[str, ...]:
    """The logical IDs of the scalable targets of a table (``index`` empty), of an index, or of both (None), and of their
    policies, as they stand in the template.
    """
    stack = read_stack(text.tree, text.path, text.text, parameters={}, pseudo={}, defaults=True)
    found = {
        one.resource.logical_id
        for one in targets(stack)
        if one.table is not None and one.table.logical_id == table_id and (index is None or (one.index or "") == index)
    }
    tied = set()
    for policy in stack.of(SCALING_POLICY):
        properties, named = policy.node.get("Properties"), policy.properties.get("ResourceId")
        of, at = scaled(stack, pieces(named.node, policy.scope)) if named is not None else (None, None)
        same = of is not None and of.logical_id == table_id and (index is None or (at or "") == index)
        # Not by DependsOn: another table's policy may wait for this one's target.
        if same or (properties is not None and any(mentions(properties, one) for one in found)):
            tied.add(policy.logical_id)
    section = text.tree.get("Resources")
    entries = section.entries if isinstance(section, Mapping) else ()
    return tuple(entry.key for entry in entries if entry.key in found | tied)


def idle_scaling(text: Text, table: str) -> list[str]:
    """The commands that take out the auto scaling of a table and its indexes, which on demand has nothing to do."""
    found = family(text).named(table)
    called = found.short or found.logical_id
    return [
        f"tablewright remove autoscaling {called}" + (f" --index {index}" if index else "")
        for index in ("", *index_names(text, found))
        if scaling_of(text, found.logical_id, index)
    ]


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
