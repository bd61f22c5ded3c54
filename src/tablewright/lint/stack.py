"""A template as rules read it: its resources resolved under what is known, and the mentions between them.

A rule of errors reads the world in which parameters have their defaults, because that is what a plain deployment does. A rule
of taste reads the world in which only given values are known: a template that can be deployed safely is not called unsafe
because its default is the small environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Values
from dataclasses import dataclass, field
from functools import cached_property

from tablewright.lint.resource import Resource
from tablewright.lint.splice import Document
from tablewright.lint.table import Table
from tablewright.lint.values import text
from tablewright.model.design import TABLE_TYPES, Unknown
from tablewright.model.quotas import TEMPLATE_RESOURCES
from tablewright.template.intrinsics import Scope, Value
from tablewright.template.loops import expanded
from tablewright.template.resolve import Block, Gap, Open, Piece, Reference, Resolved, pieces, resolve
from tablewright.template.tree import Entry, Mapping, Node, Scalar, walk

SIMPLE_TABLE = "AWS::Serverless::SimpleTable"

_TABLE_PROPERTIES = frozenset(
    {
        "AttributeDefinitions", "BillingMode", "ContributorInsightsSpecification", "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes", "ImportSourceSpecification", "KeySchema", "KinesisStreamSpecification",
        "LocalSecondaryIndexes", "OnDemandThroughput", "PointInTimeRecoverySpecification", "ProvisionedThroughput",
        "SSESpecification", "StreamSpecification", "TableClass", "TableName", "TimeToLiveSpecification", "VectorIndexes",
        "WarmThroughput",
    }
)  # fmt: skip

_SECTIONS = frozenset(
    {"Conditions", "Description", "Mappings", "Metadata", "Outputs", "Parameters", "Rules", "Transform"}
)


@dataclass
class Stack:
    """One template. ``fragment`` is True for a part of one: what is absent there may stand elsewhere."""

    path: str
    text: str
    tree: Mapping
    scope: Scope
    resources: tuple[Resource, ...]
    fragment: bool = False
    written: int = 0  # how many resources there are; those beyond CloudFormation's quota are not read
    snippet: bool = False  # a few properties of a table, with nothing around them
    siblings: Sequence[Stack] = field(
        default=(), repr=False
    )  # the templates checked in the same run, this one included

    @cached_property
    def document(self) -> Document:
        """The text, ready to be edited."""
        return Document(self.text)

    @cached_property
    def by_type(self) -> dict[str, list[Resource]]:
        """The resources by their type."""
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return found

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources of these types."""
        for type_ in types:
            yield from self.by_type.get(type_, ())

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The DynamoDB tables."""
        return tuple(Table(resource) for resource in self.of(*TABLE_TYPES))

    @cached_property
    def by_id(self) -> dict[str, Resource]:
        """The resources by logical ID."""
        return {resource.logical_id: resource for resource in self.resources}

    @cached_property
    def _tables_by_mention(self) -> dict[tuple[Piece, ...], Table]:
        found: dict[tuple[Piece, ...], Table] = {}
        for table in self.tables:
            found[(Reference(table.logical_id),)] = table
            if table.name is not None:
                named = pieces(table.name.node, table.resource.scope)
                if not any(isinstance(piece, Gap) for piece in named):
                    found.setdefault(named, table)
        return found

    def table_of(self, value: Resolved | None, scope: Scope | None = None) -> Table | None:
        """The table of this template that a value names; None where it names none, or cannot be known."""
        if value is None:
            return None
        return self._tables_by_mention.get(pieces(value.node, scope or self.scope))

    def table_of_pieces(self, named: tuple[Piece, ...]) -> Table | None:
        """The table that a text taken apart names."""
        return self._tables_by_mention.get(named)

    @cached_property
    def hidden(self) -> bool:
        """Whether there may be resources that no reader of this file sees: macros, loops, includes, fragments."""
        if self.fragment or self.tree.get("Transform") is not None:
            return True
        listed = self.tree.get("Resources")
        return isinstance(listed, Mapping) and any(entry.key.startswith("Fn::") for entry in listed.entries)

    @cached_property
    def mentions(self) -> frozenset[str]:
        """Every logical ID or parameter that is mentioned anywhere by Ref, GetAtt or Sub."""
        found = set[str]()
        for node in walk(self.tree):
            if (
                isinstance(node, Mapping)
                and len(node.entries) == 1
                and node.entries[0].key in ("Ref", "Fn::GetAtt", "Fn::Sub")
            ):
                for piece in pieces(node, Scope({}, {})):
                    if isinstance(piece, Reference):
                        found.add(piece.name)
        return frozenset(found)


def read_stack(
    tree: Mapping, path: str, body: str, *, parameters: Values[str, str], pseudo: Values[str, str], defaults: bool
) -> Stack:
    """The stack that a tree describes. ``defaults``: whether a parameter's default counts as its value."""
    scope = Scope(
        _parameters(tree, parameters, defaults), dict(pseudo), _section(tree, "Mappings"), _section(tree, "Conditions")
    )
    section = tree.get("Resources")
    fragment = section is None and tree.get("AWSTemplateFormatVersion") is None
    if fragment and is_snippet(tree):
        return Stack(path, body, tree, scope, (_snippet(tree, scope),), fragment=True, snippet=True)
    if not isinstance(section, Mapping):
        section = tree
    written = expanded(section, scope) if "Fn::ForEach" in body else section
    assert isinstance(written, Mapping)
    entries = [entry for entry in written.entries if _is_resource(entry)]
    resources = tuple(_resource(entry, scope, tree) for entry in entries[: TEMPLATE_RESOURCES.value])
    return Stack(path, body, tree, scope, resources, fragment=fragment, written=len(entries))


