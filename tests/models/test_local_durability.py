"""What the embedded AWS acknowledged is there after any stop: killed, stopped, or out of disk."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tablewright.local import process
from tablewright.local.errors import LocalError
from tests.conftest import EmbeddedAws
from tests.waiting import until

Start = Callable[..., EmbeddedAws]

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def create_table(dynamodb: Any, name: str = "Sessions") -> None:
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "owner", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "owner-index",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=STREAM,
    )


def stream_records(aws: EmbeddedAws, table: str = "Sessions") -> list[dict[str, Any]]:
    """Every record of a table's stream, oldest first."""
    streams = aws.client("dynamodbstreams")
    arn = aws.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    following, found = iterator["ShardIterator"], list[dict[str, Any]]()
    while True:
        page = streams.get_records(ShardIterator=following)
        if not page["Records"]:
            return found
        found += page["Records"]
        following = page["NextShardIterator"]


def kill(aws: EmbeddedAws) -> None:
    os.kill(aws.running.pid, signal.SIGKILL)


class Writer(threading.Thread):
    """Counts upwards in an item of its own, in one put or transaction a step, until the server is gone."""

    def __init__(self, aws: EmbeddedAws, name: str, acknowledged: int) -> None:
        super().__init__(daemon=True)
        self._dynamodb = aws.client("dynamodb", read_timeout=60)
        self._id = name
        self.acknowledged = acknowledged
        self.surprise: Exception | None = None

    def run(self) -> None:
        try:
            while True:
                self._step(self.acknowledged + 1)
                self.acknowledged += 1
        except BotoCoreError:
            pass
        except Exception as problem:
            self.surprise = problem

    def _step(self, number: int) -> None:
        row = {"id": {"S": f"{self._id}/{number}"}, "owner": {"S": self._id}, "n": {"N": str(number)}}
        if number % 3:
            self._dynamodb.put_item(TableName="Sessions", Item=row)
            return
        count = {
            "TableName": "Sessions",
            "Key": {"id": {"S": self._id}},
            "UpdateExpression": "ADD steps :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        put = {"TableName": "Sessions", "Item": row, "ConditionExpression": "attribute_not_exists(id)"}
        self._dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"Update": count}])


def _rows_of(dynamodb: Any, writer: str) -> list[int]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName="Sessions",
        IndexName="owner-index",
        KeyConditionExpression="#o = :o",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":o": {"S": writer}},
    )
    return sorted(int(item["n"]["N"]) for page in pages for item in page["Items"])


