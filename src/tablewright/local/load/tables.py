"""A table as load sees it: keys, indexes and throughput settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tablewright.local.load.capacity import Index
from tablewright.local.load.throughput import Settings

__all__ = ["Scope", "Table", "table_from"]

Scope = tuple[str, str]
"""An account and a Region."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table's shape and settings at the moment."""

    scope: Scope
    name: str
    arn: str
    identity: str
    """The TableId: a table made anew under an old name is another table."""
    hash_key: str
    range_key: str
    """"" when the table has none."""
    settings: Settings
    indexes: tuple[Index, ...] = ()
    index_settings: Mapping[str, Settings] = field(default_factory=dict)
    """Of the global indexes, by name; local ones share the table's."""
    metered: bool = True
    """False for a table with vector indexes, whose capacity the data plane counts in another way."""
    replicated: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.hash_key, self.range_key) if self.range_key else (self.hash_key,)

    @property
    def local_indexes(self) -> frozenset[str]:
        return frozenset(index.name for index in self.indexes if not index.is_global)

    def index(self, name: str) -> Index | None:
        """The index of that name."""
        return next((index for index in self.indexes if index.name == name), None)

    def arn_of(self, index: str) -> str:
        """The ARN of one of its indexes; of the table for ""."""
        return f"{self.arn}/index/{index}" if index else self.arn


def table_from(scope: Scope, description: Mapping[str, Any], size: int = 0) -> Table:
    """The table of a description as DescribeTable gives it."""
    on_demand = (description.get("BillingModeSummary") or {}).get("BillingMode") == "PAY_PER_REQUEST"
    indexes: list[Index] = []
    index_settings: dict[str, Settings] = {}
    for member, is_global in (("GlobalSecondaryIndexes", True), ("LocalSecondaryIndexes", False)):
        for held in description.get(member) or ():
            projection = held.get("Projection") or {}
            schema = held.get("KeySchema") or ()
            index = Index(
                held["IndexName"],
                tuple(key["AttributeName"] for key in schema),
                projection.get("ProjectionType", "ALL"),
                frozenset(projection.get("NonKeyAttributes") or ()),
                is_global,
                tuple(key["AttributeName"] for key in schema if key["KeyType"] == "HASH"),
            )
            indexes.append(index)
            if is_global:
                index_settings[index.name] = _settings(on_demand, held, 0)
    keys = {key["KeyType"]: key["AttributeName"] for key in description["KeySchema"]}
    return Table(
        scope,
        description["TableName"],
        description["TableArn"],
        str(description.get("TableId", "")),
        keys["HASH"],
        keys.get("RANGE", ""),
        _settings(on_demand, description, size),
        tuple(indexes),
        index_settings,
        not description.get("VectorIndexes"),
        bool(description.get("Replicas")),
    )


def _settings(on_demand: bool, held: Mapping[str, Any], size: int) -> Settings:
    warm = held.get("WarmThroughput") or {}
    warmth = float(warm.get("ReadUnitsPerSecond") or 0), float(warm.get("WriteUnitsPerSecond") or 0)
    if on_demand:
        limits = held.get("OnDemandThroughput") or {}
        read, write = limits.get("MaxReadRequestUnits") or 0, limits.get("MaxWriteRequestUnits") or 0
        return Settings(True, max(float(read), 0.0), max(float(write), 0.0), *warmth, size)
    units = held.get("ProvisionedThroughput") or {}
    return Settings(
        False, float(units.get("ReadCapacityUnits") or 0), float(units.get("WriteCapacityUnits") or 0), *warmth, size
    )
