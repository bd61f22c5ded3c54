"""Wildcards as IAM reads them: ``*`` for any characters, ``?`` for one; in ARNs, part by part.

Matching takes time proportional to pattern times text at worst, whatever the pattern: no backtracking into the past star but
one. Sources: IAM user guide, "IAM JSON policy elements: Resource" and "Condition operators", ARN operators.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache


class Wild(Enum):
    """A wildcard. FENCED does not go beyond a colon."""

    ANY = "*"
    FENCED = "*:"
    ONE = "?"
    ONE_FENCED = "?:"


Pattern = tuple[str | Wild, ...]
"""Single characters and wildcards, in order."""


@lru_cache(maxsize=4096)
def plain(text: str) -> Pattern:
    """A pattern in which no character is a wildcard."""
    return tuple(text)


@lru_cache(maxsize=4096)
def like(text: str) -> Pattern:
    """A pattern in which ``*`` and ``?`` match anything."""
    return tuple({"*": Wild.ANY, "?": Wild.ONE}.get(char, char) for char in text)


def matches(pattern: Pattern, text: str) -> bool:
    """Whether the whole text is what the pattern says."""
    literal = _literal(pattern)
    if literal is not None:
        return literal == text
    at = place = 0
    star, resume = -1, 0
    while place < len(text):
        part = pattern[at] if at < len(pattern) else None
        if isinstance(part, Wild) and part in (Wild.ANY, Wild.FENCED):
            star, resume = at, place
            at += 1
            continue
        if part is not None and _one(part, text[place]):
            at += 1
            place += 1
            continue
        if star < 0 or (pattern[star] is Wild.FENCED and text[resume] == ":"):
            return False
        resume += 1
        at, place = star + 1, resume
    return all(isinstance(part, Wild) and part in (Wild.ANY, Wild.FENCED) for part in pattern[at:])


@lru_cache(maxsize=4096)
def _literal(pattern: Pattern) -> str | None:
    """The text of a pattern without wildcards."""
    parts = [part for part in pattern if isinstance(part, str)]
    return "".join(parts) if len(parts) == len(pattern) else None


def _one(part: str | Wild, char: str) -> bool:
    if part is Wild.ONE:
        return True
    if part is Wild.ONE_FENCED:
        return char != ":"
    return part == char


def fence(pattern: Pattern) -> Pattern:
    """The pattern as a Resource reads it: before the resource part (the fifth colon) a wildcard stays in its segment.

    A ``*`` that ends a segment may go beyond its colon: ``arn:aws:dynamodb:*`` is everything of DynamoDB.
    """
    fenced: list[str | Wild] = []
    colons = 0
    for at, part in enumerate(pattern):
        if part == ":":
            colons += 1
        ends = at + 1 == len(pattern) or pattern[at + 1] == ":"
        if colons < 5 and part is Wild.ANY and not ends:
            part = Wild.FENCED
        elif colons < 5 and part is Wild.ONE:
            part = Wild.ONE_FENCED
        fenced.append(part)
    return tuple(fenced)


def segments(pattern: Pattern) -> tuple[Pattern, ...]:
    """An ARN pattern taken apart at its first five colons."""
    parts: list[list[str | Wild]] = [[]]
    for part in pattern:
        if part == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(part)
    return tuple(tuple(part) for part in parts)


def arn_matches(pattern: Pattern, arn: str) -> bool:
    """Whether an ARN is what the pattern says, each of the six parts by itself, as the Arn operators compare."""
    wanted, given = segments(pattern), arn.split(":", 5)
    if len(wanted) != 6 or len(given) != 6:
        return False
    return all(matches(part, text) for part, text in zip(wanted, given, strict=True))
