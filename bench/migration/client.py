"""One client of the migration's benchmark: copies table T to table D on a null server, and says what it cost.

    python bench/migration/client.py NAME URL SEGMENTS

Prints one JSON object: items, CPU seconds (user + system, every thread) and wall seconds from making the client to the last
answer, and the largest resident size in MB. What a program costs before it begins (imports) is left out, for all alike.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "SECRET", "region_name": "us-east-1"}

Copy = Callable[[str, int], int]


def guide() -> Copy:
    """The guide's loop, put_item an item, with the pages after the first read as well."""
    import boto3

    def copy(url: str, segments: int) -> int:
        dynamodb = boto3.resource("dynamodb", endpoint_url=url, **KEYS)
        old_table, new_table = dynamodb.Table("T"), dynamodb.Table("D")
        count = 0
        request: dict[str, Any] = {}
        while True:
            response = old_table.scan(**request)
            for item in response["Items"]:
                new_table.put_item(Item=item)
                count += 1
            if "LastEvaluatedKey" not in response:
                return count
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    return copy


def batch_writer() -> Copy:
    """boto3's resource with its batch_writer."""
    import boto3

    def copy(url: str, segments: int) -> int:
        dynamodb = boto3.resource("dynamodb", endpoint_url=url, **KEYS)
        old_table, new_table = dynamodb.Table("T"), dynamodb.Table("D")
        count = 0
        request: dict[str, Any] = {}
        with new_table.batch_writer() as batch:
            while True:
                response = old_table.scan(**request)
                for item in response["Items"]:
                    batch.put_item(Item=item)
                    count += 1
                if "LastEvaluatedKey" not in response:
                    return count
                request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    return copy


def client() -> Copy:
    """boto3's client with batch_write_item: DynamoDB JSON handed through."""
    import boto3

    def copy(url: str, segments: int) -> int:
        dynamodb = boto3.client("dynamodb", endpoint_url=url, **KEYS)
        count = 0
        request: dict[str, Any] = {"TableName": "T"}
        while True:
            response = dynamodb.scan(**request)
            items = response["Items"]
            for at in range(0, len(items), 25):
                asked = {"D": [{"PutRequest": {"Item": item}} for item in items[at : at + 25]]}
                while asked:
                    asked = dynamodb.batch_write_item(RequestItems=asked)["UnprocessedItems"]
            count += len(items)
            if "LastEvaluatedKey" not in response:
                return count
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    return copy


def pydynox() -> Copy:
    """pydynox (a Rust core): its scan and its batch write, page by page."""
    import pydynox

    def copy(url: str, segments: int) -> int:
        dynamodb = pydynox.DynamoDBClient(region="us-east-1", endpoint_url=url, access_key="AKID", secret_key="SECRET")
        count = 0
        held: list[dict[str, Any]] = []
        for item in dynamodb.sync_scan("T"):
            held.append(item)
            if len(held) == 1000:
                dynamodb.sync_batch_write("D", put_items=held)
                count += len(held)
                held = []
        dynamodb.sync_batch_write("D", put_items=held)
        return count + len(held)

    return copy


FUNCTION = """
def move(item):
    item["PK"] = f"USER#{item.pop('pk')}"
    item["SK"] = item.pop("sk")
    item["state"] = item.pop("status")
    item["version"] = 2
    return item
"""
"""The transform on plain values: other keys, an attribute renamed, another added."""

FUNCTION_ALL = """
def move(item):
    return {"PK": f"USER#{item.pop('pk')}", "SK": item.pop("sk"), "version": 2, **item}
"""
"""One that reads every attribute, which are then all decoded and encoded."""

DECLARED = {
    "key": ["PK=USER#{pk}", "SK={sk}"],
    "rename": ["status=state"],
    "drop": ["pk", "sk"],
    "set": ["version=2"],
}
"""The same, declared."""


def tablewright(kind: str) -> Copy:
    """Ours: checkpoints, pace control, checksums and retries on. ``kind`` is a client's name."""
    from tablewright.account import open_account
    from tablewright.migrate.checkpoint.record import EndRecord, JobRecord
    from tablewright.migrate.checkpoint.store import Checkpoint
    from tablewright.migrate.dead_letters import DeadLetters
    from tablewright.migrate.engine.run import copy as copy_table
    from tablewright.migrate.engine.values import CopySettings
    from tablewright.migrate.events import Progress
    from tablewright.migrate.job import Pace
    from tablewright.migrate.transform.flags import from_flags
    from tablewright.migrate.transform.load import load_transform
    from tablewright.migrate.transform.unchanged import Unchanged
    from tablewright.migrate.wire.door import OpenTable
    from tablewright.model.table import Key

    os.environ |= {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET"}
    old = (Key("pk", "S", "HASH"), Key("sk", "S", "RANGE"))
    new = old if kind == "unchanged" else (Key("PK", "S", "HASH"), Key("SK", "S", "RANGE"))
    # Far above what the machine reaches: every unit is reckoned, and none is waited for.
    settings = CopySettings(pace=Pace(0.5), read_capacity=1e8, write_capacity=1e8)

    def copy(url: str, segments: int) -> int:
        account = open_account(region="us-east-1", endpoint_url=url)
        assert account.data is not None
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if kind == "unchanged":
                transform: Any = Unchanged(old, new)
            elif kind == "declared":
                transform = load_transform(None, old, new, operations=from_flags(DECLARED))
            else:
                (folder / "moving.py").write_text(FUNCTION_ALL if kind == "function-all" else FUNCTION)
                transform = load_transform(f"{folder / 'moving.py'}:move", old, new)
            record = JobRecord("bench", EndRecord("T"), EndRecord("D"), transform.fingerprint, segments)
            shown: list[object] = []
            with Checkpoint.open(folder / "checkpoint.sqlite", record) as checkpoint:
                for event in copy_table(
                    OpenTable(account.data, "T", tuple(key.name for key in old)),
                    OpenTable(account.data, "D", tuple(key.name for key in new)),
                    transform=transform,
                    journal=checkpoint,
                    letters=DeadLetters(folder / "dead-letters.jsonl"),
                    clock=account.clock,
                    settings=settings,
                ):
                    shown = [event]
                done = sum(position.counts.written for position in checkpoint.positions().values())
                assert all(position.done for position in checkpoint.positions().values())
        (last,) = shown
        assert isinstance(last, Progress)
        assert last.write_units > 0
        return done

    return copy


CLIENTS: dict[str, Callable[[], Copy]] = {
    "guide": guide,
    "batch_writer": batch_writer,
    "client": client,
    "pydynox": pydynox,
    "unchanged": lambda: tablewright("unchanged"),
    "declared": lambda: tablewright("declared"),
    "function": lambda: tablewright("function"),
    "function-all": lambda: tablewright("function-all"),
}


def main() -> None:
    name, url, segments = sys.argv[1:4]
    copy = CLIENTS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    items = copy(url, int(segments))
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"items": items, "cpu": cpu, "wall": wall, "mb": after.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
