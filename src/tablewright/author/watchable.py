"""What of a template can be watched: its tables with their indexes, streams and replicas, and what its alarms watch already."""

from __future__ import annotations

from collections.abc import Mapping as Values
from dataclasses import dataclass

from tablewright.author.editing import Text
from tablewright.author.siblings import Sibling, family, mentions
from tablewright.author.writing import Call, Value, value_of
from tablewright.lint.stack import Stack, read_stack
from tablewright.lint.values import text as text_of
from tablewright.lint.watching import all_watches, table_watched
from tablewright.model.metrics import INDEX, METRICS, T
from tablewright.template.tree import Mapping, Node, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing that has alarms of its own: a table, an index of it, or a program that reads its stream.

    ``label`` is what a person calls the index or the program; ``value`` is what the template says for it, as it is written into
    a dimension. ``condition`` is the one under which it exists, or empty.
    """

    table: Sibling
    label: str = ""
    value: Value = ""
    condition: str = ""
    provisioned: bool | None = None
    ceiling: bool = False


@dataclass(frozen=True, slots=True)
class WatchedTable:
    """One table and what belongs to it. ``provisioned`` is None where a function decides the billing mode."""

    subject: Subject
    indexes: tuple[Subject, ...] = ()
    readers: tuple[Subject, ...] = ()
    unread: tuple[str, ...] = ()
    expires: bool = False
    replicated: bool = False
    kinesis: bool = False

    @property
    def table(self) -> Sibling:
        """Its place in the template."""
        return self.subject.table

    @property
    def called(self) -> str:
        """What a person calls it."""
        return called(self.table)


def called(table: Sibling) -> str:
    """The table's plain name, or its logical ID where an expression gives the name."""
    return table.leaf if table.leaf and "${" not in table.leaf else table.short or table.logical_id


def watched_tables(text: Text, names: tuple[str, ...] = ()) -> tuple[WatchedTable, ...]:
    """The tables that are named, or all. Raises UsageError."""
    found = family(text)
    chosen = tuple(dict.fromkeys(found.named(name) for name in names)) if names else found.tables
    return tuple(_watched_table(text, table) for table in chosen)


def _watched_table(text: Text, table: Sibling) -> WatchedTable:
    condition = table.node.get("Condition")
    under = condition.text if isinstance(condition, Scalar) else ""
    mode = table.value("BillingMode")
    provisioned = None if isinstance(mode, Call) else mode != "PAY_PER_REQUEST"
    subject = Subject(table, condition=under, provisioned=provisioned, ceiling=_has_ceiling(table.properties))
    readers, unread = _readers(text, table, under)
    expires = table.value("TimeToLiveSpecification", "Enabled")
    return WatchedTable(
        subject=subject,
        indexes=tuple(_indexes(table, subject)),
        readers=readers,
        unread=unread,
        expires=expires is not None and expires is not False,
        replicated=_replicas(table) > 1,
        kinesis=table.value("KinesisStreamSpecification") is not None,
    )


_CEILINGS = ("OnDemandThroughput", "WriteOnDemandThroughputSettings", "ReadOnDemandThroughputSettings")


def _has_ceiling(node: Mapping) -> bool:
    return any(node.get(key) is not None for key in _CEILINGS)


def _indexes(table: Sibling, owner: Subject) -> list[Subject]:
    """The global indexes: a local one has no metrics of its own."""
    listed = table.properties.get("GlobalSecondaryIndexes")
    found: list[Subject] = []
    for item in listed.items if isinstance(listed, Sequence) else ():
        name = item.get("IndexName") if isinstance(item, Mapping) else None
        if name is None or not isinstance(item, Mapping):
            continue  # an index that a function gives: whether it is there is not known here
        value = value_of(name)
        label = value if isinstance(value, str) else f"index{len(found) + 1}"
        found.append(Subject(table, label, value, owner.condition, owner.provisioned, _has_ceiling(item)))
    return found


def _replicas(table: Sibling) -> int:
    listed = table.properties.get("Replicas")
    return len(listed.items) if isinstance(listed, Sequence) else 0


