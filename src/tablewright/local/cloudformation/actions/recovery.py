"""CancelUpdateStack, ContinueUpdateRollback, RollbackStack."""

from __future__ import annotations

from tablewright.local.cloudformation import states
from tablewright.local.cloudformation.actions.call import Call, allow
from tablewright.local.cloudformation.actions.stacks import new_operation, repeated, stable_of
from tablewright.local.cloudformation.documents import Doc
from tablewright.local.cloudformation.errors import validation


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
        resource = call.store.resource(stack.stack_id, name)
        if resource is None:
            raise validation(f"Resource {name} does not exist in stack {stack.name}")
        if resource.status != "UPDATE_FAILED" or resource.intent != "restore":
            raise validation(
                f"You can only skip resources that are in the UPDATE_FAILED state because a rollback failed: [{name}]"
            )
    operation = new_operation(call, stack, "CONTINUE_ROLLBACK", skip=skip)
    call.engine.start(
        stack,
        operation,
        states.UPDATE_ROLLBACK_IN_PROGRESS,
        "User Initiated",
        stable=stable_of(stack, operation.operation_id),
    )
    return {}


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
