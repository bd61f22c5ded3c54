"""Why something failed, for a person: the cause, and how the stack stands now."""

from __future__ import annotations

from tablewright.cli.faces.cells import clean, fit
from tablewright.cli.faces.diagnostic import cause_lines
from tablewright.cli.faces.marks import Line, Marks, tone
from tablewright.cli.faces.quantities import moment, span
from tablewright.deploy.explaining.run import Explanation


def why_lines(found: Explanation, columns: int, marks: Marks) -> list[Line]:
    """The explanation in lines."""
    stack = found.stack
    now = f"stack {stack.name} is {stack.status} now: {found.meaning}"
    if found.cause is None:
        nothing = f"No operation of stack {stack.name} failed, as far as its events go back."
        return [
            *(((text, ""),) for text in fit(f"{marks.good} {nothing}", columns)),
            *(((text, "dim"),) for text in fit(clean(now), columns)),
        ]
    when = ""
    if found.began_at and found.ended_at:
        when = f" at {moment(found.began_at)}, over after {span(found.began_at, found.ended_at)}"
    head = f"The last operation of stack {stack.name} that failed: {found.operation}{when}"
    return [
        *(((text, "strong"),) for text in fit(clean(head), columns)),
        (),
        *cause_lines(found.cause, columns),
        *(((), *cause_lines(found.rollback, columns, "Its rollback failed on")) if found.rollback is not None else ()),
        (),
        *(((text, tone(stack.status)),) for text in fit(clean(now), columns)),
    ]
