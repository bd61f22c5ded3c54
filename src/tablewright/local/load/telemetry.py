"""Publishing what a request did as AWS/DynamoDB metrics, with exactly the dimension sets that DynamoDB uses.

Counts are published only when something was counted. ThrottledRequests and SystemErrors have no set without Operation;
TableName alone leaves the global indexes out; UserErrors has no dimension at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.local.load.meter import Consumption
from tablewright.local.load.tables import Scope, Table
from tablewright.local.load.throughput import Refusal
from tablewright.local.metrics.catalogue import UNITS
from tablewright.local.metrics.sample import Dimensions, dimensions_of
from tablewright.local.metrics.store import SampleStore

__all__ = ["Telemetry"]


class Telemetry:
    """Publishes into a sample store."""

    def __init__(self, store: SampleStore) -> None:
        self._store = store
        self._dimensions: dict[tuple[str, ...], Dimensions] = {}

    def _publish(
        self, scope: Scope, name: str, about: tuple[str, ...], value: float, now: float, times: float = 1.0
    ) -> None:
        """`about` is (table, index, operation, stream label), each "" when it is no dimension."""
        dimensions = self._dimensions.get(about)
        if dimensions is None:
            names = ("TableName", "GlobalSecondaryIndexName", "Operation", "StreamLabel")
            dimensions = dimensions_of((name, each) for name, each in zip(names, about, strict=True) if each)
            if len(self._dimensions) > 10_000:
                self._dimensions.clear()
            self._dimensions[about] = dimensions
        self._store.publish(scope, name, dimensions, UNITS[name], value, now, times)

    def consumed(self, consumed: Sequence[Consumption], now: float) -> None:
        """Count capacity: one value a request for each table, and for each global index that it used."""
        units: dict[tuple[Scope, str, str, bool], float] = {}
        for each in consumed:
            table, write = each.table, each.touch.write
            base = each.charge.table
            if not each.charge.indexes:
                key = (table.scope, table.name, "", write)
                units[key] = units.get(key, 0.0) + base
                continue
            for name, amount in each.charge.indexes.items():
                if name in table.index_settings:
                    key = (table.scope, table.name, name, write)
                    units[key] = units.get(key, 0.0) + amount
                else:
                    base += amount
            if base:
                key = (table.scope, table.name, "", write)
                units[key] = units.get(key, 0.0) + base
        for (scope, name, index, write), amount in units.items():
            metric = "ConsumedWriteCapacityUnits" if write else "ConsumedReadCapacityUnits"
            self._publish(scope, metric, (name, index, "", ""), amount, now)

    def succeeded(self, scope: Scope, tables: Sequence[str], operation: str, milliseconds: float, now: float) -> None:
        """Count a request that went through."""
        for name in tables:
            self._publish(scope, "SuccessfulRequestLatency", (name, "", operation, ""), milliseconds, now)

    def returned_items(self, scope: Scope, table: str, operation: str, count: int, now: float) -> None:
        """Count the items that a page gave back."""
        self._publish(scope, "ReturnedItemCount", (table, "", operation, ""), float(count), now)

    def throttled(self, table: Table, refusals: Sequence[Refusal], now: float) -> None:
        """Count the events of one throttled item: one on each resource that refused, and one for each cause."""
        for index, write in dict.fromkeys((each.index, each.write) for each in refusals):
            name = "WriteThrottleEvents" if write else "ReadThrottleEvents"
            self._publish(table.scope, name, (table.name, index, "", ""), 1.0, now)
        for each in refusals:
            # The account's limit on writes is published for the table only.
            index = "" if each.write and each.cause == "AccountLimit" else each.index
            name = f"{'Write' if each.write else 'Read'}{each.cause}ThrottleEvents"
            self._publish(table.scope, name, (table.name, index, "", ""), 1.0, now)

    def throttled_request(self, scope: Scope, tables: Sequence[str], operation: str, now: float) -> None:
        """Count a request that was throttled, however many of its items were."""
        for name in tables:
            self._publish(scope, "ThrottledRequests", (name, "", operation, ""), 1.0, now)

    def condition_failed(self, scope: Scope, table: str, now: float) -> None:
        """Count a write whose condition did not hold."""
        self._publish(scope, "ConditionalCheckFailedRequests", (table, "", "", ""), 1.0, now)

    def user_error(self, scope: Scope, now: float) -> None:
        """Count a request that was the caller's mistake."""
        self._publish(scope, "UserErrors", ("", "", "", ""), 1.0, now)

    def system_error(self, scope: Scope, tables: Sequence[str], operation: str, now: float) -> None:
        """Count a request that failed inside."""
        for name in tables:
            self._publish(scope, "SystemErrors", (name, "", operation, ""), 1.0, now)

    def expired(self, scope: Scope, table: str, count: int, now: float) -> None:
        """Count items deleted by TTL."""
        self._publish(scope, "TimeToLiveDeletedItemCount", (table, "", "", ""), float(count), now)

    def index_progress(self, scope: Scope, table: str, index: str, percent: float, now: float) -> None:
        """Publish how far an index's backfill is; the two other metrics of an online index show 0 nowadays."""
        self._publish(scope, "OnlineIndexPercentageProgress", (table, index, "", ""), percent, now)
        self._publish(scope, "OnlineIndexConsumedWriteCapacity", (table, index, "", ""), 0.0, now)
        self._publish(scope, "OnlineIndexThrottleEvents", (table, index, "", ""), 0.0, now)

    def iterator_age(self, scope: Scope, function: str, milliseconds: float, now: float) -> None:
        """Publish how far a function that reads a stream is behind, as Lambda does."""
        about = dimensions_of([("FunctionName", function)])
        self._store.publish(scope, "IteratorAge", about, "Milliseconds", milliseconds, now, namespace="AWS/Lambda")

    def stream_read(
        self, scope: Scope, table: str, label: str, size: int, records: int, milliseconds: float, now: float
    ) -> None:
        """Count a GetRecords call."""
        about = (table, "", "GetRecords", label)
        self._publish(scope, "ReturnedBytes", about, float(size), now)
        self._publish(scope, "ReturnedRecordsCount", about, float(records), now)
        self._publish(scope, "SuccessfulRequestLatency", about, milliseconds, now)
