"""What tables cost: worked examples to the cent, and laws of the estimate and of the simulated auto scaling."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.author.costing import priced_stack
from tablewright.cost.break_even import break_evens
from tablewright.cost.estimate import estimate, month_total
from tablewright.cost.lines import SECONDS, Line, sums, sums_by_pattern
from tablewright.cost.options import options, reserved
from tablewright.cost.priced import PricedIndex, PricedTable, ScalingBounds
from tablewright.cost.prices import PriceList, prices
from tablewright.cost.units import read_units, write_units
from tablewright.cost.workload_file import read_workload
from tablewright.errors import TablewrightError, UsageError
from tablewright.model.workload import Pattern, TableLoad

CASES = sorted((Path(__file__).parents[1] / "cases" / "cost").iterdir())
EXAMPLE = Path(__file__).parents[2] / "examples/ai-chef/backend/infrastructure/dynamodb-schema.yaml"
US = "us-east-1"


def _table(told: dict[str, Any]) -> PricedTable:
    scaling = {
        (index, side): ScalingBounds(least, most, percent)
        for index, side, least, most, percent in told.pop("scaling", [])
    }
    indexes = tuple(PricedIndex(**index) for index in told.pop("indexes", []))
    return PricedTable("Table", "table", indexes=indexes, scaling=scaling, **told)


def _load(told: dict[str, Any]) -> TableLoad:
    patterns = []
    for each in told.pop("patterns", []):
        each.setdefault("item_bytes", told.get("item_bytes"))
        share = {name: Decimal(value) for name, value in each.pop("index_share", {}).items()}
        rate = Decimal(each.pop("per_month")) / SECONDS if "per_month" in each else Decimal(each.pop("per_second"))
        patterns.append(Pattern(**{**each, "per_second": rate, "index_share": share}))
    decimals: dict[str, Any] = {key: Decimal(told.pop(key)) for key in _DECIMALS & set(told)}
    day = tuple(Decimal(each) for each in told.pop("day", ()))
    return TableLoad(patterns=tuple(patterns), day=day, **decimals, **told)


_DECIMALS = {"expired_per_second", "exports_per_month", "restores_per_month", "stream_reads_per_second"}


def _prices(stand_ins: dict[str, str]) -> PriceList:
    """The shipped prices, with those of one region standing for others'."""
    listed = prices()
    more = {
        (region, name): replace(price, region=region)
        for region, like in stand_ins.items()
        for (where, name), price in listed.rows.items()
        if where == like
    }
    return PriceList(listed.date, {**listed.rows, **more}, listed.sources)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_worked_example(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text(encoding="utf-8"))

    found = estimate(_table(case["table"]), _load(case["load"]), _prices(case.get("prices_as", {})), case["region"])

    assert str(month_total(found)) == case["usd"], case["why"]
    assert all("data transferred" in each for each in found.missing)
    if "exact" in case:
        assert round(found.usd, 12) == Decimal(case["exact"])
    if "lines" in case:
        assert {_called(line): round(line.quantity, 6) for line in found.lines} == {
            name: Decimal(quantity) for name, quantity in case["lines"].items()
        }
    for what, cents in case.get("cents", {}).items():
        assert str(round(found.of(what), 2)) == cents, what


def _called(line: Line) -> str:
    """The name of a line: what, of which index, in which other region; and its pattern, where a case has several."""
    pattern = f": {line.pattern}" if line.pattern and line.pattern != "p" else ""
    return (
        line.what + (f" of {line.index}" if line.index else "") + (f" {line.region}" if line.region else "") + pattern
    )


def test_some_worked_examples_are_awss_own() -> None:
    sources = [json.loads((folder / "case.json").read_text(encoding="utf-8"))["source"] for folder in CASES]
    assert sum(source.startswith("AWS's own") for source in sources) >= 7 and all(sources)


