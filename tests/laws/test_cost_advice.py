"""What would cost less: savings by hand, proven on templates, and nothing that AWS would refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.author.costing import priced_stack
from tablewright.author.editing import Text
from tablewright.author.proving import edited, prove
from tablewright.cost.advice import Advice, advise
from tablewright.cost.break_even import break_evens
from tablewright.cost.options import options
from tablewright.cost.priced import PricedTable
from tablewright.cost.prices import prices
from tablewright.cost.report import report
from tablewright.cost.ttl import expiry_saving
from tablewright.lint.check import check
from tablewright.lint.options import Options
from tablewright.lint.sources import Source
from tablewright.model.finding import Severity
from tablewright.model.workload import Pattern, TableLoad, Trace

US = "us-east-1"


def _template(
    *, units: tuple[int, int] | None = None, index: str = "", index_units: tuple[int, int] = (1, 1), cold: bool = False,
    capped: bool = False, more: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """A stack of one table, with an index of everything where one is named."""
    throughput = (
        {"ProvisionedThroughput": {"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1]}} if units else {}
    )
    properties: dict[str, Any] = {
        "TableName": "orders",
        "BillingMode": "PROVISIONED" if units else "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        **throughput,
    }
    if cold:
        properties["TableClass"] = "STANDARD_INFREQUENT_ACCESS"
    if capped:
        properties["OnDemandThroughput"] = {"MaxReadRequestUnits": 500, "MaxWriteRequestUnits": 500}
    if index:
        properties["AttributeDefinitions"].append({"AttributeName": "tag", "AttributeType": "S"})
        own = {"ReadCapacityUnits": index_units[0], "WriteCapacityUnits": index_units[1]}
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": "tag", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                **({"ProvisionedThroughput": own} if units else {}),
            }
        ]
    table = {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }
    return json.dumps({"Resources": {"Orders": table, **(more or {})}}, indent=2)


def _advice(body: str, load: TableLoad, region: str = US) -> tuple[Advice, ...]:
    told = report(priced_stack(body, "t.json", {}), {"orders": load}, prices(), region, source="w")
    return prove(told.advice, body, "t.json", {}, {"orders": load}, prices(), region)


def _errors(body: str) -> list[str]:
    found = check([Source("t.json", body.encode(), True)], Options()).findings
    return [f"{one.rule} {one.message}" for one in found if one.severity is Severity.ERROR]


def _puts(rate: str, size: int = 1000) -> TableLoad:
    return TableLoad(item_bytes=size, patterns=(Pattern("p", "put", Decimal(rate), size),))


def test_the_saving_of_the_table_class_evaluator() -> None:
    """awslabs/amazon-dynamodb-tools, table class evaluator, README: 13.61 GB with 5 RCU and 5 WCU save 1.35."""
    load = replace(_puts("3.4"), items=13_610_000, item_bytes=900)
    load = replace(load, patterns=(*load.patterns, Pattern("g", "get", Decimal("6.9"), 900)))
    [first, *_] = _advice(_template(units=(5, 5)), load)

    assert str(round(first.usd, 2)) == "1.35"
    assert first.commands == ("tablewright set class orders infrequent-access",)
    assert any("twice in 30 days" in each for each in first.cautions)


def test_a_class_that_was_changed_this_month_is_left_alone() -> None:
    load = replace(_puts("3.4"), items=13_610_000, item_bytes=900, class_changed_days=12.0)
    assert all(
        "set class" not in command for each in _advice(_template(units=(5, 5)), load) for command in each.commands
    )


def test_auto_scaling_goes_before_the_table_is_billed_on_demand() -> None:
    """100 units of each side, and one put a second: 75.92 + ... for units that nothing asks for."""
    scaled = edited(
        Text(_template(units=(100, 100)), "t.json"), ["tablewright add autoscaling orders --min 100 --max 200"]
    )
    [first, *_] = _advice(scaled.text, _puts("1"))

    # 100 x 730 x (0.00065 + 0.00013) = 56.94, and a put a second is 2.628 million x 0.625 = 1.6425; 1 unit of each is 0.5694.
    assert first.commands[0] == "tablewright remove autoscaling orders"
    assert first.usd > Decimal("55")
    after = edited(scaled, first.commands)
    assert _errors(after.text) == [] and "ScalableTarget" not in after.text


def test_scaling_that_was_written_by_hand_goes_too() -> None:
    by_hand = {
        "Mine": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "dynamodb",
                "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
                "ResourceId": {"Fn::Sub": "table/${Orders}"},
                "MinCapacity": 500,
                "MaxCapacity": 1000,
            },
        }
    }
    body = _template(units=(1, 500), more=by_hand)
    [first] = [each for each in _advice(body, _puts("1")) if "Bill" in each.what]

    assert first.usd > 200
    assert "Mine" not in edited(Text(body, "t.json"), first.commands).text


def test_an_edit_that_the_template_does_not_take_is_left_to_the_hand() -> None:
    advice = Advice(
        "orders", "Bill orders so", Decimal(5), "likely", "", commands=("tablewright set billing gone on-demand",)
    )
    [told] = prove([advice], _template(units=(5, 5)), "t.json", {}, {"orders": _puts("1")}, prices(), US)

    assert told.commands == () and told.usd == 5
    assert "no table gone" in told.by_hand and "by hand" in told.by_hand


def test_a_maximum_on_demand_does_not_stay_on_a_provisioned_table() -> None:
    body = _template(capped=True)
    load = TableLoad(item_bytes=1000, patterns=(Pattern("p", "put", Decimal(100), 1000),))
    [first, *_] = _advice(body, load)

    assert first.commands[0].startswith("tablewright set billing orders provisioned")
    after = edited(Text(body, "t.json"), first.commands)
    assert "OnDemandThroughput" not in after.text and _errors(after.text) == []


def test_an_index_that_nothing_reads_goes() -> None:
    """10 puts a second and 10 GB: the index takes 10 x 2.628 million x 0.625 = 16.425 and 10 x 0.25."""
    load = TableLoad(
        items=10_000_000,
        item_bytes=900,
        patterns=(Pattern("p", "put", Decimal(10), 900), Pattern("g", "get", Decimal(1), 900)),
    )
    [found] = [each for each in _advice(_template(index="by-tag"), load) if "Remove" in each.what]

    assert found.usd == Decimal("16.425") + Decimal("2.5") and found.sure == "possible"
    assert found.commands == ("tablewright remove index orders by-tag",)
    read = replace(load, patterns=(*load.patterns, Pattern("q", "query", Decimal("0.001"), 900, index="by-tag")))
    assert not [each for each in _advice(_template(index="by-tag"), read) if "Remove" in each.what]


def test_a_table_whose_name_hangs_on_a_parameter_is_named_by_its_logical_id() -> None:
    body = _template(units=(5, 500)).replace(
        '"TableName": "orders"', '"TableName": {"Fn::Sub": "orders-${AWS::StackName}"}'
    )
    load = {"Orders": _puts("1")}
    told = report(priced_stack(body, "t.json", {}), load, prices(), US, source="w")
    [first, *_] = prove(told.advice, body, "t.json", {}, load, prices(), US)
    assert first.commands == ("tablewright set throughput Orders --read 1 --write 2",)


def test_a_load_without_reads_says_nothing_of_indexes() -> None:
    assert not [each for each in _advice(_template(index="by-tag"), _puts("10")) if "Remove" in each.what]


def test_less_than_a_week_of_metrics_recommends_nothing() -> None:
    short = TableLoad(measured={("", "write"): Decimal(1)}, traces={("", "write"): Trace(3600, (1.0,) * 24)})
    assert _advice(_template(units=(1, 1000)), short) == ()


def test_units_that_would_refuse_are_not_recommended() -> None:
    """A day of one busy hour, and hardly anything before: auto scaling is short while it grows."""
    spiky = replace(_puts("100"), day=(Decimal("0.01"),) * 23 + (Decimal("23.77"),), peak=Decimal("23.77"))
    ways = options(PricedTable("Orders", "orders"), spiky, prices(), US)
    scaled = [way for way in ways if way.name.startswith("auto scaled")]

    assert scaled and all(way.refused > 0.001 for way in scaled)
    told = advise(PricedTable("Orders", "orders"), spiky, ways, prices(), US)
    assert all("auto scaled" not in each.what for each in told)


def test_auto_scaling_is_an_option_where_the_course_is_known() -> None:
    load = replace(
        _puts("100"), day=(Decimal("1.5"),) * 8 + (Decimal(1),) * 8 + (Decimal("0.5"),) * 8, peak=Decimal("1.5")
    )
    names = {way.name for way in options(PricedTable("Orders", "orders"), load, prices(), US)}
    assert {"on demand, standard", "auto scaled, standard", "provisioned, standard"} <= names
    flat = {way.name for way in options(PricedTable("Orders", "orders"), _puts("100"), prices(), US)}
    assert "auto scaled, standard" not in flat


def test_reserved_capacity_is_shown_and_advised_with_what_binds() -> None:
    """1,000 write units: 474.50 plain; ten blocks of 150/12 + 9.344 = 218.44 a month for a year."""
    steady = replace(_puts("690"), patterns=(Pattern("p", "put", Decimal(690), 1000),))
    ways = options(PricedTable("Orders", "orders", on_demand=False, read=0, write=1000), steady, prices(), US)
    [year] = [
        way for way in ways if way.name == "provisioned, standard, reserved for a year" and way.table.write == 1000
    ]

    assert year.usd == Decimal("218.44") and not year.verified
    found = _advice(_template(units=(1, 1000)), steady)
    [bought] = [each for each in found if "reserved" in each.what]
    assert bought.sure == "possible" and "console" in bought.by_hand
    assert any("neither be sold nor cancelled" in each for each in bought.cautions)


def test_a_replicated_table_has_ways_too_and_no_command_that_would_be_refused() -> None:
    two = replace(prices(), rows={
        **prices().rows,
        **{("us-east-2", name): replace(row, region="us-east-2") for (where, name), row in prices().rows.items() if where == US},
    })  # fmt: skip
    table = PricedTable("Orders", "orders", replicas=(US, "us-east-2"), global_table=True)
    ways = options(table, _puts("100"), two, US)

    assert len(ways) >= 4
    assert all(not way.commands for way in ways if not way.table.on_demand)
    [cold] = [way for way in ways if way.table.infrequent_access and way.table.on_demand]
    assert cold.commands == ("tablewright set class orders infrequent-access",)


def test_where_the_balance_tips() -> None:
    """By the list: 0.00065 / 0.00225; reserved (150/8760 + 0.0128)/100 and (180/26280 + 0.0081)/100 of the same; the classes by
    (0.78/0.625 - 1) / 0.6 and (1 - 0.625/0.78) / 1.5.
    """
    shares = [str(round(each.share, 4)) for each in break_evens(prices(), US)]
    assert shares == ["0.2889", "0.1330", "0.0664", "0.4133", "0.1325"]
    assert [each.verified for each in break_evens(prices(), US)] == [True, False, False, True, True]


@pytest.mark.parametrize(("years", "off"), [(1, "54"), (3, "77")])
def test_reserved_prices_are_as_far_off_as_aws_says(years: int, off: str) -> None:
    """Developer guide, reserved capacity: up to 54 % and 77 % off the standard rate."""
    term = f"reserved.{years}-year.write"
    each = prices().price(US, f"{term}.upfront").usd / (years * 8760) + prices().price(US, f"{term}.hourly").usd
    plain = 100 * prices().price(US, "provisioned.standard.write").usd
    assert str(round((1 - each / plain) * 100)) == off


def test_what_is_likely_comes_before_what_is_possible() -> None:
    """Steady use of 690 write units by day: auto scaling is likely, reserved capacity saves more and is possible."""
    day = (Decimal("0.8"),) * 12 + (Decimal("1.2"),) * 12
    load = replace(_puts("690"), day=day, peak=Decimal("1.2"))
    found = _advice(_template(units=(1, 2000)), load)

    assert [each.sure for each in found] == ["likely", "possible"]
    assert found[1].usd > found[0].usd and "the best way without it" in found[1].because


def test_what_ttl_saves() -> None:
    """10 items of 1,500 bytes a second, on the table and an index of everything: 40 write units, 105.12 million x 0.625; and
    26.28 million items of 1,600 bytes twice: 84.096 GB x 0.25.
    """
    told = priced_stack(_template(index="by-tag"), "t.json", {}).tables[0]
    load = TableLoad(item_bytes=1500, expired_per_second=Decimal(10))
    saved = expiry_saving(replace(told, ttl=True), load, prices(), US)

    assert saved is not None and saved.units == 40
    assert (round(saved.deletes, 6), round(saved.kept, 6)) == (Decimal("65.7"), Decimal("21.024"))
    assert expiry_saving(told, load, prices(), US) is None


bodies = st.builds(
    _template,
    units=st.one_of(st.none(), st.tuples(st.integers(1, 2000), st.integers(1, 2000))),
    index=st.sampled_from(["", "by-tag"]),
    index_units=st.tuples(st.integers(1, 2000), st.integers(1, 2000)),
    cold=st.booleans(),
    capped=st.just(value=False),
)
loads = st.builds(
    lambda puts, gets, queried, items, peak: TableLoad(
        items=items,
        item_bytes=900,
        peak=Decimal(peak),
        patterns=(
            Pattern("p", "put", Decimal(puts), 900),
            Pattern("g", "get", Decimal(gets), 900),
            *([Pattern("q", "query", Decimal(gets), 900, 5, "by-tag")] if queried else []),
        ),
    ),
    st.integers(0, 2000),
    st.integers(0, 2000),
    st.booleans(),
    st.integers(0, 10**9),
    st.integers(1, 5),
)


days = st.sampled_from(
    [(), (Decimal("0.5"),) * 12 + (Decimal("1.5"),) * 12, (Decimal("0.8"),) * 20 + (Decimal(2),) * 4]
)


@settings(max_examples=25, deadline=None)
@given(bodies, loads, days, st.booleans())
def test_each_saving_is_what_the_edited_template_saves(
    body: str, load: TableLoad, day: tuple[Decimal, ...], scaled: bool
) -> None:  # fmt: skip
    if "by-tag" not in body:
        load = replace(load, patterns=load.patterns[:2])
    load = replace(load, day=day, peak=max((load.peak, *day)))
    if scaled and "PROVISIONED" in body:
        body = edited(Text(body, "t.json"), ["tablewright add autoscaling orders --min 20 --max 900"]).text
    before = priced_stack(body, "t.json", {})
    told = report(before, {"orders": load}, prices(), US, source="w")
    proven = prove(told.advice, body, "t.json", {}, {"orders": load}, prices(), US)

    assert [round(each.usd, 9) for each in proven] == [round(each.usd, 9) for each in told.advice]
    for each in proven:
        assert each.usd >= Decimal("0.01") and (each.commands or "reserved" in each.what)
        assert not each.by_hand or "reserved" in each.what
        assert _errors(edited(Text(body, "t.json"), each.commands).text) == []


def test_more_units_than_aws_gives_are_not_recommended() -> None:
    """50,000 write units at steady use would be cheaper provisioned; a table gets 40,000 without asking."""
    ways = options(PricedTable("Orders", "orders"), _puts("35000"), prices(), US)
    assert not ways[0].table.on_demand and not ways[0].within_quota
    assert advise(PricedTable("Orders", "orders"), _puts("35000"), ways, prices(), US) == ()
    assert advise(
        PricedTable("Orders", "orders"),
        _puts("25000"),
        options(PricedTable("Orders", "orders"), _puts("25000"), prices(), US),
        prices(),
        US,
    )


def test_a_table_with_a_vector_index_stays_on_demand() -> None:
    body = json.loads(_template())
    body["Resources"]["Orders"]["Properties"]["VectorIndexes"] = [{"IndexName": "near"}]
    [table] = priced_stack(json.dumps(body), "t.json", {}).tables

    assert [index.kind for index in table.indexes] == ["vector"]
    assert all(way.table.on_demand for way in options(table, _puts("1000"), prices(), US))


def test_each_side_is_sized_by_its_own_peak() -> None:
    """Writes peak at 70/s in one hour of a week, reads are steady at 7/s: 100 write units and 10 read units."""
    quiet, week = (7.0,) * 168, (1.0,) * 167 + (70.0,)
    load = TableLoad(
        measured={("", "read"): Decimal(7), ("", "write"): Decimal("1.41")},
        traces={("", "read"): Trace(3600, quiet), ("", "write"): Trace(3600, week)},
        peak=Decimal(50),
    )
    [fixed] = [
        way
        for way in options(PricedTable("Orders", "orders"), load, prices(), US)
        if way.name == "provisioned, standard"
    ]
    assert (fixed.table.read, fixed.table.write) == (10, 100)