@pytest.mark.slow
def test_killed_under_concurrent_writers_nothing_acknowledged_is_lost(start_aws: Start) -> None:
    chance = random.Random(20261122)
    aws = start_aws(snapshot_after=60_000)
    create_table(aws.client("dynamodb"))
    acknowledged = {f"writer-{number}": 0 for number in range(6)}
    seen: list[dict[str, Any]] = []
    for _ in range(4):
        writers = {name: Writer(aws, name, done) for name, done in acknowledged.items()}
        for writer in writers.values():
            writer.start()
        until(lambda: all(writer.acknowledged > acknowledged[name] for name, writer in writers.items()))  # noqa: B023
        time.sleep(chance.uniform(0.1, 0.5))
        kill(aws)
        for writer in writers.values():
            writer.join(120)
            assert writer.surprise is None and not writer.is_alive()
        aws = start_aws()
        dynamodb = aws.client("dynamodb")
        for name, writer in writers.items():
            rows = _rows_of(dynamodb, name)
            # The step under way at the kill may be there or not; nothing may be missing before it, nothing come after it.
            assert rows in (list(range(1, writer.acknowledged + 1)), list(range(1, writer.acknowledged + 2)))
            steps = dynamodb.get_item(TableName="Sessions", Key={"id": {"S": name}})
            assert int(steps.get("Item", {}).get("steps", {"N": "0"})["N"]) == len(rows) // 3
            acknowledged[name] = len(rows)
        records = stream_records(aws)
        assert records[: len(seen)] == seen
        assert len(records) == sum(len(range(1, done + 1)) + done // 3 for done in acknowledged.values())
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        assert numbers == sorted(set(numbers))
        seen = records
    assert min(acknowledged.values()) >= 4


def _everything(aws: EmbeddedAws) -> dict[str, Any]:
    """What can be seen of what `_some_of_everything` made."""
    dynamodb, cloudwatch, logs, sns, s3, iam, sqs, kms, ssm = (
        aws.client(name) for name in ("dynamodb", "cloudwatch", "logs", "sns", "s3", "iam", "sqs", "kms", "ssm")
    )
    topic = sns.list_topics()["Topics"][0]["TopicArn"]
    key = kms.list_keys()["Keys"][0]["KeyId"]
    group = "/aws/app"
    object_ = s3.get_object(Bucket="templates", Key="stack.yaml")
    backup = aws.client("backup")
    plan = backup.list_backup_plans()["BackupPlansList"][0]["BackupPlanId"]
    answers = {
        "table": dynamodb.describe_table(TableName="Sessions"),
        "items": dynamodb.scan(TableName="Sessions"),
        "ttl": dynamodb.describe_time_to_live(TableName="Sessions"),
        "tags": dynamodb.list_tags_of_resource(
            ResourceArn=dynamodb.describe_table(TableName="Sessions")["Table"]["TableArn"]
        ),
        "backups": dynamodb.list_backups(),
        "stream": {"records": stream_records(aws)},
        "alarms": cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"]),
        "history": cloudwatch.describe_alarm_history(),
        "metrics": cloudwatch.list_metrics(Namespace="Demo"),
        "groups": logs.describe_log_groups(),
        "events": logs.filter_log_events(logGroupName=group),
        "subscriptions": sns.list_subscriptions_by_topic(TopicArn=topic),
        "topic": sns.get_topic_attributes(TopicArn=topic),
        "bucket": s3.list_object_versions(Bucket="templates"),
        "buckets": s3.list_buckets(),
        "object": {"body": object_["Body"].read(), "at": object_["LastModified"], "etag": object_["ETag"]},
        "role": iam.get_role(RoleName="deployer"),
        "policies": iam.list_attached_role_policies(RoleName="deployer"),
        "managed": iam.list_policies(Scope="AWS"),
        "queue": sqs.get_queue_attributes(QueueUrl=sqs.list_queues()["QueueUrls"][0], AttributeNames=["All"]),
        "key": kms.describe_key(KeyId=key),
        "parameter": ssm.get_parameter(Name="/app/table"),
        "vault": backup.describe_backup_vault(BackupVaultName="vault"),
        "plan": backup.get_backup_plan(BackupPlanId=plan),
        "selections": backup.list_backup_selections(BackupPlanId=plan),
    }
    for answer in answers.values():
        answer.pop("ResponseMetadata", None)
    return answers


def _some_of_everything(aws: EmbeddedAws) -> bytes:
    """Make something in every service that keeps things; returns a text encrypted with the key."""
    dynamodb = aws.client("dynamodb")
    create_table(dynamodb)
    arn = dynamodb.describe_table(TableName="Sessions")["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "chef"}])
    dynamodb.update_time_to_live(
        TableName="Sessions", TimeToLiveSpecification={"Enabled": True, "AttributeName": "TTL"}
    )
    dynamodb.update_continuous_backups(
        TableName="Sessions", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    for number in range(5):
        dynamodb.put_item(TableName="Sessions", Item={"id": {"S": str(number)}, "owner": {"S": "me"}})
    dynamodb.delete_item(TableName="Sessions", Key={"id": {"S": "3"}})
    dynamodb.create_backup(TableName="Sessions", BackupName="before")
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="alarms", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="throttled",
        Namespace="Demo",
        MetricName="Throttles",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    cloudwatch.put_metric_data(Namespace="Demo", MetricData=[{"MetricName": "Throttles", "Value": 7}])
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("throttled")')
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/app")
    logs.put_retention_policy(logGroupName="/aws/app", retentionInDays=7)
    logs.create_log_stream(logGroupName="/aws/app", logStreamName="one")
    event = {"timestamp": int(time.time() * 1000), "message": "hello"}
    logs.put_log_events(logGroupName="/aws/app", logStreamName="one", logEvents=[event])
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_bucket_versioning(Bucket="templates", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"Resources: {}", bytes(range(256)) * 300):
        s3.put_object(Bucket="templates", Key="stack.yaml", Body=body, Metadata={"made-by": "test"})
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=policy)
    iam.attach_role_policy(RoleName="deployer", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    kms = aws.client("kms")
    key = kms.create_key(Description="tables")["KeyMetadata"]["KeyId"]
    aws.client("ssm").put_parameter(Name="/app/table", Value="Sessions", Type="String")
    backup = aws.client("backup")
    backup.create_backup_vault(BackupVaultName="vault")
    rule = {"RuleName": "daily", "TargetBackupVaultName": "vault"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [rule]})["BackupPlanId"]
    role = "arn:aws:iam::000000000000:role/service-role/AWSBackupDefaultServiceRole"
    selection = {"SelectionName": "all", "IamRoleArn": role, "Resources": ["*"]}
    backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    blob: bytes = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    return blob


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("killed", marks=pytest.mark.slow),
        pytest.param("stopped", marks=pytest.mark.slow),
        "killed with a snapshot",
    ],
)
def test_after_a_restart_everything_is_as_it_was(start_aws: Start, how: str) -> None:
    aws = start_aws(snapshot_after=2_000 if how == "killed with a snapshot" else 0)
    secret = _some_of_everything(aws)
    before = _everything(aws)

    kill(aws) if how != "stopped" else process.stop(aws.folder)
    aws = start_aws()

    assert _everything(aws) == before
    assert aws.client("kms").decrypt(CiphertextBlob=secret)["Plaintext"] == b"secret"
    # And it goes on from there: the next record follows the last.
    aws.client("dynamodb").put_item(TableName="Sessions", Item={"id": {"S": "next"}})
    *earlier, last = stream_records(aws)
    assert earlier == before["stream"]["records"]
    assert last["dynamodb"]["SequenceNumber"] > earlier[-1]["dynamodb"]["SequenceNumber"]


