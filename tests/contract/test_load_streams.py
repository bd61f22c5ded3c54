"""Streams whose shards roll, and a simulated consumer's age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tablewright.local import control
from tablewright.local.errors import LocalError
from tests.conftest import EmbeddedAws
from tests.contract.load_support import item, moment, started, table

pytestmark = pytest.mark.embedded("its streams are rolled by hand")


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("streams") / "state") as aws:
        yield aws


def _put(client: Any, *keys: str) -> None:
    for key in keys:
        client.put_item(TableName="Rolled", Item=item(key))


def _streamed(aws: EmbeddedAws, account: str) -> tuple[Any, Any, str]:
    client, streams = aws.client("dynamodb", account=account), aws.client("dynamodbstreams", account=account)
    table(client, "Rolled", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    return client, streams, client.describe_table(TableName="Rolled")["Table"]["LatestStreamArn"]


def _read(streams: Any, iterator: str | None, pages: int = 20, limit: int = 2) -> tuple[list[str], str | None]:
    """(the keys read, the iterator after them, None at a shard's end), reading until nothing comes."""
    keys: list[str] = []
    for _ in range(pages):
        if iterator is None:
            break
        found = streams.get_records(ShardIterator=iterator, Limit=limit)
        keys += [record["dynamodb"]["Keys"]["pk"]["S"] for record in found["Records"]]
        iterator = found.get("NextShardIterator")
        if not found["Records"]:
            break
    return keys, iterator


def _iterator(streams: Any, arn: str, shard: str, kind: str = "TRIM_HORIZON") -> str:
    return str(streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind)["ShardIterator"])


def test_a_consumer_takes_up_the_children(timed: EmbeddedAws, account: str) -> None:
    client, streams, arn = _streamed(timed, account)
    _put(client, "a", "b", "c")
    [first] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    reading = _iterator(streams, arn, first["ShardId"])
    read, reading_on = _read(streams, reading, pages=1)

    child = control.roll_shard(timed.endpoint, "Rolled", account=account)
    _put(client, "d", "e")

    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    assert [(each["ShardId"], each.get("ParentShardId")) for each in shards] == [
        (first["ShardId"], None),
        (child, first["ShardId"]),
    ]
    assert "EndingSequenceNumber" in shards[0]["SequenceNumberRange"]
    assert "EndingSequenceNumber" not in shards[1]["SequenceNumberRange"]
    rest, end = _read(streams, reading_on)
    assert (read + rest, end) == (["a", "b", "c"], None)
    keys, open_end = _read(streams, _iterator(streams, arn, child))
    assert keys == ["d", "e"] and open_end is not None
    assert _read(streams, _iterator(streams, arn, first["ShardId"], "LATEST")) == ([], None)
    children = streams.describe_stream(StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": first["ShardId"]})
    assert [each["ShardId"] for each in children["StreamDescription"]["Shards"]] == [child]


@pytest.mark.slow
def test_rolls_survive_a_restart_and_go_on(tmp_path: Any, account: str) -> None:
    with started(tmp_path / "state") as first:
        client, streams, arn = _streamed(first, account)
        _put(client, "a")
        one = control.roll_shard(first.endpoint, "Rolled", account=account)
        _put(client, "b")
        reading = _iterator(streams, arn, one)
        two = control.roll_shard(first.endpoint, "Rolled", account=account)
        _put(client, "c")
    with started(tmp_path / "state") as again:
        streams = again.client("dynamodbstreams", account=account)
        shards = streams.describe_stream(StreamArn=arn, Limit=2)["StreamDescription"]
        assert len(shards["Shards"]) == 2 and shards["LastEvaluatedShardId"] == one
        assert _read(streams, reading) == (["b"], None)
        assert _read(streams, _iterator(streams, arn, two))[0] == ["c"]


def test_a_table_without_a_stream_cannot_roll(timed: EmbeddedAws, account: str) -> None:
    table(timed.client("dynamodb", account=account), "Still")

    with pytest.raises(LocalError):
        control.roll_shard(timed.endpoint, "Still", account=account)


def test_a_late_consumer_shows_its_age(timed: EmbeddedAws, account: str) -> None:
    client, _, _ = _streamed(timed, account)
    _put(client, "a")
    control.simulate_consumer(timed.endpoint, "indexer", "Rolled", lag=300, account=account)
    control.advance(timed.endpoint, minutes=7)
    end = moment(timed) + timedelta(minutes=1)

    found = timed.client("cloudwatch", account=account).get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": "indexer"}],
        StartTime=end - timedelta(hours=1),
        EndTime=end,
        Period=60,
        Statistics=["Maximum"],
    )

    assert [(each["Maximum"], each["Unit"]) for each in found["Datapoints"]] == [(300_000.0, "Milliseconds")]
