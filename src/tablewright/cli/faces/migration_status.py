"""A migration as another terminal shows it: what it is, whether a process is at work, how far it is, and what to run next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tablewright.cli.faces.cells import clean, elide, fit, width
from tablewright.cli.faces.diagnostic import hint_lines
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cli.faces.migration_frame import labelled, progress_lines
from tablewright.cli.faces.quantities import moment
from tablewright.events import as_plain
from tablewright.migrate.dead_letters import FILE_NAME, read_letters
from tablewright.migrate.live.journal import Entry
from tablewright.migrate.live.states import is_ended
from tablewright.migrate.standing.run import JobStanding
from tablewright.migrate.states import state

_TONES: Mapping[str, str] = {
    "done": "good",
    "unverified": "warn",
    "incomplete": "bad",
    "differs": "bad",
    "failed": "bad",
    "paused": "warn",
    "stopped": "warn",
}
_REASONS = 5


def list_lines(
    jobs: Sequence[JobStanding], columns: int, marks: Marks, live: Mapping[str, Entry] | None = None
) -> list[Line]:
    """Every job, newest first, a line or two each. ``live``: by its id the state of a live migration, of which the job's own
    record tells how the copy ended, and nothing of what came after.
    """
    if not jobs:
        return [(("No migration is kept here.", ""),)]
    lines: list[Line] = []
    for one in jobs:
        entry = (live or {}).get(one.record.job.id)
        word, tone = _state(one) if entry is None else _live_state(entry)
        changed = one.record.changed_at if entry is None else datetime.fromtimestamp(entry.at, UTC)
        words = f"{changed:%Y-%m-%d %H:%M}  "
        room = columns - width(words) - width(word) - 2
        name = elide(clean(one.record.job.id), max(room, 12), marks.elided)
        lines.append(((words, "dim"), (f"{word}  ", tone), (name, "strong")))
        lines += [((f"    {text}", "dim"),) for text in fit(_counts(one), columns - 4)]
    return lines


def job_lines(one: JobStanding, columns: int, marks: Marks) -> list[Line]:
    """One job whole."""
    record, (word, tone) = one.record, _state(one)
    lines: list[Line] = [((text, "strong"),) for text in fit(clean(record.job.id), columns)]
    first, *rest = fit(f"{word}: {_meaning(one)}", columns)
    lines += [((first, tone),), *((("  " + text, tone),) for text in rest)]
    source, target = str(record.job.source), str(record.job.target)
    ends = [("table", source)] if record.job.options.in_place else [("from", source), ("to", target)]
    for label, text in (*ends, ("transform", record.job.transform)):
        lines += labelled(label, clean(text), columns)
    lines += labelled("began", f"{moment(record.began_at)}, last change {moment(record.changed_at)}", columns)
    lines += labelled("folder", record.job.folder, columns)
    if one.trouble:
        lines += [((text, "bad"),) for text in fit(clean(one.trouble), columns)]
    if one.checkpoint is not None:
        pace = one.checkpoint.wishes.pace or record.job.options.pace
        lines += labelled("pace", str(pace), columns)
        lines.append(())
        if one.checkpoint.progress is not None and not state(record.state).over:
            lines += progress_lines(one.checkpoint.progress, columns, marks)
        else:
            lines += labelled("done", _counts(one), columns)
        lines += _reasons(one, columns, marks)
    return lines + hint_lines(_command(one))


def as_json(one: JobStanding, live: Entry | None = None) -> dict[str, object]:
    """The same for programs; ``live``: where the live migration stands that the copy belongs to.

    Its members are stable: see docs/reference/migrate.md.
    """
    record, checkpoint = one.record, one.checkpoint
    counts = checkpoint.counts if checkpoint is not None else None
    return {
        "job": record.job.id,
        "state": record.state,
        "live": live.state.value if live is not None else None,
        "running": one.running,
        "died": one.died,
        "pid": one.holder.pid if one.holder else None,
        "source": str(record.job.source),
        "target": str(record.job.target),
        "transform": record.job.transform,
        "folder": record.job.folder,
        "began_at": as_plain(record.began_at),
        "changed_at": as_plain(record.changed_at),
        "ending": record.ending,
        "pace": str((checkpoint.wishes.pace if checkpoint else None) or record.job.options.pace),
        "pausing": checkpoint.wishes.pause if checkpoint else False,
        "counts": as_plain(counts) if counts is not None else None,
        "segments": len(checkpoint.positions) if checkpoint else None,
        "segments_done": sum(p.done for p in checkpoint.positions.values()) if checkpoint else None,
        "progress": as_plain(checkpoint.progress)
        if checkpoint is not None and checkpoint.progress is not None
        else None,
    }


def _state(one: JobStanding) -> tuple[str, str]:
    if one.died:
        return f"{one.record.state}, its process is gone", "bad"
    tone = "busy" if one.running else _TONES.get(one.record.state, "")
    return one.record.state + (f" (process {one.holder.pid})" if one.holder else ""), tone


def _live_state(entry: Entry) -> tuple[str, str]:
    return f"live, {entry.state.value}", "good" if is_ended(entry.state) else "busy"


def _meaning(one: JobStanding) -> str:
    if one.died:
        return "it was killed, or the machine went down. What was acknowledged is kept."
    said = one.record.ending if one.record.state in ("failed", "incomplete", "differs") else ""
    return clean(f"{one.meaning} {said}".strip())


def _counts(one: JobStanding) -> str:
    if one.checkpoint is None:
        return "nothing read yet"
    counts = one.checkpoint.counts
    return f"{counts.read:,} items read, {counts.written:,} written, {counts.set_aside:,} set aside"


def _reasons(one: JobStanding, columns: int, marks: Marks) -> list[Line]:
    if one.checkpoint is None or not one.checkpoint.counts.set_aside:
        return []
    path = Path(one.record.job.folder) / FILE_NAME
    found: dict[str, int] = {}
    for letter in read_letters(path):
        found[letter.reason] = found.get(letter.reason, 0) + 1
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    lines: list[Line] = [
        ((f"{marks.bad} ", "bad"), (elide(clean(f"{number:,} set aside: {reason}"), columns - 2, marks.elided), ""))
        for reason, number in ordered[:_REASONS]
    ]
    return [*lines, *labelled("", str(path), columns)]


def _command(one: JobStanding) -> str | None:
    if one.running:
        return f"tablewright migrate pause {one.record.job.id}"
    if state(one.record.state).resumes:
        return f"tablewright migrate resume {one.record.job.id}"
    if one.record.job.options.in_place:
        return f"tablewright migrate undo {one.record.job.id}" if one.record.state != "undone" else None
    return f"tablewright migrate verify {one.record.job.id}" if one.record.state != "done" else None
