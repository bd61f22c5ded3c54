"""DescribeEvents: events by operation, validation failures among them."""

from __future__ import annotations

from collections.abc import Iterable

from tablewright.local.cloudformation.actions.call import Call
from tablewright.local.cloudformation.documents import Doc, Operation
from tablewright.local.cloudformation.errors import validation
from tablewright.local.cloudformation.events import STACK_TYPE
from tablewright.local.cloudformation.states import RESOURCE_FAILED

PAGE = 100


async def describe_events(call: Call) -> Doc:
    """Newest first, by stack, change set or operation."""
    stack_id, operation_id = _wanted(call)
    events = [event for event in call.store.events(stack_id) if operation_id in ("", event.get("OperationId"))]
    operations = {o.operation_id: o for o in call.store.operations() if o.stack_id == stack_id}
    found = [_shown(event, operations.get(str(event.get("OperationId")))) for event in events]
    found += list(_validations(call, stack_id, operation_id))
    found.sort(key=lambda event: float(event["Timestamp"]))
    if (call.get("Filters") or {}).get("FailedEvents"):
        found = [event for event in found if _failed(event)]
    page, token = call.page(found[::-1], PAGE)
    return {"OperationEvents": page, "NextToken": token}


def _wanted(call: Call) -> tuple[str, str]:
    """The stack and, when one is asked for, the operation. Refuses a request that names nothing."""
    if call.get("ChangeSetName"):
        change_set = call.change_set()
        return change_set.stack_id, change_set.operation
    operation_id = str(call.get("OperationId") or "")
    if call.get("StackName"):
        return call.stack().stack_id, operation_id
    if not operation_id:
        raise validation("One of ChangeSetName, OperationId or StackName must be specified.")
    operation = call.store.operation(operation_id)
    if operation is None or operation.account != call.account or operation.region != call.region:
        raise validation(f"Operation {operation_id} does not exist")
    return operation.stack_id, operation_id


def _shown(event: Doc, operation: Operation | None) -> Doc:
    failed = event["ResourceStatus"] in RESOURCE_FAILED and event["ResourceType"] != STACK_TYPE
    shown = {key: value for key, value in event.items() if key != "StackName"}
    shown["EventType"] = "PROVISIONING_ERROR" if failed else "STACK_EVENT"
    if operation is not None:
        shown["OperationType"] = operation.type
        shown["OperationStatus"] = operation.status
        shown["StartTime"] = operation.started
        shown["EndTime"] = operation.ended
    return shown


def _validations(call: Call, stack_id: str, operation_id: str) -> Iterable[Doc]:
    for event in call.store.journal.list("cfn.validation", stack_id):
        if operation_id in ("", event.get("OperationId")):
            yield event


def _failed(event: Doc) -> bool:
    return event["EventType"] != "STACK_EVENT" or event.get("ResourceStatus") in RESOURCE_FAILED
