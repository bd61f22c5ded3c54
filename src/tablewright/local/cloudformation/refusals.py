"""What CloudFormation refuses by itself about a resource of an update, before any handler runs."""

from __future__ import annotations

from tablewright.local.cloudformation import stack_policy
from tablewright.local.cloudformation.compare import custom_name
from tablewright.local.cloudformation.documents import Doc, Resource
from tablewright.local.cloudformation.dynamic import filled
from tablewright.local.cloudformation.resources.protocol import ResourceType
from tablewright.local.cloudformation.schema import message, violations
from tablewright.local.cloudformation.work import Work


def refusal(work: Work, kind: ResourceType, resource: Resource, intent: str, wanted: Doc) -> str:
    """The status reason of what is refused, or empty."""
    if problems := violations(kind.name, wanted):
        return message(resource.logical_id, problems, static=False)
    if unimitated := kind.unimitated(wanted):
        return f"The embedded AWS does not imitate {', '.join(unimitated)} of {kind.name}."
    action = {"update": stack_policy.MODIFY, "replace": stack_policy.REPLACE}.get(intent)
    if action and (words := _denied(work, action, resource.logical_id, resource.type)):
        return words
    if intent != "replace":
        return ""
    if name := custom_name(kind, filled(resource.properties, resource.references), wanted):
        return (
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {name} and update the stack again."
        )
    if work.operation.on_failure == "DO_NOTHING":
        return "Replacement type updates not supported on stack with disable-rollback."
    return ""


def denied_removal(work: Work) -> str:
    """A removal that the stack policy forbids fails the update before it starts."""
    program = work.program()
    for name, resource in work.store.resources(work.stack_id).items():
        gone = name not in program.graph and resource.owned
        if gone and (words := _denied(work, stack_policy.DELETE, name, resource.type)):
            return words
    return ""


def _denied(work: Work, action: str, logical_id: str, kind: str) -> str:
    policy = work.operation.policy_during_update or work.stack.policy
    return stack_policy.denial(policy, action, logical_id, kind)
