"""Keys: what CreateTable refuses, and what spreads badly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.fixing import attribute_definitions
from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.table import Schema, Table
from tablewright.lint.values import dig
from tablewright.lint.wording import camel_words, words
from tablewright.model.design import Position
from tablewright.template.resolve import Text

_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_FEW = words(
    """status state type kind category flag active enabled deleted archived country region locale language lang gender currency
    tier plan priority level role stage env environment"""
)
_FEW_PREFIX = re.compile(r"(is|has)[_-]?[A-Z_]")
_TIME = re.compile(
    r"(date|day|month|week|hour|time|timestamp|ts|datetime|seq|sequence|sequencenumber|autoincrement)|"
    r"(created|updated|modified|event|order|log|start|end|last)[_-]?(at|on|date|day|time|timestamp)",
    re.IGNORECASE,
)


def used_attributes(table: Table) -> dict[str, Position] | None:
    """Every attribute that a key of the table or of an index names, with its first place; None unless all are known."""
    if table.schema is None or not table.indexes_known or any(index.schema is None for index in table.indexes):
        return None
    used: dict[str, Position] = {}
    for part in table.schema:
        used.setdefault(part.name, part.position)
    for index in table.indexes:
        for part in index.schema or ():
            used.setdefault(part.name, part.position)
    for vector in table.vectors:
        listed = vector.block.get("SearchSchema")
        for element in getattr(listed, "items", ()):
            name = dig(element, "AttributeName")
            if not isinstance(name, Text):
                return None
            used.setdefault(name.text, name.position)
    return used


@rule("TW-KEY-001", "attribute-definitions-mismatch", ERROR, covers=("E3039",))
def attribute_definitions_mismatch(stack: Stack) -> Iterator[Problem]:
    """AttributeDefinitions are not exactly the key attributes

    What it finds: an attribute that is defined but is no key of the table or of an index, or a key without a
        definition.
    Why it matters: DynamoDB takes definitions of key attributes only and needs all of them; creating or updating the
        table fails ("Number of attributes in KeySchema does not exactly match number of attributes defined in
        AttributeDefinitions"). Other attributes need no definition: an item simply has them.
    Instead: define exactly the attributes that stand in a KeySchema (or in the search schema of a vector index).
    When to ignore: never; the deployment fails.
    Source: API reference, CreateTable (AttributeDefinitions); checked with the embedded AWS.
    """
    for table in stack.tables:
        used = used_attributes(table)
        if table.attributes is None or used is None or not table.props.whole:
            continue
        defined = {attribute.name: attribute for attribute in table.attributes}
        fix = attribute_definitions(stack, table, used)
        for name, attribute in defined.items():
            if name not in used:
                yield Problem(
                    attribute.position,
                    f"{name} is defined, but is no key of {table.called} or of its indexes",
                    f"Remove the definition of {name}; items have it all the same.",
                    table.logical_id,
                    fix,
                )
        for name, position in used.items():
            if name not in defined:
                yield Problem(
                    position,
                    f"{name} is a key of {table.called}, but is not defined",
                    f"Add to AttributeDefinitions: {name} with its type, S, N or B.",
                    table.logical_id,
                )


@rule("TW-KEY-002", "key-schema-malformed", ERROR)
def key_schema_malformed(stack: Stack) -> Iterator[Problem]:
    """The key schema is not HASH, then RANGE

    What it finds: a table's key schema with no HASH, with two of a kind, with RANGE first, or with one attribute twice.
    Why it matters: DynamoDB refuses it, and CloudFormation rolls the stack back.
    Instead: one HASH, then at most one RANGE, of different attributes.
    When to ignore: never; the deployment fails.
    Source: API reference, KeySchemaElement and CreateTable.
    """
    for table in stack.tables:
        for schema, whose, position in _schemas(table):
            roles = [part.role for part in schema]
            names = [part.name for part in schema]
            if roles and roles not in (["HASH"], ["HASH", "RANGE"]):
                yield Problem(
                    position,
                    f"The key schema of {whose} is {', '.join(roles)}; it must be HASH, or HASH and RANGE",
                    resource=table.logical_id,
                )
            elif len(set(names)) < len(names):
                yield Problem(
                    schema[-1].position,
                    f"{names[0]} is both the partition key and the sort key of {whose}",
                    resource=table.logical_id,
                )


def _schemas(table: Table) -> Iterator[tuple[Schema, str, Position]]:
    if table.schema:
        yield table.schema, table.called, table.where("KeySchema")
    for index in table.locals:
        if index.schema:
            yield index.schema, f"index {index.called}", index.block.at("KeySchema")


@rule("TW-KEY-003", "table-name-invalid", ERROR)
def table_name_invalid(stack: Stack) -> Iterator[Problem]:
    """A table name that DynamoDB does not take

    What it finds: a table name shorter than 3 or longer than 255 characters, or with other characters than letters,
        digits, underscore, hyphen and dot.
    Why it matters: the resource schema lets it pass; CreateTable refuses it and the stack rolls back.
    Instead: 3 to 255 of A-Z a-z 0-9 _ - and dot.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, "Supported data types and naming rules".
    """
    for table in stack.tables:
        name = table.name
        if isinstance(name, Text) and not _NAME.fullmatch(name.text):
            yield Problem(
                name.position,
                f"{name.text!r} is not a table name: {_wrong(name.text)}",
                resource=table.logical_id,
            )


def _wrong(name: str) -> str:
    if len(name) < 3:
        return "it has fewer than 3 characters"
    if len(name) > 255:
        return f"it has {len(name)} characters, at most 255 are allowed"
    bad = next(c for c in name if not re.match(r"[A-Za-z0-9_.-]", c))
    return f"{bad!r} is not allowed in it"


@rule("TW-KEY-004", "low-cardinality-partition-key", WARNING)
def low_cardinality_partition_key(stack: Stack) -> Iterator[Problem]:
    """A partition key that takes few values

    What it finds: a table or index whose whole partition key is an attribute named like a status, a type, a flag or a
        country.
    Why it matters: all items of one value share partitions, and one partition serves 3,000 reads and 1,000 writes a
        second at most. An index of this kind that throttles also throttles the writes to its table.
    Instead: put the attribute into the sort key under a key with many values, shard it (status#0 … status#9), or index
        only the items that are looked for (a sparse index).
    When to ignore: the index stays small and is written rarely.
    Source: Amazon DynamoDB developer guide, "Best practices for designing and using partition keys"; "Throttling of
        indexes".
    """
    for table in stack.tables:
        for name, position, whose in _partition_keys(table):
            word = camel_words(name)[-1:] if len(camel_words(name)) <= 2 else []
            lone = (
                name.lower() in _FEW
                or bool(_FEW_PREFIX.match(name))
                or (word and word[0] in ("status", "state", "flag"))
            )
            if lone:
                yield Problem(
                    position,
                    f"{name} is the partition key of {whose}, and likely takes few values",
                    f"Give {whose} a key with many values, and {name} as the sort key, or shard it: {name}#0 … {name}#9.",
                    table.logical_id,
                )


@rule("TW-KEY-005", "monotonic-partition-key", WARNING)
def monotonic_partition_key(stack: Stack) -> Iterator[Problem]:
    """A partition key that follows the clock

    What it finds: a table or index whose whole partition key is an attribute named like a date, a time or a sequence
        number.
    Why it matters: with a date, the whole traffic of a day meets one partition; with a time or a counter, nothing can
        be queried together. Either way the newest items are hot.
    Instead: partition by what the items belong to, and put the time into the sort key.
    When to ignore: items are written rarely, and are read by exactly this value.
    Source: Amazon DynamoDB developer guide, "Designing partition keys to distribute your workload".
    """
    for table in stack.tables:
        for name, position, whose in _partition_keys(table):
            if _TIME.fullmatch(name):
                yield Problem(
                    position,
                    f"{name} is the partition key of {whose}, and follows the clock",
                    f"Partition {whose} by what its items belong to, with {name} as the sort key.",
                    table.logical_id,
                )


def _partition_keys(table: Table) -> Iterator[tuple[str, Position, str]]:
    """The partition keys of one attribute: name, place and whose."""
    hashes = [part for part in table.schema or () if part.role == "HASH"]
    if len(hashes) == 1:
        yield hashes[0].name, hashes[0].position, table.called
    for index in table.globals:
        hashes = [part for part in index.schema or () if part.role == "HASH"]
        if len(hashes) == 1:
            yield hashes[0].name, hashes[0].position, f"index {index.called}"


@rule("TW-KEY-010", "index-instead-of-item-collection", INFO)
def index_instead_of_item_collection(stack: Stack) -> Iterator[Problem]:
    """An index where an item collection would do

    What it finds: a table with a partition key only, and a global index on the key of another table of the stack.
    Why it matters: children that are mostly read by their parent can stand together under the parent's key; the index
        then costs a second write and a second copy for nothing.
    Instead: the parent's key as partition key and the child's as sort key: one Query reads a parent's children, in
        order.
    When to ignore: the children are as often read by their own key alone.
    Source: Amazon DynamoDB developer guide, "Best practices for modeling relational data".
    """
    parents = {table.hash: table for table in stack.tables if table.hash}
    for table in stack.tables:
        if table.range is not None or table.schema is None:
            continue
        for index in table.globals:
            parent = parents.get(index.hashes[0]) if len(index.hashes) == 1 else None
            if parent is not None and parent is not table:
                yield Problem(
                    index.position,
                    f"{index.called} finds the items of {table.called} by the key of {parent.called}",
                    f"With {index.hashes[0]} as partition and {table.hash} as sort key, {table.called} needs no {index.called}.",
                    table.logical_id,
                )
