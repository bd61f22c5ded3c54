"""A migration's screen as lines: a pure function of the board, the time and the room there is."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.cli.faces.cells import clean, elide, fit, pad, width
from tablewright.cli.faces.marks import UNICODE, Line, Marks, elapsed
from tablewright.cli.faces.migration_board import MigrationBoard, Phase
from tablewright.cli.faces.plot import bar, plot
from tablewright.cli.faces.quantities import count, rate, size
from tablewright.migrate.events import Progress

_LABEL = 10
_REASONS = 3


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much is shown: so many ``notes`` (0: their number alone), ``plot`` rows of it, ``help`` how to slow it down."""

    notes: int
    plot: int
    help: bool


_DETAILS = (_Detail(4, 4, True), _Detail(4, 1, True), _Detail(0, 4, True), _Detail(0, 1, True), _Detail(0, 0, False))
"""From much to little: the first that fits the terminal's height is shown."""


def frame(board: MigrationBoard, now: float, columns: int, rows: int, marks: Marks) -> list[Line]:
    """The screen in at most ``columns`` cells and ``rows`` lines."""
    spinner = marks.spinner[int(now * 8) % len(marks.spinner)]
    lines: list[Line] = []
    for detail in _DETAILS:
        lines = _header(board, now, columns, detail)
        for phase in board.phases:
            lines += _phase(phase, board, columns, detail, marks, spinner)
        lines += _footer(board, columns, marks, detail)
        if len(lines) <= rows:
            return lines
    return [*lines[: rows - 1], ((marks.elided, "dim"),)]


def _header(board: MigrationBoard, now: float, columns: int, detail: _Detail) -> list[Line]:
    started = board.started
    if started is None:
        return []
    clock = elapsed(now - board.began)
    verb = "resume" if started.resumed else started.verb
    # Never shortened: what is written to, and where, is the one thing that must be read.
    first, *rest = fit(f"migrate {verb} {clean(started.job)}", columns - len(clock) - 2)
    lines: list[Line] = [((pad(first, columns - len(clock)), "strong"), (clock, ""))]
    lines += [((text, "strong"),) for text in rest]
    for label, text in (("from", started.source), ("to", started.target), ("transform", started.transform)):
        lines += labelled(label, clean(text), columns)
    if board.notes and not detail.notes:
        lines.append(((count(len(board.notes), "note"), "warn"),))
    for note in board.notes[-detail.notes :] if detail.notes else ():
        tone = "warn" if note.level == "warning" else "dim"
        first, *rest = fit(f"{note.level}: {clean(note.text)}", columns)
        lines.append(((first, tone),))
        lines += [((text, tone),) for text in rest[:2]]
    lines.append(())
    return lines


def _phase(
    phase: Phase, board: MigrationBoard, columns: int, detail: _Detail, marks: Marks, spinner: str
) -> list[Line]:
    if phase.summary is not None:
        first, *rest = fit(f"{phase.name}: {clean(phase.summary)}", columns - 2)
        return [((f"{marks.good} ", "good"), (first, "")), *((("  " + text, ""),) for text in rest)]
    over = board.finished is not None or board.paused is not None
    mark = marks.unknown if over else spinner
    head: Line = ((f"{mark} ", "busy"), (elide(clean(phase.title), columns - 2, marks.elided), "strong"))
    if phase.progress is None:
        return [head]
    return [head, *progress_lines(phase.progress, columns, marks), *_plot(phase, columns, detail.plot, marks)]


