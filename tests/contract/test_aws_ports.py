"""Every port over real HTTP: tablewright's reading of AWS against what boto3 made on the embedded AWS."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tablewright.account import open_account
from tablewright.errors import Failed, UsageError
from tablewright.model.stack import ChangeSet, Stack
from tablewright.model.table import Holds, OnDemand, Provisioned
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account, ChangeSetRequest
from tests.conftest import EmbeddedAws
from tests.waiting import until

pytestmark = pytest.mark.embedded("how tablewright reads AWS; what it reads is written on the embedded AWS")

ORDERS = {
    "TableName": "orders",
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "at", "AttributeType": "N"},
        {"AttributeName": "who", "AttributeType": "S"},
    ],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "who-index",
            "KeySchema": [{"AttributeName": "who", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
        }
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by-who",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "who", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "DeletionProtectionEnabled": True,
    "Tags": [{"Key": "Service", "Value": "주방"}],
}

TEMPLATE = """\
AWSTemplateFormatVersion: '2010-09-09'
Description: 'a comment stays # here'
Parameters:
  Stage: {Type: String, Default: test}
  Secret: {Type: String, NoEcho: true}
Resources:
  # this comment is part of the template
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub 'orders-${Stage}'
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
Outputs:
  Name:
    Description: the table
    Value: !Ref Orders
    Export: {Name: !Sub '${AWS::StackName}-name'}