@pytest.mark.slow
def test_an_iterator_taken_before_the_kill_goes_on_after_it(start_aws: Start) -> None:
    aws = start_aws()
    dynamodb = aws.client("dynamodb")
    create_table(dynamodb)
    for number in range(3):
        dynamodb.put_item(TableName="Sessions", Item={"id": {"S": str(number)}})
    arn = dynamodb.describe_table(TableName="Sessions")["Table"]["LatestStreamArn"]
    streams = aws.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    page = streams.get_records(ShardIterator=iterator, Limit=2)

    kill(aws)
    aws = start_aws()

    [record] = aws.client("dynamodbstreams").get_records(ShardIterator=page["NextShardIterator"])["Records"]
    assert record["dynamodb"]["Keys"] == {"id": {"S": "2"}}


@pytest.mark.slow
def test_a_transaction_token_is_still_known_after_a_kill(start_aws: Start) -> None:
    aws = start_aws()
    create_table(aws.client("dynamodb"))
    update = {
        "TableName": "Sessions",
        "Key": {"id": {"S": "counter"}},
        "UpdateExpression": "ADD steps :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    for _ in range(2):
        aws.client("dynamodb").transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="once")
        kill(aws)
        aws = start_aws()

    item = aws.client("dynamodb").get_item(TableName="Sessions", Key={"id": {"S": "counter"}})["Item"]
    assert item["steps"] == {"N": "1"}


