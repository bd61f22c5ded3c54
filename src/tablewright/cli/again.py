"""Suggested commands made to fit: the library names a stack, the person also said where to act and how."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from tablewright.cli.options import Common

if TYPE_CHECKING:
    from tablewright.cli.target import Target
    from tablewright.events import Event
    from tablewright.model.cause import Cause
    from tablewright.model.report import StackReport

_ANYWHERE = ("local",)
"""Commands that act on no account, and so take no options of where."""


def where_words(common: Common) -> list[str]:
    """The options of where to act, as they were given."""
    words = ["--local"] if common.local else []
    for option, value in (
        ("--profile", common.profile),
        ("--region", common.region),
        ("--endpoint-url", common.endpoint_url),
        ("--env", common.env),
        ("--project", str(common.project) if common.project else None),
    ):
        if value:
            words += [option, value]
    return words


class Again:
    """Rewrites suggested commands for one invocation. ``typed`` is the command line itself when it is a deploy."""

    def __init__(self, common: Common, target: Target | None = None, typed: list[str] | None = None) -> None:
        self._common = common
        self._target = target
        self._typed = typed

    def command(self, suggested: str | None) -> str | None:
        """The suggestion as it must be typed here."""
        if not suggested:
            return suggested
        words = shlex.split(suggested)
        if words[:1] != ["tablewright"] or words[1:2] == [*_ANYWHERE][:1] or "--help" in words:
            return suggested
        stack = self._target.stack if self._target else None
        if self._typed and stack and words[1:] in (["deploy"], ["deploy", "--stack", stack]):
            return shlex.join(["tablewright", *self._typed])
        if self._target and stack == self._target.settings.stack and words[-2:] == ["--stack", stack]:
            words = words[:-2]  # The settings name it, together with its template and parameters.
        given = where_words(self._common)
        return shlex.join([*words, *(given if not set(given) & set(words) else [])])

    def cause(self, cause: Cause | None) -> Cause | None:
        """The cause with its command, and those of the others, rewritten."""
        if cause is None:
            return None
        others = tuple(replace(other, command=self.command(other.command)) for other in cause.others)
        return replace(cause, command=self.command(cause.command), others=others)

    def event(self, event: Event) -> Event:
        """The event with every command in it rewritten."""
        from tablewright.events import Failure, Finished

        if isinstance(event, Failure):
            return replace(event, cause=self.cause(event.cause) or event.cause)
        if isinstance(event, Finished):
            return replace(event, hint=self.command(event.hint), cause=self.cause(event.cause))
        return event

    def report(self, report: StackReport) -> StackReport:
        """The report with every command in it rewritten."""
        operation = report.operation
        if operation is not None:
            operation = replace(operation, cause=self.cause(operation.cause), command=self.command(operation.command))
        findings = tuple(replace(finding, command=self.command(finding.command)) for finding in report.findings)
        return replace(report, operation=operation, findings=findings)
