"""``Fn::ForEach`` written out, where its list can be known.

Source: CloudFormation user guide, "Fn::ForEach" (transform AWS::LanguageExtensions).
"""

from __future__ import annotations

import re

from tablewright.template.intrinsics import Scope, evaluate
from tablewright.template.tree import Entry, Mapping, Node, Scalar, Sequence

_PREFIX = "Fn::ForEach::"
_MOST = 10_000


def expanded(node: Node, scope: Scope) -> Node:
    """The same tree with every loop whose list is known written out; a loop that cannot be is left as it stands."""
    return _Expansion(scope).node(node)


class _Expansion:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.left = _MOST

    def node(self, node: Node) -> Node:
        if isinstance(node, Sequence):
            items = tuple(self.node(item) for item in node.items)
            return node if items == node.items else Sequence(items, node.position)
        if not isinstance(node, Mapping):
            return node
        entries = list[Entry]()
        for entry in node.entries:
            loop = self._loop(entry) if entry.key.startswith(_PREFIX) else None
            entries.extend(loop if loop is not None else [Entry(entry.key, entry.key_position, self.node(entry.value))])
        return Mapping(tuple(entries), node.position)

    def _loop(self, entry: Entry) -> list[Entry] | None:
        value = entry.value
        if not isinstance(value, Sequence) or len(value.items) != 3:
            return None
        variable, listed, body = value.items
        items = evaluate(listed, self.scope)
        if not isinstance(variable, Scalar) or not isinstance(body, Mapping) or not isinstance(items, list):
            return None
        made = list[Entry]()
        for item in items:
            if not isinstance(item, str) or self.left <= 0:
                return None
            self.left -= 1
            filled = _filled(body, variable.text, item)
            assert isinstance(filled, Mapping)
            inner = self.node(filled)
            assert isinstance(inner, Mapping)
            made.extend(inner.entries)
        return made


def _filled(node: Node, variable: str, value: str) -> Node:
    """The body of a loop for one item of its list."""
    pattern = re.compile(r"[$]\{" + re.escape(variable) + r"\}")
    plain = re.compile(r"&\{" + re.escape(variable) + r"\}")
    alphanumeric = re.sub(r"[^A-Za-z0-9]", "", value)

    def put(text: str) -> str:
        return plain.sub(lambda _: alphanumeric, pattern.sub(lambda _: value, text))

    def fill(node: Node) -> Node:
        if isinstance(node, Scalar):
            return Scalar(put(node.text), node.kind, node.position) if "{" in node.text else node
        if isinstance(node, Sequence):
            return Sequence(tuple(fill(item) for item in node.items), node.position)
        if len(node.entries) == 1 and node.entries[0].key == "Ref":
            name = node.entries[0].value
            if isinstance(name, Scalar) and name.text == variable:
                return Scalar(value, "string", node.position)
        return Mapping(
            tuple(Entry(put(entry.key), entry.key_position, fill(entry.value)) for entry in node.entries), node.position
        )

    return fill(node)
