"""Reading a metric-math expression: text to a tree.

Source: Amazon CloudWatch User Guide, "Using math expressions with CloudWatch metrics" (operators, functions, arrays).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Array", "Binary", "Call", "MathError", "Name", "Node", "Number", "Text", "Unary", "names_in", "parse"]


class MathError(ValueError):
    """The expression cannot be read or evaluated; the message says where or why."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of another query, or a keyword such as REPEAT."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Node, ...]


Node = Number | Text | Name | Unary | Binary | Call | Array

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign><=|>=|==|!=|&&|\|\||[-+*/^()<>\[\],!]))"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("OR", "||"),
    ("AND", "&&"),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/"),
)
"""Binary operators, the loosest first."""
_DEEPEST = 50


def parse(text: str) -> Node:
    """The tree of `text`. Raises MathError."""
    reader = _Reader(_tokens(text))
    tree = reader.level(0, 0)
    if reader.peek():
        raise MathError(f"unexpected {reader.peek()}")
    return tree


def names_in(tree: Node) -> list[str]:
    """The ids of other queries that an expression uses, in order; keywords are in capitals."""
    parts: tuple[Node, ...] = ()
    if isinstance(tree, Name):
        return [tree.name] if tree.name[:1].islower() else []
    if isinstance(tree, Unary):
        parts = (tree.operand,)
    elif isinstance(tree, Binary):
        parts = (tree.left, tree.right)
    elif isinstance(tree, Call):
        parts = tree.arguments
    elif isinstance(tree, Array):
        parts = tree.items
    return [name for part in parts for name in names_in(part)]


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise MathError(f"unexpected character at position {at}")
        kind = found.lastgroup or ""
        tokens.append((kind, found[kind]))
        at = found.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise MathError("the expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        found = self._next()[1]
        if found != sign:
            raise MathError(f"expected {sign} and found {found}")

    def level(self, number: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise MathError("the expression is nested too deeply")
        if number == len(_LEVELS):
            return self._power(depth)
        left = self.level(number + 1, depth)
        while self.peek().upper() in _LEVELS[number]:
            operator = self._next()[1].upper()
            operator = {"||": "OR", "&&": "AND"}.get(operator, operator)
            left = Binary(operator, left, self.level(number + 1, depth))
        return left

    def _power(self, depth: int) -> Node:
        base = self._unary(depth)
        if self.peek() == "^":
            self._next()
            return Binary("^", base, self._power(depth))
        return base

    def _unary(self, depth: int) -> Node:
        if self.peek() in ("-", "+", "!"):
            return Unary(self._next()[1], self._power(depth + 1))
        return self._primary(depth)

    def _primary(self, depth: int) -> Node:
        kind, text = self._next()
        if kind == "number":
            return Number(float(text))
        if kind == "text":
            return Text(text[1:-1])
        if kind == "name":
            if self.peek() != "(":
                return Name(text)
            self._next()
            return Call(text.upper(), self._list(")", depth))
        if text == "(":
            inner = self.level(0, depth + 1)
            self._expect(")")
            return inner
        if text == "[":
            return Array(self._list("]", depth))
        raise MathError(f"unexpected {text}")

    def _list(self, end: str, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        if self.peek() != end:
            items.append(self.level(0, depth + 1))
            while self.peek() == ",":
                self._next()
                items.append(self.level(0, depth + 1))
        self._expect(end)
        return tuple(items)
