"""AWS::Logs::LogGroup."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_missing, is_taken
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.cloudformation.resources.values import boolean, number
from tablewright.local.services import ServiceError


class LogGroup(Kind):
    name: ClassVar[str] = "AWS::Logs::LogGroup"
    name_property: ClassVar[str] = "LogGroupName"
    name_limit: ClassVar[int] = 512
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn"})
    replaced: ClassVar[frozenset[str]] = frozenset({"LogGroupName"})
    unserved: ClassVar[frozenset[str]] = frozenset(
        {
            "BearerTokenAuthenticationEnabled",
            "DataProtectionPolicy",
            "FieldIndexPolicies",
            "ResourcePolicyDocument",
        }
    )
    unread: ClassVar[frozenset[str]] = frozenset(
        {"Tags", "DataProtectionPolicy", "FieldIndexPolicies", "ResourcePolicyDocument", "DeletionProtectionEnabled"}
    )

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {"logGroupName": name}
        if "KmsKeyId" in properties:
            params["kmsKeyId"] = properties["KmsKeyId"]
        if "LogGroupClass" in properties:
            params["logGroupClass"] = properties["LogGroupClass"]
        if "DeletionProtectionEnabled" in properties:
            params["deletionProtectionEnabled"] = boolean(properties["DeletionProtectionEnabled"])
        if tags := merged_tags(handling.tags, properties):
            params["tags"] = tags
        try:
            await handling.call("logs", "CreateLogGroup", params)
        except ServiceError as error:
            if is_taken(error):
                raise exists_already(self.name, name) from None
            raise
        handling.made(name)
        if "RetentionInDays" in properties:
            days = number(properties["RetentionInDays"])
            await handling.call("logs", "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": days})
        return self._attributes(await self._find(handling, name))

    async def _find(self, handling: Handling, name: str) -> dict[str, Any] | None:
        token: str | None = None
        while True:
            params: dict[str, object] = {"logGroupNamePrefix": name}
            if token:
                params["nextToken"] = token
            page = await handling.call("logs", "DescribeLogGroups", params)
            for group in page.get("logGroups") or []:
                if group["logGroupName"] == name:
                    return dict(group)
            token = page.get("nextToken")
            if not token:
                return None

    def _attributes(self, group: dict[str, Any] | None) -> dict[str, Any]:
        return {"Arn": str(group["arn"])} if group else {}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        group = await self._find(handling, physical_id)
        if group is None:
            raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
        wanted = number(after["RetentionInDays"]) if "RetentionInDays" in after else None
        if group.get("retentionInDays") != wanted:
            if wanted is None:
                await handling.call("logs", "DeleteRetentionPolicy", {"logGroupName": physical_id})
            else:
                params: dict[str, object] = {"logGroupName": physical_id, "retentionInDays": wanted}
                await handling.call("logs", "PutRetentionPolicy", params)
        if before.get("KmsKeyId") != after.get("KmsKeyId"):
            if after.get("KmsKeyId"):
                key: dict[str, object] = {"logGroupName": physical_id, "kmsKeyId": after["KmsKeyId"]}
                await handling.call("logs", "AssociateKmsKey", key)
            else:
                await handling.call("logs", "DisassociateKmsKey", {"logGroupName": physical_id})
        await self._tag(handling, _tag_arn(group), merged_tags(handling.tags, after))
        return self._attributes(await self._find(handling, physical_id))

    async def _tag(self, handling: Handling, arn: str, wanted: dict[str, str]) -> None:
        now = (await handling.call("logs", "ListTagsForResource", {"resourceArn": arn})).get("tags") or {}
        dropped = [key for key in now if key not in wanted]
        added = {key: value for key, value in wanted.items() if now.get(key) != value}
        if dropped:
            await handling.call("logs", "UntagResource", {"resourceArn": arn, "tagKeys": dropped})
        if added:
            await handling.call("logs", "TagResource", {"resourceArn": arn, "tags": added})

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("logs", "DeleteLogGroup", {"logGroupName": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        group = await self._find(handling, physical_id)
        if group is None:
            return None
        found: dict[str, Any] = {"LogGroupName": physical_id, "LogGroupClass": group.get("logGroupClass", "STANDARD")}
        if group.get("retentionInDays"):
            found["RetentionInDays"] = group["retentionInDays"]
        if group.get("kmsKeyId"):
            found["KmsKeyId"] = group["kmsKeyId"]
        return found, self._attributes(group)


def _tag_arn(group: dict[str, Any]) -> str:
    """The ARN that the tag calls want: without the trailing `:*`."""
    return str(group.get("logGroupArn") or str(group["arn"]).removesuffix(":*"))
