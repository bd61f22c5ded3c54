"""What a transform costs an item, without any network: CPU microseconds, beside the codecs that people write by hand.

    python bench/transforms.py [--items 2000] [--rounds 15]

Each round runs every row once, in turn, so that the machine's speed of the moment is the same for all; the figure is the best
round. A microsecond an item is a CPU second a million items.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import orjson
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.items.key import KeyReader
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.flags import from_flags
from tablewright.migrate.transform.functions import FunctionTransform
from tablewright.migrate.transform.unchanged import Unchanged
from tablewright.model.table import Key

SOURCE = (Key("sessionId", "S", "HASH"),)
TARGET = (Key("PK", "S", "HASH"), Key("SK", "S", "RANGE"))

Run = Callable[[Sequence[Any]], object]


def item(number: int, size: int) -> bytes:
    """An item of about that size in JSON; the larger one has a set and a map."""
    made: dict[str, Any] = {
        "sessionId": {"S": f"session-{number:012d}"},
        "userId": {"S": f"user-{number % 977:06d}"},
        "createdAt": {"S": "2026-11-23T00:00:00Z"},
        "expiresAt": {"N": str(1_790_000_000 + number)},
        "status": {"S": "done"},
        "score": {"N": "12.75"},
        "open": {"BOOL": True},
    }
    if size > 300:
        made["tags"] = {"SS": ["a", "b", "c"]}
        made["more"] = {"M": {"x": {"S": "y" * 40}, "n": {"N": "1"}}}
        made["payload"] = {"S": "x" * (size - 420)}
    return orjson.dumps(made)


def few(given: dict[str, Any]) -> dict[str, Any]:
    """Re-keys and renames: touches four attributes."""
    given["PK"] = f"SESSION#{given['sessionId']}"
    given["SK"] = "META"
    given["uid"] = given.pop("userId")
    return given


def every(given: dict[str, Any]) -> dict[str, Any]:
    """The same, looking at every attribute."""
    kept = {name: value for name, value in given.items() if name != "userId"}
    return {**kept, "PK": f"SESSION#{given['sessionId']}", "SK": "META", "uid": given["userId"]}


def on_json(given: dict[str, Any]) -> dict[str, Any]:
    """The same on DynamoDB's JSON."""
    given["PK"] = {"S": f"SESSION#{given['sessionId']['S']}"}
    given["SK"] = {"S": "META"}
    given["uid"] = given.pop("userId")
    return given


class Part(msgspec.Struct):
    x: str
    n: Decimal


class Session(msgspec.Struct):
    sessionId: str
    userId: str
    createdAt: str
    expiresAt: Decimal
    status: str
    score: Decimal
    open: bool
    tags: set[str] | None = None
    more: Part | None = None
    payload: str | None = None


class Rekeyed(Session, kw_only=True):
    PK: str
    SK: str


def typed(given: Session) -> Rekeyed:
    """The same on a schema."""
    return Rekeyed(PK=f"SESSION#{given.sessionId}", SK="META", **msgspec.structs.asdict(given))


def by_boto3(pages: Sequence[Any]) -> object:
    """What a boto3 resource does to each item, on the way in and out, and json around it."""
    read, write = TypeDeserializer(), TypeSerializer()
    made = []
    for wire in pages:
        found: Any = json.loads(bytes(wire))
        plain = few({name: read.deserialize(value) for name, value in found.items()})
        made.append(json.dumps({name: write.serialize(value) for name, value in plain.items()}))
    return made


def rows() -> dict[str, Run]:
    """Every row, by its title."""
    read_key = KeyReader(SOURCE)
    flags = from_flags({"key": ["PK=SESSION#{sessionId}", "SK=META"], "rename": ["userId=uid"]})

    def function(run: Callable[[Any], Any], **more: Any) -> Run:
        return FunctionTransform(run, SOURCE, TARGET, name="f", source="", **more).page

    return {
        "0 unchanged, keys kept": Unchanged(SOURCE, SOURCE).page,
        "  its key read": lambda page: [read_key(each) for each in page],
        "1 declared: two keys composed, one rename": Declared(flags, SOURCE, TARGET).page,
        "2 function on DynamoDB JSON": function(on_json, level=2),
        "3 function on plain values, touches four": function(few),
        "3 function on plain values, touches all": function(every),
        "3 function on a schema (msgspec Struct)": function(typed, schema=Session),
        "  canonical bytes, for comparing": lambda page: [canonical(each) for each in page],
        "by hand: json + boto3's (de)serializer": by_boto3,
    }


def measure(size: int, count: int, rounds: int) -> None:
    """Prints the rows for one size of item."""
    wire = b"[" + b",".join(item(number, size) for number in range(count)) + b"]"
    page = msgspec.json.decode(wire, type=list[msgspec.Raw])
    every_row = rows()
    times: dict[str, list[float]] = {title: [] for title in every_row}
    gc.disable()
    for _ in range(rounds):
        for title, run in every_row.items():
            start = time.process_time()
            run(page)
            times[title].append((time.process_time() - start) / count * 1e6)
    gc.enable()
    print(f"\nitems of {len(wire) // count:,} bytes of JSON: CPU microseconds an item (best of {rounds}, median)")
    for title, taken in times.items():
        print(f"  {title:<44} {min(taken):7.2f}  {statistics.median(taken):7.2f}")


def transforms(runs: int) -> None:
    """Both sizes."""
    for size in (200, 1000):
        measure(size, 2000, runs)


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    for size in (200, 1000):
        measure(size, chosen.items, chosen.rounds)


if __name__ == "__main__":
    main()
