"""One line an event, with the time: for logs and CI. On GitHub each step is a group and the cause an annotation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from tablewright.cli.faces.cells import clean
from tablewright.cli.faces.changes import apart, named
from tablewright.cli.faces.diagnostic import cause_lines, finished_lines, is_failure
from tablewright.cli.faces.github import annotation
from tablewright.cli.faces.marks import Line, Segment, tone
from tablewright.cli.faces.result import result_lines
from tablewright.cli.faces.wording import beside, change, head, index_state, operation, place
from tablewright.cli.terminal import Output
from tablewright.events import (
    Cause,
    ChangesFound,
    Event,
    Failure,
    Finished,
    IndexMoved,
    Looked,
    Noted,
    OperationStarted,
    ResourceMoved,
    Started,
    StepEnded,
    StepStarted,
    Waiting,
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Plain:
    """Progress as lines on standard error, the result on standard output."""

    def __init__(
        self, out: Output, err: Output, *, github: bool = False, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._out = out
        self._err = err
        self._github = github
        self._now = now
        self._grouped = False
        self._apart = False  # whether an empty line was the last
        self._said: Cause | None = None
        self._operating = False

    def take(self, event: Event) -> None:
        """Write what the event says, if it says anything to a reader of logs."""
        match event:
            case Started():
                self._line((head(event), "strong"))
                self._line((place(event), ""))
                if event.template:
                    self._line((f"template {clean(event.template)}", ""))
            case Looked():
                self._line((clean(event.summary), ""))
                for detail in beside(event):
                    self._line((f"  {clean(detail)}", "dim"))
            case StepStarted():
                self._open(clean(f"step {event.number}: {event.title}"))
                if event.why:
                    self._line((f"  because {clean(event.why)}", ""))
            case StepEnded():
                self._line((clean(f"step {event.number}: {event.summary}"), ""))
                self._close()
            case ChangesFound():
                single, alike = apart(event.change_set.changes)
                for item in single:
                    self._line((f"  {change(item)}", ""))
                for group in alike:
                    self._line((f"  modify  {len(group)} resources, their tags alone: {named(group)}", ""))
            case OperationStarted():
                self._operating = True
                self._line((f"  {operation(event)}", ""))
            case ResourceMoved():
                self._moved(event)
            case IndexMoved():
                look = tone(event.status)
                self._line(
                    (f"  {index_state(event)}", look), (f"  {clean(event.table)} index {clean(event.index)}", "")
                )
            case Waiting():
                until = f" (not before {event.until:%H:%M:%S} UTC)" if event.until else ""
                self._line((f"  waiting: {clean(event.reason)}{until}", ""))
            case Noted():
                self._line((f"{event.level}: ", "warn"), (clean(event.text), ""))
                if self._github and event.level == "warning":
                    self._err.text(annotation("warning", "tablewright", event.text))
            case Failure():
                self._failed(event.cause)
            case Finished():
                self._finished(event)
            case _:
                pass

    def pause(self) -> None:
        """Close the group: a question is not to be folded away."""
        self._close()

    def close(self) -> None:
        """Close a group that an interruption left open."""
        self._close()

    def _moved(self, event: ResourceMoved) -> None:
        moved = event.event
        reason = f"  {clean(moved.reason)}" if moved.reason else ""
        kind = "" if moved.is_of_stack else f" ({moved.type})"
        self._line((f"  {clean(moved.status)}", tone(moved.status)), (f"  {clean(moved.logical_id)}{kind}{reason}", ""))

    def _failed(self, cause: Cause) -> None:
        if not self._operating and cause.at is not None:
            # What an earlier run left behind, and this one is about to recover: no error of this run. What CloudFormation
            # says of this run's own change set has no time.
            earlier = replace(cause, command=None, remedy="")
            self._err.lines([(), *cause_lines(earlier, self._err.width, "What failed before"), ()])
            return
        self._said = cause
        self._close()
        self._err.lines([(), *cause_lines(cause, self._err.width), ()])
        self._apart = True
        self._annotate(cause)

    def _finished(self, finished: Finished) -> None:
        self._close()
        if not is_failure(finished.ending):
            self._out.lines(result_lines(finished, self._out.width, self._out.marks))
            return
        if finished.cause is not None and finished.cause != self._said:
            self._annotate(finished.cause)
        elif finished.cause is None and self._github:
            self._err.text(annotation("error", finished.summary, finished.detail or finished.summary))
        apart: list[Line] = [] if self._apart else [()]
        self._err.lines([*apart, *finished_lines(finished, self._err.width, self._said)])

    def _annotate(self, cause: Cause) -> None:
        if self._github:
            text = "\n".join(part for part in (cause.text, cause.meaning, cause.remedy, cause.command or "") if part)
            self._err.text(annotation("error", f"{cause.logical_id} {cause.status}", text))

    def _open(self, title: str) -> None:
        self._close()
        if self._github:
            self._err.text(f"::group::{title}")
            self._grouped = True
        else:
            self._line((title, "strong"))

    def _close(self) -> None:
        if self._grouped:
            self._err.text("::endgroup::")
            self._grouped = False

    def _line(self, *segments: Segment) -> None:
        self._apart = False
        line: Line = ((f"{self._now():%H:%M:%S} ", "dim"), *segments)
        self._err.line(line)
