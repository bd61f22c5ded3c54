"""What DynamoDB refuses of a table's changes, before it looks at anything else. Pure.

Sources: UpdateTable API reference (what must be alone in a request; one replica, one index at a time); texts as quoted in public
issue threads and in third-party measurements of the API (2026-10): "… modification must be the only operation in the request",
"Table already has an enabled stream", "Table has no stream to disable", the limit of 20 indexes, deletion protection. Where only
the refusal was measured, its words are not known: those begin with "One or more parameter values were invalid".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["MOST_INDEXES", "PROTECTED", "creation_refused", "default_warm_throughput", "update_refused"]

MOST_INDEXES = 20
PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
)
_TOO_MANY = f"Number of global secondary indexes exceeds per-table limit of {MOST_INDEXES}"
_INVALID = "One or more parameter values were invalid:"

_ALONE = {
    "SSESpecification": "Server-Side Encryption modification must be the only operation in the request",
    "DeletionProtectionEnabled": "DeletionProtection modification must be the only operation in the request",
    "TableClass": "TableClass modification must be the only operation in the request",
    "WarmThroughput": f"{_INVALID} WarmThroughput must be the only operation in the request",
    "ReplicaUpdates": f"{_INVALID} ReplicaUpdates must be the only operation in the request",
}
_NO_OPERATION = frozenset({"TableName", "AttributeDefinitions"})
_BESIDE_AN_INDEX = frozenset({"GlobalSecondaryIndexUpdates", "BillingMode", "ProvisionedThroughput"})
_UNIMITATED = ("MultiRegionConsistency", "GlobalTableWitnessUpdates", "GlobalTableSettingsReplicationMode")
_WARM = ("ReadUnitsPerSecond", "WriteUnitsPerSecond")
ON_DEMAND_WARM = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}
"""What a new on-demand table is warm for (Developer Guide, warm throughput)."""


def update_refused(table: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Why UpdateTable refuses `asked` of a table, or empty. `table` is its description."""
    operations = {name for name in asked if name not in _NO_OPERATION and asked[name] is not None}
    for name in _UNIMITATED:
        if name in operations:
            return f"The embedded AWS does not imitate {name}."
    return _together(operations, asked) or _stream(table, asked) or _indexes(table, asked) or _warm(table, asked)


def creation_refused(asked: Mapping[str, Any]) -> str:
    """Why CreateTable refuses `asked`, or empty."""
    return _TOO_MANY if len(asked.get("GlobalSecondaryIndexes") or ()) > MOST_INDEXES else ""


def _together(operations: set[str], asked: Mapping[str, Any]) -> str:
    """What may not go together in one request."""
    if len(operations) < 2:
        return ""
    for name, words in _ALONE.items():
        if name in operations:
            return words
    if "OnDemandThroughput" in operations and not operations <= {"OnDemandThroughput", "BillingMode"}:
        return f"{_INVALID} OnDemandThroughput can only be changed alone or with BillingMode"
    updates = asked.get("GlobalSecondaryIndexUpdates") or []
    online = any("Create" in each or "Delete" in each for each in updates if isinstance(each, Mapping))
    if online and not operations <= _BESIDE_AN_INDEX:
        return f"{_INVALID} an index must be created or deleted in a request of its own"
    if "StreamSpecification" in operations and "ProvisionedThroughput" in operations:
        return f"{_INVALID} StreamSpecification and ProvisionedThroughput cannot be changed in one request"
    return ""


def _stream(table: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    wanted = asked.get("StreamSpecification")
    if not isinstance(wanted, Mapping):
        return ""
    enabled = bool((table.get("StreamSpecification") or {}).get("StreamEnabled"))
    if enabled and wanted.get("StreamEnabled"):
        return f"Table already has an enabled stream: TableName: {table.get('TableName', '')}"
    if not enabled and not wanted.get("StreamEnabled"):
        return f"Table has no stream to disable: TableName: {table.get('TableName', '')}"
    return ""


def _indexes(table: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    standing = len(table.get("GlobalSecondaryIndexes") or ())
    updates = [each for each in asked.get("GlobalSecondaryIndexUpdates") or () if isinstance(each, Mapping)]
    return _TOO_MANY if standing + sum("Create" in each for each in updates) > MOST_INDEXES else ""


def _warm(table: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    wanted, now = asked.get("WarmThroughput"), table.get("WarmThroughput") or {}
    if not isinstance(wanted, Mapping):
        return ""
    for name in _WARM:
        if int(wanted.get(name) or now.get(name) or 0) < int(now.get(name) or 0):
            return (
                f"{_INVALID} Requested {name} for WarmThroughput for table is lower than the current WarmThroughput, "
                "decreasing WarmThroughput is not supported"
            )
    return ""


def default_warm_throughput(table: Mapping[str, Any]) -> dict[str, Any]:
    """What a table is warm for that nobody has warmed: every table's description tells."""
    mode = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    units = table.get("ProvisionedThroughput") or {}
    provisioned = {
        "ReadUnitsPerSecond": int(units.get("ReadCapacityUnits") or 0),
        "WriteUnitsPerSecond": int(units.get("WriteCapacityUnits") or 0),
    }
    return {**(ON_DEMAND_WARM if mode == "PAY_PER_REQUEST" else provisioned), "Status": "ACTIVE"}
