"""One stack on one screen: the verdict first, then what stands, then what is wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

from tablewright.cli.faces.cells import clean, fit, pad, width, wrap
from tablewright.cli.faces.diagnostic import cause_lines, hint_lines
from tablewright.cli.faces.marks import Line, Marks, kind, tone
from tablewright.cli.faces.quantities import count, moment, size, span
from tablewright.cli.faces.result import output_lines
from tablewright.cli.faces.status_tables import table_lines
from tablewright.cli.faces.wording import unrehearsed
from tablewright.model.report import UNHEALTHY, AlarmReport, HealthFinding, LogGroupReport, Operation, StackReport
from tablewright.model.stack import StackResource

Row = tuple[str, str, str]
"""A name, its state in words, and the state's tone."""

_FINDINGS_SHOWN = 20
_ROWS_SHOWN = 25


def status_lines(report: StackReport, columns: int, marks: Marks) -> list[Line]:
    """The screen, in lines of at most ``columns`` cells but for what must not be broken: commands and AWS's own words."""
    lines = _header(report, columns, marks)
    if report.stack is not None:
        lines += _operation(report.operation, columns)
        for section, why in report.unread.items():
            lines += [((text, "unknown"),) for text in fit(f"{section} unknown: {why}", columns)]
        lines += _section("Tables", table_lines(report.tables, _troubled(report.findings), columns, marks))
        if report.tables:
            lines += [
                ((f"    {text}", "dim"),) for text in wrap("Item counts and sizes lag by up to six hours.", columns - 4)
            ]
        lines += _section("Alarms", _rows([_alarm(alarm) for alarm in report.alarms], columns, marks))
        lines += _section("Log groups", _rows([_log_group(group) for group in report.log_groups], columns, marks))
        lines += _section("Other resources", _rows([_other(item) for item in report.others], columns, marks))
        if report.stack.outputs:
            lines += _section("Outputs", output_lines(report.stack.outputs, columns, marks))
    return lines + _findings(report, columns, marks)


def _header(report: StackReport, columns: int, marks: Marks) -> list[Line]:
    stack = report.stack
    environment = f" ({report.environment})" if report.environment else ""
    status = stack.status if stack else "does not exist"
    look = tone(status) if stack else "bad"
    title = f"{report.name}{environment}"
    lines: list[Line] = []
    if width(title) + 2 + width(status) <= columns:
        lines.append(((pad(clean(title), columns - width(status) - 2) + "  ", "strong"), (status, look)))
    else:
        lines += [*(((text, "strong"),) for text in fit(title, columns)), ((status, look),)]
    where = report.whereabouts
    endpoint = f", endpoint {where.endpoint}" if where.endpoint else ""
    place = f"account {where.account}, {where.region}{endpoint}, as {where.arn}"
    lines += [((text, "dim"),) for text in fit(place, columns)]
    if report.meaning and tone(status) != "good":
        lines += [((text, ""),) for text in wrap(report.meaning, columns)]
    broken = sum(finding.level == UNHEALTHY for finding in report.findings)
    if broken:
        verdict = f"{count(broken, 'thing')} {'does' if broken == 1 else 'do'} not work, see below"
        lines.append(((f"{marks.bad} ", "bad"), (verdict, "bad")))
    else:
        notes = len(report.findings)
        look, sign = ("good", marks.good) if report.known else ("unknown", marks.unknown)
        verdict = "healthy" if report.known else "not known: some of it could not be read"
        lines.append(((f"{sign} ", look), (verdict, look), (f", {count(notes, 'note')} below" if notes else "", "")))
    return lines


def _operation(operation: Operation | None, columns: int) -> list[Line]:
    if operation is None:
        return []
    if operation.ended_at is None:
        text, look = f"{operation.verb} since {moment(operation.began_at)}: {operation.status}", "busy"
    else:
        how = "failed" if operation.failed else "succeeded"
        took = span(operation.began_at, operation.ended_at)
        text, look = (
            f"{operation.verb} {how} at {moment(operation.ended_at)} after {took}",
            "bad" if operation.failed else "",
        )
    lines: list[Line] = [((piece, look),) for piece in fit(f"last operation: {text}", columns)]
    if operation.cause is not None:
        lines += [(), *cause_lines(operation.cause, columns)]
    if operation.command and (operation.cause is None or operation.cause.command != operation.command):
        lines += hint_lines(operation.command)
    return lines


