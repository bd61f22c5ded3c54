"""What a template's tables are like, so that a new one is like them: names, tags, policies, outputs, alarms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from tablewright.author.editing import Text
from tablewright.author.names import Named, flat, named
from tablewright.author.writing import Call, Value, value_of
from tablewright.errors import UsageError
from tablewright.model.design import TABLE_TYPES
from tablewright.model.listed import listed
from tablewright.template.tree import Entry, Mapping, Node, Scalar, walk

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Sibling:
    """One table of the template. ``leaf`` is its name as one text, ``short`` what is its own in it (``results``); ``prefix`` and
    ``suffix`` are what stands around that.
    """

    logical_id: str
    node: Mapping
    leaf: str = ""
    short: str = ""
    prefix: str = ""
    suffix: str = ""

    @property
    def parts(self) -> Named:
        """Its name in three parts."""
        return Named(self.prefix, self.short, self.suffix)

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
    """The tables of a template. ``unseen`` is what may make others, which are edited by hand: loops, includes, SAM's own type."""

    tables: tuple[Sibling, ...]
    unseen: tuple[str, ...] = ()

    @property
    def last(self) -> Sibling | None:
        """The table that a new one is written after, and like."""
        return self.tables[-1] if self.tables else None

    def named(self, name: str) -> Sibling:
        """The table of a logical ID, a name, or what is its own in it. Raises UsageError."""
        for known_by in (lambda one: (one.logical_id, one.leaf), lambda one: (one.short, f"{one.short}{one.suffix}")):
            found = [table for table in self.tables if name and name in known_by(table)]
            if len(found) == 1:
                return found[0]
            if found:
                raise UsageError(
                    "several-tables",
                    "Several tables are called so",
                    f"{name} may be {' or '.join(table.logical_id for table in found)}. Say which, by its logical ID.",
                )
        known = listed([f"{table.short or table.logical_id} ({table.logical_id})" for table in self.tables]) or "none"
        called = [text for table in self.tables for text in (table.short, table.leaf, table.logical_id) if text]
        near = get_close_matches(name, called, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(
            "no-such-table",
            "There is no such table",
            f"The template has no table {name}.{meant} Its tables: {known}."
            + (f" What {', '.join(self.unseen)} makes is not edited: do it by hand." if self.unseen else ""),
        )


def family(text: Text) -> Family:
    """The tables of a template. Raises UsageError where it has no Resources."""
    resources = text.tree.get("Resources")
    if not isinstance(resources, Mapping):
        raise UsageError("no-resources", "Template has no resources", f"{text.path} has no Resources section.")
    nodes = [(entry.key, entry.value) for entry in resources.entries if _is_table(entry.value)]
    leaves = {key: _leaf(node) for key, node in nodes if isinstance(node, Mapping)}
    parts = named(leaves)
    tables = []
    for key, node in nodes:
        assert isinstance(node, Mapping)
        one = parts[key]
        tables.append(Sibling(key, node, leaves[key], one.own, one.prefix, one.suffix))
    unseen = [entry.key for entry in resources.entries if _makes_others(entry)]
    return Family(tuple(tables), tuple(unseen))


def _makes_others(entry: Entry) -> bool:
    type_ = entry.value.get("Type") if isinstance(entry.value, Mapping) else None
    simple = isinstance(type_, Scalar) and type_.text == "AWS::Serverless::SimpleTable"
    return simple or entry.key.startswith(("Fn::ForEach::", "Fn::Transform"))


def _is_table(node: Node) -> bool:
    type_ = node.get("Type") if isinstance(node, Mapping) else None
    return isinstance(type_, Scalar) and type_.text in TABLE_TYPES


def _leaf(table: Mapping) -> str:
    """The table's name as one text, empty where it has none."""
    properties = table.get("Properties")
    name = properties.get("TableName") if isinstance(properties, Mapping) else None
    return flat(value_of(name)) if name is not None else ""


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
    pairs = _pairs(old, new_id, new_leaf, new_short)
    return _replaced(value, old.logical_id, new_id, pairs)


def _pairs(old: Sibling, new_id: str, new_leaf: str, new_short: str) -> list[tuple[str, str]]:
    """(pattern, what stands for it), the longest first. Whole words only: a table ``one`` is not what a ``phone`` is about."""
    pairs = []
    for before, after, form in (
        (
            old.logical_id,
            new_id,
            r"{}(?![a-z0-9])" if len(old.logical_id) > 3 else r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])",
        ),
        (old.leaf, new_leaf, r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"),
        (word(old.short), word(new_short), r"(?<![A-Z]){}(?![a-z0-9])"),
        (old.short if len(old.short) > 2 else "", new_short, r"(?<![A-Za-z0-9]){}(?![a-z0-9])"),
    ):
        if before:
            pairs.append((before, form.format(re.escape(before)), after))
    return [(form, after) for _, form, after in sorted(pairs, key=lambda pair: -len(pair[0]))]


def _replaced(value: Value, old_id: str, new_id: str, pairs: list[tuple[str, str]]) -> Value:
    if isinstance(value, str):
        return _text_renamed(value, old_id, new_id, pairs)
    if isinstance(value, Call):
        argument = value.argument
        if value.name in ("Ref", "Fn::GetAtt") and isinstance(argument, str):
            return Call(value.name, _reference(argument, old_id, new_id))
        if value.name == "Fn::If" and isinstance(argument, list):
            return Call(value.name, [argument[0], *(_replaced(one, old_id, new_id, pairs) for one in argument[1:])])
        return Call(value.name, _replaced(argument, old_id, new_id, pairs))
    if isinstance(value, list):
        return [_replaced(item, old_id, new_id, pairs) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(inner, old_id, new_id, pairs) for key, inner in value.items()}
    return value


def _reference(text: str, old_id: str, new_id: str) -> str:
    """What Ref, GetAtt or ``${...}`` names: another table's, where it named the old one."""
    name, dot, attribute = text.partition(".")
    return f"{new_id}{dot}{attribute}" if name == old_id else text


def _text_renamed(text: str, old_id: str, new_id: str, pairs: list[tuple[str, str]]) -> str:
    """The text with every old word replaced at once; within ``${...}`` what is named there alone."""
    forms = [(re.compile(form), after) for form, after in pairs]
    either = re.compile("|".join((*(form for form, _ in pairs), r"\$\{[^}]*\}")))

    def new(found: re.Match[str]) -> str:
        for form, after in forms:
            if (same := form.match(text, found.start())) and same.end() == found.end():
                return after
        return f"${{{_reference(found.group()[2:-1], old_id, new_id)}}}"

    return either.sub(new, text)


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
