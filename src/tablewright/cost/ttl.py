"""What TTL saves: the deletions that it does for nothing, and the storage of what would stay.

Source: DynamoDB developer guide, "Time to Live": expired items are deleted without consuming write throughput, from indexes too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from tablewright.cost.demand import demands, rates
from tablewright.cost.estimate import estimate
from tablewright.cost.lines import HOURS, SECONDS, Bill
from tablewright.cost.priced import PricedTable
from tablewright.cost.prices import PriceList
from tablewright.cost.storage import storing
from tablewright.model.workload import Pattern, TableLoad

__all__ = ["ExpirySaving", "expiry_saving"]


@dataclass(frozen=True, slots=True)
class ExpirySaving:
    """What one table's TTL saves a month, in US dollars: ``deletes``, and ``kept`` for each month that its items would stay.

    ``units``: the write units a second that deleting them otherwise would take; of a provisioned table ``deletes`` prices these.
    """

    table: str
    deletes: Decimal
    kept: Decimal
    units: Decimal


def expiry_saving(table: PricedTable, load: TableLoad, prices: PriceList, region: str) -> ExpirySaving | None:
    """The saving; None where TTL is off or nothing is said to expire."""
    if not table.ttl or not load.expired_per_second or not load.item_bytes:
        return None
    delete = Pattern("deletes of what expires", "delete", load.expired_per_second, load.item_bytes)
    sized = TableLoad(item_bytes=load.item_bytes, entry_bytes=load.entry_bytes)
    own = replace(sized, patterns=(delete,))
    alone = replace(table, replicas=(), stream=False, kinesis=False, insights="", recovery=False)
    asked = rates(demands(alone, own))
    units = sum(asked.values(), Decimal(0))
    if table.on_demand:
        deletes = estimate(alone, own, prices, region).of("writes")
    else:
        price = prices.find(region, f"provisioned.{table.class_name}.write")
        deletes = units * HOURS * price.usd if price else Decimal(0)
    bill = Bill(table.name, prices, region)
    staying = replace(sized, items=int(load.expired_per_second * SECONDS))
    storing(bill, table, staying, table.elsewhere(region))
    kept = sum((line.usd for line in bill.lines), Decimal(0))
    return ExpirySaving(table.name, deletes, kept, units)
