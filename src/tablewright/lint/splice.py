"""Edits of a text at the places of its nodes: entries removed, added and moved without touching anything else.

Works on block YAML and on JSON. Where a place is written in another way (flow YAML, an entry on the line of its list item),
nothing is offered: a fix must leave comments, order and quoting as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from json import JSONDecodeError, JSONDecoder

from tablewright.model.design import Position
from tablewright.model.finding import Edit

_BREAK = re.compile(r"\r\n|\n|\r")
_DASH = re.compile(r"-(?: |$)")


@dataclass
class Document:
    """A text that is edited."""

    text: str

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line."""
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    @cached_property
    def is_json(self) -> bool:
        """Whether it is JSON, by its first sign."""
        return self.text.lstrip("\ufeff \t\r\n")[:1] == "{"

    @cached_property
    def newline(self) -> str:
        """The line break that it uses."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def offset(self, at: Position) -> int:
        """The offset of a place."""
        return self.starts[at.line - 1] + at.column - 1

    def line(self, number: int) -> str:
        """A line by its number, without its break."""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end].rstrip("\r\n")

    def end_of_line(self, number: int) -> int:
        """The offset after the break of a line."""
        return self.starts[number] if number < len(self.starts) else len(self.text)

    # YAML

    def block_lines(self, at: Position) -> tuple[int, int] | None:
        """First and last line of the block entry, or list item, at a place; None where it is not alone on its line."""
        before = self.line(at.line)[: at.column - 1]
        if before.strip():
            return None
        indent, last = at.column - 1, at.line
        is_item = _DASH.match(self.line(at.line)[indent:]) is not None
        for number in range(at.line + 1, len(self.starts) + 1):
            line = self.line(number)
            stripped = line.lstrip(" ")
            if not stripped or stripped.startswith("#"):
                continue
            depth = len(line) - len(stripped)
            if depth < indent or (depth == indent and (is_item or not _DASH.match(stripped))):
                break
            last = number
        return at.line, last

    def item_of(self, at: Position) -> Position | None:
        """The place of the list item's dash, for the first entry of the item."""
        before = self.line(at.line)[: at.column - 1]
        return Position(at.line, len(before) - 1) if re.fullmatch(r"\s*-\s+", before) else None

    def dash_of(self, at: Position) -> Position | None:
        """The place of the dash of a list item, on its line or alone on one above it."""
        same = self.item_of(at)
        if same is not None or self.line(at.line)[: at.column - 1].strip():
            return same
        number = at.line - 1
        while number and re.fullmatch(r" *(#.*)?", self.line(number)):
            number -= 1
        alone = re.fullmatch(r"( *)-\s*(#.*)?", self.line(number)) if number else None
        return Position(number, len(alone[1]) + 1) if alone and len(alone[1]) < at.column - 1 else None

    def cut_lines(self, first: int, last: int) -> Edit:
        """Remove whole lines."""
        return Edit(self.starts[first - 1], self.end_of_line(last), "")

    def lines_of(self, at: Position, indent: int) -> list[str] | None:
        """The lines of a block entry, moved to another indentation."""
        found = self.block_lines(at)
        if found is None:
            return None
        shift = indent - (at.column - 1)
        return [_shifted(self.line(number), shift) for number in range(found[0], found[1] + 1)]

    def put_lines(self, after: int, lines: list[str]) -> Edit:
        """Add whole lines after a line."""
        at = self.end_of_line(after)
        body = "".join(line + self.newline for line in lines)
        if at == len(self.text) and not self.text.endswith(("\n", "\r")):
            body = self.newline + body.removesuffix(self.newline)
        return Edit(at, at, body)

    # JSON

    def json_end(self, start: int) -> int | None:
        """The end of the JSON value that starts at an offset."""
        try:
            return JSONDecoder().raw_decode(self.text, start)[1]
        except (JSONDecodeError, RecursionError):
            return None

    def json_entry(self, at: Position) -> tuple[int, int, int] | None:
        """Start of the key, start and end of the value, of the entry whose key is at a place."""
        start = self.offset(at)
        end_of_key = self.json_end(start)
        if end_of_key is None:
            return None
        value = re.compile(r"\s*:\s*").match(self.text, end_of_key)
        end = self.json_end(value.end()) if value else None
        return (start, value.end(), end) if value and end is not None else None

    def cut_json(self, start: int, end: int) -> Edit:
        """Remove an entry or item, and one comma with it."""
        before = len(self.text[:start].rstrip())
        if self.text[before - 1 : before] == ",":
            return Edit(before - 1, end, "")
        after = re.compile(r"\s*,\s*").match(self.text, end)
        return Edit(start, after.end() if after else end, "")

    def put_json(self, after: int, like: int, body: str, comma: str = ", ") -> Edit:
        """Add an entry or item after an offset, on a line of its own where the one at ``like`` has one, else after a comma."""
        line_start = max(self.text.rfind("\n", 0, like), self.text.rfind("\r", 0, like)) + 1
        indent = self.text[line_start:like]
        return Edit(after, after, f",{self.newline}{indent}{body}" if not indent.strip() else f"{comma}{body}")


def _shifted(line: str, by: int) -> str:
    if by >= 0 or not line.strip():
        return " " * by + line if line.strip() else line
    return line[-by:] if not line[:-by].strip() else line.lstrip(" ")


def spliced(text: str, edits: tuple[Edit, ...]) -> str:
    """The text with edits made; they must not overlap."""
    for edit in sorted(edits, key=lambda one: (one.start, one.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
