"""A name with its status and facts, on one line or on as many as they take: nothing of them is left out."""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.cli.faces.cells import fit, width
from tablewright.cli.faces.marks import Line, Marks, Segment


def named_lines(
    head: Line, name: str, status: Segment, facts: Sequence[str], columns: int, marks: Marks, *, look: str = ""
) -> list[Line]:
    """``head`` begins the first line, ``look`` is the tone of the facts.

    A name is never shortened here: those that differ in the middle would look the same.
    """
    joined = f" {marks.dot} ".join(facts)
    begin = sum(width(text) for text, _ in head)
    tail = f" {marks.dot} {joined}" if joined else ""
    used = begin + width(name) + 2 + width(status[0])
    if used + width(tail) <= columns:
        return [(*head, (name, "strong"), ("  ", ""), status, (tail, look))]
    indent = begin + 2 if begin + 2 + width(status[0]) <= columns else 6
    below: list[Line] = [((" " * indent + text, look),) for text in fit(joined, columns - indent) if text]
    if used <= columns:
        return [(*head, (name, "strong"), ("  ", ""), status), *below]
    first, *rest = fit(name, columns - begin)
    lines: list[Line] = [(*head, (first, "strong")), *(((" " * begin + text, "strong"),) for text in rest)]
    return [*lines, ((" " * indent, ""), status), *below]
