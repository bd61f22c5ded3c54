"""SetStackPolicy and GetStackPolicy."""

from __future__ import annotations

import json

from tablewright.local.cloudformation.actions.call import Call
from tablewright.local.cloudformation.documents import Doc
from tablewright.local.cloudformation.errors import validation


async def set_stack_policy(call: Call) -> Doc:
    stack = call.stack()
    body = call.get("StackPolicyBody")
    if body is None:
        raise validation("You must specify either the StackPolicyBody or StackPolicyURL parameter.")
    check_policy(str(body))
    call.store.change_stack(stack.stack_id, policy=str(body))
    return {}


def check_policy(body: str) -> None:
    """Refuse a policy that isn't a document of statements."""
    try:
        document = json.loads(body)
    except ValueError:
        raise validation("Error validating stack policy: Invalid stack policy") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise validation("Error validating stack policy: Invalid stack policy")


async def get_stack_policy(call: Call) -> Doc:
    return {"StackPolicyBody": call.stack().policy or None}
