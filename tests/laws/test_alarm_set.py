"""Alarms that are generated can fire: whatever the tables are like, our own rules find nothing wrong with them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.author.alarm_cost import bill
from tablewright.author.alarm_kinds import KINDS, RECOMMENDED
from tablewright.author.alarm_plan import Planned, Wish, plan_alarms
from tablewright.author.alarm_set import AlarmSet, add_alarms
from tablewright.author.composites import CHILDREN
from tablewright.author.editing import Text
from tablewright.author.notices import Notice
from tablewright.author.thresholds import loudest
from tablewright.author.writing import Call, Style, Value, as_plain, json_text, value_of, yaml_entry
from tablewright.cli.add_alarm import _KINDS
from tablewright.errors import UsageError
from tablewright.lint.check import check
from tablewright.lint.options import Options
from tablewright.lint.sources import Source
from tablewright.model.metrics import METRICS

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{2,24}", fullmatch=True)


@st.composite
def tables(draw: st.DrawFn, number: int) -> dict[str, Value]:
    """A table or a global table with anything that bears on its alarms."""
    mode = draw(st.sampled_from(["PAY_PER_REQUEST", "PROVISIONED", ""]))
    name = f"t{number}-{draw(NAMES)}"
    indexes = draw(st.lists(NAMES, max_size=3, unique_by=str.lower))
    properties: dict[str, Value] = {
        "TableName": draw(st.sampled_from([name, Call("Fn::Sub", f"{name}-${{AWS::StackName}}")])),
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    if mode:
        properties["BillingMode"] = mode
    units: Value = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    ceiling: Value = {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 5}
    capped = mode == "PAY_PER_REQUEST" and draw(st.booleans())
    if mode != "PAY_PER_REQUEST":
        properties["ProvisionedThroughput"] = units
    elif capped:
        properties["OnDemandThroughput"] = ceiling
    if indexes:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                **({"ProvisionedThroughput": units} if mode != "PAY_PER_REQUEST" else {}),
            }
            for index in indexes
        ]
    if draw(st.booleans()):
        properties["TimeToLiveSpecification"] = {"AttributeName": "expires", "Enabled": draw(st.booleans())}
    if draw(st.booleans()):
        properties["KinesisStreamSpecification"] = {
            "StreamArn": "arn:aws:kinesis:us-east-1:111111111111:stream/changes"
        }
    resource: dict[str, Value] = {"Type": "AWS::DynamoDB::Table"}
    if draw(st.booleans()):
        resource["Condition"] = "Wanted"
    if mode == "PAY_PER_REQUEST" and draw(st.booleans()):
        resource["Type"] = "AWS::DynamoDB::GlobalTable"
        properties["Replicas"] = [{"Region": "us-east-1"}, {"Region": "eu-west-1"}]
        properties["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
        for key in ("KinesisStreamSpecification", "OnDemandThroughput"):
            properties.pop(key, None)
    elif draw(st.booleans()):
        properties["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}
    return {**resource, "Properties": properties}


@st.composite
def templates(draw: st.DrawFn) -> Text:
    """A template of one to three tables, in YAML of any style or in JSON."""
    resources: dict[str, Value] = {}
    for number in range(draw(st.integers(1, 3))):
        table = draw(tables(number))
        resources[f"Table{number}"] = table
        properties = table["Properties"]
        assert isinstance(properties, dict)
        if "StreamSpecification" in properties and draw(st.booleans()):
            function = draw(st.sampled_from(["indexer", "arn:aws:lambda:us-east-1:111111111111:function:indexer:live"]))
            resources[f"Reader{number}"] = {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "EventSourceArn": Call("Fn::GetAtt", f"Table{number}.StreamArn"),
                    "FunctionName": function,
                    "StartingPosition": "LATEST",
                },
            }
    body: dict[str, Value] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Conditions": {"Wanted": Call("Fn::Equals", [Call("Ref", "AWS::Region"), "us-east-1"])},
        "Resources": resources,
    }
    if draw(st.booleans()):
        return Text(json_text(body, step=draw(st.sampled_from([" ", "  ", "    ", "\t"]))) + "\n", "t.json")
    step = draw(st.sampled_from([2, 4]))
    style = Style(step, draw(st.sampled_from([0, 2, step])))
    return Text("\n".join(line for k, v in body.items() for line in yaml_entry(k, v, 0, style)) + "\n", "t.yaml")


def _found(text: Text) -> list[tuple[str, str, str]]:
    report = check([Source(text.path, text.text.encode(), True)], Options())
    watching = ("TW-ALM-", "TW-TPL-", "TW-GEN-")
    return [
        (one.rule, one.resource, one.message)
        for one in report.findings
        if one.rule.startswith(watching) and one.severity.value != "info"
    ]


@given(templates(), st.booleans(), st.booleans(), st.sampled_from([(), tuple(KINDS)]))
@settings(max_examples=4)
def test_no_generated_alarm_is_one_that_cannot_fire(
    text: Text, composite: bool, queries: bool, kinds: tuple[str, ...]
) -> None:
    _holds(text, composite, queries, kinds)


@pytest.mark.slow
@given(templates(), st.booleans(), st.booleans(), st.sampled_from([(), tuple(KINDS)]))
@settings(max_examples=150)
def test_no_generated_alarm_is_one_that_cannot_fire_at_length(
    text: Text, composite: bool, queries: bool, kinds: tuple[str, ...]
) -> None:
    _holds(text, composite, queries, kinds)


def _holds(text: Text, composite: bool, queries: bool, kinds: tuple[str, ...]) -> None:
    wish = Wish(kinds=kinds, queries=queries, candidates=bool(kinds))
    made = add_alarms(text, wish, Notice(emails=("ops@example.com",)), composite=composite)
    assert _found(made.text) == []
    for planned in made.planned:
        _is_right(planned, made)
    # Asked for again, there is nothing left to do: the alarms are seen for what they watch.
    again = add_alarms(made.text, wish, Notice(), composite=composite)
    assert again.planned == () and again.text.text == made.text.text


def _is_right(planned: Planned, made: AlarmSet) -> None:
    node = _plain(made.text, planned.logical_id)
    properties = node["Properties"]
    assert properties["EvaluationPeriods"] * planned.kind.period <= 86_400
    assert len(properties["AlarmDescription"]) <= 1024
    assert "assumed" in properties["AlarmDescription"] or not planned.basis
    assert node.get("Condition") == (planned.subject.condition or None if planned.subject else None)
    rows = [properties] if "MetricName" in properties else []
    for query in properties.get("Metrics", []):
        if "MetricStat" in query:
            rows.append({**query["MetricStat"]["Metric"], "Statistic": query["MetricStat"]["Stat"]})
    assert len(rows) == planned.metrics <= 10
    for row in rows:
        names = {dimension["Name"] for dimension in row.get("Dimensions", [])}
        if row["Namespace"] == "AWS/DynamoDB":
            metric = METRICS[row["MetricName"]]
            assert frozenset(names) in metric.dimensions and row["Statistic"] in metric.statistics
        else:
            assert names == {"FunctionName"}


def _plain(text: Text, key: str) -> dict[str, Any]:
    node = text.at(("Resources", key))
    assert node is not None
    found = as_plain(value_of(node))
    assert isinstance(found, dict)
    return found


def test_the_command_offers_every_kind() -> None:
    assert tuple(KINDS) == _KINDS
    assert set(RECOMMENDED) < set(KINDS)


def _planned(kind: str, table: str = "Table0") -> Planned:
    text = Text(json_text({"Resources": {table: {"Type": "AWS::DynamoDB::Table", "Properties": {}}}}), "t.json")
    return plan_alarms(text, Wish(kinds=(kind,), candidates=True)).planned[0]


@given(
    st.sampled_from(["throttled-reads", "latency", "capacity", "system-errors"]),
    st.dictionaries(st.integers(0, 40), st.integers(0, 30).map(float), min_size=1),
)
def test_a_measured_threshold_is_the_lowest_that_stays_silent(kind: str, values: dict[int, float]) -> None:
    planned = _planned(kind)
    points = {minute * planned.kind.period: value for minute, value in values.items()}
    most = loudest(planned.kind, points)
    assert most is not None
    assert not _rings(planned, points, most)
    if most > 0:
        assert _rings(planned, points, math.nextafter(most, 0))


def _rings(planned: Planned, points: dict[int, float], threshold: float) -> bool:
    """As CloudWatch judges it: so many of the periods looked at beyond the threshold, what is missing counting as 0."""
    period = planned.kind.period
    for end in range(min(points), max(points) + 1, period):
        looked = [points.get(end - back * period, 0.0) for back in range(planned.kind.periods)]
        if sum(value > threshold for value in looked) >= planned.kind.periods:
            return True
    return False


def test_a_composite_alarm_never_has_more_than_cloudwatch_takes() -> None:
    indexes: list[Value] = [
        {"IndexName": f"by-{number}", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]} for number in range(20)
    ]
    table: Value = {"Type": "AWS::DynamoDB::Table", "Properties": {"GlobalSecondaryIndexes": indexes}}
    made = add_alarms(Text(json_text({"Resources": {"Orders": table}}), "t.json"), Wish(), Notice(), composite=True)
    under = [str(_plain(made.text, key)["Properties"]["AlarmRule"]).count("ALARM(") for key in made.composites]
    assert max(under) <= CHILDREN and sum(under) == sum(1 for one in made.planned if one.table)


def test_what_alarms_cost_is_counted_by_their_metrics() -> None:
    text = Text(json_text({"Resources": {"Orders": {"Type": "AWS::DynamoDB::Table", "Properties": {}}}}), "t.json")
    made = add_alarms(text, Wish(), Notice(silent=True))
    # 1 + 1 for throttles, 2 each for three causes, 10 operations, 4 operations, 2 of the account
    found = bill(made.planned)
    assert (found.metrics, str(found.usd)) == (24, "2.4") and "$2.40 a month for 24 metrics" in found.words
    by_query = bill(add_alarms(text, Wish(queries=True), Notice(silent=True)).planned, region="eu-west-1")
    assert (by_query.metrics, by_query.queries) == (14, 1) and "none is known for eu-west-1" in by_query.words


@pytest.mark.parametrize(
    ("wish", "notice", "code"),
    [
        (Wish(kinds=("nope",)), Notice(), "no-such-kind"),
        (Wish(tables=("nope",)), Notice(), "no-such-table"),
        (Wish(index="nope"), Notice(), "no-such-index"),
        (Wish(threshold=5), Notice(), "contradictory-options"),
        (Wish(), Notice(topic="Nope"), "no-such-topic"),
        (Wish(), Notice(emails=("nope",)), "malformed-option"),
        (Wish(), Notice(silent=True, emails=("a@b.c",)), "contradictory-options"),
    ],
)
def test_what_cannot_be_is_refused(wish: Wish, notice: Notice, code: str) -> None:
    text = Text(json_text({"Resources": {"Orders": {"Type": "AWS::DynamoDB::Table", "Properties": {}}}}), "t.json")
    with pytest.raises(UsageError) as refused:
        add_alarms(text, wish, notice)
    assert refused.value.code == code
