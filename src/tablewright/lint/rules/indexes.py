"""Indexes: what CreateTable and UpdateTable refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.fixing import projection_fix
from tablewright.lint.rule import ERROR, INFO, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.table import Index, Table
from tablewright.lint.values import blocks, dig, is_whole, text, texts
from tablewright.model.quotas import (
    GLOBAL_INDEXES,
    INDEX_HASH_ATTRIBUTES,
    INDEX_RANGE_ATTRIBUTES,
    LOCAL_INDEXES,
    PROJECTED_ATTRIBUTES,
    PROJECTED_PER_INDEX,
)
from tablewright.template.resolve import Block, Rows, Text

_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")


@rule("TW-IDX-001", "index-name-invalid", ERROR, covers=("I3037", "E3033", "E3031"))
def index_name_invalid(stack: Stack) -> Iterator[Problem]:
    """An index name that DynamoDB does not take, or takes once only

    What it finds: an index name shorter than 3 or longer than 255 characters, with other characters than letters,
        digits, underscore, hyphen and dot, or that another index of the same table has already (global and local share
        one space).
    Why it matters: CreateTable and UpdateTable refuse it and the stack rolls back.
    Instead: 3 to 255 of A-Z a-z 0-9 _ - and dot, each name once.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, "Supported data types and naming rules"; API reference, CreateTable.
    """
    for table in stack.tables:
        seen = set[str]()
        for index in (*table.indexes, *table.vectors):
            name = index.name
            if not isinstance(name, Text):
                continue
            if not _NAME.fullmatch(name.text):
                yield Problem(
                    name.position,
                    f"{name.text!r} is not an index name: it wants 3 to 255 of letters, digits, _ - and dot",
                    resource=table.logical_id,
                )
            elif name.text in seen:
                yield Problem(
                    name.position, f"{table.called} has two indexes named {name.text}", resource=table.logical_id
                )
            seen.add(name.text)


@rule("TW-IDX-002", "too-many-local-indexes", ERROR)
def too_many_local_indexes(stack: Stack) -> Iterator[Problem]:
    """More than five local secondary indexes

    What it finds: a table with more than five local secondary indexes.
    Why it matters: the quota is fixed; CreateTable refuses the table.
    Instead: global secondary indexes, which can also be added and removed later.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, "Quotas in Amazon DynamoDB".
    """
    yield from _too_many(stack, "LocalSecondaryIndexes", "local secondary indexes", LOCAL_INDEXES.value)


@rule("TW-IDX-003", "too-many-global-indexes", ERROR)
def too_many_global_indexes(stack: Stack) -> Iterator[Problem]:
    """More than twenty global secondary indexes

    What it finds: a table with more global secondary indexes than the default quota of 20.
    Why it matters: without a raised quota CreateTable refuses the table.
    Instead: an index for each access pattern that needs one; general keys (GSI1PK, GSI1SK) let one index serve several.
    When to ignore: the account's quota is raised.
    Source: Amazon DynamoDB developer guide, "Quotas in Amazon DynamoDB".
    """
    yield from _too_many(stack, "GlobalSecondaryIndexes", "global secondary indexes", GLOBAL_INDEXES.value)


def _too_many(stack: Stack, key: str, what: str, most: int) -> Iterator[Problem]:
    for table in stack.tables:
        listed = table.get(key)
        if isinstance(listed, Rows) and is_whole(listed) and len(listed.items) > most:
            yield Problem(
                table.where(key),
                f"{table.called} has {len(listed.items)} {what}; the quota is {most}",
                resource=table.logical_id,
            )


@rule("TW-IDX-004", "local-index-key", ERROR)
def local_index_key(stack: Stack) -> Iterator[Problem]:
    """A local index does not keep to its table's partition key

    What it finds: a local secondary index whose partition key is not the table's, or whose sort key is the table's.
    Why it matters: a local index orders the same partitions by another attribute; anything else is refused at creation
        ("Index KeySchema does not have same leading hash key as table KeySchema"). In the guide's words, it is an index
        of a partition.
    Instead: the table's partition key with another sort key, or a global secondary index.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, "Local secondary indexes".
    """
    for table in stack.tables:
        if not table.schema:
            continue
        for index in table.locals:
            if not index.schema:
                continue
            hashes, ranges = index.hashes, index.ranges
            if hashes != (table.hash,):
                message = f"{index.called} is local, but its partition key is {', '.join(hashes) or 'missing'}, not {table.hash}"
            elif not ranges:
                message = f"{index.called} is local, and has no sort key"
            elif table.range in ranges:
                message = f"{index.called} is sorted by {table.range}, as {table.called} itself is"
            else:
                continue
            yield Problem(index.position, message, resource=table.logical_id)


@rule("TW-IDX-005", "local-index-without-sort-key", ERROR, covers=("E3032",))
def local_index_without_sort_key(stack: Stack) -> Iterator[Problem]:
    """A local index on a table without a sort key

    What it finds: local secondary indexes on a table whose primary key is a partition key alone.
    Why it matters: such a table has one item in each partition; DynamoDB refuses local indexes on it.
    Instead: a global secondary index.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, "Local secondary indexes" (the table must have a composite key).
    """
    for table in stack.tables:
        if table.schema and table.range is None and table.locals:
            yield Problem(
                table.where("LocalSecondaryIndexes"),
                f"{table.called} has no sort key, so it cannot have local indexes",
                resource=table.logical_id,
            )


@rule("TW-IDX-008", "projection-attributes", ERROR)
def projection_attributes(stack: Stack) -> Iterator[Problem]:
    """NonKeyAttributes without INCLUDE, or INCLUDE without them

    What it finds: ProjectionType INCLUDE that lists no attributes, or ALL or KEYS_ONLY that lists some.
    Why it matters: the resource schema lets both pass; CreateTable refuses them ("NonKeyAttributes … ProjectionType is
        INCLUDE").
    Instead: INCLUDE with NonKeyAttributes, or ALL or KEYS_ONLY without.
    When to ignore: never; the deployment fails.
    Source: API reference, Projection.
    """
    for table, index, projection in _projections(stack):
        kind, listed = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
        names = [name.text for name in texts(listed)]
        if text(kind) == "INCLUDE" and (
            listed is None or (isinstance(listed, Rows) and listed.whole and not listed.items)
        ):
            message = f"{index.called} includes attributes, but lists none"
            instead = (
                "List them in NonKeyAttributes, or take ProjectionType KEYS_ONLY, which is the same as including none."
            )
            fix = projection_fix(stack, projection, "KEYS_ONLY", drop=listed is not None)
        elif text(kind) in ("ALL", "KEYS_ONLY") and listed is not None and is_whole(listed):
            message = f"{index.called} lists NonKeyAttributes, but its ProjectionType is {text(kind)}"
            if text(kind) == "ALL":
                instead, target = "Remove NonKeyAttributes: ALL takes every attribute.", "ALL"
            else:
                instead, target = (
                    f"Write ProjectionType: INCLUDE, which takes the keys and {', '.join(names)}.",
                    "INCLUDE",
                )
            fix = projection_fix(stack, projection, target, drop=target == "ALL")
        else:
            continue
        yield Problem(projection.at("NonKeyAttributes"), message, instead, table.logical_id, fix)


@rule("TW-IDX-009", "projection-without-type", ERROR)
def projection_without_type(stack: Stack) -> Iterator[Problem]:
    """A projection without ProjectionType

    What it finds: an index's Projection that does not say ProjectionType.
    Why it matters: the resource schema does not ask for it; the service does ("Unknown ProjectionType: null").
    Instead: ALL, KEYS_ONLY, or INCLUDE with NonKeyAttributes.
    When to ignore: never; the deployment fails.
    Source: API reference, CreateTable (GlobalSecondaryIndexes, Projection).
    """
    for table, index, projection in _projections(stack):
        if projection.whole and projection.get("ProjectionType") is None:
            listed = projection.get("NonKeyAttributes")
            named = bool([*texts(listed)])
            yield Problem(
                index.block.at("Projection"),
                f"The projection of {index.called} has no ProjectionType",
                "Write ProjectionType: INCLUDE." if named else "Write ProjectionType: ALL, KEYS_ONLY or INCLUDE.",
                table.logical_id,
                projection_fix(stack, projection, "INCLUDE", drop=False) if named else None,
            )


@rule("TW-IDX-010", "too-many-projected-attributes", ERROR)
def too_many_projected_attributes(stack: Stack) -> Iterator[Problem]:
    """More attributes projected than the quotas allow

    What it finds: more than 20 NonKeyAttributes in one index, or more than 100 over all indexes of a table (a name
        counts in each).
    Why it matters: the quotas are fixed; CreateTable refuses the table.
    Instead: ProjectionType ALL, or fewer attributes.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, "Quotas in Amazon DynamoDB" (secondary index projected attributes).
    """
    for table in stack.tables:
        total = 0
        for index in table.indexes:
            listed = dig(index.block, "Projection", "NonKeyAttributes")
            count = len(listed.items) if isinstance(listed, Rows) and listed.whole else 0
            total += count
            if count > PROJECTED_PER_INDEX.value:
                yield Problem(
                    index.position,
                    f"{index.called} projects {count} attributes; at most {PROJECTED_PER_INDEX.value} are allowed",
                    resource=table.logical_id,
                )
        if total > PROJECTED_ATTRIBUTES.value:
            yield Problem(
                table.where("GlobalSecondaryIndexes"),
                f"The indexes of {table.called} project {total} attributes; {PROJECTED_ATTRIBUTES.value} are allowed in all",
                resource=table.logical_id,
            )


@rule("TW-IDX-011", "projected-key", INFO)
def projected_key(stack: Stack) -> Iterator[Problem]:
    """A key attribute is listed among the projected

    What it finds: NonKeyAttributes that name a key of the table or of the index.
    Why it matters: keys are projected always; the entry only takes a place of the hundred.
    Instead: leave it out.
    When to ignore: when it does not matter to you.
    Source: API reference, Projection.
    """
    for table, index, projection in _projections(stack):
        keys = {part.name for part in (*(table.schema or ()), *(index.schema or ()))}
        for name in texts(projection.get("NonKeyAttributes")):
            if name.text in keys:
                yield Problem(
                    name.position,
                    f"{name.text} is a key, so {index.called} has it without saying so",
                    resource=table.logical_id,
                )


@rule("TW-IDX-014", "index-key-shape", ERROR)
def index_key_shape(stack: Stack) -> Iterator[Problem]:
    """A global index key of the wrong shape

    What it finds: a global secondary index without a partition key, with more than four partition or four sort key
        attributes, with one attribute twice, or with a partition key attribute after a sort key attribute.
    Why it matters: DynamoDB refuses the index. (Several attributes in one key are allowed in global indexes only.)
    Instead: one to four HASH attributes, then up to four RANGE attributes.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, multi-attribute keys of global secondary indexes (2025-11; the numbers
        unverified).
    """
    for table in stack.tables:
        for index in table.globals:
            if not index.schema:
                continue
            roles = [part.role for part in index.schema]
            if "HASH" not in roles:
                message = f"{index.called} has no partition key"
            elif "RANGE" in roles and "HASH" in roles[roles.index("RANGE") :]:
                message = f"In the key of {index.called} a HASH stands after a RANGE"
            elif (
                roles.count("HASH") > INDEX_HASH_ATTRIBUTES.value or roles.count("RANGE") > INDEX_RANGE_ATTRIBUTES.value
            ):
                message = f"{index.called} has more than four attributes in its partition or sort key"
            elif len({part.name for part in index.schema}) < len(roles):
                message = f"One attribute stands twice in the key of {index.called}"
            else:
                continue
            yield Problem(index.block.at("KeySchema"), message, resource=table.logical_id)


def _projections(stack: Stack) -> Iterator[tuple[Table, Index, Block]]:
    for table in stack.tables:
        for index in (*table.indexes, *table.vectors):
            for projection in blocks(index.block.get("Projection")):
                yield table, index, projection
