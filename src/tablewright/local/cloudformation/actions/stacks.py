"""CreateStack, UpdateStack, DeleteStack, and the settings of a stack that need no operation."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

from tablewright.local.cloudformation import capabilities, dynamic, outputs, states
from tablewright.local.cloudformation.actions.call import Call, allow, needs_disabled_rollback
from tablewright.local.cloudformation.actions.governance import given_policy
from tablewright.local.cloudformation.changes import no_updates
from tablewright.local.cloudformation.deployment import (
    check_types,
    make,
    parameter_values,
    place_of,
    program_of,
    template_text,
)
from tablewright.local.cloudformation.documents import Doc, Operation, Stack
from tablewright.local.cloudformation.errors import already_exists, token_already_exists, validation
from tablewright.local.cloudformation.naming import stack_arn, uuid4
from tablewright.local.cloudformation.program import Program, prepare, sections_of
from tablewright.local.cloudformation.resources.registry import types_for

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}$")

NO_UPDATES = "No updates are to be performed."


async def checked_program(call: Call, stack: Stack, *, direct: bool) -> tuple[str, Program]:
    """The template text and program that a create or update request gives. Raises ValidationError and its kin."""
    previous = stack.deployment
    kept = call.store.template(previous["template"]) if previous.get("template") else None
    where = {"account": call.account, "region": call.region}
    text = await template_text(call.params, call.services, **where, previous=kept)
    sections = sections_of(text)
    parameters = await parameter_values(sections, call.params, previous, call.services, **where)
    place = place_of(stack, {"notification_arns": call.get("NotificationARNs")})
    program = prepare(sections, parameters, place, types_for(call.get("Capabilities") or ()))
    capabilities.check(program.template, call.get("Capabilities") or (), direct=direct)
    _check_types(program, call.get("ResourceTypes"))
    if direct and (places := dynamic.insecure_places(program)):
        raise dynamic.insecure(places)
    await dynamic.check(program, call.services, **where)
    return text, program


def _check_types(program: Program, allowed: list[str] | None) -> None:
    """Refuse a type that the request's ResourceTypes leave out."""
    for declared in program.template.resources.values():
        if allowed is not None and not any(fnmatchcase(declared.type, pattern) for pattern in allowed):
            raise validation(
                f"Resource type {declared.type} is not allowed by parameter ResourceTypes [{', '.join(allowed)}]"
            )


