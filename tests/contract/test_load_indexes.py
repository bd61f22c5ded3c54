"""The time that an index takes to be made and to go, and what is refused meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, item, refused, started, table, total
from tests.waiting import until

pytestmark = pytest.mark.embedded("its clock is moved")


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("indexes") / "state", clock="aws") as aws:
        yield aws


@pytest.fixture
def client(timed: EmbeddedAws, account: str) -> Any:
    client = timed.client("dynamodb", account=account)
    table(client, "Chefs")
    client.put_item(TableName="Chefs", Item=item("a", tag="t"))
    return client


def _create(client: Any, key: str) -> Any:
    return client.update_table(
        TableName="Chefs",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "tag", key)],
        GlobalSecondaryIndexUpdates=[{"Create": index(f"by{key}", key)}],
    )


def _about(client: Any) -> tuple[str, dict[str, tuple[str, Any]]]:
    found = client.describe_table(TableName="Chefs")["Table"]
    indexes = found.get("GlobalSecondaryIndexes", [])
    return found["TableStatus"], {each["IndexName"]: (each["IndexStatus"], each.get("Backfilling")) for each in indexes}


def _query(client: Any) -> Any:
    return client.query(
        TableName="Chefs",
        IndexName="bytag",
        KeyConditionExpression="tag = :t",
        ExpressionAttributeValues={":t": {"S": "t"}},
    )


def test_an_index_is_allocated_backfilled_and_active(timed: EmbeddedAws, client: Any, account: str) -> None:
    made = _create(client, "tag")["TableDescription"]
    assert (made["TableStatus"], made["GlobalSecondaryIndexes"][0]["IndexStatus"]) == ("UPDATING", "CREATING")
    assert _about(client) == ("UPDATING", {"bytag": ("CREATING", False)})

    control.advance(timed.endpoint, seconds=125)
    assert _about(client) == ("ACTIVE", {"bytag": ("CREATING", True)})
    error: Any = refused(lambda: _query(client))
    assert error.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Cannot read from backfilling global secondary index: bytag",
    }
    client.put_item(TableName="Chefs", Item=item("b", tag="t"))
    control.advance(timed.endpoint, seconds=60)
    cloudwatch = timed.client("cloudwatch", account=account)
    about = {"TableName": "Chefs", "GlobalSecondaryIndexName": "bytag"}
    assert 0 < total(timed, cloudwatch, "OnlineIndexPercentageProgress", "Maximum", **about) <= 200
    control.advance(timed.endpoint, seconds=180)

    assert _about(client) == ("ACTIVE", {"bytag": ("ACTIVE", None)})
    assert _query(client)["Count"] == 2


def test_meanwhile_the_table_refuses_other_changes(timed: EmbeddedAws, client: Any) -> None:
    _create(client, "tag")

    def code(call: Any) -> Any:
        error = refused(call)
        return error and error.response["Error"]["Code"]

    assert code(lambda: _create(client, "other")) == "LimitExceededException"
    assert (
        code(lambda: client.update_table(TableName="Chefs", DeletionProtectionEnabled=True)) == "ResourceInUseException"
    )
    delete = [{"Delete": {"IndexName": "bytag"}}]
    words = str(refused(lambda: client.update_table(TableName="Chefs", GlobalSecondaryIndexUpdates=delete)))
    assert "ResourceInUseException" in words
    assert "Table is being updated: Chefs" in words
    assert code(lambda: client.delete_table(TableName="Chefs")) == "ResourceInUseException"
    words = str(refused(lambda: client.delete_table(TableName="Chefs")))
    assert "Cannot delete table while indexes are being created, updated, or deleted" in words
    words = str(refused(lambda: client.update_table(TableName="Chefs", DeletionProtectionEnabled=True)))
    assert "Attempt to change a resource which is still in use" in words
    control.advance(timed.endpoint, seconds=125)
    assert code(lambda: client.update_table(TableName="Chefs", DeletionProtectionEnabled=True)) is None
    assert code(lambda: client.update_table(TableName="Chefs", GlobalSecondaryIndexUpdates=delete)) is None
    assert _about(client) == ("UPDATING", {"bytag": ("DELETING", None)})
    control.advance(timed.endpoint, seconds=61)
    assert _about(client) == ("ACTIVE", {})


@pytest.mark.slow
def test_an_index_under_way_survives_a_restart(tmp_path: Any) -> None:
    with started(tmp_path / "state", clock="aws") as first:
        client = first.client("dynamodb")
        table(client, "Chefs")
        _create(client, "tag")
    with started(tmp_path / "state", clock="aws") as again:
        client = again.client("dynamodb")
        assert _about(client) == ("UPDATING", {"bytag": ("CREATING", False)})
        control.advance(again.endpoint, minutes=10)
        assert _about(client) == ("ACTIVE", {"bytag": ("ACTIVE", None)})


def test_the_instant_clock_is_over_at_once(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("dynamodb", account=account)
    table(client, "Chefs")
    _create(client, "tag")
    until(lambda: _about(client)[1]["bytag"][0] == "ACTIVE")

    assert _query(client)["Count"] == 0
