"""ReturnConsumedCapacity says what AWS would bill, for every operation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, item, refused, table, total

pytestmark = pytest.mark.embedded("how it meters")

KB = 1024


@pytest.fixture
def client(aws: EmbeddedAws, account: str) -> Any:
    return aws.client("dynamodb", account=account)


def _capacity(found: dict[str, Any]) -> Any:
    return found["ConsumedCapacity"]


@pytest.mark.parametrize(
    ("size", "strong", "units"), [(500, True, 1), (4096, True, 1), (4097, True, 2), (4097, False, 1)]
)
def test_a_get_is_metered_by_4_kilobytes(client: Any, size: int, strong: bool, units: float) -> None:
    name = table(client, "Items")
    client.put_item(TableName=name, Item=item("a", size))

    found = client.get_item(
        TableName=name,
        Key={"pk": {"S": "a"}},
        ConsistentRead=strong,
        ProjectionExpression="pk",
        ReturnConsumedCapacity="INDEXES",
    )

    assert _capacity(found) == {"TableName": name, "CapacityUnits": units, "Table": {"CapacityUnits": units}}


def test_a_missing_item_costs_a_read(client: Any) -> None:
    name = table(client, "Items")

    found = client.get_item(TableName=name, Key={"pk": {"S": "?"}}, ReturnConsumedCapacity="TOTAL")

    assert _capacity(found) == {"TableName": name, "CapacityUnits": 0.5}


def test_writes_count_the_larger_of_before_and_after(client: Any) -> None:
    name = table(client, "Items")
    put = client.put_item(TableName=name, Item=item("a", 3 * KB), ReturnConsumedCapacity="TOTAL")
    again = client.put_item(TableName=name, Item=item("a", 500), ReturnConsumedCapacity="TOTAL")
    updated = client.update_item(
        TableName=name,
        Key={"pk": {"S": "a"}},
        UpdateExpression="SET y = :y",
        ExpressionAttributeValues={":y": {"S": "y" * 4 * KB}},
        ReturnConsumedCapacity="TOTAL",
    )
    deleted = client.delete_item(TableName=name, Key={"pk": {"S": "a"}}, ReturnConsumedCapacity="TOTAL")
    nothing = client.delete_item(TableName=name, Key={"pk": {"S": "a"}}, ReturnConsumedCapacity="TOTAL")

    assert [_capacity(each)["CapacityUnits"] for each in (put, again, updated, deleted, nothing)] == [3, 3, 5, 5, 1]


def test_indexes_are_charged_only_when_touched_and_by_what_they_project(client: Any) -> None:
    name = table(
        client,
        "Games",
        attributes=("game", "player"),
        indexes=[index("byGame", "game", include=["score"]), index("byPlayer", "player")],
    )

    def put(**attributes: str) -> Any:
        found = client.put_item(TableName=name, Item=item("a", 2 * KB, **attributes), ReturnConsumedCapacity="INDEXES")
        capacity = _capacity(found)
        indexes = capacity.get("GlobalSecondaryIndexes", {})
        return capacity["CapacityUnits"], {each: units["CapacityUnits"] for each, units in indexes.items()}

    assert put(game="chess") == (3.0, {"byGame": 1.0})
    assert put(game="chess", note="new") == (2.0, {})
    assert put(game="go", note="new") == (4.0, {"byGame": 2.0})
    assert put(game="go", player="me") == (4.0, {"byPlayer": 2.0})
    assert put(note="new") == (5.0, {"byGame": 1.0, "byPlayer": 2.0})


def test_batches_are_charged_item_by_item(client: Any) -> None:
    name = table(client, "Items")
    writes = [{"PutRequest": {"Item": item("a", 500)}}, {"PutRequest": {"Item": item("b", 3584)}}]

    wrote = client.batch_write_item(RequestItems={name: writes}, ReturnConsumedCapacity="TOTAL")
    read = client.batch_get_item(
        RequestItems={
            name: {"Keys": [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}, {"pk": {"S": "?"}}], "ConsistentRead": True}
        },
        ReturnConsumedCapacity="INDEXES",
    )

    assert _capacity(wrote) == [{"TableName": name, "CapacityUnits": 5.0}]
    assert _capacity(read) == [{"TableName": name, "CapacityUnits": 3.0, "Table": {"CapacityUnits": 3.0}}]


def test_transactions_double_the_table_and_not_the_index(client: Any) -> None:
    name = table(client, "Items", attributes=("tag",), indexes=[index("byTag", "tag")])
    client.put_item(TableName=name, Item=item("check", 3 * KB))
    members = [
        {"Put": {"TableName": name, "Item": item("a", 500, tag="t")}},
        {
            "ConditionCheck": {
                "TableName": name,
                "Key": {"pk": {"S": "check"}},
                "ConditionExpression": "attribute_exists(pk)",
            }
        },
    ]

    wrote = client.transact_write_items(
        TransactItems=members, ReturnConsumedCapacity="INDEXES", ClientRequestToken="once"
    )
    again = client.transact_write_items(
        TransactItems=members, ReturnConsumedCapacity="INDEXES", ClientRequestToken="once"
    )
    read = client.transact_get_items(
        TransactItems=[{"Get": {"TableName": name, "Key": {"pk": {"S": "check"}}}}], ReturnConsumedCapacity="TOTAL"
    )

    [written] = _capacity(wrote)
    assert written["Table"] == {"WriteCapacityUnits": 8.0, "CapacityUnits": 8.0}
    assert written["GlobalSecondaryIndexes"] == {"byTag": {"WriteCapacityUnits": 1.0, "CapacityUnits": 1.0}}
    assert written["CapacityUnits"] == written["WriteCapacityUnits"] == 9.0
    assert _capacity(again)[0]["CapacityUnits"] == 4.0
    assert _capacity(read) == [{"TableName": name, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]


def test_a_query_rounds_once_and_counts_what_a_filter_drops(client: Any) -> None:
    name = table(client, "Pages", sort=True, attributes=("tag",), indexes=[index("byTag", "tag", kind="KEYS_ONLY")])
    for number in range(5):
        client.put_item(TableName=name, Item={**item("a", 0, tag="t", x="x" * 3000), "sk": {"S": str(number)}})

    def query(**more: Any) -> Any:
        values = {":a": {"S": "a"}, **more.pop("values", {})}
        found = client.query(
            TableName=name,
            KeyConditionExpression=more.pop("condition", "pk = :a"),
            ExpressionAttributeValues=values,
            ReturnConsumedCapacity="INDEXES",
            **more,
        )
        return _capacity(found)

    filtered = query(FilterExpression="tag = :no", values={":no": {"S": "no"}})
    strong = query(ConsistentRead=True)
    on_index = query(IndexName="byTag", condition="tag = :a", values={":a": {"S": "t"}})
    scanned = client.scan(TableName=name, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]

    assert filtered["CapacityUnits"] == 2.0 and strong["CapacityUnits"] == 4.0 and scanned["CapacityUnits"] == 2.0
    assert on_index == {
        "TableName": name,
        "CapacityUnits": 0.5,
        "Table": {"CapacityUnits": 0.0},
        "GlobalSecondaryIndexes": {"byTag": {"CapacityUnits": 0.5}},
    }


def test_a_local_index_is_charged_with_its_fetches(client: Any) -> None:
    by_tag = {
        "IndexName": "byTag",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "tag", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    name = table(client, "Local", sort=True, attributes=("tag",), local=[by_tag])
    for number in range(3):
        client.put_item(TableName=name, Item={**item("a", 0, tag="t", x="x" * 5000), "sk": {"S": str(number)}})

    def query(select: str) -> Any:
        found = client.query(
            TableName=name,
            IndexName="byTag",
            KeyConditionExpression="pk = :a",
            ExpressionAttributeValues={":a": {"S": "a"}},
            Select=select,
            ReturnConsumedCapacity="INDEXES",
        )
        return _capacity(found)

    assert query("ALL_PROJECTED_ATTRIBUTES")["CapacityUnits"] == 0.5
    fetched = query("ALL_ATTRIBUTES")
    assert (fetched["Table"], fetched["LocalSecondaryIndexes"]) == (
        {"CapacityUnits": 3.0},
        {"byTag": {"CapacityUnits": 0.5}},
    )


def test_a_failed_condition_is_billed_and_counted(aws: EmbeddedAws, client: Any, account: str) -> None:
    name = table(client, "Items", read=100, write=100)
    client.put_item(TableName=name, Item=item("a", 3 * KB))

    error = refused(
        lambda: client.put_item(TableName=name, Item=item("a"), ConditionExpression="attribute_not_exists(pk)")
    )

    cloudwatch = aws.client("cloudwatch", account=account)
    assert error is not None and error.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert total(aws, cloudwatch, "ConsumedWriteCapacityUnits", TableName=name) == 6.0
    assert total(aws, cloudwatch, "ConditionalCheckFailedRequests", TableName=name) == 1.0
    assert total(aws, cloudwatch, "UserErrors") == 0.0


def test_a_table_named_by_its_arn_is_answered_for_by_its_arn(client: Any, account: str) -> None:
    table(client, "Items")
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/Items"

    found = client.put_item(TableName=arn, Item=item("a"), ReturnConsumedCapacity="TOTAL")

    assert _capacity(found) == {"TableName": arn, "CapacityUnits": 1.0}


def test_partiql_writes_are_metered_by_their_images(aws: EmbeddedAws, client: Any, account: str) -> None:
    name = table(client, "Items")
    client.put_item(TableName=name, Item=item("a", 3 * KB))

    client.execute_statement(Statement=f"UPDATE \"{name}\" SET y='1' WHERE pk='a'")
    client.execute_statement(Statement=f"DELETE FROM \"{name}\" WHERE pk='a'")

    assert total(aws, aws.client("cloudwatch", account=account), "ConsumedWriteCapacityUnits", TableName=name) >= 9.0
