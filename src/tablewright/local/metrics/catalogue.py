"""The metrics that DynamoDB publishes, and their units; `load.telemetry` and `load.gauges` give them their dimensions.

Source: Amazon DynamoDB Developer Guide, "DynamoDB metrics and dimensions". Not published here: what belongs to global tables'
replication, Kinesis and FIS (ReplicationLatency, PendingReplicationCount, AgeOfOldestUnreplicatedRecord,
ConsumedChangeDataCaptureUnits, FailedToReplicateRecordCount, ThrottledPutRecordCount, FaultInjectionServiceInducedErrors).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["UNITS"]

UNITS: Mapping[str, str] = {
    "AccountMaxReads": "Count",
    "AccountMaxTableLevelReads": "Count",
    "AccountMaxTableLevelWrites": "Count",
    "AccountMaxWrites": "Count",
    "AccountProvisionedReadCapacityUtilization": "Percent",
    "AccountProvisionedWriteCapacityUtilization": "Percent",
    "ConditionalCheckFailedRequests": "Count",
    "ConsumedReadCapacityUnits": "Count",
    "ConsumedWriteCapacityUnits": "Count",
    "MaxProvisionedTableReadCapacityUtilization": "Percent",
    "MaxProvisionedTableWriteCapacityUtilization": "Percent",
    "OnDemandMaxReadRequestUnits": "Count",
    "OnDemandMaxWriteRequestUnits": "Count",
    "OnlineIndexConsumedWriteCapacity": "Count",
    "OnlineIndexPercentageProgress": "Count",
    "OnlineIndexThrottleEvents": "Count",
    "ProvisionedReadCapacityUnits": "Count",
    "ProvisionedWriteCapacityUnits": "Count",
    "ReadAccountLimitThrottleEvents": "Count",
    "ReadKeyRangeThroughputThrottleEvents": "Count",
    "ReadMaxOnDemandThroughputThrottleEvents": "Count",
    "ReadProvisionedThroughputThrottleEvents": "Count",
    "ReadThrottleEvents": "Count",
    "ReturnedBytes": "Bytes",
    "ReturnedItemCount": "Count",
    "ReturnedRecordsCount": "Count",
    "SuccessfulRequestLatency": "Milliseconds",
    "SystemErrors": "Count",
    "ThrottledRequests": "Count",
    "TimeToLiveDeletedItemCount": "Count",
    "TransactionConflict": "Count",
    "UserErrors": "Count",
    "WriteAccountLimitThrottleEvents": "Count",
    "WriteKeyRangeThroughputThrottleEvents": "Count",
    "WriteMaxOnDemandThroughputThrottleEvents": "Count",
    "WriteProvisionedThroughputThrottleEvents": "Count",
    "WriteThrottleEvents": "Count",
}
