"""Suggested commands made to fit: the library names a stack, the person also said where to act and how."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from tablewright.cli.embedded import gone
from tablewright.cli.options import Common

if TYPE_CHECKING:
    from tablewright.cli.target import Target
    from tablewright.events import Event
    from tablewright.model.cause import Cause
    from tablewright.model.report import StackReport


def where_words(common: Common) -> list[str]:
    """The options of where to act, as they were given."""
    return [word for pair in _where(common) for word in pair]


def _where(common: Common) -> list[tuple[str, ...]]:
    options = (
        ("--profile", common.profile),
        ("--region", common.region),
        ("--endpoint-url", common.endpoint_url),
        ("--env", common.env),
        ("--project", str(common.project) if common.project else None),
    )
    return [("--local",)] * common.local + [(option, value) for option, value in options if value]


class Again:
    """Rewrites suggested commands for one invocation.

    ``typed`` is the command line that deploys the target, when this is a deployment or a plan of one; ``path`` its template
    as it is shown.
    """

    def __init__(
        self, common: Common, target: Target | None = None, typed: list[str] | None = None, path: str = ""
    ) -> None:
        self._common = common
        self._target = target
        self._typed = typed
        self._path = path

    def command(self, suggested: str | None) -> str | None:
        """The suggestion as it must be typed here."""
        if not suggested:
            return suggested
        words = shlex.split(suggested)
        if words[:1] != ["tablewright"] or words[1:2] in (["local"], ["log"]) or "--help" in words:
            return suggested
        target = self._target
        if target is not None and self._typed:
            said = {"--stack", target.stack, "--env", target.settings.name, self._path}
            if words == ["tablewright", *self._typed]:
                return suggested
            if words[1] == "deploy" and set(words[2:]) <= said:
                return shlex.join(["tablewright", *self._typed])
        if words[1] == "deploy" and target is not None and target.settings.path is None and not self._typed:
            words.insert(2, "TEMPLATE")  # No tablewright.toml says which it is.
        if target is not None and target.stack == target.settings.stack and words[-2:] == ["--stack", target.stack]:
            words = words[:-2]  # The settings name it, together with its template and parameters.
        for pair in _where(self._common):
            if pair[0] not in words:
                words += pair
        return shlex.join(words)

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
            stopped = gone(event.code) if self._common.local else None
            if stopped is not None:
                return replace(
                    event, code=stopped.code, summary=stopped.summary, detail=stopped.detail, hint=stopped.hint
                )
            return replace(event, hint=self.command(event.hint), cause=self.cause(event.cause))
        return event

    def report(self, report: StackReport) -> StackReport:
        """The report with every command in it rewritten."""
        operation = report.operation
        if operation is not None:
            operation = replace(operation, cause=self.cause(operation.cause), command=self.command(operation.command))
        findings = tuple(replace(finding, command=self.command(finding.command)) for finding in report.findings)
        return replace(report, operation=operation, findings=findings)
