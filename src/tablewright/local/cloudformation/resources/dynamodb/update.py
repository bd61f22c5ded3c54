"""Changing a table in place: one concern a call, because DynamoDB refuses most of them together.

The order keeps each call legal by itself: an index goes before what it needs goes, and comes after what it needs is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tablewright.local.cloudformation.resources.dynamodb import settings, shape
from tablewright.local.cloudformation.resources.dynamodb.waiting import described, until_active
from tablewright.local.cloudformation.resources.failures import is_missing, not_found
from tablewright.local.cloudformation.resources.kind import merged_tags
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.services import ServiceError

Description = dict[str, Any]
VECTORS = "VectorIndexes"


async def update_table(handling: Handling, name: str, before: Properties, after: Properties) -> Description:
    """The table's description after bringing it to `after`."""
    try:
        # A rollback comes at once: an index that is still being allocated then makes DynamoDB refuse it.
        table = await (described if handling.verb == "restore" else until_active)(handling, name)
    except ServiceError as error:
        if is_missing(error):
            raise not_found("AWS::DynamoDB::Table", name) from None
        raise
    # Counted against the live table, so that a rollback of a refused update has nothing to count.
    declared = {**shape.indexes(before), **shape.indexes(before, VECTORS)}
    wanted = {**shape.indexes(after), **shape.indexes(after, VECTORS)}
    standing = {**shape.indexes(table), **shape.indexes(table, VECTORS)}
    shape.index_changes({name: body for name, body in standing.items() if name in declared | wanted}, wanted)
    change = _Change(handling, name, before, after)
    table = await change.delete_index(table)
    table = await change.billing(table)
    table = await change.create_index(table)
    table = await change.vector_index(table)
    table = await change.index_throughput(table)
    table = await change.stream(table)
    table = await change.encryption(table)
    table = await change.single("TableClass", _table_class(table), str(after.get("TableClass") or "STANDARD"))
    table = await change.on_demand_throughput(table)
    table = await change.warm_throughput(table)
    protected = shape.truthy(after.get("DeletionProtectionEnabled"))
    table = await change.single("DeletionProtectionEnabled", bool(table.get("DeletionProtectionEnabled")), protected)
    await settings.time_to_live(handling, name, before, after)
    await settings.point_in_time_recovery(handling, name, before, after)
    await settings.contributor_insights(handling, name, before, after)
    await settings.kinesis(handling, name, before, after)
    await settings.resource_policy(handling, str(table["TableArn"]), before, after)
    await settings.of_stream(handling, table, before, after)
    await settings.tags(handling, str(table["TableArn"]), merged_tags(handling.tags, after))
    return await until_active(handling, name)


def _table_class(table: Description) -> str:
    return str((table.get("TableClassSummary") or {}).get("TableClass") or "STANDARD")


def _mode(table: Description) -> str:
    return str((table.get("BillingModeSummary") or {}).get("BillingMode") or shape.PROVISIONED)


def _encrypted_so(table: Description, wanted: Mapping[str, Any] | None) -> bool:
    """Whether the table is encrypted with AWS's own key, or with the key asked for, already."""
    live = table.get("SSEDescription") or {}
    managed = live.get("Status") in ("ENABLED", "ENABLING", "UPDATING")
    if wanted is None or not wanted["Enabled"]:
        return not managed
    key = wanted.get("KMSMasterKeyId")
    return managed and (key is None or key == live.get("KMSMasterKeyArn"))


