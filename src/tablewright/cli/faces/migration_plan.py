"""What a migration would do, for a person: the transform on a sample, what stands in the way, then units, money and time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tablewright.cli.faces.cells import clean, elide, fit, pad, width, wrap
from tablewright.cli.faces.marks import Line, Marks, elapsed
from tablewright.cli.faces.quantities import count, rate, size
from tablewright.migrate.planning.forecast import Bill, Forecast

_SHOWN = 12
_WORTH_SAYING = Decimal(1)
"""From so many USD of a copy on, a cheaper way is offered to a person: it takes longer to set up than this costs."""
_EXAMPLE_LINES = 4


def plan_lines(found: Forecast, described: tuple[str, ...], columns: int, marks: Marks, *, items: bool) -> list[Line]:
    """The page. ``described``: what the transform does; ``items``: examples of items may be shown."""
    sample = found.sample
    lines: list[Line] = [*_titled("Transform", columns)]
    lines += [(("  " + text, ""),) for sentence in described for text in wrap(clean(sentence), columns - 2)]
    of = "all there are" if sample.whole else f"of about {found.items:,}"
    lines += [(), *_titled(f"On a sample of {count(sample.read, 'item')} ({of})", columns)]
    lines += _changes(found, columns, marks)
    lines += _obstacles(found, columns, marks)
    if items:
        lines += _examples(found, columns, marks)
    lines += [(), *_titled("In all", columns)]
    rows = [
        ("reading", f"{size(found.bytes_read)}, {rate(found.read_units)} read units"),
        ("writing", f"{size(found.bytes_written)}, {rate(found.write_units)} write units"),
    ]
    if found.index_units:
        rows.append(("indexes", f"{rate(found.index_units)} write units more"))
    rows.append(("money", _money(found.bill)))
    rows.append(
        ("comparing", _money(found.verifying) + " more" if found.verifying.lines else "nothing charged by request")
    )
    took = (
        f"about {elapsed(found.seconds)}, limited by {found.limit}"
        if found.seconds is not None
        else "no limit is known"
    )
    rows.append(("time", took))
    cells = max(width(label) for label, _ in rows) + 2
    for label, text in rows:
        first, *rest = fit(text, columns - cells - 2)
        lines.append(((f"  {pad(label, cells)}", "dim"), (first, "")))
        lines += [((" " * (cells + 2) + more, ""),) for more in rest]
    if found.other is not None and found.bill.usd >= _WORTH_SAYING:
        way = found.other
        lines += [(), *_titled(f"Cheaper: {way.name}, {_money(way.bill)}", columns)]
        for need in (*way.needs, way.unfinished):
            if need:
                first, *rest = wrap(clean(need), columns - 4)
                lines += [((f"  {marks.dot} ", "dim"), (first, "")), *((("    " + more, ""),) for more in rest)]
    for note in found.notes:
        first, *rest = wrap(clean(f"warning: {note}"), columns)
        lines += [((first, "warn"),), *(((more, "warn"),) for more in rest)]
    verdict = "Nothing in the sample stands in the way." if found.may_run else "What stands in the way is listed above."
    mark, tone = (marks.good, "good") if found.may_run else (marks.bad, "bad")
    return [*lines, (), ((f"{mark} ", tone), (verdict, "strong"))]


def as_json(found: Forecast, described: tuple[str, ...]) -> dict[str, object]:
    """The same for programs; no item, and keys only where they are what is wrong."""
    sample = found.sample
    return {
        "event": "forecast",
        "transform": list(described),
        "items": found.items,
        "sampled": sample.read,
        "whole": sample.whole,
        "set_aside": [{"reason": s.reason, "items": s.items, "key": s.key} for s in sample.set_aside],
        "collisions": [{"target": c.target, "sources": list(c.sources), "items": c.items} for c in sample.collisions],
        "misfits": [
            {"index": m.index, "attribute": m.attribute, "wants": m.wants, "finds": m.finds, "items": m.items}
            for m in sample.misfits
        ],
        "changes": [
            {
                "attribute": c.attribute,
                "added": c.added,
                "removed": c.removed,
                "changed": c.changed,
                "kinds": list(c.kinds),
            }
            for c in sample.changes
        ],
        "expired": sample.expired,
        "unsteady": sample.unsteady,
        "largest_bytes": sample.largest,
        "bytes_read": found.bytes_read,
        "bytes_written": found.bytes_written,
        "read_units": found.read_units,
        "write_units": found.write_units,
        "index_units": found.index_units,
        "seconds": found.seconds,
        "cost_usd": _usd(found.bill),
        "verify_usd": _usd(found.verifying),
        "prices_of": found.bill.date,
        "cheaper": {"name": found.other.name, "usd": _usd(found.other.bill)} if found.other else None,
        "keys_cannot_collide": found.injective,
        "may_run": found.may_run,
        "notes": list(found.notes),
    }


def _changes(found: Forecast, columns: int, marks: Marks) -> list[Line]:
    sample = found.sample
    lines: list[Line] = [
        (("  " + f"{count(sample.written, 'item')} would be written, {sample.unchanged:,} of them unchanged", ""),)
    ]
    names = max((width(change.attribute) for change in sample.changes[:_SHOWN]), default=0)
    for change in sample.changes[:_SHOWN]:
        counts: Mapping[str, int] = {"added": change.added, "removed": change.removed, "changed": change.changed}
        words = ", ".join(f"{what} in {number:,}" for what, number in counts.items() if number)
        sign = "+" if change.added and not change.removed else "-" if change.removed and not change.added else "~"
        name = pad(elide(clean(change.attribute), min(names, columns // 2), marks.elided), min(names, columns // 2))
        kinds = f"  ({', '.join(change.kinds)})" if change.kinds else ""
        lines.append(
            (
                (f"  {sign} ", "busy"),
                (f"{name}  ", "strong"),
                (elide(words + kinds, columns - width(name) - 6, marks.elided), ""),
            )
        )
    if len(sample.changes) > _SHOWN:
        lines.append(((f"  {marks.elided} and {len(sample.changes) - _SHOWN} attributes more", "dim"),))
    return lines


def _obstacles(found: Forecast, columns: int, marks: Marks) -> list[Line]:
    """What a run would stumble over, each with how many and where."""
    sample = found.sample
    texts = [
        f"{count(s.items, 'item')} would be set aside: {s.reason} (first: {s.key})" for s in sample.set_aside[:_SHOWN]
    ]
    texts += [
        f"{count(c.items, 'item')} would meet in one key, {c.target}, and the last one written would be all that is left: "
        f"{', '.join(c.sources)}{' and others' if c.items > len(c.sources) else ''}"
        for c in sample.collisions[:_SHOWN]
    ]
    texts += [
        f"{count(m.items, 'item')} cannot go into index {m.index}: its key {m.attribute} must be {m.wants}, and is {m.finds}"
        for m in sample.misfits[:_SHOWN]
    ]
    if sample.unsteady:
        texts.append(
            f"the transform gave {count(sample.unsteady, 'item')} another form when it was asked twice: it must not ask for the "
            "time or draw lots"
        )
    lines: list[Line] = []
    for text in texts:
        first, *rest = wrap(clean(text), columns - 4)
        lines += [((f"  {marks.bad} ", "bad"), (first, "")), *((("    " + more, ""),) for more in rest)]
    if sample.expired:
        told = f"{count(sample.expired, 'item')} expired by {sample.ttl}: TTL would delete them at the target too"
        lines += [((f"  {marks.unknown} ", "unknown"), (text, "")) for text in wrap(told, columns - 4)]
    if not found.injective and not sample.collisions and sample.read:
        told = "no two items of the sample meet in one key; that none in the whole table do, a sample cannot show"
        first, *rest = wrap(told, columns - 4)
        lines += [((f"  {marks.unknown} ", "unknown"), (first, "")), *((("    " + more, ""),) for more in rest)]
    return lines


def _examples(found: Forecast, columns: int, marks: Marks) -> list[Line]:
    lines: list[Line] = []
    for example in found.sample.examples:
        lines.append(())
        for sign, tone, item in (("-", "dim", example.before), *(("+", "", after) for after in example.after)):
            text = elide(clean(item.decode("utf-8", "replace")), _EXAMPLE_LINES * (columns - 6), marks.elided)
            lines += [((f"  {sign} {piece}", tone),) for piece in fit(text, columns - 4)]
    return lines


def _money(bill: Bill) -> str:
    if not bill.lines:
        return "nothing charged by request"
    about = "" if bill.sure else ", not all prices are verified"
    missing = "" if bill.complete else "; a price is missing for this region"
    return f"{_dollars(bill.usd)} at list prices of {bill.date}{about}{missing}"


def _dollars(usd: Decimal) -> str:
    return "less than 0.01 USD" if usd < Decimal("0.01") else f"{usd:,.2f} USD"


def _usd(bill: Bill) -> float | None:
    return float(bill.usd) if bill.complete else None


def _titled(text: str, columns: int) -> list[Line]:
    return [((line, "strong"),) for line in fit(clean(text), columns)]
