"""AWS::Kinesis::Stream."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_missing
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags
from tablewright.local.cloudformation.resources.protocol import HandlerError, Handling, Properties
from tablewright.local.cloudformation.resources.values import number
from tablewright.local.services import ServiceError

DEFAULT_RETENTION_HOURS = 24
POLLS = 300


class Stream(Kind):
    name: ClassVar[str] = "AWS::Kinesis::Stream"
    name_property: ClassVar[str] = "Name"
    name_limit: ClassVar[int] = 128
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn"})
    replaced: ClassVar[frozenset[str]] = frozenset({"Name"})
    unserved: ClassVar[frozenset[str]] = frozenset(
        {"DesiredShardLevelMetrics", "MaxRecordSizeInKiB", "RecordDistributionStrategy", "WarmThroughputMiBps"}
    )
    unread: ClassVar[frozenset[str]] = frozenset({"Tags", "StreamModeDetails", "StreamEncryption"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {"StreamName": name}
        if "StreamModeDetails" in properties:
            params["StreamModeDetails"] = properties["StreamModeDetails"]
        if "ShardCount" in properties or "StreamModeDetails" not in properties:
            params["ShardCount"] = number(properties.get("ShardCount", 1))
        try:
            await handling.call("kinesis", "CreateStream", params)
        except ServiceError as error:
            if error.code == "ResourceInUseException":
                raise exists_already(self.name, name) from None
            raise
        handling.made(name)
        await self._until_active(handling, name)
        await self._settle(handling, name, properties)
        return self._attributes(await self._until_active(handling, name))

    async def _until_active(self, handling: Handling, name: str) -> dict[str, Any]:
        for _ in range(POLLS):
            found = await self._describe(handling, name)
            if found is not None and found["StreamStatus"] == "ACTIVE":
                return found
            await handling.sleep(2.0)
        raise HandlerError("NotStabilized", f"Stream {name} did not stabilize.")

    async def _describe(self, handling: Handling, name: str) -> dict[str, Any] | None:
        try:
            found = await handling.call("kinesis", "DescribeStreamSummary", {"StreamName": name})
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        return dict(found["StreamDescriptionSummary"])

    async def _settle(self, handling: Handling, name: str, properties: Properties) -> None:
        """Retention, encryption and tags, from what they are to what is wanted."""
        found = await self._until_active(handling, name)
        wanted = number(properties.get("RetentionPeriodHours", DEFAULT_RETENTION_HOURS))
        now = int(found.get("RetentionPeriodHours", DEFAULT_RETENTION_HOURS))
        if wanted != now:
            operation = "IncreaseStreamRetentionPeriod" if wanted > now else "DecreaseStreamRetentionPeriod"
            await handling.call("kinesis", operation, {"StreamName": name, "RetentionPeriodHours": wanted})
        encryption = properties.get("StreamEncryption")
        if encryption is not None and found.get("EncryptionType") != "KMS":
            params = {"StreamName": name, "EncryptionType": "KMS", "KeyId": encryption["KeyId"]}
            await handling.call("kinesis", "StartStreamEncryption", params)
        tags = {k: v for k, v in merged_tags(handling.tags, properties).items() if not k.startswith("aws:")}
        shown = await handling.call("kinesis", "ListTagsForStream", {"StreamName": name})
        present = {str(tag["Key"]): str(tag.get("Value", "")) for tag in shown.get("Tags") or []}
        if added := {key: value for key, value in tags.items() if present.get(key) != value}:
            await handling.call("kinesis", "AddTagsToStream", {"StreamName": name, "Tags": added})
        if dropped := [key for key in present if key not in tags]:
            await handling.call("kinesis", "RemoveTagsFromStream", {"StreamName": name, "TagKeys": dropped})

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        if "ShardCount" in after and after.get("ShardCount") != before.get("ShardCount"):
            params = {
                "StreamName": physical_id,
                "TargetShardCount": number(after["ShardCount"]),
                "ScalingType": "UNIFORM_SCALING",
            }
            await handling.call("kinesis", "UpdateShardCount", params)
        await self._settle(handling, physical_id, after)
        return self._attributes(await self._until_active(handling, physical_id))

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("kinesis", "DeleteStream", {"StreamName": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise
        for _ in range(POLLS):
            if await self._describe(handling, physical_id) is None:
                return
            await handling.sleep(2.0)

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        found = await self._describe(handling, physical_id)
        if found is None:
            return None
        properties: dict[str, Any] = {
            "Name": physical_id,
            "RetentionPeriodHours": found.get("RetentionPeriodHours", DEFAULT_RETENTION_HOURS),
        }
        if found.get("OpenShardCount"):
            properties["ShardCount"] = found["OpenShardCount"]
        return properties, self._attributes(found)

    def _attributes(self, found: dict[str, Any]) -> dict[str, Any]:
        return {"Arn": str(found["StreamARN"])}
