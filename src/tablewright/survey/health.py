"""A report to findings: what does not work, and what a person should know. Pure; run after everything was read."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tablewright.deploy.status import row
from tablewright.model.report import (
    ATTENTION,
    UNHEALTHY,
    AlarmReport,
    HealthFinding,
    LogGroupReport,
    StackReport,
    TableReport,
)
from tablewright.plan.actual import Standing

__all__ = ["findings"]

_BUSY = ("CREATING", "UPDATING", "DELETING")
"""Statuses of a table or index that pass by themselves (DynamoDB API reference, TableDescription)."""


def findings(report: StackReport) -> tuple[HealthFinding, ...]:
    """Everything that is not as it should be, what does not work first; otherwise in the report's order."""
    found = [
        *_stack(report),
        *(f for table in report.tables for f in _table(table, report.unread)),
        *(f for alarm in report.alarms for f in _alarm(alarm)),
        *(f for group in report.log_groups for f in _log_group(group)),
        *(
            HealthFinding(ATTENTION, "section-unread", section, f"could not be read: {why}")
            for section, why in report.unread.items()
        ),
    ]
    return tuple(sorted(found, key=lambda finding: finding.level != UNHEALTHY))


def _stack(report: StackReport) -> Iterator[HealthFinding]:
    stack = report.stack
    deploy = f"tablewright deploy --stack {report.name}"
    if stack is None:
        by_id = report.name.startswith("arn:")  # a deployment makes no stack of an id
        yield HealthFinding(
            UNHEALTHY, "stack-absent", report.name, "There is no such stack.", None if by_id else deploy
        )
        return
    status = row(stack.status)
    if status.standing is Standing.ABSENT:
        yield HealthFinding(UNHEALTHY, "stack-deleted", stack.name, status.meaning, deploy)
    elif status.standing is Standing.MOVING:
        yield HealthFinding(ATTENTION, "stack-moving", stack.name, f"{stack.status}: {status.meaning}", deploy)
    elif status.standing is Standing.SHELL:
        yield HealthFinding(ATTENTION, "stack-empty", stack.name, f"{stack.status}: {status.meaning}", deploy)
    if not status.healthy:
        command = report.operation.command if report.operation else deploy
        yield HealthFinding(UNHEALTHY, "stack-status", stack.name, f"{stack.status}: {status.meaning}", command)


def _table(report: TableReport, said: Collection[str]) -> Iterator[HealthFinding]:
    """``said`` are the parts of which the whole report says already that they are unknown."""
    table = report.table
    if report.unread:
        yield HealthFinding(ATTENTION, "table-unread", report.path, f"Table {report.name}: {report.unread}")
        return
    if table is None:
        if report.owned:
            text = f"Table {report.name} does not exist, though the stack owns it: it was deleted by other means."
            yield HealthFinding(UNHEALTHY, "table-missing", report.path, text)
        return
    if not report.owned:
        text = f"Table {table.name} was kept when the stack let go of it: no stack owns it."
        yield HealthFinding(ATTENTION, "table-orphaned", report.path, text)
    if table.status != "ACTIVE":
        level = ATTENTION if table.status in _BUSY else UNHEALTHY
        yield HealthFinding(level, "table-status", report.path, f"Table {table.name} is {table.status}.")
    for index in table.indexes:
        if index.status != "ACTIVE":
            level = ATTENTION if index.status in _BUSY else UNHEALTHY
            doing = "backfilling: it cannot be read yet" if index.backfilling else index.status
            text = f"Index {index.name} of {table.name} is {doing}."
            yield HealthFinding(level, "index-status", report.path, text)
    if table.ttl is not None and table.ttl.status in ("ENABLING", "DISABLING"):
        text = f"TTL on {table.name} is {table.ttl.status}: that takes up to an hour."
        yield HealthFinding(ATTENTION, "ttl-changing", report.path, text)
    if table.recovery is not None and not table.recovery.enabled:
        text = f"Table {table.name} has no point-in-time recovery: what is deleted by mistake is gone."
        yield HealthFinding(ATTENTION, "recovery-off", report.path, text)
    if not table.deletion_protection:
        text = f"Table {table.name} has no deletion protection."
        yield HealthFinding(ATTENTION, "deletion-protection-off", report.path, text)
    for traffic in report.traffic or ():
        if traffic.throttled_reads or traffic.throttled_writes:
            of = f"index {traffic.index} of {table.name}" if traffic.index else f"table {table.name}"
            counts = f"{traffic.throttled_reads} reads and {traffic.throttled_writes} writes"
            text = f"In the last hour {counts} of {of} were throttled."
            yield HealthFinding(ATTENTION, "throttled", report.path, text)
    for part, why in table.unknown.items():
        if part in said:
            continue
        yield HealthFinding(
            ATTENTION, "table-part-unread", report.path, f"{_PARTS.get(part, part)} of {table.name}: {why}"
        )


_PARTS = {"ttl": "TTL", "recovery": "Point-in-time recovery", "tags": "Tags", "backups": "Backups"}


def _alarm(report: AlarmReport) -> Iterator[HealthFinding]:
    state = report.state
    if report.unread:
        yield HealthFinding(ATTENTION, "alarm-unread", report.path, f"Alarm {report.name}: {report.unread}")
        return
    if state is None:
        text = f"Alarm {report.name} does not exist, though the stack owns it: it was deleted by other means."
        yield HealthFinding(UNHEALTHY, "alarm-missing", report.path, text)
        return
    if state.state == "ALARM":
        yield HealthFinding(UNHEALTHY, "alarm-firing", report.path, f"Alarm {state.name} is firing: {state.reason}")
    if report.dead:
        yield HealthFinding(ATTENTION, "alarm-dead", report.path, f"Alarm {state.name}: {report.dead}.")
    if not state.actions:
        yield HealthFinding(ATTENTION, "alarm-tells-nobody", report.path, f"Alarm {state.name} notifies nobody.")
    elif not state.actions_enabled:
        yield HealthFinding(
            ATTENTION, "alarm-muted", report.path, f"The actions of alarm {state.name} are switched off."
        )


def _log_group(report: LogGroupReport) -> Iterator[HealthFinding]:
    if report.unread:
        yield HealthFinding(ATTENTION, "log-group-unread", report.path, f"Log group {report.name}: {report.unread}")
    elif report.group is None:
        text = f"Log group {report.name} does not exist, though the stack owns it: it was deleted by other means."
        yield HealthFinding(UNHEALTHY, "log-group-missing", report.path, text)
