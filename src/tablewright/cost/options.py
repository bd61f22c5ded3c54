"""The same table billed in other ways: what each would cost, and the commands that make it so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from tablewright.cost.autoscale import simulated
from tablewright.cost.demand import demands, rates
from tablewright.cost.estimate import estimate
from tablewright.cost.lines import HOURS, Estimate
from tablewright.cost.priced import PricedTable, ScalingBounds
from tablewright.cost.prices import PriceList
from tablewright.model.workload import TableLoad

__all__ = ["Option", "options", "reserved"]

_ROOM = Decimal("0.7")
"""How much of fixed units is to be used at the busiest moment."""
_TARGET = 70
_SPARE = 2
"""Auto scaling may go to so many times what the busiest moment needs."""
_MOST = 40_000
"""The most units of a table that AWS gives without asking (DynamoDB developer guide, quotas)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to bill a table, at ``usd`` a month. ``commands`` make it so; ``note`` says what else it means.

    ``present``: it is billed so now. ``reserved``: the years of reserved capacity that it counts on, 0 for none. ``refused``: the
    share of what is asked for that would be throttled, as far as is known. ``verified``: every price of it was seen in a
    primary source.
    """

    name: str
    usd: Decimal
    table: PricedTable
    commands: tuple[str, ...] = ()
    note: str = ""
    present: bool = False
    reserved: int = 0
    refused: float = 0.0
    verified: bool = True
    assumptions: tuple[str, ...] = ()

    @property
    def within_quota(self) -> bool:
        """Whether AWS gives so many units without asking; a maximum of auto scaling is held to it where it is made."""
        return self.table.on_demand or all(max(read, write) <= _MOST for _, read, write in self.table.places)


def options(table: PricedTable, load: TableLoad, prices: PriceList, region: str) -> tuple[Option, ...]:
    """The ways to bill the table whose prices are known in full, cheapest first, the present one among them."""
    now = estimate(table, load, prices, region)
    found = [_present(table, load, now)]
    for cold in (False, True):
        for mode, way in _ways(table, load):
            other = replace(way, infrequent_access=cold)
            if other == table:
                continue
            told = estimate(other, load, prices, region)
            if set(told.missing) - set(now.missing):
                continue
            found.append(_option(mode, table, other, load, told))
    for each in tuple(found):
        found += _reserved(each, prices, region)
    return tuple(sorted(found, key=lambda option: (option.usd, not option.present)))


def _present(table: PricedTable, load: TableLoad, told: Estimate) -> Option:
    mode = "on demand" if table.on_demand else "auto scaled" if table.scaling else "provisioned"
    return Option(
        name=f"{mode}, {_class(table)}",
        usd=told.usd,
        table=table,
        note=_units(table) if mode == "provisioned" else "",
        present=True,
        refused=_refused(table, load),
        verified=_verified(told),
        assumptions=told.assumptions,
    )


def _verified(told: Estimate) -> bool:
    """Whether the prices that differ between the ways were seen: those of throughput and storage."""
    kinds = ("on-demand.", "provisioned.", "replicated.", "storage.")
    return all(line.verified for line in told.lines if line.price.startswith(kinds))


def _ways(table: PricedTable, load: TableLoad) -> Iterator[tuple[str, PricedTable]]:
    """The modes that a table could have, its class left alone. What it has now is among them."""
    yield "on demand", replace(table, on_demand=True, scaling={})
    if not table.on_demand:
        yield "auto scaled" if table.scaling else "provisioned", table
    if len(table.secondary) < len(table.indexes):
        return  # vector indexes are for on-demand tables alone
    fitted = _fitted(table, load)
    if fitted != table:
        yield "provisioned", fitted
    scaled = _scaled(fitted, load)
    if scaled is not None and scaled.scaling != table.scaling:
        yield "auto scaled", scaled


def _option(mode: str, table: PricedTable, way: PricedTable, load: TableLoad, told: Estimate) -> Option:
    note = ""
    if mode == "provisioned":
        note = _units(way)
        if load.measured:
            shorter = ", so shorter peaks are refused" if load.resolution != "minute" else ""
            note += f"; sized by the busiest {load.resolution}{shorter}"
    elif mode == "auto scaled":
        note = _bounds(way)
    refused = _refused(way, load)
    if refused:
        share = f"{refused:.2%}" if refused >= 0.0001 else "less than 0.01%"
        note += f"; {share} of what is asked for would be throttled"
    return Option(
        name=f"{mode}, {_class(way)}",
        usd=told.usd,
        table=way,
        commands=commands(table, way) if load.is_telling else (),
        note=note,
        refused=refused,
        verified=_verified(told),
        assumptions=told.assumptions,
    )


def _class(table: PricedTable) -> str:
    return "standard infrequent access" if table.infrequent_access else "standard"


def _units(table: PricedTable) -> str:
    def said(read: int, write: int) -> str:
        return f"{read} read and {write} write units"

    parts = [said(read, write) if not name else f"{said(read, write)} for {name}" for name, read, write in table.places]
    return ", ".join(parts) if len(parts) < 4 else f"{parts[0]}, and those of {len(parts) - 1} indexes"


def _bounds(table: PricedTable) -> str:
    least = min(each.minimum for each in table.scaling.values())
    most = max(each.maximum for each in table.scaling.values())
    return f"{least} to {most} units, {_TARGET} % of them used"


def reserved(table: PricedTable, prices: PriceList, region: str, years: int) -> Decimal | None:
    """What the table's fixed units cost a month with reserved capacity in blocks of 100; None where it does not apply.

    Only for provisioned tables of the Standard class, and not for replicated writes; the upfront payment is spread over the term.
    """
    if table.on_demand or table.infrequent_access or table.scaling:
        return None
    total = Decimal(0)
    bought = 0
    term = f"reserved.{years}-year"
    for side in ("read", "write"):
        units = [read if side == "read" else write for _, read, write in table.places]
        covered = sum(units[1:] if side == "write" and table.elsewhere(region) else units)
        upfront = prices.find(region, f"{term}.{side}.upfront")
        hourly = prices.find(region, f"{term}.{side}.hourly")
        plain = prices.find(region, f"provisioned.standard.{side}")
        if upfront is None or hourly is None or plain is None:
            return None
        blocks = covered // 100
        bought += blocks
        block = upfront.usd / (12 * years) + hourly.usd * HOURS
        total += blocks * block + (sum(units) - 100 * blocks) * plain.usd * HOURS
    return total if bought else None


def _reserved(option: Option, prices: PriceList, region: str) -> Iterator[Option]:
    """The option with its fixed units bought for a year or for three."""
    for years in (1, 3):
        units = reserved(option.table, prices, region, years)
        if units is None:
            continue
        plain = sum(
            (
                Decimal(count) * HOURS * prices.price(region, f"provisioned.standard.{side}").usd
                for _, read, write in option.table.places
                for side, count in (("read", read), ("write", write))
            ),
            Decimal(0),
        )
        term = "a year" if years == 1 else "three years"
        yield replace(
            option,
            name=f"{option.name}, reserved for {term}",
            usd=option.usd - plain + units,
            present=False,
            reserved=years,
            verified=option.verified and all(_seen(prices, region, years)),
        )


def _seen(prices: PriceList, region: str, years: int) -> Iterator[bool]:
    for side in ("read", "write"):
        for part in ("upfront", "hourly"):
            yield prices.price(region, f"reserved.{years}-year.{side}.{part}").verified


def _fitted(table: PricedTable, load: TableLoad) -> PricedTable:
    """The table with fixed units for its busiest moment, at 70 % of use."""
    needed = rates(demands(table, load))

    def units(index: str, side: str) -> int:
        rate = needed.get((index, side), Decimal(0))
        course = load.trace(index, side, rate)
        busiest = Decimal(str(round(max(course.values), 9))) if course is not None else rate * load.peak
        return max(1, math.ceil(busiest / _ROOM))

    return replace(
        table,
        on_demand=False,
        scaling={},
        read=units("", "read"),
        write=units("", "write"),
        indexes=tuple(
            replace(i, read=units(i.name, "read"), write=units(i.name, "write")) if i.kind == "global" else i
            for i in table.indexes
        ),
    )


def _scaled(fitted: PricedTable, load: TableLoad) -> PricedTable | None:
    """The table with auto scaling from what its quietest moment needs to twice its busiest; None where neither is known."""
    needed = rates(demands(fitted, load))
    scaling: dict[tuple[str, str], ScalingBounds] = {}
    starts: dict[str, tuple[int, ...]] = {}
    for name, *fixed in fitted.places:
        courses = [load.trace(name, side, needed.get((name, side), Decimal(0))) for side in ("read", "write")]
        if any(course is None for course in courses):
            return None
        low = min(min(course.values) for course in courses if course)
        high = max(max(course.values) for course in courses if course)
        least = min(_MOST, max(1, math.ceil(low * 100 / _TARGET)))
        most = min(_MOST, max(least, math.ceil(_SPARE * high * 100 / _TARGET)))
        starts[name] = tuple(min(most, max(least, units)) for units in fixed)
        scaling |= {(name, side): ScalingBounds(least, most, float(_TARGET)) for side in ("read", "write")}
    return replace(
        fitted,
        scaling=scaling,
        read=starts[""][0],
        write=starts[""][1],
        indexes=tuple(
            replace(i, read=starts[i.name][0], write=starts[i.name][1]) if i.kind == "global" else i
            for i in fitted.indexes
        ),
    )


def _refused(table: PricedTable, load: TableLoad) -> float:
    """The share of units asked for that fixed or scaled ones would refuse, where the course of the load is known."""
    if table.on_demand:
        return 0.0
    needed = rates(demands(table, load))
    asked = refused = 0.0
    for name, read, write in table.places:
        for side, units in (("read", read), ("write", write)):
            course = load.trace(name, side, needed.get((name, side), Decimal(0)))
            if course is None:
                continue
            within = table.scaling.get((name, side)) or ScalingBounds(units, units)
            refused += simulated(course, within, units or None).refused
            asked += sum(course.values) * course.seconds
    return refused / asked if asked else 0.0


def commands(table: PricedTable, way: PricedTable) -> tuple[str, ...]:
    """The commands that bill ``table`` as ``way`` is; () for a global table's capacity, which is written by hand."""
    name = table.known_as
    found: list[str] = []
    if table.global_table and not way.on_demand and (way.places, way.scaling) != (table.places, table.scaling):
        return ()
    if way.scaling != table.scaling:
        scaled = dict.fromkeys(index for index, _ in table.scaling)
        found += [f"tablewright remove autoscaling {name}{_of(index)}" for index in scaled if not table.global_table]
    if way.on_demand and not table.on_demand:
        found.append(f"tablewright set billing {name} on-demand")
    elif table.on_demand and not way.on_demand:
        found.append(f"tablewright set billing {name} provisioned --read {way.read} --write {way.write}")
        found += [
            f"tablewright set throughput {name}{_of(index)} --read {read} --write {write}"
            for index, read, write in way.places[1:]
            if (read, write) != (way.read, way.write)
        ]
    else:
        found += [
            f"tablewright set throughput {name}{_of(index)} --read {read} --write {write}"
            for (index, read, write), before in zip(way.places, table.places, strict=True)
            if (index, read, write) != before
        ]
    if way.scaling and way.scaling != table.scaling:
        for index, _, _ in way.places:
            within = way.scaling[index, "read"]
            found.append(
                f"tablewright add autoscaling {name}{_of(index)} --min {within.minimum} --max {within.maximum}"
            )
    if way.infrequent_access != table.infrequent_access:
        kind = "infrequent-access" if way.infrequent_access else "standard"
        found.append(f"tablewright set class {name} {kind}")
    return tuple(found)


def _of(index: str) -> str:
    return f" --index {index}" if index else ""
