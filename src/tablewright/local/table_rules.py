"""What DynamoDB refuses of a table's changes, before it looks at anything else. Pure.

Sources: UpdateTable API reference (what must be alone in a request; one replica, one index at a time); texts as quoted in public
issue threads and in third-party measurements of the API on live AWS (2026-10). The words for an index beside anything but a
stream are not known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tablewright.local import index_rules, throughput_rules
from tablewright.local.throughput_rules import INVALID as _INVALID

__all__ = [
    "MOST_INDEXES",
    "PROTECTED",
    "creation_refused",
    "default_warm_throughput",
    "key_refused",
    "policy_refused",
    "tags_refused",
    "update_refused",
]

MOST_INDEXES = 20
PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
)
MOST_TAGS = 50
_TOO_MANY = f"Number of global secondary indexes exceeds per-table limit of {MOST_INDEXES}"

_ALONE = {
    "SSESpecification": f"{_INVALID} Server-Side Encryption modification must be the only operation in the request",
    "DeletionProtectionEnabled": f"{_INVALID} DeletionProtection modification must be the only operation in the request",
    "TableClass": f"{_INVALID} TableClass modification must be the only operation in the request",
    "WarmThroughput": f"{_INVALID} WarmThroughput must be the only operation in the request",
    "ReplicaUpdates": f"{_INVALID} Replica modification must be the only operation in the request",
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
    return (
        _together(operations, asked)
        or _stream(table, asked)
        or _indexes(table, asked)
        or _warm(table, asked)
        or _encryption(asked)
        or index_rules.update_refused(table, asked)
        or throughput_rules.update_refused(table, asked)
    )


def creation_refused(asked: Mapping[str, Any]) -> str:
    """Why CreateTable refuses `asked`, or empty."""
    if len(asked.get("GlobalSecondaryIndexes") or ()) > MOST_INDEXES:
        return _TOO_MANY
    return (
        tags_refused(asked.get("Tags"))
        or _encryption(asked)
        or index_rules.creation_refused(asked)
        or throughput_rules.creation_refused(asked)
    )


def tags_refused(tags: Any, standing: Mapping[str, str] | None = None) -> str:
    """Why tags are refused, or empty; `standing` are those that the resource has. AWS's own tags do not count."""
    keys = [str(tag.get("Key")) for tag in tags or () if isinstance(tag, Mapping)]
    twice = [key for number, key in enumerate(keys) if key in keys[:number]]
    if twice:
        return f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {twice[0]}"
    if len({key for key in {*keys, *(standing or ())} if not key.startswith("aws:")}) > MOST_TAGS:
        return "Number of Tags exceed the current limit for the provided ResourceArn"
    return ""


def _encryption(asked: Mapping[str, Any]) -> str:
    wanted = asked.get("SSESpecification")
    if not isinstance(wanted, Mapping) or wanted.get("Enabled") is not False:
        return ""
    for name in ("SSEType", "KMSMasterKeyId"):
        if wanted.get(name):
            return f"{_INVALID} {name} can not be specified if Enabled is false"
    return ""


def key_refused(key: str, found: Mapping[str, Any] | None, region: str, account: str) -> str:
    """Why a table cannot be encrypted with a KMS key, or empty; `found` is the key's record, when there is one."""
    said = "KMS validation error: com.amazonaws.services.kms.model."
    if found is None:
        arn = key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:{key if '/' in key else f'key/{key}'}"
        missing = f"Alias {arn} is not found." if ":alias/" in arn else f"Key '{arn}' does not exist"
        return f"{said}NotFoundException: {missing} (Service: AWSKMS; Status Code: 400; Error Code: NotFoundException)"
    if found.get("KeyState") == "PendingDeletion":
        code = "KMSInvalidStateException"
        return (
            f"{said}{code}: {found['Arn']} is pending deletion. (Service: AWSKMS; Status Code: 400; Error Code: {code})"
        )
    return ""


def policy_refused(text: str) -> str:
    """Why a resource policy is refused for its form, or empty."""
    said = f"{_INVALID} Invalid policy document:"
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        return f"{said} This policy contains invalid Json"
    statements = document.get("Statement")
    statements = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(statements, list) or not statements:
        return f"{said} Could not parse the policy: Statement is empty!"
    for statement in statements:
        for field in ("Effect", "Principal", "Action", "Resource"):
            if not isinstance(statement, Mapping) or not (field in statement or f"Not{field}" in statement):
                return f"{said} Missing required field {field}"
    ids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    return f"{said} The Statement Ids in the policy are not unique" if len(set(ids)) < len(ids) else ""


def _together(operations: set[str], asked: Mapping[str, Any]) -> str:
    """What may not go together in one request."""
    if len(operations) < 2:
        return ""
    for name, words in _ALONE.items():
        if name in operations:
            return words
    if "OnDemandThroughput" in operations and not operations <= {"OnDemandThroughput", "BillingMode"}:
        return f"{_INVALID} OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"
    updates = asked.get("GlobalSecondaryIndexUpdates") or []
    online = any("Create" in each or "Delete" in each for each in updates if isinstance(each, Mapping))
    if online and "StreamSpecification" in operations:
        return f"{_INVALID} You cannot create or delete index while changing stream status"
    if online and not operations <= _BESIDE_AN_INDEX:
        return f"{_INVALID} an index must be created or deleted in a request of its own"
    if "StreamSpecification" in operations and "ProvisionedThroughput" in operations:
        return f"{_INVALID} You cannot modify stream status while updating table IOPS"
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
                f"{_INVALID} Requested {name} for WarmThroughput for table is lower than current WarmThroughput, "
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
