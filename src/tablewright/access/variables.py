"""Policy variables: ``${aws:username}`` in a resource or a condition value becomes what the request says.

A variable whose key has no value (or several) and no default makes the whole text match nothing; what is put in is taken
literally, wildcards included. Source: IAM user guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tablewright.access.glob import Pattern, Wild

_VARIABLE = re.compile(r"\$\{\s*(?:([*?$])|([^{},'\s][^{},']*?)\s*(?:,\s*'([^']*)'\s*)?)\}")

Context = Mapping[str, tuple[str, ...]]
"""Condition key, in lower case, -> its values in the request."""


def pattern(text: str, context: Context, read: Callable[[str], Pattern], *, variables: bool = True) -> Pattern | None:
    """The text with its variables filled in; ``read`` reads what stands between. None where a variable has no value."""
    if not variables or "${" not in text:
        return read(text)
    parts: list[str | Wild] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        parts += read(text[end : found.start()])
        end = found.end()
        special, key, default = found.groups()
        value = special if special else _value(key, default, context)
        if value is None:
            return None
        parts += value
    parts += read(text[end:])
    return tuple(parts)


def mentioned(text: str) -> tuple[str, ...]:
    """The keys of the variables in a text, as written."""
    return tuple(key for special, key, _ in _VARIABLE.findall(text) if not special)


def _value(key: str, default: str | None, context: Context) -> str | None:
    values = context.get(key.lower(), ())
    return values[0] if len(values) == 1 and values[0] else default
