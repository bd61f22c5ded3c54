"""What DynamoDB publishes: dimension sets, units, sparse counts; and how it is asked for."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, item, moment, refused, spend, started, table, total

pytestmark = pytest.mark.embedded("its clock is moved")

_CATALOGUE = Path(__file__).parent.parent / "cases" / "metrics" / "dynamodb-metrics.csv"


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("metrics") / "state") as aws, control.held(aws.endpoint):
        yield aws


@pytest.fixture
def client(timed: EmbeddedAws, account: str) -> Any:
    return timed.client("dynamodb", account=account)


@pytest.fixture
def cloudwatch(timed: EmbeddedAws, account: str) -> Any:
    return timed.client("cloudwatch", account=account)


def _catalogue() -> dict[str, tuple[set[frozenset[str]], str]]:
    """metric -> (its dimension sets, its unit)."""
    found = {}
    with _CATALOGUE.open() as lines:
        for row in csv.DictReader(lines):
            sets = {
                frozenset() if each == "(none)" else frozenset(each.split("+"))
                for each in row["dimension_sets"].split("|")
            }
            found[row["metric"]] = (sets, row["unit"])
    return found


def _published(cloudwatch: Any) -> dict[str, set[frozenset[str]]]:
    found: dict[str, set[frozenset[str]]] = {}
    for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="AWS/DynamoDB"):
        for metric in page["Metrics"]:
            names = frozenset(each["Name"] for each in metric["Dimensions"])
            found.setdefault(metric["MetricName"], set()).add(names)
    return found


def _busy(client: Any, streams: Any) -> None:
    """Do something of everything that is published."""
    name = table(
        client,
        "Busy",
        read=1,
        write=1,
        attributes=("tag",),
        indexes=[index("byTag", "tag", write=1)],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    capped = table(
        client, "Capped", OnDemandThroughput={"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 5}, attributes=()
    )
    client.put_item(TableName=name, Item=item("a", tag="t"))
    refused(lambda: client.put_item(TableName=name, Item=item("a"), ConditionExpression="attribute_not_exists(pk)"))
    refused(lambda: client.put_item(TableName=name, Item={"wrong": {"S": "x"}}))
    for reading in ({}, {"IndexName": "byTag"}):
        client.scan(TableName=name, **reading)
    arn = client.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    streams.get_records(ShardIterator=iterator["ShardIterator"])
    spend(client, name, 600)
    spend(client, capped, 200)
    client.put_item(TableName=capped, Item=item("b", 400)) if not refused(
        lambda: client.put_item(TableName=capped, Item=item("big", 30 * 1024))
    ) else None
    refused(lambda: client.put_item(TableName=capped, Item=item("again")))


def test_every_published_metric_has_a_documented_set_of_dimensions(
    timed: EmbeddedAws, client: Any, cloudwatch: Any, account: str
) -> None:
    _busy(client, timed.client("dynamodbstreams", account=account))
    catalogue = _catalogue()

    published = _published(cloudwatch)

    for metric, sets in published.items():
        assert sets <= catalogue[metric][0], metric
    assert {
        "ConsumedReadCapacityUnits",
        "ConsumedWriteCapacityUnits",
        "ConditionalCheckFailedRequests",
        "ProvisionedReadCapacityUnits",
        "OnDemandMaxWriteRequestUnits",
        "ReturnedBytes",
        "ReturnedItemCount",
        "ReturnedRecordsCount",
        "SuccessfulRequestLatency",
        "ThrottledRequests",
        "UserErrors",
        "WriteThrottleEvents",
        "WriteProvisionedThroughputThrottleEvents",
        "WriteMaxOnDemandThroughputThrottleEvents",
        "AccountMaxWrites",
    } <= set(published)
    assert published["ThrottledRequests"] == {frozenset({"TableName", "Operation"})}
    assert published["UserErrors"] == {frozenset()}
    # What did not happen is not published.
    assert not {"SystemErrors", "TransactionConflict", "TimeToLiveDeletedItemCount", "ReadThrottleEvents"} & set(
        published
    )


def test_units_are_the_documented_ones(timed: EmbeddedAws, client: Any, cloudwatch: Any, account: str) -> None:
    _busy(client, timed.client("dynamodbstreams", account=account))
    end = moment(timed) + timedelta(minutes=1)
    checked = 0
    for metric in cloudwatch.list_metrics(Namespace="AWS/DynamoDB")["Metrics"]:
        found = cloudwatch.get_metric_statistics(
            **metric, StartTime=end - timedelta(hours=1), EndTime=end, Period=300, Statistics=["Maximum"]
        )
        for point in found["Datapoints"]:
            assert point["Unit"] == _catalogue()[metric["MetricName"]][1], metric
            checked += 1
    assert checked > 20


def test_the_table_s_name_alone_leaves_the_indexes_out(timed: EmbeddedAws, client: Any, cloudwatch: Any) -> None:
    name = table(client, "Split", attributes=("tag",), indexes=[index("byTag", "tag")])
    client.put_item(TableName=name, Item=item("a", 2000, tag="t"))

    assert total(timed, cloudwatch, "ConsumedWriteCapacityUnits", TableName=name) == 2.0
    about = {"TableName": name, "GlobalSecondaryIndexName": "byTag"}
    assert total(timed, cloudwatch, "ConsumedWriteCapacityUnits", **about) == 2.0


def test_metric_data_with_math_percentiles_and_insights(timed: EmbeddedAws, client: Any, cloudwatch: Any) -> None:
    one, two = table(client, "One", read=5, write=5), table(client, "Two", read=5, write=5)
    for name, count in ((one, 3), (two, 5)):
        for number in range(count):
            client.put_item(TableName=name, Item=item(str(number)))
    spend(client, two, 3000)
    refused(lambda: client.put_item(TableName=two, Item=item("z", 50 * 1024)))

    def measured(metric: str, stat: str, **dimensions: str) -> dict[str, Any]:
        listed = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        about = {"Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": listed}
        return {"MetricStat": {"Metric": about, "Period": 3600, "Stat": stat}, "ReturnData": False}

    end = moment(timed) + timedelta(minutes=1)
    found = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": "a", **measured("ConsumedWriteCapacityUnits", "Sum", TableName=one)},
            {"Id": "b", **measured("ConsumedWriteCapacityUnits", "Sum", TableName=two)},
            {
                "Id": "p",
                **measured("SuccessfulRequestLatency", "p99", TableName=one, Operation="PutItem"),
                "ReturnData": True,
            },
            {"Id": "none", **measured("ReadThrottleEvents", "Sum", TableName=one)},
            {"Id": "both", "Expression": "a + b", "Label": "writes"},
            {"Id": "filled", "Expression": "FILL(none, 0) + a"},
            {
                "Id": "q",
                "Expression": 'SELECT SUM(ThrottledRequests) FROM SCHEMA("AWS/DynamoDB", Operation, TableName) '
                "GROUP BY TableName ORDER BY SUM() DESC LIMIT 10",
                "Period": 3600,
            },
        ],
        StartTime=end - timedelta(hours=2),
        EndTime=end,
    )

    results = {(result["Id"], result["Label"]): result["Values"] for result in found["MetricDataResults"]}
    written = total(timed, cloudwatch, "ConsumedWriteCapacityUnits", TableName=two)
    assert sum(results["both", "writes"]) == 3.0 + written
    assert max(results["filled", "filled"]) == 3.0
    assert 0 < results["p", "SuccessfulRequestLatency"][0] < 10_000
    assert results["q", "Two"] and ("q", "One") not in results
    assert not any(key[0] == "none" for key in results)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Period": 61}, "InvalidParameterValue"),
        ({"Statistics": ["Median"]}, "InvalidParameterValue"),
        ({"EndTime": "2025-01-01T00:00:00Z"}, "InvalidParameterValue"),
        ({"EndTime": "2026-01-01T00:00:00Z"}, "InvalidParameterCombination"),
    ],
)
def test_a_bad_question_is_refused(cloudwatch: Any, changed: dict[str, Any], code: str) -> None:
    asked: dict[str, Any] = {
        "Namespace": "AWS/DynamoDB",
        "MetricName": "ConsumedReadCapacityUnits",
        "StartTime": "2025-01-01T00:00:00Z",
        "EndTime": "2025-01-01T01:00:00Z",
        "Period": 300,
        "Statistics": ["Sum"],
        **changed,
    }

    error = refused(lambda: cloudwatch.get_metric_statistics(**asked))

    assert error is not None and error.response["Error"]["Code"] == code


def test_metrics_survive_a_restart(tmp_path: Path) -> None:
    with started(tmp_path / "state") as first:
        name = table(first.client("dynamodb"), "Kept", read=3, write=3)
        first.client("dynamodb").put_item(TableName=name, Item=item("a", 3000))
        control.advance(first.endpoint, minutes=10)
    with started(tmp_path / "state") as again:
        cloudwatch = again.client("cloudwatch")
        assert total(again, cloudwatch, "ConsumedWriteCapacityUnits", TableName=name) == 3.0
        assert total(again, cloudwatch, "ProvisionedWriteCapacityUnits", "Maximum", TableName=name) >= 6.0


def test_ttl_deletions_are_counted_and_are_the_service_s(
    timed: EmbeddedAws, client: Any, cloudwatch: Any, account: str
) -> None:
    name = table(client, "Expiring", StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"})
    client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    past = str(int(control.now(timed.endpoint)) - 60)
    client.put_item(TableName=name, Item={"pk": {"S": "a"}, "ttl": {"N": past}})
    control.advance(timed.endpoint, minutes=1)

    assert total(timed, cloudwatch, "TimeToLiveDeletedItemCount", TableName=name) == 1.0
    assert total(timed, cloudwatch, "ConsumedWriteCapacityUnits", TableName=name) == 1.0
    streams = timed.client("dynamodbstreams", account=account)
    arn = client.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    removed = streams.get_records(ShardIterator=iterator)["Records"][-1]
    assert removed["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


_GUIDE = (
    ("dynamodb", "describe_table", {"TableName": "ai-chef-sessions"}),
    (
        "cloudwatch",
        "get_metric_statistics",
        {
            "Namespace": "AWS/DynamoDB",
            "MetricName": "ConsumedReadCapacityUnits",
            "Dimensions": [{"Name": "TableName", "Value": "ai-chef-sessions"}],
            "StartTime": "2025-01-01T00:00:00Z",
            "EndTime": "2025-01-01T01:00:00Z",
            "Period": 300,
            "Statistics": ["Sum"],
        },
    ),
    ("dynamodb", "list_backups", {"TableName": "ai-chef-sessions"}),
)


def test_the_guide_s_three_debugging_commands_run(timed: EmbeddedAws, client: Any, account: str) -> None:
    table(client, "ai-chef-sessions")
    client.create_backup(TableName="ai-chef-sessions", BackupName="before")

    answers = [getattr(timed.client(service, account=account), call)(**asked) for service, call, asked in _GUIDE]

    assert answers[0]["Table"]["TableStatus"] == "ACTIVE"
    assert answers[1]["Label"] == "ConsumedReadCapacityUnits" and answers[1]["Datapoints"] == []
    assert [backup["BackupName"] for backup in answers[2]["BackupSummaries"]] == ["before"]


@pytest.mark.slow
def test_the_guide_s_three_debugging_commands_run_as_written(timed: EmbeddedAws, tmp_path: Path) -> None:
    aws = Path(sys.prefix).parent / ".venv-aws/bin/aws"
    if not aws.exists():
        pytest.skip("the AWS CLI is not installed beside the project (make bench installs it)")
    table(timed.client("dynamodb"), "ai-chef-sessions")
    script = tmp_path / "guide.sh"
    script.write_text(
        "set -e\n"
        "aws dynamodb describe-table --table-name ai-chef-sessions\n"
        "aws cloudwatch get-metric-statistics --namespace AWS/DynamoDB --metric-name ConsumedReadCapacityUnits \\\n"
        "  --dimensions Name=TableName,Value=ai-chef-sessions --start-time 2025-01-01T00:00:00Z \\\n"
        "  --end-time 2025-01-01T01:00:00Z --period 300 --statistics Sum\n"
        "aws dynamodb list-backups --table-name ai-chef-sessions\n"
    )
    env = {**timed.running.env(), "PATH": f"{aws.parent}:/usr/bin:/bin", "AWS_DEFAULT_OUTPUT": "json"}

    done = subprocess.run(["bash", str(script)], env=env, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    assert '"Label": "ConsumedReadCapacityUnits"' in done.stdout and '"BackupSummaries"' in done.stdout