def _section(title: str, lines: list[Line]) -> list[Line]:
    return [(), ((title, "strong"),), *lines] if lines else []


def _rows(rows: list[Row], columns: int, marks: Marks) -> list[Line]:
    """Names with their states in one column; of more than fit a screen, those that are not well come first."""
    shown = rows
    if len(rows) > _ROWS_SHOWN:
        shown = sorted(rows, key=lambda row: row[2] == "good")[:_ROWS_SHOWN]
    states = max((width(state) for _, state, _ in shown), default=0)
    names = max((width(name) for name, _, _ in shown), default=0)
    lines: list[Line] = []
    for name, state, look in shown:
        head = (f"  {marks.of(look)} ", look)
        if 4 + names + 2 + states <= columns:
            lines.append((head, (pad(name, names) + "  ", ""), (state, look)))
        else:  # Shortened, names that differ in the middle would look the same.
            first, *rest = fit(name, columns - 4)
            lines += [(head, (first, "")), *((("    " + more, ""),) for more in rest)]
            lines += [((f"      {more}", look),) for more in fit(state, columns - 6)]
    if len(shown) < len(rows):
        lines += _rest(len(rows) - len(shown), columns, marks)
    return lines


def _rest(hidden: int, columns: int, marks: Marks) -> list[Line]:
    text = f"{marks.elided} and {hidden} more; --output json shows every one"
    return [((f"    {line}", "dim"),) for line in wrap(text, columns - 4)]


def _alarm(report: AlarmReport) -> Row:
    name = clean(report.name)
    if report.state is None:
        return (
            (name, f"unknown: {clean(report.unread)}", "unknown") if report.unread else (name, "does not exist", "bad")
        )
    if report.dead:
        return name, f"{report.state.state}, and can never change", "warn"
    return name, clean(report.state.state), tone(report.state.state)


def _log_group(report: LogGroupReport) -> Row:
    name = clean(report.name)
    if report.group is None:
        return (
            (name, f"unknown: {clean(report.unread)}", "unknown") if report.unread else (name, "does not exist", "bad")
        )
    days = report.group.retention_days
    kept = f"kept {count(days, 'day')}" if days else "kept for ever"
    return name, f"{kept}, {size(report.group.stored_bytes)}", "good"


def _other(resource: StackResource) -> Row:
    name = clean(f"{resource.logical_id}, {kind(resource.type)}")
    if unrehearsed(resource.physical_id):
        return name, f"{clean(resource.status)}, not rehearsed", "warn"
    return name, clean(resource.status), tone(resource.status)


def _troubled(findings: Iterable[HealthFinding]) -> frozenset[str]:
    return frozenset(finding.subject for finding in findings)


def _findings(report: StackReport, columns: int, marks: Marks) -> list[Line]:
    lines: list[Line] = []
    said = _said(report.operation)
    for level, title, sign, look in (
        (UNHEALTHY, "Does not work", marks.bad, "bad"),
        ("", "Worth knowing", "!", "warn"),
    ):
        found = [f for f in report.findings if (f.level == UNHEALTHY) == (level == UNHEALTHY)]
        if not found:
            continue
        lines += [(), ((title, "strong"),)]
        for finding in found[:_FINDINGS_SHOWN]:
            first, *rest = wrap(finding.text, columns - 4) or [""]
            lines.append(((f"  {sign} ", look), (first, "")))
            lines += [(("    " + text, ""),) for text in rest]
            if finding.command and finding.command not in said:
                said.add(finding.command)
                lines += [*hint_lines(finding.command), ()]
        if len(found) > _FINDINGS_SHOWN:
            lines += _rest(len(found) - _FINDINGS_SHOWN, columns, marks)
    return lines


def _said(operation: Operation | None) -> set[str | None]:
    """The commands that the last operation has shown already."""
    if operation is None:
        return set()
    return {operation.command, operation.cause.command if operation.cause else None}
