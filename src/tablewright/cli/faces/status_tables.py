"""The tables of a status screen: each with all that is known while they are few, a line each when they are many."""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.cli.faces.cells import clean, elide, elide_end, fit, pad, width
from tablewright.cli.faces.marks import Line, Marks, Segment, tone
from tablewright.cli.faces.named import named_lines
from tablewright.cli.faces.quantities import count, moment, size
from tablewright.model.report import TableReport
from tablewright.model.table import Billing, Index, Key, OnDemand, Table

DETAILED_UP_TO = 8
LISTED_UP_TO = 40
_LABELS = 10


def table_lines(reports: Sequence[TableReport], troubled: frozenset[str], columns: int, marks: Marks) -> list[Line]:
    """The tables; ``troubled`` are the paths of those that something was found about, which are always shown."""
    if len(reports) <= DETAILED_UP_TO:
        return [line for report in reports for line in _detailed(report, columns, marks)]
    shown = list(reports)
    if len(reports) > LISTED_UP_TO:
        shown = [report for report in reports if report.path in troubled]
    names = max((width(report.name) for report in shown), default=0)
    lines = [_compact(report, min(names, max(12, columns - 44)), columns, marks) for report in shown]
    if len(shown) < len(reports):
        rest = f"{count(len(reports) - len(shown), 'table')} with nothing to say about; --output json shows every one"
        lines.append(((f"  {marks.good} ", "good"), (elide(rest, columns - 4, marks.elided), "dim")))
    return lines


def _detailed(report: TableReport, columns: int, marks: Marks) -> list[Line]:
    table = report.table
    if table is None:
        return [_absent(report, columns, marks)]
    facts = [billing(table.billing), f"{count(table.item_count, 'item')}, {size(table.size_bytes)}"]
    if table.table_class != "STANDARD":
        facts.append(table.table_class)
    lines = _title(report, table, facts, columns, marks)
    for label, text, look in [*_facts(table), *_traffic(report)]:
        first, *rest = fit(text, columns - 7 - _LABELS)
        lines.append(((f"      {pad(label, _LABELS)} ", "dim"), (first, look)))
        lines += [((" " * (7 + _LABELS) + more, look),) for more in rest]
    lines += [line for index in table.indexes for line in _index(index, columns, marks)]
    return lines


def _title(report: TableReport, table: Table, facts: list[str], columns: int, marks: Marks) -> list[Line]:
    facts = [*facts, *([] if report.owned else ["kept, owned by no stack"])]
    look = tone(table.status)
    head = (f"  {marks.of(look)} ", look)
    return named_lines((head,), clean(report.name), (clean(table.status), look), facts, columns, marks)


def _absent(report: TableReport, columns: int, marks: Marks) -> Line:
    if report.unread:
        text, look, sign = f"unknown: {report.unread}", "unknown", marks.unknown
    else:
        text, look, sign = "does not exist", "bad", marks.bad
    room = max(8, columns - 4 - 2 - min(40, width(text)))
    name = elide(clean(report.name or report.path), room, marks.elided)
    return (
        (f"  {sign} ", look),
        (name, "strong"),
        ("  ", ""),
        (elide(clean(text), columns - 6 - width(name), marks.elided), look),
    )


def _facts(table: Table) -> list[tuple[str, str, str]]:
    facts = [("keys", keys(table.keys), "")]
    if table.ttl is not None:
        attribute = f"{table.ttl.attribute}, " if table.ttl.attribute else ""
        facts.append(("TTL", f"{attribute}{table.ttl.status}", tone(table.ttl.status)))
    else:
        facts.append(("TTL", f"unknown: {table.unknown.get('ttl', 'not read')}", "unknown"))
    facts.append(("recovery", *_recovery(table)))
    facts.append(
        (
            "deletion",
            "protected" if table.deletion_protection else "not protected",
            "" if table.deletion_protection else "warn",
        )
    )
    facts.append(("backups", *_backups(table)))
    if table.stream_view:
        facts.append(("stream", table.stream_view, ""))
    if table.replicas:
        facts.append(("replicas", ", ".join(table.replicas), ""))
    return facts


