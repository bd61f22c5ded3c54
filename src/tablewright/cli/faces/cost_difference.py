"""What changes in cost from one template to another: on a screen, for a program, for a pull request."""

from __future__ import annotations

from decimal import Decimal

from tablewright.cli.faces.cells import clean, fit
from tablewright.cli.faces.cost_screen import called, usd
from tablewright.cli.faces.markdown import code
from tablewright.cli.faces.marks import Line
from tablewright.cost.lines import Estimate


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
            name = called(line)
            sums[name] = sums.get(name, Decimal(0)) + sign * line.usd
    return sorted(((k, v) for k, v in sums.items() if v), key=lambda pair: -abs(pair[1]))


def difference_body(before: Estimate, after: Estimate) -> dict[str, object]:
    """The difference as an object; money as text, so that no digit is lost."""
    return {
        "before_usd": str(before.usd),
        "after_usd": str(after.usd),
        "changes": {name: str(amount) for name, amount in changes(before, after)},
        "missing": sorted({*before.missing, *after.missing}),
    }


def difference_page(before: Estimate, after: Estimate, names: tuple[str, str]) -> str:
    """The difference for a pull request."""
    change = after.usd - before.usd
    sign = "+" if change >= 0 else "-"
    rows = [
        f"| {code(name)} | {'+' if amount > 0 else '-'}{usd(abs(amount))} |" for name, amount in changes(before, after)
    ]
    table = "\n".join(["| what | USD a month |", "|---|---:|", *rows]) if rows else "Nothing changes."
    return f"### Cost: {sign}{usd(abs(change))} USD a month\n\n{usd(before.usd)} → {usd(after.usd)}\n\n{table}\n"