def new_stack(call: Call, name: str, status: str) -> Stack:
    """A stack that is not stored yet."""
    if not _NAME.match(name):
        raise validation(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    arn = stack_arn(call.account, call.region, name)
    return Stack(arn, name, call.account, call.region, status, created=call.clock.now(), root="")


def new_operation(call: Call, stack: Stack, kind: str, **fields: Any) -> Operation:
    return Operation(
        operation_id=uuid4(),
        type=kind,
        stack_id=stack.stack_id,
        started=call.clock.now(),
        account=call.account,
        region=call.region,
        token=str(call.get("ClientRequestToken") or ""),
        **fields,
    )


def repeated(call: Call, stack: Stack | None) -> bool:
    """Whether this client request token has started this very operation already. Refuses one used for another."""
    token = call.get("ClientRequestToken")
    if not token or stack is None:
        return False
    for operation in call.store.operations():
        if operation.token == token and operation.account == call.account and operation.region == call.region:
            if operation.stack_id == stack.stack_id and operation.type == OPERATION_TYPES[call.action]:
                return True
            if operation.stack_id == stack.stack_id:
                raise token_already_exists(str(token))
    return False


OPERATION_TYPES = {
    "CreateStack": "CREATE_STACK",
    "UpdateStack": "UPDATE_STACK",
    "DeleteStack": "DELETE_STACK",
    "RollbackStack": "ROLLBACK",
    "ContinueUpdateRollback": "CONTINUE_ROLLBACK",
    "CancelUpdateStack": "ROLLBACK",
}


def on_failure_of(call: Call) -> str:
    choice = call.get("OnFailure")
    config = call.get("DeploymentConfig") or {}
    disabled = call.get("DisableRollback")
    if choice is not None and disabled is not None:
        raise validation("You may not specify both OnFailure and DisableRollback.")
    if choice is not None:
        return str(choice)
    return "DO_NOTHING" if disabled or config.get("DisableRollback") else "ROLLBACK"


async def create_stack(call: Call) -> Doc:
    name = str(call["StackName"])
    standing = call.find(name)
    if repeated(call, standing):
        assert standing is not None
        return {"StackId": standing.stack_id}
    if standing is not None:
        raise already_exists(f"Stack [{name}] already exists")
    stack = new_stack(call, name, states.CREATE_IN_PROGRESS)
    choice = on_failure_of(call)
    text, program = await checked_program(call, stack, direct=True)
    if call.find(name) is not None:
        raise already_exists(f"Stack [{name}] already exists")
    policy = await given_policy(call, "StackPolicy", program.graph)
    deployment = make(call.store, text, program, call.params, {})
    stack = call.store.add_stack(stack)
    operation = new_operation(call, stack, "CREATE_STACK", on_failure=choice)
    call.engine.start(
        stack,
        operation,
        states.CREATE_IN_PROGRESS,
        "User Initiated",
        deployment=deployment,
        disable_rollback=choice == "DO_NOTHING",
        timeout_minutes=call.get("TimeoutInMinutes"),
        termination_protection=bool(call.get("EnableTerminationProtection")),
        retain_except_on_create=bool(call.get("RetainExceptOnCreate")),
        policy=policy,
    )
    return {"StackId": stack.stack_id, "OperationId": operation.operation_id}


def stable_of(stack: Stack, operation_id: str) -> Doc | None:
    """What to go back to: kept from the last stable status over every retry since."""
    if stack.stable is not None:
        return {**stack.stable, "operations": [*stack.stable["operations"], operation_id]}
    if stack.status == states.CREATE_FAILED:
        return None
    return {
        "deployment": stack.deployment,
        "outputs": stack.outputs,
        "imports": stack.imports,
        "operations": [operation_id],
        "status": stack.status,
    }


async def update_stack(call: Call) -> Doc:
    stack = call.stack()
    if repeated(call, stack):
        return {"StackId": stack.stack_id}
    allow(stack, "UpdateStack")
    choice = "DO_NOTHING" if call.get("DisableRollback") else "ROLLBACK"
    needs_disabled_rollback(stack, disabled=choice == "DO_NOTHING", api="update-stack")
    text, program = await checked_program(call, stack, direct=True)
    policy = await given_policy(call, "StackPolicy", program.graph)
    during = await given_policy(call, "StackPolicyDuringUpdate", program.graph)
    allow(call.store.need_stack(stack.stack_id), "UpdateStack")
    old = program_of(call.store, stack, stack.deployment)
    check_types(old, program)
    deployment = make(call.store, text, program, call.params, stack.deployment)
    if stack.status in states.LAST_STABLE and no_updates(call.store, stack, program, deployment):
        raise validation(NO_UPDATES)
    operation = new_operation(
        call,
        stack,
        "UPDATE_STACK",
        on_failure=choice,
        retain_except_on_create=bool(call.get("RetainExceptOnCreate")),
        policy_during_update=during,
    )
    changes: Doc = {"policy": policy} if policy else {}
    call.engine.start(
        stack,
        operation,
        states.UPDATE_IN_PROGRESS,
        "User Initiated",
        deployment=deployment,
        stable=stable_of(stack, operation.operation_id),
        disable_rollback=choice == "DO_NOTHING",
        updated=call.clock.now(),
        **changes,
    )
    return {"StackId": stack.stack_id, "OperationId": operation.operation_id}


async def delete_stack(call: Call) -> Doc:
    stack = call.find(str(call["StackName"]))
    if stack is None or stack.status in (states.DELETE_COMPLETE, states.DELETE_IN_PROGRESS):
        # Deleting what isn't there is success.
        return {}
    if repeated(call, stack):
        return {}
    if stack.termination_protection:
        raise validation(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    allow(stack, "DeleteStack")
    retain = list(call.get("RetainResources") or [])
    force = call.get("DeletionMode") == "FORCE_DELETE_STACK"
    if (retain or force) and stack.status != states.DELETE_FAILED:
        raise validation(
            f"Invalid operation on stack [{stack.stack_id}]. When you delete a stack, specify which resources to retain only "
            "when the stack is in the DELETE_FAILED state."
        )
    unknown = [name for name in retain if call.store.resource(stack.stack_id, name) is None]
    if unknown:
        raise validation(f"Resources to retain [{', '.join(unknown)}] do not belong to stack {stack.name}")
    try:
        outputs.check_removal(call.store, stack)
    except outputs.ExportRefused as refusal:
        # The request is taken, but the stack stays in its status, with the reason (seen in rlister/stax 40, aws-cdk 604).
        call.recorder.stack(stack.stack_id, stack.status, str(refusal))
        return {}
    operation = new_operation(call, stack, "DELETE_STACK", retain=retain, force=force)
    call.engine.start(stack, operation, states.DELETE_IN_PROGRESS, "User Initiated")
    return {}


async def update_termination_protection(call: Call) -> Doc:
    stack = call.stack()
    call.store.change_stack(stack.stack_id, termination_protection=bool(call["EnableTerminationProtection"]))
    return {"StackId": stack.stack_id}
