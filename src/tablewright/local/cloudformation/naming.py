"""Identifiers that CloudFormation makes: stack ARNs, physical ids, event ids."""

from __future__ import annotations

import secrets
import string
import uuid

from tablewright.local.cloudformation.program import partition

_ALPHABET = string.ascii_uppercase + string.digits
_LOWER = string.ascii_lowercase + string.digits


def uuid4() -> str:
    return str(uuid.uuid4())


def stack_arn(account: str, region: str, name: str) -> str:
    return f"arn:{partition(region)}:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}"


def change_set_arn(account: str, region: str, name: str) -> str:
    return f"arn:{partition(region)}:cloudformation:{region}:{account}:changeSet/{name}/{uuid.uuid4()}"


def physical_name(stack: str, logical_id: str, *, limit: int = 255, lower: bool = False) -> str:
    """`stack-logical-RANDOM`, shortened in its first two parts to fit `limit` characters.

    Source: user guide, "Name type": a unique physical ID from the stack's name, the logical ID and a random suffix.
    """
    length = 13
    suffix = "".join(secrets.choice(_LOWER if lower else _ALPHABET) for _ in range(length))
    room = limit - length - 2
    if len(stack) + len(logical_id) > room:
        half = room // 2
        keep = max(half, room - len(logical_id))
        stack = stack[:keep]
        logical_id = logical_id[: room - len(stack)]
    name = f"{stack}-{logical_id}-{suffix}"
    return name.lower() if lower else name
