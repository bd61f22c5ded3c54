"""A live migration for a person, for logs: its screen, with copy and tail side by side, and its lines."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tablewright.cli.faces.cells import clean, elide, fit, pad, width
from tablewright.cli.faces.live_lines import beside, command_lines, state_lines, tail_lines, track
from tablewright.cli.faces.marks import Line, Marks, elapsed
from tablewright.cli.faces.migration_board import MigrationBoard, Phase
from tablewright.cli.faces.migration_end import say_end
from tablewright.cli.faces.migration_frame import labelled, progress_lines
from tablewright.cli.faces.migration_plain import MigrationPlain
from tablewright.cli.faces.screen import Screen
from tablewright.events import Finished, Noted
from tablewright.migrate.events import MigrationStarted
from tablewright.migrate.live.events import Followed, Rechecked, StateEntered
from tablewright.migrate.live.states import State

if TYPE_CHECKING:
    from tablewright.cli.terminal import Output
    from tablewright.migrate.live.building.run import LiveEvent

_EVERY_S = 15.0
_NOTES = 3


class LiveMigrationPlain(MigrationPlain):
    """As ``MigrationPlain``, with the states and the tail; a person at no terminal, or CI."""

    _followed: datetime | None = None
    _copying = False

    def take(self, event: LiveEvent) -> None:
        """Write what the event says."""
        match event:
            case StateEntered():
                self._followed = None
                self._line((event.state, "strong"), (f": {clean(event.why)}" if event.why else "", ""))
                if event.deadline is not None:
                    self._line((f"  the fence lapses by itself at {event.deadline:%H:%M:%S} UTC", "dim"))
            case Followed():
                now = self._now()
                if self._followed is not None and (now - self._followed).total_seconds() < _EVERY_S:
                    return
                self._followed = now
                words = (
                    f"  tail: {event.lag_s:.1f} s and {event.lag_records:,} records behind, {event.replayed:,} of "
                    f"{event.spooled:,} replayed, {event.set_aside:,} set aside"
                )
                self._line((words, ""))
            case Rechecked():
                self._line((f"  {event.compared:,} keys that moved were compared, {event.differ:,} differ", ""))
                if event.report:
                    self._line((f"  they are listed in {clean(event.report)}", "bad"))
            case MigrationStarted(verb="run" | "resume"):
                return  # the copy's own: it is the same job
            case _:
                super().take(event)


class LiveMigrationScreen:
    """The screen that moves; what remains on it at the end is the last frame, and under it how the run ended."""

    def __init__(self, out: Output, err: Output) -> None:
        self._out = out
        self._err = err
        self._board = LiveBoard(time.monotonic())
        self._lock = threading.Lock()  # The screen is drawn from a thread of its own.
        self._screen = Screen(err, self._frame)

    def take(self, event: LiveEvent) -> None:
        """Fold the event in; the next drawing shows it."""
        with self._lock:
            self._board.take(event, time.monotonic())
        self._screen.start()
        if isinstance(event, Finished):
            self.close()
            say_end(event, self._out, self._err)

    def stopping(self) -> None:
        """Ctrl-C was pressed: say that it is heard."""
        self._board.copy.stopping = True

    def close(self) -> None:
        """Stop drawing, leaving the last frame."""
        self._screen.stop()

    def _frame(self, columns: int, rows: int) -> list[Line]:
        with self._lock:
            return frame(self._board, time.monotonic(), datetime.now(UTC), columns, rows, self._err.marks)


class LiveBoard:
    """What a live migration has come to: the copy's board, the state, and the tail's latest snapshot."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.copy = MigrationBoard(began=began)
        self.started: MigrationStarted | None = None
        self.entered: StateEntered | None = None
        self.followed: Followed | None = None
        self.rechecked: Rechecked | None = None

    def take(self, event: LiveEvent, now: float) -> None:
        """Fold one event in."""
        match event:
            case MigrationStarted():
                self.started = self.started or event
            case StateEntered():
                self.entered = event
                self.copy.waiting = None
                if event.state == State.VERIFYING:
                    self.rechecked = None
                    self.copy.phases = [phase for phase in self.copy.phases if phase.name == "copy"]
            case Followed():
                self.followed = event
            case Rechecked():
                self.rechecked = event
            case _:
                self.copy.take(event, now)


