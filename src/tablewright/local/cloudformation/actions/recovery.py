"""CancelUpdateStack, ContinueUpdateRollback, RollbackStack."""

from __future__ import annotations

from tablewright.local.cloudformation import states
from tablewright.local.cloudformation.actions.call import Call, allow
from tablewright.local.cloudformation.actions.stacks import new_operation, repeated, stable_of
from tablewright.local.cloudformation.documents import Doc, Stack
from tablewright.local.cloudformation.errors import validation
from tablewright.local.cloudformation.events import STACK_TYPE


async def cancel_update_stack(call: Call) -> Doc:
    stack = call.stack()
    allow(stack, "CancelUpdateStack")
    call.engine.cancel(stack.stack_id)
    return {}


async def continue_update_rollback(call: Call) -> Doc:
    stack = call.stack()
    if repeated(call, stack):
        return {}
    allow(stack, "ContinueUpdateRollback")
    skip = list(call.get("ResourcesToSkip") or [])
    for name in skip:
        _check_skipped(call, stack, name)
    operation = new_operation(call, stack, "CONTINUE_ROLLBACK", skip=skip)
    call.engine.start(
        stack,
        operation,
        states.UPDATE_ROLLBACK_IN_PROGRESS,
        "User Initiated",
        stable=stable_of(stack, operation.operation_id),
    )
    return {}


def _check_skipped(call: Call, stack: Stack, name: str) -> None:
    """Refuse to skip what did not fail to go back. `inner stack's name.logical ID` names a resource of an inner stack.

    Source: ContinueUpdateRollback API reference, ResourcesToSkip.
    """
    inner, dot, logical_id = name.rpartition(".")
    owner = _inside(call, stack, inner) if dot else stack
    resource = call.store.resource(owner.stack_id, logical_id) if owner is not None else None
    if owner is None or resource is None:
        raise validation(f"Resource {name} does not exist in stack {stack.name}")
    if resource.status != "UPDATE_FAILED" or resource.intent != "restore":
        raise validation(
            f"You can only skip resources that are in the UPDATE_FAILED state because a rollback failed: [{name}]"
        )
    if resource.type == STACK_TYPE:
        embedded = call.store.stack(resource.physical_id)
        if embedded is not None and embedded.status not in _DELETED:
            raise validation(
                f"Resource {name} is a stack in {embedded.status}: only one that is deleted or being deleted can be skipped. "
                f"Skip the resources in it, as {embedded.name}.LogicalResourceId"
            )


def _inside(call: Call, stack: Stack, name: str) -> Stack | None:
    """The stack of that name among those inside `stack`, at any depth."""
    for other in call.store.stacks(stack.account, stack.region):
        if (
            other.name == name
            and other.root == (stack.root or stack.stack_id)
            and other.status != states.DELETE_COMPLETE
        ):
            return other
    return None


_DELETED = (states.DELETE_IN_PROGRESS, states.DELETE_COMPLETE, states.DELETE_FAILED)


async def rollback_stack(call: Call) -> Doc:
    stack = call.stack()
    if repeated(call, stack):
        return {"StackId": stack.stack_id, "OperationId": stack.operation}
    allow(stack, "RollbackStack")
    retain_except_on_create = bool(call.get("RetainExceptOnCreate"))
    operation = new_operation(call, stack, "ROLLBACK", retain_except_on_create=retain_except_on_create)
    if stack.stable is None:
        call.engine.start(stack, operation, states.ROLLBACK_IN_PROGRESS, "User Initiated")
    else:
        call.engine.start(
            stack,
            operation,
            states.UPDATE_ROLLBACK_IN_PROGRESS,
            "User Initiated",
            stable=stable_of(stack, operation.operation_id),
        )
    return {"StackId": stack.stack_id, "OperationId": operation.operation_id}
