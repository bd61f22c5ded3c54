"""The writing half of the machine: pages cut into batches, segments in turn, what was not taken again later. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from tablewright.migrate.engine.backoff import delay
from tablewright.migrate.engine.batches import MOST_BYTES, MOST_ITEMS, ordered
from tablewright.migrate.engine.commands import Failure, Write, WriteFailed, Written
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.engine.values import SetAside

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["PageToWrite", "Writing"]

GARBLED_TRIES = 3


class PageToWrite:
    """A page's items, and how far their writing is. ``open``: batches that are on their way or to be tried again."""

    __slots__ = ("_at", "_batches", "_keys", "_sizes", "_spread", "items", "open", "segment", "set_aside", "size")

    def __init__(
        self, segment: int, items: Sequence[Buffer], sizes: Sequence[int], keys: Sequence[bytes] | None
    ) -> None:
        self.segment = segment
        self.open = 0
        self.set_aside: list[SetAside] = []
        self.items = items
        self._sizes = sizes
        self._keys = keys
        self._at = 0
        self._batches: list[list[int]] | None = None
        doubled = keys is not None and len(set(keys)) != len(keys)
        self.size = sum(sizes)
        self._spread = doubled or self.size > MOST_BYTES

    @property
    def begun(self) -> bool:
        """Whether every item is in a batch that was begun."""
        return self._at >= len(self.items if self._batches is None else self._batches)

    @property
    def done(self) -> bool:
        """Whether every item is written or set aside."""
        return self.open == 0 and self.begun

    def take(self, most: int) -> Sequence[Buffer]:
        """The items of the next batch, at most so many where the page can be cut anywhere."""
        items = self.items
        if not self._spread:
            at = self._at
            self._at = at + most
            return items[at : at + most]
        if self._batches is None:
            self._batches = ordered(self._sizes, self._keys, items=most)
        batch = self._batches[self._at]
        self._at += 1
        return [items[index] for index in batch]


class _Batch:
    """A batch on its way, or waiting to be tried again."""

    __slots__ = ("attempt", "items", "page", "sent", "taken")

    def __init__(self, page: PageToWrite, items: Sequence[Buffer], attempt: int = 0) -> None:
        self.page = page
        self.items = items
        self.attempt = attempt
        self.sent = 0.0
        self.taken: float | None = None


