"""A migration for a person at a terminal: the screen that moves, on standard error."""

from __future__ import annotations

import threading
import time

from tablewright.cli.faces.marks import Line
from tablewright.cli.faces.migration_board import MigrationBoard
from tablewright.cli.faces.migration_end import say_end
from tablewright.cli.faces.migration_frame import frame
from tablewright.cli.faces.screen import Screen
from tablewright.cli.terminal import Output
from tablewright.events import Finished
from tablewright.migrate.events import MigrationEvent


class MigrationLive:
    """The live screen; what remains on it at the end is the last frame, and under it how the run ended."""

    def __init__(self, out: Output, err: Output) -> None:
        self._out = out
        self._err = err
        self._board = MigrationBoard(began=time.monotonic())
        self._lock = threading.Lock()  # The screen is drawn from a thread of its own.
        self._screen = Screen(err, self._frame)

    def take(self, event: MigrationEvent) -> None:
        """Fold the event in; the next drawing shows it."""
        with self._lock:
            self._board.take(event, time.monotonic())
        self._screen.start()
        if isinstance(event, Finished):
            self.close()
            say_end(event, self._out, self._err)

    def stopping(self) -> None:
        """Ctrl-C was pressed: say that it is heard."""
        self._board.stopping = True

    def close(self) -> None:
        """Stop drawing, leaving the last frame."""
        self._screen.stop()

    def _frame(self, columns: int, rows: int) -> list[Line]:
        with self._lock:
            return frame(self._board, time.monotonic(), columns, rows, self._err.marks)
