"""The pure part of a table: what its properties say, what the handler refuses before it calls DynamoDB, and what differs.

Sources: property pages of AWS::DynamoDB::Table in the user guide; handler messages quoted in aws-cdk and coverage-roadmap issues.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tablewright.local.cloudformation.resources.protocol import HandlerError, Properties

ON_DEMAND = "PAY_PER_REQUEST"
PROVISIONED = "PROVISIONED"

INCONSISTENT = "Property AttributeDefinitions is inconsistent with the KeySchema of the table and the secondary indexes"
TWO_INDEX_CHANGES = "Cannot perform more than one GSI creation or deletion in a single update"
INDEX_IMMUTABLE = (
    "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights Specification. "
    "You can create a new GSI with a different name."
)
NO_THROUGHPUT = "Property ProvisionedThroughput cannot be empty"
TTL_NAME_MISSING = (
    "Invalid request provided: AttributeName property of TimeToLiveSpecification is required when TTL status is enabled "
    "or while enabling/disabling TTL."
)


def billing_mode(properties: Properties) -> str:
    """Absent means PROVISIONED, whatever the table is now."""
    return str(properties.get("BillingMode") or PROVISIONED)


def indexes(properties: Properties, kind: str = "GlobalSecondaryIndexes") -> dict[str, dict[str, Any]]:
    return {str(index["IndexName"]): dict(index) for index in properties.get(kind) or []}


def key_attributes(properties: Properties) -> set[str]:
    """Every attribute that a key of the table or of an index names, and those that a vector index filters by."""
    schemas = [properties.get("KeySchema") or []]
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        schemas += [index.get("KeySchema") or [] for index in properties.get(kind) or []]
    schemas += [index.get("SearchSchema") or [] for index in properties.get("VectorIndexes") or []]
    return {str(key["AttributeName"]) for schema in schemas for key in schema}


def attribute_types(properties: Properties) -> dict[str, str]:
    return {str(a["AttributeName"]): str(a["AttributeType"]) for a in properties.get("AttributeDefinitions") or []}


def check(properties: Properties) -> None:
    """Refuse what the handler refuses by itself. Raises HandlerError."""
    if set(attribute_types(properties)) != key_attributes(properties):
        raise HandlerError("InvalidRequest", INCONSISTENT)
    if billing_mode(properties) == PROVISIONED and not properties.get("ProvisionedThroughput"):
        raise HandlerError("InvalidRequest", NO_THROUGHPUT)
    ttl = properties.get("TimeToLiveSpecification")
    if ttl is not None and truthy(ttl.get("Enabled")) and not ttl.get("AttributeName"):
        raise HandlerError("InvalidRequest", TTL_NAME_MISSING)


def truthy(value: Any) -> bool:
    """A boolean property: templates may give it as text."""
    return value is True or str(value).lower() == "true"


def numbers(throughput: Mapping[str, Any]) -> dict[str, int]:
    return {str(key): int(value) for key, value in throughput.items()}


def same_index(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether key schema and projection, which cannot change under a name, are equal; of a vector index, everything."""
    if "VectorAttribute" in right:
        return all(text(left.get(name)) == text(value) for name, value in right.items())
    return left.get("KeySchema") == right.get("KeySchema") and projection(left) == projection(right)


def text(value: Any) -> str:
    """A declaration as text, in which `4` and `"4"` are the same."""
    if isinstance(value, Mapping):
        return str(sorted((key, text(item)) for key, item in value.items()))
    return str([text(item) for item in value]) if isinstance(value, list) else str(value)


def projection(index: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    declared = index.get("Projection") or {}
    return str(declared.get("ProjectionType") or "ALL"), frozenset(declared.get("NonKeyAttributes") or ())


def index_changes(
    now: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], list[str]]:
    """Names to create and to delete. Raises HandlerError for an index edited under its name, or more than one change."""
    for name, index in wanted.items():
        if name in now and not same_index(now[name], index):
            raise HandlerError("InvalidRequest", INDEX_IMMUTABLE)
    created = [name for name in wanted if name not in now]
    deleted = [name for name in now if name not in wanted]
    if len(created) + len(deleted) > 1:
        raise HandlerError("InvalidRequest", TWO_INDEX_CHANGES)
    return created, deleted


def index_definition(index: Mapping[str, Any]) -> dict[str, Any]:
    """An index as CreateTable and UpdateTable take it."""
    definition: dict[str, Any] = {
        "IndexName": index["IndexName"],
        "KeySchema": index.get("KeySchema") or [],
        "Projection": index.get("Projection") or {"ProjectionType": "ALL"},
    }
    # Units on an on-demand table are sent too: DynamoDB says what it says about them.
    for name in ("ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput"):
        if name in index:
            definition[name] = numbers(index[name])
    return definition


def vector_index(index: Mapping[str, Any]) -> dict[str, Any]:
    """A vector index as CreateTable and UpdateTable take it."""
    return {**index, "Dimensions": int(index["Dimensions"])}


def sse(properties: Properties) -> dict[str, Any] | None:
    declared = properties.get("SSESpecification")
    if declared is None:
        return None
    specification: dict[str, Any] = {"Enabled": truthy(declared.get("SSEEnabled"))}
    if declared.get("KMSMasterKeyId"):
        specification["KMSMasterKeyId"] = declared["KMSMasterKeyId"]
    if declared.get("SSEType"):
        specification["SSEType"] = declared["SSEType"]
    return specification


def stream(properties: Properties) -> str:
    """The view type, or "" without a stream."""
    declared = properties.get("StreamSpecification")
    return str(declared.get("StreamViewType") or "") if declared else ""
