"""SetStackPolicy and GetStackPolicy."""

from __future__ import annotations

from collections.abc import Iterable

from tablewright.local.cloudformation.actions.call import Call
from tablewright.local.cloudformation.deployment import from_s3, program_of
from tablewright.local.cloudformation.documents import Doc
from tablewright.local.cloudformation.errors import validation
from tablewright.local.cloudformation.stack_policy import malformed


async def set_stack_policy(call: Call) -> Doc:
    stack = call.stack()
    known = program_of(call.store, stack, stack.deployment).graph if stack.deployment.get("template") else {}
    body = await given_policy(call, "StackPolicy", known)
    if not body:
        raise validation("You must specify either the StackPolicyBody or StackPolicyURL parameter.")
    call.store.change_stack(stack.stack_id, policy=body)
    return {}


async def given_policy(call: Call, member: str, logical_ids: Iterable[str]) -> str:
    """The policy that a request gives as `member`Body or `member`URL, checked; empty when it gives none."""
    body, url = call.get(f"{member}Body"), call.get(f"{member}URL")
    if body is not None and url is not None:
        raise validation(f"You cannot specify both {member}URL and {member}Body")
    if url is not None:
        body = await from_s3(str(url), call.services, call.account, call.region)
    if body is None:
        return ""
    if words := malformed(str(body), frozenset(logical_ids)):
        raise validation(f"Error validating stack policy: {words}")
    return str(body)


async def get_stack_policy(call: Call) -> Doc:
    return {"StackPolicyBody": call.stack().policy or None}
