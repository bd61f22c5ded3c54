"""The alarms that were added, or would be: what each rings for, what was left out and why, whom they tell, what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tablewright.author.alarm_cost import Bill
from tablewright.author.alarm_plan import LeftOut, Planned
from tablewright.author.alarm_set import AlarmSet
from tablewright.author.alarm_text import amount, span
from tablewright.author.run import Edited
from tablewright.cli.edited import size_note
from tablewright.cli.faces.cells import fit, pad, width, wrap
from tablewright.cli.faces.difference import show_difference
from tablewright.cli.faces.json_lines import encode
from tablewright.cli.faces.marks import Line
from tablewright.cli.terminal import Output


@dataclass(frozen=True)
class Page:
    """What ``add alarm`` says."""

    out: Output
    path: Path
    edited: Edited
    found: AlarmSet
    bill: Bill
    written: bool
    listed: bool
    diff: bool
    named: bool = False  # whether the kinds were named: then every one that is not written is said
    measured: int | None = None  # the days that were looked at

    def show(self, *, as_json: bool) -> None:
        """Write it."""
        if as_json:
            self.out.text(encode(self._body(), self.out))
        elif self.diff:
            show_difference(self.out, self.edited.diff() or f"{self.path}: nothing to change")
        else:
            self.out.lines(self._lines())

    def _lines(self) -> Iterator[Line]:
        count = len(self.found.planned)
        many = f"{count} alarm{'' if count == 1 else 's'}"
        if not count:
            yield ((f"{self.path}: no alarm to add", ""),)
        elif self.written:
            yield ((self.out.marks.good, "good"), (f" {many} added in {self.path}", ""))
        else:
            yield ((f"{many} would be added in {self.path}", ""),)
        for called, alarms in groupby(self.found.planned, key=lambda one: (one.called, one.label)):
            yield (("", ""),)
            yield from self._group(called, list(alarms))
        over = (*self.found.composites, *self.found.joined)
        if over:
            yield (("", ""),)
            yield (("  over them: ", "dim"), (", ".join(over), ""))
        yield from self._left_out()
        yield (("", ""),)
        for note in self.found.notes:
            yield from self._wrapped(note, "warn")
        if count:
            yield from self._wrapped(f"cost: {self.bill.words}", "")
        assumed = sum("assumed" in one.basis for one in self.found.planned)
        if self.measured and assumed:
            days = "day" if self.measured == 1 else f"{self.measured} days"
            many = "threshold is" if assumed == 1 else "thresholds are"
            yield from self._wrapped(f"{assumed} {many} assumed: the past {days} saw nothing to measure", "warn")
        for note in size_note(self.edited.after) if count else ():
            yield from self._wrapped(note, "warn")
        for finding in self.edited.notes if self.written else ():
            yield ((f"  {finding.rule}", "warn"), (f" line {finding.line}: {finding.message}", ""))
        if self.written and count:
            yield (("", ""),)
            yield (("  next: ", "dim"), ("tablewright plan", ""))

    def _group(self, called: tuple[str, str], alarms: list[Planned]) -> Iterator[Line]:
        table, label = called
        for line in fit(f"{label} of {table}" if label else table, self.out.width - 2):
            yield ((f"  {line}", "strong"),)
        wide = max(len(one.kind.name) for one in alarms)
        for one in alarms:
            sign = "<" if one.kind.below else ">"
            rings = f"{pad(one.kind.name, wide)}  {sign} {amount(one)}{span(one.kind)}"
            if width(rings) + width(one.logical_id) + 6 <= self.out.width:
                yield ((f"    {rings}", ""), (f"  {one.logical_id}", "dim"))
            else:
                yield from self._wrapped(rings, "", 4)
                yield ((f"      {one.logical_id}", "dim"),)
            if self.listed:
                yield from self._wrapped(f"{one.kind.title}. {one.basis}", "dim", 6)

    def _left_out(self) -> Iterator[Line]:
        """What fits and is not written is always said; what could never have data only when everything is listed."""
        watched = [one for one in self.found.left_out if one.watched]
        others = [one for one in self.found.left_out if not one.watched and (one.fits or self.listed or self.named)]
        if watched:
            yield (("", ""),)
            yield (("  watched already", "strong"),)
            for (called, label), some in groupby(watched, key=lambda one: (one.called, one.label)):
                kinds = ", ".join(one.kind.name for one in some)
                yield from self._wrapped(f"{label} of {called}: {kinds}" if label else f"{called}: {kinds}", "dim", 4)
        if others:
            yield (("", ""),)
            yield (("  left out", "strong"),)
            for one, wheres in _by_reason(others):
                yield from self._wrapped(f"{one.kind.name} of {', '.join(wheres)}: {one.why}", "dim", 4)

    def _wrapped(self, text: str, tone: str, indent: int = 2) -> Iterator[Line]:
        for number, line in enumerate(wrap(text, self.out.width - indent - 2)):
            yield ((" " * (indent + (2 if number else 0)), ""), (line, tone))

    def _body(self) -> dict[str, object]:
        return {
            "template": str(self.path),
            "changed": self.edited.changed,
            "written": self.edited.changed and self.written,
            "alarms": [
                {
                    "logical_id": one.logical_id,
                    "kind": one.kind.name,
                    "table": one.table or None,
                    "index": one.label or None,
                    "metrics": list(one.kind.metrics_of(one.label)),
                    "operations": list(one.kind.operations),
                    "comparison": "less" if one.kind.below else "greater",
                    "threshold": one.threshold,
                    "unit": one.kind.unit,
                    "period": one.kind.period,
                    "periods": one.kind.periods,
                    "why": one.basis,
                }
                for one in self.found.planned
            ],
            "composites": list(self.found.composites),
            "joined": list(self.found.joined),
            "others": list(self.found.others),
            "left_out": [
                {"kind": one.kind.name, "of": one.called, "index": one.label or None, "why": one.why}
                for one in self.found.left_out
            ],
            "notes": list(self.found.notes),
            "cost": {
                "usd_a_month": str(self.bill.usd),
                "metrics": self.bill.metrics,
                "queries": self.bill.queries,
                "composites": self.bill.composites,
                "region": self.bill.region,
                "prices_of": self.bill.date,
            },
            "diff": self.edited.diff(),
            "warnings": [{"rule": one.rule, "line": one.line, "message": one.message} for one in self.edited.notes],
        }


def _by_reason(left_out: list[LeftOut]) -> Iterator[tuple[LeftOut, list[str]]]:
    """One line for a kind and a reason, with everything that it holds for."""
    found: dict[tuple[str, str], tuple[LeftOut, list[str]]] = {}
    for one in left_out:
        where = f"{one.label} of {one.called}" if one.label else one.called
        found.setdefault((one.kind.name, one.why), (one, []))[1].append(where)
    yield from found.values()
