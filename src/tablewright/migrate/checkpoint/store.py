"""The checkpoint: one SQLite file a job, in WAL mode with synchronous=FULL. A killed run goes on from what stands here.

What is acknowledged is durable when ``acknowledge`` returns: segments' positions, counts, and the end of the dead-letter
file, in one transaction. Wishes (pace, pause) come from other processes through the same file. It holds key values (a
segment's position is a key), so it is readable by its owner alone.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType

from tablewright.errors import Failed, Refused, TablewrightError
from tablewright.migrate.checkpoint.record import JobRecord
from tablewright.migrate.engine.values import Acknowledged, Counts, Position, Wishes
from tablewright.migrate.events import Progress
from tablewright.migrate.job import Pace

__all__ = ["Checkpoint", "Standing", "look", "wish"]

VERSION = 1

_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE segment (
    number INTEGER PRIMARY KEY, after BLOB, done INTEGER NOT NULL DEFAULT 0,
    read INTEGER NOT NULL DEFAULT 0, written INTEGER NOT NULL DEFAULT 0,
    bytes_read INTEGER NOT NULL DEFAULT 0, bytes_written INTEGER NOT NULL DEFAULT 0,
    set_aside INTEGER NOT NULL DEFAULT 0, conflicts INTEGER NOT NULL DEFAULT 0
);
"""
_ACKNOWLEDGE = """
UPDATE segment SET after = ?, done = ?, read = read + ?, written = written + ?, bytes_read = bytes_read + ?,
    bytes_written = bytes_written + ?, set_aside = set_aside + ?, conflicts = conflicts + ? WHERE number = ?
"""
_POSITIONS = "SELECT number, after, done, read, written, bytes_read, bytes_written, set_aside, conflicts FROM segment"
_BUSY_MS = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A checkpoint as another process sees it. ``notes``: what was noted (``Checkpoint.note``)."""

    record: JobRecord
    positions: Mapping[int, Position]
    progress: Progress | None
    wishes: Wishes
    notes: Mapping[str, str]

    @property
    def counts(self) -> Counts:
        """Over all segments."""
        return sum((p.counts for p in self.positions.values()), Counts())


class Checkpoint:
    """The journal of one job (``engine.values.Journal``); one process writes it at a time, which the lease sees to."""

    def __init__(self, path: Path, record: JobRecord, database: sqlite3.Connection) -> None:
        self.path = path
        self.record = record
        self._database = database

    @classmethod
    def open(cls, path: Path, record: JobRecord) -> Checkpoint:
        """The job's checkpoint, made if there is none.

        Raises Refused (``resume-differs``) when the file belongs to another source, target, key schema, transform or number of
        segments; Failed when it cannot be read or written (``checkpoint-unreadable``, ``disk-full``).
        """
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            database = _connect(path)
            then = _about(database, "record")
            if then is None:
                _create(database, record)
                return cls(path, record, database)
            stood = JobRecord.from_json(then)
        found = stood.differences(record)
        if found:
            database.close()
            raise Refused(
                "resume-differs",
                "The job that was begun is another one",
                f"The checkpoint {path} does not fit what is asked for now:\n\n"
                + "\n".join(f"    {line}" for line in found)
                + "\n\nGoing on would mix both. Ask for what was begun, or begin anew in another job folder.",
            )
        return cls(path, stood, database)

    @property
    def segments(self) -> int:
        return self.record.segments

    def positions(self) -> dict[int, Position]:
        with _told(self.path):
            return _positions(self._database)

    def acknowledge(self, pages: Sequence[Acknowledged], letters_at: int) -> None:
        with _told(self.path), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(_ACKNOWLEDGE, [_row(page) for page in pages])
            if any(page.set_aside for page in pages):
                _note(self._database, "letters_at", str(letters_at))

    def letters_at(self) -> int:
        with _told(self.path):
            return int(_about(self._database, "letters_at") or 0)

    def wishes(self) -> Wishes:
        with _told(self.path):
            return _wishes(self._database)

    def show(self, snapshot: Progress) -> None:
        self.note("progress", _encoded(snapshot))

    def note(self, name: str, value: str) -> None:
        """Remember a value under a name of the caller's; durable when it returns."""
        with _told(self.path), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            _note(self._database, name, value)

    def noted(self, name: str) -> str | None:
        """What was last noted under the name."""
        with _told(self.path):
            return _about(self._database, name)

    def close(self) -> None:
        """Fold the log into the file, and let go of it."""
        self._database.close()

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def look(path: Path) -> Standing | None:
    """A checkpoint as it stands, read beside the run that writes it; None where there is none."""
    if not path.exists():
        return None
    with _told(path):
        database = _connect(path)
        try:
            notes = {str(name): str(value) for name, value in database.execute("SELECT name, value FROM about")}
            progress = notes.pop("progress", None)
            return Standing(
                record=JobRecord.from_json(notes.pop("record")),
                positions=_positions(database),
                progress=_decoded(progress) if progress else None,
                wishes=_wishes(database),
                notes=notes,
            )
        finally:
            database.close()


