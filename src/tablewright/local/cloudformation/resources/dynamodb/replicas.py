"""The pure part of a global table: what one region's replica looks like as a table, and what the handler refuses.

Source: property page of AWS::DynamoDB::GlobalTable in the user guide. Where no text of a refusal is known, its meaning is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tablewright.local.cloudformation.resources.dynamodb import shape
from tablewright.local.cloudformation.resources.protocol import HandlerError, Properties

READ_CAPACITY = "You must specify ReadCapacityUnits or ReadCapacityAutoScalingSettings for each global table replica"
ONE_REPLICA = "Cannot create or delete more than one replica in a single update"
HOME_REPLICA = "Replicas must include the region of the stack"
STREAM_WANTED = "StreamSpecification is required for a global table with more than one replica"
STREAM_VIEW = "StreamViewType must be NEW_AND_OLD_IMAGES for a global table with more than one replica"
UNKNOWN_INDEX = "GlobalSecondaryIndexes of the table do not have"
KEY_ALONE = "SSESpecification of a replica requires SSESpecification of the global table"
STREAM_FIXED = "StreamSpecification can only be changed while the global table has a single replica"

_SHARED = (
    "KeySchema",
    "AttributeDefinitions",
    "LocalSecondaryIndexes",
    "StreamSpecification",
    "TimeToLiveSpecification",
    "VectorIndexes",
    "WarmThroughput",
)
_REPLICATED_BY_DEFAULT = ("DISABLED", "ENABLED_WITH_OVERRIDES")
_OWN = (
    "PointInTimeRecoverySpecification",
    "Tags",
    "TableClass",
    "DeletionProtectionEnabled",
    "ContributorInsightsSpecification",
    "KinesisStreamSpecification",
    "ResourcePolicy",
)


def replicas(properties: Properties) -> dict[str, dict[str, Any]]:
    """Region to its replica's declaration."""
    return {str(replica["Region"]): dict(replica) for replica in properties.get("Replicas") or []}


def unimitated(properties: Properties) -> list[str]:
    """What a global table declares and nothing here would come of; what AWS takes by default is no declaration."""
    found = {name for name in ("GlobalTableSourceArn", "GlobalTableWitnesses", "TableType") if properties.get(name)}
    if properties.get("MultiRegionConsistency", "EVENTUAL") != "EVENTUAL":
        found.add("MultiRegionConsistency")
    for replica in replicas(properties).values():
        if shape.truthy(replica.get("DisassociationProtectionEnabled")):
            found.add("DisassociationProtectionEnabled")
        if replica.get("ReplicaStreamSpecification"):
            found.add("ReplicaStreamSpecification")
        if replica.get("GlobalTableSettingsReplicationMode", "DISABLED") not in _REPLICATED_BY_DEFAULT:
            found.add("GlobalTableSettingsReplicationMode")
    return sorted(found)


def check(properties: Properties, home: str) -> None:
    """Refuse what the handler refuses by itself. Raises HandlerError."""
    declared = replicas(properties)
    if home not in declared:
        raise HandlerError("InvalidRequest", HOME_REPLICA)
    if len(declared) > 1 and not shape.stream(properties):
        raise HandlerError("InvalidRequest", STREAM_WANTED)
    if len(declared) > 1 and shape.stream(properties) != "NEW_AND_OLD_IMAGES":
        raise HandlerError("InvalidRequest", STREAM_VIEW)
    for region, replica in declared.items():
        if unknown := sorted(shape.indexes(replica).keys() - shape.indexes(properties).keys()):
            raise HandlerError("InvalidRequest", f"{UNKNOWN_INDEX} [{', '.join(unknown)}] of the replica in {region}")
        if replica.get("SSESpecification") and shape.sse(properties) is None:
            raise HandlerError("InvalidRequest", KEY_ALONE)
    if shape.billing_mode(properties) == shape.PROVISIONED:
        for replica in declared.values():
            if not replica.get("ReadProvisionedThroughputSettings") and not properties.get(
                "ReadProvisionedThroughputSettings"
            ):
                raise HandlerError("InvalidRequest", f"{READ_CAPACITY}.")
        if not properties.get("WriteProvisionedThroughputSettings"):
            raise HandlerError("InvalidRequest", "Property WriteProvisionedThroughputSettings cannot be empty")


def check_change(before: Properties, after: Properties, live: set[str]) -> tuple[list[str], list[str]]:
    """Regions to add and to remove. Raises HandlerError for more than one, or a stream that changes under replicas."""
    wanted = replicas(after)
    known = replicas(before).keys() | wanted.keys()
    added = [region for region in wanted if region not in live]
    removed = sorted(region for region in live if region in known and region not in wanted)
    if len(added) + len(removed) > 1:
        raise HandlerError("InvalidRequest", ONE_REPLICA)
    streams = shape.stream(before), shape.stream(after)
    if streams[0] and streams[0] != streams[1] and len(wanted) > 1:
        raise HandlerError("InvalidRequest", STREAM_FIXED)
    return added, removed


