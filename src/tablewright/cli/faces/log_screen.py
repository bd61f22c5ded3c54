"""The run log for a person: a line a run, and one run event by event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tablewright.cli.faces.cells import clean, elide, elide_end, fit, pad, width
from tablewright.cli.faces.marks import Line, Marks, tone
from tablewright.cli.faces.quantities import count, span
from tablewright.deploy.runlog import RunRecord

_ENDINGS = {
    "done": "good",
    "nothing-to-do": "dim",
    "failed": "bad",
    "refused": "warn",
    "must-wait": "warn",
    "stuck": "bad",
}


def list_lines(records: Sequence[RunRecord], every: int, columns: int, marks: Marks) -> list[Line]:
    """The runs, newest first."""
    if not records:
        return [(("No run is kept.", ""),)]
    stacks = min(max(width(record.stack) for record in records), max(12, columns // 3))
    lines: list[Line] = []
    for record in records:
        ending = record.ending or "not ended"
        look = _ENDINGS.get(record.ending or "", "unknown")
        when = f"{record.at:%Y-%m-%d %H:%M:%S}"
        stack = pad(elide(clean(record.stack), stacks, marks.elided), stacks)
        head: Line = (
            (f"{when}  ", "dim"),
            (f"{stack}  ", "strong"),
            (pad(ending, 13) + "  ", look),
        )
        about = f"{record.verb}{f' ({record.environment})' if record.environment else ''}"
        room = columns - sum(width(text) for text, _ in head)
        lines.append((*head, (elide_end(clean(about), max(0, room), marks.elided), "")))
        lines += [((f"    {text}", "dim"),) for text in fit(clean(f"{record.id}  {_place(record)}"), columns - 4)]
    if every > len(records):
        lines.append(((f"{marks.elided} and {every - len(records)} more: --limit", "dim"),))
    return lines


def run_lines(record: RunRecord, events: Sequence[Mapping[str, object]], columns: int, marks: Marks) -> list[Line]:
    """One run: what it acted on, then each of its events."""
    took = f", {span(record.at, record.ended_at)}" if record.ended_at else ""
    environment = f" ({record.environment})" if record.environment else ""
    title = f"{record.verb} {record.stack}{environment}, {record.at:%Y-%m-%d %H:%M:%S} UTC{took}"
    lines: list[Line] = [((text, "strong"),) for text in fit(clean(title), columns)]
    lines += [((text, "dim"),) for text in fit(clean(_place(record)), columns)]
    lines += [((text, "dim"),) for text in fit(record.path, columns)]
    lines.append(())
    for event in events:
        lines += _event(event, columns)
    if record.ending is None:
        lines += [(), ((f"{marks.unknown} It has no end: it was killed, or goes on.", "unknown"),)]
    return lines


def _place(record: RunRecord) -> str:
    endpoint = f", {record.endpoint}" if record.endpoint else ""
    return f"account {record.account}, {record.region}{endpoint}"


def _event(event: Mapping[str, object], columns: int) -> list[Line]:
    clock = str(event.get("at", ""))[11:19]
    kind = str(event.get("event", ""))
    look, text = _words(kind, event)
    room = columns - len(clock) - 1
    first, *rest = fit(clean(text), room) or [""]
    lines: list[Line] = [((f"{clock} ", "dim"), (first, look))]
    lines += [((" " * (len(clock) + 1) + more, look),) for more in rest]
    details = event.get("details")
    if isinstance(details, list):
        lines += [
            ((" " * (len(clock) + 3) + line, "dim"),) for detail in details for line in fit(str(detail), room - 2)
        ]
    return lines


def _words(kind: str, event: Mapping[str, object]) -> tuple[str, str]:
    """An event as it was written, in words; one of a newer version is shown by its kind."""
    inner = event.get("moved") or event.get("cause" if kind == "failure" else "change_set")
    if isinstance(inner, Mapping):
        status = str(inner.get("status", ""))
        if kind == "changes-found":
            changes = inner.get("changes")
            return "", f"{count(len(changes) if isinstance(changes, list) else 0, 'change')} found"
        said = inner.get("reason") or inner.get("text") or ""
        return tone(status), f"{status} {inner.get('logical_id', '')} {said}".strip()
    parts = [
        str(event[key])
        for key in ("title", "summary", "verb", "table", "index", "status", "reason", "text", "why", "detail")
        if event.get(key)
    ]
    look = _ENDINGS.get(str(event.get("ending", "")), "")
    return look, f"{kind}: {'; '.join(parts)}" if parts else kind
