"""Reading a table and copying one: what the machine decides, performed over the wire in one thread."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from tablewright.errors import Failed, TablewrightError
from tablewright.migrate.engine.batches import MOST_ITEMS
from tablewright.migrate.engine.commands import (
    Acknowledge,
    Command,
    Ending,
    Failure,
    Finish,
    Input,
    NewCeilings,
    PageRead,
    Read,
    ReadFailed,
    Stop,
    Wait,
    Write,
    WriteFailed,
)
from tablewright.migrate.engine.endings import silent, too_many, unwritable
from tablewright.migrate.engine.machine import Machine
from tablewright.migrate.engine.meter import Meter
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.engine.performing import FileReads, FileWrites, TableReads, TableWrites
from tablewright.migrate.engine.reading import Reading
from tablewright.migrate.engine.values import (
    Acknowledged,
    CopySettings,
    Journal,
    Letters,
    PageSink,
    PageSource,
    SourcePage,
)
from tablewright.migrate.events import ItemSetAside, MigrationEvent, PaceChanged, Paused
from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.job import Pace
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable
from tablewright.migrate.wire.loop import Loop
from tablewright.ports import Clock

__all__ = ["ceilings", "copy", "scan"]

_TICK_S = 0.2
_SHOW_S = 1.0
_COLLECT_S = 5.0
_GROUP_S = 0.01
"""Acknowledged pages are written down together when they come within this time."""
_READ_CONNECTIONS = 32
_GRACE_S = 5.0
"""How long a stop waits for pages that were read already."""


def ceilings(
    pace: Pace, read_capacity: float | None, write_capacity: float | None
) -> tuple[float | None, float | None]:
    """Units a second that a pace allows of what two tables give; None for no limit.

    Units that are asked for beside the whole table hold alone: an on-demand table may give more than it is known to.
    """
    return _ceiling(pace.share, read_capacity, pace.read_units), _ceiling(pace.share, write_capacity, pace.write_units)


def _ceiling(share: float, gives: float | None, units: float | None) -> float | None:
    if gives is None or (units is not None and share >= 1):
        return units
    return gives * share if units is None else min(gives * share, units)


def scan(
    table: OpenTable,
    *,
    segments: int,
    starts: Mapping[int, bytes | None] | None = None,
    consistent: bool = True,
    pace: Pace | None = None,
    capacity: float | None = None,
    memory: int = 48 << 20,
    patience_s: float = 300.0,
) -> Iterator[SourcePage]:
    """Every page of the table, as they come: in order within a segment, in none between segments.

    ``starts``: only these segments, each from the position behind which it goes on (None: from its beginning). ``capacity``:
    read units a second that the table gives. Raises what makes going on impossible.
    """
    with _without_collector():
        yield from _scanned(table, segments, starts, consistent, pace or Pace(share=1.0), capacity, memory, patience_s)


def _scanned(
    table: OpenTable,
    segments: int,
    starts: Mapping[int, bytes | None] | None,
    consistent: bool,
    pace: Pace,
    capacity: float | None,
    memory: int,
    patience_s: float,
) -> Iterator[SourcePage]:
    inbox: list[Input] = []
    loop = Loop()
    ceiling, _ = ceilings(pace, capacity, None)
    begun: Mapping[int, bytes | None] = dict.fromkeys(range(segments)) if starts is None else starts
    reading = Reading(begun, Pacer(ceiling, loop.now()), memory)
    reads = TableReads(loop, table, segments, inbox, consistent=consistent, connections=_READ_CONNECTIONS)
    failing_since: float | None = None
    collect_at = loop.now() + _COLLECT_S
    try:
        while not reading.over:
            now = loop.now()
            for read in reading.next(now, reads.free):
                reads.read(read)
            if not inbox:
                loop.turn(_until(reading.due(now), now))
            told, inbox[:] = inbox[:], []
            for answer in told:
                if isinstance(answer, PageRead):
                    failing_since = None
                    page = reading.came(answer, loop.now())
                    if page is not None:
                        if loop.now() >= collect_at:  # what whoever takes the pages leaves behind
                            gc.collect(1)
                            collect_at = loop.now() + _COLLECT_S
                        yield page
                        reading.release(page.size)
                elif isinstance(answer, ReadFailed):
                    reading.failed(answer, loop.now(), loop.draw())
                    failing_since = failing_since or loop.now()
                    if reads.trouble is not None:
                        raise reads.trouble
                    if loop.now() - failing_since > patience_s:
                        raise silent(answer.detail, patience_s)
    finally:
        reads.close()
        loop.close()


def copy(
    source: OpenTable | PageSource,
    target: OpenTable | PageSink,
    *,
    transform: Transform,
    journal: Journal,
    letters: Letters,
    clock: Clock,
    settings: CopySettings | None = None,
    stopping: Callable[[], bool] = bool,
) -> Iterator[MigrationEvent]:
    """Copy what the journal says is still to do; yields Progress about once a second and at the end, ItemSetAside, PaceChanged.

    Ends by returning when every segment is done; after Paused when a pause was wished for or ``stopping`` said True. Raises
    Failed ``too-many-set-aside``, or whatever made going on impossible, in each case after acknowledging what is acknowledged.
    """
    run = _Copy(source, target, transform, journal, letters, clock, settings or CopySettings())
    with _without_collector():
        try:
            yield from run.events(stopping)
        finally:
            run.close()


class _Copy:
    """One run of a copy: the machine, the wire, and what is written down."""

    def __init__(
        self,
        source: OpenTable | PageSource,
        target: OpenTable | PageSink,
        transform: Transform,
        journal: Journal,
        letters: Letters,
        clock: Clock,
        settings: CopySettings,
    ) -> None:
        self._journal = journal
        self._letters = letters
        self._settings = settings
        self._loop = loop = Loop()
        self._inbox: list[Input] = []
        positions = journal.positions()
        self._pace = journal.wishes().pace or settings.pace
        read, write = ceilings(self._pace, settings.read_capacity, settings.write_capacity)
        self._meter = Meter(positions, journal.segments, settings.expected, clock.now, loop.now())
        letters.rewind(journal.letters_at())
        self._letters_at = journal.letters_at()
        self._reads = (
            TableReads(
                loop,
                source,
                journal.segments,
                self._inbox,
                consistent=settings.consistent,
                connections=_READ_CONNECTIONS,
                parsed=lambda: transform.parses,
            )
            if isinstance(source, OpenTable)
            else FileReads(source, self._inbox)
        )
        self._writes = (
            TableWrites(loop, target, self._inbox, only_new=settings.only_new, connections=settings.connections)
            if isinstance(target, OpenTable)
            else FileWrites(target, self._inbox)
        )
        if not isinstance(target, OpenTable):
            target.start(positions)
        self._machine = Machine(
            {number: position.after for number, position in positions.items() if not position.done},
            transform=transform,
            read_pacer=Pacer(read, loop.now()),
            write_pacer=Pacer(write, loop.now()),
            same=_same,
            memory=settings.memory,
            budget=max(settings.dead_letters - self._meter.total.set_aside, 0),
            patience_s=settings.patience_s,
            now=loop.now(),
            most=(1 if settings.only_new else MOST_ITEMS) if isinstance(target, OpenTable) else None,
        )
        self._trouble: Exception | None = None
        self._pending: list[Acknowledged] = []
        self._pending_since = 0.0
        self._finish: Finish | None = None
        self._stopped = ""
        self._cuts = 0

    def events(self, stopping: Callable[[], bool]) -> Iterator[MigrationEvent]:
        """Run to the end."""
        loop, machine, inbox = self._loop, self._machine, self._inbox
        next_tick = loop.now()
        next_show = loop.now() + _SHOW_S
        next_collection = loop.now() + _COLLECT_S
        while self._finish is None:
            now = loop.now()
            if now >= next_tick:
                next_tick = now + _TICK_S
                yield from self._tick(stopping, now)
            told, inbox[:] = inbox[:], []
            commands = machine.step(told, now=now, draw=loop.draw(), reads=self._reads.free, writes=self._writes.free)
            until = self._perform(commands, now)
            if self._pending and (self._finish is not None or now - self._pending_since >= _GROUP_S):
                yield from self._write_down()
            if now >= next_show:
                next_show = now + _SHOW_S
                if now >= next_collection:
                    next_collection = now + _COLLECT_S
                    gc.collect(1)
                snapshot = self._meter.snapshot(machine, now)
                self._journal.show(snapshot)
                yield snapshot
            if self._finish is None:
                limit = next_tick if not self._pending else min(next_tick, self._pending_since + _GROUP_S)
                self._turn(0.0 if inbox else _until(min(until, limit), loop.now()))
        yield from self._end()

    def close(self) -> None:
        """Close the wire; what is on its way gets no answer."""
        self._reads.close()
        self._writes.close()
        self._loop.close()

    def _turn(self, timeout: float) -> None:
        try:
            self._loop.turn(timeout)
        except TablewrightError as error:
            self._halt(error)

    def _perform(self, commands: Sequence[Command], now: float) -> float:
        """Do what the machine said; until when it waits."""
        until = now
        for command in commands:
            try:
                if isinstance(command, Write):
                    self._writes.write(command)
                elif isinstance(command, Read):
                    self._reads.read(command)
                elif isinstance(command, Wait):
                    until = command.until
                elif isinstance(command, Acknowledge):
                    for page in command.pages:
                        self._acknowledge(self._writes.acknowledged(page), now)
                else:
                    self._finish = command
                    self._acknowledge(self._writes.finish(), now)
            except TablewrightError as error:
                self._halt(error)
                if isinstance(command, Write):
                    self._inbox.append(WriteFailed(command.write, Failure.AGAIN, str(error)))
                elif isinstance(command, Read):
                    self._inbox.append(ReadFailed(command.read, Failure.AGAIN, str(error)))
        return until

    def _halt(self, error: TablewrightError) -> None:
        """Nothing new; the error is raised when all that is on its way has come back."""
        self._trouble = self._trouble or error
        self._inbox.append(Stop())

    def _acknowledge(self, pages: Sequence[Acknowledged], now: float) -> None:
        if pages and not self._pending:
            self._pending_since = now
        self._pending += pages

    def _write_down(self) -> Iterator[MigrationEvent]:
        """Dead letters first, then the positions that make them and their pages done."""
        pages, self._pending = self._pending, []
        aside = [item for page in pages for item in page.set_aside]
        number = self._meter.total.set_aside
        try:
            if aside:
                self._letters_at = self._letters.add(aside)
            self._journal.acknowledge(pages, self._letters_at)
        except OSError as error:
            raise unwritable(error) from error
        self._meter.add(pages)
        for item in aside:
            number += 1
            yield ItemSetAside(number, item.reason)

    def _tick(self, stopping: Callable[[], bool], now: float) -> Iterator[MigrationEvent]:
        """Several times a second: has anybody asked for anything, and has a table's throttling changed the pace?"""
        wishes = self._journal.wishes()
        if not self._stopped and (wishes.pause or stopping()):
            self._stopped = "somebody asked for a pause" if wishes.pause else "it was interrupted"
            self._inbox.append(Stop(_GRACE_S))
        settings = self._settings
        if wishes.pace is not None and wishes.pace != self._pace:
            self._pace = wishes.pace
            read, write = ceilings(self._pace, settings.read_capacity, settings.write_capacity)
            self._inbox.append(NewCeilings(read, write))
            yield PaceChanged(str(self._pace), "it was asked for", read, write)
        yield from self._cut()

    def _cut(self) -> Iterator[MigrationEvent]:
        """Has a table's throttling changed the pace since that was last said?"""
        read_pacer, write_pacer = self._machine.reading.pacer, self._machine.writing.pacer
        if read_pacer.cuts + write_pacer.cuts > self._cuts:
            self._cuts = read_pacer.cuts + write_pacer.cuts
            yield PaceChanged(str(self._pace), "DynamoDB throttled", read_pacer.allowed, write_pacer.allowed)

    def _end(self) -> Iterator[MigrationEvent]:
        finish = self._finish
        assert finish is not None
        if self._pending:
            yield from self._write_down()
        yield from self._cut()  # a short copy may have ended before its first tick
        snapshot = self._meter.snapshot(self._machine, self._loop.now())
        self._journal.show(snapshot)
        yield snapshot
        trouble = self._trouble or self._reads.trouble or self._writes.trouble
        if finish.ending is Ending.DONE and self._trouble is None:  # a sink may fail on the very last page
            return
        if finish.ending is Ending.TOO_MANY:
            self._letters.add(
                finish.unacknowledged
            )  # to be looked at; a resume cuts them off and comes upon them again
            raise too_many(self._settings.dead_letters, self._meter.total.set_aside, finish)
        if trouble is not None:
            raise trouble
        if finish.ending is Ending.SILENT:
            raise silent(finish.detail, self._settings.patience_s)
        if finish.ending is Ending.FAILED:
            raise Failed("copy-failed", "The copy cannot go on", finish.detail)
        yield Paused(self._stopped)


def _until(until: float, now: float) -> float:
    return max(0.0, min(until - now, _TICK_S))


def _same(one: bytes, other: bytes) -> bool:
    return canonical(one) == canonical(other)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pages are hundreds of thousands of small objects without cycles, which the collector would look at again and again.

    What the process had frozen already stays so: unfreezing knows no parts.
    """
    enabled, frozen = gc.isenabled(), gc.get_freeze_count() > 0
    gc.collect()
    if not frozen:
        gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()
        if enabled:
            gc.enable()