class Writing:
    """Writes pages in batches, each segment in turn, so that no one partition of the target is written alone.

    ``most``: items in a batch; None for whole pages. ``same(a, b)``: whether two items are equal, by which a conflict with what
    this copy wrote itself before is told from one with somebody else's item. An item comes back to its page as set aside.
    """

    def __init__(self, pacer: Pacer, *, most: int | None = MOST_ITEMS, same: Callable[[bytes, bytes], bool]) -> None:
        self.pacer = pacer
        self._most = most if most is not None else 1 << 40
        self._same = same
        self._turn: deque[deque[PageToWrite]] = deque()
        self._of: dict[int, deque[PageToWrite]] = {}
        self._now: deque[_Batch] = deque()
        self._later: list[tuple[float, int, _Batch]] = []
        self._flights: dict[int, _Batch] = {}
        self._number = 0
        self.item_units = 1.0  # that an item consumes, as far as was seen
        self.retries = 0
        self.waiting = 0  # items taken on and not written
        self.written = 0  # items that came back as written
        self.taken = 0  # items taken on
        self.taken_bytes = 0

    @property
    def under_way(self) -> int:
        """How many writes are on their way."""
        return len(self._flights)

    @property
    def waiting_units(self) -> float:
        """What writing all that was taken on will consume."""
        return self.waiting * self.item_units

    def due(self, now: float) -> float:
        """When something may be begun that may not be now; infinity when nothing waits for time."""
        due = self._later[0][0] if self._later else float("inf")
        if self._turn or self._now:
            due = min(due, now + self.pacer.wait(now))
        return due

    def add(self, page: PageToWrite) -> None:
        """Take on a page that has items."""
        queue = self._of.setdefault(page.segment, deque())
        if not queue:
            self._turn.append(queue)
        queue.append(page)
        if not self.taken and page.items:
            self.item_units = max(1.0, page.size / len(page.items) / 1024)  # until it is learned
        self.waiting += len(page.items)
        self.taken += len(page.items)
        self.taken_bytes += page.size

    def next(self, now: float, slots: int) -> list[Write]:
        """What to write now, with so many requests that may be begun."""
        later, again, turn = self._later, self._now, self._turn
        while later and later[0][0] <= now:
            again.append(heappop(later)[2])
        writes: list[Write] = []
        pacer, units, most = self.pacer, self.item_units, self._size()
        while slots > 0 and (again or turn) and pacer.wait(now) <= 0.0:
            if again:
                batch = again.popleft()
            else:
                queue = turn.popleft()
                page = queue[0]
                batch = _Batch(page, page.take(most))
                page.open += 1
                if page.begun:
                    queue.popleft()
                if queue:
                    turn.append(queue)
            batch.sent = now
            batch.taken = pacer.spend(len(batch.items) * units)
            self._number = number = self._number + 1
            self._flights[number] = batch
            writes.append(Write(number, batch.items))
            slots -= 1
        return writes

    def came(self, answer: Written, now: float, draw: float) -> PageToWrite | None:
        """The page whose batch came back; None for an answer that came before."""
        batch = self._flights.pop(answer.write, None)
        if batch is None:
            return None
        page = batch.page
        units = answer.units
        count = len(batch.items) - len(answer.unprocessed)
        self.pacer.settle(batch.taken, units, now)
        if count > 0:
            self.written += count
            self.waiting -= count
            self.item_units += 0.02 * (units / count - self.item_units)
        if answer.unprocessed:
            self.pacer.throttled(batch.sent, now, len(answer.unprocessed) / len(batch.items))
            # More than were sent is nonsense: then all of them are sent again.
            items = answer.unprocessed if count >= 0 else batch.items
            attempt = 1 if count > 0 else batch.attempt + 1
            self._again(_Batch(page, items, attempt), now, draw)
        else:
            page.open -= 1
        return page

    def failed(self, answer: WriteFailed, now: float, draw: float) -> PageToWrite | None:
        """The page whose batch failed; what can be tried again is. None for an answer that came before."""
        batch = self._flights.pop(answer.write, None)
        if batch is None:
            return None
        page = batch.page
        if answer.failure is Failure.GARBLED and batch.attempt + 1 >= GARBLED_TRIES:
            answer = answer._replace(failure=Failure.INVALID)  # what is refused each time was not spoiled on its way
        if answer.failure is Failure.CONFLICT and len(batch.items) == 1:
            self.pacer.settle(batch.taken, batch.taken or 0.0, now)
            page.open -= 1
            self.waiting -= 1
            item = bytes(batch.items[0])
            if answer.existing is None or not self._same(item, answer.existing):
                page.set_aside.append(SetAside(item, answer.detail, conflict=True))
            else:
                self.written += 1
        elif answer.failure is Failure.INVALID and len(batch.items) == 1:
            self.pacer.settle(batch.taken, 0.0, now)
            page.open -= 1
            self.waiting -= 1
            page.set_aside.append(SetAside(bytes(batch.items[0]), answer.detail))
        elif answer.failure is Failure.INVALID:
            # One of them is bad, and DynamoDB took none: each on its own shows which.
            self.pacer.settle(batch.taken, 0.0, now)
            page.open += len(batch.items) - 1
            self._now.extend(_Batch(page, [item]) for item in batch.items)
        else:
            if answer.failure is Failure.THROTTLED:
                self.pacer.settle(batch.taken, 0.0, now)
                self.pacer.throttled(batch.sent, now)
            batch.attempt += 1
            self._again(batch, now, draw)
        return page

    def _again(self, batch: _Batch, now: float, draw: float) -> None:
        self.retries += 1
        self._number += 1
        heappush(self._later, (now + delay(batch.attempt, draw), self._number, batch))

    def _size(self) -> int:
        """Items in the next batch: as many as may be, but of a slow pace not more than about a second's worth."""
        allowed = self.pacer.allowed
        if allowed is None or allowed >= self._most * self.item_units:
            return self._most
        return max(1, min(self._most, int(allowed / max(self.item_units, 0.001))))
