"""What a stream tells: one change of one item, as it is spooled; pure.

A change is spooled as the JSON of its parts. Images are DynamoDB JSON, in bytes, as the copy's items are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["Change", "decode", "encode", "image"]


@dataclass(frozen=True, slots=True)
class Change:
    """One record of a stream. ``key``: the item's key attributes as DynamoDB JSON, names sorted.

    ``sequence`` orders the records of a shard and names the place to go on from. ``at`` is when DynamoDB made it, in epoch
    seconds, to about a second. ``old`` and ``new`` are the images before and after; None where there was or is no item.
    ``expired``: TTL deleted it, not the application.
    """

    sequence: str
    key: bytes
    at: float
    old: bytes | None
    new: bytes | None
    expired: bool = False


def image(item: Mapping[str, Any]) -> bytes:
    """An item in botocore's form (binary values as bytes) as DynamoDB JSON; names sorted, so that equal keys are equal bytes."""
    return orjson.dumps(item, default=_binary, option=orjson.OPT_SORT_KEYS)


def _binary(value: object) -> object:
    from base64 import b64encode

    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raw = getattr(value, "value", None)  # boto3's Binary
    if isinstance(raw, (bytes, bytearray)):
        return b64encode(raw).decode()
    raise TypeError(f"no part of an item: {value!r}")


def encode(change: Change) -> bytes:
    """The change as it is spooled."""
    return orjson.dumps(
        [
            change.sequence,
            change.at,
            change.expired,
            orjson.Fragment(change.key),
            None if change.old is None else orjson.Fragment(change.old),
            None if change.new is None else orjson.Fragment(change.new),
        ]
    )


def decode(line: bytes) -> Change:
    """The change that was spooled. Raises ValueError for what is none."""
    try:
        sequence, at, expired, key, old, new = orjson.loads(line)
    except (TypeError, orjson.JSONDecodeError) as wrong:
        raise ValueError(f"not a spooled change: {wrong}") from wrong
    return Change(
        str(sequence),
        orjson.dumps(key),
        float(at),
        None if old is None else orjson.dumps(old),
        None if new is None else orjson.dumps(new),
        bool(expired),
    )
