"""The metrics of AWS/DynamoDB: the sets of dimensions under which each is published, its statistics, and what it counts.

A metric exists only under one of its own sets of dimensions: an alarm with another set never has data.
Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions" (read 2026-11). WriteAccountLimitThrottleEvents is
documented for tables only while its read twin is documented for indexes too: unverified, so an index counts as possible.
"""

from __future__ import annotations

from dataclasses import dataclass

T, INDEX, OP, STREAM, DELEGATED, REGION, SOURCE = (
    "TableName", "GlobalSecondaryIndexName", "Operation", "StreamLabel", "DelegatedOperation", "ReceivingRegion", "Source",
)  # fmt: skip

_ACCOUNT = (frozenset[str](),)
_TABLE = (frozenset({T}),)
_TABLE_OR_INDEX = (frozenset({T}), frozenset({T, INDEX}))
_INDEX = (frozenset({T, INDEX}),)
_BY_SOURCE = (*_TABLE_OR_INDEX, frozenset({T, SOURCE}), frozenset({T, INDEX, SOURCE}))
_OPERATION = (frozenset({T, OP}),)
_STREAM = (frozenset({T, OP, STREAM}),)
_KINESIS = (frozenset({T, DELEGATED}),)
_REPLICA = (frozenset({T, REGION}),)

