"""What a terminal is told: colours that can be read on any background, and none where they were not wanted or not understood."""

from __future__ import annotations

import dataclasses
import fcntl
import io
import os
import pty
import struct
import termios
import unicodedata
from collections.abc import Mapping

import pytest

from tablewright.cli.faces.marks import ASCII, TONES
from tablewright.cli.faces.palette import COLOURS, sgr, style
from tablewright.cli.faces.screen import Screen
from tablewright.cli.terminal import output

_LEVELS = (0, 95, 135, 175, 215, 255)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
THEMES = {
    "solarized light": (0xFD, 0xF6, 0xE3),
    "solarized dark": (0x00, 0x2B, 0x36),
    "an editor's dark": (0x1E, 0x1E, 0x1E),
}


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def _rgb(number: int) -> tuple[int, int, int]:
    """The colour of a number as xterm's 256 have it: a cube of 6 by 6 by 6 from 16 on, then 24 greys from 232 on."""
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return grey, grey, grey
    cube = number - 16
    return _LEVELS[cube // 36], _LEVELS[cube // 6 % 6], _LEVELS[cube % 6]


def _luminance(rgb: tuple[int, int, int]) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [value / 255 for value in rgb]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("tone", "number"), COLOURS.items())
def test_each_colour_can_be_read_on_white_and_on_black(tone: str, number: int) -> None:
    assert 16 <= number <= 255, "the first sixteen are whatever the theme makes of them"
    assert min(contrast(_rgb(number), WHITE), contrast(_rgb(number), BLACK)) > 3.9
    assert min(contrast(_rgb(number), background) for background in THEMES.values()) > 3


def test_the_measure_is_the_standards() -> None:
    assert contrast(WHITE, BLACK) == pytest.approx(21)
    assert contrast((0x76, 0x76, 0x76), WHITE) == pytest.approx(4.54, abs=0.01)


def test_every_tone_that_a_status_has_is_coloured() -> None:
    assert set(TONES.values()) <= set(COLOURS)


def _shown(environ: Mapping[str, str], *, terminal: bool, color: bool | None = None) -> str:
    stream = Terminal() if terminal else io.StringIO()
    out = output(stream, color=color, environ=environ)
    out.line((("✓ ", "good"), ("said", "strong")))
    return stream.getvalue()


BARE = "✓ said\n"


@pytest.mark.parametrize(
    ("environ", "terminal", "color", "coloured"),
    [
        ({"TERM": "xterm-256color"}, True, None, True),
        ({"TERM": "xterm"}, True, None, True),
        ({}, True, None, True),
        ({"TERM": "xterm-256color"}, False, None, False),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True, None, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True, None, True),
        ({"TERM": "dumb"}, True, None, False),
        ({"TERM": "vt220"}, True, None, False),
        ({"FORCE_COLOR": "1"}, False, None, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, None, True),
        ({"FORCE_COLOR": ""}, False, None, False),
        ({"FORCE_COLOR": "0"}, False, None, False),
        ({"FORCE_COLOR": "0", "TERM": "xterm-256color"}, True, None, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, None, False),
        ({"FORCE_COLOR": "1"}, False, False, False),
        ({"CI": "true"}, False, None, False),
    ],
)
def test_colour_is_there_where_it_is_wanted_and_understood(
    environ: Mapping[str, str], terminal: bool, color: bool | None, coloured: bool
) -> None:
    shown = _shown(environ, terminal=terminal, color=color)
    assert (shown != BARE) is coloured, shown
    if coloured:
        assert shown == f"\x1b[{sgr('good')}m✓ \x1b[0m\x1b[{sgr('strong')}msaid\x1b[0m\n"


def test_forced_colour_makes_no_terminal_of_a_pipe() -> None:
    out = output(io.StringIO(), environ={"FORCE_COLOR": "1"})
    assert out.colour
    assert not out.is_terminal


def test_a_live_screen_has_the_same_colours() -> None:
    stream = Terminal()
    screen = Screen(output(stream, environ={"TERM": "xterm-256color"}), lambda columns, rows: [(("here", "warn"),)])
    screen.start()
    screen.stop()
    assert f"\x1b[{sgr('warn')}mhere" in stream.getvalue()
    assert style("nothing in particular") == sgr("nothing in particular") == ""


def test_who_asks_for_ascii_signs_gets_them_alone() -> None:
    stream = Terminal()
    out = output(stream, environ={"TABLEWRIGHT_SIGNS": "ascii", "TERM": "xterm-256color"})
    assert out.marks is ASCII
    assert out.colour
    every = "".join(str(value) for value in (*dataclasses.astuple(out.marks),))
    assert all(unicodedata.east_asian_width(char) != "A" for char in every)
    out.line((("테이블", ""),))
    assert stream.getvalue() == "테이블\n"


def test_each_stream_has_the_width_of_its_own_terminal() -> None:
    """As standard error has, where standard output goes into a pipe."""
    for columns, shown in ((61, 61), (0, 80), (20, 40)):
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with os.fdopen(follower, "w") as stream:
            assert output(stream, environ={"TERM": "xterm"}).width == shown
        os.close(leader)


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_a_note_fits_the_terminal_and_is_one_line_of_a_log(columns: int) -> None:
    words = (
        "the template has 367,559 bytes: above 51,200 CloudFormation takes it from a bucket only, so deploy wants one"
    )
    log = io.StringIO()
    output(log).note(words)
    assert log.getvalue() == f"note: {words}\n"
    shown = io.StringIO()
    dataclasses.replace(output(shown), is_terminal=True, width=columns).note(words)
    lines = shown.getvalue().splitlines()
    assert lines[0].startswith("note: ") and all(line.startswith("      ") for line in lines[1:])
    assert max(map(len, lines)) <= columns
    assert " ".join(line[6:] for line in lines) == words
