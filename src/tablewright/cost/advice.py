"""What is worth changing: how much it saves, how sure that is, what to mind, and the commands.

Sources of the cautions: DynamoDB developer guide, "Considerations when switching capacity modes" (to on demand four times in 24
hours), "Considerations when choosing a table class" (two changes in 30 days), "Reserved capacity" (Standard class only, blocks of
100, neither sold nor cancelled).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tablewright.cost.estimate import estimate
from tablewright.cost.options import Option
from tablewright.cost.priced import PricedTable
from tablewright.cost.prices import PriceList
from tablewright.model.workload import READS, TableLoad

__all__ = ["Advice", "advise", "ranked"]

LEAST_USD = Decimal("0.01")
"""A saving of less a month is not named."""
_REFUSED = 0.001
"""Units that would refuse more than this share are not recommended."""
_CLASS_DAYS = 30
_LIKELY, _POSSIBLE = "likely", "possible"


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to change. ``usd`` is saved a month; ``sure`` is likely or possible; ``because`` says why it is cheaper.

    ``commands`` do it, in this order; where there are none, ``by_hand`` says how it is done.
    """

    table: str
    what: str
    usd: Decimal
    sure: str
    because: str
    cautions: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    by_hand: str = ""


def advise(
    table: PricedTable, load: TableLoad, ways: Sequence[Option], prices: PriceList, region: str
) -> tuple[Advice, ...]:  # fmt: skip
    """What would cost less, in the order of ``ranked``; nothing on a load that tells too little. Never what loses data."""
    if not load.is_telling:
        return ()
    found = [*_billing(table, load, ways), *_bought(table, load, ways), *_unread(table, load, prices, region)]
    found += _insights(table, load, prices, region)
    return ranked(each for each in found if each.usd >= LEAST_USD)


def ranked(advice: Iterable[Advice]) -> tuple[Advice, ...]:
    """What is likely before what is possible, the larger saving first."""
    return tuple(sorted(advice, key=lambda each: (each.sure != _LIKELY, -each.usd)))


def _allowed(table: PricedTable, load: TableLoad, way: Option) -> bool:
    """Whether AWS would take it, and it would serve what is asked."""
    changes_class = way.table.infrequent_access != table.infrequent_access
    recently = load.class_changed_days is not None and load.class_changed_days < _CLASS_DAYS
    return not (changes_class and recently) and way.refused <= _REFUSED and way.within_quota


def _billing(table: PricedTable, load: TableLoad, ways: Sequence[Option]) -> Iterator[Advice]:
    now = next(way for way in ways if way.present)
    best = next((way for way in ways if not way.reserved and (way.present or _allowed(table, load, way))), now)
    if best.present:
        return
    steady = load.shape == "unknown" and load.peak == 1
    cautions = list(_cautions(table, load, best))
    if not best.table.on_demand and steady:
        cautions.append("the workload tells no peak, and the units are sized for its average")
    yield Advice(
        table=table.name,
        what=f"Bill {table.name} {best.name}" + (f" ({best.note})" if best.note else ""),
        usd=now.usd - best.usd,
        sure=_POSSIBLE if (steady and not best.table.on_demand) or not best.verified else _LIKELY,
        because=f"{now.name} costs {now.usd:,.2f} USD a month under this load, {best.name} {best.usd:,.2f}",
        cautions=tuple(cautions),
        commands=best.commands,
        by_hand="" if best.commands else "the capacity of a global table has settings of its own: write them by hand",
    )


def _cautions(table: PricedTable, load: TableLoad, way: Option) -> Iterator[str]:
    if way.table.infrequent_access != table.infrequent_access:
        yield "AWS changes the class of a table twice in 30 days at most"
        if way.table.infrequent_access and not way.table.on_demand:
            yield "reserved capacity that the account holds does not cover infrequent access"
    if way.table.on_demand and not table.on_demand:
        yield "AWS takes a table back to on demand four times in 24 hours at most; reserved capacity is paid on all the same"
    if way.table.scaling:
        if load.resolution != "minute":
            yield f"the load is taken as steady within each {load.resolution}: shorter peaks may be throttled"
        yield "capacity follows the load by minutes"
    if not way.table.on_demand and table.on_demand:
        yield "what is asked for beyond the units and five minutes of burst is throttled, where on demand serves it"


def _bought(table: PricedTable, load: TableLoad, ways: Sequence[Option]) -> Iterator[Advice]:
    """Reserved capacity, where even the dearer term beats every way without it."""
    now = next(way for way in ways if way.present)
    plain = min((way for way in ways if not way.reserved), key=lambda way: way.usd)
    best = next((way for way in ways if way.reserved == 1 and _allowed(table, load, way)), None)
    if best is None or best.usd >= plain.usd:
        return
    yield Advice(
        table=table.name,
        what=f"Buy reserved capacity for a year: {table.name} {best.name}",
        usd=now.usd - best.usd,
        sure=_POSSIBLE if not best.verified else _LIKELY,
        because=(
            f"{now.name} costs {now.usd:,.2f} USD a month under this load, {best.name} {best.usd:,.2f}; the best way without it, "
            f"{plain.name}, {plain.usd:,.2f}"
        ),
        cautions=(
            "it is paid for the whole term, whatever is used, and can neither be sold nor cancelled",
            "what the account holds already, and what its other tables could share, is not known here",
            *_cautions(table, load, best),
        ),
        commands=best.commands,
        by_hand="the capacity itself is bought in DynamoDB's console (Reserved capacity): AWS has no command for it",
    )


def _unread(table: PricedTable, load: TableLoad, prices: PriceList, region: str) -> Iterator[Advice]:
    """Global indexes that nothing reads."""
    if load.measured:
        read = {index for (index, side), rate in load.measured.items() if side == "read" and rate}
        why, sure = "nothing read it in the time that was measured", _LIKELY
    elif load.patterns and any(pattern.operation in READS for pattern in load.patterns):
        read = {pattern.index for pattern in load.patterns if pattern.index}
        why, sure = "no pattern of the workload reads it", _POSSIBLE
    else:
        return
    whole = estimate(table, load, prices, region).usd
    for index in table.indexes:
        if index.kind != "global" or index.name in read:
            continue
        without = replace(
            table,
            indexes=tuple(each for each in table.indexes if each != index),
            scaling={place: within for place, within in table.scaling.items() if place[0] != index.name},
        )
        yield Advice(
            table=table.name,
            what=f"Remove index {index.name} of {table.name}",
            usd=whole - estimate(without, load, prices, region).usd,
            sure=sure,
            because=f"{why}, and every write to it is paid for",
            cautions=(
                "ask who might still query it: code, policies, jobs that run once a month or a quarter",
                "making it again reads the whole table once more",
            ),
            commands=(
                *(
                    [f"tablewright remove autoscaling {table.known_as} --index {index.name}"]
                    if any(place == index.name for place, _ in table.scaling) and not table.global_table
                    else []
                ),
                f"tablewright remove index {table.known_as} {index.name}",
            ),
        )


def _insights(table: PricedTable, load: TableLoad, prices: PriceList, region: str) -> Iterator[Advice]:
    if table.insights != "all":
        return
    now = estimate(table, load, prices, region)
    saved = sum((line.usd for line in now.lines if line.what.startswith("insights") and not line.index), Decimal(0))
    yield Advice(
        table=table.name,
        what=f"Turn Contributor Insights of {table.name} off while nobody looks for a hot key",
        usd=saved,
        sure=_POSSIBLE,
        because="each item that is read or written is an event that is paid for",
        cautions=("which keys are used most is not known while it is off",),
        commands=(f"tablewright set insights {table.known_as} off",),
    )
