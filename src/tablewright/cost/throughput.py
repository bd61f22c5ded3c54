"""What requests and provisioned units cost, in the home region and in every other that holds a replica.

Source: DynamoDB developer guide, "Understanding Amazon DynamoDB billing for global tables": writes to a replicated table are
billed in replicated units in each region, those to its indexes in plain ones; both are priced the same. "Managing throughput
capacity automatically": four alarms for each side that scales; auto scaling costs nothing beyond units and alarms (AWS, "Amazon
DynamoDB auto scaling").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from tablewright.cost.autoscale import simulated
from tablewright.cost.demand import Demand, rates
from tablewright.cost.lines import HOURS, MILLION, SECONDS, Bill
from tablewright.cost.priced import PricedTable, ScalingBounds
from tablewright.model.workload import TableLoad

__all__ = ["on_demand", "provisioned", "scaled_hours"]


_ALARMS = 4
"""Alarms that auto scaling makes for one side: consumption high and low, units high and low."""


def on_demand(bill: Bill, table: PricedTable, asked: Sequence[Demand], elsewhere: tuple[str, ...]) -> None:
    """A line for each pattern and side."""
    for each in asked:
        quantity = each.per_second * SECONDS
        plain = f"on-demand.{table.class_name}.{each.side}"
        # An index of a replicated table is written in plain units.
        names = table.replicated("on-demand") if elsewhere and each.side == "write" and not each.index else (plain,)
        for region in (bill.region, *(elsewhere if each.side == "write" else ())):
            what = f"{each.side}s" if region == bill.region else "replicated writes"
            bill.add(
                what, names, quantity, "request units", per=MILLION, index=each.index, pattern=each.pattern, region=region
            )  # fmt: skip
    if elsewhere and any(each.side == "read" for each in asked):
        bill.assume(
            f"{table.name}: reads are made in {bill.region}; what is read in {', '.join(elsewhere)} comes on top"
        )


def provisioned(
    bill: Bill, table: PricedTable, load: TableLoad, asked: Sequence[Demand], elsewhere: tuple[str, ...]
) -> None:
    """Two lines for the table and for each global index, and as many in each other region."""
    needed = rates(tuple(asked))
    for index, read, write in table.places:
        for side, fixed in (("read", read), ("write", write)):
            bounds = table.scaling.get((index, side))
            rate = needed.get((index, side), Decimal(0))
            where = f"index {index}" if index else table.name
            if bounds is not None:
                hours = scaled_hours(bill, table, load, index, side, rate, bounds, start=fixed)
            else:
                hours = Decimal(fixed) * HOURS
                if rate > fixed:
                    bill.assume(
                        f"{where}: {rate:,.1f} {side} units a second are asked for, and {fixed} are provisioned"
                    )
            plain = f"provisioned.{table.class_name}.{side}"
            names = table.replicated("provisioned") if elsewhere and side == "write" and not index else (plain,)
            used = _used(asked, index, side, hours / HOURS)
            for region in (bill.region, *elsewhere):
                what = f"{side}s" if region == bill.region else f"replicated {side}s" if side == "write" else "reads"
                bill.add(what, names, hours, "unit-hours", index=index, region=region, used_by=used)
    for index in dict.fromkeys(index for index, _ in table.scaling):
        sides = sum(where == index for where, _ in table.scaling)
        for region in (bill.region, *elsewhere):
            alarms = Decimal(_ALARMS * sides)
            bill.add("alarms of auto scaling", "alarm.metric", alarms, "alarms", index=index, region=region)
    if elsewhere:
        bill.assume(f"{table.name}: {', '.join(elsewhere)} has as many units as {bill.region}")


def _used(asked: Sequence[Demand], index: str, side: str, units: Decimal) -> tuple[tuple[str, Decimal], ...]:
    """The share of the units that each pattern uses; where more is asked for than there is, they share it."""
    parts = [(each.pattern, each.per_second) for each in asked if (each.index, each.side) == (index, side)]
    whole = max(units, sum((rate for _, rate in parts), Decimal(0)))
    return tuple((pattern, rate / whole) for pattern, rate in parts if rate) if whole else ()


def scaled_hours(
    bill: Bill, table: PricedTable, load: TableLoad, index: str, side: str, rate: Decimal, bounds: ScalingBounds, *,
    start: int | None = None,
) -> Decimal:  # fmt: skip
    """Unit-hours of a month under auto scaling: simulated where the load has a shape, else at its average."""
    where = f"index {index}" if index else table.name
    trace = load.trace(index, side, rate)
    if trace is not None:
        scaled = simulated(trace, bounds, start or None)
        hours = Decimal(len(scaled.units)) / 60
        bill.assume(
            f"{where}: auto scaling of {side}s simulated minute by minute on {hours:,.0f} hours of {load.shape} use"
        )
        if scaled.refused:
            share = scaled.refused / max(sum(trace.minutes) * 60, 1e-9)
            bill.assume(
                f"{where}: in {scaled.short:,} of {len(scaled.units):,} minutes more {side}s were asked for than units and "
                f"burst allow ({share:.2%} of all): they would be throttled"
            )
        return scaled.unit_hours * HOURS / hours
    level = max(bounds.minimum, min(bounds.maximum, math.ceil(float(rate) * 100 / bounds.target - 1e-9)))
    bill.assume(
        f"{where}: auto scaling of {side}s at a steady average ({level} units); peaks cost more (day in the workload says how it "
        "varies)"
    )
    return Decimal(level) * HOURS
