"""Snapshots of a running copy: totals over the whole job, rates over the last seconds. Pure; time is handed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tablewright.migrate.engine.machine import Machine
from tablewright.migrate.engine.values import Acknowledged, Counts, Position
from tablewright.migrate.events import Progress

__all__ = ["Meter"]

_SPAN_S = 5.0


class Meter:
    """``total`` counts what is acknowledged, earlier runs included; a snapshot also counts what came back since."""

    def __init__(
        self,
        positions: Mapping[int, Position],
        segments: int,
        expected: int | None,
        at: Callable[[], datetime],
        now: float,
    ) -> None:
        self.total = sum((position.counts for position in positions.values()), Counts())
        self._before = self.total
        self._segments = segments
        self._done = sum(position.done for position in positions.values()) + segments - len(positions)
        self._expected = expected
        self._at = at
        self._began = now
        self._seen: deque[tuple[float, float, float, float, float]] = deque([(now, 0.0, 0.0, 0.0, 0.0)])

    def add(self, pages: Sequence[Acknowledged]) -> None:
        """These pages are acknowledged."""
        for page in pages:
            self.total += page.counts
            self._done += page.position is None

    def snapshot(self, machine: Machine, now: float) -> Progress:
        """How far it is."""
        read, write = machine.reading, machine.writing
        written = write.written
        size = written * write.taken_bytes / max(write.taken, 1)
        self._seen.append((now, written, size, read.pacer.consumed, write.pacer.consumed))
        while len(self._seen) > 2 and now - self._seen[0][0] > _SPAN_S:
            self._seen.popleft()
        then, items_then, size_then, reads, writes = self._seen[0]
        span = max(now - then, 0.001)
        rate = (written - items_then) / span
        return Progress(
            phase="copy",
            at=self._at(),
            elapsed_s=now - self._began,
            items_read=self._before.read + machine.read,
            items_written=self._before.written + written,
            bytes_read=self._before.bytes_read + machine.read_bytes,
            bytes_written=self._before.bytes_written + round(size),
            expected=self._expected,
            segments=self._segments,
            segments_done=self._done,
            items_per_s=rate,
            bytes_per_s=(size - size_then) / span,
            read_units=read.pacer.consumed,
            write_units=write.pacer.consumed,
            read_units_per_s=(read.pacer.consumed - reads) / span,
            write_units_per_s=(write.pacer.consumed - writes) / span,
            read_allowed=read.pacer.allowed,
            write_allowed=write.pacer.allowed,
            throttled=read.pacer.throttles + write.pacer.throttles,
            retried=read.retries + write.retries,
            set_aside=self.total.set_aside,
            conflicts=self.total.conflicts,
            eta_s=self._eta(machine, rate),
        )

    def _eta(self, machine: Machine, rate: float) -> float | None:
        if self._done >= self._segments:
            return 0.0
        if self._expected is None or rate <= 0 or not machine.writing.taken:
            return None
        becomes = machine.writing.taken / machine.read
        left = self._expected - self._before.read - machine.read + machine.writing.waiting / becomes
        return left / (rate / becomes) if left > 0 else None
