"""Faults of the data path: added, listed, felt, removed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from tablewright.local import control
from tablewright.local.errors import LocalError
from tests.conftest import EmbeddedAws
from tests.contract.load_support import item, refused, started, table, total

pytestmark = pytest.mark.embedded("faults on demand")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("faults") / "state") as aws:
        yield aws


@pytest.fixture
def client(broken: EmbeddedAws, account: str) -> Iterator[Any]:
    client = broken.client("dynamodb", account=account)
    for name in ("Orders", "Other"):
        table(client, name)
    yield client
    control.remove_faults(broken.endpoint)


def _put(client: Any, name: str = "Orders", key: str = "a") -> Any:
    return refused(lambda: client.put_item(TableName=name, Item=item(key)))


def _code(error: Any) -> Any:
    return error and error.response["Error"]["Code"]


def test_nothing_is_broken_unless_asked_for(broken: EmbeddedAws, client: Any) -> None:
    assert control.faults(broken.endpoint) == []
    assert _put(client) is None


def test_a_throttle_strikes_one_table_at_its_rate(broken: EmbeddedAws, client: Any, account: str) -> None:
    with control.fault(broken.endpoint, "throttle", table="Orders", rate=0.25):
        codes = [_code(_put(client, key=str(number))) for number in range(20)]
        other = [_code(_put(client, "Other", str(number))) for number in range(20)]

    assert codes.count("ThrottlingException") == 5 and codes.count(None) == 15
    assert other.count(None) == 20
    assert _put(client) is None
    cloudwatch = broken.client("cloudwatch", account=account)
    assert total(broken, cloudwatch, "WriteThrottleEvents", TableName="Orders") == 5
    assert total(broken, cloudwatch, "ThrottledRequests", TableName="Orders", Operation="PutItem") == 5


def test_an_error_strikes_one_operation_and_counts(broken: EmbeddedAws, client: Any, account: str) -> None:
    name = control.add_fault(broken.endpoint, "error", table="Orders", operation="GetItem", count=2)
    listed = control.faults(broken.endpoint)
    reads = [_code(refused(lambda: client.get_item(TableName="Orders", Key={"pk": {"S": "a"}}))) for _ in range(3)]

    assert [(each["id"], each["effect"], each["remaining"]) for each in listed] == [(name, "error", 2)]
    assert reads == ["InternalServerError", "InternalServerError", None]
    assert _put(client) is None
    assert control.faults(broken.endpoint) == []
    cloudwatch = broken.client("cloudwatch", account=account)
    assert total(broken, cloudwatch, "SystemErrors", TableName="Orders", Operation="GetItem") == 2


@pytest.mark.parametrize(
    ("effect", "code"), [("expired-token", "ExpiredTokenException"), ("clock-skew", "InvalidSignatureException")]
)
def test_refusals_of_the_caller(broken: EmbeddedAws, client: Any, effect: str, code: str) -> None:
    with control.fault(broken.endpoint, effect):
        assert _code(_put(client)) == code


def test_a_delay_is_felt(broken: EmbeddedAws, client: Any) -> None:
    with control.fault(broken.endpoint, "delay", seconds=0.3):
        began = time.monotonic()
        assert _put(client) is None
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(("effect", "written"), [("reset", False), ("lost-answer", True), ("truncate", True)])
def test_dropped_connections(broken: EmbeddedAws, client: Any, effect: str, written: bool) -> None:
    with (
        control.fault(broken.endpoint, effect, operation="PutItem"),
        pytest.raises((botocore.exceptions.HTTPClientError, botocore.exceptions.ResponseStreamingError)),
    ):
        client.put_item(TableName="Orders", Item=item(effect), ReturnValues="ALL_OLD", ReturnConsumedCapacity="INDEXES")

    assert ("Item" in client.get_item(TableName="Orders", Key={"pk": {"S": effect}})) is written


def test_a_head_that_is_cut_off_is_a_success_that_says_nothing(broken: EmbeddedAws, client: Any) -> None:
    """What a client that does not look makes of it: botocore does not."""
    assert _put(client) is None
    with control.fault(broken.endpoint, "cut-off", operation="Scan"):
        answer = client.scan(TableName="Orders")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200 and set(answer) == {"ResponseMetadata"}
    with control.fault(broken.endpoint, "cut-off", operation="PutItem"):
        client.put_item(TableName="Orders", Item=item("cut"))
    assert "Item" in client.get_item(TableName="Orders", Key={"pk": {"S": "cut"}})


def test_streams_expire_and_are_trimmed(broken: EmbeddedAws, account: str) -> None:
    client, streams = broken.client("dynamodb", account=account), broken.client("dynamodbstreams", account=account)
    table(client, "Streamed", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    arn = client.describe_table(TableName="Streamed")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    asked = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**asked)["ShardIterator"]

    for effect, code in (("expired-iterator", "ExpiredIteratorException"), ("trimmed", "TrimmedDataAccessException")):
        with control.fault(broken.endpoint, effect, table="Streamed", operation="GetRecords"):
            assert _code(refused(lambda: streams.get_records(ShardIterator=iterator))) == code
    assert streams.get_records(ShardIterator=iterator)["Records"] == []


@pytest.mark.parametrize(
    "wish", [{"effect": "melt"}, {"effect": "delay"}, {"effect": "error", "rate": 2}, {"effect": "error", "x": 1}]
)
def test_a_fault_that_cannot_be_is_refused(broken: EmbeddedAws, wish: dict[str, Any]) -> None:
    with pytest.raises(LocalError, match="refused"):
        control.add_fault(broken.endpoint, **wish)


@pytest.mark.slow
def test_faults_survive_a_restart(tmp_path: Any) -> None:
    with started(tmp_path / "state") as first:
        table(first.client("dynamodb"), "Orders")
        control.add_fault(first.endpoint, "error", table="Orders")
    with started(tmp_path / "state") as again:
        assert _code(_put(again.client("dynamodb"))) == "InternalServerError"
        assert control.remove_faults(again.endpoint) == 1
        assert _put(again.client("dynamodb")) is None
