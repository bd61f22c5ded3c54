"""Everything that is said of a stack's cost, as one value: the faces show nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tablewright.cost.advice import Advice, advise, ranked
from tablewright.cost.break_even import BreakEven, break_evens
from tablewright.cost.estimate import estimate_stack
from tablewright.cost.lines import Estimate
from tablewright.cost.options import Option, options
from tablewright.cost.priced import PricedStack
from tablewright.cost.prices import PriceList
from tablewright.cost.ttl import ExpirySaving, expiry_saving
from tablewright.model.workload import TableLoad

__all__ = ["CostReport", "report"]


@dataclass(frozen=True, slots=True)
class CostReport:
    """The estimate with what else there is: ``options`` by table, ``advice`` as ``ranked`` orders it.

    ``source`` is where the workload is from, ``list_name`` which price list was used, ``date`` its date.
    """

    estimate: Estimate
    region: str
    date: str
    source: str
    list_name: str = ""
    options: tuple[tuple[str, tuple[Option, ...]], ...] = ()
    advice: tuple[Advice, ...] = ()
    break_evens: tuple[BreakEven, ...] = ()
    expiry: tuple[ExpirySaving, ...] = ()
    sources: Mapping[str, str] | None = None


def report(
    stack: PricedStack, loads: Mapping[str, TableLoad], prices: PriceList, region: str, *, source: str,
    list_name: str = "", estimate: Estimate | None = None,
) -> CostReport:  # fmt: skip
    """Estimate the stack and look at every other way. Raises UsageError as ``estimate_stack`` does."""
    found = estimate if estimate is not None else estimate_stack(stack, loads, prices, region)
    ways: list[tuple[str, tuple[Option, ...]]] = []
    advice: list[Advice] = []
    expiry: list[ExpirySaving] = []
    short: list[str] = []
    for table in stack.tables:
        load = loads.get(table.logical_id) or loads.get(table.name)
        if load is None:
            continue
        if not load.is_telling:
            short.append(f"{table.name} was measured for less than a week: nothing is recommended")
        each = options(table, load, prices, region)
        ways.append((table.name, each))
        advice += advise(table, load, each, prices, region)
        saved = expiry_saving(table, load, prices, region)
        expiry += [saved] if saved is not None else []
    return CostReport(
        estimate=replace(found, assumptions=(*found.assumptions, *short)),
        region=region,
        date=prices.date,
        source=source,
        list_name=list_name,
        options=tuple(ways),
        advice=ranked(advice),
        break_evens=break_evens(prices, region) if ways else (),
        expiry=tuple(expiry),
        sources=prices.sources,
    )
