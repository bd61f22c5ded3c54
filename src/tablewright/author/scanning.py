"""Where values end in a text, and how they are quoted there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tablewright.author.writing import Value, as_plain, json_text, quoted, scalar


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


def flow_gap(text: str, start: int) -> str:
    """What stands within the braces that open here."""
    return " " if re.match(r"[\[{] ", text[start:]) else ""


@dataclass(frozen=True, slots=True)
class JsonStyle:
    """How JSON is written at a place: ``indent`` is what stands before it on its line, None where it shares that line.

    ``step`` is one indentation more, ``comma`` and ``colon`` separate within a line, ``gap`` stands within its braces.
    """

    indent: str | None
    step: str
    comma: str
    colon: str
    gap: str

    def written(self, value: Value, newline: str) -> str:
        """The value as it would be written there."""
        if self.indent is None:
            return self.flat(value)
        return json_text(value, self.indent, self.step).replace("\n", newline)

    def flat(self, value: Value) -> str:
        """The value in one line."""
        return _padded(json.dumps(as_plain(value), ensure_ascii=False, separators=(self.comma, self.colon)), self.gap)

    def entry(self, key: str, value: Value, newline: str) -> str:
        """An entry of an object."""
        return f'"{key}"{self.colon if self.indent is None else ": "}{self.written(value, newline)}'


def json_style(text: str, at: int) -> JsonStyle:
    """How the entry or item at an offset is written."""
    line = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    before = text[line:at]
    steps = re.search(r"[\r\n]([ \t]+)\S", text)
    step = "  " if steps is None else "\t" if steps[1][0] == "\t" else steps[1]
    colon = re.search(r'"\s*(:\s*)', text[at:]) or re.search(r'"\s*(:\s*)', text)
    spaced = colon is not None and colon[1] != ":"
    own = before if not before.strip() else None
    return JsonStyle(own, step, ", " if spaced else ",", ": " if spaced else ":", flow_gap(text, at))


def _padded(written: str, gap: str) -> str:
    """``{"a": 1}`` as ``{ "a": 1 }``."""
    return f"{written[0]}{gap}{written[1:-1]}{gap}{written[-1]}" if written[:1] in ("{", "[") and gap else written


def plain_end(text: str, start: int) -> int | None:
    """Where the plain word that starts here ends; None where there is none."""
    found = re.compile(r"[A-Za-z0-9_.+-]+").match(text, start)
    return found.end() if found else None


def key_quote(text: str, start: int) -> str:
    """What stands around the key, or the text, that starts here; empty where nothing does."""
    return text[start] if text[start : start + 1] in ("'", '"') else ""


def quoted_like(quote: str, value: str | int | bool) -> str:
    """A scalar in the quotes that the one before it had."""
    if not isinstance(value, str):
        return scalar(value)
    return quoted(quote, value)