def is_template(tree: Mapping) -> bool:
    """Whether a document is a CloudFormation template or a part of one."""
    if isinstance(tree.get("Resources"), Mapping) or tree.get("AWSTemplateFormatVersion") is not None:
        return True
    sections = bool(tree.entries) and all(entry.key in _SECTIONS for entry in tree.entries)
    return sections or any(_is_resource(entry) for entry in tree.entries) or is_snippet(tree)


def is_snippet(tree: Mapping) -> bool:
    """Whether a document is nothing but properties of a table."""
    return bool(tree.entries) and all(entry.key in _TABLE_PROPERTIES for entry in tree.entries)


def _is_resource(entry: Entry) -> bool:
    if not isinstance(entry.value, Mapping) or entry.key.startswith("Fn::"):
        return False
    type_ = entry.value.get("Type")
    return isinstance(type_, Scalar) and "::" in type_.text


def _resource(entry: Entry, scope: Scope, tree: Mapping) -> Resource:
    node = entry.value
    assert isinstance(node, Mapping)
    type_, condition = node.get("Type"), node.get("Condition")
    assert isinstance(type_, Scalar)
    name = condition.text if isinstance(condition, Scalar) else ""
    if name and scope.condition(name) is not True:
        scope = _where_it_exists(scope, name, tree)
    raw = node.get("Properties")
    found = resolve(raw, scope) if raw is not None else Block({}, entry.key_position, node)
    properties = found if isinstance(found, Block) else Block({}, entry.key_position, node, whole=found is None)
    return Resource(entry.key, type_.text, entry.key_position, type_.position, node, properties, scope, name)


def _snippet(tree: Mapping, scope: Scope) -> Resource:
    found = resolve(tree, scope)
    assert isinstance(found, Block)
    here = tree.entries[0].key_position
    return Resource("", "AWS::DynamoDB::Table", here, here, tree, Block(found.fields, here, tree, whole=False), scope)


def _where_it_exists(scope: Scope, condition: str, tree: Mapping) -> Scope:
    """The scope of a resource that exists only elsewhere: its condition holds, and what conditions hang on is not known."""
    conditions = scope.conditions
    doubtful = set[str]()
    for node in walk(conditions) if conditions is not None else ():
        if isinstance(node, Mapping):
            name = node.get("Ref")
            doubtful.update([name.text] if isinstance(name, Scalar) else [])
    values: dict[str, Value] = {
        name: Unknown(f"{name} decides a condition") if name in doubtful else value
        for name, value in scope.parameters.items()
    }
    return Scope(values, scope.pseudo, scope.mappings, conditions, scope.names, {condition: True})


def _parameters(tree: Mapping, given: Values[str, str], defaults: bool) -> dict[str, Value]:
    found: dict[str, Value] = {}
    section = tree.get("Parameters")
    for entry in section.entries if isinstance(section, Mapping) else ():
        body = entry.value if isinstance(entry.value, Mapping) else Mapping((), entry.key_position)
        kind, default = body.get("Type"), body.get("Default")
        type_ = kind.text if isinstance(kind, Scalar) else "String"
        value = given.get(entry.key)
        if value is None and defaults and isinstance(default, Scalar):
            value = default.text
        if value is None:
            found[entry.key] = Unknown(f"parameter {entry.key} has no value")
        elif type_.startswith("AWS::SSM::Parameter::Value"):
            found[entry.key] = Unknown(f"parameter {entry.key} is read from the parameter store")
        elif type_ == "CommaDelimitedList" or type_.startswith("List<"):
            found[entry.key] = [part.strip() for part in value.split(",")]
        else:
            found[entry.key] = value
    return found


def _section(tree: Mapping, name: str) -> Mapping | None:
    node: Node | None = tree.get(name)
    return node if isinstance(node, Mapping) else None


def name_of(resource: Resource, key: str) -> str | None:
    """A resource's custom name, where it is known."""
    return text(resource.properties.get(key))


def is_open(value: Resolved | None) -> bool:
    """Whether the value cannot be known."""
    return isinstance(value, Open)
