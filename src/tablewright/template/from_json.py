"""JSON to tree, with positions: a small parser, since the standard one keeps no places."""

from __future__ import annotations

import re
from bisect import bisect_right
from json import JSONDecodeError, JSONDecoder

from tablewright.model.design import Position
from tablewright.template.mistakes import mistake
from tablewright.template.tree import MOST_NODES, Entry, Mapping, Node, Scalar, Sequence

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_DEEPEST = 200
_WORDS = {"true": "boolean", "false": "boolean", "null": "null"}


def decode_json(text: str, path: str) -> Node:
    """The tree of a JSON text. Raises UsageError with the place of the first thing that is not JSON."""
    parser = _Parser(text, path)
    node, end = parser.value(parser.skip(0))
    end = parser.skip(end)
    if end != len(text):
        raise parser.wrong("something stands after the end of the JSON document", end)
    return node


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.depth = 0
        self.nodes = 0
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def place(self, at: int) -> Position:
        line = bisect_right(self._starts, at)
        return Position(line, at - self._starts[line - 1] + 1)

    def wrong(self, what: str, at: int) -> Exception:
        return mistake(
            "malformed-json", "Template is not valid JSON", what, path=self.path, text=self.text,
            position=self.place(at),
        )  # fmt: skip

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int) -> tuple[Node, int]:
        text, here = self.text, self.place(at)
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self.wrong(f"the template has more than {MOST_NODES:,} values", at)
        if at >= len(text):
            raise self.wrong("the text ends where a value is expected", at)
        if text[at] in "{[":
            self.depth += 1
            if self.depth > _DEEPEST:
                raise self.wrong(f"the template is nested deeper than {_DEEPEST} levels", at)
            found = self._object(at) if text[at] == "{" else self._array(at)
            self.depth -= 1
            return found
        if text[at] == '"':
            string, end = self._string(at)
            return Scalar(string, "string", here), end
        for word, kind in _WORDS.items():
            if text.startswith(word, at):
                return Scalar("" if kind == "null" else word, kind, here), at + len(word)
        number = _NUMBER.match(text, at)
        if number is None:
            raise self.wrong(f"a value cannot start with {text[at]!r}", at)
        kind = "float" if number.group(1) or number.group(2) else "integer"
        return Scalar(number.group(), kind, here), number.end()

    def _string(self, at: int) -> tuple[str, int]:
        try:
            value, end = JSONDecoder().raw_decode(self.text, at)
            return str(value), end
        except JSONDecodeError as error:
            what = error.msg.removesuffix(" starting at").removesuffix(" at")
            raise self.wrong(f"in a string: {what[:1].lower()}{what[1:]}", error.pos) from None

    def _array(self, at: int) -> tuple[Node, int]:
        here, items = self.place(at), []
        at = self.skip(at + 1)
        if self.text.startswith("]", at):
            return Sequence((), here), at + 1
        while True:
            node, at = self.value(at)
            items.append(node)
            at = self.skip(at)
            if self.text.startswith("]", at):
                return Sequence(tuple(items), here), at + 1
            if not self.text.startswith(",", at):
                raise self.wrong("a comma or a closing ] is expected here", at)
            at = self.skip(at + 1)

    def _object(self, at: int) -> tuple[Node, int]:
        here, entries, seen = self.place(at), list[Entry](), dict[str, int]()
        at = self.skip(at + 1)
        if self.text.startswith("}", at):
            return Mapping((), here), at + 1
        while True:
            if not self.text.startswith('"', at):
                raise self.wrong("a name in double quotes is expected here", at)
            start = at
            name, at = self._string(at)
            place = self.place(start)
            if name in seen:
                raise mistake(
                    "duplicate-key", "Template has a duplicate key",
                    f"{name!r} stands already in line {seen[name]}; only one of them would count.",
                    path=self.path, text=self.text, position=place,
                )  # fmt: skip
            seen[name] = place.line
            at = self.skip(at)
            if not self.text.startswith(":", at):
                raise self.wrong(f"a colon is expected after {name!r}", at)
            node, at = self.value(self.skip(at + 1))
            entries.append(Entry(name, place, node))
            at = self.skip(at)
            if self.text.startswith("}", at):
                return Mapping(tuple(entries), here), at + 1
            if not self.text.startswith(",", at):
                raise self.wrong("a comma or a closing } is expected here", at)
            at = self.skip(at + 1)
