"""What a deployment would change in a stack, before anything runs: the basis of "no updates" and of change sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tablewright.local.cloudformation import outputs
from tablewright.local.cloudformation.compare import Difference, differences, recreation, same
from tablewright.local.cloudformation.documents import Doc, Resource, Stack
from tablewright.local.cloudformation.events import STACK_TYPE
from tablewright.local.cloudformation.intrinsics import KNOWN_AFTER_APPLY, resolve
from tablewright.local.cloudformation.program import Program
from tablewright.local.cloudformation.resources.plain.record import placeholder_attribute
from tablewright.local.cloudformation.resources.protocol import Recreation
from tablewright.local.cloudformation.resources.registry import KINDS, kind_of
from tablewright.local.cloudformation.schema import violations
from tablewright.local.cloudformation.states import RESOURCE_GONE
from tablewright.local.cloudformation.store import Store


@dataclass(frozen=True, slots=True)
class Change:
    """What is to happen to one resource."""

    action: str
    """Add, Modify, Remove or Import."""
    logical_id: str
    type: str
    before: Resource | None
    after: Doc
    differences: tuple[Difference, ...] = ()
    scope: tuple[str, ...] = ()
    recreation: Recreation = Recreation.NEVER
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Doc | None = None


@dataclass(slots=True)
class Forecast:
    """Resolves a program against what stands, knowing which resources will be made anew."""

    store: Store
    stack: Stack
    program: Program
    remade: set[str] = field(default_factory=set)

    def known(self, logical_id: str, attribute: str) -> Any:
        resource = self.store.resource(self.stack.stack_id, logical_id)
        if resource is None or not resource.owned or logical_id in self.remade:
            return None
        if attribute and resource.type not in KINDS:
            return placeholder_attribute(logical_id, attribute)
        return resource.attributes.get(attribute) if attribute else resource.physical_id

    def imported(self, name: str) -> str:
        try:
            return outputs.lookup(self.store, self.stack)(name)
        except outputs.ExportRefused:
            return KNOWN_AFTER_APPLY


def ordered(program: Program) -> list[str]:
    """Active logical IDs, what is needed first."""
    done: list[str] = []
    waiting = dict(program.graph)
    while waiting:
        ready = sorted(name for name, needs in waiting.items() if needs <= set(done))
        done += ready
        for name in ready:
            del waiting[name]
    return done


def changes(store: Store, stack: Stack, program: Program, deployment: Doc) -> list[Change]:
    """Every change to a resource, in the order of the logical IDs."""
    forecast = Forecast(store, stack, program)
    standing = {n: r for n, r in store.resources(stack.stack_id).items() if r.owned and r.status not in RESOURCE_GONE}
    found: list[Change] = []
    for name in ordered(program):
        declared = program.template.resources[name]
        after = resolve(dict(declared.properties), program.values(forecast.known, forecast.imported))
        before = standing.get(name)
        keep = str(declared.deletion_policy or "Delete"), str(declared.update_replace_policy or "Delete")
        metadata = dict(declared.metadata) if declared.metadata is not None else None
        if before is None:
            forecast.remade.add(name)
            found.append(Change("Add", name, declared.type, None, after, (), (), Recreation.NEVER, *keep, metadata))
            continue
        change = _modification(before, after, deployment, metadata, keep)
        if change is not None:
            found.append(change)
            if change.recreation is Recreation.ALWAYS:
                forecast.remade.add(name)
    for name, resource in standing.items():
        if name not in program.graph:
            found.append(Change("Remove", name, resource.type, resource, {}, deletion_policy=resource.deletion_policy))
    return sorted(found, key=lambda change: change.logical_id)


def _modification(
    before: Resource, after: Doc, deployment: Doc, metadata: Doc | None, keep: tuple[str, str]
) -> Change | None:
    scope: list[str] = []
    differ = tuple(differences(before.properties, after))
    if any(d.path[:1] != ("Tags",) for d in differ):
        scope.append("Properties")
    if any(d.path[:1] == ("Tags",) for d in differ) or before.tags != deployment.get("tags", {}):
        scope.append("Tags")
    if not same(before.metadata, metadata):
        scope.append("Metadata")
    if before.deletion_policy != keep[0]:
        scope.append("DeletionPolicy")
    if before.update_replace_policy != keep[1]:
        scope.append("UpdateReplacePolicy")
    if before.type == STACK_TYPE and "Properties" not in scope:
        # The template behind the URL may have changed; only the inner stack's own change set can tell.
        scope.append("Properties")
    if not scope:
        return None
    # Properties of the wrong form are refused as they are; nothing can be told from them.
    formed = not violations(before.type, after)
    level = recreation(kind_of(before.type), before.properties, after) if formed else Recreation.NEVER
    return Change("Modify", before.logical_id, before.type, before, after, differ, tuple(scope), level, *keep, metadata)


def no_updates(store: Store, stack: Stack, program: Program, deployment: Doc) -> bool:
    """Whether deploying would change neither a resource nor an output."""
    return not changes(store, stack, program, deployment) and not outputs_change(store, stack, program)


def outputs_change(store: Store, stack: Stack, program: Program) -> bool:
    forecast = Forecast(store, stack, program)
    new = outputs.resolve_outputs(program, program.values(forecast.known, forecast.imported))
    return new != stack.outputs
