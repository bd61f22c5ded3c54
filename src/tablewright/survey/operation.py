"""Events to the last operation: what it was, when, and why it failed if it did."""

from __future__ import annotations

from collections.abc import Iterable

from tablewright.deploy.reason import BEGINNINGS, cause, explain_text, last_operation
from tablewright.deploy.status import row
from tablewright.model.report import Operation
from tablewright.model.stack import Stack, StackEvent
from tablewright.plan.actual import Standing

__all__ = ["operation_of"]


def operation_of(stack: Stack, newest_first: Iterable[StackEvent]) -> Operation | None:
    """The stack's last operation; None for a stack that has had none (it waits for its first change set)."""
    events = last_operation(newest_first)
    own = [event for event in events if event.is_of_stack]
    if not own or own[0].status not in BEGINNINGS:
        return None
    status = row(stack.status)
    running = status.standing is Standing.MOVING
    failed = not status.healthy
    why = None
    if failed:
        why = cause(events, stack.name)
        if why is None and stack.reason:
            why = explain_text(stack.reason, stack.name)
    return Operation(
        verb=status.verb,
        status=stack.status,
        began_at=own[0].at,
        ended_at=None if running else own[-1].at,
        failed=failed,
        cause=why,
        command=((why.command if why else None) or f"tablewright deploy --stack {stack.name}") if failed else None,
    )
