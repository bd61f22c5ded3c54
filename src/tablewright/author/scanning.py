"""Where values end in a text, and how they are quoted there."""

from __future__ import annotations

import re

from tablewright.author.writing import scalar


def flow_end(text: str, start: int) -> int:
    """Where the flow element that starts here ends."""
    depth, at, quote = 0, start, ""
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "[{":
            depth += 1
        elif char in "]}," and not depth:
            break
        elif char in "]}":
            depth -= 1
        at += 1
    return len(text[:at].rstrip())


def json_indent(text: str, at: int) -> int:
    """How far the line of an offset is indented; 0 where something stands before it on the line."""
    line = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    before = text[line:at]
    return len(before) if not before.strip() else 0


def plain_end(text: str, start: int) -> int | None:
    """Where the plain word that starts here ends; None where there is none."""
    found = re.compile(r"[A-Za-z0-9_.+-]+").match(text, start)
    return found.end() if found else None


def quoted_like(quote: str, value: str | int | bool) -> str:
    """A scalar in the quotes that the one before it had."""
    if not isinstance(value, str):
        return scalar(value)
    return (
        "'" + value.replace("'", "''") + "'"
        if quote == "'"
        else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
