"""Tables on the embedded AWS to be changed in place, and what does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tablewright.account import open_account
from tablewright.migrate.checkpoint.record import EndRecord, JobRecord
from tablewright.migrate.checkpoint.store import Checkpoint
from tablewright.migrate.events import MigrationEvent
from tablewright.migrate.inplace.run import InPlaceSettings, change
from tablewright.migrate.inplace.undo_file import FILE_NAME, UndoHeader
from tablewright.migrate.inplace.undoing.run import UndoSettings, undo
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable
from tablewright.model.table import Key, Table
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account

HASH = (Key("id", "S", "HASH"),)


def opened(endpoint: str, account: str) -> Account:
    """The account of a test, with its data path."""
    return open_account(region="us-east-1", endpoint_url=endpoint, credentials=Credentials(account, "local"))


def made_table(client: Any, name: str, keys: Sequence[Key] = HASH, **more: Any) -> None:
    """A table with these keys."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=more.pop(
            "AttributeDefinitions", [{"AttributeName": key.name, "AttributeType": key.type} for key in keys]
        ),
        KeySchema=[{"AttributeName": key.name, "KeyType": key.role} for key in keys],
        **more,
    )


def contents(client: Any, name: str, key: str = "id") -> dict[str, dict[str, Any]]:
    """Every item by its partition key."""
    found: dict[str, dict[str, Any]] = {}
    request: dict[str, Any] = {"TableName": name, "ConsistentRead": True}
    while True:
        answer = client.scan(**request)
        found |= {next(iter(item[key].values())): item for item in answer["Items"]}
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def door(account: Account, table: Table) -> OpenTable:
    """The table, ready to be read and written."""
    assert account.data is not None
    return OpenTable(account.data, table.name, tuple(key.name for key in table.keys))


def changed_in_place(
    account: Account,
    name: str,
    transform: Transform,
    folder: Path,
    *,
    segments: int = 3,
    kept_by: type[Checkpoint] = Checkpoint,
    **settings: Any,
) -> Iterator[MigrationEvent]:
    """Change a table in place as a run does, the job's files in a folder."""
    stopping = settings.pop("stopping", bool)
    table = account.tables.describe(name)
    assert table is not None
    end = EndRecord(name, table.id, tuple(f"{key.name}:{key.type}" for key in table.keys))
    record = JobRecord("job", end, end, transform.fingerprint, segments, in_place=True)
    header = UndoHeader("job", name, table.id, tuple(k.name for k in table.keys), transform.fingerprint, "2026-01-01")
    settings.setdefault("letters", folder / "dead-letters.jsonl")
    with closing(kept_by.open(folder / "checkpoint.sqlite", record)) as checkpoint:
        yield from change(
            door(account, table),
            keys=table.keys,
            transform=transform,
            checkpoint=checkpoint,
            header=header,
            clock=account.clock,
            settings=InPlaceSettings(undo=folder / FILE_NAME, **settings),
            stopping=stopping,
        )


def undone(account: Account, name: str, folder: Path, **settings: Any) -> Iterator[MigrationEvent]:
    """Undo what ``changed_in_place`` did."""
    stopping = settings.pop("stopping", bool)
    table = account.tables.describe(name)
    assert table is not None
    yield from undo(
        door(account, table),
        table.id,
        clock=account.clock,
        settings=UndoSettings(file=folder / FILE_NAME, **settings),
        stopping=stopping,
    )
