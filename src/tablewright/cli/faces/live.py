"""A screen that moves: a row a resource, its indexes under it, for a person at a terminal."""

from __future__ import annotations

import threading
import time

from tablewright.cli.faces.board import Board
from tablewright.cli.faces.diagnostic import finished_lines, is_failure
from tablewright.cli.faces.frame import frame
from tablewright.cli.faces.marks import Line
from tablewright.cli.faces.result import result_lines
from tablewright.cli.faces.screen import Screen
from tablewright.cli.terminal import Output
from tablewright.events import Event, Finished


class Live:
    """The live screen on standard error; what remains on it at the end is the last frame."""

    def __init__(self, out: Output, err: Output) -> None:
        self._out = out
        self._err = err
        self._board = Board(began=time.monotonic())
        self._lock = threading.Lock()  # The screen is drawn from a thread of its own.
        self._screen = Screen(err, self._frame)

    def take(self, event: Event) -> None:
        """Fold the event in; the next drawing shows it."""
        with self._lock:
            self._board.take(event, time.monotonic())
        self._screen.start()
        if isinstance(event, Finished):
            self.close()
            self._end(event)

    def pause(self) -> None:
        """Stop drawing; the next event starts a new screen below the question."""
        self.close()

    def close(self) -> None:
        """Stop drawing, leaving the last frame."""
        self._screen.stop()

    def _frame(self, columns: int, rows: int) -> list[Line]:
        with self._lock:
            return frame(self._board, time.monotonic(), columns, rows, self._err.marks)

    def _end(self, finished: Finished) -> None:
        if is_failure(finished.ending):
            self._err.lines([(), *finished_lines(finished, self._err.width)])
        else:
            self._err.text("")
            self._out.lines(result_lines(finished, self._out.width, self._out.marks))
