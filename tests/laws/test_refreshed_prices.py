"""AWS's price list, read: its two formats, its traps, and what becomes of the list that was there."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.cost.price_list import USAGE_TYPES, merged, offer_products, read_products, region_code
from tablewright.cost.prices import Price, PriceList, prices, read_prices, write_prices
from tablewright.errors import TablewrightError, UsageError

SEOUL = "ap-northeast-2"


def product(
    usage_type: str, *bands: tuple[str, str], region: str = SEOUL, published: str = "2026-11-20T10:00:00Z"
) -> str:
    """A product as pricing:GetProducts gives it; ``bands``: price in USD, and where the band ends."""
    dimensions = {
        f"SKU.JRTCKXETXF.{number}": {"unit": "Units", "endRange": end, "pricePerUnit": {"USD": usd}}
        for number, (usd, end) in enumerate(bands)
    }
    return json.dumps(
        {
            "product": {"sku": "SKU", "attributes": {"usagetype": usage_type, "regionCode": region}},
            "serviceCode": "AmazonDynamoDB",
            "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": dimensions}}},
            "publicationDate": published,
        }
    )


PRODUCTS = [
    # As quoted from the list of ap-northeast-2, look-alikes among them.
    product("APN2-ReadCapacityUnit-Hrs", ("0.0000000000", "18600"), ("0.0001409800", "Inf")),
    product("APN2-WriteRequestUnits", ("0.0000006800", "Inf")),
    product("APN2-IA-WriteRequestUnits", ("0.0000008450", "Inf")),
    product("APN2-ReplWriteRequestUnits", ("0.0000006900", "Inf")),
    product("APN2-IncrementalExportDataSize-Bytes", ("0.1083000000", "Inf")),
    product("APN2-TimedStorage-ByteHrs", ("0.0000000000", "25"), ("0.2700000000", "Inf")),
    product("APN2-DataTransfer-Out-Bytes", ("0.126", "Inf")),
    product("USE2-WriteRequestUnits", ("0.0000006250", "Inf"), region="us-east-2"),
]


def test_prices_are_exact_and_look_alikes_kept_apart() -> None:
    found = read_products(PRODUCTS, SEOUL, "aws")

    assert {price.name: price.usd for price in found.rows.values()} == {
        "provisioned.standard.read": Decimal("0.00014098"),
        "on-demand.standard.write": Decimal("0.68"),
        "on-demand.infrequent-access.write": Decimal("0.845"),
        "replicated.on-demand.write": Decimal("0.69"),
        "export.incremental": Decimal("0.1083"),
        "storage.standard": Decimal("0.27"),
    }
    storage = found.rows[SEOUL, "storage.standard"]
    assert (storage.free, storage.status, storage.date, storage.sources) == (
        "25 Units a month", "verified", "2026-11-20", ("aws",),
    )  # fmt: skip


def test_the_code_of_a_region_is_told_from_infrequent_access() -> None:
    assert region_code(PRODUCTS) == "APN2-"
    assert region_code([product("IA-WriteRequestUnits", ("1", "Inf"))]) == ""
    here = read_products(
        [product("IA-WriteRequestUnits", ("0.00000078", "Inf"), region="us-east-1")], "us-east-1", "aws"
    )
    assert [price.name for price in here.rows.values()] == ["on-demand.infrequent-access.write"]


def test_an_offer_file_says_the_same() -> None:
    """The bulk list has products and terms apart, each by SKU."""
    products, terms = {}, {}
    for number, each in enumerate(PRODUCTS):
        told = json.loads(each)
        products[str(number)] = told["product"]
        terms[str(number)] = told["terms"]["OnDemand"]
    offer = {"publicationDate": "2026-11-20T10:00:00Z", "products": products, "terms": {"OnDemand": terms}}

    assert read_products(offer_products(json.dumps(offer)), SEOUL, "aws") == read_products(PRODUCTS, SEOUL, "aws")


def test_newer_prices_take_the_place_of_older_ones_and_the_rest_keeps_its_date() -> None:
    us = read_products([product("WriteRequestUnits", ("0.0000005", "Inf"), region="us-east-1")], "us-east-1", "aws")
    after = merged(prices(), [us])

    assert after.date == "2026-11-20"
    assert after.price("us-east-1", "on-demand.standard.write").usd == Decimal("0.5")
    kept = after.price("us-east-1", "reserved.1-year.write.upfront")
    assert (kept.usd, kept.date, kept.status) == (Decimal(150), "2026-08-21", "unverified")


def test_a_list_is_written_and_read_back() -> None:
    after = merged(prices(), [read_products(PRODUCTS, SEOUL, "aws")])
    assert read_prices(write_prices(after)) == replace(after, sources=dict(after.sources))


def test_the_names_are_those_of_the_shipped_list() -> None:
    """Each usage type of the shipped list that is read has the shipped name and unit."""
    for price in prices().rows.values():
        known = USAGE_TYPES.get(price.usage_type)
        if price.region == "us-east-1" and known is not None:
            assert known == (price.name, price.per)


@pytest.mark.parametrize(
    ("products", "why"),
    [
        ([], "no price of DynamoDB"),
        (["[]"], "not AWS's format"),
        (["{"], "no JSON"),
        ([product("WriteRequestUnits", ("1", "Inf"), region="eu-west-1")], "no price of DynamoDB"),
        (
            [product("APN2-WriteRequestUnits", ("1", "Inf")), product("APN2-WriteRequestUnits", ("2", "Inf"))],
            "two prices",
        ),
        ([product("APN2-WriteRequestUnits", ("1", "10"), ("2", "Inf"))], "by quantity"),
        ([product("APN2-WriteRequestUnits", ("cheap", "Inf"))], "no price in USD"),
        ([product("APN2-WriteRequestUnits", ("1", "Inf"), published="")], "when it was published"),
        ([product("APN2-WriteRequestUnits", ("0", "Inf"))], "no price of DynamoDB"),
    ],
)
def test_what_is_no_price_list_changes_nothing(products: list[Any], why: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_products(products, SEOUL, "aws")
    assert refused.value.code == "price-list-malformed"
    assert why in refused.value.detail and "Nothing was changed" in refused.value.detail


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["product", "terms", "OnDemand", "attributes", "usagetype", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.lists(anything.map(json.dumps), max_size=3))
def test_any_json_is_a_price_list_or_refused(products: list[str]) -> None:
    try:
        read_products(products, SEOUL, "aws")
    except TablewrightError as refused:
        assert refused.code == "price-list-malformed"


names = st.sampled_from(["a.read", "a.write", "storage"])
rows = st.builds(
    Price,
    name=names,
    region=st.sampled_from(["us-east-1", SEOUL]),
    usd=st.decimals("0.0000001", 1000, places=7),
    per=st.just("unit-hour"),
    status=st.sampled_from(["verified", "derived", "unverified"]),
    date=st.dates().map(str),
)


@given(st.lists(rows, min_size=1), st.dates().map(str))
def test_any_list_survives_being_written(listed: list[Price], date: str) -> None:
    made = PriceList(date, {(row.region, row.name): row for row in listed}, {})
    assert read_prices(write_prices(made)) == made
