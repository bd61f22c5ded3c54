"""The phases that remove resources: deletion of a stack, rollback of its creation, clean-up after an update or its rollback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tablewright.local.cloudformation.documents import Doc, Resource
from tablewright.local.cloudformation.durations import CLEANUP_S, STACK_TRANSITION_S
from tablewright.local.cloudformation.dynamic import filled
from tablewright.local.cloudformation.handling import Run
from tablewright.local.cloudformation.holding import wait_for_children, wait_for_parent
from tablewright.local.cloudformation.naming import uuid4
from tablewright.local.cloudformation.resources.protocol import ResourceType
from tablewright.local.cloudformation.scheduler import in_order, reversed_graph
from tablewright.local.cloudformation.states import RESOURCE_GONE, Verdict
from tablewright.local.cloudformation.work import Failed, Stopped, Work

KEPT = frozenset({"Retain", "RetainExceptOnCreate"})
CLEANUP_TRIES = 3


async def delete_stack(work: Work) -> tuple[Verdict, str]:
    """Everything goes, but for what a policy or the request keeps."""
    await work.clock.sleep(STACK_TRANSITION_S)
    return await _remove_all(work, keeps=_kept_on_delete)


async def roll_back_creation(work: Work) -> tuple[Verdict, str]:
    """What the creation made goes again; what it took in is let go of."""
    await work.clock.sleep(STACK_TRANSITION_S)
    verdict, reason = await _remove_all(work, keeps=_kept_on_rollback)
    if verdict is Verdict.DONE:
        work.store.change_stack(work.stack_id, outputs=[], imports=[])
    return verdict, reason


def _kept_on_delete(work: Work, resource: Resource) -> bool:
    return resource.deletion_policy in KEPT or resource.logical_id in work.operation.retain


def _kept_on_rollback(work: Work, resource: Resource) -> bool:
    """RetainExceptOnCreate deletes what this very operation created; an import is never deleted by its rollback."""
    if resource.intent == "import" and resource.before is None:
        return True
    except_on_create = work.stack.retain_except_on_create or work.operation.retain_except_on_create
    return resource.deletion_policy == "Retain" and not except_on_create


async def _remove_all(work: Work, keeps: Callable[[Work, Resource], bool]) -> tuple[Verdict, str]:
    resources = work.store.resources(work.stack_id)
    standing = {name for name, resource in resources.items() if resource.status not in RESOURCE_GONE}
    graph = {name: frozenset(resource.depends_on) for name, resource in resources.items()}
    failed: list[str] = []

    async def work_on(name: str) -> bool:
        resource = work.store.resource(work.stack_id, name)
        assert resource is not None
        if await remove(work, resource, kept=keeps(work, resource)):
            return True
        failed.append(name)
        return False

    complete = await in_order(reversed_graph(graph, standing), work_on, go_on=lambda: not work.stop)
    if complete:
        return Verdict.DONE, ""
    return Verdict.FAILED, f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]. "


async def remove(work: Work, resource: Resource, *, kept: bool) -> bool:
    """Delete one resource, or let go of it; False when it could not be deleted."""
    recorder = work.recorder
    if not resource.owned:
        # Nothing was made: there is nothing to delete.
        recorder.resource(resource, "DELETE_COMPLETE")
        return True
    if kept:
        recorder.resource(resource, "DELETE_SKIPPED", owned=False)
        return True
    if not (resource.status == "DELETE_IN_PROGRESS" and resource.operation == work.operation_id):
        marks: dict[str, Any] = {
            "operation": work.operation_id,
            "intent": resource.intent or "delete",
            "token": uuid4(),
        }
        resource = recorder.resource(resource, "DELETE_IN_PROGRESS", **marks)
    try:
        wanted = {} if resource.untouched else filled(resource.wanted, resource.wanted_references)
        properties = wanted or filled(resource.properties, resource.references)
        await delete_physical(work, resource, resource.physical_id, properties, "delete")
    except Stopped:
        return False
    except Failed as failure:
        if work.operation.force:
            recorder.resource(resource, "DELETE_SKIPPED", str(failure), owned=False)
            return True
        recorder.resource(resource, "DELETE_FAILED", str(failure))
        return False
    recorder.resource(resource, "DELETE_COMPLETE", owned=False)
    return True


async def delete_physical(work: Work, resource: Resource, physical_id: str, properties: Doc, verb: str) -> None:
    """Run the delete handler on a physical resource, the resource's own or one it left behind. Raises Failed."""

    async def act(handler: ResourceType, run: Run) -> Any:
        await handler.delete(run, physical_id, properties)

    await work.handle(resource, verb, act)


