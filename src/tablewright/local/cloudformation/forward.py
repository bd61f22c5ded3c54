"""The phase that brings a stack's resources to its template: creation, update, import."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tablewright.local.cloudformation import outputs
from tablewright.local.cloudformation.changes import changes
from tablewright.local.cloudformation.compare import recreation, same
from tablewright.local.cloudformation.documents import Doc, Resource
from tablewright.local.cloudformation.durations import STACK_TRANSITION_S
from tablewright.local.cloudformation.dynamic import fetch, filled, read_again
from tablewright.local.cloudformation.errors import CfnError
from tablewright.local.cloudformation.events import STACK_TYPE
from tablewright.local.cloudformation.handling import Run
from tablewright.local.cloudformation.intrinsics import resolve
from tablewright.local.cloudformation.naming import uuid4
from tablewright.local.cloudformation.refusals import denied_removal, refusal
from tablewright.local.cloudformation.resources.failures import exists_already
from tablewright.local.cloudformation.resources.failures import reason as failure_reason
from tablewright.local.cloudformation.resources.protocol import Recreation, ResourceType
from tablewright.local.cloudformation.resources.registry import KINDS, kind_of
from tablewright.local.cloudformation.scheduler import in_order
from tablewright.local.cloudformation.schema import message, violations
from tablewright.local.cloudformation.states import RESOURCE_DONE, RESOURCE_FAILED, Verdict
from tablewright.local.cloudformation.triggers import TIMED_OUT, alarm_reason, timed_out
from tablewright.local.cloudformation.work import Failed, Stopped, Work

NEW_PHYSICAL = "Requested update requires the creation of a new physical resource; hence creating one."
NOT_REHEARSED = "Not rehearsed: the embedded AWS does not imitate this type; a placeholder stands for it."
INITIATED = "Resource creation Initiated"
CREATION_CANCELLED = "Resource creation cancelled"
UPDATE_CANCELLED = "Resource update cancelled"

_STARTED = {"create": "CREATE", "update": "UPDATE", "replace": "UPDATE", "import": "IMPORT"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a resource is to be, its intrinsic functions resolved."""

    properties: Doc
    depends_on: list[str]
    deletion_policy: str
    update_replace_policy: str
    metadata: Doc | None


