"""AWS::DynamoDB::Table, driven through DynamoDB's own API."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.dynamodb import description, settings, shape
from tablewright.local.cloudformation.resources.dynamodb.update import update_table
from tablewright.local.cloudformation.resources.dynamodb.waiting import until_active, until_gone
from tablewright.local.cloudformation.resources.failures import exists_already, handler_error, is_missing
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags, tag_list
from tablewright.local.cloudformation.resources.protocol import Handling, Properties, Recreation
from tablewright.local.services import ServiceError


class Table(Kind):
    """A table: creation in one CreateTable plus the settings with calls of their own; an update one concern a call."""

    name: ClassVar[str] = "AWS::DynamoDB::Table"
    name_property: ClassVar[str] = "TableName"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn", "StreamArn"})
    # LocalSecondaryIndexes: the documents conflict; the DynamoDB API cannot change one, so it is taken as replacement.
    replaced: ClassVar[frozenset[str]] = frozenset(
        {"TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"}
    )

    unserved: ClassVar[frozenset[str]] = frozenset({"ImportSourceSpecification"})
    unread: ClassVar[frozenset[str]] = frozenset(
        {
            "ContributorInsightsSpecification",
            "KinesisStreamSpecification",
            "ImportSourceSpecification",
            "ResourcePolicy",
            "VectorIndexes",
            "WarmThroughput",
        }
    )

    def recreation(self, path: tuple[str | int, ...], before: Properties, after: Properties) -> Recreation:
        if path and path[0] == "AttributeDefinitions":
            old, new = shape.attribute_types(before), shape.attribute_types(after)
            edited = any(new[name] != old[name] for name in old.keys() & new.keys())
            return Recreation.ALWAYS if edited else Recreation.NEVER
        return super().recreation(path, before, after)

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        shape.check(properties)
        try:
            made = await handling.call("dynamodb", "CreateTable", self._creation(handling, name, properties))
        except ServiceError as error:
            if error.code == "ResourceInUseException" and "already exists" in error.message:
                raise exists_already(self.name, name) from None
            raise
        handling.made(name)
        arn = str(made["TableDescription"]["TableArn"])
        await until_active(handling, name)
        await settings.time_to_live(handling, name, {}, properties)
        await settings.point_in_time_recovery(handling, name, {}, properties)
        await settings.contributor_insights(handling, name, {}, properties)
        await settings.kinesis(handling, name, {}, properties)
        table = await until_active(handling, name)
        if "ResourcePolicy" in properties:
            await settings.resource_policy(handling, arn, {}, properties)
            table = await until_active(handling, name)
        await settings.of_stream(handling, table, {}, properties)
        return self._attributes(table)

    def _creation(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {
            "TableName": name,
            "KeySchema": properties.get("KeySchema") or [],
            "AttributeDefinitions": properties.get("AttributeDefinitions") or [],
            "BillingMode": shape.billing_mode(properties),
            "Tags": tag_list(merged_tags(handling.tags, properties)),
        }
        for index_kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            if properties.get(index_kind):
                params[index_kind] = [shape.index_definition(index) for index in properties[index_kind]]
        for throughput in ("ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput"):
            if throughput in properties:
                params[throughput] = shape.numbers(properties[throughput])
        if shape.stream(properties):
            params["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": shape.stream(properties)}
        if (sse := shape.sse(properties)) is not None:
            params["SSESpecification"] = sse
        if "TableClass" in properties:
            params["TableClass"] = properties["TableClass"]
        if "DeletionProtectionEnabled" in properties:
            params["DeletionProtectionEnabled"] = shape.truthy(properties["DeletionProtectionEnabled"])
        if "VectorIndexes" in properties:
            params["VectorIndexes"] = [shape.vector_index(index) for index in properties["VectorIndexes"]]
        return params

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        shape.check(after)
        return self._attributes(await update_table(handling, physical_id, before, after))

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("dynamodb", "DeleteTable", {"TableName": physical_id})
        except ServiceError as error:
            if is_missing(error):
                return
            raise handler_error("dynamodb", _protected(error)) from None
        await until_gone(handling, physical_id)

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            found = await handling.call("dynamodb", "DescribeTable", {"TableName": physical_id})
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        table = found["Table"]
        if table.get("TableStatus") == "DELETING":
            return None
        return await description.properties(handling, table), self._attributes(table)

    def _attributes(self, table: dict[str, Any]) -> dict[str, Any]:
        attributes = {"Arn": str(table["TableArn"])}
        if (table.get("StreamSpecification") or {}).get("StreamEnabled"):
            attributes["StreamArn"] = str(table["LatestStreamArn"])
        return attributes


def _protected(error: ServiceError) -> ServiceError:
    """DynamoDB's own words for a protected table, where the data plane words it otherwise."""
    if "protected against deletion" not in error.message:
        return error
    words = (
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )
    return ServiceError(error.code, words, error.status)
