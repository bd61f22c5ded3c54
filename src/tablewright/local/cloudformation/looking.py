"""Looking at what resources really are, without changing anything: for drift detection and for drift-aware change sets."""

from __future__ import annotations

import json
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.cloudformation import drift
from tablewright.local.cloudformation.documents import Doc, Resource, Stack
from tablewright.local.cloudformation.handling import Run
from tablewright.local.cloudformation.resources.registry import kind_of
from tablewright.local.cloudformation.store import Store
from tablewright.local.services import Services


def looker(services: Services, clock: Clock, stack: Stack, logical_id: str) -> Run:
    """A Handling that is only read with."""
    return Run(
        services=services,
        clock=clock,
        stack_name=stack.name,
        logical_id=logical_id,
        account=stack.account,
        region=stack.region,
        tags={},
        tags_changed=False,
        origin="",
        resumed=False,
        stopping=lambda: False,
        on_made=lambda _physical_id: None,
    )


async def actual_properties(services: Services, clock: Clock, stack: Stack, resource: Resource) -> Doc | None:
    """The resource's properties as the service tells them, or None when it is gone."""
    found = await kind_of(resource.type).read(looker(services, clock, stack, resource.logical_id), resource.physical_id)
    if found is None:
        return None
    properties = found[0]
    if isinstance(properties.get("Tags"), list):
        # Tags that come from the stack are no drift.
        inherited = resource.tags
        own = {str(tag["Key"]) for tag in resource.properties.get("Tags") or []}
        properties = {
            **properties,
            "Tags": [t for t in properties["Tags"] if t["Key"] in own or inherited.get(t["Key"]) != t["Value"]],
        }
    return properties


class DriftDetector:
    """Looks at every resource of a stack, and keeps what it found with the resource and the stack."""

    def __init__(self, store: Store, services: Services, clock: Clock) -> None:
        self.store = store
        self.services = services
        self.clock = clock

    async def stack(self, detection_id: str, stack_id: str) -> None:
        """Run one stack-wide detection to its end."""
        stack = self.store.need_stack(stack_id)
        drifted = 0
        status, reason = "DETECTION_COMPLETE", ""
        try:
            for resource in self.store.resources(stack_id).values():
                if resource.owned:
                    found = await self.resource(stack, resource)
                    drifted += found["status"] in (drift.MODIFIED, drift.DELETED)
        except Exception as error:
            status, reason = "DETECTION_FAILED", str(error)
        now = self.clock.now()
        verdict = "DRIFTED" if drifted else "IN_SYNC"
        doc = self.store.journal.get("cfn.drift", detection_id) or {}
        doc |= {"DetectionStatus": status, "DetectionStatusReason": reason or None, "Timestamp": now}
        if status == "DETECTION_COMPLETE":
            doc |= {"StackDriftStatus": verdict, "DriftedStackResourceCount": drifted}
            self.store.change_stack(stack_id, drift={"StackDriftStatus": verdict, "LastCheckTimestamp": now})
        self.store.journal.put("cfn.drift", detection_id, doc)

    async def resource(self, stack: Stack, resource: Resource) -> Doc:
        """The resource's drift as it is kept: status, time, expected and actual properties, differences."""
        actual = await actual_properties(self.services, self.clock, stack, resource)
        found: Doc = {"checked": self.clock.now(), "expected": resource.properties, "actual": actual or {}}
        if actual is None:
            found |= {"status": drift.DELETED, "differences": []}
        else:
            unread = kind_of(resource.type).unread
            differences = drift.property_differences(resource.properties, actual, unread)
            found["status"] = drift.MODIFIED if differences else drift.IN_SYNC
            found["differences"] = [
                {
                    "PropertyPath": d.path,
                    "ExpectedValue": _text(d.expected),
                    "ActualValue": _text(d.actual),
                    "DifferenceType": d.kind,
                }
                for d in differences
            ]
        self.store.change_resource(resource, drift=found)
        return found


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (dict, list, bool)) else str(value)