TWO = _prices({"us-east-2": US})
sizes = st.integers(1, 400 * 1024)
rates = st.decimals(0, 10_000, places=3)
tables = st.builds(
    PricedTable,
    logical_id=st.just("T"),
    name=st.just("t"),
    on_demand=st.booleans(),
    infrequent_access=st.booleans(),
    read=st.integers(1, 1000),
    write=st.integers(1, 1000),
    indexes=st.lists(
        st.builds(
            PricedIndex,
            name=st.sampled_from(["a", "b"]),
            projection=st.sampled_from(["ALL", "KEYS_ONLY", "INCLUDE"]),
            included=st.integers(0, 5),
            read=st.integers(1, 100),
            write=st.integers(1, 100),
        ),
        max_size=2,
        unique_by=lambda index: index.name,
    ).map(tuple),
    recovery=st.booleans(),
    stream=st.booleans(),
    kinesis=st.booleans(),
    ttl=st.booleans(),
    insights=st.sampled_from(["", "all", "throttled"]),
    sort_key=st.booleans(),
    replicas=st.sampled_from([(), ("us-east-1", "us-east-2")]),
)
loads = st.builds(
    lambda items, size, rate, operation, more: TableLoad(
        items=items,
        item_bytes=size,
        patterns=(Pattern("p", operation, rate, size, more),),
        expired_per_second=rate / 10,
        exports_per_month=Decimal(1),
        restores_per_month=Decimal(1),
    ),
    st.integers(0, 10**9),
    sizes,
    rates,
    st.sampled_from(["get", "query", "scan", "put", "update", "delete"]),
    st.integers(1, 100),
)


@given(tables, loads, st.decimals(1, 10, places=2), st.integers(0, 10**9))
def test_more_traffic_or_storage_never_costs_less(
    table: PricedTable, load: TableLoad, times: Decimal, items: int
) -> None:
    [pattern] = load.patterns
    busier = replace(load, patterns=(replace(pattern, per_second=pattern.per_second * times),))
    expiring = replace(load, expired_per_second=load.expired_per_second * times)
    fuller = replace(load, items=load.items + items)
    kept = replace(load, exports_per_month=times, restores_per_month=times, backup_bytes=items)
    usual = estimate(table, load, TWO, US).usd

    for more in (busier, expiring, fuller, kept):
        assert estimate(table, more, TWO, US).usd >= usual


@given(tables, loads)
def test_the_lines_are_the_sum_and_nothing_is_negative(table: PricedTable, load: TableLoad) -> None:
    found = estimate(table, load, TWO, US)

    assert sum((line.usd for line in found.lines), Decimal(0)) == found.usd
    assert all(line.usd >= 0 and line.quantity > 0 for line in found.lines)
    assert sum(usd for _, usd in sums(found, "table", "index")) == found.usd
    asked = sum((line.usd for line in found.lines if line.pattern or line.unit == "unit-hours"), Decimal(0))
    assert abs(sum((usd for _, usd in sums_by_pattern(found)), Decimal(0)) - asked) < Decimal("1e-12")
    assert {(price.name, price.region) for price in found.priced} == {
        (line.price, line.region or US) for line in found.lines
    }


