"""Where one way of billing becomes cheaper than another, by the list's prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tablewright.cost.lines import HOURS, MILLION
from tablewright.cost.prices import PriceList

__all__ = ["BreakEven", "break_evens"]


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Where the balance tips, as a share; ``verified``: of prices that were seen in a primary source."""

    what: str
    share: Decimal
    verified: bool = True


def break_evens(prices: PriceList, region: str) -> tuple[BreakEven, ...]:
    """Provisioned and reserved capacity against requests, and the two classes against each other, by the price of a write."""
    return *_capacity(prices, region), *_classes(prices, region)


def _capacity(prices: PriceList, region: str) -> Iterator[BreakEven]:
    on_demand, fixed = (prices.find(region, f"{kind}.standard.write") for kind in ("on-demand", "provisioned"))
    if on_demand is None:
        return
    busy = on_demand.usd / MILLION * 3600  # a unit that is used throughout an hour
    if fixed is not None:
        verified = on_demand.verified and fixed.verified
        yield BreakEven("provisioned is cheaper than on demand above this use of its units", fixed.usd / busy, verified)
    for years, term in ((1, "a year"), (3, "three years")):
        upfront = prices.find(region, f"reserved.{years}-year.write.upfront")
        hourly = prices.find(region, f"reserved.{years}-year.write.hourly")
        if upfront is not None and hourly is not None:
            each = (upfront.usd / (12 * years * HOURS) + hourly.usd) / 100
            verified = upfront.verified and hourly.verified
            yield BreakEven(f"reserved for {term} is cheaper than on demand above this use", each / busy, verified)


def _classes(prices: PriceList, region: str) -> Iterator[BreakEven]:
    warm, cold = (prices.find(region, f"storage.{kind}") for kind in ("standard", "infrequent-access"))
    busy, slow = (prices.find(region, f"on-demand.{kind}.write") for kind in ("standard", "infrequent-access"))
    if warm is None or cold is None or busy is None or slow is None:
        return
    verified = all(each.verified for each in (warm, cold, busy, slow))
    yield BreakEven(
        "infrequent access is cheaper when Standard's storage costs more than this share of its throughput",
        (slow.usd / busy.usd - 1) / (1 - cold.usd / warm.usd),
        verified,
    )
    yield BreakEven(
        "Standard is cheaper again when infrequent access's storage costs less than this share of its throughput",
        (1 - busy.usd / slow.usd) / (warm.usd / cold.usd - 1),
        verified,
    )