class Forward:
    """Brings every active resource to its target, then the outputs; what fails stops what has not started."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.failed: dict[str, str] = {}
        """Logical ID to the status that says how it failed."""
        self.late = False

    async def run(self) -> tuple[Verdict, str]:
        """The verdict, and the stack's status reason when it is not DONE."""
        work = self.work
        await work.clock.sleep(STACK_TRANSITION_S)
        program = work.program()
        stack = work.stack
        try:
            values = program.values(work.known, outputs.lookup(work.store, stack))
            names = outputs.imports_of(program, values)
            for name in names:
                outputs.lookup(work.store, stack)(name)
        except (outputs.ExportRefused, Failed, CfnError) as error:
            return Verdict.FAILED, str(error)
        work.store.change_stack(work.stack_id, imports=sorted({*stack.imports, *names}))
        if invalid := self._invalid():
            return Verdict.FAILED, f"Validation failed for following resources: [{', '.join(invalid)}]. "
        if words := denied_removal(work):
            return Verdict.FAILED, words
        watching = asyncio.create_task(self._watch_time())
        try:
            complete = await in_order(program.graph, self.bring, go_on=lambda: not work.stop)
        finally:
            watching.cancel()
        if not complete or self.failed:
            return Verdict.FAILED, self._reason()
        if words := await alarm_reason(work):
            return Verdict.FAILED, words
        try:
            new = outputs.resolve_outputs(program, program.values(work.known, outputs.lookup(work.store, stack)))
            outputs.check_exports(work.store, stack, (stack.stable or {}).get("outputs", []), new)
        except (outputs.ExportRefused, Failed, CfnError) as error:
            return Verdict.FAILED, str(error)
        work.store.change_stack(work.stack_id, outputs=new, imports=names)
        return Verdict.DONE, ""

    async def _watch_time(self) -> None:
        """Stop the operation when its time is up."""
        while self.work.stack.timeout_minutes and not self.work.stop:
            await asyncio.sleep(0.05)
            if timed_out(self.work):
                self.late = self.work.stop = True

    def _invalid(self) -> list[str]:
        """Resources whose properties break their schema as far as they are known: nothing starts when there is one."""
        work = self.work
        stack = work.stack
        if any(r.operation == work.operation_id for r in work.store.resources(work.stack_id).values()):
            return []
        invalid = []
        for change in changes(work.store, stack, work.program(), stack.deployment):
            problems = violations(change.type, change.after) if change.action in ("Add", "Modify") else []
            if not problems:
                continue
            invalid.append(change.logical_id)
            intent = "create" if change.action == "Add" else "update"
            fresh = Resource(stack_id=work.stack_id, logical_id=change.logical_id, type=change.type)
            reason = message(change.logical_id, problems, static=True)
            marked: Doc = {"operation": work.operation_id, "intent": intent, "wanted": change.after}
            marked |= {"before": self._before(change.before), "untouched": True}
            status = f"{_STARTED[intent]}_FAILED"
            work.recorder.resource(change.before or fresh, status, reason, detailed="VALIDATION_FAILED", **marked)
        return invalid

    def _reason(self) -> str:
        if self.work.operation.cancelled:
            return "User Initiated"
        if self.late:
            return TIMED_OUT
        parts = []
        for status, verb in (("CREATE_FAILED", "create"), ("UPDATE_FAILED", "update"), ("IMPORT_FAILED", "import")):
            names = sorted(name for name, failure in self.failed.items() if failure == status)
            if names:
                parts.append(f"The following resource(s) failed to {verb}: [{', '.join(names)}]. ")
        return "".join(parts)

    async def bring(self, logical_id: str) -> bool:
        """Bring one resource to its target; False when it failed or was cancelled."""
        work = self.work
        resource = work.store.resource(work.stack_id, logical_id)
        if resource is not None and resource.operation == work.operation_id and resource.intent:
            if resource.status in RESOURCE_DONE:
                return True
            if resource.status in RESOURCE_FAILED:
                return self._fail(resource, resource.reason, say=False)
        else:
            resource = await self._begin(logical_id, resource)
            if resource is None:
                return True
            if resource.status in RESOURCE_FAILED:
                return self._fail(resource, resource.reason, say=False)
        try:
            await getattr(self, f"_{resource.intent}")(kind_of(resource.type), resource)
        except Failed as failure:
            return self._fail(work.store.resource(work.stack_id, logical_id) or resource, str(failure))
        except Stopped:
            words = CREATION_CANCELLED if resource.intent == "create" else UPDATE_CANCELLED
            return self._fail(work.store.resource(work.stack_id, logical_id) or resource, words)
        return True

    def _fail(self, resource: Resource, reason: str, *, say: bool = True) -> bool:
        status = f"{_STARTED[resource.intent]}_FAILED"
        self.failed[resource.logical_id] = status
        self.work.stop = True
        operation = self.work.operation
        if not operation.cause and reason not in (CREATION_CANCELLED, UPDATE_CANCELLED):
            self.work.store.change_operation(operation.operation_id, cause=reason)
        if say:
            self.work.recorder.resource(resource, status, reason)
        return False

    def target(self, logical_id: str) -> Target:
        """Raises Failed when a value cannot be had."""
        work = self.work
        program = work.program()
        declared = program.template.resources[logical_id]
        values = program.values(work.known, outputs.lookup(work.store, work.stack))
        try:
            properties = resolve(dict(declared.properties), values)
        except (CfnError, outputs.ExportRefused) as error:
            raise Failed(str(error)) from None
        return Target(
            properties=properties,
            depends_on=sorted(program.graph[logical_id]),
            deletion_policy=str(declared.deletion_policy or "Delete"),
            update_replace_policy=str(declared.update_replace_policy or "Delete"),
            metadata=dict(declared.metadata) if declared.metadata is not None else None,
        )

    async def _begin(self, logical_id: str, stored: Resource | None) -> Resource | None:
        """Decide what to do, and keep the decision before it starts. None when nothing is to be done."""
        work = self.work
        operation = work.operation
        kind = kind_of(work.program().template.resources[logical_id].type)
        fresh = Resource(stack_id=work.stack_id, logical_id=logical_id, type=kind.name)
        standing = stored is not None and stored.owned and logical_id not in operation.gone
        resource = stored if stored is not None and standing else fresh
        before = self._before(stored)
        try:
            target = self.target(logical_id)
            references = await self._references(kind, resource, target)
        except Failed as failure:
            intent = "update" if standing else "create"
            failed: Doc = {"operation": operation.operation_id, "intent": intent, "before": before, "untouched": True}
            return work.recorder.resource(resource, f"{_STARTED[intent]}_FAILED", str(failure), **failed)
        written: Doc = {
            "depends_on": target.depends_on,
            "deletion_policy": target.deletion_policy,
            "update_replace_policy": target.update_replace_policy,
            "metadata": target.metadata,
        }
        if not standing:
            intent = "import" if logical_id in operation.imports else "create"
        elif self._unchanged(resource, target, written) and not read_again(resource.references, references):
            work.store.change_resource(resource, **written)
            return None
        else:
            intent = self._update_or_replace(kind, resource, filled(target.properties, references))
        marked: Doc = {
            **written,
            "operation": operation.operation_id,
            "intent": intent,
            "wanted": target.properties,
            "wanted_references": references,
            "wanted_name": "",
            "before": before,
            "untouched": False,
            "token": uuid4(),
        }
        if intent == "create" and standing and resource.type != STACK_TYPE:
            made = filled(resource.wanted, resource.wanted_references)
            half_made = {"physical_id": resource.physical_id, "properties": made, "policy": "Delete"}
            marked |= {"leftover": {**half_made, "first": True}, "owned": False, "physical_id": "", "attributes": {}}
        words = refusal(work, kind, resource, intent, filled(target.properties, references))
        if words:
            marked["untouched"] = True
            return work.recorder.resource(resource, f"{_STARTED[intent]}_FAILED", words, **marked)
        if kind.name not in KINDS:
            return work.recorder.resource(resource, f"{_STARTED[intent]}_IN_PROGRESS", NOT_REHEARSED, **marked)
        said = {"replace": NEW_PHYSICAL, "import": "Resource import started."}.get(intent, "")
        return work.recorder.resource(resource, f"{_STARTED[intent]}_IN_PROGRESS", said, **marked)

    def _before(self, stored: Resource | None) -> Doc | None:
        """The resource as it was when the stack was last stable."""
        if stored is None:
            return None
        since = (self.work.stack.stable or {}).get("operations", [])
        if stored.operation in since and stored.intent:
            return stored.before
        if not stored.owned:
            return None
        return {**stored.to_doc(), "before": None}

    def _unchanged(self, resource: Resource, target: Target, written: Mapping[str, Any]) -> bool:
        if resource.status in ("UPDATE_FAILED", "CREATE_FAILED", "IMPORT_FAILED"):
            return False
        if resource.logical_id in self.work.operation.again or resource.type == STACK_TYPE:
            # The template behind an inner stack's URL may have changed: CloudFormation looks each time.
            return False
        tags_same = resource.tags == self.work.stack.deployment.get("tags", {})
        return same(resource.properties, target.properties) and tags_same and resource.metadata == written["metadata"]

    async def _references(self, kind: ResourceType, resource: Resource, target: Target) -> dict[str, str]:
        """What the target's dynamic references stand for. Raises Failed."""
        if kind.name not in KINDS:
            return {}
        work = self.work
        where = {"account": work.stack.account, "region": work.stack.region}
        try:
            return await fetch(target.properties, resource.references, work.services, **where)
        except CfnError as refused:
            raise Failed(str(refused)) from None

    def _update_or_replace(self, kind: ResourceType, resource: Resource, wanted: Doc) -> str:
        if resource.status == "CREATE_FAILED":
            # Half made by an operation that was told to keep what it has: made anew.
            return "create"
        if violations(kind.name, wanted):
            return "update"
        again = recreation(kind, filled(resource.properties, resource.references), wanted)
        return "replace" if again is Recreation.ALWAYS else "update"

    async def _create(self, kind: ResourceType, resource: Resource) -> None:
        if resource.type == STACK_TYPE and resource.owned and not resource.wanted_name:
            # What stands of an inner stack is kept and gone on with.
            await self._update(kind, resource, "CREATE_COMPLETE")
        else:
            await self._make(kind, resource, "CREATE")

    async def _replace(self, kind: ResourceType, resource: Resource) -> None:
        await self._make(kind, resource, "UPDATE")

    async def _make(self, kind: ResourceType, resource: Resource, verb: str) -> None:
        """Make a physical resource, a first one or one in place of another."""
        work = self.work
        old = resource.before if resource.intent == "replace" else None
        if resource.leftover is not None and resource.leftover.get("first"):
            resource = await self._clear(resource, resource.leftover)
        wanted = filled(resource.wanted, resource.wanted_references)
        name = resource.wanted_name or kind.planned_name(work.stack.name, resource.logical_id, wanted)
        resource = work.store.change_resource(resource, wanted_name=name)
        self._check_owner(kind, resource, name)

        def made(physical_id: str) -> None:
            stored = work.store.resource(work.stack_id, resource.logical_id) or resource
            if stored.owned and stored.physical_id == physical_id:
                return
            changes: dict[str, Any] = {"physical_id": physical_id, "owned": True}
            if old is not None:
                changes["leftover"] = {
                    "physical_id": old["physical_id"],
                    "properties": filled(old["properties"], old.get("references", {})),
                    "policy": resource.update_replace_policy,
                }
            work.recorder.resource(stored, f"{verb}_IN_PROGRESS", INITIATED, **changes)

        async def act(handler: ResourceType, run: Run) -> Any:
            return await handler.create(run, name, wanted)

        attributes = await work.handle(resource, "create", act, made=made)
        self._done(resource, f"{verb}_COMPLETE", attributes)

    async def _clear(self, resource: Resource, half_made: Doc) -> Resource:
        """Remove what a failed creation left, before making it anew."""

        async def act(handler: ResourceType, run: Run) -> Any:
            await handler.delete(run, half_made["physical_id"], half_made["properties"])

        await self.work.handle(resource, "clear", act)
        return self.work.store.change_resource(resource, leftover=None)

    def _check_owner(self, kind: ResourceType, resource: Resource, name: str) -> None:
        """A custom name that a resource of this or another stack has already."""
        if resource.intent != "import" and not (kind.name_property and resource.wanted.get(kind.name_property)):
            return
        stack = self.work.stack
        owner = self.work.store.owner(kind.name, name, stack.account, stack.region)
        if owner is None or (owner.stack_id == stack.stack_id and owner.logical_id == resource.logical_id):
            return
        if owner.stack_id != stack.stack_id:
            raise Failed(f"{name} already exists in stack {owner.stack_id}")
        raise Failed(failure_reason(exists_already(kind.name, name), resource.token))

    def _done(self, resource: Resource, status: str, attributes: Doc, reason: str = "") -> None:
        self.work.recorder.resource(
            resource,
            status,
            reason,
            properties=resource.wanted,
            references=resource.wanted_references,
            attributes=attributes,
            tags=self.work.stack.deployment.get("tags", {}),
        )

    async def _update(self, kind: ResourceType, resource: Resource, status: str = "UPDATE_COMPLETE") -> None:
        async def act(handler: ResourceType, run: Run) -> Any:
            before = filled(resource.properties, resource.references)
            if self.work.operation.revert_drift and (found := await handler.read(run, resource.physical_id)):
                before = {**before, **found[0]}
            wanted = filled(resource.wanted, resource.wanted_references)
            return await handler.update(run, resource.physical_id, before, wanted)

        attributes = await self.work.handle(resource, "update", act)
        self._done(resource, status, attributes)

    async def _import(self, kind: ResourceType, resource: Resource) -> None:
        """Take in what exists: nothing but its tags is changed."""
        work = self.work
        identifier = next(iter(work.operation.imports[resource.logical_id].values()))

        async def read(handler: ResourceType, run: Run) -> Any:
            return await handler.read(run, str(identifier))

        found = await work.handle(resource, "read", read)
        if found is None:
            raise Failed(f"Resource of type '{kind.name}' with identifier '{identifier}' was not found.")
        actual, attributes = found
        physical_id = str(attributes.get("TopicArn") or identifier)
        self._check_owner(kind, resource, physical_id)
        resource = work.store.change_resource(resource, physical_id=physical_id, owned=True)
        self._done(resource, "IMPORT_COMPLETE", attributes, "Resource import completed.")
        if work.stack.status == "IMPORT_IN_PROGRESS" or work.stack.deployment.get("tags"):
            words = "Apply stack-level tags to imported resource if applicable."
            resource = work.recorder.resource(resource, "UPDATE_IN_PROGRESS", words)

            async def tag(handler: ResourceType, run: Run) -> Any:
                return await handler.update(run, physical_id, actual, actual)

            attributes = await work.handle(resource, "tag", tag)
            self._done(resource, "UPDATE_COMPLETE", attributes)
