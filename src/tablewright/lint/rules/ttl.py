"""Time to live."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.table import Table
from tablewright.lint.values import is_off, is_on, text
from tablewright.model.reserved_words import is_reserved
from tablewright.template.resolve import Text


@rule("TW-TTL-001", "ttl-attribute-type", WARNING)
def ttl_attribute_type(stack: Stack) -> Iterator[Problem]:
    """TTL on an attribute that cannot hold an expiry

    What it finds: TTL on an attribute that the table defines as S or B, or on the table's own partition key.
    Why it matters: TTL deletes items whose attribute is a Number of epoch seconds. With another type nothing is ever
        deleted, and nothing says so.
    Instead: a Number attribute of its own, such as expiresAt, with seconds since 1970.
    When to ignore: never; it has no effect.
    Source: Amazon DynamoDB developer guide, "Using time to live (TTL)".
    """
    for table in stack.tables:
        name = table.get("TimeToLiveSpecification", "AttributeName")
        if not isinstance(name, Text) or is_off(table.get("TimeToLiveSpecification", "Enabled")):
            continue
        kind = table.type_of(name.text)
        if kind in ("S", "B"):
            yield Problem(
                name.position,
                f"{name.text} is of type {kind}: TTL on {table.called} never deletes anything",
                "Keep the expiry in a Number attribute of its own, in seconds since 1970, and point TTL at it.",
                table.logical_id,
            )
        elif kind == "N" and name.text == table.hash:
            yield Problem(
                name.position,
                f"{name.text} is both the partition key and the expiry of {table.called}",
                "Keep the expiry in an attribute of its own.",
                table.logical_id,
            )


@rule("TW-TTL-002", "ttl-reserved-word", INFO)
def ttl_reserved_word(stack: Stack) -> Iterator[Problem]:
    """The TTL attribute is named by a reserved word

    What it finds: a TTL attribute whose name is a reserved word, such as TTL.
    Why it matters: a filter that leaves out expired items must write it as a placeholder (#ttl); written out, the
        expression is refused at run time. Renaming takes two deployments: TTL can be switched once an hour only.
    Instead: expiresAt, in the style of the other attributes.
    When to ignore: items carry the name already.
    Source: Amazon DynamoDB developer guide, "Reserved words in DynamoDB"; template reference, TimeToLiveSpecification.
    """
    for table in stack.tables:
        name = table.get("TimeToLiveSpecification", "AttributeName")
        if isinstance(name, Text) and is_reserved(name.text):
            yield Problem(
                name.position, f"{name.text} is a reserved word: expressions must write it as #{name.text.lower()}",
                resource=table.logical_id,
            )  # fmt: skip


@rule("TW-TTL-004", "ttl-without-attribute", ERROR)
def ttl_without_attribute(stack: Stack) -> Iterator[Problem]:
    """TTL is on without an attribute

    What it finds: TimeToLiveSpecification with Enabled true and no AttributeName.
    Why it matters: the resource schema does not ask for it; the service does, after the table is made, so the stack
        rolls back.
    Instead: AttributeName with the attribute that holds the expiry.
    When to ignore: never; the deployment fails.
    Source: Template reference, TimeToLiveSpecification (AttributeName is required when enabling).
    """
    for table in stack.tables:
        spec = table.get("TimeToLiveSpecification")
        if is_on(table.get("TimeToLiveSpecification", "Enabled")) and (
            table.get("TimeToLiveSpecification", "AttributeName") is None
        ):
            assert spec is not None
            yield Problem(
                table.where("TimeToLiveSpecification"),
                f"TTL of {table.called} is on, but names no attribute",
                resource=table.logical_id,
            )


@rule("TW-TTL-005", "ttl-on-parent-only", INFO)
def ttl_on_parent_only(stack: Stack) -> Iterator[Problem]:
    """Children outlive their parents

    What it finds: a table without TTL that refers, by a key of its own, to the partition key of a table with TTL.
    Why it matters: the parents expire and the children stay for ever: orphans that are stored, backed up and paid for.
    Instead: give the children an expiry too, written together with the parent's.
    When to ignore: the children are kept on purpose.
    Source: modelling practice.
    """
    parents = {table.hash: table for table in stack.tables if table.hash and _has_ttl(table) and table.range is None}
    for table in stack.tables:
        if table.get("TimeToLiveSpecification") is not None:
            continue
        keys = {part.name for part in table.schema or ()} | {name for index in table.indexes for name in index.hashes}
        for name in sorted(keys):
            parent = parents.get(name)
            if parent is not None and parent is not table and table.schema is not None:
                yield Problem(
                    table.position,
                    f"The items of {parent.called} expire, those of {table.called} that belong to them do not",
                    f"Add TimeToLiveSpecification to {table.called} and write the expiry with each item.",
                    table.logical_id,
                )
                break


def _has_ttl(table: Table) -> bool:
    return is_on(table.get("TimeToLiveSpecification", "Enabled")) and bool(
        text(table.get("TimeToLiveSpecification", "AttributeName"))
    )
