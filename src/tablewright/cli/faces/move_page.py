"""What a move needs, a step after the other: done or not, what to run, and what nobody can do by an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablewright.cli.faces.cells import fit
from tablewright.cli.faces.marks import Line, Marks

if TYPE_CHECKING:
    from tablewright.migrate.moving.needs import Need

_WIDEST_PROSE = 110


def need_lines(number: int, need: Need, marks: Marks, width: int) -> list[Line]:
    """One step, with its commands alone on their lines."""
    prose = min(width, _WIDEST_PROSE) - 6
    first, *rest = fit(need.title, prose)
    mark, style = {True: (marks.good, "good"), False: (" ", ""), None: (" ", "")}[need.done]
    done = " (done)" if need.done else ""
    lines: list[Line] = [((f"{mark} ", style), (f"{number}. ", "dim"), (first, "strong"))]
    lines += [((f"     {line}", "strong"),) for line in rest]
    if done:
        lines[-1] = (*lines[-1], (done, "dim"))
    for note in need.notes:
        lines += [((f"     {line}", "dim"),) for line in fit(note, prose)]
    if not need.done:
        lines += [((f"         {command}", ""),) for command in need.commands]
    return [*lines, ()]
