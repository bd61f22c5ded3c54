"""Where a new property of a table stands: after those that people write before it, or where the alphabet says."""

from __future__ import annotations

from tablewright.author.text import Path, Text
from tablewright.model.design import TABLE_TYPES
from tablewright.template.tree import Mapping, Scalar

__all__ = ["usual_neighbour"]

_USUAL = (
    "TableName", "BillingMode", "ProvisionedThroughput", "WriteProvisionedThroughputSettings", "OnDemandThroughput",
    "WriteOnDemandThroughputSettings", "WarmThroughput", "TableClass", "DeletionProtectionEnabled", "AttributeDefinitions",
    "KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes", "TimeToLiveSpecification", "StreamSpecification",
    "KinesisStreamSpecification", "PointInTimeRecoverySpecification", "SSESpecification", "ContributorInsightsSpecification",
    "ResourcePolicy", "Replicas", "Tags",
)  # fmt: skip


def usual_neighbour(text: Text, parent: Path, key: str) -> str | None:
    """The property of a table after which ``key`` is written; None for anything else than a table's properties."""
    if len(parent) != 3 or parent[0] != "Resources" or parent[2] != "Properties":
        return None
    type_, node = text.at((*parent[:2], "Type")), text.at(parent)
    if not isinstance(type_, Scalar) or type_.text not in TABLE_TYPES or not isinstance(node, Mapping):
        return None
    keys = [entry.key for entry in node.entries]
    if len(keys) > 2 and keys == sorted(keys):
        before = [one for one in keys if one < key]
    elif key in _USUAL:
        before = [one for one in keys if one in _USUAL and _USUAL.index(one) < _USUAL.index(key)]
    else:
        return None
    return before[-1] if before else None
