"""The law of the log: performing it again on nothing gives the state that it came from, whatever was done."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tablewright.local import statefile
from tablewright.local.clock import Clock
from tablewright.local.dataplane import DataPlane
from tablewright.local.ledger import Ledger
from tablewright.local.operation import Request, which
from tablewright.local.stores import STORES

_ACCOUNT, _REGION = "000000000000", "us-east-1"
_TARGETS = {
    "dynamodb": "DynamoDB_20120810",
    "logs": "Logs_20140328",
    "cloudwatch": "GraniteServiceVersion20100801",
    "sqs": "AmazonSQS",
    "kms": "TrentService",
    "ssm": "AmazonSSM",
}
_QUERY_VERSIONS = {"sns": "2010-03-31", "iam": "2010-05-08", "sts": "2011-06-15"}


class _Plane:
    """ministack in this test process, and its stores as they are when nothing has happened."""

    def __init__(self) -> None:
        self.plane = DataPlane()
        for name in STORES:
            self.plane._module(name)
        self._pristine = statefile.dumps(self.plane.capture())

    def clear(self) -> None:
        self.plane._module("kms").reset()
        self.plane.restore(statefile.loads(self._pristine))

    def state(self) -> Any:
        """A copy of the state that can be compared."""
        return _comparable(statefile.loads(statefile.dumps(self.plane.capture())))


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _comparable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(each) for each in value]
    if isinstance(value, itertools.count):
        return repr(value)
    return _comparable(value._data) if hasattr(value, "_data") else value


@pytest.fixture(scope="module")
def plane() -> Iterator[_Plane]:
    level = logging.getLogger().level
    with mock.patch.dict(os.environ):
        yield _Plane()
    logging.getLogger().setLevel(level)


def _request(service: str, operation: str, params: dict[str, Any]) -> Request:
    if service == "s3":
        method, _, path = operation.partition(" ")
        body = params.get("body", "").encode()
        signed = f"AWS4-HMAC-SHA256 Credential={_ACCOUNT}/20260101/{_REGION}/s3/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"host": "localhost:4599", "authorization": signed, "content-length": str(len(body))}
        return Request(method, path, params.get("query", ""), headers, body)
    if service == "backup":
        method, _, path = operation.partition(" ")
        signed = f"AWS4-HMAC-SHA256 Credential={_ACCOUNT}/20260101/{_REGION}/backup/aws4_request, SignedHeaders=host, Signature=0"
        return Request(method, path, "", {"authorization": signed}, json.dumps(params).encode() if params else b"")
    if service in _QUERY_VERSIONS:
        form = {"Action": operation, "Version": _QUERY_VERSIONS[service], **params}
        content = "&".join(f"{name}={value}" for name, value in form.items())
        return Request("POST", "/", "", {"content-type": "application/x-www-form-urlencoded"}, content.encode())
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"{_TARGETS[service]}.{operation}"}
    return Request("POST", "/", "", headers, json.dumps(params).encode())


_names = st.sampled_from(["Sessions", "Recipes"])
_keys = st.sampled_from(["a", "b", "c"]).map(lambda key: {"id": {"S": key}})
_values = st.one_of(
    st.integers(-5, 5).map(lambda number: {"N": str(number)}),
    st.text("xyz", max_size=3).map(lambda text: {"S": text}),
    st.just({"NULL": True}),
)
_items = st.builds(lambda key, value: {**key, "v": value}, _keys, _values)
_times = st.sampled_from(["1", "9999999999", "1700000000"]).map(lambda text: {"N": text})
_expiring = st.builds(lambda key, at: {**key, "TTL": at}, _keys, _times)
_conditions = st.sampled_from(
    [{}, {"ConditionExpression": "attribute_not_exists(id)"}, {"ConditionExpression": "attribute_exists(id)"}]
)
_updates = st.sampled_from(
    [
        {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}},
        {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "set"}}},
        {"UpdateExpression": "REMOVE v"},
        {"UpdateExpression": "SET n = n + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}},
    ]
)


def _create(name: str, stream: bool, index: bool) -> dict[str, Any]:
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    table: dict[str, Any] = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": attributes,
        "BillingMode": "PAY_PER_REQUEST",
    }
    if stream:
        table["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    if index:
        attributes.append({"AttributeName": "v", "AttributeType": "S"})
        schema = [{"AttributeName": "v", "KeyType": "HASH"}]
        table["GlobalSecondaryIndexes"] = [
            {"IndexName": "v-index", "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}
        ]
    return table


def _dynamodb(operation: str, params: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[tuple[str, str, Any]]:
    return st.tuples(st.just("dynamodb"), st.just(operation), params)


_written = st.one_of(
    st.builds(lambda item, more: {"Put": {"Item": item, **more}}, _items, _conditions),
    st.builds(lambda key, more: {"Delete": {"Key": key, **more}}, _keys, _conditions),
    st.builds(lambda key, update: {"Update": {"Key": key, **update}}, _keys, _updates),
)
_tables = st.one_of(
    _dynamodb("CreateTable", st.builds(_create, _names, st.booleans(), st.booleans())),
    _dynamodb(
        "UpdateTable",
        st.builds(
            lambda name, verb: {"TableName": name, "ReplicaUpdates": [{verb: {"RegionName": "eu-west-1"}}]},
            _names,
            st.sampled_from(["Create", "Delete"]),
        ),
    ),
    _dynamodb("DeleteTable", st.builds(lambda name: {"TableName": name}, _names)),
    _dynamodb(
        "UpdateTable",
        st.builds(
            lambda name, on: {
                "TableName": name,
                "StreamSpecification": {"StreamEnabled": on, **({"StreamViewType": "NEW_IMAGE"} if on else {})},
            },
            _names,
            st.booleans(),
        ),
    ),
    _dynamodb(
        "UpdateTimeToLive",
        st.builds(
            lambda name, on: {"TableName": name, "TimeToLiveSpecification": {"Enabled": on, "AttributeName": "TTL"}},
            _names,
            st.booleans(),
        ),
    ),
    _dynamodb(
        "UpdateContinuousBackups",
        st.builds(
            lambda name: {"TableName": name, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
            _names,
        ),
    ),
    _dynamodb("CreateBackup", st.builds(lambda name: {"TableName": name, "BackupName": "kept"}, _names)),
    _dynamodb(
        "TagResource",
        st.builds(
            lambda name: {
                "ResourceArn": f"arn:aws:dynamodb:{_REGION}:{_ACCOUNT}:table/{name}",
                "Tags": [{"Key": "team", "Value": "chef"}],
            },
            _names,
        ),
    ),
)
_writes = st.one_of(
    _dynamodb(
        "PutItem",
        st.builds(
            lambda name, item, more: {"TableName": name, "Item": item, **more}, _names, _items | _expiring, _conditions
        ),
    ),
    _dynamodb(
        "UpdateItem",
        st.builds(lambda name, key, update: {"TableName": name, "Key": key, **update}, _names, _keys, _updates),
    ),
    _dynamodb(
        "DeleteItem",
        st.builds(lambda name, key, more: {"TableName": name, "Key": key, **more}, _names, _keys, _conditions),
    ),
    _dynamodb(
        "BatchWriteItem",
        st.builds(
            lambda name, item, key: {
                "RequestItems": {name: [{"PutRequest": {"Item": item}}, {"DeleteRequest": {"Key": key}}]}
            },
            _names,
            _items,
            _keys,
        ),
    ),
    _dynamodb(
        "TransactWriteItems",
        st.builds(
            lambda name, steps, token: {
                "TransactItems": [{verb: {"TableName": name, **what} for verb, what in step.items()} for step in steps],
                **({"ClientRequestToken": token} if token else {}),
            },
            _names,
            st.lists(_written, min_size=1, max_size=3),
            st.sampled_from(["", "once", "twice"]),
        ),
    ),
    _dynamodb(
        "ExecuteStatement",
        st.builds(
            lambda name, statement: {"Statement": statement.format(name)},
            _names,
            st.sampled_from(
                [
                    "INSERT INTO \"{}\" VALUE {{'id': 'a', 'v': 'p'}}",
                    "UPDATE \"{}\" SET v = 'q' WHERE id = 'b'",
                    "DELETE FROM \"{}\" WHERE id = 'c'",
                    "SELECT * FROM \"{}\" WHERE id = 'a'",
                ]
            ),
        ),
    ),
)


def _fixed(service: str, operation: str, **params: Any) -> tuple[str, str, dict[str, Any]]:
    return service, operation, params


_ALARM = {
    "AlarmName": "busy",
    "Namespace": "Demo",
    "MetricName": "Load",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 3,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmActions": [f"arn:aws:sns:{_REGION}:{_ACCOUNT}:told"],
}
_QUEUE = f"http://localhost:4599/{_ACCOUNT}/queue"
_others = st.sampled_from(
    [
        _fixed("cloudwatch", "PutMetricAlarm", **_ALARM),
        _fixed("cloudwatch", "PutMetricData", Namespace="Demo", MetricData=[{"MetricName": "Load", "Value": 2}]),
        _fixed("cloudwatch", "SetAlarmState", AlarmName="busy", StateValue="OK", StateReason="set"),
        _fixed("cloudwatch", "DeleteAlarms", AlarmNames=["busy"]),
        _fixed("logs", "CreateLogGroup", logGroupName="group"),
        _fixed("logs", "CreateLogStream", logGroupName="group", logStreamName="one"),
        _fixed(
            "logs",
            "PutLogEvents",
            logGroupName="group",
            logStreamName="one",
            logEvents=[{"timestamp": 1795392000000, "message": "hi"}],
        ),
        _fixed("logs", "PutRetentionPolicy", logGroupName="group", retentionInDays=7),
        _fixed("sqs", "CreateQueue", QueueName="queue"),
        _fixed("sqs", "SendMessage", QueueUrl=_QUEUE, MessageBody="hello"),
        _fixed("sqs", "ReceiveMessage", QueueUrl=_QUEUE, WaitTimeSeconds=0, VisibilityTimeout=0),
        _fixed("sqs", "PurgeQueue", QueueUrl=_QUEUE),
        _fixed("sns", "CreateTopic", Name="told"),
        _fixed(
            "sns",
            "Subscribe",
            TopicArn=f"arn:aws:sns:{_REGION}:{_ACCOUNT}:told",
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:queue",
        ),
        _fixed("sns", "Publish", TopicArn=f"arn:aws:sns:{_REGION}:{_ACCOUNT}:told", Message="news"),
        _fixed("iam", "CreateRole", RoleName="role", AssumeRolePolicyDocument="{}"),
        _fixed("iam", "CreateAccessKey", UserName="nobody"),
        _fixed("iam", "CreateUser", UserName="nobody"),
        _fixed("sts", "AssumeRole", RoleArn=f"arn:aws:iam::{_ACCOUNT}:role/role", RoleSessionName="me"),
        _fixed("kms", "CreateKey", Description="key"),
        _fixed("ssm", "PutParameter", Name="/p", Value="1", Type="String", Overwrite=True),
        _fixed("backup", "PUT /backup-vaults/vault", BackupVaultTags={"a": "b"}),
        _fixed("backup", "PUT /backup-vaults/vault/vault-lock", MinRetentionDays=7),
        _fixed("backup", "PUT /backup-vaults/vault/access-policy", Policy="{}"),
        _fixed("backup", "PUT /backup/plans/", BackupPlan={"BackupPlanName": "plan", "Rules": []}),
        _fixed("backup", "PUT /backup-jobs", BackupVaultName="vault", ResourceArn="arn:aws:dynamodb:r:1:table/x"),
        _fixed("backup", "DELETE /backup-vaults/vault"),
        _fixed("s3", "PUT /bucket-one"),
        _fixed("s3", "PUT /bucket-one/key", body="content"),
        _fixed(
            "s3",
            "PUT /bucket-one",
            query="versioning=",
            body="<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        ),
        _fixed("s3", "DELETE /bucket-one/key"),
        _fixed("s3", "POST /bucket-one/large", query="uploads="),
        _fixed("own", "sweep"),
        _fixed("own", "snapshot"),
        _fixed("own", "journal"),
        _fixed("own", "restart"),
    ]
)
_steps = st.lists(st.one_of(_tables, _writes, _writes, _writes, _others), max_size=25)
_FIRST = [
    ("dynamodb", "CreateTable", _create("Sessions", stream=True, index=True)),
    _fixed(
        "dynamodb",
        "UpdateTimeToLive",
        TableName="Sessions",
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "TTL"},
    ),
]


async def _act(plane: _Plane, folder: Path, steps: list[tuple[str, str, Any]]) -> Any:
    ledger = Ledger(folder, plane.plane, Clock(), snapshot_after=1 << 40)
    await ledger.open()
    for number, (service, operation, params) in enumerate(steps):
        if operation == "sweep":
            for name in plane.plane.tables_with_ttl():
                ledger.expire(*name)
        elif operation == "snapshot":
            await ledger.checkpoint()
        elif operation == "journal":
            ledger.journal.put("stack", str(number % 3), {"n": number})
            ledger.journal.append("event", "all", {"n": number})
        elif operation == "restart":
            await ledger.flush()
            ledger.log.close()
            plane.clear()
            ledger = Ledger(folder, plane.plane, Clock(), snapshot_after=1 << 40)
            await ledger.open()
        else:
            request = _request(service, operation, params)
            asked = which(request)
            assert asked.service == service
            origin = f"step-{number}" if number % 3 == 0 else ""
            await ledger.submit(
                request, asked, _ACCOUNT, _REGION, origin=origin, outcome=lambda answer: {"s": answer.status}
            )
    await ledger.flush()
    ledger.log.close()
    return plane.state(), ledger.journal.state(), ledger._outcomes


async def _again(plane: _Plane, folder: Path) -> Any:
    ledger = Ledger(folder, plane.plane, Clock(), snapshot_after=1 << 40)
    await ledger.open()
    ledger.log.close()
    return plane.state(), ledger.journal.state(), ledger._outcomes


def _replays(plane: _Plane, steps: list[tuple[str, str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        plane.clear()
        before = asyncio.run(_act(plane, Path(place), [*_FIRST, *steps]))
        plane.clear()
        after = asyncio.run(_again(plane, Path(place)))

    assert after == before


_UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=20, suppress_health_check=_UNHURRIED)
@given(steps=_steps)
@example(
    steps=[
        ("dynamodb", "PutItem", {"TableName": "Sessions", "Item": {"id": {"S": "a"}, "TTL": {"N": "1790000000"}}}),
        _fixed("own", "sweep"),
    ]
)
def test_replaying_the_log_gives_the_state_it_came_from(plane: _Plane, steps: list[tuple[str, str, Any]]) -> None:
    _replays(plane, steps)


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=_UNHURRIED)
@given(steps=_steps)
def test_replaying_many_logs_gives_the_states_they_came_from(plane: _Plane, steps: list[tuple[str, str, Any]]) -> None:
    _replays(plane, steps)


def test_a_snapshot_holds_all_of_the_state(plane: _Plane) -> None:
    with tempfile.TemporaryDirectory() as place:
        plane.clear()
        steps = [*_FIRST, _fixed("kms", "CreateKey"), _fixed("own", "journal"), _fixed("own", "snapshot")]
        before = asyncio.run(_act(plane, Path(place), steps))
        for segment in Path(place).glob("log-*.wal"):
            segment.unlink()
        plane.clear()
        after = asyncio.run(_again(plane, Path(place)))

    assert after == before


def test_only_plain_data_can_be_read_back() -> None:
    import pickle

    from tablewright.local.errors import LocalError

    for harmful in (os.system, Path("/etc"), type):
        with pytest.raises(LocalError):
            statefile.dumps({"a": harmful})
        with pytest.raises(LocalError):
            statefile.loads(pickle.dumps(harmful))
