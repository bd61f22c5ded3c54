"""Events to cause: why an operation failed. The first failure by time, not what its rollback stirred up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tablewright.deploy.messages import Message, meaning_of
from tablewright.events import Cause
from tablewright.model.stack import StackEvent

FAILURES = frozenset(
    {
        "CREATE_FAILED",
        "UPDATE_FAILED",
        "DELETE_FAILED",
        "IMPORT_FAILED",
        "IMPORT_ROLLBACK_FAILED",
        "ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_FAILED",
    }
)
"""Statuses in which an event is a failure."""

BEGINNINGS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"})
"""Statuses with which the stack's own events begin an operation; a rollback belongs to the operation that failed."""

TURNS = frozenset({"ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS"})
"""The stack's own statuses at which the way forward ends and the rollback begins."""

_NOISE = re.compile(
    r"^\s*(Resource (creation|update|deletion) cancelled|Resource (creation|update) Cancelled|"
    r"The following resource\(s\) failed to|User Initiated|Embedded stack \S+ was not successfully)",
    re.IGNORECASE,
)

_TIME = (
    r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?|"
    r"\w{3} \w{3} \d{1,2} \d{2}:\d{2}:\d{2} \w+ \d{4})"
)
_WHEN = re.compile(
    r"(?:try again after|can be made at|window ending at|next \w+ (?:can|may)\D{0,40}?at|at or after)\D{0,3}" + _TIME,
    re.I,
)


def last_operation(newest_first: Iterable[StackEvent]) -> tuple[StackEvent, ...]:
    """The events of the last operation, oldest first: from the stack's own beginning to the end of its rollback."""
    found: list[StackEvent] = []
    for event in newest_first:
        found.append(event)
        if event.is_of_stack and event.status in BEGINNINGS:
            break
    return tuple(reversed(found))


def last_failed_operation(newest_first: Iterable[StackEvent]) -> tuple[StackEvent, ...]:
    """The newest operation that failed, oldest event first; () where none did."""
    found: list[StackEvent] = []
    for event in newest_first:
        found.append(event)
        if event.is_of_stack and event.status in BEGINNINGS:
            operation = tuple(reversed(found))
            if root(operation) is not None:
                return operation
            found = []
    rest = tuple(reversed(found))
    return rest if root(rest) is not None else ()


def root(operation: Iterable[StackEvent]) -> StackEvent | None:
    """The first real failure of an operation (oldest event first), or None."""
    real = _real(operation)
    return real[0] if real else None


def cause(operation: Iterable[StackEvent], stack: str, *, deploy: str | None = None) -> Cause | None:
    """Why the operation (oldest event first) failed, with further independent failures beside it; None if nothing did.

    ``deploy`` is the command that deploys the stack, where the caller knows it better than by the stack's name.
    """
    events = tuple(operation)
    real = _real(events)
    if not real:
        return None
    others = tuple(explain(event, stack, deploy=deploy) for event in real[1:])
    return explain(real[0], stack, others, deploy)


def rollback_cause(operation: Iterable[StackEvent], stack: str, *, deploy: str | None = None) -> Cause | None:
    """What the rollback of the operation (oldest event first) failed on, None if it did not: another thing than the cause."""
    turned, stuck = False, None
    for event in operation:
        if event.is_of_stack:
            turned = turned or event.status in TURNS
        elif turned and event.status in FAILURES and not is_noise(event):
            stuck = event
    return explain(stuck, stack, deploy=deploy) if stuck is not None else None


def explain(event: StackEvent, stack: str, others: tuple[Cause, ...] = (), deploy: str | None = None) -> Cause:
    """A failure with what it means and what to do. The text stays as AWS wrote it."""
    message = meaning_of(event.reason)
    return Cause(
        logical_id=event.logical_id,
        type=event.type,
        status=event.status,
        text=event.reason,
        at=event.at,
        meaning=message.meaning if message else "",
        remedy=message.remedy
        if message
        else "Read AWS's message, correct the template or what it names, and deploy again.",
        command=_command(message, stack, deploy),
        physical_id=event.physical_id,
        others=others,
    )


def explain_text(
    text: str, stack: str, *, logical_id: str = "", type_: str = "AWS::CloudFormation::Stack", deploy: str | None = None
) -> Cause:
    """A cause from a message alone: a change set's reason, an API's refusal."""
    message = meaning_of(text)
    return Cause(
        logical_id=logical_id or stack,
        type=type_,
        status="FAILED",
        text=text,
        meaning=message.meaning if message else "",
        remedy=message.remedy if message else "",
        command=_command(message, stack, deploy),
    )


def why_unmade(problems: Iterable[StackEvent], text: str, stack: str, *, deploy: str | None = None) -> Cause:
    """Why a change set could not be made: what its validations said, the first one first, or its own reason, ``text``."""
    told = [problem for problem in problems if problem.reason]
    if not told:
        return explain_text(text, stack, deploy=deploy)
    first, *others = (_unmade(problem, stack, deploy) for problem in told)
    return replace(first, others=tuple(others))


def _unmade(problem: StackEvent, stack: str, deploy: str | None) -> Cause:
    why = replace(explain_text(problem.reason, stack, deploy=deploy), place=problem.place)
    if not problem.logical_id:
        return why
    return replace(why, logical_id=problem.logical_id, type=problem.type, physical_id=problem.physical_id)


def retry_at(text: str, at: datetime | None) -> datetime | None:
    """When trying again makes sense, from the message or from what is known of such messages; None where waiting is no remedy."""
    message = meaning_of(text)
    if message is None or not message.waits:
        return None
    said = _WHEN.search(text)
    if said is not None:
        moment = _moment(said.group(1))
        if moment is not None:
            return moment
    if at is not None and message.wait_seconds is not None:
        return at + timedelta(seconds=message.wait_seconds)
    return None


def is_noise(event: StackEvent) -> bool:
    """Whether a failing event only says that something else failed before."""
    return bool(_NOISE.match(event.reason))


def _real(operation: Iterable[StackEvent]) -> list[StackEvent]:
    """The failures that started something: on the way forward if there are any, else those of the rollback itself.

    A nested stack that failed only echoes a failure of its own events; it counts where nothing else does.
    """
    forward: list[StackEvent] = []
    backward: list[StackEvent] = []
    of_stack: list[StackEvent] = []
    echoes: list[StackEvent] = []
    turned = False
    for event in operation:
        if event.is_of_stack:
            if event.status in TURNS:
                turned = True
                if event.reason and not is_noise(event):
                    of_stack.append(event)
            elif event.status in FAILURES and event.reason and not is_noise(event):
                of_stack.append(event)
            continue
        if event.status in FAILURES:
            if is_noise(event):
                echoes.append(event)
            else:
                (backward if turned else forward).append(event)
    nested = [event for event in echoes if event.type == "AWS::CloudFormation::Stack"]
    return forward or nested or backward or of_stack


def _command(message: Message | None, stack: str, deploy: str | None) -> str | None:
    if message is None or message.command is None:
        return None
    return message.command.format(stack=stack, deploy=deploy or f"tablewright deploy --stack {stack}")


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.replace(" ", "T", 1) if text[:4].isdigit() else text)
    except ValueError:
        try:
            found = datetime.strptime(text, "%a %b %d %H:%M:%S %Z %Y")  # noqa: DTZ007 - UTC is put in below
        except ValueError:
            return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
