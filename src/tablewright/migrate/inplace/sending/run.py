"""Items' lives carried out over the wire: updates sent at the pace, answers handed to the machine, what stumbled tried again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import msgspec
import orjson

from tablewright.errors import TablewrightError
from tablewright.migrate.engine.backoff import delay
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.inplace.edit import Attributes
from tablewright.migrate.inplace.expression import read_request, update_request
from tablewright.migrate.inplace.life import (
    Answer,
    Applied,
    Command,
    Ended,
    Found,
    Invalid,
    Life,
    Lost,
    Read,
    Reckoning,
    Record,
    Recorded,
    Refused,
    Send,
    step,
)
from tablewright.migrate.wire.client import Client, Reply, Request
from tablewright.migrate.wire.door import OpenTable
from tablewright.migrate.wire.loop import Loop
from tablewright.migrate.wire.refusals import Refusal, meaning
from tablewright.ports import HttpAnswer

__all__ = ["Sending", "Slot"]

_NEVER_MADE = ("TransactionConflictException",)
"""Of the answers to try again after, those that say that nothing was written."""
_GARBLED_TRIES = 3


class _Units(msgspec.Struct):
    CapacityUnits: float = 0.0


class _Told(msgspec.Struct):
    Attributes: dict[str, dict[str, Any]] | None = None
    Item: dict[str, dict[str, Any]] | None = None
    ConsumedCapacity: _Units | None = None


_TOLD = msgspec.json.Decoder(_Told)


@dataclass(slots=True)
class Slot:
    """One item's life under way. ``of`` is whatever it belongs to; ``seen`` the item as it was last seen."""

    life: Life
    command: Command
    reckoning: Reckoning
    of: object
    stretch: str = "-"
    seen: Attributes | None = None
    attempt: int = 0
    sent: float = 0.0
    thought: float = 1.0
    size: int = field(default=1024)


