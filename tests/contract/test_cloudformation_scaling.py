"""Scalable targets and scaling policies of tables, as stacks make them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.contract import words
from tests.contract.harness.place import Place

TABLE: dict[str, Any] = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}
TARGET: dict[str, Any] = {
    "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
    "Properties": {
        "ServiceNamespace": "dynamodb",
        "ResourceId": {"Fn::Sub": "table/${Orders}"},
        "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
        "MinCapacity": 5,
        "MaxCapacity": 50,
    },
}
POLICY: dict[str, Any] = {
    "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
    "Properties": {
        "PolicyName": "half-used",
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": {"Ref": "Target"},
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 50,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
        },
    },
}


def template(place: Place, **changed: dict[str, Any]) -> str:
    resources = copy.deepcopy({"Orders": TABLE, "Target": TARGET, "Policy": POLICY})
    resources["Orders"]["Properties"]["TableName"] = place.name("orders")
    for name, properties in changed.items():
        resources[name]["Properties"].update(properties)
    return json.dumps({"Resources": resources, "Outputs": {"Target": {"Value": {"Ref": "Target"}}}})


@pytest.fixture
def clients(place: Place) -> tuple[Any, Any]:
    return place.client("cloudformation"), place.client("application-autoscaling")


def made(place: Place, body: str) -> dict[str, Any]:
    stack = place.client("cloudformation").create_stack(StackName=place.name("scaled"), TemplateBody=body)["StackId"]
    return place.settled(stack)


def of_dynamodb(place: Place, operation: str) -> list[dict[str, Any]]:
    """What Application Auto Scaling lists for DynamoDB."""
    answer = place.listed(f"application-autoscaling.{operation}", ServiceNamespace="dynamodb")
    (found,) = (value for value in answer.values() if isinstance(value, list))
    return list(found)


def test_a_table_is_scaled_by_its_stack(place: Place, clients: tuple[Any, Any]) -> None:
    cloudformation, _ = clients
    stack = made(place, template(place))
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert (
        stack["Outputs"][0]["OutputValue"] == f"table/{place.name('orders')}|dynamodb:table:WriteCapacityUnits|dynamodb"
    )
    (policy,) = of_dynamodb(place, "describe_scaling_policies")
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50

    action = {
        "ScheduledActionName": "night",
        "Schedule": "cron(0 22 * * ? *)",
        "ScalableTargetAction": {"MinCapacity": 5, "MaxCapacity": 10},
    }
    tracking = {**POLICY["Properties"]["TargetTrackingScalingPolicyConfiguration"], "TargetValue": "70"}
    changed = template(
        place,
        Target={"MaxCapacity": 80, "ScheduledActions": [action]},
        Policy={"TargetTrackingScalingPolicyConfiguration": tracking},
    )
    cloudformation.update_stack(StackName=place.name("scaled"), TemplateBody=changed)
    assert place.settled(stack["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    (target,) = of_dynamodb(place, "describe_scalable_targets")
    (policy,) = of_dynamodb(place, "describe_scaling_policies")
    (scheduled,) = of_dynamodb(place, "describe_scheduled_actions")
    assert (target["MaxCapacity"], scheduled["ScheduledActionName"]) == (80, "night")
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70

    cloudformation.update_stack(StackName=place.name("scaled"), TemplateBody=template(place))
    assert place.settled(stack["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    assert of_dynamodb(place, "describe_scheduled_actions") == []

    cloudformation.delete_stack(StackName=place.name("scaled"))
    assert place.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert of_dynamodb(place, "describe_scalable_targets") == []
    assert of_dynamodb(place, "describe_scaling_policies") == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Target": {"ResourceId": {"Fn::Sub": "table/${AWS::StackName}-nothing"}}}, words.NO_TABLE_TO_SCALE),
        ({"Target": {"MinCapacity": 60}}, words.BOUNDS_CROSSED),
        # The words are not AWS's: that a table takes no other policy type is its rule (user guide, DynamoDB auto scaling).
        ({"Policy": {"PolicyType": "StepScaling"}}, "TargetTrackingScaling"),
    ],
)
def test_what_the_service_refuses_fails_the_resource(
    place: Place, clients: tuple[Any, Any], changed: dict[str, Any], reason: str
) -> None:
    cloudformation, _ = clients
    stack = made(place, template(place, **changed))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    reasons = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert any(reason in told for told in reasons), reasons
    assert of_dynamodb(place, "describe_scalable_targets") == []


def test_drift_of_a_target_is_told(place: Place, clients: tuple[Any, Any]) -> None:
    cloudformation, scaling = clients
    made(place, template(place))
    scaling.register_scalable_target(
        ServiceNamespace="dynamodb",
        ResourceId=f"table/{place.name('orders')}",
        ScalableDimension="dynamodb:table:WriteCapacityUnits",
        MaxCapacity=99,
    )

    found = cloudformation.detect_stack_resource_drift(StackName=place.name("scaled"), LogicalResourceId="Target")

    (difference,) = found["StackResourceDrift"]["PropertyDifferences"]
    assert (difference["PropertyPath"], difference["ActualValue"]) == ("/MaxCapacity", "99")
