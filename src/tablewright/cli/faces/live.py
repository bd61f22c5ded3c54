"""A screen that moves: a row a resource, its indexes under it, for a person at a terminal."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live as RichLive
from rich.text import Text

from tablewright.cli.faces.board import Board
from tablewright.cli.faces.diagnostic import finished_lines, is_failure
from tablewright.cli.faces.frame import frame
from tablewright.cli.faces.marks import Line
from tablewright.cli.faces.result import result_lines
from tablewright.cli.terminal import Output
from tablewright.events import Event, Finished

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLES = {
    "good": "green",
    "bad": "red",
    "busy": "cyan",
    "warn": "yellow",
    "unknown": "yellow",
    "dim": "dim",
    "strong": "bold",
}


class Live:
    """The live screen on standard error; what remains on it at the end is the last frame."""

    def __init__(self, out: Output, err: Output) -> None:
        self._out = out
        self._err = err
        self._board = Board(began=time.monotonic())
        self._lock = threading.Lock()  # rich draws from a thread of its own.
        self._console = Console(
            file=err.stream,
            force_terminal=True,
            no_color=not err.colour,
            color_system="standard" if err.colour else None,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=False,
        )
        self._live: RichLive | None = None

    def _draw(self) -> RichLive:
        """A screen of its own for each stretch: one that is started again would draw over what came in between."""
        live = RichLive(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        live.start()
        return live

    def take(self, event: Event) -> None:
        """Fold the event in; the next drawing shows it."""
        with self._lock:
            self._board.take(event, time.monotonic())
        if self._live is None:
            self._live = self._draw()
        if isinstance(event, Finished):
            self.close()
            self._end(event)

    def pause(self) -> None:
        """Stop drawing; the next event starts a new screen below the question."""
        self.close()

    def close(self) -> None:
        """Stop drawing, leaving the last frame."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _render(self) -> RenderableType:
        size = self._console.size
        with self._lock:
            lines = frame(self._board, time.monotonic(), min(size.width, 200), max(8, size.height - 1), self._err.marks)
        return Text("\n", end="").join(_text(line) for line in lines)

    def _end(self, finished: Finished) -> None:
        if is_failure(finished.ending):
            self._err.lines([(), *finished_lines(finished, self._err.width)])
        else:
            self._err.text("")
            self._out.lines(result_lines(finished, self._out.width, self._out.marks))


def _text(line: Line) -> Text:
    text = Text(no_wrap=True, overflow="crop", end="")
    for piece, tone in line:
        text.append(piece, style=_STYLES.get(tone, ""))
    return text
