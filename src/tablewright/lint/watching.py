"""What watches tables, as rules read it: every metric of AWS/DynamoDB that an alarm looks at, with its own dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tablewright.lint.queries import query_of
from tablewright.lint.resource import Resource
from tablewright.lint.stack import Stack
from tablewright.lint.table import Table
from tablewright.lint.values import blocks, dig, text
from tablewright.model.design import Position
from tablewright.template.resolve import Block, Open, Resolved, Rows

NAMESPACE = "AWS/DynamoDB"


@dataclass(frozen=True)
class Watch:
    """One metric under one set of dimensions. ``dimensions`` is None unless every dimension's name is known."""

    alarm: Resource
    metric: str | None
    namespace: str | None
    dimensions: dict[str, Resolved] | None
    dimensions_position: Position
    statistic: Resolved | None
    position: Position  # of the metric's name
    block: Block

    @property
    def is_dynamodb(self) -> bool:
        """Whether it is surely a metric of DynamoDB."""
        return self.namespace == NAMESPACE


def watches(alarm: Resource) -> Iterator[Watch]:
    """The metrics of one alarm: its own, or those of its metric math and its Metrics Insights query."""
    props = alarm.properties
    if props.get("MetricName") is not None:
        yield _watch(alarm, props, props.get("Statistic") or props.get("ExtendedStatistic"))
    for query in blocks(props.get("Metrics")):
        metric = dig(query, "MetricStat", "Metric")
        if isinstance(metric, Block):
            yield _watch(alarm, metric, dig(query, "MetricStat", "Stat"))
        expression = query.get("Expression")
        asked = query_of(expression, alarm.scope) if expression is not None else None
        if asked is not None and expression is not None:
            here = expression.position
            yield Watch(alarm, asked.metric, asked.namespace, asked.dimensions, here, None, here, query)


def all_watches(stack: Stack) -> list[Watch]:
    """The metrics of every alarm of a template."""
    return [watch for alarm in stack.of("AWS::CloudWatch::Alarm") for watch in watches(alarm)]


def table_watched(stack: Stack, watch: Watch) -> Table | None:
    """The table of this template that a metric is of."""
    named = (watch.dimensions or {}).get("TableName")
    return stack.table_of(named, watch.alarm.scope) if named is not None else None


def _watch(alarm: Resource, block: Block, statistic: Resolved | None) -> Watch:
    name = block.get("MetricName")
    return Watch(
        alarm=alarm,
        metric=text(name),
        namespace=text(block.get("Namespace")),
        dimensions=_dimensions(block.get("Dimensions")),
        dimensions_position=block.at("Dimensions") if "Dimensions" in block.fields else block.at("MetricName"),
        statistic=statistic,
        position=name.position if name is not None else block.position,
        block=block,
    )


def _dimensions(value: Resolved | None) -> dict[str, Resolved] | None:
    if value is None:
        return {}
    if not isinstance(value, Rows) or not value.whole:
        return None
    found: dict[str, Resolved] = {}
    for item in value.items:
        name, given = text(dig(item, "Name")), dig(item, "Value")
        if name is None or given is None:
            return None
        found[name] = given
    return found


def is_unknown(value: Resolved | None) -> bool:
    """Whether the value cannot be known."""
    return isinstance(value, Open)
