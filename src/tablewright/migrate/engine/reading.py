"""The reading half of the machine: which segment is read next, how far ahead, and what is tried again. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from heapq import heappop, heappush

from tablewright.migrate.engine.backoff import delay
from tablewright.migrate.engine.commands import Failure, PageRead, Read, ReadFailed
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.engine.values import SourcePage

__all__ = ["Reading"]

_PAGE_BYTES = 1 << 20
_FEWEST = 10
_ENDLESS = 100_000
"""More items than a page of a megabyte ever holds."""


class _Flight:
    """A read on its way."""

    __slots__ = ("after", "attempt", "segment", "sent", "taken")

    def __init__(self, segment: int, after: bytes | None, attempt: int) -> None:
        self.segment = segment
        self.after = after
        self.attempt = attempt
        self.sent = 0.0
        self.taken: float | None = None


class Reading:
    """Reads pages of segments, one at a time of each, in turn, as far ahead as ``memory`` allows.

    ``starts``: the segments to read, each from the position behind which it goes on. Whoever takes a page says with ``release``
    when its bytes are held no longer.
    """

    def __init__(self, starts: Mapping[int, bytes | None], pacer: Pacer, memory: int) -> None:
        self.pacer = pacer
        self._memory = memory
        self._turn: deque[_Flight] = deque(_Flight(segment, after, 0) for segment, after in starts.items())
        self._later: list[tuple[float, int, _Flight]] = []
        self._flights: dict[int, _Flight] = {}
        self._number = 0
        self._held = 0
        self._page_bytes = float(_PAGE_BYTES)
        self._page_units = 128.0
        self._item_units = 0.25
        self.retries = 0

    @property
    def under_way(self) -> int:
        """How many reads are on their way."""
        return len(self._flights)

    @property
    def over(self) -> bool:
        """Whether every segment is read to its end."""
        return not (self._turn or self._later or self._flights)

    def due(self, now: float) -> float:
        """When something may be begun that may not be now; infinity when nothing waits for time."""
        due = self._later[0][0] if self._later else float("inf")
        if self._turn and self._room():
            due = min(due, now + self.pacer.wait(now))
        return due

    @property
    def held(self) -> int:
        """Bytes of pages that are held."""
        return self._held

    def hold(self, more: int) -> None:
        """So much more is held of the page that came last."""
        self._held += more
        self._page_bytes += 0.1 * more

    def release(self, size: int) -> None:
        """A page of this size is held no longer."""
        self._held -= size

    def next(self, now: float, slots: int, most: int | None = None) -> list[Read]:
        """What to read now, with so many requests that may be begun, in pages of at most ``most`` items."""
        while self._later and self._later[0][0] <= now:
            self._turn.appendleft(heappop(self._later)[2])
        reads: list[Read] = []
        while self._turn and len(reads) < slots and self._room() and self.pacer.wait(now) <= 0.0:
            flight = self._turn.popleft()
            limit = self._limit(most)
            flight.sent = now
            flight.taken = self.pacer.spend(self._page_units if limit is None else limit * self._item_units)
            self._number += 1
            self._flights[self._number] = flight
            reads.append(Read(self._number, flight.segment, flight.after, limit))
        return reads

    def came(self, answer: PageRead, now: float) -> SourcePage | None:
        """The page, if this read is on its way; None for an answer that came before."""
        flight = self._flights.pop(answer.read, None)
        if flight is None:
            return None
        page = answer.page
        self.pacer.settle(flight.taken, page.units, now)
        self._held += page.size
        if page.items:
            self._page_bytes += 0.1 * (page.size - self._page_bytes)
            self._page_units += 0.1 * (page.units - self._page_units)
            self._item_units += 0.1 * (page.units / len(page.items) - self._item_units)
        if page.position is not None:
            self._turn.append(_Flight(flight.segment, page.position, 0))
        return page

    def failed(self, answer: ReadFailed, now: float, draw: float) -> bool:
        """Try it again later; False for an answer that came before."""
        flight = self._flights.pop(answer.read, None)
        if flight is None:
            return False
        if answer.failure is Failure.THROTTLED:  # it consumed nothing; of any other failure nobody knows
            self.pacer.settle(flight.taken, 0.0, now)
            self.pacer.throttled(flight.sent, now)
        flight.attempt += 1
        self.retries += 1
        heappush(self._later, (now + delay(flight.attempt, draw), answer.read, flight))
        return True

    def _room(self) -> bool:
        under_way = len(self._flights)
        if not under_way and not self._held:
            return True
        return self._held + (under_way + 1) * self._page_bytes <= self._memory

    def _limit(self, most: int | None) -> int | None:
        """So many items that a page costs about a second of the rate; None where a whole page is not more than that."""
        allowed = self.pacer.allowed
        if allowed is not None and allowed < self._page_units:
            affordable = max(_FEWEST, int(allowed / max(self._item_units, 0.01)))
            most = affordable if most is None else min(most, affordable)
        return most if most is not None and most < _ENDLESS else None
