"""A table as rules read it: keys, attributes and indexes of ``Table`` and ``GlobalTable`` alike, unknown parts kept unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tablewright.lint.resource import Resource
from tablewright.lint.values import blocks, dig, is_whole, text
from tablewright.model.design import Position
from tablewright.template.resolve import Block, Field, Open, Resolved, Rows, Text


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute definition."""

    name: str
    type: str
    position: Position
    block: Block


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One element of a key schema; ``role`` is HASH or RANGE, or whatever is written there."""

    name: str
    role: str
    position: Position


Schema = tuple[KeyPart, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index; ``kind`` is global, local or vector. ``schema`` is None where it cannot be known."""

    kind: str
    name: Resolved | None
    schema: Schema | None
    block: Block

    @property
    def position(self) -> Position:
        """The place of its name, or of the index where it has none."""
        return self.name.position if self.name is not None else self.block.position

    @property
    def called(self) -> str:
        """Its name for messages."""
        return text(self.name) or "this index"

    @property
    def hashes(self) -> tuple[str, ...]:
        """The attributes of its partition key."""
        return tuple(part.name for part in self.schema or () if part.role == "HASH")

    @property
    def ranges(self) -> tuple[str, ...]:
        """The attributes of its sort key."""
        return tuple(part.name for part in self.schema or () if part.role == "RANGE")


class Table:
    """One table resource."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.logical_id = resource.logical_id
        self.is_global = resource.type == "AWS::DynamoDB::GlobalTable"
        self.props = resource.properties

    @property
    def position(self) -> Position:
        """The place of the resource's logical ID."""
        return self.resource.position

    def get(self, *path: str) -> Resolved | None:
        """A property: None where it is surely absent, Open where that cannot be known."""
        return dig(self.props, *path)

    def per_replica(self, *path: str) -> list[tuple[Resolved | None, Position, str]]:
        """A setting that a global table has for each replica: value, place and region; a plain table has it once."""
        if not self.is_global:
            return [(self.get(*path), self.where(path[0]), "")]
        replicas = self.get("Replicas")
        return [
            (dig(replica, *path), replica.position, text(replica.get("Region")) or "")
            for replica in (replicas.items if isinstance(replicas, Rows) else ())
            if isinstance(replica, Block)
        ]

    def where(self, key: str) -> Position:
        """The place of a property, or of the table where it is not written."""
        found = self.props.fields.get(key)
        return found.position if found is not None else self.position

    @cached_property
    def name(self) -> Resolved | None:
        """TableName as it resolves."""
        return self.get("TableName")

    @property
    def called(self) -> str:
        """The table for messages: its name where known, else its logical ID."""
        return text(self.name) or self.logical_id or "the table"

    @cached_property
    def billing(self) -> str | None:
        """PAY_PER_REQUEST or PROVISIONED (also when absent: that is the default); None where it cannot be known."""
        mode = self.get("BillingMode")
        return "PROVISIONED" if mode is None else text(mode)

    @cached_property
    def attributes(self) -> tuple[Attribute, ...] | None:
        """The attribute definitions; None unless all of them are known."""
        listed = self.get("AttributeDefinitions")
        if listed is None:
            return ()
        if not isinstance(listed, Rows) or not is_whole(listed):
            return None
        found = []
        for block in listed.items:
            name, kind = text(dig(block, "AttributeName")), text(dig(block, "AttributeType"))
            if not isinstance(block, Block) or name is None or kind is None:
                return None
            found.append(Attribute(name, kind, block.get("AttributeName").position, block))  # type: ignore[union-attr]
        return tuple(found)

    def type_of(self, name: str) -> str | None:
        """The declared type of an attribute: S, N, B or whatever is written; None where there is none that is known."""
        return next((attribute.type for attribute in self.attributes or () if attribute.name == name), None)

    @cached_property
    def schema(self) -> Schema | None:
        """The table's key schema; None where it cannot be known, empty where there is none."""
        return schema_of(self.get("KeySchema"))

    @property
    def hash(self) -> str | None:
        """The partition key's attribute."""
        return next((part.name for part in self.schema or () if part.role == "HASH"), None)

    @property
    def range(self) -> str | None:
        """The sort key's attribute."""
        return next((part.name for part in self.schema or () if part.role == "RANGE"), None)

    @cached_property
    def indexes(self) -> tuple[Index, ...]:
        """The secondary indexes that can be read: global, then local."""
        return (*self._listed("GlobalSecondaryIndexes", "global"), *self._listed("LocalSecondaryIndexes", "local"))

    @property
    def globals(self) -> tuple[Index, ...]:
        """The global secondary indexes."""
        return tuple(index for index in self.indexes if index.kind == "global")

    @property
    def locals(self) -> tuple[Index, ...]:
        """The local secondary indexes."""
        return tuple(index for index in self.indexes if index.kind == "local")

    @cached_property
    def vectors(self) -> tuple[Index, ...]:
        """The vector indexes."""
        return tuple(self._listed("VectorIndexes", "vector"))

    @cached_property
    def indexes_known(self) -> bool:
        """Whether no index can be hidden from the reader."""
        keys = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        return all(is_whole(self.get(key)) for key in keys)

    def _listed(self, key: str, kind: str) -> Iterator[Index]:
        for block in blocks(self.get(key)):
            yield Index(kind, block.get("IndexName"), schema_of(block.get("KeySchema")), block)


def schema_of(value: Resolved | None) -> Schema | None:
    """A key schema; None unless every part of it is known."""
    if value is None:
        return ()
    if not isinstance(value, Rows) or not is_whole(value):
        return None
    found = []
    for block in value.items:
        name, role = dig(block, "AttributeName"), dig(block, "KeyType")
        if not isinstance(name, Text) or not isinstance(role, Text):
            return None
        found.append(KeyPart(name.text, role.text, name.position))
    return tuple(found)


def entry(block: Block, key: str) -> Field | None:
    """The entry itself, with the place of its key."""
    return block.fields.get(key)


def is_open(value: Resolved | None) -> bool:
    """Whether the value cannot be known."""
    return isinstance(value, Open)
