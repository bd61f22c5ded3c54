"""A new table, with what the guide's patterns ask: recovery, deletion policies, tags, an alarm that fires, exported outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tablewright.author.alarms import alarm_for
from tablewright.author.editing import Text, put_entry
from tablewright.author.names import OPAQUE, flat, own_of, with_own
from tablewright.author.siblings import Family, Sibling, family, logical_id, mentions, renamed, word
from tablewright.author.writing import Call, Value, value_of
from tablewright.errors import UsageError
from tablewright.model.reserved_words import is_reserved
from tablewright.template.tree import Mapping, Scalar

STACK_NAME = "${AWS::StackName}"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_ATTRIBUTE = re.compile(r"(?P<name>.{1,255}?)(?::(?P<type>[SNB]))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Key:
    """A key attribute and its type: S, N or B."""

    name: str
    type: str = "S"


@dataclass(frozen=True, slots=True)
class NewTable:
    """What is wished for. ``like`` names the table that it is to resemble; the last one where it is empty. ``reserved``: its
    keys may be reserved words. ``whole``: its name is the whole one, with nothing of its siblings' before or behind it.
    """

    name: str
    key: Key = Key("id")
    sort: Key | None = None
    like: str = ""
    alarm: bool = True
    outputs: bool = True
    reserved: bool = False
    whole: bool = False


def key_of(written: str) -> Key:
    """The key that ``userId:S`` is. Raises UsageError."""
    found = _ATTRIBUTE.fullmatch(written)
    name = found["name"] if found else ""
    if found is None or not name or re.search(r":[^:]*$", name):
        raise UsageError(
            "malformed-key",
            "The key is malformed",
            f"{written!r} is not NAME or NAME:TYPE, where TYPE is S (text), N (number) or B (binary).",
        )
    return Key(name, found["type"] or "S")


def check_reserved(keys: Iterable[Key], short: str) -> None:
    """Raise UsageError for a key that is one of DynamoDB's reserved words.

    Source: DynamoDB developer guide, "Reserved words in DynamoDB".
    """
    for key in keys:
        if is_reserved(key.name):
            stem = re.sub(r"[^A-Za-z0-9]+", "", short[:1].lower() + short[1:]).removesuffix("s") or "item"
            better = f"{stem}{key.name[:1].upper()}{key.name[1:].lower() if key.name.isupper() else key.name[1:]}"
            raise UsageError(
                "reserved-word",
                "The attribute is a reserved word",
                f"{key.name} is one of DynamoDB's reserved words: every expression would have to write it as #{key.name}, and a "
                f"key's name never changes. Use another, such as {better}; or have it all the same with --reserved.",
            )


def check_keys(wish: NewTable, short: str) -> None:
    """Raise UsageError for keys that a table cannot have, or should not."""
    keys = (wish.key, *([wish.sort] if wish.sort else []))
    if len({key.name for key in keys}) < len(keys):
        raise UsageError("key-twice", "One attribute cannot be both keys", f"{wish.key.name} is given as both keys.")
    if not wish.reserved:
        check_reserved(keys, short)


def add_table(text: Text, wish: NewTable) -> Text:
    """The template with the table in it, written like its siblings. Raises UsageError."""
    if not _NAME.fullmatch(wish.name):
        raise UsageError(
            "malformed-table-name",
            "The name is no table's",
            f"{wish.name!r}: here a table's name has at most 200 letters, digits, _, - and .: the names made of it, such as its "
            "alarm's, are longer.",
        )
    found = family(text)
    like = found.named(wish.like) if wish.like else found.last
    leaf, short = _leaf(like, wish)
    check_keys(wish, short)
    new_id = logical_id(like, short)
    _check_free(text, found, new_id, leaf)
    table = _table(found, like, wish, leaf, short, new_id)
    after = found.last.logical_id if found.last is not None else None
    text = put_entry(text, ("Resources", new_id), table, after=after, spaced=True)
    if wish.alarm:
        alarm_id, alarm = alarm_for(text, new_id, short, _nearest(found, like), leaf)
        text = put_entry(text, ("Resources", alarm_id), alarm, after=last_alarm(text) or new_id, spaced=True)
    if wish.outputs:
        for key, output in outputs_for(text, _nearest(found, like), new_id, leaf, short):
            if text.entry(("Outputs", key)) is None:
                text = put_entry(text, ("Outputs", key), output, spaced=True)
    return text


def _leaf(like: Sibling | None, wish: NewTable) -> tuple[str, str]:
    """The whole name and what is its own in it: ``orders`` beside ``ai-chef-results`` is ``ai-chef-orders``."""
    if like is None or wish.whole or not like.leaf:
        return wish.name, wish.name
    if not like.short:  # its name is all an expression, of which another cannot be made
        return f"{STACK_NAME}-{wish.name}", wish.name
    short = own_of(wish.name, like.parts)
    whole = replace(like.parts, own=short).whole
    return (whole if OPAQUE not in whole else f"{STACK_NAME}-{short}"), short


def _name(like: Sibling | None, wish: NewTable, leaf: str, short: str) -> Value | None:
    """TableName as the sibling writes its own; None where that leaves it to CloudFormation."""
    named = like.value("TableName") if like is not None else None
    if named is None or like is None or wish.whole:
        return leaf if like is None or wish.whole else None
    made = with_own(named, like.short, short)
    # Where its own part stands in no single text (or in none), the name is written anew.
    return made if flat(made) == leaf else Call("Fn::Sub", leaf)


def _check_free(text: Text, found: Family, new_id: str, leaf: str) -> None:
    if text.entry(("Resources", new_id)) is not None:
        raise UsageError("name-in-use", "The name is in use", f"{text.path} has a resource {new_id} already.")
    for table in found.tables:
        if table.leaf == leaf:
            raise UsageError("name-in-use", "The name is in use", f"{table.logical_id} is called {leaf} already.")


def _table(found: Family, like: Sibling | None, wish: NewTable, leaf: str, short: str, new_id: str) -> Value:
    keys = [wish.key, *([wish.sort] if wish.sort else [])]
    properties: dict[str, Value] = {}
    named = _name(like, wish, leaf, short)
    if named is not None:
        properties["TableName"] = named
    properties["BillingMode"] = "PAY_PER_REQUEST"
    protected = like.value("DeletionProtectionEnabled") if like is not None else None
    if protected is not None:
        properties["DeletionProtectionEnabled"] = protected
    properties["AttributeDefinitions"] = [
        {"AttributeName": key.name, "AttributeType": key.type} for key in sorted(keys, key=keys.index)
    ]
    roles = ("HASH", "RANGE")
    properties["KeySchema"] = [
        {"AttributeName": key.name, "KeyType": role} for key, role in zip(keys, roles, strict=False)
    ]
    properties["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    encryption = like.value("SSESpecification") if like is not None else None
    if encryption is not None:
        properties["SSESpecification"] = encryption
    tags = like.value("Tags") if like is not None else None
    if tags is not None and like is not None:
        properties["Tags"] = _tags(found, like, tags, leaf)
    resource: dict[str, Value] = {"Type": "AWS::DynamoDB::Table"}
    if like is not None:
        resource |= _inherited(found, like)
    resource["DeletionPolicy"] = _policy(like, "DeletionPolicy", "RetainExceptOnCreate")
    resource["UpdateReplacePolicy"] = _policy(like, "UpdateReplacePolicy", "Retain")
    resource["Properties"] = properties
    return resource


def _tags(found: Family, like: Sibling, tags: Value, leaf: str) -> Value:
    """The sibling's tags; one that says the sibling's name, and no other table has, says the new one's."""
    others = [tag for table in found.tables if table is not like for tag in _listed(table.value("Tags"))]
    made: list[Value] = []
    for tag in _listed(tags):
        own = isinstance(tag, dict) and tag.get("Value") == like.leaf and like.leaf and tag not in others
        made.append({**tag, "Value": leaf} if own and isinstance(tag, dict) else tag)
    return made if isinstance(tags, list) else tags