def progress_lines(progress: Progress, columns: int, marks: Marks) -> list[Line]:
    """One snapshot: how far, how fast, what it consumes of what it may, and what went wrong."""
    unicode = marks is UNICODE
    lines: list[Line] = []
    share = _share(progress)
    done = f"{count(progress.items_written, 'item')}, {size(progress.bytes_written)}"
    if progress.phase == "verify":
        done = f"{count(progress.items_read, 'item')} read and compared"
    if share is not None:
        percent = f"{share * 100:3.0f} %"
        lines.append(
            (("  ", ""), (bar(share, max(8, min(60, columns - 10)), unicode=unicode), "busy"), (f" {percent}", ""))
        )
    if progress.expected and max(progress.items_read, progress.items_written) <= progress.expected:
        done += f" of about {progress.expected:,}"
    lines += labelled("done", done, columns)
    speed = f"{rate(progress.items_per_s)} items/s, {size(int(progress.bytes_per_s))}/s"
    if progress.eta_s is not None and share != 1.0:
        speed += f", about {elapsed(progress.eta_s)} left"
    lines += labelled("speed", speed, columns)
    lines += labelled("reading", _units(progress.read_units_per_s, progress.read_allowed, progress.read_units), columns)
    lines += labelled(
        "writing", _units(progress.write_units_per_s, progress.write_allowed, progress.write_units), columns
    )
    if progress.lag_s is not None or progress.lag_records is not None:
        records = f", {count(progress.lag_records, 'record')}" if progress.lag_records is not None else ""
        lines += labelled("lag", f"{progress.lag_s or 0:.1f} s{records}", columns)
    if progress.segments:
        lines += labelled("segments", f"{progress.segments_done:,} of {progress.segments:,} done", columns)
    trouble = f"{progress.throttled:,} throttled, {progress.retried:,} retried, {progress.set_aside:,} set aside"
    if progress.conflicts:
        trouble += f" ({progress.conflicts:,} of them conflicts)"
    lines += labelled("trouble", trouble, columns, "warn" if progress.set_aside else "")
    return lines


def _plot(phase: Phase, columns: int, high: int, marks: Marks) -> list[Line]:
    if not high or len(phase.speeds) < 3 or not any(phase.speeds):
        return []
    room = max(8, min(columns - _LABEL - 4, 120))
    drawn = plot(tuple(phase.speeds), room, high, unicode=marks is UNICODE)
    top = f"{rate(max(phase.speeds))}/s"
    labels = [top, *[""] * (high - 2), "items/s"] if high > 1 else ["items/s"]
    return [
        ((f"  {pad(elide(label, _LABEL - 1, marks.elided), _LABEL)}", "dim"), (row, "busy"))
        for label, row in zip(labels, drawn, strict=True)
    ]


def _footer(board: MigrationBoard, columns: int, marks: Marks, detail: _Detail) -> list[Line]:
    lines: list[Line] = []
    for reason, number in board.commonest(_REASONS):
        lines.append(
            ((f"{marks.bad} ", "bad"), (elide(clean(f"{number:,} set aside: {reason}"), columns - 2, marks.elided), ""))
        )
    if board.differed is not None:
        counts = ", ".join(f"{number:,} {kind}" for kind, number in board.differed.counts.items())
        lines += [((text, "bad"),) for text in fit(clean(f"differing: {counts}; {board.differed.report}"), columns)]
    if board.waiting is not None:
        lines += [((text, ""),) for text in fit(f"waiting: {clean(board.waiting.reason)}", columns)]
    if board.finished is not None:
        return lines
    if board.pace is not None:
        lines += [((text, "dim"),) for text in fit(clean(f"pace {board.pace.pace}: {board.pace.why}"), columns)]
    if board.stopping:
        lines += [(), (("stopping as soon as it can; Ctrl-C again ends at once", "warn"),)]
    elif board.started is not None and detail.help:
        lines.append(())
        lines += [((text, "dim"),) for text in fit("Ctrl-C stops it cleanly. In another terminal:", columns)]
        lines += [(("    tablewright migrate pace 25%", "dim"),), (("    tablewright migrate pause", "dim"),)]
    return [_cut(line, columns, marks) for line in lines]


def _cut(line: Line, columns: int, marks: Marks) -> Line:
    text = "".join(piece for piece, _ in line)
    return line if width(text) <= columns else ((elide(text, columns, marks.elided), line[-1][1]),)


def labelled(label: str, text: str, columns: int, tone: str = "") -> list[Line]:
    """A label and its text, broken under itself where it is long."""
    first, *rest = fit(text, columns - _LABEL - 2) or [""]
    lines: list[Line] = [((f"  {pad(label, _LABEL)}", "dim"), (first, tone))]
    return lines + [((" " * (_LABEL + 2) + more, tone),) for more in rest]


def _share(progress: Progress) -> float | None:
    """How much is done: by items where the table's count is of use, by segments where it is not."""
    if progress.segments and progress.segments_done == progress.segments:
        return 1.0
    done = progress.items_written + progress.set_aside if progress.phase == "copy" else progress.items_read
    if progress.expected and done <= progress.expected:
        return done / progress.expected
    return progress.segments_done / progress.segments if progress.segments else None


def _units(speed: float, allowed: float | None, total: float) -> str:
    limit = f" of {rate(allowed)} allowed" if allowed is not None else ", no limit known"
    return f"{rate(speed)} units/s{limit}; {total:,.0f} in all"
