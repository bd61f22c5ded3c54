"""AWS::DynamoDB::GlobalTable: a table in the stack's region, its replicas in others, each with settings of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.dynamodb import replicas, settings, shape
from tablewright.local.cloudformation.resources.dynamodb.table import Table
from tablewright.local.cloudformation.resources.dynamodb.update import update_table
from tablewright.local.cloudformation.resources.dynamodb.waiting import until_active
from tablewright.local.cloudformation.resources.failures import is_missing
from tablewright.local.cloudformation.resources.kind import merged_tags
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.services import ServiceError


class GlobalTable(Table):
    """What is shared goes through the table of the stack's region; what is a replica's own, through its region."""

    name: ClassVar[str] = "AWS::DynamoDB::GlobalTable"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn", "StreamArn", "TableId"})
    replaced: ClassVar[frozenset[str]] = frozenset(
        {"TableName", "KeySchema", "LocalSecondaryIndexes", "GlobalTableSourceArn"}
    )
    unread: ClassVar[frozenset[str]] = frozenset(
        {
            "GlobalSecondaryIndexes",
            "GlobalTableSourceArn",
            "GlobalTableWitnesses",
            "MultiRegionConsistency",
            "ReadOnDemandThroughputSettings",
            "ReadProvisionedThroughputSettings",
            "Replicas",
            "SSESpecification",
            "TimeToLiveSpecification",
            "VectorIndexes",
            "WarmThroughput",
            "WriteOnDemandThroughputSettings",
            "WriteProvisionedThroughputSettings",
        }
    )

    def unimitated(self, properties: Properties) -> list[str]:
        return replicas.unimitated(properties)

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        replicas.check(properties, handling.region)
        await super().create(handling, name, replicas.as_table(properties, handling.region))
        for region in replicas.replicas(properties):
            if region != handling.region:
                await self._add(handling, name, region)
                await self._settle(handling, name, region, {}, properties)
        return self._attributes(await until_active(handling, name))

    async def _add(self, handling: Handling, name: str, region: str) -> None:
        update = {"Create": {"RegionName": region}}
        await handling.call("dynamodb", "UpdateTable", {"TableName": name, "ReplicaUpdates": [update]})
        await until_active(handling, name)
        await until_active(handling.in_region(region), name)

    async def _remove(self, handling: Handling, name: str, region: str) -> None:
        update = {"Delete": {"RegionName": region}}
        await handling.call("dynamodb", "UpdateTable", {"TableName": name, "ReplicaUpdates": [update]})
        await until_active(handling, name)

    async def _settle(self, handling: Handling, name: str, region: str, before: Properties, after: Properties) -> None:
        """A replica's own settings, in its region."""
        there = handling.in_region(region)
        old = replicas.as_table(before, region) if region in replicas.replicas(before) else {}
        new = replicas.as_table(after, region)
        table = await until_active(there, name)
        wanted = str(new.get("TableClass") or "STANDARD")
        if str((table.get("TableClassSummary") or {}).get("TableClass") or "STANDARD") != wanted:
            await there.call("dynamodb", "UpdateTable", {"TableName": name, "TableClass": wanted})
            table = await until_active(there, name)
        protected = shape.truthy(new.get("DeletionProtectionEnabled"))
        if bool(table.get("DeletionProtectionEnabled")) != protected:
            params = {"TableName": name, "DeletionProtectionEnabled": protected}
            await there.call("dynamodb", "UpdateTable", params)
            table = await until_active(there, name)
        await settings.point_in_time_recovery(there, name, old, new)
        await settings.contributor_insights(there, name, old, new)
        await settings.kinesis(there, name, old, new)
        await settings.resource_policy(there, str(table["TableArn"]), old, new)
        await settings.tags(there, str(table["TableArn"]), merged_tags(handling.tags, new))

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        replicas.check(after, handling.region)
        table = await until_active(handling, physical_id)
        live = {handling.region} | {str(replica["RegionName"]) for replica in table.get("Replicas") or []}
        added, removed = replicas.check_change(before, after, live)
        home = handling.region
        local = replicas.as_table(after, home)
        shape.check(local)
        for region in removed:
            await self._remove(handling, physical_id, region)
        table = await update_table(handling, physical_id, replicas.as_table(before, home), local)
        for region in added:
            await self._add(handling, physical_id, region)
        for region in replicas.replicas(after):
            if region != home:
                await self._settle(handling, physical_id, region, before, after)
        return self._attributes(await until_active(handling, physical_id))

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            found = await handling.call("dynamodb", "DescribeTable", {"TableName": physical_id})
        except ServiceError as error:
            if is_missing(error):
                return
            raise
        for replica in found["Table"].get("Replicas") or []:
            await self._remove(handling, physical_id, str(replica["RegionName"]))
        await super().delete(handling, physical_id, properties)

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        found = await super().read(handling, physical_id)
        if found is None:
            return None
        shared, attributes = found
        table = await until_active(handling, physical_id)
        each = {handling.region: shared}
        for replica in table.get("Replicas") or []:
            region = str(replica["RegionName"])
            there = await super().read(handling.in_region(region), physical_id)
            if there is not None:
                each[region] = there[0]
        return replicas.as_global(each, handling.region), attributes

    def _attributes(self, table: dict[str, Any]) -> dict[str, Any]:
        return {**super()._attributes(table), "TableId": str(table["TableId"])}
