"""One pass over the table: pages read, their edits written down and sent, pages acknowledged when every item's life is over.

Of each segment one page is worked at, so that what stands behind the checkpoint in the undo file is one page's records.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from tablewright.errors import TablewrightError
from tablewright.migrate.engine.commands import Input, PageRead, ReadFailed
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.engine.performing import TableReads
from tablewright.migrate.engine.reading import Reading
from tablewright.migrate.engine.values import SetAside, SourcePage
from tablewright.migrate.inplace import trouble
from tablewright.migrate.inplace.edit import Attributes, NotInPlace, Reckoner, applied
from tablewright.migrate.inplace.expiry import Expiry
from tablewright.migrate.inplace.index_keys import IndexKeys
from tablewright.migrate.inplace.life import Ended, Record, begin, resume
from tablewright.migrate.inplace.outcome import Tally
from tablewright.migrate.inplace.sending.run import Sending, Slot
from tablewright.migrate.inplace.undo_file import UndoFile, UndoRecord
from tablewright.migrate.items.key import KeyReader
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable
from tablewright.migrate.wire.loop import Loop

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["PageDone", "Pass", "one_for_one"]

_TICK_S = 0.2
_PAGE_ITEMS = 500
_PAGE_S = 3.0
"""A page has at most so many items, and as many as can be changed in so many seconds: what is looked at again after a kill."""
_FEWEST = 20
_GRACE_S = 5.0
"""How long pages that were begun may take to end when somebody asks to stop."""
_MEMORY = 8 << 20
"""Bytes of pages held: what is read long before it is changed was changed by somebody else meanwhile."""


def one_for_one(transform: Transform) -> Callable[[Attributes], Attributes]:
    """The transform as what makes one item of one. Raises TransformError, and NotInPlace where it makes none or several."""

    def made(item: Attributes) -> Attributes:
        found = transform.apply(orjson.dumps(item))
        if len(found) != 1:
            raise NotInPlace(
                f"the transform makes {len(found)} items of it, and an item that is changed where it is stays one: "
                "copy to another table instead"
            )
        new: dict[str, dict[str, Any]] = orjson.loads(memoryview(found[0]))
        return new

    return made


@dataclass(frozen=True, slots=True)
class PageDone:
    """A page every item of which is over; everything of it is on the disk."""

    page: SourcePage
    tally: Tally
    aside: tuple[SetAside, ...]


@dataclass(slots=True)
class _Page:
    source: SourcePage
    left: int = 0
    tally: Tally = field(default_factory=Tally)
    aside: list[SetAside] = field(default_factory=list)


class Pass:
    """``number`` names the pass in the undo file. ``doubtful``: by segment, what a killed run left (``undo_file.unsettled``)."""

    def __init__(
        self,
        number: int,
        loop: Loop,
        table: OpenTable,
        *,
        starts: Mapping[int, bytes | None],
        segments: int,
        transform: Transform,
        keys: KeyReader,
        undo: UndoFile,
        doubtful: Mapping[int, list[UndoRecord]],
        index_keys: IndexKeys,
        expiry: Expiry,
        reads: Pacer,
        writes: Pacer,
        connections: int,
        patience_s: float,
    ) -> None:
        self._number = number
        self._loop = loop
        self._keys = keys
        self._undo = undo
        self._index_keys = index_keys
        self._expiry = expiry
        self._patience_s = patience_s
        self._transform = transform
        self.reckoner = Reckoner(one_for_one(transform), tuple(key.name for key in keys.keys), transform.reads)
        self._doubtful = {segment: self._by_key(records) for segment, records in doubtful.items() if records}
        self._inbox: list[Input] = []
        self.reading = Reading(starts, reads, _MEMORY)
        self._source = TableReads(loop, table, segments, self._inbox, consistent=True, connections=16)
        self.sending = Sending(
            loop,
            table,
            writes,
            connections=connections,
            record=self._record,
            ended=self._ended,
            old=transform.reads is None,
        )
        self._waiting: dict[int, deque[SourcePage]] = {}
        self._active: dict[int, _Page] = {}
        self._complete: list[_Page] = []
        self._stopping = False
        self._stop_by = float("inf")
        self._failing_since: float | None = None
        self._detail = ""
        self.unacknowledged: list[SetAside] = []
        self.repeatable = True
        self._is_declared = transform.level == 1

    @property
    def begun(self) -> Tally:
        """Of the pages that are not over, what is."""
        return sum((page.tally for page in self._active.values()), Tally())

    def stop(self, grace_s: float = _GRACE_S) -> None:
        """Begin no page any more; those that were begun may end for a while, and what is on its way comes back in any case."""
        self._stopping = True
        self._stop_by = min(self._stop_by, self._loop.now() + grace_s)

    def close(self) -> None:
        """Close all connections."""
        self._source.close()
        self.sending.close()

    def events(self) -> Iterator[PageDone | None]:
        """Runs to the end of the pass, or until it has stopped; None about five times a second.

        Raises what made going on impossible, after what was on its way has come back, and Failed for the disk.
        """
        loop = self._loop
        tick = loop.now()
        while not self._over():
            now = loop.now()
            try:
                if not self._stopping:
                    self._read(now)
                self._receive(now)
                self._sync()
                if now >= self._stop_by:
                    self.sending.drop()
                else:
                    self.sending.pump(now)
            except TablewrightError as error:
                self.sending.trouble = self.sending.trouble or error
            yield from self._done()
            self._watch(now)
            if now >= tick:
                tick = now + _TICK_S
                yield None
            if not self._inbox and not self.sending.to_sync and not self._over():
                due = min(tick, self.sending.due(now) if now < self._stop_by else tick)
                if not self._stopping:
                    due = min(due, self.reading.due(now))
                loop.turn(max(0.0, min(due - loop.now(), _TICK_S)))
        found = self.sending.trouble or self._source.trouble
        if found is not None:
            raise found

    # Reading.

    def _over(self) -> bool:
        if self._stopping:
            ended = not self._active if self._loop.now() < self._stop_by else not self.sending.under_way
            return ended and not self._complete
        return self.reading.over and not self._active and not self._complete and not any(self._waiting.values())

    def _read(self, now: float) -> None:
        allowed = self.sending.pacer.allowed
        most = _PAGE_ITEMS if allowed is None else max(_FEWEST, min(_PAGE_ITEMS, int(allowed * _PAGE_S)))
        for read in self.reading.next(now, self._source.free, most):
            self._source.read(read)

    def _receive(self, now: float) -> None:
        told, self._inbox[:] = self._inbox[:], []
        for answer in told:
            if isinstance(answer, PageRead):
                self._failing_since = None
                page = self.reading.came(answer, now)
                if page is not None:
                    self._waiting.setdefault(page.segment, deque()).append(page)
            elif isinstance(answer, ReadFailed):
                self.reading.failed(answer, now, self._loop.draw())
                self._failing_since = self._failing_since or now
                self._detail = answer.detail
        if self._stopping:
            return
        for segment, pages in self._waiting.items():
            if pages and segment not in self._active:
                self._begin(pages.popleft())

    def _begin(self, page: SourcePage) -> None:
        """Every item of a page: what does it need?"""
        of = self._active[page.segment] = _Page(page, left=len(page.items))
        doubtful = self._doubtful.get(page.segment)
        stretch = self._stretch(page.segment)
        for raw in page.items:
            item: dict[str, dict[str, Any]] = orjson.loads(memoryview(raw))
            key = {name: item[name] for name in self.reckoner.keys}
            records = doubtful.pop(self._keys(raw), None) if doubtful else None
            if records:
                life, command = resume(key, tuple(record.edit for record in records))
                was = applied(item, records[0].edit.before)
                self.repeatable = self.repeatable and self._is_repeatable(was)
            else:
                life, command = begin(key, item, self.reckoner)
                if isinstance(command, Record):
                    self.repeatable = self.repeatable and self._is_repeatable(item)
            slot = Slot(life, command, self.reckoner, of, stretch, seen=item, size=memoryview(raw).nbytes)
            self.sending.put(slot)
        if not page.items:
            self._complete.append(of)

    def _is_repeatable(self, item: Attributes) -> bool:
        """Whether the change of this item made twice is the same as made once."""
        if self._is_declared:
            return True  # a law of declared operations
        try:
            return self.reckoner.edit(self.reckoner.transform(item)) is None
        except ValueError:
            return False

    # Writing down.

    def _stretch(self, segment: int) -> str:
        return stretch(self._number, segment)

    def _record(self, slot: Slot, command: Record) -> int:
        return self._undo.add(UndoRecord(command.edit, slot.stretch, voids=command.voids))

    def _sync(self) -> None:
        if not self.sending.to_sync:
            return
        try:
            self._undo.sync()
        except OSError as error:
            self.sending.drop()
            raise trouble.unwritable(error) from error
        self.sending.recorded()

    def _ended(self, slot: Slot, ended: Ended) -> None:
        page = slot.of
        assert isinstance(page, _Page)
        page.tally.read += 1
        page.tally.conflicts += ended.conflicts
        self._undo.void(slot.stretch, ended.voids)
        match ended.outcome:
            case "changed":
                page.tally.changed += 1
            case "gone":
                page.tally.gone += 1
            case "set-aside":
                page.tally.set_aside += 1
                page.aside.append(SetAside(orjson.dumps(slot.seen), ended.reason))
                self.unacknowledged.append(page.aside[-1])
            case _:
                page.tally.unchanged += 1
        if ended.outcome in ("changed", "unchanged") and slot.seen is not None:
            edit = slot.life.edit
            if self._index_keys:
                self._index_keys.look(slot.seen if edit is None else applied(slot.seen, edit.after))
            if edit is not None:
                self._expiry.look(edit.before, edit.after)
        page.left -= 1
        if not page.left:
            self._complete.append(page)

    def _done(self) -> Iterator[PageDone]:
        """Pages whose items are all over: their ends are written down before anybody acknowledges them."""
        if not self._complete:
            return
        complete, self._complete = self._complete, []
        for page in complete:
            segment = page.source.segment
            self._undo.end(self._stretch(segment), page.source.position)
            for records in (self._doubtful.get(segment) or {}).values():
                for record in records:
                    self._undo.add(record)  # not met yet: it stays unsettled behind this end
        try:
            self._undo.sync()
        except OSError as error:
            raise trouble.unwritable(error) from error
        for page in complete:
            yield PageDone(page.source, page.tally, tuple(page.aside))
            self.unacknowledged = [aside for aside in self.unacknowledged if aside not in page.aside]
            self._active.pop(page.source.segment, None)
            self.reading.release(page.source.size)

    def _watch(self, now: float) -> None:
        """Raise when nothing goes on any more."""
        if self.sending.trouble is not None or self._source.trouble is not None:
            self.stop(0.0)
            return
        for since, detail in ((self._failing_since, self._detail), (self.sending.failing_since, self.sending.detail)):
            if since is not None and now - since > self._patience_s:
                self.sending.trouble = trouble.silent(detail, self._patience_s)
                self.stop(0.0)

    def _by_key(self, records: list[UndoRecord]) -> dict[bytes, list[UndoRecord]]:
        found: dict[bytes, list[UndoRecord]] = {}
        for record in records:
            found.setdefault(self._keys(_json(record.edit.key)), []).append(record)
        return found


def stretch(number: int, segment: int) -> str:
    """The name of a pass over a segment in the undo file."""
    return f"{number}.{segment}"


def _json(key: Attributes) -> Buffer:
    return orjson.dumps(key)
