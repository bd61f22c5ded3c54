"""YAML to tree, as CloudFormation reads it: YAML 1.1 scalars, short intrinsics, no aliases, dates that stay text.

A parser yields events; what a scalar means is decided here, because CloudFormation's reading is neither that of YAML 1.2 nor
that of any Python loader. libyaml (through PyYAML) is tried first, being thirty times as fast; where it is absent or finds
something wrong, ruamel.yaml reads the text again, because it says better what is wrong.
Source: CloudFormation user guide, "CloudFormation template formats" (unsupported YAML features) and "Intrinsic function
reference" (short forms).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tablewright.errors import UsageError
from tablewright.model.design import Position
from tablewright.template.mistakes import mistake, position_at
from tablewright.template.tree import MOST_NODES, SHORT_INTRINSICS, Entry, Mapping, Node, Scalar, Sequence

_TRUE = frozenset({"yes", "true", "on"})
_FALSE = frozenset({"no", "false", "off"})
_INTEGER = re.compile(r"[-+]?(0b[01_]+|0[0-7_]+|0|[1-9][\d_]*|0x[\da-fA-F_]+)")
_FLOAT = re.compile(r"[-+]?(\d[\d_]*\.[\d_]*([eE][-+]?\d+)?|\.\d[\d_]*([eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+)")
_STANDARD = "tag:yaml.org,2002:"
_DEEPEST = 200
_LONG = 60_000  # characters; a longer text is not parsed twice, for better words take seconds


def decode_yaml(text: str, path: str) -> Node:
    """The tree of a YAML text. Raises UsageError with the place of the first thing that CloudFormation could not read."""
    try:
        from yaml import YAMLError, parse
        from yaml.cyaml import CSafeLoader
    except ImportError:
        return decode_slowly(text, path)
    reading = _Reading(text, path)
    try:
        return reading.document(iter(parse(text, Loader=CSafeLoader)))
    except (YAMLError, ValueError) as error:
        if len(text) > _LONG:
            raise _said(reading, error) from None
    return decode_slowly(text, path)


def decode_slowly(text: str, path: str) -> Node:
    """The same by ruamel.yaml, with its words where the text is not YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    reading = _Reading(text, path)
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    try:
        return reading.document(iter(yaml.parse(text)))
    except (YAMLError, ValueError) as error:
        raise _said(reading, error) from None


def _said(reading: _Reading, error: Any) -> UsageError:
    """Either parser's error as ours: their errors have the same parts."""
    if hasattr(error, "character"):
        at = error.position if isinstance(error.position, int) else 0
        character = error.character
        what = (
            f"the character U+{character:04X} is not allowed in YAML"
            if isinstance(character, int)
            else str(error.reason)
        )
        return reading.wrong(what, position_at(reading.text, at))
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return reading.wrong(str(error), Position(1, 1))
    place = Position(mark.line + 1, mark.column + 1)
    return reading.wrong(_words(error, reading.text, place), place)


def _words(error: Any, text: str, place: Position) -> str:
    """ruamel's finding in words that say what to change."""
    problem, context = str(error.problem or ""), str(error.context or "")
    lines = text.splitlines()
    line = lines[place.line - 1] if 1 <= place.line <= len(lines) else ""
    if "\\t" in problem or "\t" in line[: place.column]:
        return "a tab stands where YAML wants spaces; indent with spaces only"
    return "; ".join(part for part in (context, problem) if part) or "this is not YAML"