@given(sizes, sizes)
def test_units_grow_with_size(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert read_units(small) <= read_units(large) and write_units(small) <= write_units(large)
    assert read_units(small, consistent=True) == 2 * read_units(small)
    assert read_units(small, transactional=True) == 4 * read_units(small)


@given(tables, loads)
def test_the_cheapest_way_is_first_and_the_present_one_is_among_them(table: PricedTable, load: TableLoad) -> None:
    ways = options(table, load, TWO, US)

    assert [way.usd for way in ways] == sorted(way.usd for way in ways)
    assert [way.present for way in ways].count(True) == 1
    present = next(way for way in ways if way.present)
    assert present.usd == estimate(table, load, TWO, US).usd and not present.commands


def test_break_even_is_where_both_cost_the_same() -> None:
    """At 28.9 % of use, 100 provisioned write units cost what the requests cost on demand."""
    fixed, *_ = break_evens(prices(), US)
    rate = 100 * fixed.share
    load = TableLoad(item_bytes=1000, patterns=(Pattern("p", "put", rate, 1000),))
    on_demand = estimate(PricedTable("T", "t"), load, prices(), US).usd
    provisioned = estimate(PricedTable("T", "t", on_demand=False, read=0, write=100), load, prices(), US).usd

    assert round(fixed.share, 3) == Decimal("0.289")
    assert abs(on_demand - provisioned) < Decimal("1e-15")


def test_reserved_capacity_is_in_blocks_of_a_hundred_of_the_standard_class() -> None:
    table = PricedTable("T", "t", on_demand=False, read=0, write=100)
    # 150 USD a year upfront and 0.0128 USD an hour: 12.50 + 9.344.
    assert reserved(table, prices(), US, 1) == Decimal("21.844")
    assert reserved(PricedTable("T", "t"), prices(), US, 1) is None


@pytest.mark.parametrize("operation", ["query", "scan"])
def test_a_query_is_in_no_transaction(operation: str) -> None:
    asked = TableLoad(patterns=(Pattern("p", operation, Decimal(1), 900, transactional=True),))
    with pytest.raises(UsageError, match="does not fit") as refused:
        estimate(PricedTable("T", "t"), asked, prices(), US)
    assert "no transaction" in refused.value.detail


def test_a_vector_index_is_no_local_one() -> None:
    table = PricedTable("T", "t", indexes=(PricedIndex("near", kind="vector"),))
    load = TableLoad(items=10**7, item_bytes=900, patterns=(Pattern("p", "put", Decimal(10), 900),))
    found, plain = (estimate(each, load, prices(), US) for each in (table, replace(table, indexes=())))
    assert found.usd == plain.usd and any("vector index near" in each for each in found.missing)


def test_what_stands_in_for_a_price_is_said() -> None:
    cold = PricedTable("T", "t", on_demand=False, infrequent_access=True, read=1, write=1, replicas=(US, "us-east-2"))
    said = estimate(cold, TableLoad(), TWO, US).assumptions
    assert any("computed from a published figure" in each for each in said)
    assert any("priced as provisioned.infrequent-access.write: AWS prices both the same" in each for each in said)


def test_the_examples_template_is_read_as_it_is() -> None:
    stack = priced_stack(EXAMPLE.read_text(encoding="utf-8"), str(EXAMPLE), {})

    assert [table.name for table in stack.tables] == ["ai-chef-sessions", "ai-chef-results"]
    assert all(table.on_demand and table.recovery for table in stack.tables)
    [index] = stack.tables[1].indexes
    assert (index.name, index.kind) == ("sessionId-index", "global")
    assert stack.alarm_metrics >= 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tables = 3", "nothing else"),
        ("[tables.a]\nitem = 3", "unknown"),
        ("[tables.a]\nitems = -3", "at least 0"),
        ("[tables.a]\nitems = true", "whole number"),
        ("[[tables.a.patterns]]\noperation = 'got'", "operation is one of"),
        ("[[tables.a.patterns]]\noperation = 'get'", "per_second or per_month"),
        ("[[tables.a.patterns]]\noperation = 'get'\nper_second = 1", "item_bytes is not known"),
        ("[[tables.a.patterns]]\noperation = 'get'\nper_second = nan\nitem_bytes = 3", "is a number"),
        ("[tables.a]\npeak = 0.5", "at least 1"),
        ("[tables", "workload.toml"),
    ],
)
def test_a_mistake_in_a_workload_is_named(text: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_workload(text, "workload.toml")

    assert refused.value.code == "workload-malformed" and why in refused.value.detail


@given(st.text())
def test_any_text_is_a_workload_or_refused(text: str) -> None:
    try:
        read_workload(text, "workload.toml")
    except TablewrightError as refused:
        assert refused.code == "workload-malformed"
