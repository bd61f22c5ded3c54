"""Application Auto Scaling of tables and indexes."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.scaling import SCALING_POLICY, Target, targets
from tablewright.lint.stack import Stack
from tablewright.lint.values import dig, number, text
from tablewright.template.resolve import Block, Reference


@rule("TW-CAP-008", "provisioned-without-scaling", WARNING)
def provisioned_without_scaling(stack: Stack) -> Iterator[Problem]:
    """Provisioned capacity that follows nothing

    What it finds: a table with provisioned capacity, or one of its global indexes, without a scalable target for reads
        or writes in the same template.
    Why it matters: fixed capacity is either paid for and unused, or too little when it matters. An index that is left
        out throttles the table.
    Instead: a ScalableTarget and a target tracking ScalingPolicy for reads and writes of the table and of each index,
        or BillingMode: PAY_PER_REQUEST.
    When to ignore: the load is constant, or scaling is set up elsewhere.
    Source: AWS Config rule dynamodb-autoscaling-enabled; Security Hub DynamoDB.1.
    """
    if stack.hidden:
        return
    found = [*targets(stack)]
    if any(target.table is None and not target.is_foreign for target in found):
        return  # one of them may be for any table
    for table in stack.tables:
        if (
            table.billing != "PROVISIONED"
            or table.is_global
            or not isinstance(table.get("ProvisionedThroughput"), Block)
        ):
            continue
        for name, whose, position in (
            ("", table.called, table.where("ProvisionedThroughput")),
            *((text(index.name), index.called, index.position) for index in table.globals),
        ):
            if name is None:
                continue
            scaled = {target.what for target in found if target.table is table and (target.index or "") == name}
            missing = [what for what in ("reads", "writes") if what not in scaled]
            if missing and None not in scaled:
                yield Problem(
                    position,
                    f"The {' and '.join(missing)} of {whose} are provisioned, and do not scale",
                    f"Add a ScalableTarget and a ScalingPolicy for {' and '.join(missing)} of {whose}, or take PAY_PER_REQUEST.",
                    table.logical_id,
                )


@rule("TW-CAP-009", "scalable-target-broken", ERROR)
def scalable_target_broken(stack: Stack) -> Iterator[Problem]:
    """A scalable target that cannot be registered

    What it finds: MinCapacity above MaxCapacity; a dimension of tables for an index or the reverse; an index that the
        table does not have; or a table of this template named by its text without DependsOn, so that it may not exist
        yet.
    Why it matters: RegisterScalableTarget refuses it, and the stack rolls back.
    Instead: ResourceId: !Sub table/${Table} or !Sub table/${Table}/index/NAME, with dynamodb:table:… or
        dynamodb:index:….
    When to ignore: never; the deployment fails.
    Source: Application Auto Scaling API reference, RegisterScalableTarget.
    """
    for target in targets(stack):
        resource = target.resource
        least, most = resource.properties.get("MinCapacity"), resource.properties.get("MaxCapacity")
        low, high = number(least), number(most)
        if low is not None and high is not None and least is not None and low > high:
            yield Problem(
                least.position, f"MinCapacity {low:g} is above MaxCapacity {high:g}", resource=resource.logical_id
            )
        yield from _of_resource_id(target)


def _of_resource_id(target: Target) -> Iterator[Problem]:
    resource, position = target.resource, target.position
    kind = (target.dimension or "").split(":")[1:2]
    if target.index is not None and kind == ["table"]:
        yield Problem(
            position, f"{target.dimension} is of tables, and the resource is an index", resource=resource.logical_id
        )
    elif target.index is None and target.is_table and kind == ["index"]:
        yield Problem(
            position, f"{target.dimension} is of indexes, and the resource is a table", resource=resource.logical_id
        )
    if target.table is None:
        return
    names = {text(index.name) for index in target.table.globals}
    if target.index is not None and target.table.indexes_known and None not in names and target.index not in names:
        yield Problem(
            position, f"{target.table.called} has no global index {target.index}", resource=resource.logical_id
        )
    mentioned = any(isinstance(piece, Reference) for piece in target.parts)
    depends = resource.node.get("DependsOn")
    if not mentioned and depends is None:
        yield Problem(
            position,
            f"{target.table.called} is named by its text, so it may not exist yet when it is registered",
            f"Write ResourceId: !Sub table/${{{target.table.logical_id}}}"
            + (f"/index/{target.index}." if target.index else "."),
            resource.logical_id,
        )


@rule("TW-CAP-010", "scaling-of-on-demand", WARNING)
def scaling_of_on_demand(stack: Stack) -> Iterator[Problem]:
    """A scalable target for an on-demand table

    What it finds: a ScalableTarget whose table has BillingMode PAY_PER_REQUEST.
    Why it matters: there is no provisioned capacity to scale: at best nothing happens, and its alarms stay without
        data.
    Instead: remove the target and its policies, or BillingMode: PROVISIONED.
    When to ignore: the table is about to be switched.
    Source: Amazon DynamoDB developer guide, "Managing throughput capacity automatically with auto scaling".
    """
    for target in targets(stack):
        if target.table is not None and target.table.billing == "PAY_PER_REQUEST":
            yield Problem(
                target.resource.position,
                f"{target.resource.logical_id} scales {target.table.called}, which is on demand",
                resource=target.resource.logical_id,
            )


@rule("TW-CAP-011", "target-utilization", INFO)
def target_utilization(stack: Stack) -> Iterator[Problem]:
    """A target utilization outside 20 to 90 per cent

    What it finds: a target tracking policy for DynamoDB whose TargetValue is below 20 or above 90.
    Why it matters: below 20 most of what is paid for is never used; above 90 nothing is left while scaling takes its
        minutes. The documentation gives 20 to 90 as the range.
    Instead: 70 is what most tables have; less for loads with steep rises.
    When to ignore: you measured it.
    Source: Security Hub DynamoDB.1 (parameters); Amazon DynamoDB developer guide, auto scaling.
    """
    for policy in stack.of(SCALING_POLICY):
        config = policy.properties.get("TargetTrackingScalingPolicyConfiguration")
        metric = text(dig(config, "PredefinedMetricSpecification", "PredefinedMetricType")) or ""
        value = dig(config, "TargetValue")
        percent = number(value)
        if metric.startswith("DynamoDB") and percent is not None and value is not None and not 20 <= percent <= 90:
            yield Problem(
                value.position, f"The target is {percent:g} per cent; 20 to 90 is sound", resource=policy.logical_id
            )