def as_table(properties: Properties, region: str) -> dict[str, Any]:
    """The properties that AWS::DynamoDB::Table would have for the replica of a region."""
    replica = replicas(properties).get(region, {})
    found: dict[str, Any] = {name: properties[name] for name in _SHARED if name in properties}
    found |= {name: replica[name] for name in _OWN if name in replica}
    mode = found["BillingMode"] = shape.billing_mode(properties)
    indexes = []
    own = shape.indexes(replica)
    for name, index in shape.indexes(properties).items():
        entry: dict[str, Any] = {
            key: index[key] for key in ("IndexName", "KeySchema", "Projection", "WarmThroughput") if key in index
        }
        _throughput(entry, mode, index, own.get(name, {}), properties)
        if "ContributorInsightsSpecification" in own.get(name, {}):
            entry["ContributorInsightsSpecification"] = own[name]["ContributorInsightsSpecification"]
        indexes.append(entry)
    if indexes:
        found["GlobalSecondaryIndexes"] = indexes
    _throughput(found, mode, properties, replica, properties)
    if "SSESpecification" in properties:
        found["SSESpecification"] = {**properties["SSESpecification"], **(replica.get("SSESpecification") or {})}
    return found


def as_global(tables: Mapping[str, Mapping[str, Any]], home: str) -> dict[str, Any]:
    """The properties of the global table whose replicas, by region, are these tables; fixed units stand for autoscaling."""
    shared = tables[home]
    found: dict[str, Any] = {name: shared[name] for name in ("TableName", "BillingMode", *_SHARED) if name in shared}
    found["Replicas"] = [
        {"Region": region, **{name: table[name] for name in _OWN if name in table}} for region, table in tables.items()
    ]
    if "SSESpecification" in shared:
        sse = shared["SSESpecification"]
        found["SSESpecification"] = {name: sse[name] for name in ("SSEEnabled", "SSEType") if name in sse}
    units = shared.get("ProvisionedThroughput")
    if units:
        write = int(units["WriteCapacityUnits"])
        fixed = {"MinCapacity": write, "MaxCapacity": write, "SeedCapacity": write}
        found["WriteProvisionedThroughputSettings"] = {"WriteCapacityAutoScalingSettings": fixed}
        for replica in found["Replicas"]:
            read = tables[replica["Region"]].get("ProvisionedThroughput") or units
            replica["ReadProvisionedThroughputSettings"] = {"ReadCapacityUnits": int(read["ReadCapacityUnits"])}
    indexes = shared.get("GlobalSecondaryIndexes") or []
    if indexes:
        names = ("IndexName", "KeySchema", "Projection")
        found["GlobalSecondaryIndexes"] = [{name: index[name] for name in names} for index in indexes]
    return found


def _throughput(
    entry: dict[str, Any], mode: str, shared: Mapping[str, Any], own: Mapping[str, Any], table: Mapping[str, Any]
) -> None:
    if mode == shape.PROVISIONED:
        write = (
            shared.get("WriteProvisionedThroughputSettings") or table.get("WriteProvisionedThroughputSettings") or {}
        )
        read = own.get("ReadProvisionedThroughputSettings") or shared.get("ReadProvisionedThroughputSettings") or {}
        entry["ProvisionedThroughput"] = {
            "ReadCapacityUnits": int(
                read.get("ReadCapacityUnits") or _seed(read.get("ReadCapacityAutoScalingSettings"))
            ),
            "WriteCapacityUnits": _seed(write.get("WriteCapacityAutoScalingSettings")),
        }
        return
    limits: dict[str, Any] = {}
    read = own.get("ReadOnDemandThroughputSettings") or shared.get("ReadOnDemandThroughputSettings") or {}
    write = shared.get("WriteOnDemandThroughputSettings") or {}
    if "MaxReadRequestUnits" in read:
        limits["MaxReadRequestUnits"] = read["MaxReadRequestUnits"]
    if "MaxWriteRequestUnits" in write:
        limits["MaxWriteRequestUnits"] = write["MaxWriteRequestUnits"]
    if limits:
        entry["OnDemandThroughput"] = limits


def _seed(scaling: Mapping[str, Any] | None) -> int:
    """The units that autoscaling starts from."""
    scaling = scaling or {}
    return int(scaling.get("SeedCapacity") or scaling.get("MinCapacity") or 1)
