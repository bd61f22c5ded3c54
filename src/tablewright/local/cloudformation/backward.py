"""The phase that undoes an update: every resource that it touched goes back to what it was."""

from __future__ import annotations

from typing import Any

from tablewright.local.cloudformation.documents import Doc, Resource
from tablewright.local.cloudformation.durations import STACK_TRANSITION_S
from tablewright.local.cloudformation.dynamic import filled
from tablewright.local.cloudformation.handling import Run
from tablewright.local.cloudformation.naming import uuid4
from tablewright.local.cloudformation.removal import since
from tablewright.local.cloudformation.resources.protocol import ResourceType
from tablewright.local.cloudformation.scheduler import in_order
from tablewright.local.cloudformation.states import Verdict
from tablewright.local.cloudformation.work import Failed, Stopped, Work


async def roll_back_update(work: Work) -> tuple[Verdict, str]:
    """Restore what was updated or replaced; what was created is removed in the clean-up that follows."""
    await work.clock.sleep(STACK_TRANSITION_S)
    _restore_deployment(work)
    operations = since(work)
    touched = {
        name: resource
        for name, resource in work.store.resources(work.stack_id).items()
        if resource.operation in operations and resource.before is not None and resource.intent
    }
    graph = {
        name: frozenset(other for other in (resource.before or {}).get("depends_on", []) if other in touched)
        for name, resource in touched.items()
    }
    failed: list[str] = []

    async def work_on(name: str) -> bool:
        resource = work.store.resource(work.stack_id, name)
        assert resource is not None and resource.before is not None
        if await _restore(work, resource, resource.before):
            return True
        failed.append(name)
        return False

    if await in_order(graph, work_on, go_on=lambda: not work.stop):
        return Verdict.DONE, ""
    return Verdict.FAILED, f"The following resource(s) failed to update: [{', '.join(sorted(failed))}]. "


def _restore_deployment(work: Work) -> None:
    """Template, parameters, tags and outputs of before; handlers run with the old tags again."""
    stable = work.stack.stable
    if stable is not None:
        fields = ("deployment", "outputs", "imports")
        work.store.change_stack(work.stack_id, **{name: stable[name] for name in fields})


async def _restore(work: Work, resource: Resource, before: Doc) -> bool:
    """Bring one resource back; False when that failed."""
    recorder = work.recorder
    if resource.logical_id in work.operation.skip:
        # Skipped at the user's word: taken as restored, whatever it really is.
        recorder.resource(resource, "UPDATE_COMPLETE", **_as_before(before))
        return True
    if resource.status == "UPDATE_COMPLETE" and resource.intent == "restored":
        return True
    if resource.physical_id != before["physical_id"] or resource.intent == "replace":
        made = resource.physical_id != before["physical_id"]
        wanted = filled(resource.wanted, resource.wanted_references)
        leftover = {"physical_id": resource.physical_id, "properties": wanted, "policy": "Delete"} if made else None
        recorder.resource(resource, "UPDATE_COMPLETE", **_as_before(before), leftover=leftover)
        return True
    if not (
        resource.status == "UPDATE_IN_PROGRESS"
        and resource.operation == work.operation_id
        and resource.intent == "restore"
    ):
        marks = {"operation": work.operation_id, "intent": "restore", "token": uuid4()}
        resource = recorder.resource(resource, "UPDATE_IN_PROGRESS", **marks)

    async def act(handler: ResourceType, run: Run) -> Any:
        wanted = filled(resource.wanted, resource.wanted_references)
        if resource.untouched:
            # Refused before anything was done: it is what it was last brought to.
            wanted = filled(resource.properties, resource.references)
        old = filled(before["properties"], before.get("references", {}))
        return await handler.update(run, resource.physical_id, wanted, old)

    try:
        attributes = await work.handle(resource, "restore", act)
    except (Failed, Stopped) as failure:
        recorder.resource(resource, "UPDATE_FAILED", str(failure))
        return False
    recorder.resource(resource, "UPDATE_COMPLETE", **{**_as_before(before), "attributes": attributes})
    return True


def _as_before(before: Doc) -> Doc:
    """The fields that go back."""
    names = (
        "physical_id",
        "owned",
        "properties",
        "references",
        "attributes",
        "tags",
        "depends_on",
        "deletion_policy",
        "update_replace_policy",
        "metadata",
    )
    return {**{name: before[name] for name in names if name in before}, "intent": "restored"}
