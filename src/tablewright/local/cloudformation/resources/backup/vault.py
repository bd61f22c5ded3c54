"""AWS::Backup::BackupVault."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.backup.tags import retag
from tablewright.local.cloudformation.resources.failures import exists_already, is_missing, is_taken
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.cloudformation.resources.values import number
from tablewright.local.services import ServiceError

TAGS = "BackupVaultTags"
_LOCK_DAYS = ("MinRetentionDays", "MaxRetentionDays", "ChangeableForDays")


class BackupVault(Kind):
    """A vault; its physical ID is its name. One with recovery points cannot be deleted."""

    name: ClassVar[str] = "AWS::Backup::BackupVault"
    name_property: ClassVar[str] = "BackupVaultName"
    name_limit: ClassVar[int] = 50
    attributes: ClassVar[frozenset[str]] = frozenset({"BackupVaultArn", "BackupVaultName"})
    replaced: ClassVar[frozenset[str]] = frozenset({"BackupVaultName", "EncryptionKeyArn"})
    unread: ClassVar[frozenset[str]] = frozenset({TAGS})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {"BackupVaultName": name}
        if "EncryptionKeyArn" in properties:
            params["EncryptionKeyArn"] = properties["EncryptionKeyArn"]
        if tags := merged_tags(handling.tags, properties, TAGS):
            params[TAGS] = tags
        try:
            await handling.call("backup", "CreateBackupVault", params)
        except ServiceError as error:
            if is_taken(error):
                raise exists_already(self.name, name) from None
            raise
        handling.made(name)
        await self._settle(handling, name, {}, properties)
        return await self._attributes(handling, name)

    async def _settle(self, handling: Handling, name: str, before: Properties, after: Properties) -> None:
        old, new = before.get("AccessPolicy"), after.get("AccessPolicy")
        if old != new:
            text = {} if new is None else {"Policy": new if isinstance(new, str) else json.dumps(new)}
            await self._put(handling, "BackupVaultAccessPolicy", name, text)
        old, new = before.get("Notifications"), after.get("Notifications")
        if old != new:
            told = {key: new[key] for key in ("SNSTopicArn", "BackupVaultEvents")} if new else {}
            await self._put(handling, "BackupVaultNotifications", name, told)
        old, new = before.get("LockConfiguration"), after.get("LockConfiguration")
        if old != new:
            days = {key: number(new[key]) for key in _LOCK_DAYS if key in new} if new else {}
            await self._put(handling, "BackupVaultLockConfiguration", name, days)

    async def _put(self, handling: Handling, setting: str, name: str, wanted: dict[str, Any]) -> None:
        verb = "Put" if wanted else "Delete"
        await handling.call("backup", f"{verb}{setting}", {"BackupVaultName": name, **wanted})

    async def _describe(self, handling: Handling, name: str) -> dict[str, Any]:
        return await handling.call("backup", "DescribeBackupVault", {"BackupVaultName": name})

    async def _attributes(self, handling: Handling, name: str) -> dict[str, Any]:
        arn = str((await self._describe(handling, name))["BackupVaultArn"])
        return {"BackupVaultArn": arn, "BackupVaultName": name}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        attributes = await self._attributes(handling, physical_id)
        await self._settle(handling, physical_id, before, after)
        await retag(handling, attributes["BackupVaultArn"], merged_tags(handling.tags, after, TAGS))
        return attributes

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("backup", "DeleteBackupVault", {"BackupVaultName": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            vault = await self._describe(handling, physical_id)
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        found: dict[str, Any] = {"BackupVaultName": physical_id}
        if vault.get("EncryptionKeyArn"):
            found["EncryptionKeyArn"] = vault["EncryptionKeyArn"]
        if vault.get("Locked"):
            found["LockConfiguration"] = {key: vault[key] for key in _LOCK_DAYS if vault.get(key) is not None}
        if policy := await self._get(handling, "BackupVaultAccessPolicy", physical_id):
            found["AccessPolicy"] = json.loads(policy["Policy"])
        if told := await self._get(handling, "BackupVaultNotifications", physical_id):
            found["Notifications"] = {key: told[key] for key in ("SNSTopicArn", "BackupVaultEvents")}
        return found, {"BackupVaultArn": str(vault["BackupVaultArn"]), "BackupVaultName": physical_id}

    async def _get(self, handling: Handling, setting: str, name: str) -> dict[str, Any] | None:
        try:
            return await handling.call("backup", f"Get{setting}", {"BackupVaultName": name})
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
