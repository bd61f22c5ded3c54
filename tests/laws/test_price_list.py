"""The price list that is shipped: exact, dated, each price with its unit and where it was seen."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tablewright.cost.prices import STATUSES, prices
from tablewright.errors import UsageError


def test_every_price_says_its_unit_its_status_and_where_it_was_seen() -> None:
    found = prices()
    assert found.date == "2026-08-21" and set(found.regions) >= {"us-east-1", "ap-northeast-2"}
    for price in found.rows.values():
        assert price.usd > 0 and price.per and price.status in STATUSES
        assert set(price.sources) <= set(found.sources)
        assert price.sources or price.status == "unverified", price


@pytest.mark.parametrize(
    ("region", "name", "usd"),
    [
        ("us-east-1", "on-demand.standard.write", "0.625"),
        ("us-east-1", "provisioned.standard.read", "0.00013"),
        ("us-east-1", "streams.read", "0.0000002"),
        ("us-east-1", "alarm.metric", "0.1"),
        ("ap-northeast-2", "on-demand.standard.read", "0.1355"),
    ],
)
def test_prices_are_exact(region: str, name: str, usd: str) -> None:
    assert prices().price(region, name).usd == Decimal(usd)


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="no prices for the region"):
        prices().price("eu-west-1", "storage.standard")
    with pytest.raises(UsageError, match="no price for this"):
        prices().price("ap-northeast-2", "storage.standard")
    assert prices().find("eu-west-1", "storage.standard") is None
