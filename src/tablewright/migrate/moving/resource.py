"""The new table's resource: the old one's, under other keys, holding nothing that would touch what is copied into it."""

from __future__ import annotations

from tablewright.author.editing import Text
from tablewright.author.names import with_own
from tablewright.author.siblings import mentions, renamed
from tablewright.author.tables import Key
from tablewright.author.writing import Value, value_of
from tablewright.errors import UsageError
from tablewright.migrate.moving.move import Moved
from tablewright.template.tree import Mapping, Scalar, Sequence

__all__ = ["dropped_indexes", "index_names", "new_table", "scaling"]

_OWN = ("TimeToLiveSpecification", "ImportSourceSpecification", "DeletionPolicy", "UpdateReplacePolicy", "DependsOn")
"""What the new table does not take over. TTL comes with the switch: before, it would delete what is being compared."""

_ATTRIBUTES = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
"""What names attributes and indexes: those are the items' and the programs', whatever the table is called."""

_SCALING = ("AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy")


def new_table(ends: Moved, key: Key | None, sort: Key | None, last: str) -> Value:
    """The resource. ``last``: the table that a protected one is made after.

    Raises UsageError where the old one's keys cannot be read, or one attribute would be both keys.
    """
    taken = value_of(ends.old.node)
    assert isinstance(taken, dict)
    properties = taken.get("Properties")
    if not isinstance(properties, dict):
        raise UsageError("no-properties", "The table has no properties", f"{ends.old.logical_id} has no Properties.")
    types = _types(properties)
    keys = _keys(ends, properties, types) if key is None else [key, *([sort] if sort else [])]
    if len({each.name for each in keys}) < len(keys):
        raise UsageError("key-twice", "One attribute cannot be both keys", f"{keys[0].name} is given as both keys.")
    changed: dict[str, Value] = {
        name: value if name in _ATTRIBUTES else renamed(value, ends.old, ends.logical_id, ends.leaf, ends.short)
        for name, value in properties.items()
    }
    if "TableName" in properties:
        changed["TableName"] = with_own(properties["TableName"], ends.old.short, ends.short)
    kept: dict[str, Value] = {name: value for name, value in changed.items() if name not in _OWN}
    locals_ = _kept_locals(properties.get("LocalSecondaryIndexes"), keys[0].name)
    if "LocalSecondaryIndexes" in kept:
        if locals_ and len(keys) > 1:
            kept["LocalSecondaryIndexes"] = locals_
        else:
            del kept["LocalSecondaryIndexes"]
    kept["KeySchema"] = [
        {"AttributeName": each.name, "KeyType": role} for each, role in zip(keys, ("HASH", "RANGE"), strict=False)
    ]
    kept["AttributeDefinitions"] = _definitions(keys, kept, types)
    kept.setdefault("PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": True})
    resource = {name: value for name, value in taken.items() if name not in (*_OWN, "Properties", "Metadata")}
    if kept.get("DeletionProtectionEnabled") is True:
        resource["DependsOn"] = last  # a failure elsewhere would cancel a protected table half-made
    resource["DeletionPolicy"] = "RetainExceptOnCreate"
    resource["UpdateReplacePolicy"] = "Retain"
    resource["Properties"] = kept
    return resource


def index_names(text: Text, table_id: str) -> tuple[str, ...]:
    """The names of a table's global indexes."""
    listed = text.at(("Resources", table_id, "Properties", "GlobalSecondaryIndexes"))
    nodes = (
        [item.get("IndexName") for item in listed.items if isinstance(item, Mapping)]
        if isinstance(listed, Sequence)
        else []
    )
    return tuple(node.text for node in nodes if isinstance(node, Scalar))


def dropped_indexes(ends: Moved, key: Key | None, sort: Key | None) -> tuple[str, ...]:
    """Local indexes that the new table cannot have: they share the partition key, and need a table with a sort key."""
    listed = ends.old.value("LocalSecondaryIndexes")
    if key is None or not isinstance(listed, list):
        return ()
    kept = _kept_locals(listed, key.name) if sort else []
    return tuple(str(each["IndexName"]) for each in listed if isinstance(each, dict) and each not in kept)


def scaling(text: Text, ends: Moved) -> list[tuple[str, Value]]:
    """The old table's auto scaling for the new one; nothing where its logical IDs do not tell the two apart."""
    resources = text.tree.get("Resources")
    found: list[tuple[str, Value]] = []
    ids: set[str] = set()
    for entry in resources.entries if isinstance(resources, Mapping) else ():
        kind = entry.value.get("Type") if isinstance(entry.value, Mapping) else None
        if not (isinstance(kind, Scalar) and kind.text in _SCALING):
            continue
        if mentions(entry.value, ends.old.logical_id) or any(mentions(entry.value, known) for known in ids):
            key = renamed(entry.key, ends.old, ends.logical_id, ends.leaf, ends.short)
            if not isinstance(key, str) or key == entry.key or text.entry(("Resources", key)) is not None:
                return []
            ids.add(entry.key)
            found.append((key, renamed(value_of(entry.value), ends.old, ends.logical_id, ends.leaf, ends.short)))
    return found


def _types(properties: dict[str, Value]) -> dict[str, str]:
    listed = properties.get("AttributeDefinitions")
    return {
        str(each["AttributeName"]): str(each["AttributeType"])
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict) and "AttributeName" in each and "AttributeType" in each
    }


def _keys(ends: Moved, properties: dict[str, Value], types: dict[str, str]) -> list[Key]:
    schema = properties.get("KeySchema")
    names = [str(e["AttributeName"]) for e in schema if isinstance(e, dict)] if isinstance(schema, list) else []
    if not names:
        raise UsageError(
            "keys-unreadable",
            "The keys cannot be read",
            f"The KeySchema of {ends.old.logical_id} is no plain list. Give the new table's keys with --key and --sort.",
        )
    return [Key(name, types.get(name, "S")) for name in names]


def _kept_locals(listed: Value | None, partition: str) -> list[Value]:
    return [each for each in (listed if isinstance(listed, list) else []) if _partition(each) == partition]


def _partition(index: Value) -> str:
    schema = index.get("KeySchema") if isinstance(index, dict) else None
    for each in schema if isinstance(schema, list) else []:
        if isinstance(each, dict) and each.get("KeyType") == "HASH":
            return str(each["AttributeName"])
    return ""


def _definitions(keys: list[Key], properties: dict[str, Value], types: dict[str, str]) -> list[Value]:
    """The key attributes, and those that indexes need."""
    needed = {key.name: key.type for key in keys}
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        listed = properties.get(kind)
        for index in listed if isinstance(listed, list) else []:
            schema = index.get("KeySchema") if isinstance(index, dict) else None
            for each in schema if isinstance(schema, list) else []:
                name = str(each["AttributeName"]) if isinstance(each, dict) else ""
                needed.setdefault(name, types.get(name, "S"))
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in needed.items()]
