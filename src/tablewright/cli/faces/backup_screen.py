"""Backups on a screen: what there is, what goes, and how a run went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tablewright.backup.retention import Kept
from tablewright.backup.returning.run import Surveyed
from tablewright.cli.faces.cells import clean, fit, pad, width, wrap
from tablewright.cli.faces.diagnostic import finished_lines, is_failure
from tablewright.cli.faces.items_table import item_lines
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cli.faces.quantities import moment, size
from tablewright.cli.terminal import Output
from tablewright.events import Event, Finished, Noted
from tablewright.items.keys import ordered
from tablewright.model.items import Item
from tablewright.model.table import Backup, Table

_NAMES = 45
"""Up to how many cells of a name the columns beside it stand below each other."""


def list_lines(found: Mapping[str, Sequence[Backup]], columns: int, marks: Marks) -> list[Line]:
    """The backups by table."""
    lines: list[Line] = []
    for table, backups in found.items():
        lines += [()] if lines else []
        lines += [((text, "strong"),) for text in fit(clean(table), columns)]
        if not backups:
            lines.append(((f"  {marks.kept} ", "dim"), ("no backup on demand", "")))
        names = max((width(clean(backup.name)) for backup in backups if width(backup.name) <= _NAMES), default=0)
        for backup in backups:
            look = "good" if backup.status == "AVAILABLE" else "busy"
            kind = "" if backup.kind == "USER" else f"  {backup.kind.lower()}"
            state = "" if look == "good" else f"  {backup.status}"
            facts = f"{moment(backup.created_at)}  {size(backup.size_bytes)}{kind}{state}"
            head = f"{pad(clean(backup.name), names)}  {facts}"
            told = [head] if width(head) + 4 <= columns else [*fit(clean(backup.name), columns - 4), facts]
            lines.append(((f"  {marks.good if look == 'good' else marks.busy} ", look), (told[0], "")))
            lines += [(("    " + more, ""),) for more in told[1:]]
            lines.append(((f"      {backup.arn}", "dim"),))
    if lines:
        text = "How far back point-in-time recovery goes, a backup or none: tablewright backup pitr"
        lines += [(), *(((more, "dim"),) for more in wrap(text, columns))]
    return lines


def thin_lines(kept: Sequence[Kept], columns: int, marks: Marks) -> list[Line]:
    """What becomes of each backup."""
    lines: list[Line] = []
    for each in kept:
        word, look = ("delete", "bad") if each.goes else ("keep", "good")
        text = f"{word:<7}{clean(each.backup.name)}  {moment(each.backup.created_at)}  {each.why}"
        first, *rest = fit(text, columns - 2)
        lines += [
            ((f"{marks.bad if each.goes else marks.good} ", look), (first, "")),
            *((("  " + t, ""),) for t in rest),
        ]
    return lines or [(("there is no backup", "dim"),)]


def window_lines(tables: Sequence[Table], columns: int, marks: Marks) -> list[Line]:
    """How far back each table can be restored."""
    names = max((width(table.name) for table in tables), default=0)
    lines: list[Line] = []
    for table in tables:
        recovery = table.recovery
        if recovery is None:
            mark, look, text = marks.unknown, "unknown", f"unknown: {table.unknown.get('recovery', 'not told')}"
        elif not recovery.enabled:
            mark, look, text = marks.bad, "bad", "point-in-time recovery is off"
        else:
            mark, look = marks.good, "good"
            since, until = recovery.earliest, recovery.latest
            text = f"{moment(since)} to {moment(until)}" if since and until else "on; the window is not told yet"
        head = pad(clean(table.name), min(names, 40))
        first, *rest = wrap(f"{head}  {text}", columns - 2) if width(head + text) + 4 > columns else [f"{head}  {text}"]
        lines += [((f"{mark} ", look), (first, "")), *((("    " + t, ""),) for t in rest)]
    return lines


def surveyed_lines(
    found: Surveyed, copy: Table, table: Table, shown: Callable[[Item], Item], columns: int, marks: Marks
) -> list[Line]:
    """What a comparison with a copy found; keys as ``shown`` lets them be seen."""
    names = [key.name for key in ordered(table.keys)]
    of = "named items" if found.named is not None else "items"
    head = f"{found.read:,} {of} of {copy.name} compared: {found.lost:,} lost, {found.changed:,} changed"
    lines: list[Line] = [((text, "strong"),) for text in fit(clean(head), columns)]
    if found.expired:
        text = f"{found.expired:,} of them have expired: TTL would delete them at once, so they stay out"
        lines += [((each, "warn"),) for each in wrap(text, columns)]
    for title, keys, total in (
        (f"lost in {table.name}", found.lost_keys, found.lost),
        ("changed, and left as they are" if found.named is None else "changed", found.changed_keys, found.changed),
    ):
        if keys:
            lines += [(), ((clean(title), "strong"),)]
            lines += item_lines([shown(key) for key in keys], names, columns, marks, single=False)
            if total > len(keys):
                lines.append(((f"and {total - len(keys):,} more", "dim"),))
    return [*lines, ()]


def event_lines(event: Event, columns: int, marks: Marks) -> list[Line]:
    """What a run notes; its measures of progress are left out."""
    if not isinstance(event, Noted):
        return []
    look = "warn" if event.level == "warning" else ""
    first, *rest = wrap(clean(event.text), min(columns, 110) - 2)
    mark = marks.unknown if look else marks.dot
    return [((f"{mark} ", look or "dim"), (first, look)), *((("  " + text, look),) for text in rest)]


def finished_result(event: Finished, out: Output, err: Output) -> None:
    """The end: an error on standard error, the result on standard output."""
    if is_failure(event.ending):
        err.line(())
        err.lines(finished_lines(event, err.width))
        return
    out.line(((f"{out.marks.good} ", "good"), (event.summary, "strong")))
    for name, value in event.facts.items():
        out.line(((f"  {name}  {value}", ""),))
