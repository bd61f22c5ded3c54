"""Application Auto Scaling really scales, by its documented rules, on the embedded clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, item, refused, started, table

pytestmark = pytest.mark.embedded("its clock is moved")

_TARGET = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/Scaled",
    "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
}
_POLICY = {
    "PolicyName": "half",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 50.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
    },
}


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("scaling") / "state") as aws, control.held(aws.endpoint):
        yield aws


@pytest.fixture
def client(timed: EmbeddedAws, account: str) -> Any:
    client = timed.client("dynamodb", account=account)
    table(client, "Scaled", read=5, write=5, attributes=("tag",), indexes=[index("byTag", "tag", write=5)])
    return client


@pytest.fixture
def scaling(timed: EmbeddedAws, account: str) -> Any:
    return timed.client("application-autoscaling", account=account)


def _units(client: Any) -> int:
    return int(client.describe_table(TableName="Scaled")["Table"]["ProvisionedThroughput"]["WriteCapacityUnits"])


def _minutes(timed: EmbeddedAws, client: Any, count: int, units: int) -> None:
    """Let minutes pass, `units` written in each."""
    for minute in range(count):
        client.put_item(TableName="Scaled", Item=item(f"{units}-{minute}", units * 1024))
        control.advance(timed.endpoint, minutes=1)


def test_two_busy_minutes_scale_out_and_fifteen_quiet_ones_in(timed: EmbeddedAws, client: Any, scaling: Any) -> None:
    scaling.register_scalable_target(**_TARGET, MinCapacity=2, MaxCapacity=9)
    scaling.put_scaling_policy(**_TARGET, **_POLICY)

    _minutes(timed, client, 1, 240)
    assert _units(client) == 5
    _minutes(timed, client, 1, 240)
    assert _units(client) == 8
    _minutes(timed, client, 14, 60)
    assert _units(client) == 8
    _minutes(timed, client, 1, 60)
    assert _units(client) == 2
    activities = scaling.describe_scaling_activities(ServiceNamespace="dynamodb")["ScalingActivities"]
    assert [each["Description"] for each in activities] == [
        "Setting write capacity units to 2.",
        "Setting write capacity units to 8.",
    ]
    assert {each["StatusCode"] for each in activities} == {"Successful"}


def test_without_consumption_nothing_scales_in(timed: EmbeddedAws, client: Any, scaling: Any) -> None:
    scaling.register_scalable_target(**_TARGET, MinCapacity=1, MaxCapacity=9)
    scaling.put_scaling_policy(**_TARGET, **_POLICY)

    control.advance(timed.endpoint, minutes=40)

    assert _units(client) == 5


def test_the_bounds_hold(timed: EmbeddedAws, client: Any, scaling: Any) -> None:
    scaling.register_scalable_target(**_TARGET, MinCapacity=7, MaxCapacity=9)
    assert _units(client) == 5
    scaling.put_scaling_policy(**_TARGET, **_POLICY)
    control.advance(timed.endpoint, minutes=1)
    assert _units(client) == 7


def test_a_scheduled_action_moves_the_bounds(timed: EmbeddedAws, client: Any, scaling: Any) -> None:
    scaling.register_scalable_target(**_TARGET, MinCapacity=1, MaxCapacity=9)
    scaling.put_scheduled_action(
        **_TARGET,
        ScheduledActionName="rush",
        Schedule="rate(5 minutes)",
        ScalableTargetAction={"MinCapacity": 12, "MaxCapacity": 20},
    )

    control.advance(timed.endpoint, minutes=4)
    assert _units(client) == 5
    control.advance(timed.endpoint, minutes=3)
    assert _units(client) == 12
    [target] = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (12, 20)


def test_the_api_lists_and_removes(client: Any, scaling: Any) -> None:
    on_index = {
        **_TARGET,
        "ResourceId": "table/Scaled/index/byTag",
        "ScalableDimension": "dynamodb:index:WriteCapacityUnits",
    }
    for target in (_TARGET, on_index):
        assert scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=9)["ScalableTargetARN"]
    made = scaling.put_scaling_policy(**_TARGET, **_POLICY)

    assert len(scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]) == 2
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]
    assert policy["PolicyARN"] == made["PolicyARN"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == _POLICY["TargetTrackingScalingPolicyConfiguration"]
    scaling.deregister_scalable_target(**_TARGET)
    assert scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"] == []
    [left] = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert left["ResourceId"] == "table/Scaled/index/byTag"


def test_what_cannot_be_is_refused(client: Any, scaling: Any) -> None:
    def code(call: Any) -> Any:
        error = refused(call)
        return error and error.response["Error"]["Code"]

    register = scaling.register_scalable_target
    assert (
        code(lambda: register(**{**_TARGET, "ResourceId": "table/No"}, MinCapacity=1, MaxCapacity=2))
        == "ValidationException"
    )
    assert code(lambda: register(**_TARGET, MinCapacity=3, MaxCapacity=2)) == "ValidationException"
    assert code(lambda: scaling.put_scaling_policy(**_TARGET, **_POLICY)) == "ObjectNotFoundException"
    assert code(lambda: scaling.deregister_scalable_target(**_TARGET)) == "ObjectNotFoundException"
    reads = {**_TARGET, "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}
    register(**reads, MinCapacity=1, MaxCapacity=2)
    assert code(lambda: scaling.put_scaling_policy(**reads, **_POLICY)) == "ValidationException"
