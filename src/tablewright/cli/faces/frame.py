"""The live screen as lines: a pure function of the board, the time and the room there is."""

from __future__ import annotations

from tablewright.cli.faces.board import Board, Child, Row
from tablewright.cli.faces.cells import clean, elide, fit, pad, width
from tablewright.cli.faces.marks import Line, Marks, elapsed, kind, tone
from tablewright.cli.faces.wording import head, index_status, place, unrehearsed

_DETAILS = 6
_NARROW = 60  # Below this the kind of a resource gives way to its name.


def frame(board: Board, now: float, columns: int, rows: int, marks: Marks) -> list[Line]:
    """The screen in at most ``columns`` cells and ``rows`` lines; what does not fit is counted, what failed or moves is shown."""
    top = _header(board, now, columns, marks)
    bottom = _footer(board, now, columns, marks)
    room = max(3, rows - len(top) - len(bottom) - 1)
    return [*top, *_resources(board, now, columns, room, marks), *bottom]


def _header(board: Board, now: float, columns: int, marks: Marks) -> list[Line]:
    lines: list[Line] = []
    if board.started is not None:
        # Never shortened: what a run acts on, and where, is the one thing that must be read.
        clock = elapsed(now - board.began)
        first, *rest = fit(head(board.started), columns - len(clock) - 2)
        lines.append(((pad(first, columns - len(clock)), "strong"), (clock, "")))
        lines += [((text, "strong"),) for text in rest]
        lines += [((text, "dim"),) for text in fit(place(board.started), columns)]
    if board.looked:
        lines += [((text, "dim"),) for text in fit(board.looked, columns)]
        for detail in board.details[:_DETAILS]:
            lines.append(((f"  {elide(clean(detail), columns - 2, marks.elided)}", "dim"),))
    for step in board.steps:
        done = board.ended.get(step.number)
        mark, look = (marks.good, "good") if done else (marks.arrow, "busy")
        text = f"step {step.number}: {done.summary if done else step.title}"
        lines.append(((f"{mark} ", look), (elide(clean(text), columns - 2, marks.elided), "" if done else "strong")))
    if lines:
        lines.append(())
    return lines


def _resources(board: Board, now: float, columns: int, room: int, marks: Marks) -> list[Line]:
    rows = list(board.rows.values())
    needed = sum(1 + len(board.children(row)) for row in rows)
    hidden = 0
    if needed > room:
        # What is over and went well is counted instead of shown.
        keep: list[Row] = []
        used = 1
        for row in sorted(rows, key=_urgency):
            cost = 1 + len(board.children(row))
            if used + cost > room:
                continue
            used += cost
            keep.append(row)
        chosen = {row.logical_id for row in keep}
        hidden = len(rows) - len(keep)
        rows = [row for row in rows if row.logical_id in chosen]
    name_cells = max((width(_named(row)) for row in rows), default=0)
    lines: list[Line] = []
    for row in rows:
        lines.append(_row(row, now, columns, name_cells, marks))
        lines += [_child(child, columns, marks) for child in board.children(row)]
    if hidden:
        lines.append(((f"  {marks.elided} and {hidden} more", "dim"),))
    return lines


def _urgency(row: Row) -> int:
    return {"bad": 0, "unknown": 1, "warn": 2, "busy": 3}.get(row.tone, 4)


def _row(row: Row, now: float, columns: int, name_cells: int, marks: Marks) -> Line:
    clock = elapsed(row.took if row.took is not None else now - row.since)
    sign = _spin(now, marks) if row.tone in ("busy", "warn") else marks.of(row.tone)
    what = "" if columns < _NARROW else pad(elide(kind(row.type), 14, marks.elided), 14) + "  "
    room = columns - 4 - 2 - width(what) - 2 - len(clock)  # for the name and the status
    status = elide(clean(row.status), max(8, room - 8), marks.elided)
    cells = max(8, min(name_cells, room - len(status)))
    name = pad(elide(clean(_named(row)), cells, marks.elided), cells)
    gap = " " * max(2, room + 2 - cells - len(status))
    return ((f"  {sign} ", row.tone), (name + "  ", ""), (what, "dim"), (status, row.tone), (gap + clock, "dim"))


def _named(row: Row) -> str:
    return f"{row.logical_id} (not rehearsed)" if unrehearsed(row.physical_id) else row.logical_id


def _child(child: Child, columns: int, marks: Marks) -> Line:
    state = clean(index_status(child.status, child.backfilling, child.percent))
    if columns < _NARROW and child.backfilling:
        state = state.partition(", ")[2]
    word = "index " if columns >= _NARROW else ""
    name = elide(clean(child.name), max(8, columns - 9 - len(word) - width(state)), marks.elided)
    return ((f"     {marks.branch} ", "dim"), (f"{word}{name}  ", ""), (state, tone(child.status)))


def _footer(board: Board, now: float, columns: int, marks: Marks) -> list[Line]:
    lines: list[Line] = []
    if board.rows:
        counts = board.counts()
        busy = counts.get("busy", 0) + counts.get("warn", 0)
        parts = [f"{len(board.rows) - busy} of {len(board.rows)} settled"]
        if counts.get("bad"):
            parts.append(f"{counts['bad']} failed")
        if board.stack_status:
            parts.append(f"stack {board.stack_status}")
        lines += [(), (("  " + elide(f" {marks.dot} ".join(parts), columns - 2, marks.elided), "dim"),)]
    if board.waiting is not None:
        until = f", not before {board.waiting.until:%H:%M:%S} UTC" if board.waiting.until else ""
        text = f"waiting: {clean(board.waiting.reason)}{until}"
        lines.append(((f"  {_spin(now, marks)} ", "busy"), (elide(text, columns - 4, marks.elided), "")))
    for note in board.notes[-3:]:
        first, *rest = fit(f"{note.level}: {note.text}", columns - 2)
        head, _, tail = first.partition(": ")
        lines.append(((f"  {head}: ", "warn"), (tail, "")))
        lines += [(("  " + text, ""),) for text in rest]
    if board.failure is not None and board.finished is None:  # At the end it is told in full below.
        text = f"{board.failure.logical_id}: {board.failure.text}"
        lines.append(((f"  {marks.bad} ", "bad"), (elide(clean(text), columns - 4, marks.elided), "bad")))
    return lines


def _spin(now: float, marks: Marks) -> str:
    return marks.spinner[int(now * 8) % len(marks.spinner)]
