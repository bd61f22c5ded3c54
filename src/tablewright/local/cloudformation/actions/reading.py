"""What can be asked about stacks, their resources, events and exports."""

from __future__ import annotations

import json
from typing import Any

from tablewright.local.cloudformation import outputs, states
from tablewright.local.cloudformation.actions.call import Call
from tablewright.local.cloudformation.deployment import program_of
from tablewright.local.cloudformation.documents import Doc, Resource, Stack
from tablewright.local.cloudformation.errors import validation
from tablewright.local.cloudformation.parameters import MASK, no_echo

PAGE = 100
NOT_CHECKED = {"StackDriftStatus": "NOT_CHECKED"}


def shown_parameters(call: Call, stack: Stack, deployment: Doc) -> list[Doc]:
    """Parameters as the API shows them: NoEcho ones masked."""
    if not deployment.get("parameters"):
        return []
    declared = program_of(call.store, stack, deployment).template.parameters
    shown = []
    for entry in deployment["parameters"]:
        hidden = no_echo(declared.get(entry["key"], {}))
        parameter = {"ParameterKey": entry["key"], "ParameterValue": MASK if hidden else entry["value"]}
        if entry.get("resolved") is not None:
            parameter["ResolvedValue"] = MASK if hidden else entry["resolved"]
        shown.append(parameter)
    return shown


def shown_stack(call: Call, stack: Stack) -> Doc:
    deployment = stack.deployment
    found: Doc = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "Description": deployment.get("description") or None,
        "Parameters": shown_parameters(call, stack, deployment),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "RollbackConfiguration": deployment.get("rollback") or {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": deployment.get("notification_arns") or [],
        "TimeoutInMinutes": stack.timeout_minutes,
        "Capabilities": deployment.get("capabilities") or None,
        "Outputs": [_output(output) for output in stack.outputs] or None,
        "RoleARN": deployment.get("role_arn") or None,
        "Tags": [{"Key": key, "Value": value} for key, value in deployment.get("tags", {}).items()],
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": stack.drift or NOT_CHECKED,
        "LastOperations": stack.operations or None,
        "ParentId": stack.parent or None,
        "RootId": stack.root or None,
    }
    if stack.change_set_id:
        found["ChangeSetId"] = stack.change_set_id
    if stack.retain_except_on_create:
        found["RetainExceptOnCreate"] = True
    return found


def _output(output: Doc) -> Doc:
    shown = {"OutputKey": output["key"], "OutputValue": output["value"]}
    if output.get("description"):
        shown["Description"] = output["description"]
    if output.get("export"):
        shown["ExportName"] = output["export"]
    return shown


async def describe_stacks(call: Call) -> Doc:
    if call.get("StackName"):
        return {"Stacks": [shown_stack(call, call.stack())]}
    living = [s for s in call.store.stacks(call.account, call.region) if s.status != states.DELETE_COMPLETE]
    page, token = call.page(living, PAGE)
    return {"Stacks": [shown_stack(call, stack) for stack in page], "NextToken": token}


async def list_stacks(call: Call) -> Doc:
    wanted = set(call.get("StackStatusFilter") or ())
    found = [s for s in call.store.stacks(call.account, call.region) if not wanted or s.status in wanted]
    page, token = call.page(found, PAGE)
    return {"StackSummaries": [_summary(stack) for stack in page], "NextToken": token}


def _summary(stack: Stack) -> Doc:
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "TemplateDescription": stack.deployment.get("description") or None,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DriftInformation": stack.drift or NOT_CHECKED,
        "LastOperations": stack.operations or None,
        "ParentId": stack.parent or None,
        "RootId": stack.root or None,
    }


async def describe_stack_events(call: Call) -> Doc:
    name = str(call.get("StackName") or "")
    stack = call.find(name)
    if stack is None:
        raise validation(f"Stack [{name}] does not exist")
    events = call.store.events(stack.stack_id)[::-1]
    page, token = call.page(events, PAGE)
    return {"StackEvents": page, "NextToken": token}


def _drift(resource: Resource) -> Doc:
    shown = {"StackResourceDriftStatus": str(resource.drift.get("status", "NOT_CHECKED"))}
    if resource.drift.get("checked"):
        shown["LastCheckTimestamp"] = resource.drift["checked"]
    return shown


def _resource(stack: Stack, resource: Resource) -> Doc:
    return {
        "StackName": stack.name,
        "StackId": stack.stack_id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id or None,
        "ResourceType": resource.type,
        "Timestamp": resource.updated,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
        "DriftInformation": _drift(resource),
    }


def _visible(call: Call, stack: Stack) -> list[Resource]:
    return [r for r in call.store.resources(stack.stack_id).values() if r.status]


async def describe_stack_resources(call: Call) -> Doc:
    physical = call.get("PhysicalResourceId")
    logical = call.get("LogicalResourceId")
    if call.get("StackName"):
        if physical:
            raise validation("StackName and PhysicalResourceId cannot both be specified.")
        stack = call.stack()
        found = [r for r in _visible(call, stack) if logical in (None, r.logical_id)]
        return {"StackResources": [_resource(stack, r) for r in found]}
    if not physical:
        raise validation("Either StackName or PhysicalResourceId must be specified.")
    for stack in call.store.stacks(call.account, call.region):
        if stack.status != states.DELETE_COMPLETE:
            resources = _visible(call, stack)
            if any(r.physical_id == physical for r in resources):
                return {"StackResources": [_resource(stack, r) for r in resources if logical in (None, r.logical_id)]}
    raise validation(f"Stack for {physical} does not exist")


async def describe_stack_resource(call: Call) -> Doc:
    name, logical = str(call["StackName"]), str(call["LogicalResourceId"])
    stack = call.find(name)
    if stack is None:
        raise validation(f"Stack '{name}' does not exist")
    for resource in _visible(call, stack):
        if resource.logical_id == logical:
            detail = _resource(stack, resource)
            detail["LastUpdatedTimestamp"] = detail.pop("Timestamp")
            detail["Metadata"] = _json(resource.metadata or {})
            return {"StackResourceDetail": detail}
    raise validation(f"Resource {logical} does not exist for stack {stack.name}")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


async def list_stack_resources(call: Call) -> Doc:
    stack = call.stack()
    page, token = call.page(_visible(call, stack), PAGE)
    summaries = []
    for resource in page:
        shown = _resource(stack, resource)
        shown["LastUpdatedTimestamp"] = shown.pop("Timestamp")
        summaries.append(shown)
    return {"StackResourceSummaries": summaries, "NextToken": token}


async def list_exports(call: Call) -> Doc:
    found = sorted(outputs.exports(call.store, call.account, call.region).items())
    page, token = call.page(found, PAGE)
    shown = [{"ExportingStackId": stack.stack_id, "Name": name, "Value": value} for name, (stack, value) in page]
    return {"Exports": shown, "NextToken": token}


async def list_imports(call: Call) -> Doc:
    name = str(call["ExportName"])
    found = outputs.exports(call.store, call.account, call.region).get(name)
    users = outputs.importers(call.store, found[0], name) if found else []
    if not users:
        raise validation(f"Export '{name}' is not imported by any stack.")
    page, token = call.page([user.name for user in users], PAGE)
    return {"Imports": page, "NextToken": token}
