"""DetectStackDrift, DetectStackResourceDrift and what they found."""

from __future__ import annotations

import json

from tablewright.local.cloudformation.actions.call import Call
from tablewright.local.cloudformation.documents import Doc, Resource, Stack
from tablewright.local.cloudformation.errors import validation
from tablewright.local.cloudformation.looking import DriftDetector
from tablewright.local.cloudformation.naming import uuid4
from tablewright.local.cloudformation.states import (
    LAST_STABLE,
    ROLLBACK_COMPLETE,
    ROLLBACK_FAILED,
    UPDATE_ROLLBACK_FAILED,
)

PAGE = 100
DETECTABLE = LAST_STABLE | {ROLLBACK_COMPLETE, ROLLBACK_FAILED, UPDATE_ROLLBACK_FAILED}
"""Statuses in which drift can be detected (API reference lists them under DetectStackDrift)."""


def _checkable(call: Call) -> Stack:
    stack = call.stack()
    if stack.status not in DETECTABLE:
        raise validation(f"Drift detection cannot be performed on stack [{stack.name}] in status {stack.status}")
    return stack


async def detect_stack_drift(call: Call) -> Doc:
    stack = _checkable(call)
    detection_id = uuid4()
    started = {
        "StackId": stack.stack_id,
        "StackDriftDetectionId": detection_id,
        "DetectionStatus": "DETECTION_IN_PROGRESS",
        "Timestamp": call.clock.now(),
    }
    call.store.journal.put("cfn.drift", detection_id, started)
    call.engine.detect(detection_id, stack.stack_id)
    return {"StackDriftDetectionId": detection_id}


async def describe_stack_drift_detection_status(call: Call) -> Doc:
    wanted = str(call["StackDriftDetectionId"])
    found = call.store.journal.get("cfn.drift", wanted)
    if found is None:
        raise validation(f"StackDriftDetectionId {wanted} does not exist")
    return found


async def detect_stack_resource_drift(call: Call) -> Doc:
    stack = _checkable(call)
    logical = str(call["LogicalResourceId"])
    resource = call.store.resource(stack.stack_id, logical)
    if resource is None or not resource.owned:
        raise validation(f"Resource {logical} does not exist for stack {stack.name}")
    detector = DriftDetector(call.store, call.services, call.clock)
    await detector.resource(stack, resource)
    return {"StackResourceDrift": _shown(call.store.resource(stack.stack_id, logical) or resource)}


async def describe_stack_resource_drifts(call: Call) -> Doc:
    stack = call.stack()
    wanted = set(call.get("StackResourceDriftStatusFilters") or ())
    found = [
        resource
        for resource in call.store.resources(stack.stack_id).values()
        if resource.drift and (not wanted or resource.drift["status"] in wanted)
    ]
    page, token = call.page(found, PAGE)
    return {"StackResourceDrifts": [_shown(resource) for resource in page], "NextToken": token}


def _shown(resource: Resource) -> Doc:
    found = resource.drift
    return {
        "StackId": resource.stack_id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "ExpectedProperties": json.dumps(found["expected"], separators=(",", ":")),
        "ActualProperties": json.dumps(found["actual"], separators=(",", ":")) if found["actual"] else None,
        "PropertyDifferences": found["differences"],
        "StackResourceDriftStatus": found["status"],
        "Timestamp": found["checked"],
    }
