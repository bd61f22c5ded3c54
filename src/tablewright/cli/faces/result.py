"""The result of a run that did what was asked, for standard output."""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.cli.faces.cells import clean, elide, pad, width, wrap
from tablewright.cli.faces.marks import Line, Marks
from tablewright.events import Ending, Finished
from tablewright.model.stack import StackOutput


def result_lines(finished: Finished, columns: int, marks: Marks) -> list[Line]:
    """How it ended, in a line or two, and the outputs that other stacks and programs use."""
    status = finished.stack.status if finished.stack and finished.stack.status not in finished.summary else ""
    lines: list[Line] = [
        ((f"{marks.good} ", "good"), (clean(finished.summary), "strong"), (f" ({status})" if status else "", "")),
    ]
    if finished.detail:
        lines += [(("  " + text, ""),) for text in wrap(finished.detail, min(columns, 110) - 2)]
    if finished.outputs and finished.ending is Ending.DONE:
        lines += [(), (("  Outputs", "strong"),), *output_lines(finished.outputs, columns, marks)]
    if finished.hint:
        lines += [(), (("      " + finished.hint, "strong"),)]
    return lines


def output_lines(outputs: Sequence[StackOutput], columns: int, marks: Marks) -> list[Line]:
    """Outputs with their exports, side by side where there is room, else under one another."""
    keys = max(width(output.key) for output in outputs)
    lines: list[Line] = []
    for output in outputs:
        value, export = clean(output.value), f"export {clean(output.export)}" if output.export else ""
        if 4 + keys + 2 + width(value) > columns:
            lines.append(((f"    {elide(clean(output.key), columns - 4, marks.elided)}", ""),))
            lines.append(((f"      {value}", ""),))
            indent = 6
        else:
            lines.append(((f"    {pad(clean(output.key), keys)}  ", ""), (value, "")))
            indent = 4 + keys + 2
        if export and width("".join(text for text, _ in lines[-1])) + 2 + width(export) <= columns:
            lines[-1] = (*lines[-1], (f"  {export}", "dim"))
        elif export:
            lines.append(((" " * indent + export, "dim"),))
    return lines
