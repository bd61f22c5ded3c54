"""What tables cost, on a screen: the sum first, then where it comes from, then what would cost less."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from tablewright.cli.faces.cells import clean, elide, pad, width, wrap
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cost.advice import Advice
from tablewright.cost.lines import Estimate, sums, sums_by_pattern
from tablewright.cost.lines import Line as CostLine
from tablewright.cost.options import Option
from tablewright.cost.report import CostReport
from tablewright.cost.ttl import ExpirySaving

_PROSE = 110
_WAYS = 6
RESERVED = "Reserved capacity is bought for an account and region in blocks of 100 units, partly upfront, and never given back."


def usd(amount: Decimal) -> str:
    """Dollars: cents, or enough digits of what is less than one."""
    if amount and abs(amount) < Decimal("0.01"):
        return f"{amount:.4f}"
    return f"{amount:,.2f}"


def called(line: CostLine) -> str:
    """A line's table and index, and what it is for."""
    where = f"{line.table}/{line.index}" if line.index else line.table
    return f"{where or 'the stack'}: {line.what}" + (f" in {line.region}" if line.region else "")


def cost_lines(report: CostReport, *, columns: int, marks: Marks) -> list[Line]:
    """The whole report."""
    estimate, prose = report.estimate, min(columns, _PROSE)
    lines: list[Line] = [((f"{usd(estimate.usd)} USD a month", "strong"),)]
    lines += [((text, "dim"),) for text in wrap(head(report), columns)]
    for (table,), total in sums(estimate, "table"):
        name = elide(clean(table) or "the stack", min(40, columns - 18), marks.elided)
        lines += [(), ((pad(name, min(40, columns - 18)), "strong"), (f"  {usd(total)} USD", ""))]
        lines += _rows([line for line in estimate.lines if line.table == table], columns, marks)
    lines += _sums("By index", _by_index(estimate), columns, marks)
    if any(line.pattern or line.used_by for line in estimate.lines):
        lines += _sums("By pattern", ((f"{t}: {p}", usd) for (t, p), usd in sums_by_pattern(estimate)), columns, marks)
    for name, options in report.options:
        lines += [(), ((f"Ways to bill {clean(name)}", "strong"),), *_options(options, columns)]
    if report.advice:
        lines += [(), (("What would cost less (each by itself: the savings do not add up)", "strong"),)]
        for each in report.advice:
            lines += _advice(each, columns, marks)
    for saved in report.expiry:
        lines += [(), *(((text, ""),) for text in wrap(saving_of(saved), prose))]
    if report.break_evens:
        lines += [(), ((f"Where the balance tips in {report.region}", "strong"),)]
        for tips in report.break_evens:
            doubt = "" if tips.verified else " (unverified prices)"
            lines += [((f"  {text}", "dim"),) for text in wrap(f"{tips.what}: {tips.share:.1%}{doubt}", prose - 2)]
    for title, texts in (("Assumed", estimate.assumptions), ("Not in the sum", not_in_the_sum(report))):
        if texts:
            lines += [(), ((title, "strong"),)]
            for text in texts:
                first, *rest = wrap(clean(text), prose - 4)
                lines += [((f"  {marks.dot} ", "dim"), (first, "")), *((("    " + more, ""),) for more in rest)]
    unsure = unverified(estimate)
    if unsure:
        text = f"Prices of {', '.join(unsure)} are unverified: they were seen in no primary source."
        lines += [(), *(((more, "warn"),) for more in wrap(text, prose))]
    lines += [(), (("Each price, its date and its source: tablewright cost prices", "dim"),)]
    return lines


def head(report: CostReport) -> str:
    """Where, by which prices, under which load."""
    older = sorted({price.date for price in report.estimate.priced} - {report.date})
    dates = f"list prices of {report.date}" + (f" (some of {', '.join(older)})" if older else "")
    listed = f" in {report.list_name}" if report.list_name else ""
    return f"{report.region}, {dates}{listed}; workload: {report.source}"


def unverified(estimate: Estimate) -> list[str]:
    """What has a price that was seen in no primary source."""
    return sorted({line.what for line in estimate.lines if not line.verified})


def not_in_the_sum(report: CostReport) -> tuple[str, ...]:
    """What the estimate could not count, and what no estimate here counts."""
    if not report.options:
        return report.estimate.missing
    return (
        *report.estimate.missing,
        "free tiers, taxes, credits, and Database Savings Plans, whose rates were seen in no primary source",
    )


