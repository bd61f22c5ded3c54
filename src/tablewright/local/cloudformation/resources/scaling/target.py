"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy.

Source: user guide, "Ref" of the two types: the target's is `resource|dimension|namespace`, the policy's is its ARN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import not_found
from tablewright.local.cloudformation.resources.kind import Kind, given
from tablewright.local.cloudformation.resources.protocol import HandlerError, Handling, Properties
from tablewright.local.services import ServiceError

_API = "application-autoscaling"
_TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_BOUNDS = ("MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState")
_ACTION = ("ScheduledActionName", "Schedule", "ScalableTargetAction")
_POLICY = ("PolicyName", "PolicyType", "TargetTrackingScalingPolicyConfiguration")


class ScalableTarget(Kind):
    name: ClassVar[str] = "AWS::ApplicationAutoScaling::ScalableTarget"
    attributes: ClassVar[frozenset[str]] = frozenset({"Id"})
    replaced: ClassVar[frozenset[str]] = frozenset(_TARGET)
    unread: ClassVar[frozenset[str]] = frozenset({"Tags", "RoleARN"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        await self._register(handling, properties)
        physical_id = _target_id(properties)
        handling.made(physical_id)
        await self._schedule(handling, {}, properties)
        return {"Id": physical_id}

    async def _register(self, handling: Handling, properties: Properties) -> None:
        asked = given(properties, (*_TARGET, *_BOUNDS))
        for bound in ("MinCapacity", "MaxCapacity"):
            asked[bound] = int(asked[bound])
        await handling.call(_API, "RegisterScalableTarget", asked)

    async def _schedule(self, handling: Handling, before: Properties, after: Properties) -> None:
        """Put the scheduled actions that the template has, and take away those that it had."""
        where = given(after, _TARGET)
        wanted = {str(each["ScheduledActionName"]): each for each in after.get("ScheduledActions") or []}
        for each in before.get("ScheduledActions") or []:
            if each["ScheduledActionName"] not in wanted:
                dropped = {**where, "ScheduledActionName": each["ScheduledActionName"]}
                await _gone(handling, "DeleteScheduledAction", dropped)
        for each in wanted.values():
            if unknown := sorted(set(each) - set(_ACTION)):
                words = f"The embedded AWS does not imitate {', '.join(unknown)} of a scheduled action."
                raise HandlerError("InvalidRequest", words)
            action = given(each, _ACTION)
            if "ScalableTargetAction" in action:
                action["ScalableTargetAction"] = {k: int(v) for k, v in action["ScalableTargetAction"].items()}
            await handling.call(_API, "PutScheduledAction", {**where, **action})

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        await self._register(handling, after)
        await self._schedule(handling, before, after)
        return {"Id": physical_id}

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        await _gone(handling, "DeregisterScalableTarget", _target_of(physical_id))

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        where = _target_of(physical_id)
        asked = {
            "ServiceNamespace": where["ServiceNamespace"],
            "ResourceIds": [where["ResourceId"]],
            "ScalableDimension": where["ScalableDimension"],
        }
        found = (await handling.call(_API, "DescribeScalableTargets", asked))["ScalableTargets"]
        if not found:
            return None
        properties = given(found[0], (*_TARGET, "MinCapacity", "MaxCapacity", "SuspendedState"))
        actions = {"ServiceNamespace": where["ServiceNamespace"], "ResourceId": where["ResourceId"]}
        listed = (await handling.call(_API, "DescribeScheduledActions", actions))["ScheduledActions"]
        own = [given(a, _ACTION) for a in listed if a["ScalableDimension"] == where["ScalableDimension"]]
        if own:
            properties["ScheduledActions"] = own
        return properties, {"Id": physical_id}


class ScalingPolicy(Kind):
    name: ClassVar[str] = "AWS::ApplicationAutoScaling::ScalingPolicy"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn"})
    replaced: ClassVar[frozenset[str]] = frozenset({"PolicyName", "ScalingTargetId", *_TARGET})
    unread: ClassVar[frozenset[str]] = frozenset({"ScalingTargetId", *_TARGET})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        arn = await self._put(handling, properties)
        handling.made(arn)
        return {"Arn": arn}

    async def _put(self, handling: Handling, properties: Properties) -> str:
        if properties.get("StepScalingPolicyConfiguration") or properties.get("PredictiveScalingPolicyConfiguration"):
            raise HandlerError("InvalidRequest", "DynamoDB supports policies of type TargetTrackingScaling only.")
        asked = {**_policy_target(properties), **given(properties, _POLICY)}
        tracking = asked.get("TargetTrackingScalingPolicyConfiguration")
        if isinstance(tracking, Mapping):
            asked["TargetTrackingScalingPolicyConfiguration"] = _typed(tracking)
        return str((await handling.call(_API, "PutScalingPolicy", asked))["PolicyARN"])

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        if await self.read(handling, physical_id) is None:
            raise not_found(self.name, physical_id)
        return {"Arn": await self._put(handling, after)}

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        asked = {**_policy_target(properties), "PolicyName": properties["PolicyName"]}
        await _gone(handling, "DeleteScalingPolicy", asked)

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        found = await handling.call(_API, "DescribeScalingPolicies", {"ServiceNamespace": "dynamodb"})
        for policy in found["ScalingPolicies"]:
            if policy["PolicyARN"] == physical_id:
                return given(policy, _POLICY), {"Arn": physical_id}
        return None


def _target_id(properties: Properties) -> str:
    return "|".join(str(properties[name]) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))


def _target_of(physical_id: str) -> dict[str, Any]:
    """The target that a physical ID names. Raises HandlerError."""
    parts = physical_id.split("|")
    if len(parts) != 3:
        raise HandlerError("InvalidRequest", f"{physical_id} is not resource ID|scalable dimension|service namespace.")
    return dict(zip(("ResourceId", "ScalableDimension", "ServiceNamespace"), parts, strict=True))


def _policy_target(properties: Properties) -> dict[str, Any]:
    if properties.get("ScalingTargetId"):
        return _target_of(str(properties["ScalingTargetId"]))
    return given(properties, _TARGET)


def _typed(tracking: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers and booleans that the template gives as text, as the API wants them."""
    result = dict(tracking)
    if "TargetValue" in result:
        result["TargetValue"] = float(result["TargetValue"])
    for name in ("ScaleInCooldown", "ScaleOutCooldown"):
        if name in result:
            result[name] = int(result[name])
    if "DisableScaleIn" in result:
        result["DisableScaleIn"] = str(result["DisableScaleIn"]).lower() == "true"
    return result


async def _gone(handling: Handling, operation: str, params: Mapping[str, object]) -> None:
    """Take away what may be gone already: a target takes its policies and actions with it."""
    try:
        await handling.call(_API, operation, params)
    except ServiceError as error:
        if error.code != "ObjectNotFoundException":
            raise
