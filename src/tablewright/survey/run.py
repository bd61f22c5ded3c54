"""Reading one stack and all that it owns into one report. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from tablewright.deploy.status import row
from tablewright.errors import TablewrightError
from tablewright.model.design import TABLE_TYPES
from tablewright.model.observed import AlarmState
from tablewright.model.report import AlarmReport, LogGroupReport, StackReport, TableReport
from tablewright.model.stack import StackResource
from tablewright.ports import Account
from tablewright.survey.dimensions import dead_alarm
from tablewright.survey.health import findings
from tablewright.survey.operation import operation_of

__all__ = ["survey"]

_WORKERS = 8
_DETAILS_UP_TO = 40
"""Up to so many tables, backups and traffic are read too: DynamoDB answers ListBackups five times a second (API reference),
and CloudWatch bills every metric that is asked for."""
_NO_BACKUPS = f"not listed for more than {_DETAILS_UP_TO} tables at once (DynamoDB allows five such calls a second)"
_TRAFFIC_SPAN = timedelta(hours=1)
_NESTING = 8

_ALARM_TYPES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_LOG_GROUP_TYPE = "AWS::Logs::LogGroup"
_STACK_TYPE = "AWS::CloudFormation::Stack"

_UNREADABLE = ("access-denied", "throttled", "aws-unavailable", "aws-error", "aws-validation", "not-found")
"""Errors that leave one section unread. All others (credentials, network ...) end the whole reading."""

_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class _Found:
    """A resource and the way to it through nested stacks."""

    path: str
    resource: StackResource


def survey(stack: str, account: Account, *, environment: str | None = None) -> StackReport:
    """What stands of a stack, by name or id: one report, judged. Nothing is changed.

    A section that may not be read says so and why; it never looks empty. A stack that does not exist gives a report whose
    ``stack`` is None. Raises the errors of ``tablewright.errors`` when nothing can be said at all: no credentials, no
    network, no permission to describe the stack.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        try:
            report = _read(stack, account, environment, pool)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return replace(report, findings=findings(report))


def _read(name: str, account: Account, environment: str | None, pool: ThreadPoolExecutor) -> StackReport:
    whereabouts = pool.submit(account.identity.whereabouts)
    described = pool.submit(account.stacks.describe, name)
    listed = pool.submit(_try, lambda: _resources(account, name))
    stack = described.result()
    report = StackReport(
        name=stack.name if stack else name,
        at=account.clock.now(),
        whereabouts=whereabouts.result(),
        stack=stack,
        meaning=row(stack.status if stack else None).meaning,
        environment=environment,
    )
    if stack is None:
        return report
    history = pool.submit(_try, lambda: operation_of(stack, account.stacks.events(stack.id)))
    unread: dict[str, str] = {}
    resources = _take(listed, "resources", unread) or ()
    tables = [r for r in resources if r.resource.type in TABLE_TYPES and r.resource.status != "DELETE_COMPLETE"]
    alarms = [r for r in resources if r.resource.type in _ALARM_TYPES and _is_there(r.resource)]
    groups = [r for r in resources if r.resource.type == _LOG_GROUP_TYPE and _is_there(r.resource)]
    in_detail = len(tables) <= _DETAILS_UP_TO
    table_reports = [pool.submit(_table, account, table, in_detail) for table in tables]
    alarm_states = pool.submit(
        _try, lambda: account.observations.alarms([alarm.resource.physical_id for alarm in alarms]) if alarms else ()
    )
    group_reports = [pool.submit(_log_group, account, group) for group in groups]
    read_tables = tuple(future.result() for future in table_reports)
    if in_detail:
        read_tables = _with_traffic(account, read_tables, report.at, unread)
    else:
        unread["traffic"] = f"not read for more than {_DETAILS_UP_TO} tables at once (CloudWatch bills every metric)"
        unread["backups"] = _NO_BACKUPS
    return replace(
        report,
        tables=read_tables,
        alarms=_alarms(alarms, alarm_states, read_tables),
        log_groups=tuple(future.result() for future in group_reports),
        others=tuple(
            r.resource
            for r in resources
            if r.resource.type not in (*TABLE_TYPES, *_ALARM_TYPES, _LOG_GROUP_TYPE, _STACK_TYPE)
            and r.resource.status != "DELETE_COMPLETE"
        ),
        operation=_take(history, "operation", unread),
        unread=unread,
    )


