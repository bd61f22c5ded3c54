"""What one table or index may consume, and why it refuses.

A `Throughput` is a state machine over a clock that its caller holds: `refusals` asks, `take` and `consume` charge.
"""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.local.load.bucket import TokenBucket
from tablewright.local.load.limits import (
    BURST_S,
    ON_DEMAND_READ_UNITS,
    ON_DEMAND_WRITE_UNITS,
    SPLIT_AFTER_S,
    TableQuota,
)
from tablewright.local.load.partitions import Partitions, wanted_partitions

__all__ = ["Refusal", "Settings", "Throughput"]

_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a table or index is set to: provisioned units, or (`on_demand`) maximums, 0 for none."""

    on_demand: bool
    read: float
    write: float
    warm_read: float = 0.0
    warm_write: float = 0.0
    size: int = 0
    """Bytes held, for the number of partitions."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a read or write was throttled."""

    resource: str
    """The ARN of the table or index."""
    index: str
    """The index's name, or "" for the table itself."""
    write: bool
    cause: str
    """ProvisionedThroughput, AccountLimit, KeyRangeThroughput or MaxOnDemandThroughput."""
    on_demand: bool

    @property
    def reason(self) -> str:
        """As in ThrottlingReason: the resource's type, the operation's type, the limit's type."""
        return f"{'Index' if self.index else 'Table'}{'Write' if self.write else 'Read'}{self.cause}Exceeded"


class Throughput:
    """The buckets and partitions of one table or index."""

    def __init__(
        self,
        resource: str,
        index: str,
        settings: Settings,
        now: float,
        *,
        split_after: float = SPLIT_AFTER_S,
        quota: TableQuota | None = None,
    ) -> None:
        self.resource = resource
        self.index = index
        self.settings = settings
        self._quota = quota or TableQuota()
        self._buckets = [self._bucket(False, settings, now), self._bucket(True, settings, now)]
        self.partitions = Partitions(_partitions(settings), now, split_after=split_after)

    def _bucket(self, write: bool, settings: Settings, now: float) -> tuple[str, TokenBucket]:
        set_units = settings.write if write else settings.read
        if not settings.on_demand:
            return "ProvisionedThroughput", TokenBucket(set_units, BURST_S, now)
        if set_units:
            return "MaxOnDemandThroughput", TokenBucket(set_units, _SECONDS, now)
        return "AccountLimit", TokenBucket(self._quota.write if write else self._quota.read, _SECONDS, now)

    def retune(self, settings: Settings, now: float) -> None:
        """Follow a changed setting. Kept burst survives a change of units; partitions are never given back."""
        if settings == self.settings:
            return
        for place, write in enumerate((False, True)):
            cause, bucket = self._bucket(write, settings, now)
            old_cause, old = self._buckets[place]
            if old_cause == cause:
                old.retune(bucket.rate, now)
            else:
                self._buckets[place] = (cause, bucket)
        self.settings = settings
        self.partitions.grow(_partitions(settings), now)

    def covers(self, write: bool, units: float, at: float | None, now: float) -> bool:
        """Whether `units` on the partition of key hash `at` (None: spread over all) are there now."""
        if not self._buckets[write][1].covers(units, now):
            return False
        return at is None or self.partitions.covers(write, units, at, now)

    def refusals(self, write: bool, units: float, at: float | None, now: float) -> list[Refusal]:
        """Why `units` on the partition of key hash `at` (None: spread over all) are refused now; empty when they aren't."""
        cause, bucket = self._buckets[write]
        causes = [] if bucket.covers(units, now) else [cause]
        if at is not None and not self.partitions.covers(write, units, at, now):
            causes.append("KeyRangeThroughput")
        return [Refusal(self.resource, self.index, write, each, self.settings.on_demand) for each in causes]

    def take(self, write: bool, units: float, now: float) -> None:
        """Charge the table or index as a whole."""
        self._buckets[write][1].take(units, now)

    def take_from_partition(self, write: bool, units: float, at: float | None, now: float) -> None:
        """Charge the partition of key hash `at`."""
        if at is not None:
            self.partitions.take(write, units, at, now)

    def consume(self, write: bool, units: float, at: float | None, now: float) -> None:
        """Charge both."""
        self.take(write, units, now)
        self.take_from_partition(write, units, at, now)


def _partitions(settings: Settings) -> int:
    if settings.on_demand:
        # A maximum does not make the table colder: it starts as warm as any other.
        read = max(settings.warm_read, ON_DEMAND_READ_UNITS)
        write = max(settings.warm_write, ON_DEMAND_WRITE_UNITS)
    else:
        read, write = max(settings.warm_read, settings.read), max(settings.warm_write, settings.write)
    return wanted_partitions(read, write, settings.size)
