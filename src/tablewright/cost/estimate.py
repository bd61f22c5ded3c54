"""What a table costs a month, line by line, in exact decimals, with every assumption that went into it.

A month has 730 hours, as AWS's own price pages count. Free tiers are not taken off: they belong to the account, not to a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tablewright.cost.autoscale import simulate
from tablewright.cost.demand import Demand, demands, entry_bytes, rates
from tablewright.cost.priced import PricedStack, PricedTable, ScalingBounds
from tablewright.cost.prices import PriceList
from tablewright.model.workload import TableLoad, Trace

__all__ = ["HOURS", "Estimate", "Line", "estimate", "estimate_stack", "month_total"]

HOURS = Decimal(730)
SECONDS = HOURS * 3600
GB = Decimal(10**9)
_OVERHEAD = 100
"""Bytes that are billed for each stored item, and for each entry of an index, beside its own (developer guide, item sizes)."""
_REPLICATED = 48
"""Bytes more for each item of a global table (developer guide, global tables)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``quantity`` of ``unit`` at a price makes ``usd`` a month. ``pattern`` is what asks for it, where one does."""

    table: str
    index: str
    what: str
    quantity: Decimal
    unit: str
    usd: Decimal
    pattern: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Estimate:
    """The lines of one table or of a stack, and what was assumed to make them."""

    lines: tuple[Line, ...]
    assumptions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # what has no price in the list, and is not in the sum

    @property
    def usd(self) -> Decimal:
        """A month, in US dollars."""
        return sum((line.usd for line in self.lines), Decimal(0))

    def of(self, *whats: str) -> Decimal:
        """The part of these kinds of lines."""
        return sum((line.usd for line in self.lines if line.what in whats), Decimal(0))


class _Sum:
    def __init__(self, table: PricedTable | None, prices: PriceList, region: str) -> None:
        self._table = table.name if table else ""
        self._prices, self._region = prices, region
        self.lines: list[Line] = []
        self.assumptions: list[str] = []
        self.missing: list[str] = []

    def add(
        self, what: str, price: str, quantity: Decimal, unit: str, *, per: Decimal = Decimal(1), index: str = "",
        pattern: str = "", region: str = "",
    ) -> None:  # fmt: skip
        if not quantity:
            return
        where = region or self._region
        found = self._prices.find(where, price)
        if found is None:
            self.missing.append(f"{what} of {self._table or 'the stack'}: no {price} for {where}")
            return
        usd = found.usd * quantity / per
        self.lines.append(Line(self._table, index, what, quantity, unit, usd, pattern, found.verified))

    def assume(self, text: str) -> None:
        if text not in self.assumptions:
            self.assumptions.append(text)

    def done(self) -> Estimate:
        return Estimate(tuple(self.lines), tuple(self.assumptions), tuple(dict.fromkeys(self.missing)))


def estimate(table: PricedTable, load: TableLoad, prices: PriceList, region: str) -> Estimate:
    """What the table costs a month as it is written. Raises UsageError for a region without prices, or an impossible pattern."""
    _needs_region(prices, region)
    total = _Sum(table, prices, region)
    asked = demands(table, load)
    if table.on_demand:
        _on_demand(total, table, asked)
    else:
        _provisioned(total, table, load, asked)
    _storage(total, table, load)
    for note in table.unknown:
        total.assume(note)
    if not asked:
        total.assume(f"{table.name}: no request is made")
    return total.done()


def estimate_stack(stack: PricedStack, loads: dict[str, TableLoad], prices: PriceList, region: str) -> Estimate:
    """What all of a stack costs; ``loads`` by logical ID or name, tables without one are taken as empty and idle."""
    parts = [
        estimate(table, loads.get(table.logical_id) or loads.get(table.name) or TableLoad(), prices, region)
        for table in stack.tables
    ]
    beside = _Sum(None, prices, region)
    beside.add("alarms", "alarm.metric", Decimal(stack.alarm_metrics), "metrics of alarms")
    beside.add("alarms", "alarm.composite", Decimal(stack.composites), "composite alarms")
    beside.add("dashboards", "dashboard", Decimal(stack.dashboards), "dashboards")
    parts.append(beside.done())
    return Estimate(
        tuple(line for part in parts for line in part.lines),
        tuple(dict.fromkeys(text for part in parts for text in part.assumptions)),
        tuple(dict.fromkeys(text for part in parts for text in part.missing)),
    )


def month_total(estimate: Estimate) -> Decimal:
    """The sum to the cent, rounded half up as an invoice is."""
    return estimate.usd.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def _needs_region(prices: PriceList, region: str) -> None:
    prices.price(region, "on-demand.standard.read")


def _class(table: PricedTable) -> str:
    return "infrequent-access" if table.infrequent_access else "standard"


def _on_demand(total: _Sum, table: PricedTable, asked: tuple[Demand, ...]) -> None:
    million = Decimal(10**6)
    for each in asked:
        quantity = each.per_second * SECONDS
        price = f"on-demand.{_class(table)}.{each.side}"
        total.add(
            f"{each.side}s", price, quantity, "request units", per=million, index=each.index, pattern=each.pattern
        )
        if each.side == "write":
            for region in table.replicas:
                total.add(
                    "replicated writes", "replicated.on-demand.write", quantity, "request units", per=million,
                    index=each.index, pattern=each.pattern, region=region,
                )  # fmt: skip


def _provisioned(total: _Sum, table: PricedTable, load: TableLoad, asked: tuple[Demand, ...]) -> None:
    needed = rates(asked)
    places = [("", table.read, table.write), *((i.name, i.read, i.write) for i in table.indexes if i.kind == "global")]
    for index, read, write in places:
        for side, fixed in (("read", read), ("write", write)):
            bounds = table.scaling.get((index, side))
            rate = needed.get((index, side), Decimal(0))
            if bounds is None:
                hours = Decimal(fixed) * HOURS
                if rate > fixed:
                    where = f"index {index}" if index else table.name
                    total.assume(
                        f"{where}: {rate:,.1f} {side} units a second are asked for, and {fixed} are provisioned"
                    )
            else:
                hours = _scaled_hours(total, table, load, index, side, rate, bounds)
            total.add(f"{side}s", f"provisioned.{_class(table)}.{side}", hours, "unit-hours", index=index)
            if side == "write":
                for region in table.replicas:
                    total.add(
                        "replicated writes", "replicated.provisioned.write", hours, "unit-hours", index=index,
                        region=region,
                    )  # fmt: skip


def _scaled_hours(
    total: _Sum, table: PricedTable, load: TableLoad, index: str, side: str, rate: Decimal, bounds: ScalingBounds
) -> Decimal:
    where = f"index {index}" if index else table.name
    trace = load.traces.get((index, side))
    if trace is not None and trace.values:
        scaled = simulate(by_minute(trace), bounds)
        hours = Decimal(len(trace.values) * trace.seconds) / 3600
        total.assume(
            f"{where}: auto scaling of {side}s simulated minute by minute on {hours:,.0f} hours of measured use"
        )
        return scaled.unit_hours * HOURS / hours
    level = max(bounds.minimum, min(bounds.maximum, math.ceil(float(rate) * 100 / bounds.target - 1e-9)))
    total.assume(f"{where}: auto scaling of {side}s at a steady average ({level} units); peaks cost more")
    return Decimal(level) * HOURS


def by_minute(trace: Trace) -> list[float]:
    """The trace by the minute: longer periods are taken as steady."""
    each = max(1, trace.seconds // 60)
    return [value for value in trace.values for _ in range(each)]


def _storage(total: _Sum, table: PricedTable, load: TableLoad) -> None:
    overhead = _OVERHEAD + (_REPLICATED if table.replicas else 0)
    stored = {"": load.items * (load.item_bytes + overhead) if load.items else 0}
    for index in table.indexes:
        entries = load.entries.get(index.name, load.items)
        stored[index.name] = entries * (entry_bytes(index, load.item_bytes, load) + overhead) if entries else 0
        if index.projection != "ALL" and index.name not in load.entry_bytes and load.items:
            total.assume(
                f"index {index.name}: an entry takes {entry_bytes(index, load.item_bytes, load)} bytes "
                f"(entry_bytes in the workload says otherwise)"
            )
    for name, size in stored.items():
        quantity = Decimal(size) / GB
        total.add("storage", f"storage.{_class(table)}", quantity, "GB-months", index=name)
        for region in table.replicas:
            total.add(
                "replicated storage", f"storage.{_class(table)}", quantity, "GB-months", index=name, region=region
            )
    if table.recovery:
        # By the table with its local indexes (developer guide, backup billing).
        local = sum(stored[index.name] for index in table.indexes if index.kind == "local")
        total.add("point-in-time recovery", "backup.continuous", Decimal(stored[""] + local) / GB, "GB-months")
    total.add("backups", "backup.on-demand", Decimal(load.backup_bytes) / GB, "GB-months")
    if table.stream:
        total.add("stream", "streams.read", load.stream_reads_per_second * SECONDS, "read requests")
        if load.stream_reads_per_second:
            total.assume(
                f"{table.name}: reads of the stream by Lambda and global tables are free; others are counted here"
            )
    if table.insights:
        total.assume(f"{table.name}: contributor insights are billed by event, which is not in the sum")


def lines_by(estimate: Estimate, key: str) -> Iterator[tuple[str, Decimal]]:
    """The sums by a line's ``table``, ``what``, ``index`` or ``pattern``, dearest first."""
    sums: dict[str, Decimal] = {}
    for line in estimate.lines:
        name = str(getattr(line, key))
        sums[name] = sums.get(name, Decimal(0)) + line.usd
    yield from sorted(sums.items(), key=lambda pair: -pair[1])
