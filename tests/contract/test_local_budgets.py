"""How often a table's settings may change, and how late its counts are, on a clock on which time passes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.harness.waiting import settled
from tests.contract.load_support import refused
from tests.faces.shell import in_process
from tests.waiting import until

pytestmark = pytest.mark.embedded("its clock is moved")

KEYS: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


@pytest.fixture(scope="module")
def slow(_no_aws_settings: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS a hundred times as fast as AWS: an hour is 36 seconds."""
    from tablewright.local import process

    folder = tmp_path_factory.mktemp("budgets") / "state"
    yield EmbeddedAws(process.start(folder, port=0, clock="100"))
    process.reset(folder)


@pytest.fixture
def table(slow: EmbeddedAws, account: str) -> Any:
    client = slow.client("dynamodb", account=account)
    client.create_table(
        TableName="tab", **KEYS, ProvisionedThroughput={"ReadCapacityUnits": 50, "WriteCapacityUnits": 50}
    )
    return client


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(TableName="tab", **params)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def units(number: int) -> dict[str, Any]:
    return {"ProvisionedThroughput": {"ReadCapacityUnits": number, "WriteCapacityUnits": 50}}


def test_ttl_changes_once_an_hour(slow: EmbeddedAws, table: Any) -> None:
    spec = {"AttributeName": "ttl", "Enabled": True}
    table.update_time_to_live(TableName="tab", TimeToLiveSpecification=spec)

    off = {"TimeToLiveSpecification": {**spec, "Enabled": False}}
    code, words = refusal(table.update_time_to_live, **off)

    assert (code, words) == (
        "ValidationException",
        "Time to live has been modified multiple times within a fixed interval",
    )
    control.advance(slow.endpoint, minutes=1)
    table.update_time_to_live(TableName="tab", **off)


def test_a_table_that_a_replica_came_from_stays_for_a_day(slow: EmbeddedAws, account: str) -> None:
    client = slow.client("dynamodb", account=account)
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    client.create_table(TableName="tab", **KEYS, BillingMode="PAY_PER_REQUEST", StreamSpecification=stream)
    client.update_table(TableName="tab", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])

    code, words = refusal(client.delete_table)

    assert code == "ValidationException"
    assert "Replica cannot be deleted because it has acted as a source region" in words
    control.advance(slow.endpoint, minutes=15)
    client.delete_table(TableName="tab")


def test_the_fifth_decrease_waits_and_an_increase_does_not(slow: EmbeddedAws, table: Any) -> None:
    for number in (40, 30, 20, 10):
        table.update_table(TableName="tab", **units(number))

    code, words = refusal(table.update_table, **units(5))

    assert code == "LimitExceededException"
    assert "After the first 4 decreases" in words and "Number of decreases today: 4" in words
    assert "Next decrease can be made at" in words
    table.update_table(TableName="tab", **units(15))
    control.advance(slow.endpoint, minutes=1)
    table.update_table(TableName="tab", **units(5))