def frame(board: LiveBoard, now: float, at: datetime, columns: int, rows: int, marks: Marks) -> list[Line]:
    """The screen in at most ``columns`` cells and ``rows`` lines."""
    spinner = marks.spinner[int(now * 8) % len(marks.spinner)]
    lines = _header(board, now, columns)
    if board.entered is not None:
        lines += [*track(State(board.entered.state), columns, marks), *state_lines(board.entered, columns, at), ()]
    half = columns // 2 - 2 if columns >= 100 else columns
    tail = tail_lines(board.followed, half) if board.followed is not None else []
    lines += beside(_copy(board.copy, half, marks), tail, columns)
    lines += _verified(board, columns, marks, spinner)
    lines += _notes(board.copy.notes, columns)
    if board.copy.waiting is not None:
        lines += [((text, ""),) for text in fit(f"waiting: {clean(board.copy.waiting.reason)}", columns)]
    if board.copy.stopping:
        lines += [(), (("stopping as soon as it can; Ctrl-C again ends at once", "warn"),)]
    elif board.entered is not None and board.copy.finished is None:
        lines += command_lines(board.entered.commands, columns)
    shown = [_cut(line, columns, marks) for line in lines]
    return shown if len(shown) <= rows else [*shown[: rows - 1], ((marks.elided, "dim"),)]


def _header(board: LiveBoard, now: float, columns: int) -> list[Line]:
    started = board.started
    if started is None:
        return []
    clock = elapsed(now - board.began)
    first, *rest = fit(f"migrate live {clean(started.job)}", columns - len(clock) - 2)
    lines: list[Line] = [((pad(first, columns - len(clock)), "strong"), (clock, ""))]
    lines += [((text, "strong"),) for text in rest]
    for label, text in (("from", started.source), ("to", started.target), ("transform", started.transform)):
        lines += labelled(label, clean(text), columns)
    return [*lines, ()]


def _copy(board: MigrationBoard, columns: int, marks: Marks) -> list[Line]:
    phase = next((phase for phase in board.phases if phase.name == "copy"), None)
    if phase is None:
        return []
    title: Line = (("  copy", "strong"),)
    if phase.summary is not None:
        return [title, *labelled("done", clean(phase.summary), columns)]
    return [title, *(progress_lines(phase.progress, columns, marks) if phase.progress is not None else [])]


def _verified(board: LiveBoard, columns: int, marks: Marks, spinner: str) -> list[Line]:
    lines: list[Line] = []
    for phase in board.copy.phases:
        if phase.name != "copy":
            lines += _phase(phase, columns, marks, spinner)
    if board.rechecked is not None:
        tone = "bad" if board.rechecked.differ else "good"
        words = f"{board.rechecked.compared:,} keys that moved compared once more, {board.rechecked.differ:,} differ"
        lines += [((f"{marks.of(tone)} ", tone), (words, ""))]
    return [(), *lines] if lines else []


def _phase(phase: Phase, columns: int, marks: Marks, spinner: str) -> list[Line]:
    if phase.summary is not None:
        first, *rest = fit(f"{phase.name}: {clean(phase.summary)}", columns - 2)
        return [((f"{marks.good} ", "good"), (first, "")), *((("  " + text, ""),) for text in rest)]
    head: Line = ((f"{spinner} ", "busy"), (elide(clean(phase.title), columns - 2, marks.elided), "strong"))
    return [head, *(progress_lines(phase.progress, columns, marks) if phase.progress is not None else [])]


def _notes(notes: list[Noted], columns: int) -> list[Line]:
    lines: list[Line] = []
    for note in notes[-_NOTES:]:
        tone = "warn" if note.level == "warning" else "dim"
        first, *rest = fit(f"{note.level}: {clean(note.text)}", columns)
        lines += [((first, tone),), *(((text, tone),) for text in rest[:2])]
    return [(), *lines] if lines else []


def _cut(line: Line, columns: int, marks: Marks) -> Line:
    text = "".join(piece for piece, _ in line)
    return line if width(text) <= columns else ((elide(text, columns, marks.elided), line[-1][1]),)
