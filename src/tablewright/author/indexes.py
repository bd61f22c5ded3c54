"""A new global secondary index, with its attribute, its projection, its throughput and its alarm."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.author.alarms import alarm_for
from tablewright.author.editing import Path, Text, put_entry, put_item
from tablewright.author.features import attributes
from tablewright.author.replicas import is_global
from tablewright.author.siblings import Sibling, family
from tablewright.author.tables import Key, check_reserved
from tablewright.author.writing import Value
from tablewright.errors import UsageError
from tablewright.model.quotas import GLOBAL_INDEXES
from tablewright.template.tree import Mapping, Scalar, Sequence

PROJECTIONS = {
    "ALL": "every attribute is stored and written again; queries never go back to the table",
    "KEYS_ONLY": "the keys alone: the least storage and writes, and a read of the table for anything else",
    "INCLUDE": "the keys and the attributes that are named",
}
"""What each projection costs, in words."""


@dataclass(frozen=True, slots=True)
class NewIndex:
    """What is wished for. ``name`` is ``{attribute}-index`` where it is empty; ``include`` are the attributes of INCLUDE."""

    table: str
    key: Key
    sort: Key | None = None
    name: str = ""
    projection: str = "ALL"
    include: tuple[str, ...] = ()
    alarm: bool = True
    reserved: bool = False


def add_index(text: Text, wish: NewIndex) -> Text:
    """The template with the index in it. Raises UsageError."""
    found = family(text)
    table = found.named(wish.table)
    where: Path = ("Resources", table.logical_id, "Properties")
    name = wish.name or f"{wish.key.name}-index"
    _check(text, table, where, name, wish)
    if not wish.reserved:
        known = {attribute for attribute, _ in attributes(text, where)}
        keys = (wish.key, *([wish.sort] if wish.sort else []))
        check_reserved((key for key in keys if key.name not in known), table.short or table.logical_id)
    for key in (wish.key, *([wish.sort] if wish.sort else [])):
        text = define(text, where, key, table)
    text = put_item(text, (*where, "GlobalSecondaryIndexes"), _index(table, name, wish))
    if wish.alarm:
        alarm_id, alarm = alarm_for(
            text, table.logical_id, table.short or table.logical_id, found.tables, table.leaf, name
        )
        text = put_entry(text, ("Resources", alarm_id), alarm, spaced=True, after=_after(text, table))
    return text


def _check(text: Text, table: Sibling, where: Path, name: str, wish: NewIndex) -> None:
    if is_global(table) and table.value("BillingMode") != "PAY_PER_REQUEST":
        raise UsageError(
            "global-capacity",
            "The capacity of a global table is written otherwise",
            f"An index of {table.logical_id} needs WriteProvisionedThroughputSettings, and its read capacity in each replica. "
            "Write it by hand.",
        )
    names = index_names(text, table)
    if name in names:
        raise UsageError("name-in-use", "The name is in use", f"{table.logical_id} has an index {name} already.")
    listed = text.at((*where, "GlobalSecondaryIndexes"))
    if isinstance(listed, Sequence) and len(listed.items) >= GLOBAL_INDEXES.value:
        raise UsageError(
            "too-many-indexes",
            "The table has as many indexes as AWS allows",
            f"{table.logical_id} has {len(listed.items)} global secondary indexes; AWS allows {GLOBAL_INDEXES.value}, unless "
            "the quota was raised. An index can serve several queries by a composite sort key.",
        )
    if wish.projection == "INCLUDE" and not wish.include:
        raise UsageError(
            "no-attributes", "No attributes are named", "The projection INCLUDE wants the attributes: --include NAME."
        )
    if wish.projection != "INCLUDE" and wish.include:
        raise UsageError(
            "contradictory-options",
            "Options contradict each other",
            f"{wish.projection} takes no attributes; INCLUDE does.",
        )


def define(text: Text, where: Path, key: Key, table: Sibling) -> Text:
    """The attribute defined, unless it is already. Raises UsageError where it is, with another type."""
    listed = text.at((*where, "AttributeDefinitions"))
    for item in listed.items if isinstance(listed, Sequence) else ():
        name, type_ = (
            item.get(part) if isinstance(item, Mapping) else None for part in ("AttributeName", "AttributeType")
        )
        if isinstance(name, Scalar) and name.text == key.name:
            if isinstance(type_, Scalar) and type_.text != key.type:
                raise UsageError(
                    "attribute-of-another-type",
                    "The attribute has another type",
                    f"{key.name} of {table.logical_id} is defined as {type_.text} in line {name.position.line}, and a key has "
                    f"one type: write {key.name}:{type_.text}, or use another attribute.",
                )
            return text
    return put_item(text, (*where, "AttributeDefinitions"), {"AttributeName": key.name, "AttributeType": key.type})


def _index(table: Sibling, name: str, wish: NewIndex) -> Value:
    schema: list[Value] = [{"AttributeName": wish.key.name, "KeyType": "HASH"}]
    if wish.sort:
        schema.append({"AttributeName": wish.sort.name, "KeyType": "RANGE"})
    projection: dict[str, Value] = {"ProjectionType": wish.projection}
    if wish.include:
        projection["NonKeyAttributes"] = list(wish.include)
    index: dict[str, Value] = {"IndexName": name, "KeySchema": schema, "Projection": projection}
    throughput = table.value("ProvisionedThroughput")
    if throughput is not None and table.value("BillingMode") != "PAY_PER_REQUEST":
        index["ProvisionedThroughput"] = throughput
    return index


def index_names(text: Text, table: Sibling) -> tuple[str, ...]:
    """The names of a table's indexes, global and local."""
    names = []
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        listed = text.at(("Resources", table.logical_id, "Properties", kind))
        for item in listed.items if isinstance(listed, Sequence) else ():
            name = item.get("IndexName") if isinstance(item, Mapping) else None
            if isinstance(name, Scalar):
                names.append(name.text)
    return tuple(names)


def _after(text: Text, table: Sibling) -> str:
    from tablewright.author.alarms import alarms_on

    on_table = alarms_on(text, table.logical_id)
    return on_table[-1] if on_table else table.logical_id
