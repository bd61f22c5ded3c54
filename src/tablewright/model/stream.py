"""DynamoDB Streams, as values: the shards of a table's stream, and what its records tell."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["StreamPage", "StreamRecord", "StreamShard"]


@dataclass(frozen=True, slots=True)
class StreamShard:
    """One shard as DescribeStream lists it. ``parent`` may be one that is listed no more; "" for none."""

    id: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One change of one item. ``key``: the item's key attributes as DynamoDB JSON, names sorted.

    ``sequence`` orders the records of a shard and names the place to go on from. ``at`` is when DynamoDB made it, in epoch
    seconds, to about a second. ``old`` and ``new`` are the images before and after, as DynamoDB JSON; None where there was or
    is no item. ``expired``: TTL deleted it, not the application.
    """

    sequence: str
    key: bytes
    at: float
    old: bytes | None
    new: bytes | None
    expired: bool = False


@dataclass(frozen=True, slots=True)
class StreamPage:
    """What one GetRecords gave. ``next``: the iterator to go on with; None at the end of a shard that is closed."""

    records: tuple[StreamRecord, ...]
    next: str | None