class _Reading:
    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.depth = 0
        self.nodes = 0

    def wrong(self, what: str, place: Position, code: str = "malformed-yaml") -> UsageError:
        summary = {"malformed-yaml": "Template is not valid YAML", "duplicate-key": "Template has a duplicate key"}
        return mistake(
            code, summary.get(code, "Template uses an unknown function"), what, path=self.path, text=self.text,
            position=place,
        )  # fmt: skip

    def document(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent" and root is not None:
                raise self.wrong("a second document (---) starts here; a template is one document", _place(event))
            if kind not in ("StreamStartEvent", "StreamEndEvent", "DocumentStartEvent", "DocumentEndEvent"):
                root = self.node(event, events)
        return root if root is not None else Scalar("", "null", Position(1, 1))

    def node(self, event: Any, events: Iterator[Any]) -> Node:
        here = _place(event)
        kind = type(event).__name__
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self.wrong(f"the template has more than {MOST_NODES:,} values", here)
        if kind == "AliasEvent":
            raise self.wrong("CloudFormation does not read YAML aliases (*name); write the value out", here)
        tag = str(event.tag or "")
        plain: Node
        if kind == "ScalarEvent":
            return self._scalar(event, tag, here)
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.wrong(f"the template is nested deeper than {_DEEPEST} levels", here)
        if kind == "SequenceStartEvent":
            plain = self._sequence(events, here)
        else:
            plain = self._mapping(events, here)
        self.depth -= 1
        return self._intrinsic(tag[1:], plain, here) if _is_short(tag) else plain

    def _sequence(self, events: Iterator[Any], here: Position) -> Sequence:
        items = list[Node]()
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            items.append(self.node(event, events))
        return Sequence(tuple(items), here)

    def _mapping(self, events: Iterator[Any], here: Position) -> Mapping:
        entries, seen = list[Entry](), dict[str, int]()
        for event in events:
            kind = type(event).__name__
            if kind == "MappingEndEvent":
                break
            place = _place(event)
            if kind != "ScalarEvent" or _is_short(str(event.tag or "")):
                raise self.wrong("a key must be plain text", place)
            key = str(event.value)
            if key == "<<" and not event.style:
                raise self.wrong("CloudFormation does not read YAML merge keys (<<); write the entries out", place)
            if key in seen:
                already = f"{key!r} stands already in line {seen[key]}; only one of them would count."
                raise self.wrong(already, place, "duplicate-key")
            seen[key] = place.line
            entries.append(Entry(key, place, self.node(next(events), events)))
        return Mapping(tuple(entries), here)

    def _scalar(self, event: Any, tag: str, here: Position) -> Node:
        text = str(event.value)
        if _is_short(tag):  # what follows a short form is text, whatever it looks like
            return self._intrinsic(tag[1:], Scalar(text, "string", here), here)
        if event.style or tag == _STANDARD + "str":  # quoted, a block, or said to be text
            return Scalar(text, "string", here)
        return _plain_scalar(text, here)

    def _intrinsic(self, name: str, plain: Node, here: Position) -> Mapping:
        if name in ("Ref", "Condition"):
            return Mapping((Entry(name, here, plain),), here)
        if name not in SHORT_INTRINSICS:
            raise self.wrong(f"CloudFormation knows no function !{name}.", here, "unknown-tag")
        if name == "GetAtt" and isinstance(plain, Scalar):
            resource, _, attribute = plain.text.partition(".")
            parts = (Scalar(resource, "string", here), Scalar(attribute, "string", here))
            plain = Sequence(parts, plain.position)
        return Mapping((Entry(f"Fn::{name}", here, plain),), here)


def _plain_scalar(text: str, here: Position) -> Scalar:
    lower = text.lower()
    if text in (lower, lower.title(), lower.upper()):
        if lower in _TRUE:
            return Scalar("true", "boolean", here)
        if lower in _FALSE:
            return Scalar("false", "boolean", here)
    if text in ("", "~", "null", "Null", "NULL"):
        return Scalar("", "null", here)
    if _INTEGER.fullmatch(text):
        return Scalar(text, "integer", here)
    if _FLOAT.fullmatch(text):
        return Scalar(text, "float", here)
    return Scalar(text, "string", here)


def _is_short(tag: str) -> bool:
    return tag.startswith("!") and tag != "!" and not tag.startswith("!!")


def _place(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
