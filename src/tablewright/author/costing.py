"""A template as far as its price hangs on it: tables, indexes, capacity, alarms, dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tablewright.author.editing import Text
from tablewright.author.siblings import Family, family
from tablewright.cost.priced import PricedIndex, PricedStack, PricedTable, ScalingBounds
from tablewright.errors import UsageError
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
    named = family(Text(body, path))
    return PricedStack(
        tables=tuple(_handled(_table(table, bounds), named) for table in stack.tables),
        alarm_metrics=sum(_metrics(alarm.properties.get("Metrics")) for alarm in stack.of("AWS::CloudWatch::Alarm")),
        composites=len(list(stack.of("AWS::CloudWatch::CompositeAlarm"))),
        dashboards=len(list(stack.of("AWS::CloudWatch::Dashboard"))),
        backup_plans=len(list(stack.of("AWS::Backup::BackupPlan"))),
    )


def _handled(table: PricedTable, named: Family) -> PricedTable:
    """The table with what commands call it: its logical ID where its name hangs on something."""
    try:
        known = named.named(table.name).logical_id == table.logical_id
    except UsageError:
        known = False
    return table if known else replace(table, handle=table.logical_id)


def _table(table: Table, bounds: Mapping[tuple[str, str, str], ScalingBounds]) -> PricedTable:
    unknown: list[str] = []
    if table.billing is None:
        unknown.append(f"{table.called}: how it is billed hangs on a parameter; on demand is assumed")
    on_demand = table.billing in (None, _ON_DEMAND)
    replicas = table.get("Replicas")
    regions = [text(dig(each, "Region")) for each in blocks(replicas)] if isinstance(replicas, Rows) else []
    scaling = {(index, side): found for (name, index, side), found in bounds.items() if name == table.logical_id}
    if table.is_global and not on_demand:
        scaling |= _global_bounds(table)
    limits = [table.props, *(index.block for index in table.indexes)]
    return PricedTable(
        logical_id=table.logical_id,
        name=text(table.name) or table.logical_id,
        on_demand=on_demand,
        infrequent_access=text(_setting(table, "TableClass")) == "STANDARD_INFREQUENT_ACCESS",
        read=_units(table, "Read", "", table.props, scaling, unknown) if not on_demand else 0,
        write=_units(table, "Write", "", table.props, scaling, unknown) if not on_demand else 0,
        indexes=tuple(_index(table, index, on_demand, scaling, unknown) for index in (*table.indexes, *table.vectors)),
        recovery=is_on(_setting(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")),
        stream=table.get("StreamSpecification") is not None,
        kinesis=_setting(table, "KinesisStreamSpecification") is not None,
        ttl=is_on(table.get("TimeToLiveSpecification", "Enabled")),
        insights=_insights(_setting(table, "ContributorInsightsSpecification")),
        sort_key=any(part.role == "RANGE" for part in table.schema or ()),
        replicas=tuple(region for region in regions if region) if len(regions) > 1 else (),
        global_table=table.is_global,
        capped=any(dig(block, "OnDemandThroughput") is not None for block in limits),
        scaling=scaling,
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _setting(table: Table, *path: str) -> Resolved | None:
    """A setting that a global table has for each replica: its first replica's."""
    return table.per_replica(*path)[0][0] if table.per_replica(*path) else None


def _insights(specification: Resolved | None) -> str:
    """Which keys insights watch: all of them unless the mode says otherwise."""
    if not is_on(dig(specification, "Enabled")):
        return ""
    return "throttled" if text(dig(specification, "Mode")) == "THROTTLED_KEYS" else "all"


def _index(
    table: Table, index: Index, on_demand: bool, scaling: Mapping[tuple[str, str], ScalingBounds], unknown: list[str]
) -> PricedIndex:  # fmt: skip
    projection = text(dig(index.block, "Projection", "ProjectionType")) or "ALL"
    names = dig(index.block, "Projection", "NonKeyAttributes")
    fixed = index.kind == "global" and not on_demand
    return PricedIndex(
        name=index.called,
        projection=projection,
        included=len(names.items) if isinstance(names, Rows) else 0,
        read=_units(table, "Read", index.called, index.block, scaling, unknown) if fixed else 0,
        write=_units(table, "Write", index.called, index.block, scaling, unknown) if fixed else 0,
        kind=index.kind,
        sort_key=bool(index.ranges),
        insights=_insights(_replica_index(table, index.called, "ContributorInsightsSpecification"))
        if table.is_global
        else _insights(dig(index.block, "ContributorInsightsSpecification")),
    )


def _units(
    table: Table, side: str, index: str, block: Resolved, scaling: Mapping[tuple[str, str], ScalingBounds],
    unknown: list[str],
) -> int:  # fmt: skip
    where = f"{table.called}/{index}" if index else table.called
    if table.is_global:
        bounds = scaling.get((index, side.lower()))
        found = number(dig(_global_settings(table, side, index, block), f"{side}CapacityUnits"))
        if found is None and bounds is not None:
            return bounds.minimum
    else:
        found = number(dig(block, "ProvisionedThroughput", f"{side}CapacityUnits"))
    if found is None:
        unknown.append(f"{where}: its {side.lower()} units are not written, or hang on a parameter; 1 is assumed")
        return 1
    return int(found)


def _global_bounds(table: Table) -> Mapping[tuple[str, str], ScalingBounds]:
    """Auto scaling of a global table, whose writes have one setting and whose reads are its first replica's."""
    found: dict[tuple[str, str], ScalingBounds] = {}
    places = [("", table.props), *((i.called, i.block) for i in table.indexes if i.kind == "global")]
    for index, block in places:
        for side in ("Read", "Write"):
            settings = dig(_global_settings(table, side, index, block), f"{side}CapacityAutoScalingSettings")
            least, most = number(dig(settings, "MinCapacity")), number(dig(settings, "MaxCapacity"))
            percent = number(dig(settings, "TargetTrackingScalingPolicyConfiguration", "TargetValue"))
            if least is not None and most is not None:
                found[index, side.lower()] = ScalingBounds(int(least), int(most), percent or _USUAL_TARGET)
    return found


def _global_settings(table: Table, side: str, index: str, block: Resolved) -> Resolved | None:
    key = f"{side}ProvisionedThroughputSettings"
    if side == "Write":
        return dig(block, key)
    return _replica_index(table, index, key) if index else _setting(table, key)


def _replica_index(table: Table, index: str, key: str) -> Resolved | None:
    """A setting of an index in the first replica."""
    for each in blocks(_setting(table, "GlobalSecondaryIndexes")):
        if text(dig(each, "IndexName")) == index:
            return dig(each, key)
    return None


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