def _readers(text: Text, table: Sibling, under: str) -> tuple[tuple[Subject, ...], tuple[str, ...]]:
    """The functions that read the table's stream by what the template says; and the mappings whose function has no name here."""
    resources = text.tree.get("Resources")
    found: list[Subject] = []
    unread: list[str] = []
    for entry in resources.entries if isinstance(resources, Mapping) else ():
        node = entry.value
        kind = node.get("Type") if isinstance(node, Mapping) else None
        body = node.get("Properties") if isinstance(node, Mapping) else None
        if not isinstance(node, Mapping) or not isinstance(kind, Scalar) or not isinstance(body, Mapping):
            continue
        condition = node.get("Condition")
        where = condition.text if isinstance(condition, Scalar) else under
        if kind.text == "AWS::Lambda::EventSourceMapping":
            source, function = body.get("EventSourceArn"), body.get("FunctionName")
            if source is None or function is None or not mentions(source, table.logical_id):
                continue
            named = _function_name(value_of(function))
            if named is None:
                unread.append(entry.key)
            else:
                found.append(Subject(table, named[0], named[1], where))
        elif kind.text == "AWS::Serverless::Function" and _listens(body.get("Events"), table.logical_id):
            found.append(Subject(table, entry.key, Call("Ref", entry.key), where))
    unique = {(one.label, one.condition): one for one in found}
    return tuple(unique.values()), tuple(unread)


def _listens(events: Node | None, logical: str) -> bool:
    for entry in events.entries if isinstance(events, Mapping) else ():
        event = entry.value
        kind = event.get("Type") if isinstance(event, Mapping) else None
        if isinstance(kind, Scalar) and kind.text == "DynamoDB" and mentions(event, logical):
            return True
    return False


def _function_name(value: Value) -> tuple[str, Value] | None:
    """What a function is called, and its name as a dimension: an ARN has it as its seventh part, without a version."""
    if isinstance(value, Call) and value.name == "Ref" and isinstance(value.argument, str):
        return value.argument, value
    if isinstance(value, Call) and value.name == "Fn::GetAtt" and isinstance(value.argument, str):
        function, _, attribute = value.argument.partition(".")
        return (function, Call("Ref", function)) if attribute == "Arn" else None
    if isinstance(value, str) and value:
        parts = value.split(":")
        name = parts[6] if len(parts) > 6 and parts[0] == "arn" else parts[0] if len(parts) == 1 else ""
        return (name, name) if name else None
    return None


Seen = Values[tuple[str, str, str, str], str]
"""(logical ID of the table, name of the index, metric, operation) -> the alarm that watches it; "" for what is not there."""


def read_alarms(text: Text) -> Seen:
    """What the template's alarms watch, where they can: one with dimensions that its metric does not have watches nothing."""
    stack: Stack = read_stack(text.tree, text.path, text.text, parameters={}, pseudo={}, defaults=True)
    found: dict[tuple[str, str, str, str], str] = {}
    for watch in all_watches(stack):
        metric = METRICS.get(watch.metric or "")
        if watch.dimensions is None or not watch.metric:
            continue
        if metric is None or not watch.is_dynamodb:
            function = watch.dimensions.get("FunctionName")
            if watch.metric == "IteratorAge" and function is not None:
                found.setdefault(("", _mention(function.node), watch.metric, ""), watch.alarm.logical_id)
            continue
        if frozenset(watch.dimensions) not in metric.dimensions:
            continue
        table = table_watched(stack, watch)
        if T in watch.dimensions and table is None:
            continue
        index = text_of(watch.dimensions.get(INDEX)) or ""
        operation = text_of(watch.dimensions.get("Operation")) or ""
        key = (table.logical_id if table is not None else "", index, watch.metric, operation)
        found.setdefault(key, watch.alarm.logical_id)
    return found


def _mention(node: Node) -> str:
    value = value_of(node)
    named = _function_name(value)
    return named[0] if named is not None else ""
