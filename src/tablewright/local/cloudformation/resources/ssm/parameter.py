"""AWS::SSM::Parameter."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_missing
from tablewright.local.cloudformation.resources.kind import Kind, given, merged_tags, tag_list
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.services import ServiceError

_MEMBERS = ("Type", "Value", "Description", "AllowedPattern", "Tier", "Policies", "DataType")


class Parameter(Kind):
    name: ClassVar[str] = "AWS::SSM::Parameter"
    name_property: ClassVar[str] = "Name"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn", "Type", "Value"})
    replaced: ClassVar[frozenset[str]] = frozenset({"Name"})
    unread: ClassVar[frozenset[str]] = frozenset({"Tags", "Description", "AllowedPattern", "Tier", "Policies"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {"Name": name, **given(properties, _MEMBERS)}
        tags = {k: v for k, v in merged_tags(handling.tags, properties).items() if not k.startswith("aws:")}
        if tags:
            params["Tags"] = tag_list(tags)
        try:
            await handling.call("ssm", "PutParameter", params)
        except ServiceError as error:
            if error.code == "ParameterAlreadyExists":
                raise exists_already(self.name, name) from None
            raise
        handling.made(name)
        return self._attributes(handling, name, properties)

    def _attributes(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        arn = f"arn:aws:ssm:{handling.region}:{handling.account}:parameter/{name.removeprefix('/')}"
        return {"Arn": arn, "Type": str(properties.get("Type", "String")), "Value": str(properties.get("Value", ""))}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        params = {"Name": physical_id, **given(after, _MEMBERS), "Overwrite": True}
        await handling.call("ssm", "PutParameter", params)
        where = {"ResourceType": "Parameter", "ResourceId": physical_id}
        wanted = {k: v for k, v in merged_tags(handling.tags, after).items() if not k.startswith("aws:")}
        shown = (await handling.call("ssm", "ListTagsForResource", where)).get("TagList") or []
        present = {str(tag["Key"]): str(tag["Value"]) for tag in shown}
        if added := {key: value for key, value in wanted.items() if present.get(key) != value}:
            await handling.call("ssm", "AddTagsToResource", {**where, "Tags": tag_list(added)})
        if dropped := [key for key in present if key not in wanted]:
            await handling.call("ssm", "RemoveTagsFromResource", {**where, "TagKeys": dropped})
        return self._attributes(handling, physical_id, after)

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("ssm", "DeleteParameter", {"Name": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            found = (await handling.call("ssm", "GetParameter", {"Name": physical_id}))["Parameter"]
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        properties = {"Name": physical_id, "Type": found["Type"], "Value": found["Value"]}
        if found.get("DataType"):
            properties["DataType"] = found["DataType"]
        return properties, self._attributes(handling, physical_id, properties)
