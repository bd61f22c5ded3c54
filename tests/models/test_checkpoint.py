"""The checkpoint: what was acknowledged is found again, and what is another job's is refused."""

from __future__ import annotations

import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tablewright.errors import Failed, Refused
from tablewright.migrate.checkpoint.record import EndRecord, JobRecord
from tablewright.migrate.checkpoint.store import Checkpoint, look, wish
from tablewright.migrate.engine.values import Acknowledged, Counts, Position, SetAside, Wishes
from tablewright.migrate.events import Progress
from tablewright.migrate.job import Pace

SOURCE = EndRecord("Sessions", "11111111-1111-1111-1111-111111111111", ("sessionId:S",), "us-east-1")
TARGET = EndRecord("Sessions2", "22222222-2222-2222-2222-222222222222", ("PK:S", "SK:S"), "us-east-1")
RECORD = JobRecord("sessions", SOURCE, TARGET, "f" * 64, 3, "PK = SESSION#{sessionId}")
ONE = Counts(read=10, written=9, bytes_read=900, bytes_written=1000, set_aside=1, conflicts=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "job" / "checkpoint.sqlite"


def test_what_was_acknowledged_is_found_again(path: Path) -> None:
    with Checkpoint.open(path, RECORD) as checkpoint:
        assert checkpoint.positions() == {0: Position(), 1: Position(), 2: Position()}
        checkpoint.acknowledge([Acknowledged(0, b'{"k":1}', ONE, (SetAside(b"{}", "bad"),))], 17)
        checkpoint.acknowledge([Acknowledged(0, b'{"k":2}', ONE), Acknowledged(2, None, Counts())], 99)
    with Checkpoint.open(path, RECORD) as checkpoint:
        assert checkpoint.positions() == {
            0: Position(b'{"k":2}', False, ONE + ONE),
            1: Position(),
            2: Position(None, True, Counts()),
        }
        assert checkpoint.letters_at() == 17  # the second page had no letters: the file is as long as before


def test_only_its_owner_reads_it(path: Path) -> None:
    Checkpoint.open(path, RECORD).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


OTHERS: dict[str, JobRecord] = {
    "source Sessions was deleted and made again": replace(RECORD, source=replace(SOURCE, identity="3")),
    "target Sessions2 was deleted and made again": replace(RECORD, target=replace(TARGET, identity="3")),
    "the source was Sessions and is Orders": replace(RECORD, source=replace(SOURCE, name="Orders")),
    "the target's key was PK:S, SK:S and is PK:S": replace(RECORD, target=replace(TARGET, keys=("PK:S",))),
    "the transform changed": replace(RECORD, transform="0" * 64),
    "the source was read in 3 segments": replace(RECORD, segments=4),
    "it wrote over what was there before": replace(RECORD, only_new=True),
    "it changed the table into another before": replace(RECORD, in_place=True),
}


@pytest.mark.parametrize("why", OTHERS)
def test_another_job_is_refused(path: Path, why: str) -> None:
    Checkpoint.open(path, RECORD).close()
    with pytest.raises(Refused) as refused:
        Checkpoint.open(path, OTHERS[why])
    assert refused.value.code == "resume-differs"
    assert why in refused.value.detail
    Checkpoint.open(path, RECORD).close()  # and nothing was changed


def test_wishes_come_from_beside(path: Path) -> None:
    with Checkpoint.open(path, RECORD) as checkpoint:
        assert checkpoint.wishes() == Wishes()
        wish(path, pace=Pace(0.25, None, 500.0))
        assert checkpoint.wishes() == Wishes(Pace(0.25, None, 500.0))
        wish(path, pause=True)
        assert checkpoint.wishes() == Wishes(Pace(0.25, None, 500.0), pause=True)
        wish(path, pause=False)
        assert not checkpoint.wishes().pause


def test_it_is_looked_at_from_beside(path: Path) -> None:
    assert look(path) is None
    with Checkpoint.open(path, RECORD) as checkpoint:
        snapshot = Progress("copy", datetime(2026, 11, 1, tzinfo=UTC), 1.5, items_read=7, segments=3)
        checkpoint.show(snapshot)
        checkpoint.note("state", "verifying")
        checkpoint.acknowledge([Acknowledged(1, None, ONE)], 0)
        standing = look(path)
        assert standing is not None
        assert (standing.record, standing.progress, standing.counts) == (RECORD, snapshot, ONE)
        assert standing.notes["state"] == checkpoint.noted("state") == "verifying"


def test_a_full_disk_is_said_and_keeps_what_stood(path: Path) -> None:
    with Checkpoint.open(path, RECORD) as checkpoint:
        checkpoint.acknowledge([Acknowledged(0, b"{}", ONE)], 0)
        database: Any = vars(checkpoint)["_database"]
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(Failed) as failed:
            checkpoint.acknowledge([Acknowledged(0, b"x" * 100_000, ONE), Acknowledged(1, None, ONE)], 0)
    assert failed.value.code == "disk-full"
    with Checkpoint.open(path, RECORD) as checkpoint:
        assert checkpoint.positions() == {0: Position(b"{}", False, ONE), 1: Position(), 2: Position()}


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_what_is_no_checkpoint_is_said_to_be_none(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Failed) as failed:
        Checkpoint.open(path, RECORD)
    assert failed.value.code == "checkpoint-unreadable"


def test_it_is_made_whole_or_not_at_all(path: Path) -> None:
    """A process that dies between making the file and filling it leaves one that the next fills."""
    path.parent.mkdir()
    path.touch()
    sqlite3.connect(path).execute("PRAGMA journal_mode=WAL").connection.close()
    with Checkpoint.open(path, RECORD) as checkpoint:
        assert len(checkpoint.positions()) == 3


def test_every_acknowledgement_is_synced(path: Path) -> None:
    with Checkpoint.open(path, RECORD) as checkpoint:
        database: Any = vars(checkpoint)["_database"]
        assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert database.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
