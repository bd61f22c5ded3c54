"""Things taken out of a template again, and what only they needed with them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sized

from tablewright.author.alarm_text import ALARM
from tablewright.author.alarms import alarms_on
from tablewright.author.chains import unchained
from tablewright.author.composites import COMPOSITE, children, with_children
from tablewright.author.dashboard import DASHBOARD
from tablewright.author.editing import Path, Text, put_value, take_entries, take_entry, take_item
from tablewright.author.features import no_such_index, place, tag_at
from tablewright.author.notices import SUBSCRIPTION, TOPIC
from tablewright.author.replicas import homes
from tablewright.author.siblings import Sibling, mentions
from tablewright.author.unscaling import without_scaling
from tablewright.author.watchable import read_alarms, watched_tables
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Node, Scalar, Sequence, walk

KEEPING = ("Retain", "RetainExceptOnCreate")


POLICIES = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::Role")

_REMOVED = {DASHBOARD: "dashboard", **dict.fromkeys(POLICIES, "policy")}
"""What ``tablewright remove`` calls a type of resource that refers to tables."""


def remove_table(text: Text, table: str) -> Text:
    """The table, its alarms, auto scaling and outputs gone. Raises UsageError where something else still mentions it."""
    found, _ = place(text, table)
    text = remove_alarms(text, alarms_on(text, found.logical_id))
    text = _without_outputs(text, found)
    text = without_scaling(text, found.logical_id, None)
    text = unchained(text, (found.logical_id,))
    users = [
        key for key in _resources(text) if key != found.logical_id and mentions(_node(text, key), found.logical_id)
    ]
    if users:
        raise UsageError(
            "still-in-use",
            "The table is still in use",
            f"{', '.join(users)} {_refer(users)} to {found.logical_id}. Take that out first. The file is unchanged.",
            next(
                (f"tablewright remove {what} {key}" for key in users if (what := _REMOVED.get(_type(text, key)))), None
            ),
        )
    return take_entry(text, ("Resources", found.logical_id))


def keep(text: Text, table: str) -> Text:
    """The first of two steps: the table retained when it leaves the template, which only counts once it is deployed."""
    found, _ = place(text, table)
    text = put_value(text, ("Resources", found.logical_id, "DeletionPolicy"), "Retain")
    return put_value(text, ("Resources", found.logical_id, "UpdateReplacePolicy"), "Retain")


def remove_index(text: Text, table: str, index: str) -> Text:
    """The index, its alarms, its auto scaling and the attributes that only it used gone."""
    found, where = place(text, table)
    at = _named(text, (*where, "GlobalSecondaryIndexes"), "IndexName", index)
    if at is None:
        raise no_such_index(text, found, index)
    text = remove_alarms(text, alarms_on(text, found.logical_id, index))
    text = without_scaling(text, found.logical_id, index)
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
    found, _ = place(text, table)
    places = [(where, tag_at(text, where, key)) for where in homes(text, found)]
    if all(at is None for _, at in places):
        raise UsageError("not-there", "It is not there", f"{found.logical_id} has no tag {key}.")
    for where, at in places:
        if at is not None:
            text = take_item(text, (*where, "Tags", at))
    return text


def remove_alarms(text: Text, names: Iterable[str]) -> Text:
    """Alarms by their logical IDs; a composite alarm over them loses them, and goes with the last. Raises UsageError.

    A composite alarm whose rule says more than that any of them rings is to be changed by hand first.
    """
    gone = dict.fromkeys(names)
    for name in gone:
        if text.entry(("Resources", name)) is None:
            raise UsageError("not-there", "It is not there", f"{text.path} has no {name} in Resources.")
    left: dict[str, tuple[str, ...]] = {}
    for key in _resources(text):
        if _type(text, key) != COMPOSITE or key in gone:
            continue
        body = _node(text, key)
        under = [
            other for other in _resources(text) if other != key and _is_alarm(text, other) and mentions(body, other)
        ]
        staying = tuple(one for one in children(text, key) or () if one not in gone)
        if under and set(under) <= set(gone):
            gone[key] = None
        elif staying and set(under) & set(gone):
            left[key] = staying
        elif set(under) & set(gone):
            named = ", ".join(sorted(set(under) & set(gone)))
            raise UsageError(
                "still-in-use",
                "The alarm is still in use",
                f"The rule of {key} names {named}. Take them out of it, or remove it first. The file is unchanged.",
                f"tablewright remove alarm {key}",
            )
    for key, staying in left.items():
        text = with_children(text, key, staying)
    for name in gone:
        _check_unused(text, name, gone)
    return take_entries(text, ("Resources",), gone)


def _is_alarm(text: Text, key: str) -> bool:
    return _type(text, key) in (ALARM, COMPOSITE)


def _type(text: Text, key: str) -> str:
    node = text.at(("Resources", key, "Type"))
    return node.text if isinstance(node, Scalar) else ""


def _check_unused(text: Text, name: str, gone: Container[str] = ()) -> None:
    """Raises UsageError where something that stays refers to a resource."""
    users = [
        f"{section}.{entry.key}"
        for section in ("Resources", "Outputs")
        for entry in getattr(text.at((section,)), "entries", ())
        if entry.key != name and entry.key not in gone and mentions(entry.value, name)
    ]
    boards = [user.partition(".")[2] for user in users if _type(text, user.partition(".")[2]) == DASHBOARD]
    if users:
        raise UsageError(
            "still-in-use",
            "It is still in use",
            f"{', '.join(users)} {_refer(users)} to {name}. Take that out first. The file is unchanged."
            + (" Afterwards tablewright add dashboard writes the dashboard again." if boards else ""),
            f"tablewright remove dashboard {boards[0]}" if boards else None,
        )


def _refer(users: Sized) -> str:
    return "refers" if len(users) == 1 else "refer"


def alarms_of(text: Text, table: str, index: str = "") -> tuple[str, ...]:
    """The alarms on a table, its indexes and the readers of its stream; or those on one index. Raises UsageError."""
    (found,) = watched_tables(text, (table,))
    own = alarms_on(text, found.table.logical_id, index)
    if index:
        return own
    readers = {("", one.label, "IteratorAge", "") for one in found.readers}
    return tuple(dict.fromkeys((*own, *(alarm for key, alarm in read_alarms(text).items() if key in readers))))


def remove_dashboard(text: Text, name: str) -> Text:
    """A dashboard by its logical ID."""
    if _type(text, name) != DASHBOARD:
        raise UsageError("not-there", "It is not there", f"{text.path} has no dashboard {name}.")
    return remove_named(text, "Resources", name)


def remove_topic(text: Text, name: str) -> Text:
    """A topic and its subscriptions. Raises UsageError where an alarm, or anything else, still tells it."""
    if _type(text, name) != TOPIC:
        raise UsageError("not-there", "It is not there", f"{text.path} has no topic {name}.")
    subscriptions = [
        key for key in _resources(text) if _type(text, key) == SUBSCRIPTION and mentions(_node(text, key), name)
    ]
    _check_unused(text, name, subscriptions)
    for key in (*subscriptions, name):
        text = take_entry(text, ("Resources", key))
    return text


def remove_email(text: Text, address: str) -> Text:
    """The subscriptions of an address."""
    found = [
        key
        for key in _resources(text)
        if _type(text, key) == SUBSCRIPTION
        and getattr(text.at(("Resources", key, "Properties", "Endpoint")), "text", "") == address
    ]
    if not found:
        raise UsageError("not-there", "It is not there", f"{text.path} subscribes {address} to nothing.")
    return take_entries(text, ("Resources",), found)


def remove_named(text: Text, section: str, key: str) -> Text:
    """A resource or an output by its logical ID."""
    if text.entry((section, key)) is None:
        raise UsageError("not-there", "It is not there", f"{text.path} has no {key} in {section}.")
    return take_entry(text, (section, key))


def remove_policy(text: Text, name: str) -> Text:
    """A policy by its logical ID. Raises UsageError where something still refers to it."""
    if _type(text, name) not in POLICIES:
        raise UsageError("not-there", "It is not there", f"{text.path} has no policy {name}.")
    _check_unused(text, name)
    return take_entry(text, ("Resources", name))


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


def _resources(text: Text) -> list[str]:
    section = text.tree.get("Resources")
    return [entry.key for entry in section.entries] if isinstance(section, Mapping) else []


def _node(text: Text, key: str) -> Mapping:
    node = text.at(("Resources", key))
    return node if isinstance(node, Mapping) else Mapping((), text.tree.position)
