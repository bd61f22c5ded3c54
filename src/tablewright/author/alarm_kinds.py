"""The kinds of alarms that a table, an index, a stream or an account may have: a table of data, AWS's recommendations first.

Periods, statistics and treatment of missing data are those of the CloudWatch user guide, "Recommended alarms" (DynamoDB; also
machine-readable in awslabs/mcp, metric_metadata.json), where it has the metric. It leaves most thresholds to the traffic: what
a default rests on is said in ``assumed``, which is written into the alarm's description. The eight metrics of throttling by
cause are newer than that list. Dimensions: ``model.metrics``.
"""

from __future__ import annotations

from dataclasses import dataclass

TABLE, INDEX, ACCOUNT, STREAM = "table", "index", "account", "stream"

SINGLE_ITEM = ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
OPERATIONS = (
    *SINGLE_ITEM, "Query", "Scan", "BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems",
)  # fmt: skip
"""The ten operations of the data plane but for PartiQL's: as many as an alarm's metric math may read."""

_AS_SLIC = "AWS leaves it to the traffic; 10 a minute is the default of SLIC Watch"
_NONE = "any at all"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alarm. ``threshold`` None: nobody documents one, so it is measured or given.

    ``on`` are the things that it exists for; several ``metrics`` or ``operations`` are joined by ``join`` (SUM or MAX).
    ``query`` is a Metrics Insights function that can take the place of the operations, or of a dimension that is not known.
    ``below``: it rings when the value falls under the threshold. ``headroom`` is what a measured peak is multiplied with.
    """

    name: str
    title: str
    on: tuple[str, ...]
    metrics: tuple[str, ...]
    statistic: str
    period: int
    periods: int
    threshold: int | None
    unit: str
    assumed: str
    first: str
    recommended: bool = True
    operations: tuple[str, ...] = ()
    join: str = "SUM"
    query: str = ""
    missing: str = "notBreaching"
    namespace: str = "AWS/DynamoDB"
    below: bool = False
    headroom: float = 1.0
    floor: int = 1

    def metrics_of(self, index: str) -> tuple[str, ...]:
        """Its metrics on a table, or on an index of it: WriteAccountLimitThrottleEvents is documented for tables alone."""
        return tuple(name for name in self.metrics if not index or name != "WriteAccountLimitThrottleEvents")

    @property
    def least(self) -> int:
        """The lowest threshold that a measurement may give."""
        return self.floor if self.threshold is None else self.threshold


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "throttled-reads", "Throttled reads", (TABLE, INDEX), ("ReadThrottleEvents",), "Sum", 60, 5, 10,
            "events a minute", _AS_SLIC, "The alarms by cause say which limit was met.",
        ),
        Kind(
            "throttled-writes", "Throttled writes", (TABLE, INDEX), ("WriteThrottleEvents",), "Sum", 60, 5, 10,
            "events a minute", _AS_SLIC,
            "The alarms by cause say which limit was met. An index that throttles writes throttles its table.",
        ),
        Kind(
            "hot-partition", "Throttling by a hot partition", (TABLE, INDEX),
            ("ReadKeyRangeThroughputThrottleEvents", "WriteKeyRangeThroughputThrottleEvents"), "Sum", 60, 5, 10,
            "events a minute", _AS_SLIC,
            "One key range is asked for more than 3,000 read or 1,000 write units a second; more capacity does not help. "
            "Contributor Insights names the key.",
        ),
        Kind(
            "account-limit", "Throttling by the quota of a table or the account", (TABLE, INDEX),
            ("ReadAccountLimitThrottleEvents", "WriteAccountLimitThrottleEvents"), "Sum", 60, 5, 10,
            "events a minute", _AS_SLIC, "Ask Service Quotas for more, or spread the load.",
        ),
        Kind(
            "capacity", "Throttling by the provisioned capacity", (TABLE, INDEX),
            ("ReadProvisionedThroughputThrottleEvents", "WriteProvisionedThroughputThrottleEvents"), "Sum", 60, 5, 10,
            "events a minute", _AS_SLIC, "Raise the units, or the auto scaling's minimum.",
        ),
        Kind(
            "ceiling", "Throttling by the on-demand maximum", (TABLE, INDEX),
            ("ReadMaxOnDemandThroughputThrottleEvents", "WriteMaxOnDemandThroughputThrottleEvents"), "Sum", 60, 5, 10,
            "events a minute", _AS_SLIC, "OnDemandThroughput refuses these: raise it, or take it as a cap on spending.",
        ),
        Kind(
            "system-errors", "System errors", (TABLE,), ("SystemErrors",), "Sum", 60, 15, 0, "errors a minute",
            "AWS leaves it to the traffic; " + _NONE + " in each of 15 minutes is too many",
            "DynamoDB answers HTTP 500. Look at the AWS Health Dashboard; retries with backoff help.",
            operations=OPERATIONS, query="SUM",
        ),
        Kind(
            "latency", "Slow operations on single items", (TABLE,), ("SuccessfulRequestLatency",), "Average", 60, 10, 10,
            "ms", "AWS documents single-digit milliseconds on average for single items",
            "Large items, strong reads and hot keys take longer; if every operation is slow, look at the AWS Health Dashboard.",
            operations=SINGLE_ITEM, join="MAX", headroom=1.5,
        ),
        Kind(
            "query-latency", "Slow queries and scans", (TABLE,), ("SuccessfulRequestLatency",), "Average", 60, 10, None,
            "ms", "", "The size of the pages decides: smaller pages, narrower projections.",
            recommended=False, operations=("Query", "Scan"), join="MAX", headroom=1.5, floor=10,
        ),
        Kind(
            "conditional-checks", "Failed conditions", (TABLE,), ("ConditionalCheckFailedRequests",), "Sum", 60, 5, None,
            "requests a minute", "", "Writers meet each other, or a retry finds its own earlier write.",
            recommended=False, headroom=1.5, floor=10,
        ),
        Kind(
            "transaction-conflicts", "Transaction conflicts", (TABLE,), ("TransactionConflict",), "Sum", 60, 5, None,
            "items a minute", "", "Transactions meet on the same items.",
            recommended=False, headroom=1.5, floor=10,
        ),
        Kind(
            "account-reads", "Read capacity of the account in use", (ACCOUNT,),
            ("AccountProvisionedReadCapacityUtilization",), "Maximum", 300, 2, 80, "%",
            "AWS's recommendation", "Ask Service Quotas for more before tables cannot be scaled out.", missing="missing",
        ),
        Kind(
            "account-writes", "Write capacity of the account in use", (ACCOUNT,),
            ("AccountProvisionedWriteCapacityUtilization",), "Maximum", 300, 2, 80, "%",
            "AWS's recommendation", "Ask Service Quotas for more before tables cannot be scaled out.", missing="missing",
        ),
        Kind(
            "user-errors", "Requests refused as wrong", (ACCOUNT,), ("UserErrors",), "Sum", 60, 10, 0, "errors a minute",
            "AWS's recommendation", "Any program of the account and region may be the one: CloudTrail's data events say which.",
            recommended=False,
        ),
        Kind(
            "replication-latency", "Replication lags", (TABLE,), ("ReplicationLatency",), "Maximum", 60, 15, 180_000, "ms",
            "AWS calls three minutes a cause for investigation", "Look at the other regions' AWS Health Dashboard.",
            query="MAX",
        ),
        Kind(
            "ttl-stopped", "No item has expired for a day", (TABLE,), ("TimeToLiveDeletedItemCount",), "Sum", 86_400, 1, 1,
            "expired items a day", "items expired on each of the past days",
            "Look whether writers still set the TTL attribute, as a number of seconds.", missing="breaching", below=True,
        ),
        Kind(
            "kinesis-failed", "Changes that never reached the Kinesis stream", (TABLE,), ("FailedToReplicateRecordCount",),
            "Sum", 300, 1, 0, "records", "AWS's recommendation", "Records are lost: look at the stream's size limit.",
        ),
        Kind(
            "kinesis-lag", "Changes reach the Kinesis stream late", (TABLE,), ("AgeOfOldestUnreplicatedRecord",), "Maximum",
            300, 3, 300_000, "ms", "AWS leaves it to you; five minutes", "Look at the stream's shards and its throttling.",
        ),
        Kind(
            "stream-lag", "The stream is read late", (STREAM,), ("IteratorAge",), "Maximum", 60, 15, 3_600_000, "ms",
            "an hour of the 24 that a stream keeps its records", "Look at the function's errors: a failing batch blocks a shard.",
            namespace="AWS/Lambda",
        ),
    )
}  # fmt: skip
"""Every kind by its name, in the order in which alarms are written."""

RECOMMENDED = tuple(kind.name for kind in KINDS.values() if kind.recommended)
