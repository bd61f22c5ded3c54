"""Python code that calls DynamoDB, as rules read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tablewright.lint.stack import Stack
from tablewright.model.design import Position

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module


@dataclass
class Code:
    """One Python module."""

    path: str
    text: str
    tree: ast.Module
    siblings: tuple[Stack, ...] = field(default=(), repr=False)

    @cached_property
    def uses_dynamodb(self) -> bool:
        """Whether it imports an AWS SDK and names dynamodb; other modules are none of these rules' business."""
        imports = False
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                imports = imports or any(alias.name.split(".")[0] in ("boto3", "aioboto3") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                imports = imports or (node.module or "").split(".")[0] in ("boto3", "aioboto3")
        return imports and "dynamodb" in self.text

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """The functions, and the module for what stands outside of them."""
        functions = [node for node in ast.walk(self.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        return (*functions, self.tree)


def nodes_of(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of functions inside it."""
    known = getattr(scope, "_nodes", None)
    if known is None:
        known = scope._nodes = tuple(_nodes_of(scope))  # type: ignore[union-attr]
    return iter(known)


def _nodes_of(scope: Scope) -> Iterator[ast.AST]:
    stack: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            stack.extend(ast.iter_child_nodes(node))


def method_calls(scope: Scope, *names: str) -> list[ast.Call]:
    """The calls of methods of these names in a scope, in the order of the text."""
    found = [
        node
        for node in nodes_of(scope)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def keywords(call: ast.Call) -> set[str]:
    """The names of the keyword arguments; ``**`` stands for unpacked ones."""
    return {keyword.arg or "**" for keyword in call.keywords}


def place(node: ast.expr | ast.stmt) -> Position:
    """The position of a node."""
    return Position(node.lineno, node.col_offset + 1)


def strings(scope: Scope) -> set[str]:
    """Every string constant in a scope, those of inner functions included."""
    return {node.value for node in ast.walk(scope) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
