"""What tables cost, as Markdown: for a pull request or a wiki."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.cli.faces import markdown
from tablewright.cli.faces.cost_screen import head, not_in_the_sum, saving_of, shortlist, unverified, usd
from tablewright.cost.lines import sums, sums_by_pattern
from tablewright.cost.report import CostReport


def page(report: CostReport) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: CostReport) -> Iterator[str]:
    estimate = report.estimate
    yield f"### Cost: {usd(estimate.usd)} USD a month"
    yield from ("", markdown.text(head(report)))
    yield from ("", "| table | index | what | asked for by | USD a month |", "|---|---|---|---|---:|")
    for line in sorted(estimate.lines, key=lambda line: (line.table, -line.usd)):
        what = line.what + (f" in {line.region}" if line.region else "")
        cells = [line.table or "the stack", line.index, what, line.pattern]
        yield f"| {' | '.join(markdown.cell(cell) for cell in cells)} | {usd(line.usd)} |"
    patterns = list(sums_by_pattern(estimate))
    indexes = [pair for pair in sums(estimate, "table", "index") if pair[0][0]]
    for title, pairs in (("index", indexes), ("pattern", patterns)):
        if len(pairs) > 1:
            yield from ("", f"| table | {title} | USD a month |", "|---|---|---:|")
            for (table, name), amount in pairs:
                yield f"| {markdown.cell(table)} | {markdown.cell(name)} | {usd(amount)} |"
    for table, ways in report.options:
        yield from ("", f"Ways to bill {markdown.code(table)}:", "", "| way | USD a month |", "|---|---:|")
        for way in shortlist(ways):
            told = way.name + (", as now" if way.present else "") + (f" ({way.note})" if way.note else "")
            told += "" if way.verified else "; unverified prices"
            yield f"| {markdown.cell(told)} | {usd(way.usd)} |"
    for each in report.advice:
        yield from ("", f"**{markdown.text(each.what)}**: {usd(each.usd)} USD a month less, {each.sure}. ")
        notes = [each.because, *each.cautions, *([each.by_hand] if each.by_hand else [])]
        yield from (f"- {markdown.text(note)}" for note in notes)
        if each.commands:
            yield from ("", "```sh", *each.commands, "```")
    for saved in report.expiry:
        yield from ("", markdown.text(saving_of(saved)))
    for tips in report.break_evens:
        yield f"- {tips.what}: {tips.share:.1%}" + ("" if tips.verified else " (unverified prices)")
    for title, texts in (("Assumed", estimate.assumptions), ("Not in the sum", not_in_the_sum(report))):
        if texts:
            yield from ("", f"{title}:", "", *(f"- {markdown.text(text)}" for text in texts))
    unsure = unverified(estimate)
    if unsure:
        yield from ("", f"Prices of {', '.join(unsure)} are unverified: they were seen in no primary source.")