async def clean_up_update(work: Work) -> tuple[Verdict, str]:
    """After an update: what was replaced, and what the new template no longer has."""
    await wait_for_parent(work)
    if work.stop:
        # Superseded: rolled back with the stack around it, updated once more, or deleted.
        return Verdict.DONE, ""
    program = work.program()
    gone = [r for name, r in work.store.resources(work.stack_id).items() if name not in program.graph]
    verdict = await _clean_up(work, gone, keeps=lambda resource: resource.deletion_policy in KEPT)
    await wait_for_children(work)
    return verdict


async def clean_up_rollback(work: Work) -> tuple[Verdict, str]:
    """After an update was rolled back: what it created, and what it made in place of something."""
    created = [
        resource
        for resource in work.store.resources(work.stack_id).values()
        if resource.intent in ("create", "import") and resource.before is None and resource.operation in since(work)
    ]
    verdict = await _clean_up(work, created, keeps=lambda resource: _kept_on_rollback(work, resource))
    work.store.change_stack(work.stack_id, stable=None)
    return verdict


async def roll_back_import(work: Work) -> tuple[Verdict, str]:
    """Let go of what was taken in: nothing is deleted."""
    await work.clock.sleep(STACK_TRANSITION_S)
    stable = work.stack.stable
    failed = []
    for name, resource in work.store.resources(work.stack_id).items():
        if resource.operation != work.operation_id or resource.before is not None:
            continue
        started = work.recorder.resource(resource, "IMPORT_ROLLBACK_IN_PROGRESS")
        try:
            await work.release(started)
        except (Failed, Stopped) as failure:
            work.recorder.resource(started, "IMPORT_ROLLBACK_FAILED", str(failure))
            failed.append(name)
            continue
        work.recorder.resource(started, "IMPORT_ROLLBACK_COMPLETE", owned=False)
        work.store.drop_resource(work.stack_id, name)
    if failed:
        return Verdict.FAILED, f"The following resource(s) failed to roll back: [{', '.join(sorted(failed))}]. "
    if stable is not None:
        fields = ("deployment", "outputs", "imports")
        work.store.change_stack(work.stack_id, **{name: stable[name] for name in fields}, stable=None)
    return Verdict.DONE, ""


def since(work: Work) -> frozenset[str]:
    """The operations since the stack was last stable, this one among them."""
    return frozenset([*(work.stack.stable or {}).get("operations", []), work.operation_id])


async def _clean_up(work: Work, gone: list[Resource], keeps: Callable[[Resource], bool]) -> tuple[Verdict, str]:
    await work.clock.sleep(CLEANUP_S)
    for resource in work.store.resources(work.stack_id).values():
        if resource.leftover is not None:
            await _remove_leftover(work, resource, resource.leftover)
    graph = {resource.logical_id: frozenset(resource.depends_on) for resource in gone}

    async def work_on(name: str) -> bool:
        resource = work.store.resource(work.stack_id, name)
        assert resource is not None
        for _ in range(CLEANUP_TRIES):
            if await remove(work, resource, kept=keeps(resource)):
                break
        work.store.drop_resource(work.stack_id, name)
        return True

    await in_order(reversed_graph(graph, set(graph)), work_on, go_on=lambda: True)
    settled: Doc = {"intent": "", "before": None, "wanted": {}, "wanted_references": {}, "untouched": False}
    settled |= {"wanted_name": "", "leftover": None}
    for resource in work.store.resources(work.stack_id).values():
        if resource.intent:
            work.store.change_resource(resource, **settled)
    return Verdict.DONE, ""


async def _remove_leftover(work: Work, resource: Resource, leftover: Doc) -> None:
    """Delete a replaced physical resource; after three failures it is skipped and forgotten."""
    said = work.recorder.said
    physical_id = str(leftover["physical_id"])
    if leftover["policy"] in KEPT:
        said(resource, "DELETE_SKIPPED", physical_id=physical_id)
        return
    for _ in range(CLEANUP_TRIES):
        said(resource, "DELETE_IN_PROGRESS", physical_id=physical_id)
        try:
            await delete_physical(work, resource, physical_id, leftover["properties"], "cleanup")
        except Failed as failure:
            said(resource, "DELETE_FAILED", str(failure), physical_id=physical_id)
        else:
            said(resource, "DELETE_COMPLETE", physical_id=physical_id)
            return


Phase = Callable[[Work], Awaitable[tuple[Verdict, str]]]
