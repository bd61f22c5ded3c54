"""A dashboard that is generated shows what there is: metrics that exist, of resources that exist, in places of their own."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings

from tablewright.author.alarm_plan import Wish
from tablewright.author.alarm_set import add_alarms
from tablewright.author.dashboard import DASHBOARD, add_dashboard
from tablewright.author.editing import Text
from tablewright.author.notices import Notice
from tablewright.author.writing import Call, Value, json_text
from tablewright.errors import UsageError
from tablewright.lint.check import check
from tablewright.lint.options import Options
from tablewright.lint.sources import Source
from tablewright.template.tree import Scalar
from tests.laws.test_alarm_set import templates


@given(templates())
@settings(max_examples=3)
def test_a_dashboard_shows_only_what_there_is(text: Text) -> None:
    _holds(text)


@pytest.mark.slow
@given(templates())
@settings(max_examples=80)
def test_a_dashboard_shows_only_what_there_is_at_length(text: Text) -> None:
    _holds(text)


def _holds(text: Text) -> None:
    watched = add_alarms(text, Wish(), Notice(), composite=True).text
    for detail in ("full", "compact"):
        try:
            made = add_dashboard(watched, "Board", detail=detail)
        except UsageError as error:
            assert error.code == "tables-under-conditions"
            return
        report = check([Source(made.text.path, made.text.text.encode(), True)], Options())
        assert [one for one in report.findings if one.rule == "TW-ALM-018"] == []
        body = _body(made.text)
        widgets = json.loads(body)["widgets"]
        assert len(widgets) == made.widgets
        taken = [(w["x"] + dx, w["y"] + dy) for w in widgets for dx in range(w["width"]) for dy in range(w["height"])]
        assert len(taken) == len(set(taken)) and max(x for x, _ in taken) < 24
        known = {entry.key for entry in getattr(watched.at(("Resources",)), "entries", ())}
        condition = getattr(made.text.at(("Resources", "Board", "Condition")), "text", None)
        for name in set(re.findall(r"\$\{(\w+)(?:\.Arn)?\}", body)):
            assert name in known
            # What is named is there whenever the dashboard is.
            assert getattr(watched.at(("Resources", name, "Condition")), "text", None) in (None, condition)
        again = add_dashboard(made.text, "Board", detail=detail)
        assert again.renewed and again.text.text == made.text.text


def _body(text: Text) -> str:
    written = text.at(("Resources", "Board", "Properties", "DashboardBody", "Fn::Sub"))
    assert isinstance(written, Scalar)
    return written.text


def _tables(count: int, indexes: int = 2) -> Text:
    resources: dict[str, Value] = {
        f"Table{number}": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": Call("Fn::Sub", f"${{AWS::StackName}}-orders-{number}"),
                "BillingMode": "PAY_PER_REQUEST",
                "GlobalSecondaryIndexes": [{"IndexName": f"by-customer-{each}"} for each in range(indexes)],
            },
        }
        for number in range(count)
    }
    return Text(json_text({"Resources": resources}), "t.json")


def test_thirty_tables_stay_within_what_cloudwatch_and_cloudformation_take() -> None:
    made = add_dashboard(_tables(30), "Board")
    assert made.detail == "compact" and made.widgets <= 500 and made.metrics <= 2500
    assert made.size < 150_000  # of a template's 1 MB


COSTS = {
    # Of each metric so much a period: 1,000 units of a second, or provisioned.
    "PAY_PER_REQUEST": (Decimal("0.125") + Decimal("0.625")) * 86_400 * 1000 / 1_000_000 * 2,
    "PROVISIONED": (Decimal("0.00013") + Decimal("0.00065")) * 24 * 1000 * 2,
}


@pytest.mark.parametrize("mode", COSTS)
def test_the_price_of_units_is_the_price_lists(mode: str) -> None:
    text = Text(_tables(1, indexes=1).text.replace("PAY_PER_REQUEST", mode), "t.json")
    made = add_dashboard(text, "Board", region="us-east-1")
    (shown,) = [
        each for each in json.loads(_body(made.text))["widgets"] if "$ a day" in each["properties"].get("title", "")
    ]
    assert (
        "us-east-1" in shown["properties"]["title"] and "storage and backups are apart" in shown["properties"]["title"]
    )
    (expression,) = [row[0]["expression"] for row in shown["properties"]["metrics"] if isinstance(row[0], dict)]
    keys = [row[-1]["id"] for row in shown["properties"]["metrics"] if isinstance(row[0], str)]
    assert len(keys) == 4  # reads and writes of the table and its index
    values = dict.fromkeys(keys, Decimal(60_000 if mode == "PAY_PER_REQUEST" else 1000))
    numbers = re.sub(r"(\d+\.\d+)", r"Decimal('\1')", expression)
    names = {**values, "FILL": lambda key, _: key, "PERIOD": lambda _: 60, "REPEAT": None, "Decimal": Decimal}
    assert eval(numbers, names) == COSTS[mode]  # metric math, which is Python too


def test_a_region_without_prices_is_said() -> None:
    assert "list prices of us-east-1" in _body(add_dashboard(_tables(1), "Board", region="mars-1").text)
    assert "list prices of ap-northeast-2" in _body(add_dashboard(_tables(1), "Board", region="ap-northeast-2").text)


def test_too_many_tables_are_refused_with_the_way_out() -> None:
    with pytest.raises(UsageError, match="too large") as refused:
        add_dashboard(_tables(30), "Board", detail="full")
    assert "--detail compact" in refused.value.detail
    with pytest.raises(UsageError, match="too large") as refused:
        add_dashboard(_tables(70), "Board")
    assert "--table and --name" in refused.value.detail


def test_somebody_s_own_dashboard_is_left_alone() -> None:
    own: Value = {"Type": DASHBOARD, "Properties": {"DashboardBody": '{"widgets":[]}'}}
    table: Value = {"Type": "AWS::DynamoDB::Table", "Properties": {}}
    text = Text(json_text({"Resources": {"Orders": table, "Board": own}}), "t.json")
    with pytest.raises(UsageError, match="in use"):
        add_dashboard(text, "Board")
