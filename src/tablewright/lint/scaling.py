"""Scalable targets of DynamoDB, as rules read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tablewright.lint.resource import Resource
from tablewright.lint.stack import Stack
from tablewright.lint.table import Table
from tablewright.lint.values import text
from tablewright.model.design import Position
from tablewright.template.resolve import Gap, Piece, Reference, pieces

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
SCALING_POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"


@dataclass(frozen=True)
class Target:
    """One scalable target. ``what`` is reads, writes or None where unknown; ``index`` is None for the table itself."""

    resource: Resource
    parts: tuple[Piece, ...]
    table: Table | None
    index: str | None
    dimension: str | None
    position: Position

    @property
    def what(self) -> str | None:
        """Which capacity it scales."""
        if self.dimension is None:
            return None
        return "reads" if self.dimension.endswith("ReadCapacityUnits") else "writes"

    @property
    def is_table(self) -> bool:
        """Whether it is surely a table, not an index."""
        return not any(isinstance(part, Gap) for part in self.parts)

    @property
    def is_foreign(self) -> bool:
        """Whether it surely belongs to a table that this template does not make."""
        return all(isinstance(part, str) for part in self.parts) and bool(self.parts)


def targets(stack: Stack) -> Iterator[Target]:
    """The scalable targets of DynamoDB in a template."""
    for resource in stack.of(SCALABLE_TARGET):
        namespace = text(resource.properties.get("ServiceNamespace"))
        dimension = text(resource.properties.get("ScalableDimension"))
        if namespace not in (None, "dynamodb") or (dimension or "dynamodb:").split(":")[0] != "dynamodb":
            continue
        value = resource.properties.get("ResourceId")
        if value is None:
            continue
        parts = pieces(value.node, resource.scope)
        table, index = scaled(stack, parts)
        yield Target(resource, parts, table, index, dimension, value.position)


def scaled(stack: Stack, parts: tuple[Piece, ...]) -> tuple[Table | None, str | None]:
    """The table and index that a ResourceId names: ``table/NAME`` or ``table/NAME/index/INDEX``."""
    if not parts or not isinstance(parts[0], str) or not parts[0].startswith("table/"):
        return None, None
    named: list[Piece] = []
    index: str | None = None
    for number, part in enumerate(parts):
        if index is not None:
            index = None if not isinstance(part, str) else index + part
            continue
        if isinstance(part, str):
            rest = part.removeprefix("table/") if number == 0 else part
            rest, slash, after = rest.partition("/index/")
            if rest:
                named.append(rest)
            if slash:
                index = after
        elif isinstance(part, (Reference, Gap)):
            named.append(part)
    return stack.table_of_pieces(tuple(named)), index
