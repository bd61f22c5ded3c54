"""AWS::Backup::BackupPlan and AWS::Backup::BackupSelection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.backup.tags import retag
from tablewright.local.cloudformation.resources.failures import is_missing
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.cloudformation.resources.values import boolean, number
from tablewright.local.services import ServiceError

TAGS = "BackupPlanTags"
_MINUTES = ("StartWindowMinutes", "CompletionWindowMinutes")
_AS_IT_IS = ("RuleName", "ScheduleExpression", "ScheduleExpressionTimezone", "RecoveryPointTags", "IndexActions")


class BackupPlan(Kind):
    """A plan; its physical ID is its id. Every change makes a new version of it, in place."""

    name: ClassVar[str] = "AWS::Backup::BackupPlan"
    attributes: ClassVar[frozenset[str]] = frozenset({"BackupPlanId", "BackupPlanArn", "VersionId"})
    unread: ClassVar[frozenset[str]] = frozenset({TAGS})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {"BackupPlan": _plan(properties["BackupPlan"])}
        if tags := merged_tags(handling.tags, properties, TAGS):
            params[TAGS] = tags
        made = await handling.call("backup", "CreateBackupPlan", params)
        handling.made(str(made["BackupPlanId"]))
        return _attributes(made)

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        if before.get("BackupPlan") != after["BackupPlan"]:
            params = {"BackupPlanId": physical_id, "BackupPlan": _plan(after["BackupPlan"])}
            await handling.call("backup", "UpdateBackupPlan", params)
        found = _attributes(await self._get(handling, physical_id))
        await retag(handling, found["BackupPlanArn"], merged_tags(handling.tags, after, TAGS))
        return found

    async def _get(self, handling: Handling, plan_id: str) -> dict[str, Any]:
        return await handling.call("backup", "GetBackupPlan", {"BackupPlanId": plan_id})

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("backup", "DeleteBackupPlan", {"BackupPlanId": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            found = await self._get(handling, physical_id)
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        return {"BackupPlan": _as_declared(found["BackupPlan"])}, _attributes(found)


def _attributes(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(found[name]) for name in ("BackupPlanId", "BackupPlanArn", "VersionId")}


def _plan(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The plan as the API takes it: some members have other names there."""
    plan: dict[str, Any] = {"BackupPlanName": str(declared["BackupPlanName"])}
    plan["Rules"] = [_rule(rule) for rule in declared["BackupPlanRule"]]
    if "AdvancedBackupSettings" in declared:
        plan["AdvancedBackupSettings"] = [
            {
                "ResourceType": str(each["ResourceType"]),
                "BackupOptions": {key: str(value) for key, value in _options(each["BackupOptions"]).items()},
            }
            for each in declared["AdvancedBackupSettings"]
        ]
    return {**plan, **{key: declared[key] for key in ("ScanSettings",) if key in declared}}


def _options(value: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    named = {
        key: rule[key] for key in (*_AS_IT_IS, "TargetLogicallyAirGappedBackupVaultArn", "ScanActions") if key in rule
    }
    named["TargetBackupVaultName"] = str(rule["TargetBackupVault"])
    named |= {key: number(rule[key]) for key in _MINUTES if key in rule}
    if "EnableContinuousBackup" in rule:
        named["EnableContinuousBackup"] = boolean(rule["EnableContinuousBackup"])
    if "Lifecycle" in rule:
        named["Lifecycle"] = _lifecycle(rule["Lifecycle"])
    if "CopyActions" in rule:
        named["CopyActions"] = [
            {**each, **({"Lifecycle": _lifecycle(each["Lifecycle"])} if "Lifecycle" in each else {})}
            for each in rule["CopyActions"]
        ]
    return named


def _lifecycle(declared: Mapping[str, Any]) -> dict[str, Any]:
    days = {key: number(declared[key]) for key in ("DeleteAfterDays", "MoveToColdStorageAfterDays") if key in declared}
    opted = "OptInToArchiveForSupportedResources"
    return {**days, **({opted: boolean(declared[opted])} if opted in declared else {})}


def _as_declared(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan of the API under the template's names."""
    found = {key: value for key, value in plan.items() if key != "Rules"}
    names = {"TargetBackupVaultName": "TargetBackupVault"}
    rules = plan.get("Rules") or []
    found["BackupPlanRule"] = [{names.get(key, key): rule[key] for key in rule if key != "RuleId"} for rule in rules]
    return found


class BackupSelection(Kind):
    """What a plan backs up. Nothing of it changes in place; its physical ID is the plan's id and its own."""

    name: ClassVar[str] = "AWS::Backup::BackupSelection"
    attributes: ClassVar[frozenset[str]] = frozenset({"Id", "SelectionId", "BackupPlanId"})
    replaced: ClassVar[frozenset[str]] = frozenset({"BackupSelection", "BackupPlanId"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        plan_id = str(properties["BackupPlanId"])
        params = {"BackupPlanId": plan_id, "BackupSelection": _selection(properties["BackupSelection"])}
        made = await handling.call("backup", "CreateBackupSelection", params)
        selection_id = str(made["SelectionId"])
        handling.made(f"{plan_id}_{selection_id}")
        return _told(plan_id, selection_id)

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        return _told(*physical_id.split("_", 1))

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        plan_id, selection_id = physical_id.split("_", 1)
        try:
            params = {"BackupPlanId": plan_id, "SelectionId": selection_id}
            await handling.call("backup", "DeleteBackupSelection", params)
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        plan_id, _, selection_id = physical_id.partition("_")
        try:
            params = {"BackupPlanId": plan_id, "SelectionId": selection_id}
            found = (await handling.call("backup", "GetBackupSelection", params))["BackupSelection"]
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        selection = {key: value for key, value in found.items() if value}
        return {"BackupPlanId": plan_id, "BackupSelection": selection}, _told(plan_id, selection_id)


def _selection(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The API's name of a condition type is in capitals."""
    tags = [{**each, "ConditionType": str(each["ConditionType"]).upper()} for each in declared.get("ListOfTags") or []]
    return {**declared, **({"ListOfTags": tags} if tags else {})}


def _told(plan_id: str, selection_id: str) -> dict[str, Any]:
    return {"Id": f"{plan_id}_{selection_id}", "SelectionId": selection_id, "BackupPlanId": plan_id}