def saving_of(saved: ExpirySaving) -> str:
    """What TTL saves, in words."""
    return (
        f"TTL of {clean(saved.table)} saves {usd(saved.deletes)} USD a month for deletes ({saved.units:,.1f} write units a "
        f"second), and {usd(saved.kept)} more for each month that the items would stay."
    )


def _by_index(estimate: Estimate) -> list[tuple[str, Decimal]]:
    """The tables and indexes, where there is an index at all."""
    found = [
        (f"{table}/{index}" if index else table, amount) for (table, index), amount in sums(estimate, "table", "index")
    ]
    return [pair for pair in found if pair[0]] if any("/" in name for name, _ in found) else []


def _sums(title: str, pairs: Iterable[tuple[str, Decimal]], columns: int, marks: Marks) -> list[Line]:
    rows = list(pairs)
    if len(rows) < 2:
        return []
    return [(), ((title, "strong"),), *(_amount(name, amount, "", columns, marks) for name, amount in rows)]


def _amount(name: str, amount: Decimal, look: str, columns: int, marks: Marks) -> Line:
    return ((f"  {usd(amount):>12}  ", look), (elide(clean(name), max(8, columns - 16), marks.elided), ""))


def _rows(lines: Sequence[CostLine], columns: int, marks: Marks) -> list[Line]:
    found: list[Line] = []
    names = min(max((width(clean(_label(line))) for line in lines), default=0), max(12, columns - 40))
    for line in sorted(lines, key=lambda line: -line.usd):
        label = pad(elide(clean(_label(line)), names, marks.elided), names)
        amount = f"{usd(line.usd):>12}"
        told = f"  {_quantity(line.quantity)} {_unit(line)}"
        text = f"  {label}{amount}"
        if width(text + told) <= columns:
            found.append(((text, ""), (told, "dim")))
        else:
            found += [((text, ""),), *(((f"    {more}", "dim"),) for more in wrap(told.strip(), columns - 4))]
    return found


def _label(line: CostLine) -> str:
    where = f" of {line.index}" if line.index else ""
    region = f" in {line.region}" if line.region else ""
    return f"{line.what}{where}{region}{f': {line.pattern}' if line.pattern else ''}"


def _unit(line: CostLine) -> str:
    """The unit in the singular where there is one of it."""
    head, of, rest = line.unit.partition(" of ")
    return f"{head.removesuffix('s')}{of}{rest}" if line.quantity == 1 else line.unit


def _quantity(value: Decimal) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}" if value >= 1 else f"{value:.3g}"


def shortlist(options: Sequence[Option]) -> list[Option]:
    """The cheapest ways, and the present one wherever it is."""
    return [option for number, option in enumerate(options) if number < _WAYS or option.present]


def _options(options: Sequence[Option], columns: int) -> list[Line]:
    lines: list[Line] = []
    shown = shortlist(options)
    for option in shown:
        text = option.name + (", as now" if option.present else "") + (f" ({option.note})" if option.note else "")
        text += "" if option.verified else "; unverified prices"
        first, *rest = wrap(text, max(20, min(columns, _PROSE) - 16))
        lines.append(((f"  {usd(option.usd):>12}  ", "good" if option is options[0] else ""), (first, "")))
        lines += [((" " * 16 + more, ""),) for more in rest]
    notes = [RESERVED] if any(option.reserved for option in shown) else []
    notes += [f"{len(options) - len(shown)} dearer ways are in --output json"] if len(shown) < len(options) else []
    for note in notes:
        lines += [((" " * 16 + more, "dim"),) for more in wrap(note, max(20, min(columns, _PROSE) - 16))]
    return lines


def _advice(advice: Advice, columns: int, marks: Marks) -> list[Line]:
    prose = min(columns, _PROSE)
    title = f"{clean(advice.what)}: {usd(advice.usd)} USD a month less, {advice.sure}"
    first, *rest = wrap(title, prose - 4)
    lines: list[Line] = [((f"  {marks.arrow} ", "good"), (first, "strong"))]
    lines += [(("    " + more, "strong"),) for more in rest]
    for text in (advice.because, *advice.cautions, *([advice.by_hand] if advice.by_hand else [])):
        lines += [((f"    {more}", "dim"),) for more in wrap(clean(text), prose - 4)]
    lines += [((f"      {command}", "strong"),) for command in advice.commands]
    return lines
