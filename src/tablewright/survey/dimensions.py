"""Under which dimensions each AWS/DynamoDB metric exists: an alarm that names others never receives a datum.

Source: DynamoDB developer guide, "DynamoDB metrics and dimensions" (read 2026-11). Where the guide and CloudWatch's list of
recommended alarms disagree (SystemErrors), the guide counts: it is published for each operation. The index dimension of
WriteAccountLimitThrottleEvents, which the guide gives only for its read twin, is taken to exist (unverified).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tablewright.model.observed import AlarmState, Watched

__all__ = ["DIMENSIONS", "dead_alarm"]

NAMESPACE = "AWS/DynamoDB"

_ACCOUNT = (frozenset[str](),)
_TABLE = (frozenset({"TableName"}),)
_TABLE_AND_INDEX = (frozenset({"TableName"}), frozenset({"TableName", "GlobalSecondaryIndexName"}))
_INDEX = (frozenset({"TableName", "GlobalSecondaryIndexName"}),)
_OPERATION = (frozenset({"TableName", "Operation"}),)
_STREAM = (frozenset({"TableName", "Operation", "StreamLabel"}),)
_REPLICA = (frozenset({"TableName", "ReceivingRegion"}),)
_DELEGATED = (frozenset({"TableName", "DelegatedOperation"}),)

DIMENSIONS: Mapping[str, tuple[frozenset[str], ...]] = {
    **dict.fromkeys(
        (
            "AccountMaxReads",
            "AccountMaxTableLevelReads",
            "AccountMaxTableLevelWrites",
            "AccountMaxWrites",
            "AccountProvisionedReadCapacityUtilization",
            "AccountProvisionedWriteCapacityUtilization",
            "MaxProvisionedTableReadCapacityUtilization",
            "MaxProvisionedTableWriteCapacityUtilization",
            "UserErrors",
        ),
        _ACCOUNT,
    ),
    **dict.fromkeys(("ConditionalCheckFailedRequests", "TimeToLiveDeletedItemCount", "TransactionConflict"), _TABLE),
    **dict.fromkeys(
        (
            "ConsumedReadCapacityUnits",
            "ProvisionedReadCapacityUnits",
            "ProvisionedWriteCapacityUnits",
            "OnDemandMaxReadRequestUnits",
            "OnDemandMaxWriteRequestUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
            "ReadAccountLimitThrottleEvents",
            "ReadKeyRangeThroughputThrottleEvents",
            "ReadMaxOnDemandThroughputThrottleEvents",
            "ReadProvisionedThroughputThrottleEvents",
            "WriteAccountLimitThrottleEvents",
            "WriteKeyRangeThroughputThrottleEvents",
            "WriteMaxOnDemandThroughputThrottleEvents",
            "WriteProvisionedThroughputThrottleEvents",
        ),
        _TABLE_AND_INDEX,
    ),
    "ConsumedWriteCapacityUnits": (*_TABLE_AND_INDEX, *(d | {"Source"} for d in _TABLE_AND_INDEX)),
    **dict.fromkeys(
        ("OnlineIndexConsumedWriteCapacity", "OnlineIndexPercentageProgress", "OnlineIndexThrottleEvents"), _INDEX
    ),
    **dict.fromkeys(
        ("ThrottledRequests", "SystemErrors", "ReturnedItemCount", "FaultInjectionServiceInducedErrors"), _OPERATION
    ),
    "SuccessfulRequestLatency": (*_OPERATION, *_STREAM),
    **dict.fromkeys(("ReturnedBytes", "ReturnedRecordsCount"), _STREAM),
    **dict.fromkeys(("ReplicationLatency", "PendingReplicationCount"), _REPLICA),
    **dict.fromkeys(
        (
            "AgeOfOldestUnreplicatedRecord",
            "ConsumedChangeDataCaptureUnits",
            "FailedToReplicateRecordCount",
            "ThrottledPutRecordCount",
        ),
        _DELEGATED,
    ),
}
"""Metric -> the sets of dimensions under which it is published. A metric that is not here is not judged."""


def dead_alarm(alarm: AlarmState, indexes: Mapping[str, Collection[str]]) -> str:
    """Why the alarm can never receive a datum, or "" if it can (or that cannot be told).

    ``indexes`` are the global secondary indexes of each table that is known. An alarm with several metrics is dead if all are.
    """
    reasons = [_dead_metric(watched, indexes) for watched in alarm.watches]
    return reasons[0] if reasons and all(reasons) else ""


def _dead_metric(watched: Watched, indexes: Mapping[str, Collection[str]]) -> str:
    if watched.namespace != NAMESPACE or watched.metric not in DIMENSIONS:
        return ""
    published = DIMENSIONS[watched.metric]
    if frozenset(watched.dimensions) not in published:
        return (
            f"{watched.metric} is published with {_or(published)}, never with {_and(frozenset(watched.dimensions))}: "
            "this alarm receives no data and cannot fire"
        )
    index = watched.dimensions.get("GlobalSecondaryIndexName")
    table = watched.dimensions.get("TableName", "")
    if index is not None and table in indexes and index not in indexes[table]:
        return f"table {table} has no index {index}: this alarm receives no data and cannot fire"
    return ""


def _or(published: tuple[frozenset[str], ...]) -> str:
    return " or ".join(_and(dimensions) for dimensions in published)


_ORDER = ("TableName", "GlobalSecondaryIndexName", "Operation")


def _and(dimensions: frozenset[str]) -> str:
    if not dimensions:
        return "no dimensions"
    known = [d for d in _ORDER if d in dimensions]
    names = [*known, *sorted(dimensions.difference(known))]
    return names[0] + " only" if len(names) == 1 else " + ".join(names)
