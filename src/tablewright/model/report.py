"""What stands, as one frozen value: all that a status report shows, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tablewright.model.cause import Cause
from tablewright.model.observed import AlarmState, LogGroupState, Traffic
from tablewright.model.stack import Stack, StackResource
from tablewright.model.table import Table
from tablewright.model.whereabouts import Whereabouts

__all__ = [
    "ATTENTION",
    "UNHEALTHY",
    "AlarmReport",
    "HealthFinding",
    "LogGroupReport",
    "Operation",
    "StackReport",
    "TableReport",
]

UNHEALTHY = "unhealthy"
"""Something does not work, or may not: ``status --fail-on-unhealthy`` ends with 1."""
ATTENTION = "attention"
"""It works, but a person should know."""


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """One thing that is not as it should be. ``level`` is ``unhealthy`` or ``attention``, ``code`` stable, ``subject`` the
    logical id or name that it is about, ``command`` the next command if there is one.
    """

    level: str
    code: str
    subject: str
    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class TableReport:
    """One of the stack's tables. ``table`` is None if it does not exist, or if ``unread`` says why it could not be asked.

    ``path`` leads to it through nested stacks (logical ids joined by ``/``). ``owned`` is False for one that the stack left
    behind (DELETE_SKIPPED). The item count and size in ``table`` lag by up to six hours. ``traffic`` is what was asked of the
    table and of each of its global indexes in the last hour; None if it was not read (``StackReport.unread`` says why).
    """

    path: str
    name: str
    resource: StackResource
    table: Table | None = None
    unread: str = ""
    owned: bool = True
    traffic: tuple[Traffic, ...] | None = None


@dataclass(frozen=True, slots=True)
class AlarmReport:
    """One of the stack's alarms. ``state`` is None if there is no such alarm, or if ``unread`` says why it is unknown.

    ``dead`` says why it can never change its state: it looks at a metric that exists only under other dimensions.
    """

    path: str
    name: str
    state: AlarmState | None = None
    unread: str = ""
    dead: str = ""


@dataclass(frozen=True, slots=True)
class LogGroupReport:
    """One of the stack's log groups, None if there is none, or if ``unread`` says why it is unknown."""

    path: str
    name: str
    group: LogGroupState | None = None
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """The stack's last operation. ``ended_at`` is None while it runs; ``cause`` is set if it failed and why is known.

    ``verb`` is create, update, delete or import; ``status`` the stack's status in its last event.
    """

    verb: str
    status: str
    began_at: datetime
    ended_at: datetime | None
    failed: bool
    cause: Cause | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True)
class StackReport:
    """One stack as it stands at ``at``. ``stack`` is None if there is no such stack: then the rest is empty.

    ``unread`` names each section (``resources``, ``operation``, ``traffic``,
    ``backups``) that could not be read, or was not for a stack so large, with the reason: such a section is unknown, not
    empty. ``others`` are the resources that have no section of their own.
    """

    name: str
    at: datetime
    whereabouts: Whereabouts
    stack: Stack | None
    meaning: str = ""
    environment: str | None = None
    tables: tuple[TableReport, ...] = ()
    alarms: tuple[AlarmReport, ...] = ()
    log_groups: tuple[LogGroupReport, ...] = ()
    others: tuple[StackResource, ...] = ()
    operation: Operation | None = None
    findings: tuple[HealthFinding, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """True if nothing was found that does not work."""
        return all(finding.level != UNHEALTHY for finding in self.findings)

    @property
    def known(self) -> bool:
        """True if everything was read by which it is told whether it works: what it owns, each table, each alarm."""
        unread = [table.unread for table in self.tables] + [alarm.unread for alarm in self.alarms]
        return "resources" not in self.unread and not any(unread)
