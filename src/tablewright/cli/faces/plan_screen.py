"""A plan for a person: the steps, the changes property by property, and what would be lost."""

from __future__ import annotations

from tablewright.cli.faces.cells import clean, fit, wrap
from tablewright.cli.faces.changes import change_lines, loss_lines
from tablewright.cli.faces.diagnostic import cause_lines, finished_lines, hint_lines, is_failure
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cli.faces.planned import PlanShown
from tablewright.cli.faces.wording import beside, head, place


def plan_lines(shown: PlanShown, columns: int, marks: Marks) -> list[Line]:
    """The plan in lines; for one that could not be made, as far as it came."""
    lines: list[Line] = []
    if shown.started is not None:
        lines += [((text, "strong"),) for text in fit(head(shown.started), columns)]
        lines += [((text, "dim"),) for text in fit(place(shown.started), columns)]
    if shown.looked is not None:
        lines += [((text, ""),) for text in fit(clean(shown.looked.summary), columns)]
        lines += [(("  " + text, "dim"),) for detail in beside(shown.looked) for text in fit(detail, columns - 2)]
    for note in shown.notes:
        lines += [
            ((text, "warn" if note.level == "warning" else ""),) for text in fit(f"{note.level}: {note.text}", columns)
        ]
    lines += _steps(shown, columns)
    if shown.changes is not None:
        changes = change_lines(shown.changes.change_set.changes, columns, marks)
        lines += [(), (("Changes", "strong"),), *changes]
        if shown.changes.losses:
            lines += [(), (("What would be lost", "strong"),), *loss_lines(shown.changes.losses, columns, marks)]
    if shown.planned is not None and shown.planned.unknown:
        lines += [(), (("Not known", "strong"),)]
        for unknown in shown.planned.unknown:
            first, *rest = wrap(unknown, columns - 4)
            lines += [((f"  {marks.unknown} ", "unknown"), (first, "")), *((("    " + text, ""),) for text in rest)]
    if shown.cause is not None:
        lines += [(), *cause_lines(shown.cause, columns, shown.cause_title)]
    return lines + _end(shown, columns, marks)


def _steps(shown: PlanShown, columns: int) -> list[Line]:
    if shown.planned is None or not shown.planned.steps:
        return []
    lines: list[Line] = [(), (("Steps", "strong"),)]
    for number, step in enumerate(shown.planned.steps, start=1):
        first, *rest = wrap(step.title, columns - 5)
        lines += [((f"  {number}. ", "busy"), (first, "")), *((("     " + text, ""),) for text in rest)]
    if shown.planned.reason:
        lines += [(("     " + text, "dim"),) for text in wrap(f"because {shown.planned.reason}", columns - 5)]
    return lines


def _end(shown: PlanShown, columns: int, marks: Marks) -> list[Line]:
    finished = shown.finished
    if finished is None or is_failure(finished.ending):
        return []  # The error itself goes to standard error.
    sign, look = (marks.bad, "bad") if shown.refused else (marks.good, "good")
    code = f" [{shown.refused}]" if shown.refused else ""
    first, *rest = fit(clean(finished.summary) + code, columns - 2)
    lines: list[Line] = [(), ((f"{sign} ", look), (first, "strong")), *((("  " + text, "strong"),) for text in rest)]
    lines += [(("  " + text, ""),) for text in wrap(finished.detail, columns - 2) if finished.detail]
    return lines + hint_lines(finished.hint)


def error_of(shown: PlanShown, columns: int) -> list[Line]:
    """The error that ended the plan, for standard error."""
    if shown.finished is None or not is_failure(shown.finished.ending):
        return []
    return finished_lines(shown.finished, columns)
