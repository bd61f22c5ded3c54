"""A live migration as another terminal shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tablewright.cli.faces.cells import clean, fit
from tablewright.cli.faces.live_lines import state_lines, tail_lines, track
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cli.faces.migration_frame import labelled
from tablewright.cli.faces.quantities import count
from tablewright.events import as_plain
from tablewright.migrate.live.events import StateEntered
from tablewright.migrate.live.states import row

if TYPE_CHECKING:
    from tablewright.migrate.live.watching.run import LiveStanding

_STALE_S = 10.0


def live_lines(one: LiveStanding, columns: int, marks: Marks, now: datetime | None = None) -> list[Line]:
    """The migration whole: where it stands, who works at it, how far the tail is, what leads on."""
    now = now or datetime.now(UTC)
    state = one.entry.state
    lines: list[Line] = [((text, "strong"),) for text in fit(clean(one.job), columns)]
    lines += labelled("from", clean(str(one.asked.source)), columns)
    lines += labelled("to", clean(str(one.asked.target)), columns)
    lines += labelled("transform", clean(one.asked.title), columns)
    lines += labelled("folder", clean(one.folder), columns)
    if one.holder is not None:
        lines += labelled("process", f"{one.holder.pid} works at it", columns)
    elif not one.is_over:
        lines += labelled("process", "nobody works at it; a stream keeps its changes for 24 hours", columns, "warn")
    lines += [(), *track(state, columns, marks)]
    timed = row(state).timed
    lines += state_lines(
        StateEntered(
            one.job,
            state.value,
            one.entry.why,
            row(state).does,
            row(state).application,
            deadline=one.fenced_until if timed else None,
        ),
        columns,
        now,
    )
    lines += labelled("since", f"{datetime.fromtimestamp(one.entry.at, UTC):%Y-%m-%d %H:%M:%S} UTC", columns)
    if one.fenced and not timed and one.fenced_until is not None:
        tables = " and ".join(one.fenced)
        lines += labelled(
            "fenced", f"the {tables}, until {one.fenced_until:%Y-%m-%d %H:%M} UTC, renewed while it runs", columns
        )
    if one.aside:
        lines += labelled("set aside", f"{count(one.aside, 'item')} cannot be transformed", columns, "warn")
    if one.meetings:
        lines += labelled(
            "meeting", f"{count(one.meetings, 'key')} of the target held by several items", columns, "bad"
        )
    if one.late:
        lines += labelled(
            "late",
            f"{count(one.late, 'write')} reached a table that was left already, and are only there: late.jsonl",
            columns,
            "bad",
        )
    if one.wishes:
        lines += labelled("asked for", ", ".join(one.wishes), columns)
    if one.followed is not None and not one.is_over:
        age = (now - one.followed.at).total_seconds()
        lines += [(), *tail_lines(one.followed, columns)]
        if age > _STALE_S:
            lines += labelled("as of", f"{age:,.0f} s ago", columns, "warn")
    commands = list(one.commands)
    if one.holder is None and not one.is_over:
        commands.insert(0, f"tablewright migrate live --job {one.job}")
    if commands:
        lines += [(), (("What leads on from here:", ""),), ()]
        lines += [(("      " + command, "strong"),) for command in commands]
    return lines


def live_json(one: LiveStanding) -> dict[str, object]:
    """The same for programs."""
    return {
        "job": one.job,
        "kind": "live",
        "folder": one.folder,
        "state": one.entry.state.value,
        "why": one.entry.why,
        "since": as_plain(datetime.fromtimestamp(one.entry.at, UTC)),
        "running": one.holder is not None,
        "pid": one.holder.pid if one.holder else None,
        "source": str(one.asked.source),
        "target": str(one.asked.target),
        "application": row(one.entry.state).application,
        "set_aside": one.aside,
        "late": one.late,
        "fenced": list(one.fenced),
        "fenced_until": as_plain(one.fenced_until),
        "asked_for": list(one.wishes),
        "tail": as_plain(one.followed),
        "commands": list(one.commands),
        "history": [{"at": entry.at, "state": entry.state.value, "why": entry.why} for entry in one.history],
    }
