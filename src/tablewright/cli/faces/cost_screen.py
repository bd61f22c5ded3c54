"""What tables cost, on a screen and as Markdown: the sum first, then where it comes from, then what else there is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tablewright.cli.faces.cells import clean, fit, pad, width, wrap
from tablewright.cli.faces.markdown import code
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cost.lines import Estimate, sums
from tablewright.cost.lines import Line as CostLine
from tablewright.cost.options import BreakEven, Option

_PROSE = 110


def usd(amount: Decimal) -> str:
    """Dollars: cents, or enough digits of what is less than one."""
    if amount and abs(amount) < Decimal("0.01"):
        return f"{amount:.4f}"
    return f"{amount:,.2f}"


def cost_lines(
    estimate: Estimate,
    choices: Sequence[tuple[str, Sequence[Option]]],
    breaks: Sequence[BreakEven],
    *,
    region: str,
    date: str,
    source: str,
    columns: int,
    marks: Marks,
) -> list[Line]:
    """The estimate, line by line, with the other ways of billing each table."""
    lines: list[Line] = [((f"{usd(estimate.usd)} USD a month", "strong"),)]
    lines += [((text, "dim"),) for text in wrap(f"{region}, list prices of {date}; workload: {source}", columns)]
    for (table,), total in sums(estimate, "table"):
        lines += [
            (),
            ((pad(clean(table) or "the stack", min(40, columns - 14)), "strong"), (f"  {usd(total)} USD", "")),
        ]
        lines += _rows([line for line in estimate.lines if line.table == table], columns)
    for name, options in choices:
        lines += [(), ((f"Other ways to bill {clean(name)}", "strong"),), *_options(options, columns, marks)]
    for each in breaks:
        lines += [((f"  {text}", "dim"),) for text in wrap(f"{each.what}: {each.share:.1%}", min(columns, _PROSE) - 2)]
    for title, texts in (("Assumed", estimate.assumptions), ("Not in the sum", estimate.missing)):
        if texts:
            lines += [(), ((title, "strong"),)]
            for text in texts:
                first, *rest = wrap(clean(text), min(columns, _PROSE) - 4)
                lines += [((f"  {marks.dot} ", "dim"), (first, "")), *((("    " + more, ""),) for more in rest)]
    unsure = sorted({line.what for line in estimate.lines if not line.verified})
    if unsure:
        text = f"Prices of {', '.join(unsure)} are unverified: they were seen in no primary source."
        lines += [(), *(((more, "warn"),) for more in wrap(text, min(columns, _PROSE)))]
    return lines


def difference_lines(before: Estimate, after: Estimate, names: tuple[str, str], columns: int) -> list[Line]:
    """What changes from one template to the other, the largest change first."""
    change = after.usd - before.usd
    sign = "+" if change >= 0 else "-"
    look = "warn" if change > 0 else "good" if change < 0 else ""
    head = f"{sign}{usd(abs(change))} USD a month"
    lines: list[Line] = [((head, look or "strong"),)]
    lines += [((text, "dim"),) for text in fit(f"{names[0]}: {usd(before.usd)}  {names[1]}: {usd(after.usd)}", columns)]
    for name, amount in changes(before, after):
        mark = "+" if amount > 0 else "-"
        lines.append(((f"  {mark}{usd(abs(amount)):>10}  ", "warn" if amount > 0 else "good"), (clean(name), "")))
    return lines


def changes(before: Estimate, after: Estimate) -> list[tuple[str, Decimal]]:
    """The changes by table and kind, the largest first."""
    sums: dict[str, Decimal] = {}
    for estimate, sign in ((before, -1), (after, 1)):
        for line in estimate.lines:
            name = _name(line)
            sums[name] = sums.get(name, Decimal(0)) + sign * line.usd
    return sorted(((k, v) for k, v in sums.items() if v), key=lambda pair: -abs(pair[1]))


def difference_page(before: Estimate, after: Estimate, names: tuple[str, str]) -> str:
    """The difference for a pull request."""
    change = after.usd - before.usd
    sign = "+" if change >= 0 else "-"
    rows = [
        f"| {code(name)} | {'+' if amount > 0 else '-'}{usd(abs(amount))} |" for name, amount in changes(before, after)
    ]
    table = "\n".join(["| what | USD a month |", "|---|---:|", *rows]) if rows else "Nothing changes."
    return f"### Cost: {sign}{usd(abs(change))} USD a month\n\n{usd(before.usd)} → {usd(after.usd)}\n\n{table}\n"


def _name(line: CostLine) -> str:
    where = f"{line.table}/{line.index}" if line.index else line.table
    return f"{where or 'the stack'}: {line.what}"


def _rows(lines: Sequence[CostLine], columns: int) -> list[Line]:
    found: list[Line] = []
    names = max((width(_label(line)) for line in lines), default=0)
    for line in sorted(lines, key=lambda line: -line.usd):
        label = pad(clean(_label(line)), min(names, max(12, columns - 40)))
        amount = f"{usd(line.usd):>12}"
        told = f"  {_quantity(line.quantity)} {line.unit}"
        text = f"  {label}{amount}"
        found.append(((text, ""), (told, "dim")) if width(text + told) <= columns else ((text, ""),))
    return found


def _label(line: CostLine) -> str:
    where = f" of {line.index}" if line.index else ""
    region = f" in {line.region}" if line.region else ""
    return f"{line.what}{where}{region}{f': {line.pattern}' if line.pattern else ''}"


def _quantity(value: Decimal) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}" if value >= 1 else f"{value:.3g}"


def _options(options: Sequence[Option], columns: int, marks: Marks) -> list[Line]:
    lines: list[Line] = []
    for option in options:
        text = f"{option.name}" + (f" ({option.note})" if option.note else "") + (", as now" if option.present else "")
        lines.append(((f"  {usd(option.usd):>12}  ", "good" if option is options[0] else ""), (text, "")))
    best, now = options[0], next((option for option in options if option.present), None)
    if now is not None and best is not now and best.command and now.usd > best.usd:
        lines.append(((f"  {marks.arrow} {usd(now.usd - best.usd)} USD a month less:", "strong"),))
        lines += [((f"      {command}", "strong"),) for command in best.command.split(" && ")]
    return lines
