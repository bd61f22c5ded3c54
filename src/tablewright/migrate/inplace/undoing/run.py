"""Undoing a change in place: its undo file played back, newest record first, onto items that nobody has written to since.

Records go in groups in which no item comes twice, so that an item's later record is undone before its earlier one. How far it is
stands in a file beside the undo file; begun again without that, it finds what is undone already and passes over it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tablewright.errors import Refused, TablewrightError
from tablewright.events import Noted
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.engine.run import ceilings
from tablewright.migrate.events import MigrationEvent, Paused, PhaseEnded, PhaseStarted, Progress
from tablewright.migrate.inplace import outcome, trouble
from tablewright.migrate.inplace.edit import applied
from tablewright.migrate.inplace.life import Ended, Record, begin
from tablewright.migrate.inplace.outcome import Tally
from tablewright.migrate.inplace.playback import Back, fate
from tablewright.migrate.inplace.sending.run import Sending, Slot
from tablewright.migrate.inplace.undo_file import UndoRecord, newest_first, read_header
from tablewright.migrate.job import Pace
from tablewright.migrate.wire.door import OpenTable
from tablewright.migrate.wire.loop import Loop
from tablewright.ports import Clock

__all__ = ["UndoSettings", "undo"]

_GROUP = 500
_SHOWN_EVERY_S = 1.0
_POSITION = "undo.position"
_REASONS_SAID = 5


@dataclass(frozen=True, slots=True)
class UndoSettings:
    """How undoing goes about it. ``file``: the undo file; the rest as for a change in place."""

    file: Path
    pace: Pace = field(default_factory=Pace)
    write_capacity: float | None = None
    connections: int = 64
    patience_s: float = 300.0


def undo(
    table: OpenTable,
    table_id: str,
    *,
    clock: Clock,
    settings: UndoSettings,
    stopping: Callable[[], bool] = bool,
) -> Iterator[MigrationEvent]:
    """Give every item back what the change took; the last event is Finished, with Paused before it when it was stopped.

    An item whose touched attributes somebody has written to since is left as it is, and counted. Raises Refused where the file
    belongs to another table, Failed where it is damaged, and what a table raises.
    """
    header = read_header(settings.file)
    if header.table_id != table_id:
        raise Refused(
            "undo-file-of-another",
            "The undo file belongs to another table",
            f"{settings.file} undoes job {header.job} on table {header.table}, whose id is {header.table_id}; {table.name} has "
            f"the id {table_id}. It was made anew since. Nothing was written.",
        )
    run = _Undo(table, header.job, clock, settings, stopping)
    try:
        yield from run.events()
    finally:
        run.close()


class _Undo:
    def __init__(
        self, table: OpenTable, job: str, clock: Clock, settings: UndoSettings, stopping: Callable[[], bool]
    ) -> None:
        self._job, self._clock, self._settings, self._stopping = job, clock, settings, stopping
        self._loop = Loop()
        _, write = ceilings(settings.pace, None, settings.write_capacity)
        self._sending = Sending(
            self._loop,
            table,
            Pacer(write, self._loop.now()),
            connections=settings.connections,
            record=_nothing,
            ended=self._ended,
            old=False,
        )
        self._name = table.name
        self._tally = Tally()
        self._reasons: list[str] = []
        self._began = self._shown = self._loop.now()
        self._size = settings.file.stat().st_size
        self._at = self._size
        self._position = settings.file.with_name(_POSITION)

    def close(self) -> None:
        """Let go of the sockets."""
        self._sending.close()
        self._loop.close()

    def events(self) -> Iterator[MigrationEvent]:
        yield PhaseStarted("undo", f"giving the items of {self._name} back what they were")
        kept = self._kept()
        self._at = kept.get("at", self._size)
        if kept:
            self._tally = Tally(**kept["tally"])
            yield Noted("note", "undoing goes on where it was stopped")
        group: dict[bytes, UndoRecord] = {}
        for record in newest_first(self._settings.file, self._at if kept else None):
            key = orjson.dumps(record.edit.key, option=orjson.OPT_SORT_KEYS)
            if key in group or len(group) >= _GROUP:
                yield from self._play(group)
                if self._stopping():
                    yield Paused("it was interrupted")
                    yield outcome.halted(self._tally, job=self._job, verb="undo")
                    return
                group = {}
            group[key] = record
        yield from self._play(group)
        yield self._snapshot()
        yield PhaseEnded("undo", f"{self._tally.changed:,} items changed back")
        self._position.unlink(missing_ok=True)
        for reason in self._reasons:
            yield Noted("warning", reason)
        yield outcome.undone(self._tally, job=self._job)

    def _play(self, group: dict[bytes, UndoRecord]) -> Iterator[MigrationEvent]:
        """Undo a group to its end, and write down that it is."""
        for record in group.values():
            edit = record.edit
            reckoning = Back(edit)
            # As it should stand: what is not so is refused, and the refusal says how it stands.
            supposed = applied(edit.key, edit.after)
            life, command = begin(edit.key, supposed, reckoning)
            self._sending.put(Slot(life, command, reckoning, record, size=len(orjson.dumps(supposed))))
        while not self._sending.idle:
            now = self._loop.now()
            if self._sending.to_sync:
                self._sending.recorded()
            try:
                self._sending.pump(now)
            except TablewrightError as error:
                self._sending.trouble = self._sending.trouble or error
            if self._sending.trouble is not None:
                raise self._sending.trouble
            since = self._sending.failing_since
            if since is not None and now - since > self._settings.patience_s:
                raise trouble.silent(self._sending.detail, self._settings.patience_s)
            if not self._sending.to_sync and not self._sending.idle:
                self._loop.turn(max(0.0, min(self._sending.due(now) - now, 0.2)))
            if now - self._shown >= _SHOWN_EVERY_S:
                self._shown = now
                yield self._snapshot()
        if group:
            self._at = min(record.number for record in group.values())
            self._keep()

    def _ended(self, slot: Slot, ended: Ended) -> None:
        record = slot.of
        assert isinstance(record, UndoRecord)
        self._tally.read += 1
        if ended.outcome == "changed":
            self._tally.changed += 1
        elif ended.outcome == "set-aside":
            self._tally.set_aside += 1
            if len(self._reasons) < _REASONS_SAID:
                self._reasons.append(ended.reason)
        else:
            found = "gone" if ended.outcome == "gone" else fate(record.edit, slot.seen)
            self._tally.gone += found == "gone"
            self._tally.kept += found == "kept"
            self._tally.unchanged += found == "as-before"

    def _kept(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = orjson.loads(self._position.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if found.get("size") == self._size else {}

    def _keep(self) -> None:
        tally = {name: getattr(self._tally, name) for name in Tally.__slots__}
        told = orjson.dumps({"size": self._size, "at": self._at, "tally": tally})
        temporary = self._position.with_name(f"{_POSITION}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(told)
        temporary.replace(self._position)

    def _snapshot(self) -> Progress:
        now = self._loop.now()
        elapsed = max(now - self._began, 0.001)
        done = self._size - self._at
        return Progress(
            phase="undo",
            at=self._clock.now(),
            elapsed_s=now - self._began,
            items_read=self._tally.read,
            items_written=self._tally.changed,
            bytes_read=done,
            items_per_s=self._tally.read / elapsed,
            write_units=self._sending.pacer.consumed,
            write_allowed=self._sending.pacer.allowed,
            throttled=self._sending.pacer.throttles,
            retried=self._sending.retried,
            conflicts=self._tally.kept,
            eta_s=elapsed * self._at / done if done else None,
        )


def _nothing(slot: Slot, command: Record) -> int:
    """What is played back is not written down again: it stands there."""
    return -1
