"""What a live migration says besides a copy's events, as lines: the state, the tail, and what leads on."""

from __future__ import annotations

import re
from datetime import datetime

from tablewright.cli.faces.cells import clean, fit, width
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cli.faces.migration_frame import labelled
from tablewright.cli.faces.quantities import count, rate, size
from tablewright.migrate.live.events import Followed, StateEntered
from tablewright.migrate.live.states import State

_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+""")
"""A word as a shell reads it: never broken within its quotes."""

PATHS: tuple[tuple[State, ...], ...] = (
    (
        State.PREPARING,
        State.SPOOLING,
        State.BACKFILLING,
        State.REPLAYING,
        State.FOLLOWING,
        State.VERIFYING,
        State.FENCING,
        State.DRAINING,
        State.RECHECKING,
        State.SWITCHING,
        State.REVERSING,
        State.FINISHED,
    ),
    (
        State.REVERSING,
        State.FENCING_BACK,
        State.DRAINING_BACK,
        State.RECHECKING_BACK,
        State.SWITCHING_BACK,
        State.ROLLED_BACK,
    ),
)
"""The ways through the states that a screen draws: there, and back."""


def track(state: State, columns: int, marks: Marks) -> list[Line]:
    """Where the migration stands on its way: what is behind it, where it is, what comes."""
    path = next((path for path in PATHS if state in path), None)
    if path is None:
        return [(("  ", ""), (state.value, "busy"))]
    here = path.index(state)
    lines: list[Line] = []
    line: list[tuple[str, str]] = [("  ", "")]
    used = 2
    for number, each in enumerate(path):
        mark, tone = (marks.good, "good") if number < here else ("", "dim")
        word = f"[{each.value}]" if number == here else f"{mark}{' ' if mark else ''}{each.value}"
        tone = "busy" if number == here else tone
        if used + width(word) + 3 > columns and used > 2:
            lines.append(tuple(line))
            line, used = [("  ", "")], 2
        line += [(word, tone), ("  ", "")]
        used += width(word) + 2
    lines.append(tuple(line))
    return lines


def state_lines(entered: StateEntered, columns: int, now: datetime) -> list[Line]:
    """The state: why, what goes on in it, who writes where, and how long the fence still holds."""
    lines = labelled("state", clean(f"{entered.state}: {entered.does}"), columns)
    if entered.why:
        lines += labelled("because", clean(entered.why), columns)
    writes = {"source": "writes the source", "target": "writes the target", "none": "is held: its writes are refused"}
    lines += labelled("app", writes.get(entered.application, entered.application), columns)
    if entered.deadline is not None:
        left = max((entered.deadline - now).total_seconds(), 0.0)
        lines += labelled(
            "fence", f"lapses by itself in {left:.0f} s, at {entered.deadline:%H:%M:%S} UTC", columns, "warn"
        )
    return lines


def tail_lines(followed: Followed, columns: int) -> list[Line]:
    """The tail: how far behind, how fast, what is kept for it."""
    back = " (back to the source)" if followed.side == "back" else ""
    tone = "warn" if followed.lag_s > 60 else ""
    lines: list[Line] = [((f"  tail{back}", "strong"),)]
    lines += labelled("lag", f"{followed.lag_s:.1f} s, {count(followed.lag_records, 'record')}", columns, tone)
    lines += labelled(
        "replayed", f"{followed.replayed:,} of {followed.spooled:,} records, {rate(followed.records_per_s)}/s", columns
    )
    lines += labelled(
        "spool",
        f"{size(followed.spool_bytes)}, {followed.shards_open:,} of {count(followed.shards, 'shard')} open",
        columns,
    )
    lines += labelled("in motion", count(followed.moved, "key"), columns)
    trouble = f"{followed.throttled:,} throttled, {followed.set_aside:,} set aside"
    lines += labelled("trouble", trouble, columns, "warn" if followed.set_aside else "")
    return lines


def command_lines(commands: tuple[str, ...], columns: int) -> list[Line]:
    """What may come next, to be typed in another terminal."""
    if not commands:
        return []
    lines: list[Line] = [(), *(((text, "dim"),) for text in fit("What may come next, in another terminal:", columns))]
    return [*lines, *(((text, "dim"),) for command in commands for text in _typed(command, columns))]


def _typed(command: str, columns: int) -> list[str]:
    """A command on as many lines as it takes, continued as a shell reads it: a screen that moves cuts what is wider."""
    lines = ["   "]
    for word in _WORD.findall(command):
        if len(lines[-1]) > 5 and width(f"{lines[-1]} {word} \\") > columns:
            lines[-1] += " \\"
            lines.append("     ")
        lines[-1] += f" {word}"
    return lines


def beside(left: list[Line], right: list[Line], columns: int) -> list[Line]:
    """Two blocks side by side where there is room (100 columns), else one below the other."""
    if columns < 100 or not left or not right:
        return [*left, *right]
    half = columns // 2
    lines: list[Line] = []
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else ()
        other = right[number] if number < len(right) else ()
        used = sum(width(text) for text, _ in one)
        lines.append((*one, (" " * max(half - used, 1), ""), *other))
    return lines
