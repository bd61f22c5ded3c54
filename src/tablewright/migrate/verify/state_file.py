"""Where a verification keeps how far it is, so that one of a large table need not begin again: replaced whole, or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from tablewright.migrate.verify.buckets import BUCKETS, Buckets

__all__ = ["FILE_NAME", "Half", "load", "remove", "save"]

FILE_NAME = "verify.state"

_SIZE = BUCKETS * 24


@dataclass(slots=True)
class Half:
    """One side, as far as it is read: where each segment goes on (absent: at its beginning; None: read to its end)."""

    buckets: Buckets
    positions: dict[int, bytes | None]
    refused: int = 0

    def to_read(self, segments: int) -> dict[int, bytes | None]:
        """Where to go on reading, by segment."""
        return {n: self.positions.get(n) for n in range(segments) if self.positions.get(n, b"") is not None}


def save(path: Path, belongs_to: Mapping[str, object], halves: tuple[Half, Half], at: float) -> None:
    """Write it down, with the time (seconds since the epoch). Raises OSError; what stood there stands then."""
    told = {
        "belongs_to": belongs_to,
        "at": at,
        "halves": [
            {"positions": {str(n): at.hex() if at is not None else None for n, at in half.positions.items()},
             "refused": half.refused}
            for half in halves
        ],
    }  # fmt: skip
    head = json.dumps(told).encode()
    body = b"%d\n%b%b%b" % (len(head), head, halves[0].buckets.as_bytes(), halves[1].buckets.as_bytes())
    temporary = path.with_name(f"{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"%08x\n" % crc32(body))
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load(path: Path, belongs_to: Mapping[str, object], *, since: float, until: float) -> tuple[Half, Half] | None:
    """What was written down for the same question, between these times.

    None where there is nothing, or nothing whole: then it begins anew.
    """
    try:
        data = path.read_bytes()
        check, _, body = data.partition(b"\n")
        if int(check, 16) != crc32(body):
            return None
        length, _, rest = body.partition(b"\n")
        told = json.loads(rest[: int(length)])
        if told["belongs_to"] != json.loads(json.dumps(belongs_to)) or not since <= told["at"] <= until:
            return None
        sums = rest[int(length) :]
        halves = [
            Half(
                Buckets.from_bytes(sums[at * _SIZE : (at + 1) * _SIZE]),
                {int(n): bytes.fromhex(v) if v is not None else None for n, v in half["positions"].items()},
                half["refused"],
            )
            for at, half in enumerate(told["halves"])
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return halves[0], halves[1]


def remove(path: Path) -> None:
    """Forget it."""
    path.unlink(missing_ok=True)
