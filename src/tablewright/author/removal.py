"""Things taken out of a template again, and what only they needed with them."""

from __future__ import annotations

from tablewright.author.alarms import alarms_on
from tablewright.author.editing import Path, Text, put_value, take_entry, take_item
from tablewright.author.features import place, tag_at
from tablewright.author.siblings import Sibling, mentions
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Node, Scalar, Sequence, walk

KEEPING = ("Retain", "RetainExceptOnCreate")


def remove_table(text: Text, table: str) -> Text:
    """The table, its alarms and its outputs gone. Raises UsageError where something else still mentions it."""
    found, _ = place(text, table)
    for alarm in alarms_on(text, found.logical_id):
        text = take_entry(text, ("Resources", alarm))
    text = _without_outputs(text, found)
    text = _unchained(text, found)
    users = [
        key for key in _resources(text) if key != found.logical_id and mentions(_node(text, key), found.logical_id)
    ]
    if users:
        raise UsageError(
            "still-in-use",
            "The table is still in use",
            f"{', '.join(users)} refers to {found.logical_id}. Take that out first. The file is unchanged.",
        )
    return take_entry(text, ("Resources", found.logical_id))


def keep(text: Text, table: str) -> Text:
    """The first of two steps: the table retained when it leaves the template, which only counts once it is deployed."""
    found, _ = place(text, table)
    text = put_value(text, ("Resources", found.logical_id, "DeletionPolicy"), "Retain")
    return put_value(text, ("Resources", found.logical_id, "UpdateReplacePolicy"), "Retain")


def remove_index(text: Text, table: str, index: str) -> Text:
    """The index, its alarms and the attributes that only it used gone."""
    found, where = place(text, table)
    at = _named(text, (*where, "GlobalSecondaryIndexes"), "IndexName", index)
    if at is None:
        raise UsageError("no-such-index", "There is no such index", f"{found.logical_id} has no global index {index}.")
    for alarm in alarms_on(text, found.logical_id, index):
        text = take_entry(text, ("Resources", alarm))
    keys = _texts(text.at((*where, "GlobalSecondaryIndexes", at, "KeySchema")))
    text = take_item(text, (*where, "GlobalSecondaryIndexes", at))
    return _without_unused(text, where, keys)


def remove_setting(text: Text, table: str, key: str, what: str) -> Text:
    """One property of the table gone."""
    found, where = place(text, table)
    if text.entry((*where, key)) is None:
        raise UsageError("not-there", "It is not there", f"{found.logical_id} has no {what}.")
    return take_entry(text, (*where, key))


def remove_tag(text: Text, table: str, key: str) -> Text:
    """A tag gone."""
    found, where = place(text, table)
    at = tag_at(text, where, key)
    if at is None:
        raise UsageError("not-there", "It is not there", f"{found.logical_id} has no tag {key}.")
    return take_item(text, (*where, "Tags", at))


def remove_named(text: Text, section: str, key: str) -> Text:
    """An alarm or an output by its logical ID."""
    if text.entry((section, key)) is None:
        raise UsageError("not-there", "It is not there", f"{text.path} has no {key} in {section}.")
    return take_entry(text, (section, key))


def _without_unused(text: Text, where: Path, keys: set[str]) -> Text:
    """The definitions of these attributes gone, where no other key or index mentions them."""
    for kind in ("KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "VectorIndexes"):
        keys = keys - _texts(text.at((*where, kind)))
    definitions = text.at((*where, "AttributeDefinitions"))
    for number in reversed(range(len(definitions.items) if isinstance(definitions, Sequence) else 0)):
        attribute = text.at((*where, "AttributeDefinitions", number, "AttributeName"))
        if isinstance(attribute, Scalar) and attribute.text in keys:
            text = take_item(text, (*where, "AttributeDefinitions", number))
    return text


def _texts(node: Node | None) -> set[str]:
    return {inner.text for inner in walk(node) if isinstance(inner, Scalar)} if node is not None else set()


def _named(text: Text, where: Path, key: str, name: str) -> int | None:
    listed = text.at(where)
    for number, item in enumerate(listed.items if isinstance(listed, Sequence) else ()):
        found = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(found, Scalar) and found.text == name:
            return number
    return None


def _without_outputs(text: Text, table: Sibling) -> Text:
    section = text.tree.get("Outputs")
    for entry in section.entries if isinstance(section, Mapping) else ():
        if mentions(entry.value, table.logical_id):
            text = take_entry(text, ("Outputs", entry.key))
    return text


def _unchained(text: Text, table: Sibling) -> Text:
    """A resource that only waited for the table waits for what the table waited for."""
    before = text.at(("Resources", table.logical_id, "DependsOn"))
    for key in _resources(text):
        depends = text.at(("Resources", key, "DependsOn"))
        if isinstance(depends, Scalar) and depends.text == table.logical_id:
            where = ("Resources", key, "DependsOn")
            text = put_value(text, where, before.text) if isinstance(before, Scalar) else take_entry(text, where)
    return text


def _resources(text: Text) -> list[str]:
    section = text.tree.get("Resources")
    return [entry.key for entry in section.entries] if isinstance(section, Mapping) else []


def _node(text: Text, key: str) -> Mapping:
    node = text.at(("Resources", key))
    return node if isinstance(node, Mapping) else Mapping((), text.tree.position)