def _resources(account: Account, ref: str, prefix: str = "", depth: int = 0) -> tuple[_Found, ...]:
    """The stack's resources, each nested stack's right behind it."""
    found: list[_Found] = []
    for resource in account.stacks.resources(ref):
        path = prefix + resource.logical_id
        found.append(_Found(path, resource))
        if resource.type == _STACK_TYPE and _is_there(resource) and depth < _NESTING:
            found += _resources(account, resource.physical_id, f"{path}/", depth + 1)
    return tuple(found)


def _is_there(resource: StackResource) -> bool:
    return bool(resource.physical_id) and resource.status not in ("DELETE_COMPLETE", "DELETE_SKIPPED")


def _table(account: Account, found: _Found, in_detail: bool) -> TableReport:
    resource = found.resource
    name = resource.physical_id
    report = TableReport(found.path, name, resource, owned=resource.status != "DELETE_SKIPPED")
    if not name:
        return replace(report, unread=f"it has no name yet ({resource.status})")
    table = _try(lambda: account.tables.describe(name))
    if isinstance(table, TablewrightError):
        return replace(report, unread=_words(table))
    if table is None:
        return report
    if not in_detail:
        return replace(report, table=replace(table, unknown={**table.unknown, "backups": _NO_BACKUPS}))
    backups = _try(lambda: account.tables.backups(name))
    if isinstance(backups, TablewrightError):
        return replace(report, table=replace(table, unknown={**table.unknown, "backups": _words(backups)}))
    return replace(report, table=replace(table, backups=backups))


def _with_traffic(
    account: Account, tables: tuple[TableReport, ...], now: datetime, unread: dict[str, str]
) -> tuple[TableReport, ...]:
    """The tables with what was asked of them in the last hour; as they were, and the reason noted, where that is denied."""
    subjects: list[tuple[str, str | None]] = []
    for report in tables:
        if report.table is not None:
            subjects.append((report.name, None))
            subjects += [(report.name, index.name) for index in report.table.indexes if index.kind == "global"]
    if not subjects:
        return tables
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    answer = _try(lambda: account.observations.traffic(subjects, since=until - _TRAFFIC_SPAN, until=until))
    if isinstance(answer, TablewrightError):
        unread["traffic"] = _words(answer)
        return tables
    of_table = {name: tuple(each for each in answer if each.table == name) for name in {each.table for each in answer}}
    return tuple(replace(report, traffic=of_table.get(report.name)) for report in tables)


def _alarms(
    alarms: Iterable[_Found],
    answer: Future[tuple[AlarmState, ...] | TablewrightError],
    tables: Iterable[TableReport],
) -> tuple[AlarmReport, ...]:
    states = answer.result()
    if isinstance(states, TablewrightError):
        return tuple(AlarmReport(a.path, a.resource.physical_id, unread=_words(states)) for a in alarms)
    by_name = {state.name: state for state in states}
    indexes = {t.table.name: [i.name for i in t.table.indexes if i.kind == "global"] for t in tables if t.table}
    reports: list[AlarmReport] = []
    for alarm in alarms:
        state = by_name.get(alarm.resource.physical_id)
        dead = dead_alarm(state, indexes) if state else ""
        reports.append(AlarmReport(alarm.path, alarm.resource.physical_id, state=state, dead=dead))
    return tuple(reports)


def _log_group(account: Account, found: _Found) -> LogGroupReport:
    name = found.resource.physical_id
    group = _try(lambda: account.observations.log_group(name))
    if isinstance(group, TablewrightError):
        return LogGroupReport(found.path, name, unread=_words(group))
    return LogGroupReport(found.path, name, group=group)


def _try(question: Callable[[], _Part]) -> _Part | TablewrightError:
    """The answer, or the error that leaves this one part unread; errors that end everything are raised."""
    try:
        return question()
    except TablewrightError as error:
        if error.code not in _UNREADABLE:
            raise
        return error


def _take(future: Future[_Part | TablewrightError], section: str, unread: dict[str, str]) -> _Part | None:
    answer = future.result()
    if isinstance(answer, TablewrightError):
        unread[section] = _words(answer)
        return None
    return answer


def _words(error: TablewrightError) -> str:
    return f"{error.summary}: {error.text}" if error.text else error.summary