class _Change:
    """The steps of one update; each takes and returns the table's description."""

    def __init__(self, handling: Handling, name: str, before: Properties, after: Properties) -> None:
        self.handling = handling
        self.name = name
        self.before = before
        self.after = after

    async def _update(self, **params: object) -> Description:
        await self.handling.call("dynamodb", "UpdateTable", {"TableName": self.name, **params})
        return await until_active(self.handling, self.name)

    async def single(self, member: str, now: object, wanted: object) -> Description:
        """A member of UpdateTable that must be alone in its call."""
        if now == wanted:
            return await until_active(self.handling, self.name)
        return await self._update(**{member: wanted})

    async def delete_index(self, table: Description) -> Description:
        wanted = shape.indexes(self.after)
        for name in shape.indexes(table):
            if name not in wanted and name in shape.indexes(self.before):
                table = await self._update(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
        return table

    async def create_index(self, table: Description) -> Description:
        now = shape.indexes(table)
        for name, index in shape.indexes(self.after).items():
            if name not in now:
                table = await self._update(
                    AttributeDefinitions=self.after.get("AttributeDefinitions") or [],
                    GlobalSecondaryIndexUpdates=[{"Create": shape.index_definition(index)}],
                )
        return table

    async def vector_index(self, table: Description) -> Description:
        now, old, wanted = (shape.indexes(one, VECTORS) for one in (table, self.before, self.after))
        updates: list[dict[str, Any]] = [
            {"Delete": {"IndexName": name}} for name in now if name in old and name not in wanted
        ]
        updates += [{"Create": shape.vector_index(index)} for name, index in wanted.items() if name not in now]
        for update in updates:
            attributes = (
                {"AttributeDefinitions": self.after.get("AttributeDefinitions") or []} if "Create" in update else {}
            )
            table = await self._update(**attributes, VectorIndexUpdates=[update])
        return table

    async def billing(self, table: Description) -> Description:
        mode, wanted = _mode(table), shape.billing_mode(self.after)
        if wanted == shape.ON_DEMAND:
            left = self._units_left(mode)
            return table if mode == wanted and not left else await self._update(BillingMode=wanted, **left)
        units = shape.numbers(self.after["ProvisionedThroughput"])
        if mode == wanted:
            now = {key: int((table.get("ProvisionedThroughput") or {}).get(key, 0)) for key in units}
            return table if now == units else await self._update(ProvisionedThroughput=units)
        declared = shape.indexes(self.after)
        updates = [
            {"Update": {"IndexName": name, "ProvisionedThroughput": shape.numbers(index["ProvisionedThroughput"])}}
            for name in shape.indexes(table)
            if "ProvisionedThroughput" in (index := declared.get(name) or {})
        ]
        params: dict[str, object] = {"BillingMode": wanted, "ProvisionedThroughput": units}
        if updates:
            params["GlobalSecondaryIndexUpdates"] = updates
        return await self._update(**params)

    def _units_left(self, mode: str) -> dict[str, object]:
        """Provisioned units that the template still gives an on-demand table: they are sent, and DynamoDB says what it says."""
        if mode == shape.ON_DEMAND and self.before.get("ProvisionedThroughput") == self.after.get(
            "ProvisionedThroughput"
        ):
            return {}
        units = self.after.get("ProvisionedThroughput")
        return {"ProvisionedThroughput": shape.numbers(units)} if units else {}

    async def index_throughput(self, table: Description) -> Description:
        now = shape.indexes(table)
        old = shape.indexes(self.before)
        updates = []
        for name, index in shape.indexes(self.after).items():
            update: dict[str, Any] = {}
            units = index.get("ProvisionedThroughput")
            # Units for an index of an on-demand table are sent too: DynamoDB says what it says about them.
            if units and (shape.billing_mode(self.after) == shape.PROVISIONED or self._turned_or_new(name, units)):
                live = (now.get(name) or {}).get("ProvisionedThroughput") or {}
                if any(int(live.get(key, 0)) != value for key, value in shape.numbers(units).items()):
                    update["ProvisionedThroughput"] = shape.numbers(units)
            for member in ("OnDemandThroughput", "WarmThroughput"):
                if name in old and index.get(member) and index.get(member) != old[name].get(member):
                    update[member] = shape.numbers(index[member])
            if update:
                updates.append({"Update": {"IndexName": name, **update}})
        return await self._update(GlobalSecondaryIndexUpdates=updates) if updates else table

    def _turned_or_new(self, index: str, units: Mapping[str, Any]) -> bool:
        """Whether the table was provisioned before, or the index had not these units."""
        old = shape.indexes(self.before).get(index) or {}
        return shape.billing_mode(self.before) == shape.PROVISIONED or old.get("ProvisionedThroughput") != units

    async def stream(self, table: Description) -> Description:
        declared = table.get("StreamSpecification") or {}
        now = str(declared.get("StreamViewType") or "") if declared.get("StreamEnabled") else ""
        wanted = shape.stream(self.after)
        if now == wanted:
            return table
        if now:
            # A view type cannot be edited: off and on again, which gives the stream a new ARN.
            table = await self._update(StreamSpecification={"StreamEnabled": False})
        if wanted:
            table = await self._update(StreamSpecification={"StreamEnabled": True, "StreamViewType": wanted})
        return table

    async def encryption(self, table: Description) -> Description:
        old, new = shape.sse(self.before), shape.sse(self.after)
        if old == new or _encrypted_so(table, new):
            return table
        return await self._update(SSESpecification=new if new is not None else {"Enabled": False})

    async def on_demand_throughput(self, table: Description) -> Description:
        old, new = self.before.get("OnDemandThroughput"), self.after.get("OnDemandThroughput")
        if shape.billing_mode(self.after) == shape.PROVISIONED and new:
            # DynamoDB says what it says about them.
            return await self._update(OnDemandThroughput=shape.numbers(new))
        if old == new or shape.billing_mode(self.after) != shape.ON_DEMAND:
            return table
        unlimited = {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}
        wanted = {**unlimited, **shape.numbers(new or {})}
        live = {**unlimited, **(table.get("OnDemandThroughput") or {})}
        return table if wanted == live else await self._update(OnDemandThroughput=wanted)

    async def warm_throughput(self, table: Description) -> Description:
        new = self.after.get("WarmThroughput")
        if not new or new == self.before.get("WarmThroughput"):
            return table
        wanted, live = shape.numbers(new), table.get("WarmThroughput") or {}
        if all(live.get(name) == units for name, units in wanted.items()):
            return table
        return await self._update(WarmThroughput=wanted)
