"""Why the last failed operation of a stack failed: read from its events, also after it was deleted. Only reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tablewright.deploy.reason import BEGINNINGS, cause, last_failed_operation, rollback_cause
from tablewright.deploy.status import row
from tablewright.errors import TablewrightError, UsageError
from tablewright.model.cause import Cause
from tablewright.model.stack import Stack
from tablewright.model.whereabouts import Whereabouts
from tablewright.ports import Account


@dataclass(frozen=True, slots=True)
class Explanation:
    """The newest operation that failed; ``cause`` is None if none did, as far as the events go back.

    ``began_at`` and ``ended_at`` are the times of that operation's first and last event. ``stack`` is how it stands
    now: it may have been mended since, and ``meaning`` says what its status means. ``rollback`` is what the operation's
    rollback failed on, if it did.
    """

    whereabouts: Whereabouts
    stack: Stack
    meaning: str
    cause: Cause | None = None
    operation: str = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    rollback: Cause | None = None


def why(ref: str, account: Account) -> Explanation:
    """Why the last failed operation of a stack failed. ``ref`` is its name, or its id, which answers for 90 days after deletion.

    Raises UsageError for a stack that there is not.
    """
    where = account.identity.whereabouts()
    stack = account.stacks.describe(ref)
    if stack is None:
        raise UsageError(
            "no-such-stack",
            "There is no such stack",
            f"There is no stack {ref} in account {where.account}, {where.region}. A deleted stack has no name any more; for 90 "
            "days it answers to its id (arn:aws:cloudformation:...).",
        )
    meaning = row(stack.status).meaning
    events = last_failed_operation(account.stacks.events(stack.id))
    if not events:
        return Explanation(where, stack, meaning)
    first = events[0]
    began = first.status if first.is_of_stack and first.status in BEGINNINGS else ""
    return Explanation(
        whereabouts=where,
        stack=stack,
        meaning=meaning,
        cause=deepest(account, cause(events, stack.name), stack.name),
        operation=_VERBS.get(began, "operation"),
        began_at=first.at,
        ended_at=events[-1].at,
        rollback=rollback_cause(events, stack.name),
    )


def deepest(account: Account, found: Cause | None, stack: str, *, deploy: str | None = None) -> Cause | None:
    """The cause itself where ``found`` is a nested stack that failed: the first failure inside it, however deep.

    Where the nested stack's events may not be read or say nothing, what was found stays.
    """
    for _ in range(_DEEPEST):
        if found is None or found.type != "AWS::CloudFormation::Stack" or not found.physical_id.startswith("arn:"):
            break
        try:
            inner = cause(last_failed_operation(account.stacks.events(found.physical_id)), stack, deploy=deploy)
        except TablewrightError as error:
            if error.code != "access-denied":
                raise
            break
        if inner is None or inner.physical_id == found.physical_id:
            break
        found = replace(inner, logical_id=f"{found.logical_id}/{inner.logical_id}", others=inner.others or found.others)
    return found


_DEEPEST = 5

_VERBS = {
    "CREATE_IN_PROGRESS": "create",
    "UPDATE_IN_PROGRESS": "update",
    "DELETE_IN_PROGRESS": "delete",
    "IMPORT_IN_PROGRESS": "import",
}
