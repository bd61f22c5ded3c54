"""A template's values as far as they can be known, each with its place and with what is written there.

``intrinsics.evaluate`` gives values without places; this gives the places too, and keeps what is written behind a value that
cannot be known, so that a reader can still say *which* resource it refers to. Nothing is guessed: what is not known is ``Open``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Values
from dataclasses import dataclass, field

from tablewright.model.design import Position, Unknown
from tablewright.template.intrinsics import Scope, Value, call, evaluate
from tablewright.template.tree import Entry, Mapping, Node, Scalar, Sequence

_SINGLE = frozenset({"Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::ImportValue", "Fn::Select", "Fn::FindInMap"})
_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar that is known. ``node`` is what is written: the scalar itself, or the function that gives it."""

    text: str
    position: Position
    node: Node

    @property
    def literal(self) -> bool:
        """True where the text itself stands in the template."""
        return isinstance(self.node, Scalar)


@dataclass(frozen=True, slots=True)
class Rows:
    """A list; ``whole`` is False where it may hold more or fewer items than are seen."""

    items: tuple[Resolved, ...]
    position: Position
    node: Node
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a block."""

    key: str
    position: Position
    value: Resolved


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping; ``whole`` is False where entries may be hidden from the reader (a macro, a loop)."""

    fields: Values[str, Field]
    position: Position
    node: Node
    whole: bool = True

    def get(self, key: str) -> Resolved | None:
        """The value under ``key``; None where there surely is none; Open where that cannot be known."""
        found = self.fields.get(key)
        if found is not None:
            return found.value
        return None if self.whole else Open("the block may hold more than is written", self.position, self.node)

    def at(self, key: str) -> Position:
        """The place of the key, or of the block where the key is not written."""
        found = self.fields.get(key)
        return found.position if found is not None else self.position


@dataclass(frozen=True, slots=True)
class Open:
    """A value that cannot be known, and why. ``node`` is what is written."""

    why: str
    position: Position
    node: Node


Resolved = Text | Rows | Block | Open


