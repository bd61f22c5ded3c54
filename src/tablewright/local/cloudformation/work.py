"""What every phase of an operation needs: the stack's program, its resources, and a way to run a handler."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.cloudformation.deployment import program_of
from tablewright.local.cloudformation.documents import Operation, Resource, Stack
from tablewright.local.cloudformation.durations import handler_seconds
from tablewright.local.cloudformation.errors import internal_failure
from tablewright.local.cloudformation.events import Recorder
from tablewright.local.cloudformation.faults import StackFault, StackFaults
from tablewright.local.cloudformation.handling import Run, Stopped
from tablewright.local.cloudformation.naming import uuid4
from tablewright.local.cloudformation.program import Program
from tablewright.local.cloudformation.resources.failures import RETRIED, handler_error, reason
from tablewright.local.cloudformation.resources.plain.record import placeholder_attribute
from tablewright.local.cloudformation.resources.protocol import HandlerError, ResourceType
from tablewright.local.cloudformation.resources.registry import KINDS, kind_of
from tablewright.local.cloudformation.store import Store
from tablewright.local.services import ServiceError, Services
from tablewright.local.wal import LogFailed

_log = logging.getLogger("tablewright.local.cloudformation")

ATTEMPTS = 4
"""How often a handler is run again after a throttled or broken call."""


class Failed(Exception):
    """A resource could not be brought to what was asked: the text is its status reason."""


@dataclass(slots=True)
class Work:
    """One phase of one operation on one stack."""

    store: Store
    recorder: Recorder
    services: Services
    clock: Clock
    stack_id: str
    operation_id: str
    resumed: bool
    stop: bool = False
    """Set from outside (cancelled, superseded) or by a failure: nothing more starts, and handlers end at their next call."""
    _programs: dict[str, Program] = field(default_factory=dict)

    @property
    def stack(self) -> Stack:
        return self.store.need_stack(self.stack_id)

    @property
    def operation(self) -> Operation:
        return self.store.need_operation(self.operation_id)

    def stopping(self) -> bool:
        return self.stop

    def program(self) -> Program:
        """The program of the deployment that the stack is in or going to."""
        stack = self.stack
        key = repr(stack.deployment)
        if key not in self._programs:
            self._programs[key] = program_of(self.store, stack, stack.deployment)
        return self._programs[key]

    def known(self, logical_id: str, attribute: str) -> Any:
        """Ref or GetAtt of a resource that stands."""
        resource = self.store.resource(self.stack_id, logical_id)
        if resource is None or not resource.physical_id:
            return None
        if not attribute:
            return resource.physical_id
        if resource.type not in KINDS:
            return placeholder_attribute(logical_id, attribute)
        if attribute not in resource.attributes:
            raise Failed(f"Attribute: {attribute} was not found for resource: {logical_id}")
        return resource.attributes[attribute]

    def tags(self, logical_id: str) -> dict[str, str]:
        """Tags that a resource gets from its stack: CloudFormation's own and the stack's."""
        stack = self.stack
        own = {
            "aws:cloudformation:stack-name": stack.name,
            "aws:cloudformation:logical-id": logical_id,
            "aws:cloudformation:stack-id": stack.stack_id,
        }
        return {**own, **stack.deployment.get("tags", {})}

    async def handle(
        self,
        resource: Resource,
        verb: str,
        act: Callable[[ResourceType, Run], Awaitable[Any]],
        *,
        made: Callable[[str], None] = lambda _physical_id: None,
        stoppable: bool = True,
    ) -> Any:
        """Run one handler to its end. Raises Failed with the reason, or Stopped."""
        kind = kind_of(resource.type)
        stack = self.stack
        token = resource.token or uuid4()
        if not resource.token:
            resource = self.store.change_resource(resource, token=token)
        run = Run(
            services=self.services,
            clock=self.clock,
            stack_name=stack.name,
            logical_id=resource.logical_id,
            account=stack.account,
            region=stack.region,
            tags=self.tags(resource.logical_id),
            tags_changed=resource.tags != stack.deployment.get("tags", {}),
            origin=f"cfn:{self.stack_id}:{self.operation_id}:{resource.logical_id}:{verb}:{token}",
            resumed=self.resumed,
            stopping=self.stopping if stoppable else lambda: False,
            on_made=made,
            verb=verb,
        )
        fault = StackFaults(self.store.journal).strike(stack.name, resource.logical_id, resource.type, verb)
        for attempt in range(ATTEMPTS + 1):
            try:
                await run.sleep(handler_seconds(resource.type, verb) / 2)
                if fault is not None:
                    await self._strike(fault, run, token)
                result = await act(kind, run)
                if fault is not None and fault.effect == "fail-resource-after":
                    raise HandlerError(fault.code, fault.reason)
                await self.clock.sleep(handler_seconds(resource.type, verb) / 2)
                return result
            except (HandlerError, ServiceError) as error:
                failure = handler_error(run.service, error) if isinstance(error, ServiceError) else error
                if failure.code not in RETRIED or attempt == ATTEMPTS:
                    raise Failed(failure.message if failure.plain else reason(failure, token)) from None
                await run.sleep(2.0**attempt)
                run.again()
            except (Failed, Stopped, LogFailed):
                raise
            except Exception as broken:
                _log.exception("%s of %s %s broke", verb, self.stack_id, resource.logical_id)
                raise Failed(reason(HandlerError("InternalFailure", internal_failure(broken)), token)) from broken
        raise AssertionError("unreachable")

    async def _strike(self, fault: StackFault, run: Run, token: str) -> None:
        """What a fault does before the handler runs."""
        if fault.effect == "fail-resource":
            raise Failed(reason(HandlerError(fault.code, fault.reason), token))
        while fault.effect == "hang-resource" and StackFaults(self.store.journal).there(fault):
            await run.sleep(1.0)

    async def release(self, resource: Resource) -> None:
        """Let go of a resource that an import took in. Nothing is called; a fault may strike. Raises Failed."""

        async def act(_handler: ResourceType, _run: Run) -> None:
            return None

        await self.handle(resource, "release", act)


__all__ = ["Failed", "Stopped", "Work"]