def _listed(value: Value | None) -> list[Value]:
    return value if isinstance(value, list) else []


def _inherited(found: Family, like: Sibling) -> dict[str, Value]:
    """The condition that the sibling has, and a place in a chain: protected tables are made one after another, since a failure
    elsewhere cancels a table half-made, and a protected one cannot be rolled back.
    """
    inherited: dict[str, Value] = {}
    condition = like.node.get("Condition")
    if isinstance(condition, Scalar):
        inherited["Condition"] = condition.text
    depends = [table.node.get("DependsOn") for table in found.tables]
    chained = any(
        isinstance(node, Scalar) and node.text in {table.logical_id for table in found.tables} for node in depends
    )
    protected = like.value("DeletionProtectionEnabled") is True
    if (chained or protected) and found.last is not None:
        inherited["DependsOn"] = found.last.logical_id
    return inherited


def _policy(like: Sibling | None, key: str, usual: str) -> str:
    """The sibling's policy where it keeps the table; the usual one where it would not."""
    node = like.node.get(key) if like is not None else None
    return node.text if isinstance(node, Scalar) and node.text.startswith("Retain") else usual


def last_alarm(text: Text) -> str | None:
    resources = text.tree.get("Resources")
    assert isinstance(resources, Mapping)
    found = None
    for entry in resources.entries:
        type_ = entry.value.get("Type") if isinstance(entry.value, Mapping) else None
        if isinstance(type_, Scalar) and type_.text == "AWS::CloudWatch::Alarm":
            found = entry.key
    return found


def _nearest(found: Family, like: Sibling | None) -> tuple[Sibling, ...]:
    """The tables to take after, the one that is liked first."""
    others = tuple(reversed([table for table in found.tables if table is not like]))
    return (like, *others) if like is not None else others


def outputs_for(
    text: Text, siblings: tuple[Sibling, ...], new_id: str, leaf: str, short: str
) -> list[tuple[str, Value]]:
    """The sibling's outputs for the new table; a name and an ARN where it has none."""
    section = text.tree.get("Outputs")
    for like in siblings if isinstance(section, Mapping) else ():
        found: list[tuple[str, Value]] = []
        for entry in section.entries if isinstance(section, Mapping) else ():
            if mentions(entry.value, like.logical_id) and "StreamArn" not in repr(entry.value):  # it has no stream
                key = renamed(entry.key, like, new_id, leaf, short)
                if isinstance(key, str) and key != entry.key:
                    found.append((key, renamed(value_of(entry.value), like, new_id, leaf, short)))
        if found:
            return found
    name = word(short)
    export = {"Name": Call("Fn::Sub", f"${{AWS::StackName}}-{name}Table")}
    arn_export = {"Name": Call("Fn::Sub", f"${{AWS::StackName}}-{name}TableArn")}
    return [
        (
            f"{name}TableName",
            {"Description": f"{name} table name", "Value": Call("Ref", new_id), "Export": dict(export)},
        ),
        (
            f"{name}TableArn",
            {
                "Description": f"{name} table ARN",
                "Value": Call("Fn::GetAtt", f"{new_id}.Arn"),
                "Export": dict(arn_export),
            },
        ),
    ]
