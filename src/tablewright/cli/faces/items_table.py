"""Items on a screen: a table where it fits, else item by item; and how a read ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tablewright.cli.faces.cells import clean, elide, fit, pad, width, wrap
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cli.faces.quantities import count
from tablewright.items.literal import plain_json
from tablewright.items.redaction import HIDDEN

if TYPE_CHECKING:
    from tablewright.items.run import End
    from tablewright.model.items import Item, Value

_GAP = 2
_WIDEST, _NARROWEST = 48, 10


def cell(value: Value | None) -> str:
    """A value on one line: text as it is, everything else as JSON."""
    if value is None:
        return ""
    if "S" in value:
        return clean(str(value["S"])) or '""'
    return clean(plain_json(value))


def item_lines(items: Sequence[Item], first: Sequence[str], columns: int, marks: Marks, *, single: bool) -> list[Line]:
    """The items. ``first``: the attributes that come first, the key. ``single``: one below the other in any case."""
    names = [name for name in first if any(name in item for item in items)]
    names += list(dict.fromkeys(name for item in items for name in item if name not in names))
    if not single:
        rows = [[cell(item.get(name)) for name in names] for item in items]
        natural = [
            min(_WIDEST, max(width(clean(name)), *(width(row[at]) for row in rows))) for at, name in enumerate(names)
        ]
        widths = _shrunk(natural, columns)
        if widths is not None:
            return _table([clean(name) for name in names], rows, widths, marks)
    lines: list[Line] = []
    for item in items:
        lines += [()] if lines else []
        lines += _record(item, [name for name in names if name in item], columns, marks)
    return lines


def _shrunk(natural: list[int], columns: int) -> list[int] | None:
    """The columns' widths, the widest made narrower until all fit; None where they would get unreadable."""
    widths = list(natural)
    room = columns - _GAP * (len(widths) - 1)
    while widths and sum(widths) > room:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            return None
        widths[widest] -= 1
    return widths


def _table(names: list[str], rows: list[list[str]], widths: list[int], marks: Marks) -> list[Line]:
    def row(cells: list[str], tone: str) -> Line:
        shown = [
            (pad(elide(text, wide, marks.elided), wide + _GAP), "dim" if text == HIDDEN else tone)
            for text, wide in zip(cells, widths, strict=True)
        ]
        last, tone_of_last = shown[-1]
        return (*shown[:-1], (last.rstrip(), tone_of_last))

    return [row(names, "strong"), *(row(cells, "") for cells in rows)]


def _record(item: Item, names: list[str], columns: int, marks: Marks) -> list[Line]:
    wide = min(24, columns // 3, max(width(clean(name)) for name in names))
    lines: list[Line] = []
    for name in names:
        head = pad(elide(clean(name), wide, marks.elided), wide + _GAP)
        text = cell(item[name])
        first, *rest = fit(text, columns - wide - _GAP) or [""]
        tone = "dim" if text == HIDDEN else ""
        lines.append(((head, "strong"), (first, tone)))
        lines += [((" " * (wide + _GAP), ""), (part, tone)) for part in rest]
    return lines


def end_lines(end: End, columns: int, marks: Marks, *, kind: str = "read") -> list[Line]:
    """How many there were, what it took, and how to go on where there is more."""
    told = f"{count(end.items, 'item')}, {_units(end.units, kind)}" + (
        f", {end.read:,} read" if end.read > end.items else ""
    )
    if end.stopped == "end":
        return [((text, "dim"),) for text in wrap(told, columns)]
    why = {
        "budget": "The budget is used up, and there may be more.",
        "limit": "The limit is reached, and there may be more.",
    }[end.stopped]
    lines: list[Line] = [((f"{marks.unknown} ", "warn"), (text, "")) for text in wrap(told + ".", columns - 2)[:1]]
    if end.continuation is None:
        way = "It cannot be gone on from there: the place would show a key that [redact] hides. Raise the budget or the limit."
        return [*lines, *(((f"  {text}", ""),) for text in wrap(f"{why} {way}", columns - 2))]
    words = f"{why} To go on from there, add to the same command:"
    return [
        *lines,
        *(((f"  {text}", ""),) for text in wrap(words, columns - 2)),
        (),
        ((f"      --continue={end.continuation}", "strong"),),
    ]


def _units(units: float, kind: str) -> str:
    return f"{units:,.10g} {kind} unit" + ("" if units == 1 else "s")
