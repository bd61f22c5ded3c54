"""A migration as lines with the time, for logs and CI: what happens when it happens, and how far it is now and then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from tablewright.cli.faces.cells import clean
from tablewright.cli.faces.diagnostic import is_failure
from tablewright.cli.faces.github import annotation
from tablewright.cli.faces.marks import Segment, elapsed
from tablewright.cli.faces.migration_end import HALTED, say_end
from tablewright.cli.faces.quantities import rate, size
from tablewright.cli.terminal import Output
from tablewright.events import Finished, Noted, Waiting
from tablewright.migrate.events import (
    Checked,
    Differed,
    ItemSetAside,
    MigrationEvent,
    MigrationStarted,
    PaceChanged,
    Paused,
    PhaseEnded,
    PhaseStarted,
    Progress,
)

EVERY_S = 15.0
"""A line of progress at most so often: a log is read afterwards."""
_REASONS = 20
"""Reasons that are said one by one; the file has them all."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MigrationPlain:
    """Progress as lines on standard error, the result on standard output."""

    def __init__(
        self, out: Output, err: Output, *, github: bool = False, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._out = out
        self._err = err
        self._github = github
        self._now = now
        self._last: datetime | None = None
        self._set_aside = 0
        self._pace_said: tuple[str, str] | None = None
        self._pace_at = datetime.min.replace(tzinfo=UTC)

    def take(self, event: MigrationEvent) -> None:
        """Write what the event says."""
        match event:
            case MigrationStarted():
                how = " (goes on)" if event.resumed else ""
                self._line((f"migrate {event.verb} {clean(event.job)}{how}", "strong"))
                self._line((f"  from {clean(event.source)}", ""))
                self._line((f"  to   {clean(event.target)}", ""))
                self._line((f"  transform {clean(event.transform)}; kept in {clean(event.folder)}", ""))
            case Checked():
                self._line((f"  {clean(event.what)}: {clean(event.found)}", "dim"))
            case PhaseStarted():
                self._last = None
                self._line((clean(event.title), "strong"))
            case PhaseEnded():
                self._line((f"{event.name}: {clean(event.summary)}", ""))
            case Progress():
                self._progress(event)
            case ItemSetAside():
                self._aside(event)
            case PaceChanged():
                self._pace(event)
            case Waiting():
                self._line((f"  waiting: {clean(event.reason)}", ""))
            case Noted():
                self._line((f"{event.level}: ", "warn"), (clean(event.text), ""))
                if self._github and event.level == "warning":
                    self._err.text(annotation("warning", "tablewright migrate", event.text))
            case Differed():
                counts = ", ".join(f"{number:,} {kind}" for kind, number in event.counts.items())
                self._line((f"differing: {counts}; {clean(event.report)}", "bad"))
            case Paused():
                self._line((f"paused: {clean(event.reason)}", "warn"))
            case Finished():
                self._finished(event)
            case _:
                pass

    def stopping(self) -> None:
        """Ctrl-C was pressed: say that it is heard."""
        self._line(("stopping as soon as it can; Ctrl-C again ends at once", "warn"))

    def close(self) -> None:
        """Nothing to take down."""

    def _progress(self, event: Progress) -> None:
        now = self._now()
        if self._last is not None and (now - self._last).total_seconds() < EVERY_S:
            return
        self._last = now
        of = f" of about {event.expected:,}" if event.expected and event.items_read <= event.expected else ""
        number = event.items_read if event.phase == "verify" else event.items_written
        left = f", about {elapsed(event.eta_s)} left" if event.eta_s is not None else ""
        lag = f", lag {event.lag_s:.1f} s" if event.lag_s is not None else ""
        words = (
            f"  {event.phase}: {number:,}{of} items, {rate(event.items_per_s)} items/s, {size(int(event.bytes_per_s))}/s, "
            f"{_units(event)}"
            f"{event.throttled:,} throttled, {event.retried:,} retried, {event.set_aside:,} set aside{lag}{left}"
        )
        self._line((words, ""))

    def _pace(self, event: PaceChanged) -> None:
        """Every wish of a person's; throttling, which may go on for hours, now and then."""
        now = self._now()
        if (event.why, event.pace) == self._pace_said and (now - self._pace_at).total_seconds() < EVERY_S:
            return
        self._pace_said, self._pace_at = (event.why, event.pace), now
        allowed = [
            f"{rate(units)} {what} units/s"
            for units, what in ((event.read_allowed, "read"), (event.write_allowed, "write"))
            if units is not None
        ]
        limits = f" ({', '.join(allowed)} allowed now)" if allowed else ""
        self._line((f"  pace {clean(event.pace)}: {clean(event.why)}{limits}", ""))

    def _aside(self, event: ItemSetAside) -> None:
        self._set_aside += 1
        if self._set_aside <= _REASONS:
            self._line((f"  set aside ({event.number:,}): {clean(event.reason)}", "warn"))
        elif self._set_aside == _REASONS + 1:
            self._line(("  further items set aside are not listed here; the dead-letter file has them all", "warn"))

    def _finished(self, event: Finished) -> None:
        if self._github and is_failure(event.ending) and event.code not in HALTED:
            self._err.text(annotation("error", event.summary, event.detail or event.summary))
        say_end(event, self._out, self._err)

    def _line(self, *segments: Segment) -> None:
        self._err.line(((f"{self._now():%H:%M:%S} ", "dim"), *segments))


def _units(event: Progress) -> str:
    if not (event.read_units_per_s or event.write_units_per_s):
        return ""
    return f"{rate(event.read_units_per_s)} read and {rate(event.write_units_per_s)} write units/s, "
