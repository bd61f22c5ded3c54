"""What a table costs a month, line by line, in exact decimals, with every assumption that went into it.

A month has 730 hours. Free tiers are not taken off: they belong to the account, not to a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tablewright.cost.beside import beside, expiring
from tablewright.cost.demand import demands
from tablewright.cost.lines import HOURS, Bill, Estimate, Line
from tablewright.cost.priced import PricedStack, PricedTable
from tablewright.cost.prices import PriceList
from tablewright.cost.storage import storing
from tablewright.cost.throughput import on_demand, provisioned
from tablewright.model.workload import READS, TableLoad

__all__ = ["HOURS", "Estimate", "Line", "estimate", "estimate_stack", "month_total"]


def estimate(table: PricedTable, load: TableLoad, prices: PriceList, region: str) -> Estimate:
    """What the table costs a month as it is written. Raises UsageError for a region without prices, or an impossible pattern."""
    _needs_region(prices, region)
    bill = Bill(table.name, prices, region)
    elsewhere = table.elsewhere(region)
    asked = demands(table, load)
    if table.on_demand:
        on_demand(bill, table, asked, elsewhere)
    else:
        provisioned(bill, table, load, asked, elsewhere)
    storing(bill, table, load, elsewhere)
    beside(bill, table, load)
    expiring(bill, table, load, elsewhere)
    for note in table.unknown:
        bill.assume(note)
    if elsewhere and any(each.transactional and each.operation not in READS for each in load.patterns):
        bill.assume(f"{table.name}: transactional writes are taken as double in each region")
    if elsewhere:
        bill.missing.append(f"{table.name}: data transferred between {region} and {', '.join(elsewhere)}")
        if region not in table.replicas and table.global_table:
            bill.assume(f"{table.name}: {region} is none of its regions; it stands for {table.replicas[0]}")
    for index in table.indexes:
        if index not in table.secondary:
            bill.missing.append(
                f"{table.name}: the vector index {index.name}, billed by what is written, searched and stored"
            )
    for index in table.indexes:
        if index not in table.secondary:
            bill.missing.append(
                f"{table.name}: vector index {index.name}, billed by what is written, searched and stored"
            )
    if not asked:
        bill.assume(f"{table.name}: no request is made")
    return bill.done()


def estimate_stack(stack: PricedStack, loads: Mapping[str, TableLoad], prices: PriceList, region: str) -> Estimate:
    """What all of a stack costs; ``loads`` by logical ID or name, tables without one are taken as empty and idle."""
    parts = [
        estimate(table, loads.get(table.logical_id) or loads.get(table.name) or TableLoad(), prices, region)
        for table in stack.tables
    ]
    bill = Bill("", prices, region)
    bill.add("alarms", "alarm.metric", Decimal(stack.alarm_metrics), "metrics of alarms")
    bill.add("alarms", "alarm.composite", Decimal(stack.composites), "composite alarms")
    bill.add("dashboards", "dashboard", Decimal(stack.dashboards), "dashboards")
    if stack.backup_plans:
        bill.missing.append("what AWS Backup keeps by the plans of the template, billed by AWS Backup")
    return together([*parts, bill.done()])


def together(parts: list[Estimate]) -> Estimate:
    """Several estimates as one; what is said twice stands once."""
    return Estimate(
        tuple(line for part in parts for line in part.lines),
        tuple(dict.fromkeys(text for part in parts for text in part.assumptions)),
        tuple(dict.fromkeys(text for part in parts for text in part.missing)),
        tuple({(price.region, price.name): price for part in parts for price in part.priced}.values()),
    )


def month_total(estimate: Estimate) -> Decimal:
    """The sum to the cent, rounded half up as an invoice is."""
    return estimate.usd.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def _needs_region(prices: PriceList, region: str) -> None:
    prices.price(region, "on-demand.standard.read")
