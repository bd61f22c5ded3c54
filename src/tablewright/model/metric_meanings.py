"""What each metric of AWS/DynamoDB counts, in words. Source: developer guide, "DynamoDB metrics and dimensions"."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MEANINGS"]

MEANINGS: Mapping[str, str] = {
    "AccountMaxReads": "the most read units that the account's provisioned tables may have",
    "AccountMaxTableLevelReads": "the most read units that one table or index may use",
    "AccountMaxTableLevelWrites": "the most write units that one table or index may use",
    "AccountMaxWrites": "the most write units that the account's provisioned tables may have",
    "AccountProvisionedReadCapacityUtilization": "how much of the account's quota on read units is provisioned",
    "AccountProvisionedWriteCapacityUtilization": "how much of the account's quota on write units is provisioned",
    "MaxProvisionedTableReadCapacityUtilization": "how much of one table's quota on read units the largest one has",
    "MaxProvisionedTableWriteCapacityUtilization": "how much of one table's quota on write units the largest one has",
    "AgeOfOldestUnreplicatedRecord": "age of the oldest change that is not yet in the Kinesis stream",
    "ConditionalCheckFailedRequests": "writes whose condition did not hold; they are not in UserErrors",
    "ConsumedChangeDataCaptureUnits": "change data capture units that the Kinesis destination took",
    "ConsumedReadCapacityUnits": "read units consumed; of a table without its indexes; Sum by the period is a rate",
    "ConsumedWriteCapacityUnits": "write units consumed; of a table without its indexes; Source tells replicated writes apart",
    "FailedToReplicateRecordCount": "changes that could not be put into the Kinesis stream",
    "OnDemandMaxReadRequestUnits": "the maximum of read units that is set on demand",
    "OnDemandMaxWriteRequestUnits": "the maximum of write units that is set on demand",
    "OnlineIndexConsumedWriteCapacity": "always 0 now: what building an index consumed",
    "OnlineIndexPercentageProgress": "how far an index that is being built has come",
    "OnlineIndexThrottleEvents": "always 0 now: throttles of building an index",
    "PendingReplicationCount": "changes not yet replicated, of global tables of version 2017.11.29 only",
    "ProvisionedReadCapacityUnits": "read units that are provisioned; of a table without its indexes",
    "ProvisionedWriteCapacityUnits": "write units that are provisioned; of a table without its indexes",
    "ReadAccountLimitThrottleEvents": "reads refused for a quota of the account or the table",
    "ReadKeyRangeThroughputThrottleEvents": "reads refused for what one partition gives",
    "ReadMaxOnDemandThroughputThrottleEvents": "reads refused for the maximum that is set on demand",
    "ReadProvisionedThroughputThrottleEvents": "reads refused for the units that are provisioned",
    "WriteAccountLimitThrottleEvents": "writes refused for a quota of the account or the table",
    "WriteKeyRangeThroughputThrottleEvents": "writes refused for what one partition gives",
    "WriteMaxOnDemandThroughputThrottleEvents": "writes refused for the maximum that is set on demand",
    "WriteProvisionedThroughputThrottleEvents": "writes refused for the units that are provisioned",
    "ReadThrottleEvents": "reads refused, an event for each item or page",
    "WriteThrottleEvents": "writes refused, an event for each item",
    "ReplicationLatency": "how long a change takes to a replica",
    "ReturnedBytes": "bytes that GetRecords of a stream returned",
    "ReturnedRecordsCount": "records that GetRecords of a stream returned",
    "ReturnedItemCount": "items that Query, Scan and ExecuteStatement returned, after filters",
    "SuccessfulRequestLatency": "time in DynamoDB, without the network; its SampleCount is the number of requests that succeeded",
    "SystemErrors": "requests answered with HTTP 500",
    "FaultInjectionServiceInducedErrors": "errors that an experiment of AWS FIS made",
    "TimeToLiveDeletedItemCount": "items that TTL deleted",
    "ThrottledPutRecordCount": "puts into the Kinesis stream that were throttled",
    "ThrottledRequests": "requests with at least one throttled event; a batch only when all of it was throttled",
    "TransactionConflict": "items of requests that were rejected for another transaction",
    "UserErrors": "requests answered with HTTP 400, of the whole account; without throttles and failed conditions",
}