_ALL = ("Minimum", "Maximum", "Average", "SampleCount", "Sum")
_COUNT = ("Sum", "SampleCount")
_THROTTLE = ("Sum", "SampleCount", "Minimum", "Maximum")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``sparse``: published only when there is something to count. ``dead``: documented to be always zero now."""

    name: str
    dimensions: tuple[frozenset[str], ...]
    unit: str
    statistics: tuple[str, ...]
    period: int
    sparse: bool = False
    dead: bool = False
    percentiles: bool = False


def _metrics(*rows: Metric) -> dict[str, Metric]:
    return {row.name: row for row in rows}


METRICS = _metrics(
    Metric("AccountMaxReads", _ACCOUNT, "Count", ("Maximum",), 300),
    Metric("AccountMaxTableLevelReads", _ACCOUNT, "Count", ("Maximum",), 300),
    Metric("AccountMaxTableLevelWrites", _ACCOUNT, "Count", ("Maximum",), 300),
    Metric("AccountMaxWrites", _ACCOUNT, "Count", ("Maximum",), 300),
    Metric("AccountProvisionedReadCapacityUtilization", _ACCOUNT, "Percent", ("Maximum", "Minimum", "Average"), 300),
    Metric("AccountProvisionedWriteCapacityUtilization", _ACCOUNT, "Percent", ("Maximum", "Minimum", "Average"), 300),
    Metric("MaxProvisionedTableReadCapacityUtilization", _ACCOUNT, "Percent", ("Maximum", "Minimum", "Average"), 300),
    Metric("MaxProvisionedTableWriteCapacityUtilization", _ACCOUNT, "Percent", ("Maximum", "Minimum", "Average"), 300),
    Metric("AgeOfOldestUnreplicatedRecord", _KINESIS, "Milliseconds", ("Maximum", "Minimum", "Average"), 300),
    Metric("ConditionalCheckFailedRequests", _TABLE, "Count", _ALL, 60, sparse=True),
    Metric("ConsumedChangeDataCaptureUnits", _KINESIS, "Count", ("Minimum", "Maximum", "Average"), 300),
    Metric("ConsumedReadCapacityUnits", _TABLE_OR_INDEX, "Count", _ALL, 60),
    Metric("ConsumedWriteCapacityUnits", _BY_SOURCE, "Count", _ALL, 60),
    Metric("FailedToReplicateRecordCount", _KINESIS, "Count", ("Sum",), 300, sparse=True),
    Metric("OnDemandMaxReadRequestUnits", _TABLE_OR_INDEX, "Count", ("Minimum", "Maximum", "Average"), 300),
    Metric("OnDemandMaxWriteRequestUnits", _TABLE_OR_INDEX, "Count", ("Minimum", "Maximum", "Average"), 300),
    Metric("OnlineIndexConsumedWriteCapacity", _INDEX, "Count", _ALL, 300, dead=True),
    Metric("OnlineIndexPercentageProgress", _INDEX, "Count", _ALL, 300),
    Metric("OnlineIndexThrottleEvents", _INDEX, "Count", _ALL, 300, dead=True),
    Metric("PendingReplicationCount", _REPLICA, "Count", ("Average", "SampleCount", "Sum"), 300),
    Metric("ProvisionedReadCapacityUnits", _TABLE_OR_INDEX, "Count", ("Minimum", "Maximum", "Average"), 300),
    Metric("ProvisionedWriteCapacityUnits", _TABLE_OR_INDEX, "Count", ("Minimum", "Maximum", "Average"), 300),
    Metric("ReadAccountLimitThrottleEvents", _TABLE_OR_INDEX, "Count", _THROTTLE, 60, sparse=True),
    Metric("ReadKeyRangeThroughputThrottleEvents", _TABLE_OR_INDEX, "Count", _THROTTLE, 60, sparse=True),
    Metric("ReadMaxOnDemandThroughputThrottleEvents", _TABLE_OR_INDEX, "Count", _THROTTLE, 60, sparse=True),
    Metric("ReadProvisionedThroughputThrottleEvents", _TABLE_OR_INDEX, "Count", _THROTTLE, 60, sparse=True),
    Metric("WriteAccountLimitThrottleEvents", _TABLE_OR_INDEX, "Count", _THROTTLE, 60, sparse=True),
    Metric("WriteKeyRangeThroughputThrottleEvents", _TABLE_OR_INDEX, "Count", _THROTTLE, 60, sparse=True),
    Metric("WriteMaxOnDemandThroughputThrottleEvents", _TABLE_OR_INDEX, "Count", _THROTTLE, 60, sparse=True),
    Metric("WriteProvisionedThroughputThrottleEvents", _TABLE_OR_INDEX, "Count", _THROTTLE, 60, sparse=True),
    Metric("ReadThrottleEvents", _TABLE_OR_INDEX, "Count", _COUNT, 60, sparse=True),
    Metric("WriteThrottleEvents", _TABLE_OR_INDEX, "Count", _COUNT, 60, sparse=True),
    Metric("ReplicationLatency", _REPLICA, "Milliseconds", ("Average", "Minimum", "Maximum"), 300),
    Metric("ReturnedBytes", _STREAM, "Bytes", _ALL, 60),
    Metric("ReturnedRecordsCount", _STREAM, "Count", _ALL, 60),
    Metric("ReturnedItemCount", _OPERATION, "Count", _ALL, 60),
    Metric("SuccessfulRequestLatency", (*_OPERATION, *_STREAM), "Milliseconds", _ALL, 60, percentiles=True),
    Metric("SystemErrors", (*_OPERATION, *_STREAM), "Count", _COUNT, 60, sparse=True),
    Metric("FaultInjectionServiceInducedErrors", _OPERATION, "Count", _COUNT, 60, sparse=True),
    Metric("TimeToLiveDeletedItemCount", _TABLE, "Count", ("Sum",), 60, sparse=True),
    Metric("ThrottledPutRecordCount", _KINESIS, "Count", ("Minimum", "Maximum", "Average", "SampleCount"), 300, sparse=True),
    Metric("ThrottledRequests", _OPERATION, "Count", _COUNT, 60, sparse=True),
    Metric("TransactionConflict", _TABLE, "Count", _ALL, 60, sparse=True),
    Metric("UserErrors", _ACCOUNT, "Count", _COUNT, 60, sparse=True),
)  # fmt: skip
"""Every metric of the namespace by its name."""

DIMENSIONS = frozenset({T, INDEX, OP, STREAM, DELEGATED, REGION, SOURCE, "OperationType", "Verb"})
"""The dimensions of the namespace. ``OperationType`` and ``Verb`` are listed without a metric of their own."""

THROTTLE_METRICS = frozenset(name for name in METRICS if "Throttle" in name and not METRICS[name].dead)
"""The metrics that count throttling."""
