"""The copy as a state machine: what came back goes in with the time, what should happen comes out. No clock, no chance, no I/O.

What it keeps, whatever happens in between:

- a page is acknowledged when each of its items is written or set aside, and the pages of a segment in their order;
- what failed, was throttled, or got no answer is sent again, later, and only then;
- an answer counts once, however often it comes;
- pages held take at most ``memory`` bytes (one page may always be held);
- nothing is read after a stop, nothing is written after its grace, and the end comes when all that was on its way has
  come back.

Writing a page twice writes the same, so a copy that is killed goes on from the last acknowledged page of each segment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

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
    ReadFailed,
    Stop,
    Wait,
    WriteFailed,
    Written,
)
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.engine.reading import Reading
from tablewright.migrate.engine.values import Acknowledged, Counts, SetAside, SourcePage
from tablewright.migrate.engine.writing import PageToWrite, Writing
from tablewright.migrate.transform.protocol import Transform

__all__ = ["Machine"]

AHEAD_S = 4.0
PAGE_S = 2.0
FEWEST = 10
"""At a slow pace, pages are small and few are read ahead: a page is only acknowledged whole, and a stop waits for begun ones."""

_GOLDEN = 0.6180339887498949


class _Page:
    """A page between reading and acknowledgement. ``size``: of what was read, and of what was made of it."""

    __slots__ = ("counts", "position", "rejected", "size", "source", "writing")

    def __init__(
        self, page: SourcePage, writing: PageToWrite, counts: Counts, rejected: tuple[SetAside, ...], size: int
    ) -> None:
        self.position = page.position
        self.source = page.items
        self.size = size
        self.writing = writing
        self.counts = counts
        self.rejected = rejected


class Machine:
    """``starts``: segment -> the position behind which it goes on. ``budget``: items that may be set aside from now on.

    ``step`` says what should happen; whoever performs it hands back what came of it, in any order.
    """

    def __init__(
        self,
        starts: Mapping[int, bytes | None],
        *,
        transform: Transform,
        read_pacer: Pacer,
        write_pacer: Pacer,
        same: Callable[[bytes, bytes], bool],
        memory: int,
        budget: int,
        patience_s: float,
        now: float,
        most: int | None = MOST_ITEMS,
    ) -> None:
        self.reading = Reading(starts, read_pacer, memory)
        self.writing = Writing(write_pacer, most=most, same=same)
        self._apply = transform.page
        self._whole = most is None
        self._pages: dict[int, deque[_Page]] = {segment: deque() for segment in starts}
        self._budget = budget
        self._patience_s = patience_s
        self._failing = ""
        self._failing_since = now
        self._ending: Ending | None = None
        self._detail = ""
        self._finished = False
        self._grace_until = float("-inf")
        self.read = 0  # items
        self.read_bytes = 0

    def step(self, inputs: Sequence[Input], *, now: float, draw: float, reads: int, writes: int) -> list[Command]:
        """What should happen, given what came back; ``reads`` and ``writes`` requests may be begun.

        ``draw`` is uniform in [0, 1). The last command is Wait or Finish.
        """
        if self._finished:
            return []
        commands: list[Command] = []
        touched: set[int] = set()
        for told in inputs:
            kind = type(told)
            if kind is Written:
                assert isinstance(told, Written)
                draw = (draw + _GOLDEN) % 1.0
                page = self.writing.came(told, now, draw)
                if page is not None:
                    self._failing = ""
                    if not page.open:
                        touched.add(page.segment)
            elif kind is PageRead:
                assert isinstance(told, PageRead)
                came = self.reading.came(told, now)
                if came is not None:
                    self._failing = ""
                    self._take(came)
                    touched.add(came.segment)
            else:
                draw = (draw + _GOLDEN) % 1.0
                self._hear(told, now, draw, touched)
        acknowledged = [page for segment in touched for page in self._complete(segment)]
        if acknowledged:
            commands.append(Acknowledge(tuple(acknowledged)))
        if self._failing and self._ending in (None, Ending.STOPPED) and now - self._failing_since > self._patience_s:
            self._end(Ending.SILENT, self._failing)
        if self._ending is None or now < self._grace_until:
            commands += self.writing.next(now, writes)
        if self._ending is None and reads and self._wanting():
            commands += self.reading.next(now, reads, self._limit())
        commands.append(self._last(now))
        return commands

    def _hear(self, told: Input, now: float, draw: float, touched: set[int]) -> None:
        if isinstance(told, WriteFailed):
            page = self.writing.failed(told, now, draw)
            if page is not None:
                touched.add(page.segment)
                self._failed(told.failure, told.detail, now)
                if page.set_aside:
                    self._count_aside()
        elif isinstance(told, ReadFailed):
            if self.reading.failed(told, now, draw):
                invalid = told.failure in (Failure.INVALID, Failure.CONFLICT)
                self._failed(Failure.FATAL if invalid else told.failure, told.detail, now)
        elif isinstance(told, NewCeilings):
            self.reading.pacer.limit(told.read, now)
            self.writing.pacer.limit(told.write, now)
        elif isinstance(told, Stop):
            if self._ending is None:
                self._grace_until = now + told.grace_s
            self._end(Ending.STOPPED, "")

    def _wanting(self) -> bool:
        """Whether more is to be read: what waits to be written takes less than a few seconds at the pace of the moment."""
        allowed = self.writing.pacer.allowed
        return allowed is None or self.writing.waiting_units < AHEAD_S * allowed

    def _limit(self) -> int | None:
        """Items of a page that are written within a few seconds; None for as many as come."""
        allowed = self.writing.pacer.allowed
        return None if allowed is None else max(FEWEST, int(PAGE_S * allowed / max(self.writing.item_units, 0.001)))

    def _take(self, page: SourcePage) -> None:
        """Transform a page, and have it written."""
        items = page.items
        became = self._apply(items)
        sizes = list(map(len, cast("Sequence[bytes]", became.items)))
        rejected = tuple(SetAside(r.item, r.reason) for r in became.rejected)
        writing = PageToWrite(page.segment, became.items, sizes, became.keys)
        counts = Counts(len(items), len(sizes), page.size, writing.size, len(rejected))
        made = 0 if became.items is items else writing.size
        self.reading.hold(made)
        self._pages[page.segment].append(_Page(page, writing, counts, rejected, page.size + made))
        self.read += len(items)
        self.read_bytes += page.size
        if sizes:
            self.writing.add(writing)
        if rejected:
            self._count_aside()

    def _complete(self, segment: int) -> list[Acknowledged]:
        pages = self._pages[segment]
        done: list[Acknowledged] = []
        while pages and pages[0].writing.done:
            page = pages[0]
            refused = page.writing.set_aside
            aside = page.rejected
            if refused:
                aside += tuple(self._as_read(page))
            if len(aside) > self._budget:
                break  # it is not acknowledged, so that a resume comes upon it again
            pages.popleft()
            self.reading.release(page.size)
            counts = page.counts
            if refused:
                lost = sum(len(s.item) for s in refused)
                conflicts = sum(s.conflict for s in aside)
                counts += Counts(0, -len(refused), 0, -lost, len(aside) - len(page.rejected), conflicts)
            self._budget -= len(aside)
            items = page.writing.items if self._whole else ()
            done.append(Acknowledged(segment, page.position, counts, aside, items))
        return done

    def _as_read(self, page: _Page) -> Iterator[SetAside]:
        """The items of the source that became what the target refused, each once: a mended transform is to be given those."""
        if page.source is page.writing.items:
            yield from page.writing.set_aside
            return
        refused = {bytes(each.item): each for each in page.writing.set_aside}
        for item in page.source:
            became = [found for made in self._apply((item,)).items if (found := refused.pop(bytes(made), None))]
            if became:
                conflict = any(each.conflict for each in became)
                yield replace(became[0], item=bytes(item), conflict=conflict)
            if not refused:
                return
        yield from refused.values()  # of a transform that makes another thing of an item each time

    def _waiting_aside(self) -> tuple[SetAside, ...]:
        """Items set aside from pages that are not acknowledged yet."""
        held = (page for pages in self._pages.values() for page in pages)
        return tuple(item for page in held for item in (*page.rejected, *self._as_read(page)))

    def _count_aside(self) -> None:
        held = [page for pages in self._pages.values() for page in pages]
        if sum(len(page.rejected) + len(page.writing.set_aside) for page in held) <= self._budget:
            return  # more than these they are not
        waiting = self._waiting_aside()
        if len(waiting) > self._budget:
            self._end(Ending.TOO_MANY, waiting[-1].reason)

    def _failed(self, failure: Failure, detail: str, now: float) -> None:
        if failure is Failure.FATAL:
            self._end(Ending.FAILED, detail)
        elif failure in (Failure.THROTTLED, Failure.AGAIN, Failure.GARBLED):
            if not self._failing:
                self._failing_since = now
            self._failing = detail or failure.value
        else:
            self._failing = ""

    def _end(self, ending: Ending, detail: str) -> None:
        if self._ending is None or (self._ending is Ending.STOPPED and ending is not Ending.STOPPED):
            if ending is not Ending.STOPPED:
                self._grace_until = float("-inf")
            self._ending = ending
            self._detail = detail

    def _last(self, now: float) -> Wait | Finish:
        under_way = self.reading.under_way + self.writing.under_way
        held = any(self._pages.values())
        stopped = self._ending is not None and (not held or now >= self._grace_until)
        if not under_way and (stopped or (self.reading.over and not held)):
            self._finished = True
            ending = self._ending
            if ending is None or (ending is Ending.STOPPED and self.reading.over and not held):
                ending = Ending.DONE
            return Finish(ending, self._detail, self._waiting_aside())
        if self._ending is not None:
            return Wait(min(self.writing.due(now), self._grace_until) if now < self._grace_until else float("inf"))
        due = min(self.reading.due(now) if self._wanting() else float("inf"), self.writing.due(now))
        if self._failing:
            due = min(due, self._failing_since + self._patience_s + 0.001)
        return Wait(due)
