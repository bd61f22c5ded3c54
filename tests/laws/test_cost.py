"""What tables cost: worked examples to the cent, and laws of the estimate and of the simulated auto scaling."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.author.costing import priced_stack
from tablewright.cost.autoscale import IN_MINUTES, simulate
from tablewright.cost.estimate import estimate, month_total
from tablewright.cost.options import break_evens, options, reserved
from tablewright.cost.priced import PricedIndex, PricedTable, ScalingBounds
from tablewright.cost.prices import prices
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
        patterns.append(Pattern(**{**each, "per_second": Decimal(each["per_second"]), "index_share": share}))
    return TableLoad(patterns=tuple(patterns), **told)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_worked_example(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text(encoding="utf-8"))

    found = estimate(_table(case["table"]), _load(case["load"]), prices(), case["region"])

    assert str(month_total(found)) == case["usd"], case["why"]
    assert not found.missing


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
)
loads = st.builds(
    lambda items, size, rate, operation, more: TableLoad(
        items=items, item_bytes=size, patterns=(Pattern("p", operation, rate, size, more),)
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
    busier = TableLoad(
        items=load.items,
        item_bytes=load.item_bytes,
        patterns=(Pattern("p", pattern.operation, pattern.per_second * times, pattern.item_bytes, pattern.items),),
    )
    fuller = TableLoad(items=load.items + items, item_bytes=load.item_bytes, patterns=load.patterns)
    usual = estimate(table, load, prices(), US).usd

    assert estimate(table, busier, prices(), US).usd >= usual
    assert estimate(table, fuller, prices(), US).usd >= usual


@given(tables, loads)
def test_the_lines_are_the_sum_and_nothing_is_negative(table: PricedTable, load: TableLoad) -> None:
    found = estimate(table, load, prices(), US)

    assert sum((line.usd for line in found.lines), Decimal(0)) == found.usd
    assert all(line.usd >= 0 and line.quantity > 0 for line in found.lines)


@given(sizes, sizes)
def test_units_grow_with_size(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert read_units(small) <= read_units(large) and write_units(small) <= write_units(large)
    assert read_units(small, consistent=True) == 2 * read_units(small)
    assert read_units(small, transactional=True) == 4 * read_units(small)


@given(tables, loads)
def test_the_cheapest_way_is_first_and_the_present_one_is_among_them(table: PricedTable, load: TableLoad) -> None:
    ways = options(table, load, prices(), US)

    assert [way.usd for way in ways] == sorted(way.usd for way in ways)
    assert [way.present for way in ways].count(True) == 1
    present = next(way for way in ways if way.present)
    assert present.usd == estimate(table, load, prices(), US).usd and present.command is None


def test_break_even_is_where_both_cost_the_same() -> None:
    """At 28.9 % of use, 100 provisioned write units cost what the requests cost on demand."""
    [fixed, _] = break_evens(prices(), US)
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


bounds = st.builds(
    lambda least, more, target: ScalingBounds(least, least + more, target),
    st.integers(1, 50),
    st.integers(0, 500),
    st.floats(20, 90),
)
traces = st.lists(st.floats(0, 600), min_size=1, max_size=300)


@given(traces, bounds)
def test_units_stay_within_their_bounds_and_every_hour_is_billed(rates: list[float], within: ScalingBounds) -> None:
    scaled = simulate(rates, within)

    assert all(within.minimum <= units <= within.maximum for units in scaled.units)
    hours = -(-len(rates) // 60)
    assert within.minimum * hours <= scaled.unit_hours <= within.maximum * hours
    assert scaled.decreases <= 4 + hours
    assert scaled.short == sum(rate > units for rate, units in zip(rates, scaled.units, strict=True))


def test_two_minutes_above_the_target_scale_out_fifteen_below_scale_in() -> None:
    """By hand: 10 units at 70 %. 14/s for two minutes asks for 20 from the third; 3.5/s for fifteen minutes asks for 5,
    of which the minimum makes 10.
    """
    rates = [14.0, 14.0, *[3.5] * IN_MINUTES, 3.5]
    scaled = simulate(rates, ScalingBounds(10, 100, 70))

    assert scaled.units[:2] == (10, 10)
    assert set(scaled.units[2 : 2 + IN_MINUTES]) == {20}
    assert scaled.units[2 + IN_MINUTES] == 10
    assert (scaled.increases, scaled.decreases) == (1, 1)


def test_a_day_by_hand() -> None:
    """Eight hours at 7/s, one at 70/s, the rest at 7/s, target 70 %, 10 to 200 units: 10 units but in the busy hour and while
    the fifteen minutes after it pass: 22 hours of 10, and 2 hours in which the highest was 100.
    """
    rates = [7.0] * 480 + [70.0] * 60 + [6.9] * 900
    scaled = simulate(rates, ScalingBounds(10, 200, 70))

    assert scaled.unit_hours == 22 * 10 + 2 * 100
    assert scaled.short == 2
    assert (scaled.increases, scaled.decreases) == (1, 1)


def test_without_consumption_nothing_scales_in() -> None:
    scaled = simulate([0.0] * 120, ScalingBounds(5, 100, 70), start=50)

    assert set(scaled.units) == {50}


def test_at_most_four_decreases_a_day_and_one_more_in_an_hour_without() -> None:
    rates: list[float] = []
    for height in (600, 500, 400, 300, 200, 100):
        rates += [float(height)] * 3 + [float(height) / 10] * 20
    scaled = simulate(rates, ScalingBounds(5, 2000, 70))

    assert scaled.decreases == 4


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