@dataclass(frozen=True, slots=True)
class Reference:
    """A mention of a resource, a parameter without value or a pseudo parameter; ``attribute`` is GetAtt's, "" for Ref."""

    name: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A piece of a text that cannot be known."""

    why: str = field(default="", compare=False)


Piece = str | Reference | Gap


def resolve(node: Node, scope: Scope) -> Resolved | None:
    """The value of a node with its place; None where there is no value (null, AWS::NoValue)."""
    if isinstance(node, Scalar):
        return None if node.kind == "null" else Text(node.text, node.position, node)
    if isinstance(node, Sequence):
        return _rows(node, scope)
    called = call(node)
    if called is None:
        return _block(node, scope)
    if called.key == "Fn::If":
        return _if(node, called.value, scope)
    return _placed(evaluate(node, scope), node)


def _rows(node: Sequence, scope: Scope) -> Rows:
    items = list[Resolved]()
    whole = True
    for item in node.items:
        found = resolve(item, scope)
        if found is None:
            continue
        items.append(found)
        if isinstance(found, Open) and not _is_single(item):
            whole = False
    return Rows(tuple(items), node.position, node, whole)


def _is_single(node: Node) -> bool:
    return isinstance(node, Mapping) and len(node.entries) == 1 and node.entries[0].key in _SINGLE


def _block(node: Mapping, scope: Scope) -> Block:
    fields = dict[str, Field]()
    whole = True
    for entry in node.entries:
        if entry.key.startswith("Fn::"):
            whole = False
            continue
        value = resolve(entry.value, scope)
        if value is not None:
            fields[entry.key] = Field(entry.key, entry.key_position, value)
    return Block(fields, node.position, node, whole)


def _if(node: Mapping, argument: Node, scope: Scope) -> Resolved | None:
    if not isinstance(argument, Sequence) or len(argument.items) != 3 or not isinstance(argument.items[0], Scalar):
        return Open("Fn::If wants a condition and two values", node.position, node)
    holds = scope.condition(argument.items[0].text)
    if isinstance(holds, Unknown):
        return _placed(evaluate(node, scope), node)
    return resolve(argument.items[1 if holds else 2], scope)


def _placed(value: Value, node: Node) -> Resolved | None:
    here = node.position
    if value is None:
        return None
    if isinstance(value, str):
        return Text(value, here, node)
    if isinstance(value, Unknown):
        return Open(value.why, here, node)
    if isinstance(value, list):
        items = [_placed(item, node) for item in value]
        return Rows(tuple(item for item in items if item is not None), here, node)
    fields = dict[str, Field]()
    for key, inner in value.items():
        placed = _placed(inner, node)
        if placed is not None:
            fields[key] = Field(key, here, placed)
    return Block(fields, here, node)


def pieces(node: Node, scope: Scope) -> tuple[Piece, ...]:
    """A text taken apart: what is known of it as text, and the mentions between. One Gap where it is no text at all."""
    joined = list[Piece]()
    for piece in _pieces(node, scope):
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "":
            joined.append(piece)
    return tuple(joined)


def _pieces(node: Node, scope: Scope) -> Iterator[Piece]:
    if isinstance(node, Scalar):
        yield node.text
        return
    called = call(node) if isinstance(node, Mapping) else None
    if called is None:
        yield Gap("not a text")
        return
    argument = called.value
    if called.key == "Ref" and isinstance(argument, Scalar):
        yield _mention(argument.text, scope)
    elif called.key == "Fn::GetAtt":
        yield _attribute(argument)
    elif called.key == "Fn::Sub":
        yield from _sub(argument, scope)
    elif called.key == "Fn::Join":
        yield from _join(argument, scope)
    elif called.key == "Fn::If" and isinstance(argument, Sequence) and len(argument.items) == 3:
        yield from _branch(argument, scope)
    else:
        value = evaluate(node, scope)
        yield value if isinstance(value, str) else Gap(called.key)


def _branch(argument: Sequence, scope: Scope) -> Iterator[Piece]:
    name = argument.items[0]
    holds = scope.condition(name.text) if isinstance(name, Scalar) else Unknown("not a condition's name")
    if isinstance(holds, Unknown):
        yield Gap(holds.why)
    else:
        yield from _pieces(argument.items[1 if holds else 2], scope)


def _mention(name: str, scope: Scope) -> Piece:
    for known in (scope.parameters, scope.pseudo, scope.names):
        value = known.get(name)
        if isinstance(value, str):
            return value
    return Reference(name)


def _attribute(argument: Node) -> Piece:
    parts = [item.text for item in argument.items if isinstance(item, Scalar)] if isinstance(argument, Sequence) else []
    if isinstance(argument, Scalar):
        parts = argument.text.split(".", 1)
    return (
        Reference(parts[0], ".".join(parts[1:])) if len(parts) > 1 else Gap("Fn::GetAtt of something that is not named")
    )


def _sub(argument: Node, scope: Scope) -> Iterator[Piece]:
    local = dict[str, Node]()
    text = argument
    if isinstance(argument, Sequence) and argument.items:
        text = argument.items[0]
        given = argument.items[1] if len(argument.items) > 1 else None
        local = {entry.key: entry.value for entry in given.entries} if isinstance(given, Mapping) else {}
    if not isinstance(text, Scalar):
        yield Gap("Fn::Sub without a text")
        return
    end = 0
    for match in _VARIABLE.finditer(text.text):
        yield text.text[end : match.start()]
        end = match.end()
        name = match.group(2).strip()
        if match.group(1):
            yield "${" + match.group(2) + "}"
        elif name in local:
            yield from _pieces(local[name], scope)
        elif "." in name:
            resource, _, attribute = name.partition(".")
            yield Reference(resource, attribute)
        else:
            yield _mention(name, scope)
    yield text.text[end:]


def _join(argument: Node, scope: Scope) -> Iterator[Piece]:
    if not isinstance(argument, Sequence) or len(argument.items) != 2:
        yield Gap("Fn::Join wants a separator and a list")
        return
    separator, parts = argument.items
    if not isinstance(separator, Scalar) or not isinstance(parts, Sequence):
        value = evaluate(Mapping((Entry("Fn::Join", argument.position, argument),), argument.position), scope)
        yield value if isinstance(value, str) else Gap("Fn::Join")
        return
    for number, part in enumerate(parts.items):
        if number:
            yield separator.text
        yield from _pieces(part, scope)
