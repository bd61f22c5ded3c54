"""Stack events: each status change of a stack or a resource, kept in order."""

from __future__ import annotations

import json
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.cloudformation.documents import Operation, Resource, Stack
from tablewright.local.cloudformation.naming import uuid4
from tablewright.local.cloudformation.store import Store
from tablewright.local.cloudformation.wire import iso

STACK_TYPE = "AWS::CloudFormation::Stack"


class Recorder:
    """Changes a status and says so: a status never changes without its event."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def stack(self, stack_id: str, status: str, reason: str = "", **changes: Any) -> Stack:
        """Move a stack to `status`; other changes of its fields go with it."""
        stack = self.store.change_stack(stack_id, status=status, reason=reason, **changes)
        self._event(stack, stack.name, stack.stack_id, STACK_TYPE, status, reason, event_id=uuid4())
        return stack

    def resource(
        self, resource: Resource, status: str, reason: str = "", *, detailed: str = "", **changes: Any
    ) -> Resource:
        """Move a resource to `status`; other changes of its fields go with it."""
        changed = self.store.change_resource(
            resource, status=status, reason=reason, updated=self.clock.now(), **changes
        )
        self.said(changed, status, reason, detailed=detailed)
        return changed

    def said(
        self, resource: Resource, status: str, reason: str = "", *, physical_id: str | None = None, detailed: str = ""
    ) -> None:
        """An event about a resource without a change of what is kept of it (a replaced resource being deleted)."""
        stack = self.store.need_stack(resource.stack_id)
        self._event(
            stack,
            resource.logical_id,
            resource.physical_id if physical_id is None else physical_id,
            resource.type,
            status,
            reason,
            event_id=f"{resource.logical_id}-{status}-{iso(self.clock.now())}",
            properties=resource.wanted or resource.properties,
            detailed=detailed,
        )

    def _event(
        self,
        stack: Stack,
        logical_id: str,
        physical_id: str,
        kind: str,
        status: str,
        reason: str,
        *,
        event_id: str,
        properties: Any = None,
        detailed: str = "",
    ) -> None:
        operation = self.store.operation(stack.operation) if stack.operation else None
        event: dict[str, Any] = {
            "EventId": event_id,
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "OperationId": stack.operation or None,
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": kind,
            "Timestamp": self.clock.now(),
            "ResourceStatus": status,
        }
        if reason:
            event["ResourceStatusReason"] = reason
        if detailed:
            event["DetailedStatus"] = detailed
        if properties is not None:
            event["ResourceProperties"] = json.dumps(properties, separators=(",", ":"), ensure_ascii=False)
        if operation is not None and operation.token:
            event["ClientRequestToken"] = operation.token
        self.store.add_event(stack.stack_id, event)

    def begin(self, stack: Stack, operation: Operation) -> None:
        """Make `operation` the stack's running one."""
        self.store.save_operation(operation)
        last = [{"OperationType": operation.type, "OperationId": operation.operation_id}]
        self.store.change_stack(
            stack.stack_id, operation=operation.operation_id, operations=(last + stack.operations)[:10]
        )

    def end(self, operation_id: str, *, succeeded: bool) -> None:
        status = "SUCCEEDED" if succeeded else "FAILED"
        self.store.change_operation(operation_id, status=status, ended=self.clock.now())
