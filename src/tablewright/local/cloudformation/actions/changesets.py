"""CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet, ListChangeSets."""

from __future__ import annotations

import re
from dataclasses import replace

from tablewright.local.cloudformation import importing, states
from tablewright.local.cloudformation.actions.call import Call, allow, needs_disabled_rollback
from tablewright.local.cloudformation.actions.reading import shown_parameters
from tablewright.local.cloudformation.actions.stacks import checked_program, new_operation, new_stack, stable_of
from tablewright.local.cloudformation.deployment import check_types, make, program_of
from tablewright.local.cloudformation.describe import without_values
from tablewright.local.cloudformation.documents import ChangeSet, Doc, Stack
from tablewright.local.cloudformation.errors import (
    CfnError,
    already_exists,
    invalid_change_set_status,
    stack_missing_for_change,
    validation,
)
from tablewright.local.cloudformation.naming import change_set_arn, uuid4
from tablewright.local.cloudformation.program import Program

PAGE = 100
NESTED = "ChangeSet [{}] belongs to a nested stack; it can only be {} by way of the root change set [{}]."
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}$")


async def create_change_set(call: Call) -> Doc:
    kind = str(call.get("ChangeSetType") or "UPDATE")
    name = str(call["ChangeSetName"])
    if not _NAME.match(name):
        raise validation(
            f"1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    stack, fresh = _stack_for(call, kind, name)
    for other in call.store.change_sets(stack.stack_id) if not fresh else []:
        if other.name == name:
            if call.get("ClientToken") and other.token == call.get("ClientToken"):
                return {"Id": other.change_set_id, "StackId": stack.stack_id}
            raise already_exists(f"ChangeSet {name} already exists")
    if kind != "CREATE" and call.get("OnStackFailure") == "DELETE":
        raise validation("OnStackFailure DELETE is only valid for a change set of type CREATE.")
    text, program = await checked_program(call, stack, direct=False)
    imports = _requested_imports(call, stack, kind, program)
    if not fresh and stack.status != states.REVIEW_IN_PROGRESS:
        check_types(program_of(call.store, stack, stack.deployment), program)
    previous = {} if fresh else stack.deployment
    deployment = make(call.store, text, program, call.params, previous)
    if fresh:
        stack = call.store.add_stack(stack)
        call.recorder.stack(stack.stack_id, states.REVIEW_IN_PROGRESS, "User Initiated")
    change_set = call.store.save_change_set(
        ChangeSet(
            change_set_id=change_set_arn(call.account, call.region, name),
            name=name,
            stack_id=stack.stack_id,
            stack_name=stack.name,
            account=call.account,
            region=call.region,
            type=kind,
            created=call.clock.now(),
            status="CREATE_PENDING",
            execution_status="UNAVAILABLE",
            description=str(call.get("Description") or ""),
            deployment=deployment,
            imports=imports,
            on_stack_failure=str(call.get("OnStackFailure") or ""),
            import_existing=bool(call.get("ImportExistingResources")),
            include_nested=bool(call.get("IncludeNestedStacks")),
            deployment_mode=str(call.get("DeploymentMode") or ""),
            deployment_config=call.get("DeploymentConfig") or {},
            token=str(call.get("ClientToken") or ""),
            operation=uuid4(),
            validated=not call.get("DisableValidation"),
        )
    )
    operation = new_operation(call, stack, "CREATE_CHANGESET", change_set_id=change_set.change_set_id)
    call.store.save_operation(replace(operation, operation_id=change_set.operation))
    call.engine.examine(change_set.change_set_id)
    return {"Id": change_set.change_set_id, "StackId": stack.stack_id}


def _stack_for(call: Call, kind: str, change_set: str) -> tuple[Stack, bool]:
    """The stack that a change set is for, and whether it has to be made first."""
    name = str(call["StackName"])
    stack = call.find(name)
    if kind == "UPDATE":
        if stack is None:
            raise stack_missing_for_change(name)
        allow(stack, "CreateChangeSet")
        return stack, False
    if stack is None:
        return new_stack(call, name, states.REVIEW_IN_PROGRESS), True
    if stack.status == states.REVIEW_IN_PROGRESS:
        return stack, False
    if kind == "CREATE":
        raise validation(
            f"Stack [{name}] already exists and cannot be created again with the changeSet [{change_set}]."
        )
    allow(stack, "ImportIntoStack")
    return stack, False


def _requested_imports(call: Call, stack: Stack, kind: str, program: Program) -> dict[str, Doc]:
    given = call.get("ResourcesToImport") or []
    if kind != "IMPORT":
        if given:
            raise validation("ResourcesToImport is only valid for a change set of type IMPORT.")
        return {}
    if not given:
        raise validation("ResourcesToImport is mandatory for a change set of type IMPORT.")
    return importing.requested(call.store, stack, program, given)


async def describe_change_set(call: Call) -> Doc:
    found = call.change_set()
    stack = call.store.need_stack(found.stack_id)
    page, token = call.page(found.changes, PAGE)
    changes = page if call.get("IncludePropertyValues") else [without_values(change) for change in page]
    return {
        "ChangeSetName": found.name,
        "ChangeSetId": found.change_set_id,
        "StackId": found.stack_id,
        "StackName": found.stack_name,
        "Description": found.description or None,
        "Parameters": shown_parameters(call, stack, found.deployment) or None,
        "CreationTime": found.created,
        "ExecutionStatus": found.execution_status,
        "Status": found.status,
        "StatusReason": found.reason or None,
        "NotificationARNs": found.deployment.get("notification_arns") or [],
        "RollbackConfiguration": found.deployment.get("rollback") or {},
        "Capabilities": found.deployment.get("capabilities") or None,
        "Tags": [{"Key": key, "Value": value} for key, value in found.deployment.get("tags", {}).items()] or None,
        "Changes": changes,
        "NextToken": token,
        "IncludeNestedStacks": found.include_nested,
        "OnStackFailure": found.on_stack_failure or None,
        "ImportExistingResources": found.import_existing,
        "DeploymentMode": found.deployment_mode or None,
        "DeploymentConfig": found.deployment_config or None,
        "StackDriftStatus": found.drift_status or None,
        "ParentChangeSetId": found.parent or None,
        "RootChangeSetId": found.root or None,
    }


async def list_change_sets(call: Call) -> Doc:
    name = str(call["StackName"])
    stack = call.find(name)
    if stack is None:
        raise stack_missing_for_change(name)
    page, token = call.page(call.store.change_sets(stack.stack_id), PAGE)
    return {"Summaries": [_summary(change_set) for change_set in page], "NextToken": token}


def _summary(found: ChangeSet) -> Doc:
    return {
        "StackId": found.stack_id,
        "StackName": found.stack_name,
        "ChangeSetId": found.change_set_id,
        "ChangeSetName": found.name,
        "ExecutionStatus": found.execution_status,
        "Status": found.status,
        "StatusReason": found.reason or None,
        "CreationTime": found.created,
        "Description": found.description or None,
        "IncludeNestedStacks": found.include_nested,
        "ImportExistingResources": found.import_existing,
        "ParentChangeSetId": found.parent or None,
        "RootChangeSetId": found.root or None,
    }


async def delete_change_set(call: Call) -> Doc:
    name = str(call["ChangeSetName"])
    try:
        found = call.change_set()
    except CfnError:
        if call.get("StackName") and call.find(str(call["StackName"])) is None:
            raise stack_missing_for_change(str(call["StackName"])) from None
        if name.startswith("arn:") or call.get("StackName"):
            return {}
        raise
    if found.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS") or found.execution_status == "EXECUTE_IN_PROGRESS":
        raise invalid_change_set_status(
            f"ChangeSet [{found.change_set_id}] cannot be deleted in its current status of [{found.status}]"
        )
    if found.parent:
        raise invalid_change_set_status(NESTED.format(found.change_set_id, "deleted", found.root))
    call.engine.discard(found.change_set_id)
    return {}


async def execute_change_set(call: Call) -> Doc:
    found = call.change_set()
    stack = call.store.need_stack(found.stack_id)
    token = str(call.get("ClientRequestToken") or "")
    running = call.store.operation(stack.operation) if stack.operation else None
    if token and running is not None and running.token == token and running.change_set_id == found.change_set_id:
        return {}
    if found.parent:
        raise invalid_change_set_status(NESTED.format(found.change_set_id, "executed", found.root))
    if found.status != "CREATE_COMPLETE":
        raise invalid_change_set_status(
            f"ChangeSet [{found.change_set_id}] cannot be executed in its current status of [{found.status}]"
        )
    if found.execution_status != "AVAILABLE":
        raise invalid_change_set_status(
            f"ChangeSet [{found.change_set_id}] cannot be executed in its current execution status of "
            f"[{found.execution_status}]"
        )
    disabled = call.get("DisableRollback")
    if disabled is not None and found.on_stack_failure:
        raise validation("DisableRollback must not be specified when OnStackFailure was specified for the change set.")
    config_disables = bool(found.deployment_config.get("DisableRollback"))
    choice = found.on_stack_failure or ("DO_NOTHING" if disabled or config_disables else "ROLLBACK")
    fresh = stack.status == states.REVIEW_IN_PROGRESS
    if not fresh:
        allow(stack, "CreateChangeSet")
        needs_disabled_rollback(stack, disabled=choice == "DO_NOTHING", api="execute-change-set")
    status = _status(found, fresh)
    operation = new_operation(
        call,
        stack,
        "CREATE_STACK" if fresh else "UPDATE_STACK",
        change_set_id=found.change_set_id,
        on_failure=choice,
        imports=found.imports,
        retain_except_on_create=bool(call.get("RetainExceptOnCreate")),
        **_drifted(found),
    )
    for other in call.store.change_sets(stack.stack_id):
        if other.change_set_id != found.change_set_id:
            call.engine.discard(other.change_set_id)
    call.store.change_change_set(found.change_set_id, execution_status="EXECUTE_IN_PROGRESS")
    changes: Doc = {"deployment": found.deployment, "change_set_id": found.change_set_id}
    if not fresh:
        changes |= {"stable": stable_of(stack, operation.operation_id), "updated": call.clock.now()}
    else:
        # The creation time of a stack made by a change set stays that of the review.
        changes |= {"retain_except_on_create": bool(call.get("RetainExceptOnCreate"))}
    call.engine.start(stack, operation, status, "User Initiated", **changes, disable_rollback=choice == "DO_NOTHING")
    return {}


def _drifted(found: ChangeSet) -> Doc:
    """What a drift-aware change set brings back."""
    if found.deployment_mode != "REVERT_DRIFT":
        return {}
    listed = [change["ResourceChange"] for change in found.changes]
    return {
        "revert_drift": True,
        "again": [change["LogicalResourceId"] for change in listed if change["Action"] == "Modify"],
        "gone": [change["LogicalResourceId"] for change in listed if change["Action"] == "Add"],
    }


def _status(found: ChangeSet, fresh: bool) -> str:
    if found.type == "IMPORT":
        return states.IMPORT_IN_PROGRESS
    return states.CREATE_IN_PROGRESS if fresh else states.UPDATE_IN_PROGRESS
