"""The price list on a screen: each price, what it is for, its date, how sure it is, and where it was seen."""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.cli.faces.cells import elide, wrap
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cost.prices import Price, PriceList


def price_lines(listed: PriceList, rows: Sequence[Price], where: str, columns: int, marks: Marks) -> list[Line]:
    """The prices by region, then what each source is."""
    head = (
        f"List prices of {listed.date}, {where or 'as shipped'}; US dollars, without free tiers, taxes and commitments"
    )
    lines: list[Line] = [((text, "strong"),) for text in wrap(head, columns)]
    for region in dict.fromkeys(row.region for row in rows):
        lines += [(), ((region, "strong"),)]
        for row in (row for row in rows if row.region == region):
            text = f"  {row.usd:f} a {row.per}" if not row.per[0].isdigit() else f"  {row.usd:f} for {row.per}"
            told = f"  {row.date} {row.status}" + (f", {', '.join(row.sources)}" if row.sources else "")
            look = "" if row.verified else "warn"
            lines.append(
                ((f"  {row.name}", ""), (elide(text, max(10, columns - len(row.name) - 2), marks.elided), "strong"))
            )
            lines += [((f"    {more}", look or "dim"),) for more in wrap(told.strip(), columns - 4)]
    used = dict.fromkeys(source for row in rows for source in row.sources)
    if used:
        lines += [(), (("Sources", "strong"),)]
        for source in used:
            lines += [((f"  {text}", "dim"),) for text in wrap(f"{source}: {listed.sources[source]}", columns - 2)]
    return lines
