"""CloudFormation as its own engine calls it: the stacks inside stacks.

To a resource type this is one more service. What it starts is an operation like any other, tied to the parent's: an updated inner
stack waits with its clean-up until the whole update has succeeded, so that it can still be rolled back with its parent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.cloudformation import outputs, states
from tablewright.local.cloudformation.actions.call import Call, allow
from tablewright.local.cloudformation.actions.reading import shown_stack
from tablewright.local.cloudformation.actions.stacks import checked_program, new_operation, new_stack, stable_of
from tablewright.local.cloudformation.changes import no_updates
from tablewright.local.cloudformation.deployment import check_types, make, program_of
from tablewright.local.cloudformation.documents import ChangeSet, Doc, Operation, Stack
from tablewright.local.cloudformation.engine import Engine
from tablewright.local.cloudformation.errors import CfnError
from tablewright.local.cloudformation.events import Recorder
from tablewright.local.cloudformation.store import Store
from tablewright.local.services import ServiceError, Services

_OUTCOME = "cfn.nested"


class NestedStacks:
    """The services, and CloudFormation's own part for nested stacks (see `services.Services`)."""

    def __init__(self, services: Services, store: Store, recorder: Recorder, clock: Clock) -> None:
        self._services = services
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._engine = Engine(store, recorder, self, clock)

    @property
    def engine(self) -> Engine:
        """The engine whose nested stacks these are."""
        return self._engine

    async def call(
        self,
        service: str,
        operation: str,
        params: Mapping[str, object],
        *,
        account: str,
        region: str,
        origin: str = "",
    ) -> dict[str, Any]:
        where = {"account": account, "region": region}
        if service != "cloudformation":
            return await self._services.call(service, operation, params, **where, origin=origin)
        actions: dict[str, Callable[[Call], Awaitable[Doc]]] = {
            "CreateStack": self._create,
            "UpdateStack": self._update,
            "RestoreStack": self._restore,
            "DeleteStack": self._delete,
            "DescribeStacks": self._describe,
        }
        call = Call(
            action=operation,
            params=dict(params),
            **where,
            store=self._store,
            recorder=self._recorder,
            engine=self._engine,
            services=self,
            clock=self._clock,
        )
        try:
            result = await actions[operation](call)
        except (CfnError, outputs.ExportRefused) as refused:
            raise ServiceError(getattr(refused, "code", "ValidationError"), str(refused)) from None
        if origin:
            # In the same step as the operation's start: both are in the journal, or neither.
            self._store.journal.put(_OUTCOME, origin, result)
        await self._store.journal.flush()
        return result

    def outcome(self, origin: str) -> dict[str, Any] | None:
        return self._store.journal.get(_OUTCOME, origin) or self._services.outcome(origin)

    async def _describe(self, call: Call) -> Doc:
        return {"Stacks": [shown_stack(call, call.stack())]}

    async def _create(self, call: Call) -> Doc:
        parent = self._store.need_stack(call["Parent"])
        planned = self._planned(parent, str(call["LogicalId"]))
        stack = self._store.stack(planned.stack_id) if planned is not None else None
        if stack is None:
            fresh = new_stack(call, str(call["StackName"]), states.CREATE_IN_PROGRESS)
            stack = replace(fresh, parent=parent.stack_id, root=parent.root or parent.stack_id)
        asked = self._asked(call, parent, planned)
        text, program = await checked_program(asked, _with_template(stack, planned), direct=True)
        deployment = make(self._store, text, program, asked.params, {})
        if self._store.stack(stack.stack_id) is None:
            self._store.add_stack(stack)
        # Keeps what it made: the parent's rollback deletes it, and a parent without rollback mends it.
        operation = self._tied(call, stack, "CREATE_STACK", parent, planned, on_failure="DO_NOTHING")
        self._engine.start(
            stack,
            operation,
            states.CREATE_IN_PROGRESS,
            "User Initiated",
            deployment=deployment,
            disable_rollback=parent.disable_rollback,
            timeout_minutes=call.get("TimeoutInMinutes"),
            retain_except_on_create=parent.retain_except_on_create,
        )
        return {"StackId": stack.stack_id}

    async def _update(self, call: Call) -> Doc:
        stack, parent = call.stack(), self._store.need_stack(call["Parent"])
        self._allow_update(stack)
        planned = self._planned(parent, str(call["LogicalId"]))
        asked = self._asked(call, parent, planned)
        text, program = await checked_program(asked, _with_template(stack, planned), direct=True)
        stack = self._store.need_stack(stack.stack_id)
        self._allow_update(stack)
        check_types(program_of(self._store, stack, stack.deployment), program)
        deployment = make(self._store, text, program, asked.params, stack.deployment)
        if stack.status in states.LAST_STABLE and no_updates(self._store, stack, program, deployment):
            return {"StackId": stack.stack_id, "Started": False}
        kept = parent.disable_rollback or stack.status == states.CREATE_FAILED
        choice = "DO_NOTHING" if kept else "ROLLBACK"
        operation = self._tied(call, stack, "UPDATE_STACK", parent, planned, on_failure=choice)
        self._engine.start(
            stack,
            operation,
            states.UPDATE_IN_PROGRESS,
            "User Initiated",
            deployment=deployment,
            stable=stable_of(stack, operation.operation_id),
            disable_rollback=parent.disable_rollback,
            updated=self._clock.now(),
        )
        return {"StackId": stack.stack_id, "Started": True}

    def _allow_update(self, stack: Stack) -> None:
        """A stack that waits for its parent's retry with its clean-up may be updated once more."""
        if not (stack.status == states.UPDATE_CLEANUP and stack.stable is not None):
            allow(stack, "UpdateStack")

    async def _restore(self, call: Call) -> Doc:
        """Bring an inner stack back, whatever the parent's update has come to in it."""
        stack, parent = call.stack(), self._store.need_stack(call["Parent"])
        last = self._store.operation(stack.operation)
        since = {*(parent.stable or {}).get("operations", []), parent.operation}
        if last is None or last.parent_operation not in since:
            return {"Started": False}
        if stack.status == states.UPDATE_IN_PROGRESS:
            self._engine.cancel(stack.stack_id)
        elif stack.stable is not None and stack.status in (
            states.UPDATE_CLEANUP,
            states.UPDATE_FAILED,
            states.UPDATE_ROLLBACK_FAILED,
        ):
            again = stack.status == states.UPDATE_ROLLBACK_FAILED
            kind = "CONTINUE_ROLLBACK" if again else "ROLLBACK"
            operation = self._tied(call, stack, kind, parent, None, skip=self._skipped(stack, parent))
            self._engine.start(
                stack,
                operation,
                states.UPDATE_ROLLBACK_IN_PROGRESS,
                "User Initiated",
                stable=stable_of(stack, operation.operation_id),
            )
        return {"Started": True}

    def _skipped(self, stack: Stack, parent: Stack) -> list[str]:
        """The resources of this stack, or of stacks in it, that ContinueUpdateRollback skips: `stack name.logical ID`."""
        asked = [name for name in self._store.need_operation(parent.operation).skip if "." in name]
        return [name.removeprefix(f"{stack.name}.") for name in asked]

    async def _delete(self, call: Call) -> Doc:
        stack, parent = call.stack(), self._store.need_stack(call["Parent"])
        if stack.status in (states.DELETE_COMPLETE, states.DELETE_IN_PROGRESS):
            return {"StackId": stack.stack_id}
        outputs.check_removal(self._store, stack)
        force = self._store.need_operation(parent.operation).force
        operation = self._tied(call, stack, "DELETE_STACK", parent, None, force=force)
        self._engine.start(stack, operation, states.DELETE_IN_PROGRESS, "User Initiated")
        return {"StackId": stack.stack_id}

    def _tied(
        self, call: Call, stack: Stack, kind: str, parent: Stack, planned: ChangeSet | None, **fields: Any
    ) -> Operation:
        """An operation of an inner stack, tied to the one of its parent that asks for it."""
        if planned is not None:
            fields |= {"change_set_id": planned.change_set_id, "imports": planned.imports}
        return new_operation(call, stack, kind, parent_operation=parent.operation, **fields)

    def _planned(self, parent: Stack, logical_id: str) -> ChangeSet | None:
        """The nested change set that is executed with the parent's."""
        running = self._store.need_operation(parent.operation)
        if not running.change_set_id:
            return None
        for change_set in self._store.all_change_sets():
            if change_set.parent == running.change_set_id and change_set.logical_id == logical_id:
                return change_set
        return None

    def _asked(self, call: Call, parent: Stack, planned: ChangeSet | None) -> Call:
        """The request that the inner stack is made or updated by; a planned one keeps the template that was looked at."""
        source = {"UsePreviousTemplate": True} if planned is not None else {"TemplateURL": call["TemplateURL"]}
        names = ("Parameters", "Tags", "NotificationARNs")
        capabilities = parent.deployment.get("capabilities") or []
        params = {**source, **{name: call[name] for name in names}, "Capabilities": capabilities}
        return replace(call, params=params)


def _with_template(stack: Stack, planned: ChangeSet | None) -> Stack:
    """The stack, its present template taken to be the planned one."""
    if planned is None:
        return stack
    template = planned.deployment["template"]
    return replace(stack, deployment={"parameters": [], **stack.deployment, "template": template})
