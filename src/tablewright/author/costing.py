"""A template as far as its price hangs on it: tables, indexes, capacity, alarms, dashboards."""

from __future__ import annotations

from collections.abc import Mapping

from tablewright.cost.priced import PricedIndex, PricedStack, PricedTable, ScalingBounds
from tablewright.lint.scaling import SCALING_POLICY, targets
from tablewright.lint.stack import Stack, read_stack
from tablewright.lint.table import Index, Table
from tablewright.lint.values import blocks, dig, is_on, number, text
from tablewright.template.decode import decode
from tablewright.template.resolve import Reference, Resolved, Rows, pieces

__all__ = ["priced_stack"]

_ON_DEMAND = "PAY_PER_REQUEST"
_USUAL_TARGET = 70.0


def priced_stack(body: str, path: str, parameters: Mapping[str, str]) -> PricedStack:
    """The stack that a template makes with these parameters, defaults counting. Raises UsageError for what is no template.

    What cannot be known is taken at its cheapest, and each table says so.
    """
    stack = read_stack(decode(body, path), path, body, parameters=parameters, pseudo={}, defaults=True)
    bounds = _bounds(stack)
    return PricedStack(
        tables=tuple(_table(table, bounds) for table in stack.tables),
        alarm_metrics=sum(_metrics(alarm.properties.get("Metrics")) for alarm in stack.of("AWS::CloudWatch::Alarm")),
        composites=len(list(stack.of("AWS::CloudWatch::CompositeAlarm"))),
        dashboards=len(list(stack.of("AWS::CloudWatch::Dashboard"))),
    )


def _table(table: Table, bounds: Mapping[tuple[str, str, str], ScalingBounds]) -> PricedTable:
    unknown: list[str] = []
    if table.billing is None:
        unknown.append(f"{table.called}: how it is billed hangs on a parameter; on demand is assumed")
    on_demand = table.billing in (None, _ON_DEMAND)
    replicas = table.get("Replicas")
    regions = [text(dig(each, "Region")) for each in blocks(replicas)] if isinstance(replicas, Rows) else []
    own, *others = [region for region in regions if region] or [""]
    return PricedTable(
        logical_id=table.logical_id,
        name=text(table.name) or table.logical_id,
        on_demand=on_demand,
        infrequent_access=text(_setting(table, "TableClass")) == "STANDARD_INFREQUENT_ACCESS",
        read=_units(table, "Read", table.props, unknown) if not on_demand else 0,
        write=_units(table, "Write", table.props, unknown) if not on_demand else 0,
        indexes=tuple(_index(table, index, on_demand, unknown) for index in table.indexes),
        recovery=is_on(_setting(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")),
        stream=table.get("StreamSpecification") is not None,
        insights=is_on(_setting(table, "ContributorInsightsSpecification", "Enabled")),
        replicas=tuple(others) if own else (),
        scaling={(index, side): found for (name, index, side), found in bounds.items() if name == table.logical_id},
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _setting(table: Table, *path: str) -> Resolved | None:
    """A setting that a global table has for each replica: its first replica's."""
    return table.per_replica(*path)[0][0] if table.per_replica(*path) else None


def _index(table: Table, index: Index, on_demand: bool, unknown: list[str]) -> PricedIndex:
    projection = text(dig(index.block, "Projection", "ProjectionType")) or "ALL"
    names = dig(index.block, "Projection", "NonKeyAttributes")
    fixed = index.kind == "global" and not on_demand
    return PricedIndex(
        name=index.called,
        projection=projection,
        included=len(names.items) if isinstance(names, Rows) else 0,
        read=_units(table, "Read", index.block, unknown) if fixed else 0,
        write=_units(table, "Write", index.block, unknown) if fixed else 0,
        kind=index.kind,
    )


def _units(table: Table, side: str, block: Resolved, unknown: list[str]) -> int:
    if table.is_global:
        found = number(
            dig(table.get("WriteProvisionedThroughputSettings"), "WriteCapacityAutoScalingSettings", "MinCapacity")
        )
        if side == "Write" and found is not None:
            return int(found)
        unknown.append(f"{table.called}: {side.lower()} units of a global table are taken as 1 where it does not say")
        return 1
    found = number(dig(block, "ProvisionedThroughput", f"{side}CapacityUnits"))
    if found is None:
        unknown.append(f"{table.called}: its {side.lower()} units hang on a parameter; 1 is assumed")
        return 1
    return int(found)


def _bounds(stack: Stack) -> Mapping[tuple[str, str, str], ScalingBounds]:
    """Auto scaling by table, index ("" for the table) and side, with the target of its policy."""
    wanted = _targets_of_policies(stack)
    found: dict[tuple[str, str, str], ScalingBounds] = {}
    for target in targets(stack):
        least = number(target.resource.properties.get("MinCapacity"))
        most = number(target.resource.properties.get("MaxCapacity"))
        if target.table is None or target.what is None or least is None or most is None:
            continue
        side = "read" if target.what == "reads" else "write"
        percent = wanted.get(target.resource.logical_id, _USUAL_TARGET)
        found[target.table.logical_id, target.index or "", side] = ScalingBounds(int(least), int(most), percent)
    return found


def _targets_of_policies(stack: Stack) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for policy in stack.of(SCALING_POLICY):
        percent = number(dig(policy.properties.get("TargetTrackingScalingPolicyConfiguration"), "TargetValue"))
        names = policy.properties.get("ScalingTargetId")
        if percent is None or names is None:
            continue
        for part in pieces(names.node, policy.scope):
            if isinstance(part, Reference):
                found[part.name] = percent
    return found


def _metrics(value: Resolved | None) -> int:
    """How many metrics an alarm is billed for: one, or those that its metric math reads."""
    return max(1, sum(dig(each, "MetricStat") is not None for each in blocks(value))) if value is not None else 1