def test_the_third_change_of_class_is_refused(table: Any) -> None:
    for name in ("STANDARD_INFREQUENT_ACCESS", "STANDARD"):
        table.update_table(TableName="tab", TableClass=name)
    code, words = refusal(table.update_table, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert code == "LimitExceededException"
    assert "Updates to TableClass are limited to 2 times in 30 day(s)" in words


def test_the_fifth_change_of_encryption_is_refused(table: Any) -> None:
    for enabled in (True, False, True, False):
        table.update_table(TableName="tab", SSESpecification={"Enabled": enabled})
    code, words = refusal(table.update_table, SSESpecification={"Enabled": True})
    assert code == "LimitExceededException"
    assert "Encryption mode changes are limited in the 24h window" in words


def test_the_fifth_change_to_on_demand_is_refused(table: Any) -> None:
    for _ in range(4):
        table.update_table(TableName="tab", BillingMode="PAY_PER_REQUEST")
        table.update_table(TableName="tab", BillingMode="PROVISIONED", **units(50))
    code, words = refusal(table.update_table, BillingMode="PAY_PER_REQUEST")
    assert code == "LimitExceededException"
    assert "Update to PayPerRequest mode are limited" in words


def test_deletion_protection_cools_down(slow: EmbeddedAws, table: Any) -> None:
    def changed_twice() -> Any:
        table.update_table(TableName="tab", DeletionProtectionEnabled=True)
        return refused(lambda: table.update_table(TableName="tab", DeletionProtectionEnabled=False))

    def too_soon() -> Any:
        """The refusal of a change right after another: on this clock that is 150 milliseconds, which a test may miss."""
        control.advance(slow.endpoint, seconds=16)
        return changed_twice()

    error = until(too_soon).response["Error"]
    assert error["Code"] == "ThrottlingException"
    assert error["Message"].startswith(
        "Deletion protection setting for table tab modified within the previous 15000 milliseconds."
    )
    control.advance(slow.endpoint, seconds=16)
    table.update_table(TableName="tab", DeletionProtectionEnabled=False)


def test_the_instant_clock_knows_no_budgets(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("dynamodb", account=account)
    client.create_table(TableName="tab", **KEYS, BillingMode="PAY_PER_REQUEST")
    for enabled in (True, False, True, False):
        client.update_time_to_live(
            TableName="tab", TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": enabled}
        )
    client.put_item(TableName="tab", Item={"id": {"S": "1"}})
    assert client.describe_table(TableName="tab")["Table"]["ItemCount"] == 1


def test_counts_are_hours_late(slow: EmbeddedAws, table: Any) -> None:
    table.put_item(TableName="tab", Item={"id": {"S": "1"}})
    described = table.describe_table(TableName="tab")["Table"]
    assert (described["ItemCount"], described["TableSizeBytes"]) == (0, 0)
    control.advance(slow.endpoint, minutes=5)
    described = table.describe_table(TableName="tab")["Table"]
    assert described["ItemCount"] == 1
    assert described["TableSizeBytes"] > 0
    table.put_item(TableName="tab", Item={"id": {"S": "2"}})
    assert table.describe_table(TableName="tab")["Table"]["ItemCount"] == 1


def test_the_guard_does_not_trust_a_count_of_zero(slow: EmbeddedAws, tmp_path: Path) -> None:
    body: dict[str, Any] = {
        "Resources": {
            "Orders": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {**KEYS, "TableName": "orders", "BillingMode": "PAY_PER_REQUEST"},
            },
            "Topic": {"Type": "AWS::SNS::Topic"},
        }
    }
    template = tmp_path / "t.json"
    env = {"TABLEWRIGHT_LOCAL_HOME": str(slow.folder)}

    def deploy() -> Any:
        template.write_text(json.dumps(body), encoding="utf-8")
        return in_process("deploy", "t.json", "--stack", "late", "--local", "--yes", cwd=tmp_path, env=env)

    assert deploy().code == 0
    dynamodb = slow.client("dynamodb")
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}})
    assert dynamodb.describe_table(TableName="orders")["Table"]["ItemCount"] == 0
    del body["Resources"]["Orders"]

    refused = deploy()

    assert refused.code == 3
    assert dynamodb.scan(TableName="orders", Select="COUNT")["Count"] == 1


def test_an_index_has_a_budget_of_decreases_of_its_own_and_a_stack_is_told(slow: EmbeddedAws, account: str) -> None:
    def template(table: int, index: int) -> str:
        properties = {
            "TableName": "tab",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "a")],
            "KeySchema": KEYS["KeySchema"],
            "ProvisionedThroughput": {"ReadCapacityUnits": table, "WriteCapacityUnits": 50},
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-a",
                    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                    "ProvisionedThroughput": {"ReadCapacityUnits": index, "WriteCapacityUnits": 50},
                }
            ],
        }
        return json.dumps({"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}})

    cloudformation, dynamodb = (slow.client(name, account=account) for name in ("cloudformation", "dynamodb"))
    stack = cloudformation.create_stack(StackName="budget", TemplateBody=template(50, 50))["StackId"]
    assert settled(cloudformation, stack)["StackStatus"] == "CREATE_COMPLETE"
    for number in (40, 30, 20, 10):
        throughput = {"ReadCapacityUnits": number, "WriteCapacityUnits": 50}
        update = {"IndexName": "by-a", "ProvisionedThroughput": throughput}
        dynamodb.update_table(TableName="tab", GlobalSecondaryIndexUpdates=[{"Update": update}])

    cloudformation.update_stack(StackName="budget", TemplateBody=template(50, 5))
    refused = settled(cloudformation, stack)
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    cloudformation.update_stack(StackName="budget", TemplateBody=template(45, 50))

    assert refused["StackStatus"] in ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
    (told,) = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "UPDATE_FAILED"]
    assert "decreases are limited within a given UTC day" in told and "Number of decreases today: 4" in told
    assert settled(cloudformation, stack)["StackStatus"] == "UPDATE_COMPLETE"
    assert dynamodb.describe_table(TableName="tab")["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"] == 45


def test_a_stack_is_told_of_a_ttl_that_has_to_cool_down(slow: EmbeddedAws, account: str) -> None:
    def template(enabled: bool) -> str:
        ttl = {"AttributeName": "ttl", "Enabled": enabled}
        properties = {"TableName": "tab", "BillingMode": "PAY_PER_REQUEST", **KEYS, "TimeToLiveSpecification": ttl}
        return json.dumps({"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}})

    cloudformation = slow.client("cloudformation", account=account)
    stack = cloudformation.create_stack(StackName="ttl", TemplateBody=template(True))["StackId"]
    assert settled(cloudformation, stack)["StackStatus"] == "CREATE_COMPLETE"

    cloudformation.update_stack(StackName="ttl", TemplateBody=template(False))

    assert settled(cloudformation, stack)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    (told,) = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "UPDATE_FAILED"]
    assert "Time to live has been modified multiple times within a fixed interval" in told
