"""The same table billed in other ways: what each would cost, where the balance tips, and what is worth changing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from tablewright.cost.demand import demands, rates
from tablewright.cost.estimate import estimate
from tablewright.cost.lines import HOURS, Estimate
from tablewright.cost.priced import PricedTable
from tablewright.cost.prices import PriceList
from tablewright.model.workload import TableLoad

__all__ = ["BreakEven", "Option", "break_evens", "options", "reserved"]

_ROOM = Decimal("0.7")
"""How much of fixed units is to be used at the busiest moment."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to bill a table. ``command`` makes it so; ``note`` what else it means. ``present``: it is billed so now."""

    name: str
    estimate: Estimate
    command: str | None = None
    note: str = ""
    present: bool = False

    @property
    def usd(self) -> Decimal:
        return self.estimate.usd


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Where one way becomes cheaper than another, as a share between 0 and 1."""

    what: str
    share: Decimal


def options(table: PricedTable, load: TableLoad, prices: PriceList, region: str) -> tuple[Option, ...]:
    """The ways to bill the table whose prices are known in full, cheapest first."""
    found: list[Option] = []
    for cold in (False, True):
        kind = "STANDARD_INFREQUENT_ACCESS" if cold else "STANDARD"
        to_class = "infrequent-access" if cold else "standard"
        for on_demand in (True, False):
            units = table if table.on_demand == on_demand else _fitted(table, load) if not on_demand else table
            way = replace(units, on_demand=on_demand, infrequent_access=cold)
            told = estimate(way, load, prices, region)
            if told.missing:
                continue
            mode = "on demand" if on_demand else "auto scaled" if way.scaling else "provisioned"
            commands = []
            if on_demand != table.on_demand:
                commands += _billing(table, way)
            if cold != table.infrequent_access:
                commands.append(f"tablewright set class {table.name} {to_class}")
            note = "" if on_demand or way.scaling else f"{way.read} read and {way.write} write units, fixed"
            if note and load.measured and table.on_demand:
                note += "; sized by the busiest hour, so shorter peaks are refused"
            found.append(
                Option(
                    f"{mode}, {kind.lower().replace('_', ' ')}",
                    told,
                    (" && ".join(commands) or None) if load.is_telling else None,
                    note,
                    present=on_demand == table.on_demand and cold == table.infrequent_access,
                )
            )
    return tuple(sorted(found, key=lambda option: (option.usd, not option.present)))


def reserved(table: PricedTable, prices: PriceList, region: str, years: int) -> Decimal | None:
    """What the table's fixed units cost a month with reserved capacity in blocks of 100; None where it does not apply.

    Only for provisioned tables of the Standard class; the upfront payment is spread over the term.
    """
    if table.on_demand or table.infrequent_access or table.scaling:
        return None
    total = Decimal(0)
    term = f"reserved.{years}-year"
    for side in ("read", "write"):
        units = getattr(table, side) + sum(getattr(i, side) for i in table.indexes if i.kind == "global")
        upfront = prices.find(region, f"{term}.{side}.upfront")
        hourly = prices.find(region, f"{term}.{side}.hourly")
        plain = prices.find(region, f"provisioned.standard.{side}")
        if upfront is None or hourly is None or plain is None:
            return None
        blocks, rest = divmod(units, 100)
        block = upfront.usd / (12 * years) + hourly.usd * HOURS
        total += blocks * block + rest * plain.usd * HOURS
    return total


def break_evens(prices: PriceList, region: str) -> tuple[BreakEven, ...]:
    """Where provisioned capacity and the infrequent-access class become cheaper, by the list's prices."""
    found: list[BreakEven] = []
    on_demand, fixed = (prices.find(region, f"{kind}.standard.write") for kind in ("on-demand", "provisioned"))
    if on_demand and fixed:
        share = fixed.usd / (on_demand.usd / 10**6 * 3600)
        found.append(BreakEven("provisioned is cheaper than on demand above this use of its units", share))
    warm, cold = (prices.find(region, f"storage.{kind}") for kind in ("standard", "infrequent-access"))
    busy, slow = (prices.find(region, f"on-demand.{kind}.write") for kind in ("standard", "infrequent-access"))
    if warm and cold and busy and slow:
        dearer, saved = slow.usd / busy.usd - 1, 1 - cold.usd / warm.usd
        found.append(
            BreakEven(
                "infrequent access is cheaper when storage costs more than this share of throughput", dearer / saved
            )
        )
    return tuple(found)


def _fitted(table: PricedTable, load: TableLoad) -> PricedTable:
    """The table with fixed units for its busiest moment, at 70 % of use."""
    needed = rates(demands(table, load))

    def units(index: str, side: str) -> int:
        return max(1, math.ceil(needed.get((index, side), Decimal(0)) * load.peak / _ROOM))

    return replace(
        table,
        read=units("", "read"),
        write=units("", "write"),
        indexes=tuple(
            replace(i, read=units(i.name, "read"), write=units(i.name, "write")) if i.kind == "global" else i
            for i in table.indexes
        ),
    )


def _billing(table: PricedTable, way: PricedTable) -> list[str]:
    """The commands that bill the table so; an index that needs other units than its table gets its own."""
    if way.on_demand:
        return [f"tablewright set billing {table.name} on-demand"]
    commands = [f"tablewright set billing {table.name} provisioned --read {way.read} --write {way.write}"]
    commands += [
        f"tablewright set throughput {table.name} --index {index.name} --read {index.read} --write {index.write}"
        for index in way.indexes
        if index.kind == "global" and (index.read, index.write) != (way.read, way.write)
    ]
    return commands
