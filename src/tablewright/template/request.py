"""What a person gives beside a template: a stack's name and its tags, checked before anything is asked of AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tablewright.errors import UsageError

_STACK_NAME = re.compile(r"[A-Za-z][-A-Za-z0-9]{0,127}")
"""Source: CloudFormation API reference, CreateStack, StackName."""

_MOST_TAGS, _LONGEST_KEY, _LONGEST_VALUE = 50, 128, 256
"""Source: CloudFormation API reference, Tag and CreateStack."""


def check_stack_name(stack: str) -> None:
    """Raise UsageError where no stack can have that name."""
    if not _STACK_NAME.fullmatch(stack):
        shown = stack if len(stack) <= 140 else f"{stack[:137]}..."
        raise UsageError(
            "malformed-stack-name",
            "That is not a stack's name",
            f"'{shown}': a stack's name has letters, digits and hyphens, starts with a letter, and is at most 128 characters "
            "long. An id (arn:...) names a stack that exists; it cannot be deployed to by it.",
        )


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise UsageError where AWS would take no such tags, or would keep them for itself."""
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            raise _malformed(f"'{key}': keys that begin with aws: are AWS's own and cannot be given.")
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise _malformed(f"'{key[:40]}': a key has 1 to {_LONGEST_KEY} characters.")
        if len(value) > _LONGEST_VALUE:
            raise _malformed(f"'{key}': its value has {len(value)} characters, and at most {_LONGEST_VALUE} are taken.")
    if len(tags) > _MOST_TAGS:
        raise _malformed(f"There are {len(tags)} tags, and a stack takes at most {_MOST_TAGS}.")


def _malformed(what: str) -> UsageError:
    return UsageError("malformed-tags", "The stack cannot have these tags", what)
