"""AWS::IAM::ManagedPolicy and AWS::IAM::OIDCProvider."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_missing, is_taken
from tablewright.local.cloudformation.resources.iam.role import document, user_tags
from tablewright.local.cloudformation.resources.kind import Kind, tag_list
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.services import ServiceError


class ManagedPolicy(Kind):
    """A managed policy; its physical ID is its ARN."""

    name: ClassVar[str] = "AWS::IAM::ManagedPolicy"
    name_property: ClassVar[str] = "ManagedPolicyName"
    name_limit: ClassVar[int] = 128
    attributes: ClassVar[frozenset[str]] = frozenset(
        {
            "PolicyArn",
            "AttachmentCount",
            "CreateDate",
            "DefaultVersionId",
            "IsAttachable",
            "PermissionsBoundaryUsageCount",
            "PolicyId",
            "UpdateDate",
        }
    )
    replaced: ClassVar[frozenset[str]] = frozenset({"ManagedPolicyName", "Description", "Path"})
    unread: ClassVar[frozenset[str]] = frozenset({"PolicyDocument", "Roles", "Users", "Groups"})

    _OWNERS = (("Roles", "Role", "RoleName"), ("Users", "User", "UserName"), ("Groups", "Group", "GroupName"))

    def _arn(self, handling: Handling, name: str, properties: Properties) -> str:
        return f"arn:aws:iam::{handling.account}:policy{properties.get('Path', '/')}{name}"

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {"PolicyName": name, "PolicyDocument": document(properties["PolicyDocument"])}
        for key in ("Path", "Description"):
            if key in properties:
                params[key] = properties[key]
        try:
            made = await handling.call("iam", "CreatePolicy", params)
        except ServiceError as error:
            if is_taken(error):
                raise exists_already(self.name, self._arn(handling, name, properties)) from None
            raise
        arn = str(made["Policy"]["Arn"])
        handling.made(arn)
        await self._attach(handling, arn, {}, properties)
        return await self._attributes(handling, arn)

    async def _attach(self, handling: Handling, arn: str, before: Properties, after: Properties) -> None:
        for listed, owner, key in self._OWNERS:
            old, new = before.get(listed) or [], after.get(listed) or []
            for holder in new:
                if holder not in old:
                    await handling.call("iam", f"Attach{owner}Policy", {key: holder, "PolicyArn": arn})
            for holder in old:
                if holder not in new:
                    try:
                        await handling.call("iam", f"Detach{owner}Policy", {key: holder, "PolicyArn": arn})
                    except ServiceError as error:
                        if not is_missing(error):
                            raise

    async def _attributes(self, handling: Handling, arn: str) -> dict[str, Any]:
        policy = (await handling.call("iam", "GetPolicy", {"PolicyArn": arn}))["Policy"]
        shown = {key: str(policy[key]) for key in self.attributes if policy.get(key) is not None}
        return {**shown, "PolicyArn": arn}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        if before.get("PolicyDocument") != after.get("PolicyDocument"):
            listed = await handling.call("iam", "ListPolicyVersions", {"PolicyArn": physical_id})
            spare = [v for v in listed.get("Versions") or [] if not v.get("IsDefaultVersion")]
            # Five versions are the limit; CloudFormation makes room by dropping the oldest.
            if len(spare) >= 4:
                oldest = {"PolicyArn": physical_id, "VersionId": spare[-1]["VersionId"]}
                await handling.call("iam", "DeletePolicyVersion", oldest)
            params = {
                "PolicyArn": physical_id,
                "PolicyDocument": document(after["PolicyDocument"]),
                "SetAsDefault": True,
            }
            await handling.call("iam", "CreatePolicyVersion", params)
        await self._attach(handling, physical_id, before, after)
        return await self._attributes(handling, physical_id)

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await self._attach(handling, physical_id, properties, {})
            listed = await handling.call("iam", "ListPolicyVersions", {"PolicyArn": physical_id})
            for version in listed.get("Versions") or []:
                if not version.get("IsDefaultVersion"):
                    params = {"PolicyArn": physical_id, "VersionId": version["VersionId"]}
                    await handling.call("iam", "DeletePolicyVersion", params)
            await handling.call("iam", "DeletePolicy", {"PolicyArn": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        arn = physical_id if physical_id.startswith("arn:") else self._arn(handling, physical_id, {})
        try:
            policy = (await handling.call("iam", "GetPolicy", {"PolicyArn": arn}))["Policy"]
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        found = {"ManagedPolicyName": policy["PolicyName"], "Path": policy.get("Path", "/")}
        if policy.get("Description"):
            found["Description"] = policy["Description"]
        return found, await self._attributes(handling, arn)


class OidcProvider(Kind):
    """An OpenID Connect identity provider, as GitHub Actions uses one; its physical ID is its ARN."""

    name: ClassVar[str] = "AWS::IAM::OIDCProvider"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn"})
    replaced: ClassVar[frozenset[str]] = frozenset({"Url"})
    unread: ClassVar[frozenset[str]] = frozenset({"Url", "ThumbprintList", "Tags"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {"Url": properties.get("Url")}
        for key in ("ClientIdList", "ThumbprintList"):
            if key in properties:
                params["ClientIDList" if key == "ClientIdList" else key] = properties[key]
        if tags := user_tags(handling, properties):
            params["Tags"] = tag_list(tags)
        try:
            made = await handling.call("iam", "CreateOpenIDConnectProvider", params)
        except ServiceError as error:
            if is_taken(error):
                raise exists_already(self.name, str(properties.get("Url"))) from None
            raise
        arn = str(made["OpenIDConnectProviderArn"])
        handling.made(arn)
        return {"Arn": arn}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        where = {"OpenIDConnectProviderArn": physical_id}
        old, new = before.get("ClientIdList") or [], after.get("ClientIdList") or []
        for client in new:
            if client not in old:
                await handling.call("iam", "AddClientIDToOpenIDConnectProvider", {**where, "ClientID": client})
        for client in old:
            if client not in new:
                await handling.call("iam", "RemoveClientIDFromOpenIDConnectProvider", {**where, "ClientID": client})
        if before.get("ThumbprintList") != after.get("ThumbprintList") and after.get("ThumbprintList"):
            params = {**where, "ThumbprintList": after["ThumbprintList"]}
            await handling.call("iam", "UpdateOpenIDConnectProviderThumbprint", params)
        return {"Arn": physical_id}

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("iam", "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            where = {"OpenIDConnectProviderArn": physical_id}
            found = await handling.call("iam", "GetOpenIDConnectProvider", where)
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        return {"ClientIdList": found.get("ClientIDList") or []}, {"Arn": physical_id}