def _recovery(table: Table) -> tuple[str, str]:
    recovery = table.recovery
    if recovery is None:
        return f"unknown: {table.unknown.get('recovery', 'not read')}", "unknown"
    if not recovery.enabled:
        return "off: what is deleted by mistake is gone", "warn"
    days = f", {count(recovery.days, 'day')}" if recovery.days else ""
    if recovery.earliest is None or recovery.latest is None:
        return f"on{days}", "good"
    return f"on{days}: {moment(recovery.earliest)} to {moment(recovery.latest)}", "good"


def _backups(table: Table) -> tuple[str, str]:
    if table.backups is None:
        return f"unknown: {table.unknown.get('backups', 'not read')}", "unknown"
    if not table.backups:
        return "none on demand", "dim"
    newest = max(table.backups, key=lambda backup: backup.created_at)
    return f"{len(table.backups)}, the newest {newest.name} of {moment(newest.created_at)} ({newest.status})", ""


def _traffic(report: TableReport) -> list[tuple[str, str, str]]:
    """What was asked of the table in the last hour, its indexes aside: their throttling is among the findings."""
    for each in report.traffic or ():
        if each.index is None:
            throttled = each.throttled_reads + each.throttled_writes
            units = f"{count(round(each.read_units), 'read unit')}, {count(round(each.write_units), 'write unit')}"
            words = f"{units}, {count(throttled, 'throttled request')}" if throttled else units
            return [("last hour", words, "warn" if throttled else "")]
    return []


def _index(index: Index, columns: int, marks: Marks) -> list[Line]:
    status = f"{index.status}, backfilling" if index.backfilling else index.status
    projection = f"{index.projection} {', '.join(index.included)}".strip()
    facts = [clean(fact) for fact in (keys(index.keys), projection, count(index.item_count, "item"))]
    word = "index" if index.kind == "global" else "local index"
    head = (f"    {marks.branch} {word} ", "dim")
    return named_lines((head,), clean(index.name), (status, tone(index.status)), facts, columns, marks)


def _compact(report: TableReport, names: int, columns: int, marks: Marks) -> Line:
    table = report.table
    if table is None:
        return _absent(report, columns, marks)
    look = tone(table.status)
    bad = [index.name for index in table.indexes if index.status != "ACTIVE"]
    index_words = count(len(table.indexes), "index") if table.indexes else ""
    if bad:
        index_words += f", {len(bad)} not ACTIVE"
    facts = [count(table.item_count, "item"), size(table.size_bytes)]
    facts += [index_words] if index_words else []
    name = elide(clean(report.name), max(8, min(names, columns - 6 - len(table.status))), marks.elided)
    head: list[Segment] = [
        (f"  {marks.of(look)} ", look),
        (pad(name, names if columns - 6 - len(table.status) >= names else 0) + "  ", ""),
        (elide(clean(table.status), columns - 6 - width(name), marks.elided), look),
    ]
    room = columns - sum(width(text) for text, _ in head) - 2
    return (*head, ("  " + elide_end(f" {marks.dot} ".join(facts), max(0, room), marks.elided), "dim"))


def keys(schema: Sequence[Key]) -> str:
    """A key schema: ``sessionId (S)``, the partition key first."""
    return " + ".join(f"{key.name} ({key.type})" for key in schema)


def billing(mode: Billing) -> str:
    """A billing mode with its limits or capacity."""
    if isinstance(mode, OnDemand):
        limits = [
            f"{word} at most {most:,}" for word, most in (("reads", mode.max_read), ("writes", mode.max_write)) if most
        ]
        return "on-demand" + (f" ({', '.join(limits)} a second)" if limits else "")
    return f"provisioned, {mode.read:,} read and {mode.write:,} write units"
