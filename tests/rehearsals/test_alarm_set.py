"""The recommended alarms deployed and met by what they are for: each rings then, and stays OK before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tablewright.author.alarm_kinds import KINDS
from tablewright.author.alarm_plan import Wish, plan_alarms
from tablewright.author.alarm_set import add_alarms
from tablewright.author.dashboard import add_dashboard
from tablewright.author.editing import Text, put_entry
from tablewright.author.notices import Notice
from tablewright.author.run import measure
from tablewright.author.writing import Call, Value, yaml_entry
from tablewright.events import Ending
from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.load_support import refused, started
from tests.rehearsals.deploying import client, end, opened, run


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("alarm-set") / "state", clock="instant") as aws, control.held(aws.endpoint):
        yield aws


def _table(name: str, **properties: Value) -> Value:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            **({} if "ProvisionedThroughput" in properties else {"BillingMode": "PAY_PER_REQUEST"}),
            **properties,
        },
    }


def _template(**resources: Value) -> Text:
    body: dict[str, Value] = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": dict(resources)}
    return Text("\n".join(line for key, value in body.items() for line in yaml_entry(key, value)) + "\n", "t.yaml")


def _deployed(timed: EmbeddedAws, account: str, text: Text, **options: Any) -> None:
    finished = end(run(opened(timed, account), text.text, **options))
    assert finished.ending is Ending.DONE, finished


def _ringing(timed: EmbeddedAws, account: str) -> set[str]:
    found = client(timed, account, "cloudwatch").describe_alarms(StateValue="ALARM", MaxRecords=100)
    return {alarm["AlarmName"] for alarm in found["MetricAlarms"]}


@pytest.mark.slow
def test_errors_and_latency_ring_by_operation(timed: EmbeddedAws, account: str) -> None:
    made = add_alarms(_template(Orders=_table("orders"), Results=_table("results")), Wish(), Notice())
    _deployed(timed, account, made.text)
    dynamodb = client(timed, account, "dynamodb")
    control.advance(timed.endpoint, minutes=16)
    assert _ringing(timed, account) == set()
    with control.fault(timed.endpoint, "error", table="orders", operation="Query"):
        for _ in range(17):
            refused(lambda: _query(dynamodb, "orders"))
            control.advance(timed.endpoint, minutes=1)
    assert _ringing(timed, account) == {"orders-system-errors"}
    with control.fault(timed.endpoint, "delay", table="results", operation="GetItem", seconds=0.05):
        for _ in range(13):
            dynamodb.get_item(TableName="results", Key={"id": {"S": "a"}})
            control.advance(timed.endpoint, minutes=1)
    assert _ringing(timed, account) == {"results-latency"}
    control.advance(timed.endpoint, minutes=20)
    assert _ringing(timed, account) == set()


def _query(dynamodb: Any, table: str) -> object:
    return dynamodb.query(
        TableName=table, KeyConditionExpression="id = :id", ExpressionAttributeValues={":id": {"S": "a"}}
    )


@pytest.mark.slow
def test_errors_ring_by_query_too(timed: EmbeddedAws, account: str) -> None:
    wish = Wish(kinds=("system-errors",), queries=True)
    _deployed(timed, account, add_alarms(_template(Orders=_table("orders")), wish, Notice()).text)
    dynamodb = client(timed, account, "dynamodb")
    with control.fault(timed.endpoint, "error", table="orders", operation="GetItem"):
        for _ in range(17):
            refused(lambda: dynamodb.get_item(TableName="orders", Key={"id": {"S": "a"}}))
            control.advance(timed.endpoint, minutes=1)
    assert _ringing(timed, account) == {"orders-system-errors"}


@pytest.mark.slow
def test_the_account_rings_when_its_capacity_is_given_out(timed: EmbeddedAws, account: str) -> None:
    def tables(read: int) -> Text:
        units: Value = {"ReadCapacityUnits": read, "WriteCapacityUnits": 10}
        resources = {f"T{number}": _table(f"table-{number}", ProvisionedThroughput=units) for number in range(2)}
        wish = Wish(kinds=("account-reads", "account-writes"))
        return add_alarms(_template(**resources), wish, Notice()).text

    _deployed(timed, account, tables(30_000))  # 60,000 of 80,000: 75%
    control.advance(timed.endpoint, minutes=16)
    assert _ringing(timed, account) == set()
    _deployed(timed, account, tables(34_000))  # 85%
    control.advance(timed.endpoint, minutes=16)
    assert _ringing(timed, account) == {"rehearsal-account-reads"}


@pytest.mark.slow
def test_what_no_item_expires_from_and_what_is_read_late_rings(timed: EmbeddedAws, account: str) -> None:
    expiring = _table(
        "orders",
        TimeToLiveSpecification={"AttributeName": "expiresAt", "Enabled": True},
        StreamSpecification={"StreamViewType": "KEYS_ONLY"},
    )
    reader: Value = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": Call("Fn::GetAtt", "Orders.StreamArn"),
            "FunctionName": "indexer",
            "StartingPosition": "LATEST",
        },
    }
    made = add_alarms(_template(Orders=expiring, Reader=reader), Wish(kinds=("ttl-stopped", "stream-lag")), Notice())
    assert [one.logical_id for one in made.planned] == ["OrdersTtlStoppedAlarm", "OrdersIndexerStreamLagAlarm"]
    _deployed(timed, account, made.text)
    control.simulate_consumer(timed.endpoint, "indexer", "orders", lag=7200, account=account)
    dynamodb = client(timed, account, "dynamodb")
    for number in range(18):
        dynamodb.put_item(TableName="orders", Item={"id": {"S": str(number)}})
        control.advance(timed.endpoint, minutes=1)
    control.advance(timed.endpoint, minutes=118)  # the function is two hours late
    assert _ringing(timed, account) >= {"orders-indexer-stream-lag"}
    control.advance(timed.endpoint, minutes=24 * 60)
    assert _ringing(timed, account) == {"orders-ttl-stopped"}


@pytest.mark.slow
@pytest.mark.parametrize("there", [True, False])
def test_every_kind_deploys_beside_tables_that_may_not_be_there(timed: EmbeddedAws, account: str, there: bool) -> None:
    units: Value = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    index: dict[str, Value] = {
        "IndexName": "by-id",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    stream: Value = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    maybe = _table("maybe", StreamSpecification=stream, GlobalSecondaryIndexes=[index])
    assert isinstance(maybe, dict)
    replicated = _table(
        "everywhere", Replicas=[{"Region": "us-east-1"}, {"Region": "eu-west-1"}], StreamSpecification=stream
    )
    assert isinstance(replicated, dict)
    reader: dict[str, Value] = {
        "EventSourceArn": Call("Fn::GetAtt", "Maybe.StreamArn"),
        "FunctionName": "indexer",
        "StartingPosition": "LATEST",
    }
    text = _template(
        Provisioned=_table(
            "provisioned",
            ProvisionedThroughput=units,
            GlobalSecondaryIndexes=[{**index, "ProvisionedThroughput": units}],
            TimeToLiveSpecification={"AttributeName": "expiresAt", "Enabled": True},
        ),
        Capped=_table("capped", OnDemandThroughput={"MaxReadRequestUnits": 9, "MaxWriteRequestUnits": 9}),
        Changes={"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        Streamed=_table("streamed", KinesisStreamSpecification={"StreamArn": Call("Fn::GetAtt", "Changes.Arn")}),
        Everywhere={**replicated, "Type": "AWS::DynamoDB::GlobalTable"},
        Maybe={**maybe, "Condition": "There"},
        Reader={"Type": "AWS::Lambda::EventSourceMapping", "Condition": "There", "Properties": reader},
    )
    condition: Value = Call("Fn::Equals", ["yes", "yes" if there else "no"])
    text = put_entry(text, ("Conditions",), {"There": condition})
    made = add_alarms(
        text, Wish(kinds=tuple(KINDS), candidates=True), Notice(emails=("ops@example.com",)), composite=True
    )
    assert {one.kind.name for one in made.planned} == set(KINDS)
    board = add_dashboard(made.text, "Board")
    assert board.left_out == ("maybe exists only under There",)
    client(timed, account, "s3").create_bucket(Bucket=f"templates-{account}")
    _deployed(timed, account, board.text, bucket=f"templates-{account}")
    found = client(timed, account, "cloudwatch").describe_alarms(
        AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100
    )
    names = {alarm["AlarmName"] for alarm in found["MetricAlarms"] + found["CompositeAlarms"]}
    wanted = {one for one in made.planned if there or one.called != "maybe"}
    assert len(names) == len(wanted) + len(made.composites) - (0 if there else 1)
    assert ("maybe-alarms" in names) is there
    assert {
        "everywhere-replication-latency",
        "streamed-kinesis-lag",
        "capped-ceiling",
        "provisioned-by-id-capacity",
    } <= names


@pytest.mark.slow
def test_thresholds_come_from_the_past_of_the_deployed_tables(timed: EmbeddedAws, account: str) -> None:
    text = _template(Orders=_table("orders"))
    _deployed(timed, account, text)
    dynamodb = client(timed, account, "dynamodb")
    for _ in range(12):
        for _ in range(30):
            refused(
                lambda: dynamodb.put_item(
                    TableName="orders", Item={"id": {"S": "a"}}, ConditionExpression="attribute_exists(nothing)"
                )
            )
        control.advance(timed.endpoint, minutes=1)
    wish = Wish(kinds=("conditional-checks", "throttled-writes"), candidates=True)
    found = measure(
        opened(timed, account).observations,
        plan_alarms(text, wish).planned,
        {"Orders": "orders"},
        days=1,
        now=datetime.fromtimestamp(control.now(timed.endpoint), UTC),
    )
    assert set(found) == {("Orders", "", "conditional-checks")}  # nothing was throttled, so nothing is said of it
    one = found["Orders", "", "conditional-checks"]
    assert one.peak >= 30 and one.threshold >= 45
    made = add_alarms(text, Wish(kinds=("conditional-checks",), measured=found), Notice())
    (planned,) = made.planned
    assert planned.threshold == one.threshold and "1.5 times the most that would have rung (30" in planned.basis
    _deployed(timed, account, made.text)


@pytest.mark.slow
def test_a_dashboard_of_thirty_tables_deploys(timed: EmbeddedAws, account: str) -> None:
    tables = {f"T{number}": _table(f"shop-{number}") for number in range(30)}
    made = add_dashboard(_template(**tables), "TablesDashboard")
    assert made.detail == "compact" and made.widgets <= 500 and made.metrics <= 2500
    s3 = client(timed, account, "s3")
    s3.create_bucket(Bucket=f"templates-{account}")
    _deployed(timed, account, made.text, bucket=f"templates-{account}")
    cloudwatch = client(timed, account, "cloudwatch")
    body = json.loads(cloudwatch.get_dashboard(DashboardName="rehearsal-TablesDashboard")["DashboardBody"])
    assert len(body["widgets"]) == made.widgets
    places = [(w["x"], w["y"], w["width"], w["height"]) for w in body["widgets"]]
    taken = {(x + dx, y + dy) for x, y, wide, high in places for dx in range(wide) for dy in range(high)}
    assert len(taken) == sum(wide * high for _, _, wide, high in places)  # none over another
    assert all(x + wide <= 24 for x, _, wide, _ in places)
    assert {w["properties"].get("region") for w in body["widgets"] if w["type"] == "metric"} == {"us-east-1"}
