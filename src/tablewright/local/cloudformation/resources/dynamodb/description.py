"""A live table written as the properties of a template: what drift detection compares, and what an import takes in."""

from __future__ import annotations

import json
from typing import Any

from tablewright.local.cloudformation.resources.dynamodb import shape
from tablewright.local.cloudformation.resources.failures import is_missing
from tablewright.local.cloudformation.resources.protocol import Handling
from tablewright.local.services import ServiceError

_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")


async def properties(handling: Handling, table: dict[str, Any]) -> dict[str, Any]:
    """The properties of a described table, its separately described settings included."""
    name, arn = str(table["TableName"]), str(table["TableArn"])
    mode = str((table.get("BillingModeSummary") or {}).get("BillingMode") or shape.PROVISIONED)
    found: dict[str, Any] = {
        "TableName": name,
        "KeySchema": table["KeySchema"],
        "AttributeDefinitions": table["AttributeDefinitions"],
        "BillingMode": mode,
        "DeletionProtectionEnabled": bool(table.get("DeletionProtectionEnabled")),
        "TableClass": str((table.get("TableClassSummary") or {}).get("TableClass") or "STANDARD"),
    }
    if mode == shape.PROVISIONED:
        found["ProvisionedThroughput"] = _units(table)
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        # An index on its way out is listed until it is gone; the table is not what it was all the same.
        standing = [index for index in table.get(kind) or [] if index.get("IndexStatus") != "DELETING"]
        if standing:
            found[kind] = [_index(index, mode if kind.startswith("Global") else "") for index in standing]
    stream = table.get("StreamSpecification") or {}
    if stream.get("StreamEnabled"):
        found["StreamSpecification"] = {"StreamViewType": stream["StreamViewType"]}
        policy = await _policy(handling, str(table["LatestStreamArn"]))
        if policy is not None:
            found["StreamSpecification"]["ResourcePolicy"] = policy
    encryption = table.get("SSEDescription") or {}
    if encryption.get("Status") in ("ENABLED", "ENABLING", "UPDATING"):
        found["SSESpecification"] = {"SSEEnabled": True, "SSEType": encryption.get("SSEType", "KMS")}
        if encryption.get("KMSMasterKeyArn"):
            found["SSESpecification"]["KMSMasterKeyId"] = encryption["KMSMasterKeyArn"]
    if table.get("OnDemandThroughput"):
        found["OnDemandThroughput"] = dict(table["OnDemandThroughput"])
    await _settings(handling, name, arn, found)
    return found


def _units(holder: dict[str, Any]) -> dict[str, int]:
    live = holder.get("ProvisionedThroughput") or {}
    return {key: int(live.get(key, 0)) for key in _UNITS}


def _index(index: dict[str, Any], mode: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "IndexName": index["IndexName"],
        "KeySchema": index["KeySchema"],
        "Projection": index["Projection"],
    }
    if mode == shape.PROVISIONED:
        found["ProvisionedThroughput"] = _units(index)
    return found


async def _settings(handling: Handling, name: str, arn: str, found: dict[str, Any]) -> None:
    ttl = (await handling.call("dynamodb", "DescribeTimeToLive", {"TableName": name})).get(
        "TimeToLiveDescription"
    ) or {}
    if ttl.get("AttributeName") and ttl.get("TimeToLiveStatus") == "ENABLED":
        found["TimeToLiveSpecification"] = {"AttributeName": ttl["AttributeName"], "Enabled": True}
    backups = await handling.call("dynamodb", "DescribeContinuousBackups", {"TableName": name})
    recovery = (backups.get("ContinuousBackupsDescription") or {}).get("PointInTimeRecoveryDescription") or {}
    found["PointInTimeRecoverySpecification"] = {
        "PointInTimeRecoveryEnabled": recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    }
    if recovery.get("RecoveryPeriodInDays"):
        found["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = recovery["RecoveryPeriodInDays"]
    tags = await handling.call("dynamodb", "ListTagsOfResource", {"ResourceArn": arn})
    own = [tag for tag in tags.get("Tags") or [] if not str(tag["Key"]).startswith("aws:")]
    if own:
        found["Tags"] = own
    policy = await _policy(handling, arn)
    if policy is not None:
        found["ResourcePolicy"] = policy


async def _policy(handling: Handling, arn: str) -> dict[str, Any] | None:
    try:
        found = await handling.call("dynamodb", "GetResourcePolicy", {"ResourceArn": arn})
    except ServiceError as error:
        if error.code != "PolicyNotFoundException" and not is_missing(error):
            raise
        return None
    return {"PolicyDocument": json.loads(found["Policy"])}
