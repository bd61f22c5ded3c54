"""Vector indexes."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.lint.rule import ERROR, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import blocks, is_whole, text
from tablewright.model.quotas import VECTOR_INDEXES
from tablewright.template.resolve import Rows, Text


@rule("TW-IDX-015", "vector-index-requirements", ERROR)
def vector_index_requirements(stack: Stack) -> Iterator[Problem]:
    """A vector index that its table cannot have

    What it finds: a vector index on a table with provisioned capacity, more than five on one table, or a search schema
        attribute that AttributeDefinitions do not define.
    Why it matters: DynamoDB refuses the table, and the stack rolls back.
    Instead: BillingMode PAY_PER_REQUEST, at most five vector indexes, and every search schema attribute defined.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, vector search requirements.
    """
    for table in stack.tables:
        listed = table.get("VectorIndexes")
        if not table.vectors:
            continue
        if table.billing == "PROVISIONED":
            yield Problem(
                table.where("VectorIndexes"),
                f"{table.called} has provisioned capacity; vector indexes need PAY_PER_REQUEST",
                "Write BillingMode: PAY_PER_REQUEST.",
                table.logical_id,
            )
        if isinstance(listed, Rows) and is_whole(listed) and len(listed.items) > VECTOR_INDEXES.value:
            yield Problem(
                table.where("VectorIndexes"),
                f"{table.called} has {len(listed.items)} vector indexes; at most {VECTOR_INDEXES.value} are allowed",
                resource=table.logical_id,
            )
        if table.attributes is None:
            continue
        defined = {attribute.name for attribute in table.attributes}
        for index in table.vectors:
            for element in blocks(index.block.get("SearchSchema")):
                name = element.get("AttributeName")
                if isinstance(name, Text) and name.text not in defined:
                    yield Problem(
                        name.position,
                        f"{name.text} is searched by {text(index.name) or 'the vector index'}, but is not defined",
                        f"Add {name.text} with its type to AttributeDefinitions.",
                        table.logical_id,
                    )
