"""Tables as they run, on one screen: the worst first, each side against what it may use, silence as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tablewright.cli.faces.cells import clean, elide, elide_end, fit, pad, width
from tablewright.cli.faces.marks import Line, Marks, tone
from tablewright.cli.faces.plot import bar, plot
from tablewright.cli.faces.quantities import count
from tablewright.model.board import Board, Operation, TableRow
from tablewright.model.listed import listed

_FULL = 1.0
_BUSY = 0.8
_CAUSES: Mapping[str, str] = {
    "ProvisionedThroughput": "provisioned capacity",
    "KeyRangeThroughput": "hot partition",
    "MaxOnDemandThroughput": "its maximum",
    "AccountLimit": "account quota",
    "": "no cause given",
}
_LABELS = 9
_UNREAD_SHOWN = 2
_BAR = 10
_NARROW, _WIDE = 10, 30
"""Cells that a plot takes at least, and that it takes beside the longest lines."""


def board_lines(board: Board, columns: int, marks: Marks, rows: int | None = None) -> list[Line]:
    """The screen in lines of at most ``columns`` cells, at most ``rows`` of them: the tables in trouble come first then."""
    return [_within(line, columns, marks) for line in _lines(board, columns, marks, rows)]


def _within(line: Line, columns: int, marks: Marks) -> Line:
    """The line without what is too much for the screen, and a sign where something is left out."""
    if width("".join(text for text, _ in line)) <= columns:
        return line
    kept: list[tuple[str, str]] = []
    room = columns - width(marks.elided)
    for text, look in line:
        piece = elide_end(text, room, "")
        kept.append((piece, look))
        room -= width(piece)
        if piece != text:
            break
    return (*kept, (marks.elided, kept[-1][1]))


def _lines(board: Board, columns: int, marks: Marks, rows: int | None) -> list[Line]:
    head = _header(board, columns, marks)
    blocks = [_block(row, columns, marks) for row in board.rows]
    foot: list[Line] = [(), *(((text, "dim"),) for text in fit(_cost(board), columns))]
    foot = [((text, "unknown"),) for text in _unread(board, columns, marks, whole=rows is None)] + foot
    if rows is None:
        return head + [line for block in blocks for line in ((), *block)] + foot
    left = rows - len(head) - len(foot)
    if sum(len(block) + 1 for block in blocks) > left:
        return head + _as_fits(_worst_first(board.rows), columns, marks, left) + foot
    return head + [line for block in blocks for line in ((), *block)] + foot


def _unread(board: Board, columns: int, marks: Marks, *, whole: bool) -> list[str]:
    """What could not be asked, for one reason together: all of it, or on a screen of so many rows the first ones."""
    alike: dict[str, list[str]] = {}
    for name, why in board.unread.items():
        alike.setdefault(why, []).append(name)
    told = [clean(f"{listed(names) if whole else listed(names, 1)} unread: {why}") for why, names in alike.items()]
    if whole:
        return [line for text in told for line in fit(text, columns)]
    rest = [f"{marks.elided} and {len(told) - _UNREAD_SHOWN} more unread"] if len(told) > _UNREAD_SHOWN else []
    return [elide_end(text, columns, marks.elided) for text in told[:_UNREAD_SHOWN]] + rest


def _as_fits(rows: list[TableRow], columns: int, marks: Marks, left: int) -> list[Line]:
    """As many tables as there is room for, a line each; those in trouble whole, where the others leave room for it."""
    shown = rows if len(rows) <= left else rows[: max(1, left - 1)]
    names = min(max(width(clean(row.name)) for row in shown), max(8, columns - 2 - max(width(_end(r)) for r in shown)))
    spare = left - len(shown) - 1
    lines: list[Line] = []
    brief: list[Line] = []
    for row in shown:
        block = _block(row, columns, marks) if row.trouble and not brief else []
        block = [(), *block] if block and lines else block
        if block and len(block) <= spare and len(shown) == len(rows):
            lines += block
            spare -= len(block)
        else:
            brief.append(_brief(row, names, marks))
    if lines and brief:
        lines.append(())
    lines += brief
    if len(shown) < len(rows):
        lines.append(((f"  {marks.elided} and {len(rows) - len(shown)} more that are quieter", "dim"),))
    return lines


def _worst_first(rows: tuple[TableRow, ...]) -> list[TableRow]:
    return sorted(rows, key=lambda row: (-row.trouble, -(row.reads.now + row.writes.now), row.name))


def _header(board: Board, columns: int, marks: Marks) -> list[Line]:
    span = int((board.until - board.since).total_seconds() // 60)
    words = f"{span // 60} h" if span % 60 == 0 and span >= 60 else f"{span} min"
    period = f"{board.period // 60} min"
    title = f"{board.at:%Y-%m-%d %H:%M} UTC, {board.region}, the last {words} by {period}"
    lines: list[Line] = [((text, "strong"),) for text in fit(title, columns)]
    if board.alarms:
        loud = [alarm for alarm in board.alarms if alarm.state == "ALARM"]
        quiet = sum(alarm.state == "OK" for alarm in board.alarms)
        dataless = len(board.alarms) - len(loud) - quiet
        look, sign = ("bad", marks.bad) if loud else ("unknown", marks.unknown) if dataless else ("good", marks.good)
        rest = f", {dataless} without data" if dataless else ""
        lines.append(((f"{sign} ", look), (f"{quiet} of {count(len(board.alarms), 'alarm')} quiet{rest}", "")))
        for alarm in loud:
            lines += [((f"  {text}", tone(alarm.state)),) for text in fit(f"ALARM {alarm.name}", columns - 2)]
    if board.user_errors:
        told = f"{count(round(board.user_errors), 'user error')} in the account (published without a table)"
        lines += [((text, "warn"),) for text in fit(told, columns)]
    return lines


def _block(row: TableRow, columns: int, marks: Marks) -> list[Line]:
    name = f"  index {row.index}" if row.index else row.table
    rest: list[tuple[str, str]] = []
    if row.status != "ACTIVE":
        rest.append((f"  {row.status}", tone(row.status)))
    if not row.index:
        rest.append((f"  {row.billing}", "dim"))
    # Shortened, names that differ in the middle would look the same.
    *begun, last = fit(clean(name), columns)
    lines: list[Line] = [((text, "strong"),) for text in begun]
    if width(last) + sum(width(text) for text, _ in rest) <= columns:
        lines.append(((last, "strong"), *rest))
    else:
        lines += [((last, "strong"),), tuple(rest)]
    lines += _drawn([*_sides(row, marks), *_operations(row.operations, columns)], columns, marks)
    facts = _facts(row)
    if facts:
        lines += [((f"    {text}", ""),) for text in fit("; ".join(facts), columns - 4)]
    return lines


@dataclass(frozen=True, slots=True)
class _Row:
    """A line that a series belongs to. ``share`` draws a bar; ``keen``: its series is drawn wherever there is room at all."""

    segments: tuple[tuple[str, str], ...]
    values: tuple[float, ...] = ()
    look: str = "busy"
    share: float | None = None
    keen: bool = True

    @property
    def width(self) -> int:
        return sum(width(text) for text, _ in self.segments)


def _drawn(rows: list[_Row], columns: int, marks: Marks) -> list[Line]:
    """The lines with their series, all from the same column on, so that moments stand below each other."""
    unicode = marks.rule != "-"
    keen = max((row.width for row in rows if row.keen), default=0)
    barred = any(row.share is not None for row in rows) and columns - keen >= _BAR + _NARROW + 4
    with_bar = keen + (_BAR + 2 if barred else 0)
    begin = max([with_bar, *(row.width for row in rows)])
    if columns - begin - 2 < _WIDE:  # no room beside the longest lines: they go without
        begin = with_bar
        rows = [row if row.keen else replace(row, values=()) for row in rows]
    room = columns - begin - 2
    lines: list[Line] = []
    for row in rows:
        segments = list(row.segments)
        if barred and row.share is not None:
            drawn_bar = f"  {bar(row.share, _BAR, unicode=unicode)}"
            segments += [(" " * (keen - row.width), ""), (drawn_bar, row.segments[0][1])]
        if room >= _NARROW and any(row.values):
            [drawn] = plot(row.values, min(room, 60), 1, unicode=unicode)
            used = sum(width(text) for text, _ in segments)
            segments += [(" " * (begin - used), ""), (f"  {drawn}", row.look)]
        lines.append(tuple(segments))
    return lines


def _sides(table: TableRow, marks: Marks) -> list[_Row]:
    """Reads and writes, and what was refused of them: a cause below the other, each with when it was."""
    found: list[_Row] = []
    for label, side in (("reads", table.reads), ("writes", table.writes)):
        share = side.share
        look = "" if share is None or share < _BUSY else "warn" if share < _FULL else "bad"
        limit = f" of {_number(side.limit)} ({share:.0%})" if side.limit is not None and share is not None else ""
        text = f"    {label:<{_LABELS}}{_number(side.now):>7}/s{limit}"
        found.append(_Row(((text, look), (f"  peak {_number(side.peak)}/s", "dim")), side.rates, share=share))
        for cause, events in sorted(side.throttled.items(), key=lambda pair: -pair[1]):
            text = f"      {marks.bad} refused {_number(events)} {_CAUSES[cause]}"
            found.append(_Row(((text, "bad"),), side.refusals.get(cause, ()), "bad"))
    return found


def _operations(operations: tuple[Operation, ...], columns: int) -> list[_Row]:
    names = max((width(each.name) for each in operations), default=0)
    found: list[_Row] = []
    for each in operations:
        text = f"    {pad(each.name, names)}  {_number(each.requests):>7} request{' ' if each.requests == 1 else 's'}"
        if each.p50 is not None and each.p99 is not None:
            latency = f"  p50 {_number(each.p50):>5} ms  p99 {_number(each.p99):>5} ms"
            for more in (latency + _worst(each), latency):
                if width(text + more) <= columns:
                    text += more
                    break
        segments = [(text, "")]
        if each.system_errors:
            segments.append((f"  {count(round(each.system_errors), 'system error')}", "bad"))
        found.append(_Row(tuple(segments), each.p99s, "dim", keen=False))
    return found


def _worst(operation: Operation) -> str:
    return f" (worst {_number(operation.worst)})" if operation.worst is not None else ""


def _facts(row: TableRow) -> list[str]:
    facts = []
    if row.conditions_failed:
        facts.append(f"{count(round(row.conditions_failed), 'condition')} failed")
    if row.conflicts:
        facts.append(count(round(row.conflicts), "transaction conflict"))
    if row.ttl_deleted is not None:
        facts.append(f"TTL deleted {_number(row.ttl_deleted)}")
    if row.stream_age_ms is not None:
        facts.append(f"stream read {_span(row.stream_age_ms)} late")
    facts += [f"{region} {_number(ms)} ms behind" for region, ms in row.replication_ms.items()]
    if row.kinesis_age_ms is not None:
        facts.append(f"Kinesis {_span(row.kinesis_age_ms)} behind")
    if row.kinesis_failed:
        facts.append(f"{count(round(row.kinesis_failed), 'change')} never came to Kinesis")
    return facts


def _brief(row: TableRow, names: int, marks: Marks) -> Line:
    """One table on one line, its name in ``names`` cells, for a screen that has no room for more."""
    bad = row.trouble > 0
    mark = (f"{marks.bad if bad else marks.good} ", "bad" if bad else "good")
    name = pad(elide(clean(row.name), names, marks.elided), names)
    return (mark, (name, "strong" if bad else ""), (_end(row), "bad" if bad else ""))


def _end(row: TableRow) -> str:
    """What is said of a table on its one line."""
    text = f"  R {_number(row.reads.now):>6}/s  W {_number(row.writes.now):>6}/s"
    if row.trouble:
        text += f"  {_number(row.reads.refused + row.writes.refused)} refused"
        if row.system_errors:
            text += f"  {_number(row.system_errors)} errors"
    return text


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _span(milliseconds: float) -> str:
    seconds = milliseconds / 1000
    if seconds < 120:
        return f"{_number(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _cost(board: Board) -> str:
    price = f", {board.price:.4f} USD at list price" if board.price is not None else ""
    return f"{count(board.metrics, 'metric')} read in {count(board.calls, 'call')}, {count(board.points, 'data point')}{price}."
