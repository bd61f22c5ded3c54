"""Application Auto Scaling for DynamoDB: scalable targets, target tracking policies, scheduled actions, activities.

The API's state is kept in the journal. Its policies look at the published consumption each minute and change units through
UpdateTable, like the real service; the CloudWatch alarms that the real one makes for itself are not made.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.dataplane import Response
from tablewright.local.journal import Journal
from tablewright.local.load.plane_view import PlaneView
from tablewright.local.load.scaling_rules import Policy, decrease_allowed, due, wanted_units
from tablewright.local.load.tables import Scope, Table
from tablewright.local.metrics.sample import dimensions_of
from tablewright.local.metrics.store import SampleStore

__all__ = ["AutoScaling"]

Update = Callable[[Scope, dict[str, Any]], Awaitable[Response]]
_DIMENSIONS = {
    "dynamodb:table:ReadCapacityUnits": (False, False),
    "dynamodb:table:WriteCapacityUnits": (False, True),
    "dynamodb:index:ReadCapacityUnits": (True, False),
    "dynamodb:index:WriteCapacityUnits": (True, True),
}
_METRICS = {"DynamoDBReadCapacityUtilization": False, "DynamoDBWriteCapacityUtilization": True}
_TARGET, _POLICY, _ACTION, _ACTIVITY, _STATE = (
    "scaling-target",
    "scaling-policy",
    "scaling-action",
    "scaling-activity",
    "scaling-state",
)


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class AutoScaling:
    """The API, and the minute's round of scaling."""

    def __init__(self, journal: Journal, clock: Clock, view: PlaneView, store: SampleStore, update: Update) -> None:
        self._journal = journal
        self._clock = clock
        self._view = view
        self._store = store
        self._update = update

    def answer(self, operation: str, body: bytes, scope: Scope) -> Response:
        """The answer of one API call."""
        handlers: dict[str, Callable[[Mapping[str, Any], Scope], dict[str, Any]]] = {
            "RegisterScalableTarget": self._register,
            "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": lambda asked, at: {"ScalableTargets": self._listed(_TARGET, asked, at)},
            "PutScalingPolicy": self._put_policy,
            "DeleteScalingPolicy": lambda asked, at: self._delete(_POLICY, asked, at, "PolicyName"),
            "DescribeScalingPolicies": lambda asked, at: {"ScalingPolicies": self._listed(_POLICY, asked, at)},
            "PutScheduledAction": self._put_action,
            "DeleteScheduledAction": lambda asked, at: self._delete(_ACTION, asked, at, "ScheduledActionName"),
            "DescribeScheduledActions": lambda asked, at: {"ScheduledActions": self._listed(_ACTION, asked, at)},
            "DescribeScalingActivities": self._activities,
            "ListTagsForResource": lambda asked, at: {"Tags": {}},
        }
        handler = handlers.get(operation)
        try:
            if handler is None:
                raise _Refused("UnknownOperationException", f"The embedded AWS does not offer {operation}.")
            asked = json.loads(body or b"{}")
            if operation != "ListTagsForResource" and asked.get("ServiceNamespace") != "dynamodb":
                raise _Refused("ValidationException", "The embedded AWS scales the service namespace dynamodb only.")
            return _json(200, handler(asked, scope))
        except _Refused as refused:
            return _json(400, {"__type": refused.code, "message": refused.message})
        except (AttributeError, KeyError, TypeError, ValueError) as wrong:
            return _json(400, {"__type": "ValidationException", "message": f"A parameter cannot be read: {wrong}"})

    def replica_refused(self, scope: Scope, table: Mapping[str, Any]) -> str:
        """Why a described table can have no replica, or empty: provisioned writes have to be scaled.

        Source of the words: public issue threads, and third-party measurements of the API (2026-10).
        """
        if (table.get("BillingModeSummary") or {}).get("BillingMode") == "PAY_PER_REQUEST":
            return ""
        name = table["TableName"]
        writes = [("Table", f"table/{name}", "dynamodb:table:WriteCapacityUnits")]
        for index in table.get("GlobalSecondaryIndexes") or ():
            writes.append(("GSI", f"table/{name}/index/{index['IndexName']}", "dynamodb:index:WriteCapacityUnits"))
        for what, resource, dimension in writes:
            if self._journal.get(_TARGET, json.dumps([*scope, resource, dimension])) is None:
                return f"{what} write capacity should either be Pay-Per-Request or AutoScaled."
        return ""

    # --------------------------------------------------------------------- API

    def _key(self, asked: Mapping[str, Any], scope: Scope, name: str = "") -> str:
        resource, dimension = asked["ResourceId"], asked["ScalableDimension"]
        if dimension not in _DIMENSIONS or _DIMENSIONS[dimension][0] is not ("/index/" in resource):
            raise _Refused("ValidationException", f"Unsupported scalable dimension {dimension} for {resource}")
        return json.dumps([*scope, resource, dimension, *([name] if name else [])])

    def _register(self, asked: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        key = self._key(asked, scope)
        held = self._journal.get(_TARGET, key) or {}
        low, high = asked.get("MinCapacity", held.get("MinCapacity")), asked.get("MaxCapacity", held.get("MaxCapacity"))
        if low is None or high is None:
            raise _Refused("ValidationException", "MinCapacity and MaxCapacity are required for a new scalable target.")
        if low > high or low < 1:
            raise _Refused("ValidationException", "Maximum capacity cannot be less than minimum capacity")
        if self._found(asked["ResourceId"], scope) is None:
            raise _Refused("ValidationException", f"DynamoDB table does not exist: {asked['ResourceId']}")
        account, region = scope
        made = {
            "ServiceNamespace": "dynamodb",
            "ResourceId": asked["ResourceId"],
            "ScalableDimension": asked["ScalableDimension"],
            "MinCapacity": low,
            "MaxCapacity": high,
            "RoleARN": f"arn:aws:iam::{account}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/"
            "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
            "CreationTime": held.get("CreationTime", self._clock.now()),
            "SuspendedState": asked.get("SuspendedState")
            or held.get("SuspendedState")
            or dict.fromkeys(
                ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), False
            ),
            "ScalableTargetARN": held.get("ScalableTargetARN")
            or f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/{uuid.uuid4().hex}",
        }
        self._journal.put(_TARGET, key, made)
        return {"ScalableTargetARN": made["ScalableTargetARN"]}

    def _deregister(self, asked: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        self._delete(_TARGET, asked, scope)
        for kind in (_POLICY, _ACTION):
            for key, held in self._journal.items(kind):
                if json.loads(key)[:4] == [*scope, held["ResourceId"], held["ScalableDimension"]] and all(
                    held[name] == asked[name] for name in ("ResourceId", "ScalableDimension")
                ):
                    self._journal.put(kind, key, None)
        return {}

    def _delete(self, kind: str, asked: Mapping[str, Any], scope: Scope, name: str = "") -> dict[str, Any]:
        key = self._key(asked, scope, asked[name] if name else "")
        if self._journal.get(kind, key) is None:
            what = asked[name] if name else asked["ResourceId"]
            raise _Refused("ObjectNotFoundException", f"Nothing is registered for {what}.")
        self._journal.put(kind, key, None)
        return {}

    def _listed(self, kind: str, asked: Mapping[str, Any], scope: Scope) -> list[dict[str, Any]]:
        wanted = asked.get("ResourceIds") or ([asked["ResourceId"]] if asked.get("ResourceId") else None)
        names = asked.get("PolicyNames") or asked.get("ScheduledActionNames")
        found = []
        for key, held in self._journal.items(kind):
            name = held.get("PolicyName") or held.get("ScheduledActionName")
            if json.loads(key)[:2] != list(scope) or (wanted and held["ResourceId"] not in wanted):
                continue
            if asked.get("ScalableDimension") in (None, held["ScalableDimension"]) and (not names or name in names):
                found.append(held)
        return found

    def _put_policy(self, asked: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        if self._journal.get(_TARGET, self._key(asked, scope)) is None:
            raise _Refused(
                "ObjectNotFoundException",
                f"No scalable target registered for service namespace: dynamodb, resource ID: {asked['ResourceId']}, scalable "
                f"dimension: {asked['ScalableDimension']}",
            )
        if asked.get("PolicyType") != "TargetTrackingScaling":
            raise _Refused("ValidationException", "DynamoDB supports policies of type TargetTrackingScaling only.")
        tracking = asked["TargetTrackingScalingPolicyConfiguration"]
        kind = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
        if _METRICS.get(kind) is not _DIMENSIONS[asked["ScalableDimension"]][1]:
            raise _Refused("ValidationException", f"{kind} does not measure {asked['ScalableDimension']}.")
        if not 20 <= float(tracking["TargetValue"]) <= 90:
            raise _Refused("ValidationException", "TargetValue must be between 20 and 90 for DynamoDB.")
        key = self._key(asked, scope, asked["PolicyName"])
        held = self._journal.get(_POLICY, key) or {}
        account, region = scope
        arn = held.get("PolicyARN") or (
            f"arn:aws:autoscaling:{region}:{account}:scalingPolicy:{uuid.uuid4()}:resource/dynamodb/"
            f"{asked['ResourceId']}:policyName/{asked['PolicyName']}"
        )
        names = ("PolicyName", "ResourceId", "ScalableDimension", "ServiceNamespace", "PolicyType")
        made = {name: asked[name] for name in names}
        made |= {
            "PolicyARN": arn,
            "TargetTrackingScalingPolicyConfiguration": tracking,
            "Alarms": [],
            "CreationTime": held.get("CreationTime", self._clock.now()),
        }
        self._journal.put(_POLICY, key, made)
        return {"PolicyARN": arn, "Alarms": []}

    def _put_action(self, asked: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        if self._journal.get(_TARGET, self._key(asked, scope)) is None:
            raise _Refused("ObjectNotFoundException", f"No scalable target registered for {asked['ResourceId']}")
        now = self._clock.now()
        due(asked["Schedule"], now, now, now)
        key = self._key(asked, scope, asked["ScheduledActionName"])
        account, region = scope
        names = ("ServiceNamespace", "Schedule", "ScheduledActionName", "ResourceId", "ScalableDimension")
        made = {name: asked[name] for name in names}
        made |= {
            "ScheduledActionARN": f"arn:aws:autoscaling:{region}:{account}:scheduledAction:{uuid.uuid4()}:resource/dynamodb/"
            f"{asked['ResourceId']}:scheduledActionName/{asked['ScheduledActionName']}",
            "ScalableTargetAction": asked.get("ScalableTargetAction") or {},
            "CreationTime": now,
        }
        self._journal.put(_ACTION, key, made)
        return {}

    def _activities(self, asked: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        found = self._journal.list(_ACTIVITY, "/".join(scope))
        wanted = [each for each in found if asked.get("ResourceId") in (None, each["ResourceId"])]
        return {"ScalingActivities": wanted[::-1][: int(asked.get("MaxResults") or 50)]}

    # ----------------------------------------------------------------- scaling

    def _found(self, resource: str, scope: Scope) -> tuple[Table, str] | None:
        name, _, index = resource.removeprefix("table/").partition("/index/")
        table = self._view.table(scope, name)
        if table is None or (index and index not in table.index_settings):
            return None
        return table, index

    async def scale(self, now: float) -> int:
        """One round: scheduled actions, then policies; returns how many tables or indexes were changed."""
        for key, action in self._journal.items(_ACTION):
            self._run_action(key, action, now)
        changed = 0
        for key, target in self._journal.items(_TARGET):
            account, region = json.loads(key)[:2]
            changed += await self._scale_target(key, target, (account, region), now)
        return changed

    def _run_action(self, key: str, action: Mapping[str, Any], now: float) -> None:
        account, region, resource, dimension = json.loads(key)[:4]
        state = self._journal.get(_STATE, key) or {"since": action["CreationTime"]}
        target_key = json.dumps([account, region, resource, dimension])
        target = self._journal.get(_TARGET, target_key)
        if target is not None and due(action["Schedule"], state["since"], now, action["CreationTime"]):
            suspended = (target.get("SuspendedState") or {}).get("ScheduledScalingSuspended")
            if not suspended:
                self._journal.put(_TARGET, target_key, {**target, **action["ScalableTargetAction"]})
            self._journal.put(_STATE, key, {"since": now})

    async def _scale_target(self, key: str, target: Mapping[str, Any], scope: Scope, now: float) -> int:
        found = self._found(target["ResourceId"], scope)
        if found is None or found[0].settings.on_demand:
            return 0
        table, index = found
        write = _DIMENSIONS[target["ScalableDimension"]][1]
        settings = table.index_settings[index] if index else table.settings
        units = settings.write if write else settings.read
        state = self._journal.get(_STATE, key) or {"out": 0.0, "in": 0.0, "decreases": []}
        wanted, why = self._wanted(target, scope, table, index, write, units, state, now)
        if not why or (wanted < units and not decrease_allowed(state["decreases"], now)):
            return 0
        both = {"ReadCapacityUnits": int(settings.read), "WriteCapacityUnits": int(settings.write)}
        both["WriteCapacityUnits" if write else "ReadCapacityUnits"] = int(wanted)
        asked: dict[str, Any] = {"TableName": table.name}
        if index:
            update = {"Update": {"IndexName": index, "ProvisionedThroughput": both}}
            asked["GlobalSecondaryIndexUpdates"] = [update]
        else:
            asked["ProvisionedThroughput"] = both
        response = await self._update(scope, asked)
        self._note(scope, target, wanted, why, response.ok, now)
        if response.ok:
            decreases = [at for at in state["decreases"] if at > now - 86400] + ([now] if wanted < units else [])
            moved = {"out": now} if wanted > units else {"in": now}
            self._journal.put(_STATE, key, {**state, **moved, "decreases": decreases})
        return int(response.ok)

    def _wanted(
        self,
        target: Mapping[str, Any],
        scope: Scope,
        table: Table,
        index: str,
        write: bool,
        units: float,
        state: Mapping[str, Any],
        now: float,
    ) -> tuple[float, str]:
        """What the policies of a target want; the highest wins."""
        suspended = target.get("SuspendedState") or {}
        wishes: list[tuple[float, str]] = []
        for policy in self._listed(
            _POLICY, {name: target[name] for name in ("ResourceId", "ScalableDimension")}, scope
        ):
            tracking = policy["TargetTrackingScalingPolicyConfiguration"]
            rule = Policy(
                float(tracking["TargetValue"]),
                float(target["MinCapacity"]),
                float(target["MaxCapacity"]),
                float(tracking.get("ScaleOutCooldown") or 0),
                float(tracking.get("ScaleInCooldown") or 0),
                not tracking.get("DisableScaleIn") and not suspended.get("DynamicScalingInSuspended"),
            )
            minutes = self._consumed(scope, table.name, index, write)
            wishes.append(wanted_units(rule, units, minutes, now, state["out"], state["in"]))
        if not wishes:
            bounded = min(max(units, float(target["MinCapacity"])), float(target["MaxCapacity"]))
            scheduled = any(
                each["ResourceId"] == target["ResourceId"] and each["ScalableDimension"] == target["ScalableDimension"]
                for _, each in self._journal.items(_ACTION)
            )
            return (bounded, "a scheduled action moved the bounds") if scheduled and bounded != units else (units, "")
        wanted, why = max(wishes)
        if wanted > units and suspended.get("DynamicScalingOutSuspended"):
            return units, ""
        return wanted, why

    def _consumed(self, scope: Scope, table: str, index: str, write: bool) -> dict[int, float]:
        name = "ConsumedWriteCapacityUnits" if write else "ConsumedReadCapacityUnits"
        pairs = [("TableName", table), *([("GlobalSecondaryIndexName", index)] if index else [])]
        samples = self._store.samples(scope, ("AWS/DynamoDB", name, dimensions_of(pairs)))
        return {int(sample.at): sample.total / 60 for sample in samples}

    def _note(self, scope: Scope, target: Mapping[str, Any], wanted: float, why: str, ok: bool, now: float) -> None:
        kind = "write" if _DIMENSIONS[target["ScalableDimension"]][1] else "read"
        what = f"{kind} capacity units to {int(wanted)}"
        done, failed = f"Successfully set {what}. Change successfully fulfilled by dynamodb.", f"Failed to set {what}."
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": "dynamodb",
            "ResourceId": target["ResourceId"],
            "ScalableDimension": target["ScalableDimension"],
            "Description": f"Setting {what}.",
            "Cause": why,
            "StartTime": now,
            "EndTime": now,
            "StatusCode": "Successful" if ok else "Failed",
            "StatusMessage": done if ok else failed,
        }
        self._journal.append(_ACTIVITY, "/".join(scope), activity)


def _json(status: int, body: Mapping[str, Any]) -> Response:
    headers = [("Content-Type", "application/x-amz-json-1.1")]
    if status >= 400:
        headers.append(("x-amzn-errortype", str(body["__type"])))
    return Response(status, tuple(headers), json.dumps(body).encode())
