"""Drift: detected property by property, and brought back by a drift-aware change set."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.harness.place import Place
from tests.contract.harness.waiting import changed, detected, settled


def template(name: str) -> str:
    document = {
        "Resources": {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "Retain",
                "Properties": {
                    "TableName": name,
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [
                        {"AttributeName": "id", "AttributeType": "S"},
                        {"AttributeName": "a", "AttributeType": "S"},
                    ],
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": "by-a",
                            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
                            "Projection": {"ProjectionType": "ALL"},
                        }
                    ],
                    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                    "SSESpecification": {"SSEEnabled": False},
                    "DeletionProtectionEnabled": False,
                    "Tags": [{"Key": "own", "Value": "1"}],
                },
            },
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmName": name,
                    "Namespace": "AWS/DynamoDB",
                    "MetricName": "ReadThrottleEvents",
                    "Statistic": "Sum",
                    "Period": 60,
                    "EvaluationPeriods": 1,
                    "Threshold": 1,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "Dimensions": [{"Name": "TableName", "Value": {"Ref": "Table"}}],
                },
            },
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, "RetentionInDays": 7}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}},
        }
    }
    return json.dumps(document)


@pytest.fixture
def stack(place: Place) -> tuple[Any, Any]:
    """A client and another for DynamoDB, with a stack that stands."""
    client = place.client("cloudformation")
    body = template(place.name("drifting"))
    made = client.create_stack(StackName=place.name(), TemplateBody=body, Tags=[{"Key": "team", "Value": "blue"}])
    assert settled(client, made["StackId"])["StackStatus"] == "CREATE_COMPLETE"
    return client, place.client("dynamodb")


def _detect(client: Any, stack: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    detection = client.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    found = detected(client, detection)
    drifts = client.describe_stack_resource_drifts(StackName=stack)["StackResourceDrifts"]
    return found, {drift["LogicalResourceId"]: drift for drift in drifts}


def test_a_fresh_stack_is_in_sync(place: Place, stack: tuple[Any, Any]) -> None:
    client, _ = stack
    found, drifts = _detect(client, place.name())

    assert found["DetectionStatus"] == "DETECTION_COMPLETE"
    assert {name: drift["PropertyDifferences"] for name, drift in drifts.items()} == {
        name: [] for name in ("Table", "Alarm", "Group", "Topic")
    }
    assert found["StackDriftStatus"] == "IN_SYNC"
    shown = client.describe_stacks(StackName=place.name())["Stacks"][0]["DriftInformation"]
    assert shown["StackDriftStatus"] == "IN_SYNC"


@pytest.mark.needs("instant-clock")
def test_what_was_changed_outside_is_told_and_brought_back(place: Place, stack: tuple[Any, Any]) -> None:
    client, dynamodb = stack
    dynamodb.update_time_to_live(
        TableName=place.name("drifting"), TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": False}
    )
    dynamodb.update_table(TableName=place.name("drifting"), DeletionProtectionEnabled=True)
    dynamodb.update_table(
        TableName=place.name("drifting"), GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-a"}}]
    )
    found, drifts = _detect(client, place.name())

    assert (found["StackDriftStatus"], found["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    told = {d["PropertyPath"]: d["DifferenceType"] for d in drifts["Table"]["PropertyDifferences"]}
    assert told["/DeletionProtectionEnabled"] == "NOT_EQUAL"
    assert told["/TimeToLiveSpecification"] == "REMOVE"
    assert told["/GlobalSecondaryIndexes"] == "REMOVE"
    one = client.detect_stack_resource_drift(StackName=place.name(), LogicalResourceId="Table")["StackResourceDrift"]
    assert one["StackResourceDriftStatus"] == "MODIFIED"

    plain = client.create_change_set(
        StackName=place.name(), ChangeSetName="plain", UsePreviousTemplate=True, Tags=[{"Key": "team", "Value": "blue"}]
    )
    assert changed(client, plain["Id"])["Status"] == "FAILED"
    made = client.create_change_set(
        StackName=place.name(),
        ChangeSetName="back",
        UsePreviousTemplate=True,
        DeploymentMode="REVERT_DRIFT",
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    change_set = changed(client, made["Id"])
    assert change_set["Status"] == "CREATE_COMPLETE", change_set
    assert [c["ResourceChange"]["LogicalResourceId"] for c in change_set["Changes"]] == ["Table"]
    client.execute_change_set(ChangeSetName=made["Id"])

    assert settled(client, place.name())["StackStatus"] == "UPDATE_COMPLETE"
    table = dynamodb.describe_table(TableName=place.name("drifting"))["Table"]
    assert table["DeletionProtectionEnabled"] is False
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by-a"]
    assert (
        dynamodb.describe_time_to_live(TableName=place.name("drifting"))["TimeToLiveDescription"]["TimeToLiveStatus"]
        == "ENABLED"
    )
    assert _detect(client, place.name())[0]["StackDriftStatus"] == "IN_SYNC"


@pytest.mark.slow
@pytest.mark.embedded("an index takes its time to go there, and may be looked at meanwhile")
def test_an_index_that_is_being_deleted_is_told(start_aws: Callable[..., EmbeddedAws]) -> None:
    aws = start_aws(clock="100")
    client, dynamodb = aws.client("cloudformation"), aws.client("dynamodb")
    client.create_stack(StackName="going", TemplateBody=template("going"))
    assert settled(client, "going")["StackStatus"] == "CREATE_COMPLETE"
    dynamodb.update_table(TableName="going", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-a"}}])

    drift = client.detect_stack_resource_drift(StackName="going", LogicalResourceId="Table")["StackResourceDrift"]
    told = {d["PropertyPath"]: d["DifferenceType"] for d in drift["PropertyDifferences"]}
    assert told["/GlobalSecondaryIndexes"] == "REMOVE"


def test_a_resource_that_was_deleted_outside_is_told_and_made_anew(place: Place, stack: tuple[Any, Any]) -> None:
    client, _ = stack
    place.client("logs").delete_log_group(logGroupName=place.name("drifting"))
    _, drifts = _detect(client, place.name())

    assert drifts["Group"]["StackResourceDriftStatus"] == "DELETED"
    made = client.create_change_set(
        StackName=place.name(),
        ChangeSetName="back",
        UsePreviousTemplate=True,
        DeploymentMode="REVERT_DRIFT",
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    assert changed(client, made["Id"])["Status"] == "CREATE_COMPLETE"
    client.execute_change_set(ChangeSetName=made["Id"])
    assert settled(client, place.name())["StackStatus"] == "UPDATE_COMPLETE"
    groups = place.listed("logs.describe_log_groups")["logGroups"]
    assert [group["logGroupName"] for group in groups] == [place.name("drifting")]
