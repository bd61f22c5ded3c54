"""Names taken apart, for rules that judge by names."""

from __future__ import annotations

import re
from functools import cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@cache
def camel_words(name: str) -> list[str]:
    """The words of a name in lower case: ``orderStatus``, ``order_status`` and ``OrderStatus`` alike."""
    return [word.lower() for word in _WORD.findall(name)]


def style_of(name: str) -> str | None:
    """The naming style that a name surely has: camelCase, snake_case, PascalCase or kebab-case; None for a plain word."""
    if re.fullmatch(r"[a-z]+[a-z0-9]*(_[a-z0-9]+)+", name):
        return "snake_case"
    if re.fullmatch(r"[a-z]+[a-z0-9]*(-[a-z0-9]+)+", name):
        return "kebab-case"
    if re.fullmatch(r"[a-z]+[0-9]*([A-Z][a-z0-9]*)+", name):
        return "camelCase"
    if re.fullmatch(r"([A-Z][a-z0-9]+){1,}", name) and not name.isupper():
        return "PascalCase"
    return None


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())