@pytest.mark.slow
def test_what_ttl_deleted_stays_deleted_and_its_stream_records_say_so(start_aws: Start) -> None:
    aws = start_aws()
    dynamodb = aws.client("dynamodb")
    create_table(dynamodb)
    dynamodb.update_time_to_live(
        TableName="Sessions", TimeToLiveSpecification={"Enabled": True, "AttributeName": "TTL"}
    )
    now = int(time.time())
    moments = {"past": now - 10, "ancient": now - 6 * 366 * 86400, "future": now + 3600}
    for name, moment in moments.items():
        dynamodb.put_item(TableName="Sessions", Item={"id": {"S": name}, "TTL": {"N": str(moment)}})
    until(lambda: dynamodb.scan(TableName="Sessions")["Count"] < 3)
    before = stream_records(aws)
    # A write that succeeds only because TTL deleted the item must succeed again in the replay.
    dynamodb.put_item(TableName="Sessions", Item={"id": {"S": "past"}}, ConditionExpression="attribute_not_exists(id)")

    kill(aws)
    aws = start_aws()

    left = {item["id"]["S"] for item in aws.client("dynamodb").scan(TableName="Sessions")["Items"]}
    after = stream_records(aws)
    assert left == {"past", "ancient", "future"}
    assert after[: len(before)] == before
    assert before[-1]["eventName"] == "REMOVE"
    assert before[-1]["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def _only_segment(folder: Path) -> Path:
    [segment] = folder.glob("log-*.wal")
    return segment


@pytest.mark.parametrize(
    "cut", [17, pytest.param(1, marks=pytest.mark.slow), pytest.param(300, marks=pytest.mark.slow)]
)
def test_a_last_record_that_was_cut_off_is_left_out(start_aws: Start, cut: int) -> None:
    aws = start_aws()
    create_table(aws.client("dynamodb"))
    for number in range(3):
        aws.client("dynamodb").put_item(TableName="Sessions", Item={"id": {"S": str(number)}})
    kill(aws)
    segment = _only_segment(aws.folder)
    data = segment.read_bytes()
    # Metrics may have been logged after the last write: cut within that.
    segment.write_bytes(data[: data.rindex(b'"2"') + 3 - cut])

    aws = start_aws()
    left = {item["id"]["S"] for item in aws.client("dynamodb").scan(TableName="Sessions")["Items"]}
    assert left == ({"0", "1"} if cut < 300 else {"0", "1"} & left)

    aws.client("dynamodb").put_item(TableName="Sessions", Item={"id": {"S": "after"}})
    kill(aws)
    aws = start_aws()
    assert {item["id"]["S"] for item in aws.client("dynamodb").scan(TableName="Sessions")["Items"]} == left | {"after"}


@pytest.mark.parametrize(
    "where",
    ["last payload", *(pytest.param(where, marks=pytest.mark.slow) for where in ("payload", "length", "first bytes"))],
)
def test_damage_to_acknowledged_data_is_said_not_skipped(start_aws: Start, where: str) -> None:
    aws = start_aws()
    create_table(aws.client("dynamodb"))
    for number in range(3):
        aws.client("dynamodb").put_item(TableName="Sessions", Item={"id": {"S": str(number)}})
    kill(aws)
    segment = _only_segment(aws.folder)
    data = bytearray(segment.read_bytes())
    at = {"payload": 200, "length": 16 + 5, "first bytes": 2, "last payload": len(data) - 20}[where]
    data[at] ^= 0x10
    segment.write_bytes(data)

    with pytest.raises(LocalError) as refused:
        start_aws()

    assert refused.value.code == "log-damaged"
    assert str(segment) in refused.value.detail
    assert refused.value.next_command == "tablewright local reset"
    assert segment.read_bytes() == data


@pytest.mark.slow
def test_a_damaged_snapshot_is_said(start_aws: Start) -> None:
    aws = start_aws()
    create_table(aws.client("dynamodb"))
    process.stop(aws.folder)
    [snapshot] = aws.folder.glob("snap-*.bin")
    data = bytearray(snapshot.read_bytes())
    data[len(data) // 2] ^= 1
    snapshot.write_bytes(data)

    with pytest.raises(LocalError) as refused:
        start_aws()

    assert refused.value.code == "snapshot-damaged"
    assert str(snapshot) in refused.value.detail


@pytest.mark.slow
def test_a_log_with_a_missing_part_is_said(start_aws: Start) -> None:
    aws = start_aws(snapshot_after=1 << 40)
    create_table(aws.client("dynamodb"))
    kill(aws)
    aws = start_aws(snapshot_after=1 << 40)
    aws.client("dynamodb").put_item(TableName="Sessions", Item={"id": {"S": "1"}})
    kill(aws)
    min(aws.folder.glob("log-*.wal")).unlink()

    with pytest.raises(LocalError) as refused:
        start_aws()

    assert refused.value.code == "log-damaged"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit another process")
def test_a_disk_that_takes_no_more_is_an_error_and_never_an_acknowledgement(start_aws: Start) -> None:
    for attempt in range(5):
        aws = start_aws(f"state-{attempt}")
        # The kernel itself refuses the log's writes: the server may not make a file larger than this.
        resource.prlimit(aws.running.pid, resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
        dynamodb = aws.client("dynamodb")
        create_table(dynamodb)
        acknowledged: list[str] = []
        with pytest.raises((ClientError, BotoCoreError)) as refused:
            for number in range(200):
                dynamodb.put_item(TableName="Sessions", Item={"id": {"S": str(number)}, "fill": {"S": "x" * 1000}})
                acknowledged.append(str(number))
        if isinstance(refused.value, ClientError):
            break  # else a metric was what had no room, and the server was gone before the next put came

    assert isinstance(refused.value, ClientError)
    assert refused.value.response["Error"]["Code"] == "InternalServerError"
    assert "could not be kept" in refused.value.response["Error"]["Message"]
    until(lambda: process.status(aws.folder) is None)
    assert any("cannot be written" in line for line in process.logs(aws.folder))

    aws = start_aws(aws.folder.name)
    left = {item["id"]["S"] for item in aws.client("dynamodb").scan(TableName="Sessions")["Items"]}
    assert left == set(acknowledged)
