"""What the two output streams can show: width, colour, signs. Asked once, at the start."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TextIO

from tablewright.cli.faces.cells import clean, fit
from tablewright.cli.faces.marks import ASCII, UNICODE, Line, Marks
from tablewright.cli.faces.palette import sgr

_NARROWEST, _WIDEST, _UNKNOWN = 40, 200, 80
_COMMANDS = ("::", "##[")
_COLOURLESS = ("dumb", "vt", "ansi", "cons25", "unknown")
"""How the names of terminals begin that know no 256 colours."""


@dataclass(frozen=True, slots=True)
class Output:
    """One stream, and what it can show."""

    stream: TextIO
    is_terminal: bool
    colour: bool
    marks: Marks
    width: int

    def line(self, line: Line) -> None:
        """Write one line; a stream that cannot show a character shows its escape instead.

        Whoever named what it shows drives neither the terminal nor the runner of GitHub, which obeys lines that begin as its
        commands do, whatever stands before them in blanks.
        """
        cleaned = [(clean(text), tone) for text, tone in line]
        plain = "".join(text for text, _ in cleaned).lstrip()
        if plain.startswith(_COMMANDS) and in_github():
            cleaned.insert(0, ("\u2060", ""))
        self.text("".join(self._paint(text, tone) for text, tone in cleaned).rstrip())

    def lines(self, lines: Iterable[Line]) -> None:
        """Write lines."""
        for line in lines:
            self.line(line)

    def note(self, text: str) -> None:
        """Write a remark on what is done, in lines that fit a terminal; in a log it is one."""
        first, *rest = fit(text, self.width - len("note: ")) if self.is_terminal else [text]
        self.line((("note: ", "dim"), (first, "dim")))
        self.lines([(("      " + more, "dim"),) for more in rest])

    def text(self, text: str) -> None:
        """Write one line of plain text and flush, so that a log shows it when it happens."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def _paint(self, text: str, tone: str) -> str:
        code = sgr(tone)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text.strip() else text


def prepare_streams() -> None:
    """Make both streams unable to crash: a character that they cannot encode is written as its escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # Started with the descriptor closed.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def output(stream: TextIO, *, color: bool | None = None, environ: Mapping[str, str] | None = None) -> Output:
    """What the stream can show. ``color`` False is --no-color; None leaves it to the environment and the terminal."""
    env = os.environ if environ is None else environ
    is_terminal = _is_terminal(stream) and env.get("TERM") != "dumb"
    wanted = _wants_colour(env, is_terminal) if color is None else color
    return Output(stream, is_terminal, wanted, _marks(stream, env), _width(stream, env, is_terminal))


def _wants_colour(env: Mapping[str, str], is_terminal: bool) -> bool:
    """NO_COLOR first (no-color.org), then FORCE_COLOR (force-color.org; 0 and false are a no, as in Node), then the terminal."""
    if env.get("NO_COLOR"):
        return False
    forced = env.get("FORCE_COLOR", "")
    if forced:
        return forced.lower() not in ("0", "false")
    return is_terminal and not env.get("TERM", "").startswith(_COLOURLESS)


def in_ci(environ: Mapping[str, str] | None = None) -> bool:
    """Whether a CI system runs this: most set CI, whatever its value but false."""
    env = os.environ if environ is None else environ
    return env.get("CI", "").lower() not in ("", "0", "false")


def in_github(environ: Mapping[str, str] | None = None) -> bool:
    """Whether GitHub Actions runs this, and so reads workflow commands in the output."""
    env = os.environ if environ is None else environ
    return env.get("GITHUB_ACTIONS") == "true"


def can_ask() -> bool:
    """Whether a person sits in front of it: both the question and the answer go through a terminal."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr) and not in_ci()


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _marks(stream: TextIO, env: Mapping[str, str]) -> Marks:
    # Some terminals make … · → ● two cells wide, as East Asian fonts have them; no terminal says so.
    if env.get("TABLEWRIGHT_SIGNS", "").lower() == "ascii":
        return ASCII
    every = "".join(str(value) for value in (UNICODE.good, UNICODE.branch, UNICODE.elided, UNICODE.spinner[0]))
    try:
        every.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def _width(stream: TextIO, env: Mapping[str, str], is_terminal: bool) -> int:
    """The columns of the stream's own terminal: standard error has one where standard output goes into a pipe."""
    given = env.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        columns = int(given)
    elif is_terminal:
        try:
            columns = os.get_terminal_size(stream.fileno()).columns or _UNKNOWN
        except (OSError, ValueError):
            columns = _UNKNOWN
    else:
        columns = 100
    return max(_NARROWEST, min(_WIDEST, columns))
