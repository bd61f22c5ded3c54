"""AWS::IAM::Role and AWS::IAM::Policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_missing, is_taken
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags, tag_list
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.cloudformation.resources.values import number
from tablewright.local.services import ServiceError


def document(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def user_tags(handling: Handling, properties: Properties) -> dict[str, str]:
    """IAM does not take CloudFormation's own tags."""
    return {k: v for k, v in merged_tags(handling.tags, properties).items() if not k.startswith("aws:")}


class Role(Kind):
    name: ClassVar[str] = "AWS::IAM::Role"
    name_property: ClassVar[str] = "RoleName"
    name_limit: ClassVar[int] = 64
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn", "RoleId"})
    replaced: ClassVar[frozenset[str]] = frozenset({"RoleName", "Path"})
    unread: ClassVar[frozenset[str]] = frozenset({"Policies", "ManagedPolicyArns", "Tags", "PermissionsBoundary"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {
            "RoleName": name,
            "AssumeRolePolicyDocument": document(properties["AssumeRolePolicyDocument"]),
        }
        for key in ("Path", "Description", "PermissionsBoundary"):
            if key in properties:
                params[key] = properties[key]
        if "MaxSessionDuration" in properties:
            params["MaxSessionDuration"] = number(properties["MaxSessionDuration"])
        if tags := user_tags(handling, properties):
            params["Tags"] = tag_list(tags)
        try:
            await handling.call("iam", "CreateRole", params)
        except ServiceError as error:
            if is_taken(error):
                raise exists_already(self.name, name) from None
            raise
        handling.made(name)
        await self._policies(handling, name, {}, properties)
        return await self._attributes(handling, name)

    async def _policies(self, handling: Handling, name: str, before: Properties, after: Properties) -> None:
        """Inline and managed policies, from what the template had to what it has."""
        old = {str(p["PolicyName"]): document(p["PolicyDocument"]) for p in before.get("Policies") or []}
        new = {str(p["PolicyName"]): document(p["PolicyDocument"]) for p in after.get("Policies") or []}
        for policy, text in new.items():
            if old.get(policy) != text:
                params = {"RoleName": name, "PolicyName": policy, "PolicyDocument": text}
                await handling.call("iam", "PutRolePolicy", params)
        for policy in old.keys() - new.keys():
            await handling.call("iam", "DeleteRolePolicy", {"RoleName": name, "PolicyName": policy})
        attached, wanted = set(before.get("ManagedPolicyArns") or []), set(after.get("ManagedPolicyArns") or [])
        for arn in sorted(wanted - attached):
            await handling.call("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": arn})
        for arn in sorted(attached - wanted):
            await handling.call("iam", "DetachRolePolicy", {"RoleName": name, "PolicyArn": arn})

    async def _attributes(self, handling: Handling, name: str) -> dict[str, Any]:
        role = (await handling.call("iam", "GetRole", {"RoleName": name}))["Role"]
        return {"Arn": str(role["Arn"]), "RoleId": str(role["RoleId"])}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        trust = document(after["AssumeRolePolicyDocument"])
        if document(before["AssumeRolePolicyDocument"]) != trust:
            params = {"RoleName": physical_id, "PolicyDocument": trust}
            await handling.call("iam", "UpdateAssumeRolePolicy", params)
        changed = [k for k in ("Description", "MaxSessionDuration") if before.get(k) != after.get(k)]
        if changed:
            update: dict[str, Any] = {"RoleName": physical_id, "Description": after.get("Description", "")}
            if "MaxSessionDuration" in after:
                update["MaxSessionDuration"] = number(after["MaxSessionDuration"])
            await handling.call("iam", "UpdateRole", update)
        await self._policies(handling, physical_id, before, after)
        tags = user_tags(handling, after)
        shown = (await handling.call("iam", "ListRoleTags", {"RoleName": physical_id})).get("Tags") or []
        present = {str(tag["Key"]): str(tag["Value"]) for tag in shown}
        if added := {key: value for key, value in tags.items() if present.get(key) != value}:
            await handling.call("iam", "TagRole", {"RoleName": physical_id, "Tags": tag_list(added)})
        if dropped := [key for key in present if key not in tags]:
            await handling.call("iam", "UntagRole", {"RoleName": physical_id, "TagKeys": dropped})
        return await self._attributes(handling, physical_id)

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await self._policies(handling, physical_id, properties, {})
            await handling.call("iam", "DeleteRole", {"RoleName": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            role = (await handling.call("iam", "GetRole", {"RoleName": physical_id}))["Role"]
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        trust = role.get("AssumeRolePolicyDocument")
        found: dict[str, Any] = {
            "RoleName": physical_id,
            "Path": role.get("Path", "/"),
            "AssumeRolePolicyDocument": trust if isinstance(trust, Mapping) else json.loads(str(trust)),
        }
        for key in ("Description", "MaxSessionDuration"):
            if role.get(key):
                found[key] = role[key]
        return found, {"Arn": str(role["Arn"]), "RoleId": str(role["RoleId"])}


class Policy(Kind):
    """An inline policy put on roles, users and groups. It has no identity of its own: its physical ID is generated."""

    name: ClassVar[str] = "AWS::IAM::Policy"
    attributes: ClassVar[frozenset[str]] = frozenset({"Id"})
    unread: ClassVar[frozenset[str]] = frozenset({"PolicyDocument", "PolicyName", "Roles", "Users", "Groups"})

    _OWNERS = (("Roles", "Role", "RoleName"), ("Users", "User", "UserName"), ("Groups", "Group", "GroupName"))

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        await self._put(handling, properties)
        handling.made(name)
        return {"Id": name}

    async def _put(self, handling: Handling, properties: Properties) -> None:
        text = document(properties["PolicyDocument"])
        for listed, owner, key in self._OWNERS:
            for holder in properties.get(listed) or []:
                params = {key: holder, "PolicyName": properties["PolicyName"], "PolicyDocument": text}
                await handling.call("iam", f"Put{owner}Policy", params)

    async def _drop(self, handling: Handling, properties: Properties, kept: Properties) -> None:
        same_name = properties.get("PolicyName") == kept.get("PolicyName")
        for listed, owner, key in self._OWNERS:
            for holder in properties.get(listed) or []:
                if same_name and holder in (kept.get(listed) or []):
                    continue
                try:
                    params = {key: holder, "PolicyName": properties["PolicyName"]}
                    await handling.call("iam", f"Delete{owner}Policy", params)
                except ServiceError as error:
                    if not is_missing(error):
                        raise

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        await self._put(handling, after)
        await self._drop(handling, before, after)
        return {"Id": physical_id}

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        await self._drop(handling, properties, {})

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return {}, {"Id": physical_id}
