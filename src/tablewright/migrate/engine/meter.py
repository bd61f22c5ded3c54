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
    """``total`` counts what is acknowledged, earlier runs included."""

    def __init__(
        self,
        positions: Mapping[int, Position],
        segments: int,
        expected: int | None,
        at: Callable[[], datetime],
        now: float,
    ) -> None:
        self.total = sum((position.counts for position in positions.values()), Counts())
        self._segments = segments
        self._done = sum(position.done for position in positions.values()) + segments - len(positions)
        self._expected = expected
        self._at = at
        self._began = now
        self._seen: deque[tuple[float, int, int, float, float]] = deque([(now, *self._figures(), 0.0, 0.0)])

    def add(self, pages: Sequence[Acknowledged]) -> None:
        """These pages are acknowledged."""
        for page in pages:
            self.total += page.counts
            self._done += page.position is None

    def snapshot(self, machine: Machine, now: float) -> Progress:
        """How far it is."""
        read, write = machine.reading, machine.writing
        self._seen.append((now, *self._figures(), read.pacer.consumed, write.pacer.consumed))
        while len(self._seen) > 2 and now - self._seen[0][0] > _SPAN_S:
            self._seen.popleft()
        then, items, size, reads, writes = self._seen[0]
        span = max(now - then, 0.001)
        rate = (self.total.written - items) / span
        return Progress(
            phase="copy",
            at=self._at(),
            elapsed_s=now - self._began,
            items_read=self.total.read,
            items_written=self.total.written,
            bytes_read=self.total.bytes_read,
            bytes_written=self.total.bytes_written,
            expected=self._expected,
            segments=self._segments,
            segments_done=self._done,
            items_per_s=rate,
            bytes_per_s=(self.total.bytes_written - size) / span,
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
            eta_s=self._eta(rate),
        )

    def _figures(self) -> tuple[int, int]:
        return self.total.written, self.total.bytes_written

    def _eta(self, rate: float) -> float | None:
        if self._done >= self._segments:
            return 0.0
        if self._expected is None or rate <= 0 or self._expected < self.total.read:
            return None
        return (self._expected - self.total.read) / rate
