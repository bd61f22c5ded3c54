"""What a live migration remembers: one SQLite file a job, in WAL mode with synchronous=FULL.

Each method is one transaction, durable when it returns. The process that works at the migration writes it; others read it beside
that, and leave wishes. It holds keys and items (claims), so it is readable by its owner alone.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tablewright.errors import Failed
from tablewright.migrate.live.replay import Claim, Meeting, Window
from tablewright.migrate.live.shards import Shard
from tablewright.migrate.live.states import State

__all__ = ["Aside", "Entry", "Journal", "Side"]

Side = Literal["forward", "back"]
"""Which tail: from the source to the target, or back."""
Kind = Literal["source", "target", "listed", "source-apart", "target-apart"]
"""Keys that moved, of the table that is followed and of the one that follows; and those that differed when both were read.

The first two are set apart while they are compared, so that what moves meanwhile is noted anew.
"""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (at REAL, state TEXT, why TEXT);
CREATE TABLE IF NOT EXISTS shard (side TEXT, id TEXT, parent TEXT, replayed INTEGER DEFAULT 0, closed INTEGER DEFAULT 0,
    silent_at REAL DEFAULT 0, number INTEGER, PRIMARY KEY (side, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (side TEXT, target BLOB, source BLOB, item BLOB, rank INTEGER,
    PRIMARY KEY (side, target, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meeting (side TEXT, target BLOB, sources TEXT, PRIMARY KEY (side, target)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS touched (side TEXT, kind TEXT, key BLOB, PRIMARY KEY (side, kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aside (side TEXT, source BLOB, reason TEXT, image BLOB, PRIMARY KEY (side, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS late (side TEXT, name TEXT, said TEXT, PRIMARY KEY (side, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wish (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
_BUSY_S = 30.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A state that was entered: when (epoch seconds), which, and why."""

    at: float
    state: State
    why: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A source item whose newest image cannot be transformed."""

    source: bytes
    reason: str


class Journal:
    """One live migration's memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._told():
            if not path.exists():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._database = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)

    # ------------------------------------------------------------- the state

    def entered(self) -> Entry | None:
        """The state in which the migration stands; None before it began."""
        rows = self._rows("SELECT at, state, why FROM history ORDER BY rowid DESC LIMIT 1")
        return Entry(rows[0][0], State(rows[0][1]), rows[0][2]) if rows else None

    def history(self) -> tuple[Entry, ...]:
        """Every state that was entered, oldest first."""
        return tuple(
            Entry(at, State(state), why) for at, state, why in self._rows("SELECT * FROM history ORDER BY rowid")
        )

    def enter(self, state: State, at: float, why: str, *, granted: Sequence[str] = (), **notes: Any) -> None:
        """Stand in another state from now on; in the same breath ``notes`` are remembered and wishes are ``granted``."""
        with self._writing() as database:
            database.executemany("DELETE FROM wish WHERE name = ?", [(name,) for name in granted])
            database.execute("INSERT INTO history VALUES (?, ?, ?)", (at, state.value, why))
            _note(database, notes)

    def note(self, **notes: Any) -> None:
        """Remember values (JSON) under names; None forgets."""
        with self._writing() as database:
            _note(database, notes)

    def noted(self, name: str) -> Any:
        """What was last noted; None for nothing."""
        rows = self._rows("SELECT value FROM about WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else None

    # ---------------------------------------------------------------- wishes

    def wish(self, name: str, value: Any = True) -> None:
        """Ask something of the process that works at the migration, or of the next one."""
        with self._writing() as database:
            database.execute("INSERT OR REPLACE INTO wish VALUES (?, ?)", (name, json.dumps(value)))

    def wishes(self) -> dict[str, Any]:
        """What is asked for."""
        return {name: json.loads(value) for name, value in self._rows("SELECT name, value FROM wish")}

    def granted(self, *names: str) -> None:
        """These wishes have been heard; without names, all."""
        with self._writing() as database:
            for name in names or tuple(self.wishes()):
                database.execute("DELETE FROM wish WHERE name = ?", (name,))

    # -------------------------------------------------------------- the tail

    def shards(self, side: Side) -> dict[str, Shard]:
        """The shards that are known, in the order in which they became so; ``spooled`` is the spool's to say."""
        rows = self._rows(
            "SELECT id, parent, replayed, closed, silent_at FROM shard WHERE side = ? ORDER BY number", side
        )
        return {
            name: Shard(name, parent, replayed=replayed, closed=bool(closed), silent_at=silent_at)
            for name, parent, replayed, closed, silent_at in rows
        }

    def add_shards(self, side: Side, shards: Iterable[tuple[str, str]]) -> None:
        """Shards (id, parent) that were not known before."""
        with self._writing() as database:
            (number,) = database.execute("SELECT count(*) FROM shard").fetchone()
            for name, parent in shards:
                number += 1
                database.execute(
                    "INSERT OR IGNORE INTO shard (side, id, parent, number) VALUES (?, ?, ?, ?)",
                    (side, name, parent, number),
                )

    def heard(self, side: Side, silent: Mapping[str, float], closed: Sequence[str]) -> None:
        """When shards were last read to what was their end then, and which have been spooled to their very end."""
        with self._writing() as database:
            database.executemany(
                "UPDATE shard SET silent_at = ? WHERE side = ? AND id = ?",
                [(at, side, name) for name, at in silent.items()],
            )
            database.executemany(
                "UPDATE shard SET closed = 1 WHERE side = ? AND id = ?", [(side, name) for name in closed]
            )

    def claims(self, side: Side, targets: Iterable[bytes]) -> list[Claim]:
        """Who is known to hold these target keys."""
        found: list[Claim] = []
        with self._told(), self._lock:
            for target in targets:
                found += [
                    Claim(target, source, item, rank)
                    for source, item, rank in self._database.execute(
                        "SELECT source, item, rank FROM claim WHERE side = ? AND target = ?", (side, target)
                    )
                ]
        return found

    def claimed(self, side: Side, claims: Iterable[Claim]) -> None:
        """Claims that must be known before the window that they belong to is written."""
        with self._writing() as database:
            database.executemany(
                "INSERT OR REPLACE INTO claim VALUES (?, ?, ?, ?, ?)",
                [(side, claim.target, claim.source, claim.item, claim.rank) for claim in claims],
            )

    def replayed(
        self, side: Side, window: Window, positions: Mapping[str, int], *, remember: bool, moves: bool = True
    ) -> None:
        """A window's writes are on the target: its claims, what it touched, and where each shard goes on.

        ``remember`` False leaves the claims out: the transform keeps keys, and nothing can ever meet. ``moves`` False leaves
        out what was touched: nobody is going to compare it.
        """
        with self._writing() as database:
            if remember:
                database.executemany(
                    "DELETE FROM claim WHERE side = ? AND target = ? AND source = ?",
                    [(side, claim.target, claim.source) for claim in window.claims if claim.item is None],
                )
                database.executemany(
                    "INSERT OR REPLACE INTO claim VALUES (?, ?, ?, ?, ?)",
                    [(side, c.target, c.source, c.item, c.rank) for c in window.claims if c.item is not None],
                )
            touched = [(side, "target", key) for key in window.touched] + [
                (side, "source", key) for key in window.sources
            ]
            database.executemany("INSERT OR IGNORE INTO touched VALUES (?, ?, ?)", touched if moves else ())
            database.executemany(
                "DELETE FROM meeting WHERE side = ? AND target = ?", [(side, key) for key in window.parted]
            )
            for meeting in window.meetings:
                told = json.dumps([source.decode() for source in meeting.sources])
                database.execute("INSERT OR REPLACE INTO meeting VALUES (?, ?, ?)", (side, meeting.target, told))
            for refused in window.refused:
                if refused.reason is None:
                    database.execute("DELETE FROM aside WHERE side = ? AND source = ?", (side, refused.source))
                else:
                    row = (side, refused.source, refused.reason, refused.image)
                    database.execute("INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?)", row)
            database.executemany(
                "UPDATE shard SET replayed = ? WHERE side = ? AND id = ?",
                [(number, side, name) for name, number in positions.items()],
            )

    def set_aside(self, side: Side, refused: Iterable[tuple[bytes, str, bytes]]) -> None:
        """Source items (key, reason, image) that the backfill could not bring over; none that the tail has brought since."""
        with self._writing() as database:
            database.executemany("INSERT OR IGNORE INTO aside VALUES (?, ?, ?, ?)", [(side, *each) for each in refused])

    def asides(self, side: Side) -> tuple[Aside, ...]:
        """Every source item that is not on the target because it cannot be transformed."""
        rows = self._rows("SELECT source, reason FROM aside WHERE side = ? ORDER BY source", side)
        return tuple(Aside(source, reason) for source, reason in rows)

    def aside_images(self, side: Side) -> tuple[bytes, ...]:
        """Those items as they were when they could not be transformed."""
        return tuple(
            bytes(row[0]) for row in self._rows("SELECT image FROM aside WHERE side = ? ORDER BY source", side)
        )

    def meetings(self, side: Side) -> tuple[Meeting, ...]:
        """Target keys that more than one source item holds, as far as has been replayed."""
        rows = self._rows("SELECT target, sources FROM meeting WHERE side = ? ORDER BY target", side)
        return tuple(Meeting(target, tuple(each.encode() for each in json.loads(sources))) for target, sources in rows)

    def late(self, side: Side) -> dict[str, str]:
        """What came of each write that reached a table when the application had left it, by that write's name."""
        return dict(self._rows("SELECT name, said FROM late WHERE side = ?", side))

    def note_late(self, side: Side, name: str, said: str) -> None:
        """Note what came of such a write, or what is about to be done with it."""
        with self._writing() as database:
            database.execute("INSERT OR REPLACE INTO late VALUES (?, ?, ?)", (side, name, said))

    # ----------------------------------------------------------- in motion

    def forget_touched(self, side: Side) -> None:
        """Begin to note anew which keys move."""
        with self._writing() as database:
            database.execute("DELETE FROM touched WHERE side = ?", (side,))

    def touch(self, side: Side, kind: Kind, keys: Iterable[bytes]) -> None:
        """Note more such keys."""
        with self._writing() as database:
            database.executemany("INSERT OR IGNORE INTO touched VALUES (?, ?, ?)", [(side, kind, key) for key in keys])

    def untouch(self, side: Side, kind: Kind, keys: Iterable[bytes]) -> None:
        """Such keys are accounted for."""
        with self._writing() as database:
            database.executemany(
                "DELETE FROM touched WHERE side = ? AND kind = ? AND key = ?", [(side, kind, key) for key in keys]
            )

    def set_apart(self, side: Side) -> None:
        """Set the keys that moved apart, to compare them; those that were before too, by a process that died over it."""
        with self._writing() as database:
            self._move(database, side, "{}", "{}-apart")

    def rejoin(self, side: Side, *, drop: bool = False) -> None:
        """Note the keys that were set apart as moved again, or (``drop``) forget them: they have been compared."""
        with self._writing() as database:
            if drop:
                database.execute("DELETE FROM touched WHERE side = ? AND kind LIKE '%-apart'", (side,))
            else:
                self._move(database, side, "{}-apart", "{}")

    def _move(self, database: sqlite3.Connection, side: Side, one: str, other: str) -> None:
        for kind in ("source", "target"):
            before, after = one.format(kind), other.format(kind)
            database.execute(
                "INSERT OR IGNORE INTO touched SELECT side, ?, key FROM touched WHERE side = ? AND kind = ?",
                (after, side, before),
            )
            database.execute("DELETE FROM touched WHERE side = ? AND kind = ?", (side, before))

    def touched(self, side: Side, kind: Kind) -> Iterator[bytes]:
        """The keys that moved since ``forget_touched``, in order."""
        after = b""
        while True:
            rows = self._rows(
                "SELECT key FROM touched WHERE side = ? AND kind = ? AND key > ? ORDER BY key LIMIT 1000",
                side,
                kind,
                after,
            )
            yield from (bytes(row[0]) for row in rows)
            if len(rows) < 1000:
                return
            after = rows[-1][0]

    def touched_count(self, side: Side) -> int:
        """How many source keys moved since ``forget_touched``."""
        return int(self._rows("SELECT count(*) FROM touched WHERE side = ? AND kind = 'source'", side)[0][0])

    def is_touched(self, side: Side, target: bytes) -> bool:
        """Whether a target key moved since ``forget_touched``."""
        rows = self._rows("SELECT 1 FROM touched WHERE side = ? AND kind = 'target' AND key = ?", side, target)
        return bool(rows)

    # --------------------------------------------------------------- the file

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._told(), self._lock:
            return self._database.execute(statement, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._told(), self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise Failed(
                "journal-unusable",
                "The migration's journal cannot be used",
                f"{self._path}: {error}. What was recorded before stands; nothing is done that is not recorded. Make room on "
                "that disk, or make the file readable, and run the same command again. Should a fence be up, it lapses by "
                "itself; to take it down now:",
                "tablewright migrate unfence",
            ) from error


def _note(database: sqlite3.Connection, notes: Mapping[str, Any]) -> None:
    for name, value in notes.items():
        if value is None:
            database.execute("DELETE FROM about WHERE name = ?", (name,))
        else:
            database.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, json.dumps(value)))