"""


@pytest.fixture
def ours(aws: EmbeddedAws, account: str) -> Account:
    return open_account(endpoint_url=aws.endpoint, credentials=Credentials(account, "local"))


def _request(stack: str, kind: str, body: str = TEMPLATE, **more: Any) -> ChangeSetRequest:
    token = f"token-{kind.lower()}-{time.monotonic_ns()}"
    values: dict[str, Any] = {"parameters": {"Stage": "one", "Secret": "hush"}, "tags": {"Team": "kitchen"}} | more
    return ChangeSetRequest(stack=stack, name=f"cs-{time.monotonic_ns()}", kind=kind, body=body, token=token, **values)


def _made(ours: Account, request: ChangeSetRequest) -> ChangeSet:
    begun = ours.change_sets.create(request)

    def made() -> ChangeSet | None:
        found = ours.change_sets.describe(begun.id)
        assert found is not None
        return found if found.status not in ("CREATE_PENDING", "CREATE_IN_PROGRESS") else None

    found = until(made)
    assert found is not None
    return found


def _settled(ours: Account, ref: str) -> Stack:
    def settled() -> Stack | None:
        found = ours.stacks.describe(ref)
        assert found is not None
        return found if not found.status.endswith("_IN_PROGRESS") else None

    found = until(settled)
    assert found is not None
    return found


def _deployed(ours: Account, stack: str, body: str = TEMPLATE, kind: str = "CREATE", **more: Any) -> Stack:
    made = _made(ours, _request(stack, kind, body, **more))
    assert made.status == "CREATE_COMPLETE", made.reason
    ours.change_sets.execute(made.id, token=f"execute-{time.monotonic_ns()}")
    return _settled(ours, made.stack_id)


def test_whereabouts_of_the_embedded_aws(aws: EmbeddedAws, account: str, ours: Account) -> None:
    found = ours.identity.whereabouts()
    assert (found.account, found.partition, found.endpoint) == (account, "aws", aws.endpoint)


def test_a_table_is_described_whole(aws: EmbeddedAws, account: str, ours: Account) -> None:
    dynamodb = aws.client("dynamodb", account=account)
    dynamodb.create_table(**ORDERS)
    dynamodb.update_time_to_live(TableName="orders", TimeToLiveSpecification={"AttributeName": "TTL", "Enabled": True})
    dynamodb.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    table = ours.tables.describe("orders")
    assert table is not None
    assert [(k.name, k.type, k.role) for k in table.keys] == [("id", "S", "HASH"), ("at", "N", "RANGE")]
    assert table.billing == OnDemand()
    assert [(i.name, i.kind, i.projection, i.included) for i in table.indexes] == [
        ("who-index", "global", "INCLUDE", ("total",)),
        ("by-who", "local", "KEYS_ONLY", ()),
    ]
    assert (table.stream_view, table.deletion_protection, table.table_class) == ("NEW_IMAGE", True, "STANDARD")
    assert table.stream_arn is not None
    assert table.tags == {"Service": "주방"}
    assert table.ttl is not None
    assert (table.ttl.status in ("ENABLING", "ENABLED"), table.ttl.attribute) == (True, "TTL")
    assert table.recovery is not None
    assert table.recovery.enabled
    assert table.created_at.tzinfo is UTC
    assert table.unknown == {}
    polled = ours.tables.describe("orders", settings=False)
    assert polled is not None
    assert (polled.ttl, polled.recovery, polled.tags) == (None, None, {})


def test_a_provisioned_table_has_its_units(aws: EmbeddedAws, account: str, ours: Account) -> None:
    aws.client("dynamodb", account=account).create_table(
        TableName="units",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 2},
    )
    table = ours.tables.describe("units")
    assert table is not None
    assert table.billing == Provisioned(3, 2)
    assert table.ttl is not None
    assert table.ttl.status == "DISABLED"


def test_no_table_is_none_and_holds_nothing_and_says_so(ours: Account) -> None:
    assert ours.tables.describe("nothing-here") is None
    contents = ours.tables.contents("nothing-here")
    assert (contents.holds, contents.reason) == (Holds.NOTHING, "there is no such table")


def test_contents_are_counted_not_guessed(aws: EmbeddedAws, account: str, ours: Account) -> None:
    dynamodb = aws.client("dynamodb", account=account)
    dynamodb.create_table(**ORDERS)
    assert ours.tables.contents("orders").is_empty
    for number in range(250):
        dynamodb.put_item(TableName="orders", Item={"id": {"S": f"o{number}"}, "at": {"N": "1"}})
    contents = ours.tables.contents("orders")
    assert contents.holds is Holds.ITEMS
    assert 0 < contents.seen <= 250


def test_expiring_counts_what_ttl_would_delete(aws: EmbeddedAws, account: str, ours: Account) -> None:
    dynamodb = aws.client("dynamodb", account=account)
    dynamodb.create_table(**ORDERS)
    now = datetime.now(UTC)
    times = {
        "past": {"N": str(int((now - timedelta(days=1)).timestamp()))},
        "future": {"N": str(int((now + timedelta(days=1)).timestamp()))},
        "ancient": {"N": "1000000"},
        "milliseconds": {"N": str(int(now.timestamp() * 1000))},
        "text": {"S": "2020-01-01"},
        "fraction": {"N": str((now - timedelta(hours=1)).timestamp())},
    }
    for name, value in times.items():
        dynamodb.put_item(TableName="orders", Item={"id": {"S": name}, "at": {"N": "1"}, "expiresAt": value})
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "none"}, "at": {"N": "1"}})
    sample = ours.tables.expiring("orders", "expiresAt", now=now)
    assert (sample.read, sample.expired, sample.complete) == (7, 2, True)


def test_backups_are_listed_newest_first(aws: EmbeddedAws, account: str, ours: Account) -> None:
    dynamodb = aws.client("dynamodb", account=account)
    dynamodb.create_table(**ORDERS)
    assert ours.tables.backups("orders") == ()
    for name in ("first", "second"):
        dynamodb.create_backup(TableName="orders", BackupName=name)
    backups = ours.tables.backups("orders")
    assert {b.name for b in backups} == {"first", "second"}
    assert backups[0].created_at >= backups[1].created_at


DIMENSIONS = [{"Name": "TableName", "Value": "orders"}]


def test_an_alarm_is_described_with_what_it_watches(aws: EmbeddedAws, account: str, ours: Account) -> None:
    aws.client("cloudwatch", account=account).put_metric_alarm(
        AlarmName="plain",
        Namespace="AWS/DynamoDB",
        MetricName="ReadThrottleEvents",
        Dimensions=DIMENSIONS,
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=["arn:aws:sns:us-east-1:000000000000:topic"],
    )
    (plain,) = ours.observations.alarms(["no such alarm", "plain"])
    assert (plain.name, plain.metric, plain.dimensions) == ("plain", "ReadThrottleEvents", {"TableName": "orders"})
    assert (plain.threshold, plain.period, plain.missing_data) == (5, 300, "notBreaching")
    assert [(w.namespace, w.metric, w.dimensions, w.statistic) for w in plain.watches] == [
        ("AWS/DynamoDB", "ReadThrottleEvents", {"TableName": "orders"}, "Sum")
    ]
    assert len(plain.actions) == 1
    assert ours.observations.alarms([]) == ()


def test_a_metric_math_alarm_watches_every_metric_in_it(aws: EmbeddedAws, account: str, ours: Account) -> None:
    cloudwatch = aws.client("cloudwatch", account=account)
    metrics = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": DIMENSIONS},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for name, metric in (("r", "ReadThrottleEvents"), ("w", "WriteThrottleEvents"))
    ]
    cloudwatch.put_metric_alarm(
        AlarmName="math",
        Metrics=[*metrics, {"Id": "sum", "Expression": "FILL(r,0)+FILL(w,0)", "ReturnData": True}],
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    if not cloudwatch.describe_alarms(AlarmNames=["math"])["MetricAlarms"][0].get("Metrics"):
        pytest.skip("the embedded CloudWatch forgets the metrics of a metric math alarm")
    (math,) = ours.observations.alarms(["math"])
    assert [w.metric for w in math.watches] == ["ReadThrottleEvents", "WriteThrottleEvents"]
    assert (math.metric, math.period) == ("", 60)


def test_more_alarms_than_one_call_takes(aws: EmbeddedAws, account: str, ours: Account) -> None:
    cloudwatch = aws.client("cloudwatch", account=account)
    names = [f"alarm-{number:03d}" for number in range(130)]
    for name in names:
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/DynamoDB",
            MetricName="UserErrors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
    assert [a.name for a in ours.observations.alarms(names)] == names


def test_traffic_adds_up_what_cloudwatch_counted(aws: EmbeddedAws, account: str, ours: Account) -> None:
    cloudwatch = aws.client("cloudwatch", account=account)
    now = datetime.now(UTC)
    on_index = [*DIMENSIONS, {"Name": "GlobalSecondaryIndexName", "Value": "by-who"}]
    counted = [
        ("ConsumedReadCapacityUnits", DIMENSIONS, 10.5, now - timedelta(minutes=50)),
        ("ConsumedReadCapacityUnits", DIMENSIONS, 2.0, now - timedelta(minutes=2)),
        ("ConsumedReadCapacityUnits", DIMENSIONS, 99.0, now - timedelta(minutes=100)),
        ("ConsumedWriteCapacityUnits", on_index, 7.0, now - timedelta(minutes=5)),
        ("WriteThrottleEvents", on_index, 3.0, now - timedelta(minutes=5)),
    ]
    for metric, dimensions, value, at in counted:
        data = {"MetricName": metric, "Dimensions": dimensions, "Value": value, "Timestamp": at}
        try:
            cloudwatch.put_metric_data(Namespace="AWS/DynamoDB", MetricData=[data])
        except ClientError:
            pytest.skip("CloudWatch keeps AWS/ namespaces to AWS's own services")
    subjects = [("orders", "by-who"), ("orders", None), ("other", None)]
    found = ours.observations.traffic(subjects, since=now - timedelta(hours=1), until=now + timedelta(minutes=1))
    assert [(t.table, t.index, t.read_units, t.write_units, t.throttled_reads, t.throttled_writes) for t in found] == [
        ("orders", "by-who", 0.0, 7.0, 0, 3),
        ("orders", None, 12.5, 0.0, 0, 0),
        ("other", None, 0.0, 0.0, 0, 0),
    ]


def test_traffic_of_more_tables_than_one_call_takes(ours: Account) -> None:
    subjects = [(f"table-{number}", None) for number in range(130)]
    now = datetime.now(UTC)
    found = ours.observations.traffic(subjects, since=now - timedelta(hours=1), until=now)
    assert [(t.table, t.read_units) for t in found] == [(name, 0.0) for name, _ in subjects]


def test_a_log_group_is_found_by_its_whole_name(aws: EmbeddedAws, account: str, ours: Account) -> None:
    logs = aws.client("logs", account=account)
    for name in ("/aws/orders-archive", "/aws/orders"):
        logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName="/aws/orders", retentionInDays=7)
    found = ours.observations.log_group("/aws/orders")
    assert found is not None
    assert (found.name, found.retention_days) == ("/aws/orders", 7)
    archive = ours.observations.log_group("/aws/orders-archive")
    assert archive is not None
    assert archive.retention_days is None
    assert ours.observations.log_group("/aws/order") is None


def test_a_stack_from_change_set_to_deletion(ours: Account) -> None:
    assert ours.stacks.describe("orders") is None
    stack = _deployed(ours, "orders")
    assert (stack.name, stack.status) == ("orders", "CREATE_COMPLETE")
    assert stack.parameters == {"Stage": "one", "Secret": "****"}
    assert stack.tags == {"Team": "kitchen"}
    (output,) = stack.outputs
    assert (output.key, output.value, output.export) == ("Name", "orders-one", "orders-name")
    assert output.description == "the table"
    assert ours.stacks.template("orders") == TEMPLATE
    (resource,) = ours.stacks.resources("orders")
    assert (resource.logical_id, resource.physical_id, resource.status) == ("Orders", "orders-one", "CREATE_COMPLETE")
    events = list(ours.stacks.events(stack.id))
    assert events[0].is_of_stack
    assert events[0].status == "CREATE_COMPLETE"
    assert [e.at for e in events] == sorted((e.at for e in events), reverse=True)
    ours.stacks.delete(stack.id, token="delete-1")
    assert _settled(ours, stack.id).status == "DELETE_COMPLETE"
    assert ours.stacks.describe("orders") is None, "a deleted stack is found by its id alone"
    assert ours.stacks.resources("orders") == ()
    assert list(ours.stacks.events("orders")) == []
    with pytest.raises(Failed) as caught:
        ours.stacks.template("orders")
    assert caught.value.code == "stack-not-found"


def test_a_json_template_comes_back_as_it_was_sent(ours: Account) -> None:
    body = '{ "Resources" : {"Group":  {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}} }\n'
    _deployed(ours, "json", body, parameters={})
    assert ours.stacks.template("json") == body


def test_a_change_set_tells_what_it_would_change(ours: Account) -> None:
    _deployed(ours, "orders")
    body = TEMPLATE.replace("      KeySchema", "      DeletionProtectionEnabled: true\n      KeySchema")
    made = _made(ours, _request("orders", "UPDATE", body, parameters={"Stage": "one"}, kept_parameters=("Secret",)))
    (change,) = made.changes
    assert (change.action, change.logical_id, change.physical_id) == ("Modify", "Orders", "orders-one")
    assert change.replacement == "False"
    assert [p.path for p in change.properties] == ["DeletionProtectionEnabled"]
    assert [c.id for c in ours.change_sets.of("orders") if c.execution_status == "AVAILABLE"] == [made.id]
    ours.change_sets.delete(made.id)
    ours.change_sets.delete(made.id)
    assert ours.change_sets.describe(made.id) is None


def test_a_change_set_without_changes_says_so(ours: Account) -> None:
    _deployed(ours, "orders")
    made = _made(ours, _request("orders", "UPDATE"))
    assert made.status == "FAILED"
    assert "didn't contain changes" in made.reason
    assert ours.change_sets.problems(made.id) == ()


def test_termination_protection_can_be_set(ours: Account) -> None:
    stack = _deployed(ours, "orders")
    assert not stack.termination_protection
    ours.stacks.protect(stack.id, enabled=True)
    found = ours.stacks.describe(stack.id)
    assert found is not None
    assert found.termination_protection
    ours.stacks.protect(stack.id, enabled=False)


def test_a_template_is_uploaded_where_cloudformation_reads_it(aws: EmbeddedAws, account: str, ours: Account) -> None:
    aws.client("s3", account=account).create_bucket(Bucket="templates-of-the-test")
    assert ours.uploads is not None
    url = ours.uploads.put("templates-of-the-test", "a folder/주방.yaml", TEMPLATE)
    assert url.startswith(aws.endpoint)
    with pytest.raises(UsageError) as caught:
        ours.uploads.put("no-such-bucket-at-all", "x.yaml", TEMPLATE)
    assert caught.value.code == "no-such-bucket"


def test_tokens_differ_and_are_accepted_by_cloudformation(ours: Account) -> None:
    first, second = ours.tokens.token(), ours.tokens.token()
    assert first != second
    assert len(first) <= 128
    assert first.startswith("tablewright-")
