"""The rows of the control table, as DynamoDB's JSON; pure. ``PK`` is the job, ``SK`` says which row it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import orjson

from tablewright.migrate.engine.values import Acknowledged, Counts, Position, SetAside
from tablewright.migrate.spreading.shares import Lease, Ledger

__all__ = [
    "PACE",
    "RECORD",
    "Work",
    "acknowledged",
    "ledger_of",
    "ledger_row",
    "letter_row",
    "position_of",
    "position_values",
    "record_row",
    "segment_key",
    "segment_row",
]

Row = dict[str, dict[str, Any]]

RECORD, PACE = "record", "pace"
_MOST_LETTER = 300_000


@dataclass(frozen=True, slots=True)
class Work:
    """What a job is, which every worker must agree on. Tables are ``ARN@creation time`` or their ids."""

    source: str
    target: str
    transform: str
    segments: int

    def differences(self, other: Work) -> tuple[str, ...]:
        """The names of what differs."""
        return tuple(name for name, value in asdict(self).items() if asdict(other)[name] != value)


def segment_key(segment: int) -> str:
    """The sort key of a segment's row."""
    return f"segment#{segment:07d}"


def record_row(job: str, work: Work) -> Row:
    """The job's own row."""
    return {"PK": {"S": job}, "SK": {"S": RECORD}, "work": {"S": orjson.dumps(asdict(work)).decode()}}


def segment_row(job: str, segment: int) -> Row:
    """A segment nobody has begun."""
    return {"PK": {"S": job}, "SK": {"S": segment_key(segment)}, **_position(Position())}


def acknowledged(then: Position, page: Acknowledged) -> Position:
    """Where the segment stands after a page."""
    return Position(page.position, page.position is None, then.counts + page.counts)


def _position(position: Position) -> Row:
    return {
        "after": {"NULL": True} if position.after is None else {"S": position.after.decode()},
        "done": {"BOOL": position.done},
        "counts": {"S": orjson.dumps(asdict(position.counts)).decode()},
    }


def position_values(position: Position) -> Row:
    """The values of an update: ``:after``, ``:done`` and ``:counts``."""
    return {f":{name}": value for name, value in _position(position).items()}


def position_of(row: Mapping[str, Any]) -> Position:
    """Where a segment's row says that it stands."""
    after = row["after"].get("S")
    return Position(
        None if after is None else after.encode(), row["done"]["BOOL"], Counts(**orjson.loads(row["counts"]["S"]))
    )


def ledger_row(job: str, ledger: Ledger) -> Row:
    """The row of the pace."""
    told = {
        "read": ledger.read,
        "write": ledger.write,
        "leases": {w: asdict(lease) for w, lease in ledger.leases.items()},
    }
    return {
        "PK": {"S": job},
        "SK": {"S": PACE},
        "ledger": {"S": orjson.dumps(told).decode()},
        "version": {"N": str(ledger.version)},
    }


def ledger_of(row: Mapping[str, Any]) -> Ledger:
    """The ledger of the pace's row."""
    told = orjson.loads(row["ledger"]["S"])
    leases = {worker: Lease(**lease) for worker, lease in told["leases"].items()}
    return Ledger(told["read"], told["write"], leases, int(row["version"]["N"]))


def letter_row(job: str, letter: SetAside) -> Row:
    """An item that was set aside. The same item twice is one row; of a very large one only the reason is kept."""
    digest = sha256(letter.item).hexdigest()[:32]
    kept = letter.item.decode() if len(letter.item) <= _MOST_LETTER else ""
    return {
        "PK": {"S": job},
        "SK": {"S": f"letter#{digest}"},
        "reason": {"S": letter.reason[:4000]},
        "item": {"S": kept},
    }
