"""A change in place, from its first pass to its last: the table is read again until a pass finds nothing to change.

Writers go on meanwhile, and may write the old form behind the scan; only a whole pass that finds nothing says that it is done. A
change that is not the same made twice as made once gets a single pass, and is never called verified.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from tablewright.events import Noted
from tablewright.migrate.checkpoint.store import Checkpoint
from tablewright.migrate.dead_letters import DeadLetters, read_letters
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.engine.run import ceilings, scan
from tablewright.migrate.engine.values import Acknowledged, Counts, SetAside, SourcePage
from tablewright.migrate.events import (
    ItemSetAside,
    MigrationEvent,
    PaceChanged,
    Paused,
    PhaseEnded,
    PhaseStarted,
    Progress,
)
from tablewright.migrate.inplace import outcome, trouble
from tablewright.migrate.inplace.edit import Reckoner, applied
from tablewright.migrate.inplace.expiry import Expiry
from tablewright.migrate.inplace.index_keys import IndexKeys
from tablewright.migrate.inplace.outcome import Tally
from tablewright.migrate.inplace.passing.run import PageDone, Pass, one_for_one, stretch
from tablewright.migrate.inplace.undo_file import UndoFile, UndoHeader, unsettled
from tablewright.migrate.items.key import KeyReader
from tablewright.migrate.job import Pace
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable
from tablewright.migrate.wire.loop import Loop
from tablewright.model.table import Index, Key
from tablewright.ports import Clock

__all__ = ["InPlaceSettings", "change"]

_PASS = "in-place-pass"
_ONCE = "in-place-once"
_SHOWN_EVERY_S = 1.0
_FORETOLD = 200
_NOTHING = SourcePage(0, (), None, 0)


@dataclass(frozen=True, slots=True)
class InPlaceSettings:
    """How a change in place goes about it.

    ``letters`` and ``undo``: where the files are. ``read_capacity`` and ``write_capacity``: units a second that the table gives,
    None where that is unknown. ``indexes``: those that the table has; ``planned``: those that it is to get, for warnings.
    ``expiry``: the attribute by which the table's TTL deletes, None for none.
    ``passes``: over the table at most, in one run; 1 for no second look. ``expected``: items, for display.
    """

    letters: Path
    undo: Path
    pace: Pace = field(default_factory=Pace)
    read_capacity: float | None = None
    write_capacity: float | None = None
    dead_letters: int = 0
    indexes: tuple[Index, ...] = ()
    planned: tuple[Index, ...] = ()
    expiry: str | None = None
    passes: int = 5
    expected: int | None = None
    connections: int = 64
    patience_s: float = 300.0


def change(
    table: OpenTable,
    *,
    keys: tuple[Key, ...],
    transform: Transform,
    checkpoint: Checkpoint,
    header: UndoHeader,
    clock: Clock,
    settings: InPlaceSettings,
    stopping: Callable[[], bool] = bool,
) -> Iterator[MigrationEvent]:
    """Change every item of the table that needs it, losing nobody's update; goes on where the checkpoint says.

    ``transform`` yields one item under the same key. The last event is Finished, with Paused before it when it was stopped.
    Raises Failed (``too-many-set-aside``, ``disk-full`` …), Refused for an undo file of another change, and what a table raises.
    """
    run = _Change(table, keys, transform, checkpoint, header, clock, settings, stopping)
    try:
        yield from run.events()
    finally:
        run.close()


class _Change:
    def __init__(
        self,
        table: OpenTable,
        keys: tuple[Key, ...],
        transform: Transform,
        checkpoint: Checkpoint,
        header: UndoHeader,
        clock: Clock,
        settings: InPlaceSettings,
        stopping: Callable[[], bool],
    ) -> None:
        self._table, self._transform, self._checkpoint = table, transform, checkpoint
        self._keys = KeyReader(keys)
        self._job = header.job
        self._clock, self._settings, self._stopping = clock, settings, stopping
        self._loop = Loop()
        self._pace = checkpoint.wishes().pace or settings.pace
        read, write = ceilings(self._pace, settings.read_capacity, settings.write_capacity)
        self._reads, self._writes = Pacer(read, self._loop.now()), Pacer(write, self._loop.now())
        self._cuts = 0
        self._once = checkpoint.noted(_ONCE) is not None
        self._tally = _tally(checkpoint)
        self._letters = DeadLetters(settings.letters)
        self._letters.rewind(checkpoint.letters_at())
        self._letters_at = checkpoint.letters_at()
        self._aside = {self._keys(orjson.dumps(letter.item)) for letter in read_letters(settings.letters)}
        try:
            self._undo = UndoFile(settings.undo, header)
        except OSError as error:
            raise trouble.unwritable(error) from error
        self._index_keys = IndexKeys((*settings.indexes, *settings.planned), (index.name for index in settings.planned))
        self._expiry = Expiry(settings.expiry, clock.now().timestamp())
        self._began = self._shown = self._loop.now()
        self._bytes = 0
        self._recent = (self._began, self._tally.read, 0)
        self._retried = 0
        self._stopped = ""

    def close(self) -> None:
        """Let go of files and sockets."""
        self._undo.close()
        self._letters.close()
        self._loop.close()

    def events(self) -> Iterator[MigrationEvent]:
        number = int(self._checkpoint.noted(_PASS) or 1)
        # Of this run: one that is begun again, when the last writer has the new form, must be able to find nothing left.
        last = number + self._settings.passes - 1
        left: int | None = None
        while True:
            yield PhaseStarted("in-place", _title(number, self._table.name))
            found = Tally()
            if number == 1 and not self._tally.read:
                for text in self._foretold():
                    yield Noted("warning", text)
            yield from self._pass(number, found)
            if self._stopped:
                yield Paused(self._stopped)
                yield outcome.halted(self._tally, job=self._job, verb="resume")
                return
            yield PhaseEnded("in-place", f"{found.changed:,} of {found.read:,} items changed{_more(found)}")
            if number > 1:
                left = found.changed
            if left == 0 or number >= last or self._once:
                break
            number += 1
            self._checkpoint.note(_PASS, str(number))
        for text in (*self._index_keys.warnings(), *self._expiry.warnings()):
            yield Noted("warning", text)
        yield outcome.changed(
            self._tally,
            job=self._job,
            undo=str(self._settings.undo),
            letters=str(self._settings.letters),
            left=left,
            repeatable=not self._once,
        )

    def _foretold(self) -> tuple[str, ...]:
        """What the first items say of what is about to happen to indexes and to TTL, before any is changed."""
        keys = IndexKeys((*self._settings.indexes, *self._settings.planned), (i.name for i in self._settings.planned))
        expiry = Expiry(self._settings.expiry, self._clock.now().timestamp())
        if not keys and self._settings.expiry is None:
            return ()
        reckoner = Reckoner(
            one_for_one(self._transform), tuple(key.name for key in self._keys.keys), self._transform.reads
        )
        pages = scan(self._table, segments=1, consistent=False)
        items = next(pages, _NOTHING).items[:_FORETOLD]
        del pages  # and its connections
        for raw in items:
            item = orjson.loads(memoryview(raw))
            try:
                edit = reckoner.edit(item)
            except ValueError:
                continue  # it will be set aside, with its reason
            if edit is not None:
                keys.look(applied(item, edit.after))
                expiry.look(edit.before, edit.after)
        looked = len(items)
        return tuple(f"of the first {looked:,} items: {text}" for text in (*keys.warnings(), *expiry.warnings()))

    def _pass(self, number: int, found: Tally) -> Iterator[MigrationEvent]:
        segments = self._checkpoint.segments
        starts: dict[int, bytes | None] = dict.fromkeys(range(segments))
        if number == 1:
            starts = {n: position.after for n, position in self._checkpoint.positions().items() if not position.done}
        names = {stretch(number, segment): segment for segment in starts}
        records = unsettled(self._settings.undo, {name: starts[segment] for name, segment in names.items()})
        run = Pass(
            number,
            self._loop,
            self._table,
            starts=starts,
            segments=segments,
            transform=self._transform,
            keys=self._keys,
            undo=self._undo,
            doubtful={names[name]: left for name, left in records.items()},
            index_keys=self._index_keys if number == 1 else IndexKeys(()),
            expiry=self._expiry,
            reads=self._reads,
            writes=self._writes,
            connections=self._settings.connections,
            patience_s=self._settings.patience_s,
        )
        with closing(run):
            for done in run.events():
                yield from self._note_once(run)
                if done is not None:
                    yield from self._acknowledge(done, number, found)
                else:
                    yield from self._tick(run)
            yield self._snapshot(run)
        more = self._unacknowledged(run)
        budget, over = self._settings.dead_letters, self._tally.set_aside + len(more)
        if over > budget:
            self._letters.add(more)  # to be looked at; a resume cuts them off and comes upon them again
            raise trouble.too_many(budget, over, more[-1].reason if more else "see the dead-letter file")

    def _acknowledge(self, done: PageDone, number: int, found: Tally) -> Iterator[MigrationEvent]:
        """Dead letters first, then the position behind the page."""
        fresh = tuple(aside for aside in done.aside if self._is_fresh(aside))
        counts = Counts(
            read=done.tally.read if number == 1 else 0,
            written=done.tally.changed,
            bytes_read=done.page.size,
            set_aside=len(fresh),
        )
        # Behind the first pass the segments are done, and stay so: a killed pass begins again.
        position = done.page.position if number == 1 else None
        try:
            if fresh:
                self._letters_at = self._letters.add(fresh)
            self._checkpoint.acknowledge([Acknowledged(done.page.segment, position, counts, fresh)], self._letters_at)
        except OSError as error:
            raise trouble.unwritable(error) from error
        for tally, read in ((self._tally, counts.read), (found, done.tally.read)):
            tally.read += read
            tally.changed += done.tally.changed
            tally.unchanged += done.tally.unchanged
            tally.gone += done.tally.gone
            tally.conflicts += done.tally.conflicts
            tally.set_aside += len(fresh)
        self._bytes += done.page.size
        for at, aside in enumerate(fresh):
            yield ItemSetAside(self._tally.set_aside - len(fresh) + at + 1, aside.reason)

    def _note_once(self, run: Pass) -> Iterator[Noted]:
        """Remember, before a page is acknowledged, that no second pass may touch what the first has changed."""
        if run.repeatable or self._once:
            return
        self._once = True
        self._checkpoint.note(_ONCE, "yes")
        yield Noted(
            "warning",
            "this change made twice is not the same as made once: each item is changed in one pass, and no later pass can tell "
            "whether a writer has written the old form meanwhile",
        )

    def _unacknowledged(self, run: Pass) -> list[SetAside]:
        """What was set aside in pages that are not over, without what an earlier pass has set aside already."""
        return [aside for aside in run.unacknowledged if self._keys(aside.item) not in self._aside]

    def _is_fresh(self, aside: SetAside) -> bool:
        key = self._keys(aside.item)
        known = key in self._aside
        self._aside.add(key)
        return not known

    def _tick(self, run: Pass) -> Iterator[MigrationEvent]:
        wishes = self._checkpoint.wishes()
        now = self._loop.now()
        if not self._stopped and (wishes.pause or self._stopping()):
            self._stopped = "somebody asked for a pause" if wishes.pause else "it was interrupted"
            run.stop()
        if self._tally.set_aside + len(self._unacknowledged(run)) > self._settings.dead_letters:
            run.stop(0.0)
        if wishes.pace is not None and wishes.pace != self._pace:
            self._pace = wishes.pace
            read, write = ceilings(self._pace, self._settings.read_capacity, self._settings.write_capacity)
            self._reads.limit(read, now)
            self._writes.limit(write, now)
            yield PaceChanged(str(self._pace), "it was asked for", read, write)
        if self._reads.cuts + self._writes.cuts > self._cuts:
            self._cuts = self._reads.cuts + self._writes.cuts
            yield PaceChanged(str(self._pace), "DynamoDB throttled", self._reads.allowed, self._writes.allowed)
        if now - self._shown >= _SHOWN_EVERY_S:
            self._shown = now
            gc.collect(1)
            snapshot = self._snapshot(run)
            self._checkpoint.show(snapshot)
            yield snapshot

    def _snapshot(self, run: Pass) -> Progress:
        now = self._loop.now()
        then, read, size = self._recent
        span = max(now - then, 0.001)
        tally = self._tally + run.begun
        self._recent = (now, tally.read, self._bytes)
        rate = (tally.read - read) / span
        expected = self._settings.expected
        left = expected - tally.read if expected is not None else 0
        return Progress(
            phase="in-place",
            at=self._clock.now(),
            elapsed_s=now - self._began,
            items_read=tally.read,
            items_written=tally.changed,
            bytes_read=self._bytes,
            expected=expected,
            segments=self._checkpoint.segments,
            segments_done=sum(position.done for position in self._checkpoint.positions().values()),
            items_per_s=rate,
            bytes_per_s=(self._bytes - size) / span,
            read_units=self._reads.consumed,
            write_units=self._writes.consumed,
            read_allowed=self._reads.allowed,
            write_allowed=self._writes.allowed,
            throttled=self._reads.throttles + self._writes.throttles,
            retried=run.reading.retries + run.sending.retried,
            set_aside=tally.set_aside,
            conflicts=tally.conflicts,
            eta_s=left / rate if rate > 0 and left > 0 else None,
        )


def _tally(checkpoint: Checkpoint) -> Tally:
    """What earlier runs of the job came to."""
    counts = sum((position.counts for position in checkpoint.positions().values()), Counts())
    return Tally(read=counts.read, changed=counts.written, set_aside=counts.set_aside)


def _title(number: int, table: str) -> str:
    return (
        f"changing {table} in place"
        if number == 1
        else f"looking for what was written in the old form meanwhile ({number})"
    )


def _more(found: Tally) -> str:
    parts = [f"{found.gone:,} gone"] if found.gone else []
    parts += [f"{found.set_aside:,} set aside"] if found.set_aside else []
    parts += [f"{found.conflicts:,} written to in between"] if found.conflicts else []
    return f" ({', '.join(parts)})" if parts else ""