def wish(path: Path, *, pace: Pace | None = None, pause: bool | None = None) -> None:
    """Ask the run that writes this checkpoint, or the next one, for another pace, or to pause (False: to go on)."""
    with _told(path):
        database = _connect(path)
        try:
            with database:
                database.execute("BEGIN IMMEDIATE")
                if pace is not None:
                    _note(database, "pace", json.dumps(asdict(pace)))
                if pause is not None:
                    _note(database, "pause", "yes" if pause else "no")
        finally:
            database.close()


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA wal_autocheckpoint=256")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _create(database: sqlite3.Connection, record: JobRecord) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.executemany("INSERT INTO segment (number) VALUES (?)", [(n,) for n in range(record.segments)])
        _note(database, "version", str(VERSION))
        _note(database, "record", record.as_json())


def _about(database: sqlite3.Connection, name: str) -> str | None:
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone():
        return None
    row = database.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def _note(database: sqlite3.Connection, name: str, value: str) -> None:
    database.execute("INSERT OR REPLACE INTO about (name, value) VALUES (?, ?)", (name, value))


def _positions(database: sqlite3.Connection) -> dict[int, Position]:
    return {
        number: Position(after=after, done=bool(done), counts=Counts(*counts))
        for number, after, done, *counts in database.execute(_POSITIONS)
    }


def _row(page: Acknowledged) -> tuple[object, ...]:
    c = page.counts
    done = page.position is None
    return (
        page.position, done, c.read, c.written, c.bytes_read, c.bytes_written, c.set_aside, c.conflicts, page.segment
    )  # fmt: skip


def _wishes(database: sqlite3.Connection) -> Wishes:
    pace = _about(database, "pace")
    return Wishes(pace=Pace(**json.loads(pace)) if pace else None, pause=_about(database, "pause") == "yes")


def _encoded(snapshot: Progress) -> str:
    return json.dumps({**asdict(snapshot), "at": snapshot.at.isoformat()})


def _decoded(text: str) -> Progress:
    told = json.loads(text)
    return replace(Progress(**told), at=datetime.fromisoformat(told["at"]))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Within it, what goes wrong with the file comes out as ours."""
    try:
        yield
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: BaseException) -> TablewrightError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    full = code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    if full or code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
        return Failed(
            "disk-full" if full else "checkpoint-unwritable",
            "The disk is full" if full else "The checkpoint cannot be written",
            f"{path}: {error}. Everything that was acknowledged before stands; what was in flight is done again. "
            f"{'Make room on that disk' if full else 'See to the disk'} and run the same command again.",
        )
    return Failed(
        "checkpoint-unreadable",
        "The checkpoint cannot be used",
        f"{path}: {error}. Without it nobody knows how far the copy is. If it is lost, begin anew in another job folder.",
    )