class Sending:
    """Carries lives out. ``record`` writes an edit down and returns its number; call ``recorded`` once that is on the disk.

    ``ended`` is called for each life that is over. ``old``: updates are to answer with the item as it was right before.
    """

    def __init__(
        self,
        loop: Loop,
        table: OpenTable,
        pacer: Pacer,
        *,
        connections: int,
        record: Callable[[Slot, Record], int],
        ended: Callable[[Slot, Ended], None],
        old: bool,
    ) -> None:
        self._loop = loop
        self._table = table
        self.pacer = pacer
        self._client = Client(loop, table.plane, self._came, connections=connections)
        self._record, self._ended = record, ended
        self._old = old
        self._ready: deque[Slot] = deque()
        self._later: list[tuple[float, int, Slot]] = []
        self._written: list[tuple[Slot, int]] = []
        self._number = 0
        self.under_way = 0
        self.retried = 0
        self.trouble: TablewrightError | None = None
        self.failing_since: float | None = None
        self.detail = ""

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do."""
        return not (self.under_way or self._ready or self._later or self._written)

    @property
    def waiting(self) -> int:
        """How many requests wait to be sent."""
        return len(self._ready)

    def put(self, slot: Slot) -> None:
        """Carry a life on from its command."""
        match slot.command:
            case Ended():
                self._ended(slot, slot.command)
            case Record():
                self._written.append((slot, self._record(slot, slot.command)))
            case Send(again=True):
                self._again(slot)
            case _:
                self._ready.append(slot)

    @property
    def to_sync(self) -> bool:
        """Whether records were written that are not on the disk yet."""
        return bool(self._written)

    def recorded(self) -> None:
        """All that was written down is on the disk."""
        written, self._written = self._written, []
        for slot, number in written:
            self._hand(slot, Recorded(number))

    def pump(self, now: float) -> None:
        """Send what may be sent. Raises what finding credentials raises."""
        while self._later and self._later[0][0] <= now:
            self._ready.appendleft(heappop(self._later)[2])
        while self._ready and self._client.free > 0 and self.pacer.wait(now) <= 0.0:
            slot = self._ready.popleft()
            operation, body = self._request(slot)
            slot.sent = now
            slot.thought = max(1.0, slot.size / 1024)
            self.pacer.spend(slot.thought)
            self.under_way += 1
            try:
                self._client.send(Request(slot, operation, body, repeatable=operation == "GetItem"))
            except TablewrightError:
                self.under_way -= 1
                self._ready.appendleft(slot)
                raise

    def due(self, now: float) -> float:
        """When something may be sent that may not be now."""
        due = self._later[0][0] if self._later else float("inf")
        if self._ready and self._client.free > 0:
            due = min(due, now + self.pacer.wait(now))
        return due

    def drop(self) -> None:
        """Forget what was not sent: nothing of it was made."""
        self._ready.clear()
        self._later.clear()
        self._written.clear()

    def close(self) -> None:
        """Close the connections; what is on its way gets no answer."""
        self._client.close()

    def _request(self, slot: Slot) -> tuple[str, bytes]:
        match slot.command:
            case Read(key):
                return "GetItem", orjson.dumps(read_request(self._table.name, key))
            case Send(edit):
                return "UpdateItem", orjson.dumps(update_request(self._table.name, edit, old=self._old))
            case other:
                raise AssertionError(other)

    def _came(self, reply: Reply) -> None:
        slot = reply.ticket
        assert isinstance(slot, Slot)
        self.under_way -= 1
        now = self._loop.now()
        reading = isinstance(slot.command, Read)
        if reply.status == 200:
            self.failing_since = None
            try:
                told = _TOLD.decode(reply.body)
            except msgspec.MsgspecError:
                self._stumbled(slot, now, "its answer is not JSON", maybe_made=not reading)
                return
            self.pacer.settle(slot.thought, told.ConsumedCapacity.CapacityUnits if told.ConsumedCapacity else 1.0, now)
            slot.attempt = 0
            if reading:
                slot.seen = told.Item
                self._hand(slot, Found(told.Item))
            else:
                self._hand(slot, Applied(told.Attributes))
            return
        if not reply.status:
            self._stumbled(slot, now, reply.lost, maybe_made=not reading and not reply.unsent)
            return
        self._refused(slot, reply, now, reading=reading)

    def _refused(self, slot: Slot, reply: Reply, now: float, *, reading: bool) -> None:
        refusal, code, message = meaning(reply.status, reply.body)
        match refusal:
            case Refusal.CONFLICT:
                self.failing_since = None
                self.pacer.settle(slot.thought, slot.thought, now)  # a refused write consumes, too
                told = _TOLD.decode(reply.body)
                slot.seen = told.Item or slot.seen
                slot.attempt = 0
                self._hand(slot, Refused(told.Item))
            case Refusal.THROTTLED:
                self.pacer.settle(slot.thought, 0.0, now)
                self.pacer.throttled(slot.sent, now)
                self._stumbled(slot, now, code, maybe_made=False)
            case Refusal.AGAIN:
                self._stumbled(slot, now, f"{code}: {message}", maybe_made=not reading and code not in _NEVER_MADE)
            case Refusal.GARBLED if reading or slot.attempt + 1 < _GARBLED_TRIES:
                self._stumbled(slot, now, f"{code}: {message}", maybe_made=False)
            case Refusal.INVALID | Refusal.GARBLED if not reading:
                self.pacer.settle(slot.thought, 0.0, now)
                self._hand(slot, Invalid(f"DynamoDB refused it: {message or code}"))
            case _:
                operation = "GetItem" if reading else "UpdateItem"
                answer = HttpAnswer(reply.status, {}, bytes(reply.body))
                error = self._table.plane.refusal(operation, answer)
                assert isinstance(error, TablewrightError)
                self.trouble = self.trouble or error
                self._later.append((float("inf"), self._next(), slot))

    def _stumbled(self, slot: Slot, now: float, why: str, *, maybe_made: bool) -> None:
        self.failing_since = self.failing_since if self.failing_since is not None else now
        self.detail = why
        slot.attempt += 1
        self.retried += 1
        if maybe_made:
            self._hand(slot, Lost())
        else:
            self._again(slot)

    def _again(self, slot: Slot) -> None:
        wait = delay(max(slot.attempt, 1), self._loop.draw())
        heappush(self._later, (self._loop.now() + wait, self._next(), slot))

    def _hand(self, slot: Slot, answer: Answer) -> None:
        slot.life, slot.command = step(slot.life, answer, slot.reckoning)
        self.put(slot)

    def _next(self) -> int:
        self._number += 1
        return self._number
