"""A DynamoDB table as it stands: what DescribeTable and its companions say, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True)
class Key:
    """One key attribute. ``role`` is HASH or RANGE, ``type`` S, N or B."""

    name: str
    type: str
    role: str


@dataclass(frozen=True, slots=True)
class OnDemand:
    """PAY_PER_REQUEST; maxima in request units a second, None for none."""

    max_read: int | None = None
    max_write: int | None = None


@dataclass(frozen=True, slots=True)
class Provisioned:
    """PROVISIONED, in capacity units a second."""

    read: int
    write: int


Billing = OnDemand | Provisioned


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index as it stands. ``item_count`` and ``size_bytes`` lag by up to six hours (DescribeTable)."""

    name: str
    kind: str  # global | local
    keys: tuple[Key, ...]
    projection: str  # ALL | KEYS_ONLY | INCLUDE
    included: tuple[str, ...] = ()
    status: str = "ACTIVE"
    backfilling: bool = False
    item_count: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """``status`` is ENABLING, ENABLED, DISABLING or DISABLED; the attribute is None when it never was on."""

    status: str
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class PointInTimeRecovery:
    """The window in which the table can be restored; times are UTC and None while it is off."""

    enabled: bool
    earliest: datetime | None = None
    latest: datetime | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """One on-demand or AWS Backup copy of a table. ``table_id``: of which table of the name; "" where that is not said."""

    arn: str
    name: str
    status: str
    created_at: datetime
    size_bytes: int = 0
    kind: str = "USER"
    table_id: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A live table. ``item_count`` and ``size_bytes`` lag by up to six hours: for display, never to decide by.

    ``ttl``, ``recovery``, ``backups`` are None where the caller may not ask (the reason stands in ``unknown``).
    """

    name: str
    arn: str
    id: str
    status: str
    keys: tuple[Key, ...]
    billing: Billing
    created_at: datetime
    indexes: tuple[Index, ...] = ()
    item_count: int = 0
    size_bytes: int = 0
    deletion_protection: bool = False
    table_class: str = "STANDARD"
    class_changed_at: datetime | None = None  # when the class was last changed, where AWS says so
    stream_arn: str | None = None
    stream_view: str | None = None
    replicas: tuple[str, ...] = ()  # regions of those of its own account
    kms_key: str | None = None  # the ARN of the key of one's own, None for DynamoDB's
    ttl: TimeToLive | None = None
    recovery: PointInTimeRecovery | None = None
    backups: tuple[Backup, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    warm_read: int | None = None  # units a second that it takes at once (WarmThroughput), where AWS says so
    warm_write: int | None = None


class Holds(Enum):
    """Whether a table holds items, by a consistent Scan paged to its end, of every replica too.

    The only answer that a deletion may rest on.
    """

    NOTHING = "nothing"
    ITEMS = "items"
    UNKNOWN = "unknown"  # denied, throttled or unreadable: treated as items


@dataclass(frozen=True, slots=True)
class Contents:
    """The answer of one emptiness check: how many items the first non-empty page had, and why it is unknown if it is."""

    holds: Holds
    seen: int = 0
    reason: str = ""

    @property
    def is_empty(self) -> bool:
        """True only if the whole table was read and nothing was found."""
        return self.holds is Holds.NOTHING


@dataclass(frozen=True, slots=True)
class ExpirySample:
    """One page of a table, looked at for TTL: how many items were read, and how many of them have expired already.

    ``expired`` counts items whose attribute is a number (epoch seconds) in the past but not more than five years ago:
    TTL deletes no others (DynamoDB developer guide, "Using time to live"). ``complete`` is True if that was all there is.
    """

    read: int
    expired: int
    complete: bool = False
