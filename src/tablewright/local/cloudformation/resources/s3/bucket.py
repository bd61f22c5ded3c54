"""AWS::S3::Bucket: versioning, encryption, public access block and tags; a bucket with any other configuration is refused."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_taken
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags, tag_list
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.cloudformation.resources.values import boolean
from tablewright.local.services import ServiceError

_MISSING = frozenset({"NoSuchBucket", "404", "NotFound"})


class Bucket(Kind):
    name: ClassVar[str] = "AWS::S3::Bucket"
    name_property: ClassVar[str] = "BucketName"
    name_limit: ClassVar[int] = 63
    name_lower: ClassVar[bool] = True
    attributes: ClassVar[frozenset[str]] = frozenset(
        {"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"}
    )
    replaced: ClassVar[frozenset[str]] = frozenset({"BucketName", "BucketNamePrefix", "BucketNamespace"})
    unread: ClassVar[frozenset[str]] = frozenset({"BucketEncryption", "PublicAccessBlockConfiguration", "Tags"})
    served: ClassVar[frozenset[str]] = frozenset(
        {"BucketName", "VersioningConfiguration", "BucketEncryption", "PublicAccessBlockConfiguration", "Tags"}
    )

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params: dict[str, Any] = {"Bucket": name}
        if handling.region != "us-east-1":
            params["CreateBucketConfiguration"] = {"LocationConstraint": handling.region}
        if await self._exists(handling, name) and not handling.was_called("s3", "CreateBucket", params):
            raise exists_already(self.name, name)
        try:
            await handling.call("s3", "CreateBucket", params)
        except ServiceError as error:
            if is_taken(error):
                raise exists_already(self.name, name) from None
            raise
        handling.made(name)
        await self._settle(handling, name, {}, properties)
        return self._attributes(handling, name)

    def unimitated(self, properties: Properties) -> list[str]:
        return sorted(properties.keys() - self.served)

    async def _exists(self, handling: Handling, name: str) -> bool:
        try:
            await handling.call("s3", "GetBucketLocation", {"Bucket": name})
        except ServiceError as error:
            if error.code in _MISSING or error.status == 404:
                return False
            raise
        return True

    async def _settle(self, handling: Handling, name: str, before: Properties, after: Properties) -> None:
        old, new = before.get("VersioningConfiguration"), after.get("VersioningConfiguration")
        if old != new:
            status = (new or {}).get("Status", "Suspended")
            params = {"Bucket": name, "VersioningConfiguration": {"Status": status}}
            await handling.call("s3", "PutBucketVersioning", params)
        old, new = before.get("BucketEncryption"), after.get("BucketEncryption")
        if old != new:
            if new is None:
                await handling.call("s3", "DeleteBucketEncryption", {"Bucket": name})
            else:
                rules = [_encryption_rule(rule) for rule in new["ServerSideEncryptionConfiguration"]]
                params = {"Bucket": name, "ServerSideEncryptionConfiguration": {"Rules": rules}}
                await handling.call("s3", "PutBucketEncryption", params)
        old, new = before.get("PublicAccessBlockConfiguration"), after.get("PublicAccessBlockConfiguration")
        if old != new:
            if new is None:
                await handling.call("s3", "DeletePublicAccessBlock", {"Bucket": name})
            else:
                block = {key: boolean(value) for key, value in new.items()}
                params = {"Bucket": name, "PublicAccessBlockConfiguration": block}
                await handling.call("s3", "PutPublicAccessBlock", params)
        if tags := merged_tags(handling.tags, after):
            params = {"Bucket": name, "Tagging": {"TagSet": tag_list(tags)}}
            await handling.call("s3", "PutBucketTagging", params)

    def _attributes(self, handling: Handling, name: str) -> dict[str, Any]:
        region = handling.region
        return {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{region}.amazonaws.com",
        }

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        await self._settle(handling, physical_id, before, after)
        return self._attributes(handling, physical_id)

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("s3", "DeleteBucket", {"Bucket": physical_id})
        except ServiceError as error:
            if error.code not in _MISSING:
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        if not await self._exists(handling, physical_id):
            return None
        found: dict[str, Any] = {"BucketName": physical_id}
        versioning = await handling.call("s3", "GetBucketVersioning", {"Bucket": physical_id})
        if versioning.get("Status"):
            found["VersioningConfiguration"] = {"Status": versioning["Status"]}
        return found, self._attributes(handling, physical_id)


def _encryption_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule under the API's names."""
    named: dict[str, Any] = {}
    if "ServerSideEncryptionByDefault" in rule:
        named["ApplyServerSideEncryptionByDefault"] = rule["ServerSideEncryptionByDefault"]
    if "BucketKeyEnabled" in rule:
        named["BucketKeyEnabled"] = boolean(rule["BucketKeyEnabled"])
    return named
