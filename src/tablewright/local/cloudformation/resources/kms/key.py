"""AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_missing, is_taken
from tablewright.local.cloudformation.resources.kind import Kind, given, merged_tags
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.cloudformation.resources.values import boolean, number
from tablewright.local.services import ServiceError

DEFAULT_WINDOW_DAYS = 30


class Key(Kind):
    """A key; its physical ID is its key id. Deleting it schedules its deletion."""

    name: ClassVar[str] = "AWS::KMS::Key"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn", "KeyId"})
    unread: ClassVar[frozenset[str]] = frozenset(
        {"KeyPolicy", "Tags", "PendingWindowInDays", "BypassPolicyLockoutSafetyCheck", "RotationPeriodInDays"}
    )

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = given(properties, ("Description", "KeyUsage", "KeySpec", "Origin"))
        if "KeyPolicy" in properties:
            params["Policy"] = _policy(properties)
        if "MultiRegion" in properties:
            params["MultiRegion"] = boolean(properties["MultiRegion"])
        tags = {k: v for k, v in merged_tags(handling.tags, properties).items() if not k.startswith("aws:")}
        if tags:
            params["Tags"] = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        made = (await handling.call("kms", "CreateKey", params))["KeyMetadata"]
        key_id = str(made["KeyId"])
        handling.made(key_id)
        await self._settle(handling, key_id, {}, properties)
        return {"Arn": str(made["Arn"]), "KeyId": key_id}

    async def _settle(self, handling: Handling, key_id: str, before: Properties, after: Properties) -> None:
        rotated, wanted = boolean(before.get("EnableKeyRotation")), boolean(after.get("EnableKeyRotation"))
        if rotated != wanted:
            operation = "EnableKeyRotation" if wanted else "DisableKeyRotation"
            await handling.call("kms", operation, {"KeyId": key_id})
        was, is_wanted = boolean(before.get("Enabled", True)), boolean(after.get("Enabled", True))
        if was != is_wanted:
            await handling.call("kms", "EnableKey" if is_wanted else "DisableKey", {"KeyId": key_id})

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        if before.get("Description") != after.get("Description"):
            params = {"KeyId": physical_id, "Description": str(after.get("Description", ""))}
            await handling.call("kms", "UpdateKeyDescription", params)
        if before.get("KeyPolicy") != after.get("KeyPolicy") and "KeyPolicy" in after:
            params = {"KeyId": physical_id, "PolicyName": "default", "Policy": _policy(after)}
            await handling.call("kms", "PutKeyPolicy", params)
        await self._settle(handling, physical_id, before, after)
        found = (await handling.call("kms", "DescribeKey", {"KeyId": physical_id}))["KeyMetadata"]
        return {"Arn": str(found["Arn"]), "KeyId": physical_id}

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        days = number(properties.get("PendingWindowInDays", DEFAULT_WINDOW_DAYS))
        try:
            await handling.call("kms", "ScheduleKeyDeletion", {"KeyId": physical_id, "PendingWindowInDays": days})
        except ServiceError as error:
            if not is_missing(error) and error.code != "KMSInvalidStateException":
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            found = (await handling.call("kms", "DescribeKey", {"KeyId": physical_id}))["KeyMetadata"]
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        if found.get("KeyState") == "PendingDeletion":
            return None
        rotation = await handling.call("kms", "GetKeyRotationStatus", {"KeyId": physical_id})
        properties = {
            "Enabled": bool(found.get("Enabled", True)),
            "EnableKeyRotation": bool(rotation.get("KeyRotationEnabled")),
            "Description": found.get("Description", ""),
            "KeyUsage": found.get("KeyUsage", "ENCRYPT_DECRYPT"),
            "KeySpec": found.get("KeySpec", "SYMMETRIC_DEFAULT"),
            "Origin": found.get("Origin", "AWS_KMS"),
            "MultiRegion": bool(found.get("MultiRegion")),
        }
        return properties, {"Arn": str(found["Arn"]), "KeyId": physical_id}


def _policy(properties: Properties) -> str:
    policy = properties["KeyPolicy"]
    return policy if isinstance(policy, str) else json.dumps(policy)


class Alias(Kind):
    name: ClassVar[str] = "AWS::KMS::Alias"
    name_property: ClassVar[str] = "AliasName"
    attributes: ClassVar[frozenset[str]] = frozenset()
    replaced: ClassVar[frozenset[str]] = frozenset({"AliasName"})
    unread: ClassVar[frozenset[str]] = frozenset({"TargetKeyId"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params = {"AliasName": name, "TargetKeyId": properties["TargetKeyId"]}
        try:
            await handling.call("kms", "CreateAlias", params)
        except ServiceError as error:
            if is_taken(error):
                raise exists_already(self.name, name) from None
            raise
        handling.made(name)
        return {}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        params = {"AliasName": physical_id, "TargetKeyId": after["TargetKeyId"]}
        await handling.call("kms", "UpdateAlias", params)
        return {}

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("kms", "DeleteAlias", {"AliasName": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        for alias in (await handling.call("kms", "ListAliases", {})).get("Aliases") or []:
            if alias["AliasName"] == physical_id:
                return {"AliasName": physical_id, "TargetKeyId": alias.get("TargetKeyId", "")}, {}
        return None
