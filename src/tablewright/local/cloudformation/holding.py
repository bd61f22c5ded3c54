"""An updated inner stack waits with its clean-up until the stacks around it have succeeded, and they wait for it in theirs."""

from __future__ import annotations

from tablewright.local.cloudformation import states
from tablewright.local.cloudformation.documents import Stack
from tablewright.local.cloudformation.events import STACK_TYPE
from tablewright.local.cloudformation.store import Store
from tablewright.local.cloudformation.work import Work

_UNDECIDED = frozenset(
    {
        states.CREATE_IN_PROGRESS,
        states.UPDATE_IN_PROGRESS,
        states.UPDATE_FAILED,
        states.UPDATE_ROLLBACK_IN_PROGRESS,
        states.UPDATE_ROLLBACK_FAILED,
    }
)
"""While the parent is in one of these, the inner stack may have to be rolled back with it."""
_POLL_S = 1.0


def held(store: Store, stack: Stack) -> bool:
    """Whether a stack in its clean-up has to wait: a stack around it may still roll back."""
    operation = store.operation(stack.operation)
    if not stack.parent or operation is None or not operation.parent_operation:
        return False
    parent = store.stack(stack.parent)
    if parent is None:
        return False
    return held(store, parent) if parent.status == states.UPDATE_CLEANUP else parent.status in _UNDECIDED


async def wait_for_parent(work: Work) -> None:
    """Return when the stacks around this one have succeeded, or when the work is stopped."""
    while held(work.store, work.stack) and not work.stop:
        await work.clock.sleep(_POLL_S)


async def wait_for_children(work: Work) -> None:
    """Return when the inner stacks have done their clean-up too."""
    for resource in work.store.resources(work.stack_id).values():
        if resource.type != STACK_TYPE or not resource.owned:
            continue
        while (inner := work.store.stack(resource.physical_id)) is not None and inner.status == states.UPDATE_CLEANUP:
            await work.clock.sleep(_POLL_S)
