"""A change of an item as it is spooled: the JSON of its parts; pure."""

from __future__ import annotations

import orjson

from tablewright.model.stream import StreamRecord

__all__ = ["decode", "encode"]


def encode(record: StreamRecord) -> bytes:
    """The record as it is spooled."""
    return orjson.dumps(
        [
            record.sequence,
            record.at,
            record.expired,
            orjson.Fragment(record.key),
            None if record.old is None else orjson.Fragment(record.old),
            None if record.new is None else orjson.Fragment(record.new),
        ]
    )


def decode(line: bytes) -> StreamRecord:
    """The record that was spooled. Raises ValueError for what is none."""
    try:
        sequence, at, expired, key, old, new = orjson.loads(line)
    except (TypeError, orjson.JSONDecodeError) as wrong:
        raise ValueError(f"not a spooled change: {wrong}") from wrong
    return StreamRecord(
        str(sequence),
        orjson.dumps(key),
        float(at),
        None if old is None else orjson.dumps(old),
        None if new is None else orjson.dumps(new),
        bool(expired),
    )
