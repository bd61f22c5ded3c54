"""Scalable targets and scaling policies of tables, as stacks make them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.cloudformation_cases import settled

TABLE: dict[str, Any] = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "TableName": "orders",
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


def template(**changed: dict[str, Any]) -> str:
    resources = copy.deepcopy({"Orders": TABLE, "Target": TARGET, "Policy": POLICY})
    for name, properties in changed.items():
        resources[name]["Properties"].update(properties)
    return json.dumps({"Resources": resources, "Outputs": {"Target": {"Value": {"Ref": "Target"}}}})


@pytest.fixture
def clients(aws: EmbeddedAws, account: str) -> tuple[Any, Any]:
    return aws.client("cloudformation", account=account), aws.client("application-autoscaling", account=account)


def made(cloudformation: Any, body: str) -> dict[str, Any]:
    stack = cloudformation.create_stack(StackName="scaled", TemplateBody=body)["StackId"]
    return settled(cloudformation, stack)


def test_a_table_is_scaled_by_its_stack(clients: tuple[Any, Any]) -> None:
    cloudformation, scaling = clients
    stack = made(cloudformation, template())
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == "table/orders|dynamodb:table:WriteCapacityUnits|dynamodb"
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50

    action = {
        "ScheduledActionName": "night",
        "Schedule": "cron(0 22 * * ? *)",
        "ScalableTargetAction": {"MinCapacity": 5, "MaxCapacity": 10},
    }
    tracking = {**POLICY["Properties"]["TargetTrackingScalingPolicyConfiguration"], "TargetValue": "70"}
    changed = template(
        Target={"MaxCapacity": 80, "ScheduledActions": [action]},
        Policy={"TargetTrackingScalingPolicyConfiguration": tracking},
    )
    cloudformation.update_stack(StackName="scaled", TemplateBody=changed)
    assert settled(cloudformation, stack["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]
    (scheduled,) = scaling.describe_scheduled_actions(ServiceNamespace="dynamodb")["ScheduledActions"]
    assert (target["MaxCapacity"], scheduled["ScheduledActionName"]) == (80, "night")
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70

    cloudformation.update_stack(StackName="scaled", TemplateBody=template())
    assert settled(cloudformation, stack["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    assert scaling.describe_scheduled_actions(ServiceNamespace="dynamodb")["ScheduledActions"] == []

    cloudformation.delete_stack(StackName="scaled")
    assert settled(cloudformation, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"] == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Target": {"ResourceId": "table/nothing"}}, "DynamoDB table does not exist"),
        ({"Target": {"MinCapacity": 60}}, "Maximum capacity cannot be less than minimum capacity"),
        ({"Policy": {"PolicyType": "StepScaling"}}, "TargetTrackingScaling only"),
    ],
)
def test_what_the_service_refuses_fails_the_resource(
    clients: tuple[Any, Any], changed: dict[str, Any], words: str
) -> None:
    cloudformation, scaling = clients
    stack = made(cloudformation, template(**changed))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    reasons = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert any(words in reason for reason in reasons), reasons
    assert scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []


def test_drift_of_a_target_is_told(clients: tuple[Any, Any]) -> None:
    cloudformation, scaling = clients
    made(cloudformation, template())
    scaling.register_scalable_target(
        ServiceNamespace="dynamodb",
        ResourceId="table/orders",
        ScalableDimension="dynamodb:table:WriteCapacityUnits",
        MaxCapacity=99,
    )

    found = cloudformation.detect_stack_resource_drift(StackName="scaled", LogicalResourceId="Target")

    (difference,) = found["StackResourceDrift"]["PropertyDifferences"]
    assert (difference["PropertyPath"], difference["ActualValue"]) == ("/MaxCapacity", "99")
