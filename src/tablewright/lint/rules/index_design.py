"""Indexes: what deploys, and costs or limits more than it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tablewright.lint.rule import INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import dig, number, text

_HEAVY_WRITES = 100
_MANY_COPIES = 4


@rule("TW-IDX-006", "local-index-adopted", WARNING)
def local_index_adopted(stack: Stack) -> Iterator[Problem]:
    """A local index can never be taken back

    What it finds: a table with local secondary indexes.
    Why it matters: they are made with the table only and never removed, and with one the items of a partition key may
        not exceed 10 GB: writes beyond are refused ("ItemCollectionSizeLimitExceededException").
    Instead: a global secondary index, unless strongly consistent reads by another order are what you need.
    When to ignore: the reads need strong consistency, and no partition key will ever hold 10 GB.
    Source: Amazon DynamoDB developer guide, "Local secondary indexes" and "Quotas in Amazon DynamoDB".
    """
    for table in stack.tables:
        if table.locals:
            names = ", ".join(index.called for index in table.locals)
            yield Problem(
                table.where("LocalSecondaryIndexes"),
                f"{names} of {table.called} cannot be removed later, and caps each partition key at 10 GB",
                resource=table.logical_id,
            )


@rule("TW-IDX-007", "projection-all", INFO)
def projection_all(stack: Stack) -> Iterator[Problem]:
    """An index copies every attribute

    What it finds: ProjectionType ALL. An info, since a file does not say how large items are; a warning with evidence
        of many writes: 100 or more write units provisioned for the index, or four or more such indexes on one table.
    Why it matters: every write of an item that is in the index is written, stored and billed a second time in full.
    Instead: KEYS_ONLY, or INCLUDE with what the queries on the index show. A projection cannot be changed: it takes a
        new index.
    When to ignore: the queries on the index need the whole item.
    Source: Amazon DynamoDB developer guide, "Attribute projections" and "Best practices for indexes".
    """
    for table in stack.tables:
        whole = [index for index in table.indexes if text(dig(index.block, "Projection", "ProjectionType")) == "ALL"]
        for index in whole:
            writes = number(dig(index.block, "ProvisionedThroughput", "WriteCapacityUnits")) or 0
            heavy = writes >= _HEAVY_WRITES or len(whole) >= _MANY_COPIES
            yield Problem(
                dig(index.block, "Projection", "ProjectionType").position,  # type: ignore[union-attr]
                f"{index.called} stores a second copy of every attribute of {table.called}",
                "Project what the queries on it show: ProjectionType: INCLUDE with NonKeyAttributes, or KEYS_ONLY.",
                table.logical_id,
                severity=WARNING if heavy else None,
            )


@rule("TW-IDX-012", "redundant-index", WARNING)
def redundant_index(stack: Stack) -> Iterator[Problem]:
    """An index repeats another, or the table

    What it finds: a global index with the key of the table, with the key of another index, or with a partition key
        alone where another index has the same partition key and a sort key besides.
    Why it matters: what it answers, the other answers too; it doubles writes and storage.
    Instead: query the other one; a Query may leave out the sort key.
    When to ignore: one of them is sparse on purpose, or has a projection of its own that is read far more often.
    Source: Amazon DynamoDB developer guide, "Best practices for using secondary indexes".
    """
    for table in stack.tables:
        if not table.schema:
            continue
        known = [_Answer((table.hash or "",), (table.range,) if table.range else (), f"the table {table.called}")]
        listed = [index for index in table.globals if index.schema]
        known += [_Answer(index.hashes, index.ranges, index.called) for index in listed]
        for place, index in enumerate(listed, start=1):
            mine = known[place]
            for other, answer in enumerate(known):
                same = other < place and (answer.hashes, answer.ranges) == (mine.hashes, mine.ranges)
                longer = (
                    other not in (0, place) and answer.hashes == mine.hashes and bool(answer.ranges) > bool(mine.ranges)
                )
                if same or longer:
                    yield Problem(
                        index.position,
                        f"{index.called} answers nothing that {answer.whose} does not",
                        f"Query {answer.whose} by {', '.join(index.hashes)} and remove {index.called}.",
                        table.logical_id,
                    )
                    break


@dataclass(frozen=True)
class _Answer:
    """Which queries a table or an index answers."""

    hashes: tuple[str, ...]
    ranges: tuple[str, ...]
    whose: str


@rule("TW-IDX-013", "index-without-order", WARNING)
def index_without_order(stack: Stack) -> Iterator[Problem]:
    """An index over a one-to-many attribute has no sort key

    What it finds: a global index with a partition key alone, where that attribute is the key of another table of the
        stack, so one value has many items.
    Why it matters: a Query gives the many in no order, cannot ask for the newest ten or for a range, and must read all
        of them.
    Instead: a sort key, such as createdAt. An index key cannot be changed: it takes a new index.
    When to ignore: one value never has more items than one page, and their order does not matter.
    Source: Amazon DynamoDB developer guide, "Best practices for using sort keys to organize data".
    """
    owners = {table.hash: table for table in stack.tables if table.hash and table.range is None}
    for table in stack.tables:
        for index in table.globals:
            owner = owners.get(index.hashes[0]) if len(index.hashes) == 1 and not index.ranges else None
            if owner is not None and owner is not table:
                yield Problem(
                    index.position,
                    f"{index.called} gives the items of one {index.hashes[0]} in no order",
                    f"Add a sort key, createdAt (RANGE), say: an item of {owner.called} has many in {table.called}.",
                    table.logical_id,
                )
