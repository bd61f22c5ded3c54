"""What a template's tables are like, so that a new one is like them: names, tags, policies, outputs, alarms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tablewright.author.editing import Text
from tablewright.author.writing import Call, Value, value_of
from tablewright.errors import UsageError
from tablewright.model.design import TABLE_TYPES
from tablewright.template.tree import Mapping, Node, Scalar, walk

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Sibling:
    """One table of the template. ``leaf`` is the plain text of its name, ``short`` what is its own in it (``results``)."""

    logical_id: str
    node: Mapping
    leaf: str = ""
    short: str = ""

    @property
    def properties(self) -> Mapping:
        """Its Properties."""
        found = self.node.get("Properties")
        return found if isinstance(found, Mapping) else Mapping((), self.node.position)

    def value(self, *keys: str) -> Value | None:
        """What it says under keys of its Properties."""
        node: Node | None = self.properties
        for key in keys:
            node = node.get(key) if isinstance(node, Mapping) else None
        return None if node is None else value_of(node)


@dataclass(frozen=True, slots=True)
class Family:
    """The tables of a template, and the prefix that their names share."""

    tables: tuple[Sibling, ...]
    prefix: str = ""

    @property
    def last(self) -> Sibling | None:
        """The table that a new one is written after, and like."""
        return self.tables[-1] if self.tables else None

    def named(self, name: str) -> Sibling:
        """The table of a logical ID, a name, or what is its own in it. Raises UsageError."""
        for table in self.tables:
            if name in (table.logical_id, table.leaf, table.short):
                return table
        known = ", ".join(f"{table.short or table.logical_id} ({table.logical_id})" for table in self.tables) or "none"
        raise UsageError(
            "no-such-table", "There is no such table", f"The template has no table {name}. Its tables: {known}."
        )


def family(text: Text) -> Family:
    """The tables of a template. Raises UsageError where it has no Resources."""
    resources = text.tree.get("Resources")
    if not isinstance(resources, Mapping):
        raise UsageError("no-resources", "Template has no resources", f"{text.path} has no Resources section.")
    nodes = [(entry.key, entry.value) for entry in resources.entries if _is_table(entry.value)]
    leaves = {key: _leaf(node) for key, node in nodes if isinstance(node, Mapping)}
    prefix = _prefix([leaf for leaf in leaves.values() if leaf])
    tables = []
    for key, node in nodes:
        assert isinstance(node, Mapping)
        leaf = leaves[key]
        short = leaf[len(prefix) :] if leaf.startswith(prefix) else leaf
        tables.append(Sibling(key, node, leaf, short))
    return Family(tuple(tables), prefix)


def _is_table(node: Node) -> bool:
    type_ = node.get("Type") if isinstance(node, Mapping) else None
    return isinstance(type_, Scalar) and type_.text in TABLE_TYPES


def _leaf(table: Mapping) -> str:
    """The plain text that stands for the table's name: the name itself, or the one of an expression's that is no function's."""
    properties = table.get("Properties")
    name = properties.get("TableName") if isinstance(properties, Mapping) else None
    if name is None:
        return ""
    return min(texts_of(value_of(name)), key=len, default="")


def texts_of(value: Value) -> Iterator[str]:
    """The texts in a name's expression, conditions' and parameters' names left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Call) and value.name in ("Fn::If", "Fn::Join") and isinstance(value.argument, list):
        for part in value.argument[1:]:
            yield from texts_of(part)
    elif isinstance(value, Call) and value.name == "Fn::Sub":
        argument = value.argument
        yield from texts_of(argument[0] if isinstance(argument, list) and argument else argument)
    elif isinstance(value, list):
        for part in value:
            yield from texts_of(part)


def _prefix(leaves: list[str]) -> str:
    shared = leaves[0] if leaves else ""
    for leaf in leaves[1:]:
        while not leaf.startswith(shared):
            shared = shared[:-1]
    at = max(shared.rfind(sign) for sign in "-_.}") + 1 if shared else 0
    return shared[:at]


def pascal(name: str) -> str:
    """``order-items`` as ``OrderItems``."""
    return "".join(part[:1].upper() + part[1:] for part in _PARTS.findall(re.sub(r"\$\{[^}]*\}", "", name)))


def word(name: str) -> str:
    """What stands for a table in logical IDs: ``new-table`` as ``New``, where ``Table`` follows."""
    whole = pascal(name)
    return whole.removesuffix("Table") or whole


def logical_id(like: Sibling | None, name: str) -> str:
    """The logical ID of a table ``name`` beside a sibling: ``AiChefResultsTable`` gives ``AiChefOrdersTable``."""
    own = word(like.short) if like is not None else ""
    if like is not None and own and own.lower() in like.logical_id.lower():
        at = like.logical_id.lower().index(own.lower())
        return like.logical_id[:at] + word(name) + like.logical_id[at + len(own) :]
    return f"{word(name)}Table"


def renamed(value: Value, old: Sibling, new_id: str, new_leaf: str, new_short: str) -> Value:
    """A value that is about one table made about another: its logical ID, its name, and the words made of it."""
    pairs = [(old.logical_id, new_id), (old.leaf, new_leaf), (word(old.short), word(new_short))]
    if len(old.short) > 2:
        pairs.append((old.short, new_short))
    return _replaced(value, [(before, after) for before, after in pairs if before])


def _replaced(value: Value, pairs: list[tuple[str, str]]) -> Value:
    if isinstance(value, str):
        return text_renamed(value, pairs)
    if isinstance(value, Call):
        return Call(value.name, _replaced(value.argument, pairs))
    if isinstance(value, list):
        return [_replaced(item, pairs) for item in value]
    return {key: _replaced(inner, pairs) for key, inner in value.items()} if isinstance(value, dict) else value


def text_renamed(text: str, pairs: list[tuple[str, str]]) -> str:
    """The text with every old word replaced at once, the longest first."""
    ordered = sorted(dict(pairs).items(), key=lambda pair: -len(pair[0]))
    mapping = dict(ordered)
    pattern = "|".join(re.escape(before) for before, _ in ordered)
    return re.sub(pattern, lambda found: mapping[found.group()], text) if pattern else text


def mentions(node: Node, logical: str) -> bool:
    """Whether a node refers to a resource, by Ref, GetAtt or Sub."""
    for inner in walk(node):
        if isinstance(inner, Mapping):
            for entry in inner.entries:
                if entry.key in ("Ref", "Fn::GetAtt", "Fn::Sub", "DependsOn") and _names(entry.value, logical):
                    return True
    return False


def _names(node: Node, logical: str) -> bool:
    pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(logical)}(?![A-Za-z0-9])")
    return any(isinstance(inner, Scalar) and pattern.search(inner.text) for inner in walk(node))
