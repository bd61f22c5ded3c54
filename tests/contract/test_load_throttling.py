"""Throttles over HTTP: the burst, the causes, batches, transactions, indexes, hot keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, item, refused, spend, started, table, total
from tests.waiting import until

pytestmark = pytest.mark.embedded("its clock is moved")

_PROVISIONED = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level "
    "with the UpdateTable API."
)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("load") / "state") as aws, control.held(aws.endpoint):
        yield aws


@pytest.fixture
def client(timed: EmbeddedAws, account: str) -> Any:
    return timed.client("dynamodb", account=account)


@pytest.fixture
def cloudwatch(timed: EmbeddedAws, account: str) -> Any:
    return timed.client("cloudwatch", account=account)


def _reasons(error: Any) -> list[tuple[str, str]]:
    listed = error.response.get("ThrottlingReasons") or error.response.get("throttlingReasons")
    return [(each["reason"], each["resource"].partition(":table/")[2]) for each in listed]


def test_a_table_gives_its_burst_and_then_its_units(timed: EmbeddedAws, client: Any) -> None:
    name = table(client, "Burst", write=1)

    assert spend(client, name, 600) == 300
    error: Any = refused(lambda: client.put_item(TableName=name, Item=item("a")))
    assert error.response["Error"] == {"Code": "ProvisionedThroughputExceededException", "Message": _PROVISIONED}
    assert _reasons(error) == [("TableWriteProvisionedThroughputExceeded", "Burst")]
    control.advance(timed.endpoint, seconds=60)
    assert spend(client, name, 600) == 60


def test_reads_and_writes_have_buckets_of_their_own(client: Any) -> None:
    name = table(client, "Both", read=1, write=1)
    client.put_item(TableName=name, Item=item("big", 200 * 1024))
    spend(client, name, 600)

    reads = 0
    while reads < 30 and not refused(
        lambda: client.get_item(TableName=name, Key={"pk": {"S": "big"}}, ConsistentRead=True)
    ):
        reads += 1
    error: Any = refused(lambda: client.get_item(TableName=name, Key={"pk": {"S": "big"}}))

    assert 5 <= reads <= 8
    assert _reasons(error) == [("TableReadProvisionedThroughputExceeded", "Both")]


def test_a_batch_hands_back_what_was_throttled(client: Any, timed: EmbeddedAws, cloudwatch: Any) -> None:
    name = table(client, "Batch", write=1)
    entries = [{"PutRequest": {"Item": item(f"k{number}", 20 * 1024)}} for number in range(25)]

    found = client.batch_write_item(RequestItems={name: entries})

    back = found["UnprocessedItems"][name]
    assert 8 <= len(back) <= 11
    assert len(back) + client.describe_table(TableName=name)["Table"]["ItemCount"] == 25
    assert total(timed, cloudwatch, "WriteThrottleEvents", TableName=name) == len(back)
    assert total(timed, cloudwatch, "ThrottledRequests", TableName=name, Operation="BatchWriteItem") == 0
    error: Any = refused(lambda: client.batch_write_item(RequestItems={name: back}))
    assert error.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert total(timed, cloudwatch, "ThrottledRequests", TableName=name, Operation="BatchWriteItem") == 1


def test_a_batch_read_hands_back_keys(client: Any) -> None:
    name = table(client, "Reads", read=1, write=40_000)
    for number in range(10):
        client.put_item(TableName=name, Item=item(f"k{number}", 200 * 1024))
    asked = {name: {"Keys": [{"pk": {"S": f"k{number}"}} for number in range(10)], "ConsistentRead": True}}

    found = client.batch_get_item(RequestItems=asked)

    back = found["UnprocessedKeys"][name]
    assert back["ConsistentRead"] is True
    assert len(found["Responses"][name]) + len(back["Keys"]) == 10
    assert 2 <= len(back["Keys"]) <= 5


def test_a_transaction_is_cancelled_by_its_throttled_member(client: Any) -> None:
    roomy, tight = table(client, "Roomy", write=100), table(client, "Tight", write=1)
    spend(client, tight, 600)
    members = [{"Put": {"TableName": name, "Item": item("a")}} for name in (roomy, tight)]

    error: Any = refused(lambda: client.transact_write_items(TransactItems=members))

    assert error.response["Error"]["Code"] == "TransactionCanceledException"
    codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
    assert codes == ["None", "ProvisionedThroughputExceeded"]
    assert client.get_item(TableName=roomy, Key={"pk": {"S": "a"}}).get("Item") is None


def test_an_index_without_units_holds_the_table_back(client: Any, timed: EmbeddedAws, cloudwatch: Any) -> None:
    name = table(client, "Based", read=500, write=500, attributes=("tag",), indexes=[index("byTag", "tag", write=1)])
    written, error = 0, None
    while error is None and written < 400:
        written += 10
        error = refused(lambda: client.put_item(TableName=name, Item=item(f"k{written}", 10 * 1024, tag="t")))  # noqa: B023

    assert 290 <= written <= 330
    assert _reasons(error) == [("IndexWriteProvisionedThroughputExceeded", "Based/index/byTag")]
    assert refused(lambda: client.put_item(TableName=name, Item=item("untagged"))) is None
    about = {"TableName": name, "GlobalSecondaryIndexName": "byTag"}
    assert total(timed, cloudwatch, "WriteThrottleEvents", **about) == 1
    assert total(timed, cloudwatch, "WriteProvisionedThroughputThrottleEvents", **about) == 1
    assert total(timed, cloudwatch, "WriteThrottleEvents", TableName=name) == 0
    assert total(timed, cloudwatch, "ThrottledRequests", TableName=name, Operation="PutItem") == 1


def test_an_on_demand_maximum_throttles(client: Any) -> None:
    maximum = {"MaxReadRequestUnits": 1000, "MaxWriteRequestUnits": 20}
    name = table(client, "Capped", OnDemandThroughput=maximum)

    assert spend(client, name, 200) <= 60
    error: Any = refused(lambda: [client.put_item(TableName=name, Item=item("a", 30 * 1024)) for _ in range(3)])

    assert error.response["Error"]["Code"] == "ThrottlingException"
    assert _reasons(error) == [("TableWriteMaxOnDemandThroughputExceeded", "Capped")]


def test_a_hot_key_of_a_huge_table_is_throttled_and_named(
    client: Any, timed: EmbeddedAws, cloudwatch: Any, account: str
) -> None:
    name = table(client, "Huge", read=100, write=100_000, sort=True)
    client.update_contributor_insights(TableName=name, ContributorInsightsAction="ENABLE")

    def write(key: str, number: int) -> Any:
        return refused(
            lambda: client.put_item(TableName=name, Item={**item(key, 100 * 1024), "sk": {"S": str(number)}})
        )

    sharded = [write(f"hot#{number}", number) for number in range(40)]
    hot = [error for number in range(60) if (error := write("hot", number))]

    assert not any(sharded)
    assert len(hot) >= 20
    assert hot[0].response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert _reasons(hot[0]) == [("TableWriteKeyRangeThroughputExceeded", "Huge")]
    assert total(timed, cloudwatch, "WriteKeyRangeThroughputThrottleEvents", TableName=name) == len(hot)
    described = client.describe_contributor_insights(TableName=name)
    throttled = next(rule for rule in described["ContributorInsightsRuleList"] if "-PKT-" in rule)
    now = control.now(timed.endpoint)
    report = cloudwatch.get_insight_rule_report(
        RuleName=throttled, StartTime=now - 600, EndTime=now + 60, Period=60, MaxContributorCount=10
    )
    assert report["KeyLabels"] == ["pk"]
    assert [(each["Keys"], each["ApproximateAggregateValue"]) for each in report["Contributors"]] == [
        (["hot"], float(len(hot)))
    ]
    accessed = next(rule for rule in described["ContributorInsightsRuleList"] if "-PKC-" in rule)
    most = cloudwatch.get_insight_rule_report(RuleName=accessed, StartTime=now - 600, EndTime=now + 60, Period=60)
    assert most["Contributors"][0]["Keys"] == ["hot"]


def test_throttling_can_be_turned_off(timed: EmbeddedAws, client: Any) -> None:
    name = table(client, "Free", write=1)
    control.set_throttling(timed.endpoint, False)
    try:
        assert spend(client, name, 600) == 600
    finally:
        control.set_throttling(timed.endpoint, True)
    assert refused(lambda: client.put_item(TableName=name, Item=item("a"))) is not None


@pytest.mark.slow
def test_a_restart_neither_throttles_nor_meters_again(tmp_path: Any) -> None:
    with started(tmp_path / "state") as first:
        name = table(first.client("dynamodb"), "Kept", write=1)
        written = spend(first.client("dynamodb"), name, 600)
        control.advance(first.endpoint, minutes=2)
        ahead = control.now(first.endpoint)
    with started(tmp_path / "state") as again:
        client = again.client("dynamodb")
        assert client.describe_table(TableName=name)["Table"]["ItemCount"] == written / 10
        consumed = total(again, again.client("cloudwatch"), "ConsumedWriteCapacityUnits", TableName=name)
        assert consumed == written
        assert control.now(again.endpoint) >= ahead


def test_held_time_passes_by_advances_alone_and_waits_end_all_the_same(timed: EmbeddedAws, account: str) -> None:
    before = control.now(timed.endpoint)
    sqs = timed.client("sqs", account=account)
    queue = sqs.create_queue(QueueName="empty")["QueueUrl"]

    assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    assert control.now(timed.endpoint) == before
    assert control.advance(timed.endpoint, seconds=90) == before + 90


def test_held_time_goes_on_when_it_is_let_go(aws: EmbeddedAws) -> None:
    with control.held(aws.endpoint):
        before = control.now(aws.endpoint)
        assert control.now(aws.endpoint) == before
    until(lambda: control.now(aws.endpoint) > before)


def test_a_request_takes_no_time_while_it_is_held_but_a_delay(timed: EmbeddedAws, client: Any, cloudwatch: Any) -> None:
    name = table(client, "Timed")
    client.put_item(TableName=name, Item=item("a"))
    with control.fault(timed.endpoint, "delay", table=name, seconds=0.05):
        client.put_item(TableName=name, Item=item("b"))
    about = {"TableName": name, "Operation": "PutItem"}
    found = [
        total(timed, cloudwatch, "SuccessfulRequestLatency", statistic, **about) for statistic in ("Minimum", "Maximum")
    ]
    assert found == [1.0, 50.0]
