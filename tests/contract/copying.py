"""What the tests of copying share: tables of odd items, a copy with its journal, and the contents compared."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tablewright.account import open_account
from tablewright.migrate.checkpoint.record import EndRecord, JobRecord
from tablewright.migrate.checkpoint.store import Checkpoint
from tablewright.migrate.dead_letters import DeadLetters, read_letters
from tablewright.migrate.engine.run import copy
from tablewright.migrate.engine.values import CopySettings
from tablewright.migrate.events import MigrationEvent, Progress
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.transform.unchanged import Unchanged
from tablewright.migrate.wire.door import OpenTable
from tablewright.model.table import Key
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account

KEYS = (Key("pk", "S", "HASH"), Key("sk", "N", "RANGE"))
UNCHANGED = Unchanged(KEYS, KEYS)


def odd_item(number: int, size: int = 200) -> dict[str, Any]:
    """An item in which every type occurs, with numbers, texts and bytes that a careless hand would spoil."""
    digest = hashlib.sha256(str(number).encode()).digest()
    return {
        "pk": {"S": f"파티션#{number % 97}"},
        "sk": {"N": str(number)},
        "exact": {"N": "12345678901234567890123456789012345678"},
        "tiny": {"N": "-0.000000000000000000000000000000000000001"},
        "text": {"S": '"quoted\\" \u0000 \u2028 🍜 \\u00e9' + "가" * (size // 3)},
        "empty": {"S": ""},
        "bytes": {"B": digest},
        "yes": {"BOOL": bool(number % 2)},
        "nothing": {"NULL": True},
        "names": {"SS": ["a", f"b{number}"]},
        "numbers": {"NS": ["1", "2.5"]},
        "blobs": {"BS": [digest, b"\x00"]},
        "list": {"L": [{"S": "x"}, {"N": "1"}, {"M": {"deep": {"L": []}}}]},
        "map": {"M": {'"}': {"S": "]"}, "이름": {"M": {}}}},
    }


def make_table(client: Any, name: str, **more: Any) -> None:
    """A table keyed as ``odd_item`` is, on demand unless told."""
    asked: dict[str, Any] = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
    }
    if "ProvisionedThroughput" not in more:
        asked["BillingMode"] = "PAY_PER_REQUEST"
    client.create_table(**asked, **more)


def fill(client: Any, table: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Put the items, in batches; those that the embedded AWS throttles again."""
    for at in range(0, len(items), 25):
        asked = {table: [{"PutRequest": {"Item": item}} for item in items[at : at + 25]]}
        while asked:
            try:
                asked = client.batch_write_item(RequestItems=asked)["UnprocessedItems"]
            except client.exceptions.ThrottlingException:  # more than a table on demand takes in its first second
                time.sleep(0.1)


def contents(client: Any, table: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Every item by its key, sets in one order."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        answer = client.scan(**request)
        for item in answer["Items"]:
            for value in item.values():
                for kind in ("SS", "NS", "BS"):
                    if kind in value:
                        value[kind] = sorted(value[kind])
            found[item["pk"]["S"], item["sk"]["N"]] = item
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def account_at(endpoint: str, key: str = "000000000000") -> Account:
    """The account behind an emulator's endpoint."""
    return open_account(region="us-east-1", endpoint_url=endpoint, credentials=Credentials(key, "local"))


@dataclass
class Copying:
    """One job: a folder with its checkpoint and dead letters, run as often as a test wants."""

    account: Account
    folder: Path
    source: str = "Source"
    target: str = "Target"
    segments: int = 3
    transform: Transform = UNCHANGED
    settings: CopySettings = field(default_factory=CopySettings)
    reach: Account | None = None  # another way to the same tables

    @property
    def path(self) -> Path:
        return self.folder / "checkpoint.sqlite"

    def open(self) -> Checkpoint:
        """Its checkpoint."""
        record = JobRecord(
            "test", EndRecord(self.source), EndRecord(self.target), self.transform.fingerprint, self.segments
        )
        return Checkpoint.open(self.path, record)

    def table(self, name: str) -> OpenTable:
        data = (self.reach or self.account).data
        assert data is not None
        return OpenTable(data, name, tuple(key.name for key in KEYS))

    def run(self, *, stopping: Any = bool) -> list[MigrationEvent]:
        """Run it to its end."""
        letters = DeadLetters(self.folder / "dead-letters.jsonl")
        with self.open() as checkpoint:
            try:
                return list(
                    copy(
                        self.table(self.source),
                        self.table(self.target),
                        transform=self.transform,
                        journal=checkpoint,
                        letters=letters,
                        clock=self.account.clock,
                        settings=self.settings,
                        stopping=stopping,
                    )
                )
            finally:
                letters.close()

    def letters(self) -> list[Any]:
        """What was set aside."""
        return list(read_letters(self.folder / "dead-letters.jsonl"))


def last_progress(events: Sequence[MigrationEvent]) -> Progress:
    """The snapshot at the end."""
    return [event for event in events if isinstance(event, Progress)][-1]
