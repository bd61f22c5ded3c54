"""A region of the terminal that is drawn again and again: what every live face draws on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live as RichLive
from rich.text import Text

from tablewright.cli.faces.cells import clean
from tablewright.cli.faces.marks import Line
from tablewright.cli.faces.palette import style
from tablewright.cli.terminal import Output

if TYPE_CHECKING:
    from rich.console import RenderableType

_WIDEST = 200

Draw = Callable[[int, int], list[Line]]
"""The frame for so many columns and rows; called from rich's own thread."""


class Screen:
    """Draws frames on one stream until it is stopped; what remains is the last frame."""

    def __init__(self, err: Output, draw: Draw) -> None:
        self._draw = draw
        self._console = Console(
            file=err.stream,
            force_terminal=True,
            no_color=not err.colour,
            color_system="256" if err.colour else None,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=False,
        )
        self._live: RichLive | None = None

    def start(self) -> None:
        """Begin to draw, below whatever was written meanwhile; nothing happens while it is drawn already."""
        if self._live is not None:
            return
        # A screen of its own for each stretch: one that is started again would draw over what came in between.
        self._live = RichLive(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._live.start()

    def stop(self) -> None:
        """Stop drawing, leaving the last frame."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _render(self) -> RenderableType:
        size = self._console.size
        lines = self._draw(min(size.width, _WIDEST), max(8, size.height - 1))
        return Text("\n", end="").join(_text(line) for line in lines)


def _text(line: Line) -> Text:
    text = Text(no_wrap=True, overflow="crop", end="")
    for piece, tone in line:
        text.append(clean(piece), style=style(tone))
    return text
