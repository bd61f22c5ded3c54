"""How a migration's run ended, for a person: a result, an error, or a halt, which is neither."""

from __future__ import annotations

from tablewright.cli.faces.cells import clean, wrap
from tablewright.cli.faces.diagnostic import finished_lines, hint_lines, is_failure
from tablewright.cli.faces.marks import Line
from tablewright.cli.faces.result import result_lines
from tablewright.cli.terminal import Output
from tablewright.events import Finished

HALTED = ("paused", "stopped")
"""Codes of ends that somebody asked for: nothing went wrong, and nothing is done yet."""


def say_end(finished: Finished, out: Output, err: Output) -> None:
    """Write the end: what was asked for is the result, on standard output; everything else goes to standard error."""
    if finished.code in HALTED:
        lines: list[Line] = [(), ((f"{err.marks.kept} ", "warn"), (clean(finished.summary), "strong"))]
        lines += [(("  " + text, ""),) for text in wrap(finished.detail, min(err.width, 110) - 2)]
        err.lines([*lines, *hint_lines(finished.hint)])
    elif is_failure(finished.ending):
        err.lines([(), *finished_lines(finished, err.width)])
    else:
        err.text("")
        out.lines(result_lines(finished, out.width, out.marks))
