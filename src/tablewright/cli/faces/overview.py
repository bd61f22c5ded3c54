"""Every stack of a project, a line each: what stands where, and what does not work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tablewright.cli.faces.cells import clean, elide, elide_end, pad, width
from tablewright.cli.faces.diagnostic import hint_lines
from tablewright.cli.faces.marks import Line, Marks, tone
from tablewright.cli.faces.named import named_lines
from tablewright.cli.faces.quantities import count
from tablewright.errors import TablewrightError
from tablewright.model.report import UNHEALTHY, StackReport

_NAMES = 24
"""How many cells of the longest name must be seen for the stacks to stand in columns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stack in one environment: its report, or the error that kept it from being read. ``command`` shows all of it."""

    environment: str | None
    stack: str
    report: StackReport | None = None
    error: TablewrightError | None = None
    command: str = ""

    @property
    def healthy(self) -> bool:
        """Whether it was read and nothing in it is broken; what could not be read is not called healthy."""
        return self.report is not None and self.report.healthy and self.report.known


def overview_lines(entries: Sequence[Entry], columns: int, marks: Marks) -> list[Line]:
    """The stacks in the order in which they are deployed, what is wrong under each; in columns where there is room for them."""
    environments = max((width(clean(entry.environment or "")) for entry in entries), default=0)
    statuses = max((width(_status(entry)) for entry in entries), default=0)
    facts = max((width(_facts(entry)) for entry in entries if entry.error is None), default=0)
    before = 4 + environments + (2 if environments else 0)
    names = max((width(clean(entry.stack)) for entry in entries), default=0)
    room = columns - before - 2 - statuses - 2 - facts
    lines: list[Line] = []
    for entry in entries:
        look, sign = ("good", marks.good) if entry.healthy else ("bad", marks.bad)
        head: Line = (
            (f"  {sign} ", look),
            (pad(clean(entry.environment or ""), environments) + ("  " if environments else ""), "dim"),
        )
        status, told = (_status(entry), tone(_status(entry)) if entry.report else "unknown"), _facts(entry)
        if min(names, _NAMES) <= room:
            name = pad(elide(clean(entry.stack), room, marks.elided), min(names, room))
            left = columns - before - width(name) - 2 - statuses - 2
            tail = elide_end(told, max(0, left), marks.elided)
            lines.append((*head, (f"{name}  ", "strong"), (pad(status[0], statuses) + "  ", status[1]), (tail, "dim")))
        else:
            lines += named_lines(head, clean(entry.stack), status, [told] if told else [], columns, marks, look="dim")
        lines += _wrong(entry, columns, marks)
    return lines


def _status(entry: Entry) -> str:
    if entry.report is None:
        return "unknown"
    return entry.report.stack.status if entry.report.stack else "does not exist"


def _facts(entry: Entry) -> str:
    if entry.error is not None:
        return clean(entry.error.summary)
    if entry.report is None or entry.report.stack is None:
        return ""
    facts = [count(len(entry.report.tables), "table")]
    if entry.report.findings:
        facts.append(count(len(entry.report.findings), "note"))
    return ", ".join(facts)


def _wrong(entry: Entry, columns: int, marks: Marks) -> list[Line]:
    if entry.error is not None:
        first_line = entry.error.detail.split("\n")[0] or entry.error.summary
        return [((f"      {elide(clean(first_line), columns - 6, marks.elided)}", ""),)]
    if entry.report is None or entry.healthy:
        return []
    broken = [finding for finding in entry.report.findings if finding.level == UNHEALTHY]
    broken += [finding for finding in entry.report.findings if not entry.report.known and "unread" in finding.code]
    lines: list[Line] = [((f"      {elide(clean(f.text), columns - 6, marks.elided)}", ""),) for f in broken[:3]]
    if len(broken) > 3:
        lines.append(((f"      {marks.elided} and {len(broken) - 3} more", "dim"),))
    return lines + (hint_lines(entry.command) if entry.command else [])
