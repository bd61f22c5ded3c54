"""Replicas of a global table: a region more, or one less. Nothing here ever makes CloudFormation replace a table.

Sources: CloudFormation user guide, AWS::DynamoDB::GlobalTable ("Replicas": one at a time, the stack's own region always among
them; "StreamSpecification": NEW_AND_OLD_IMAGES with more than one); DynamoDB developer guide, "Global tables".
"""

from __future__ import annotations

import re

from tablewright.author.editing import Path, Text, put_item, take_item
from tablewright.author.siblings import Sibling, family
from tablewright.author.writing import Call, Value, value_of
from tablewright.errors import Refused, UsageError
from tablewright.template.tree import Mapping, Scalar, Sequence

GLOBAL = "AWS::DynamoDB::GlobalTable"
VIEW = "NEW_AND_OLD_IMAGES"
HERE = Call("Ref", "AWS::Region")

_REGIONAL = ("KinesisStreamSpecification", "ResourcePolicy")
"""What a replica says of things in its own region: never taken over into another."""


def is_global(table: Sibling) -> bool:
    """Whether the table is an AWS::DynamoDB::GlobalTable."""
    type_ = table.node.get("Type")
    return isinstance(type_, Scalar) and type_.text == GLOBAL


def replicas(text: Text, table: Sibling) -> list[tuple[Path, Mapping]]:
    """Each replica with its place. Raises UsageError where they are not written as a list of regions."""
    where: Path = ("Resources", table.logical_id, "Properties", "Replicas")
    listed = text.at(where)
    found = [
        ((*where, at), item)
        for at, item in enumerate(listed.items if isinstance(listed, Sequence) else ())
        if isinstance(item, Mapping) and item.get("Region") is not None
    ]
    if not isinstance(listed, Sequence) or len(found) < len(listed.items):
        raise UsageError(
            "replicas-unreadable",
            "The replicas are not a plain list",
            f"Replicas of {table.logical_id} holds an expression. Edit it by hand.",
        )
    return found


def homes(text: Text, table: Sibling) -> list[Path]:
    """Where the settings stand that a global table has by region: its replicas; the Properties of any other table."""
    if is_global(table):
        return [place for place, _ in replicas(text, table)]
    return [("Resources", table.logical_id, "Properties")]


def add_replica(text: Text, table: str, region: str, *, key: str = "", home: str = "") -> Text:
    """The template with a replica of a global table in one more region, like its first. ``key``: a KMS key of that region.
    ``home``: the stack's own region, if it is known.

    Raises UsageError, and Refused for a table that CloudFormation cannot give replicas.
    """
    found = family(text).named(table)
    _check(found, region)
    standing = replicas(text, found)
    if not standing:
        raise UsageError(
            "no-replicas",
            "The table has no replica to take after",
            f"{found.logical_id} lists none: write its own region first.",
        )
    if region in (_region(item) or home for _, item in standing):
        raise UsageError("name-in-use", "The name is in use", f"{found.logical_id} has a replica in {region} already.")
    _check_stream(text, found)
    first = standing[0][1]
    encrypted = first.get("SSESpecification") is not None
    if encrypted and not key:
        raise UsageError(
            "no-key",
            "A key of the new region is wanted",
            f"The replicas of {found.logical_id} are encrypted with keys of their regions: give one of {region} with --kms-key.",
        )
    if key and not encrypted:
        raise UsageError(
            "key-not-wanted",
            "No key is wanted",
            f"The replicas of {found.logical_id} name no KMS keys; leave --kms-key out.",
        )
    value = value_of(first)
    assert isinstance(value, dict)
    here = _region(first)
    made: dict[str, Value] = {"Region": region}
    for name, inner in value.items():
        if name == "SSESpecification":
            made[name] = {"KMSMasterKeyId": key}
        elif name not in ("Region", *_REGIONAL):
            made[name] = _moved(inner, here, region)
    return put_item(text, ("Resources", found.logical_id, "Properties", "Replicas"), made)


def remove_replica(text: Text, table: str, region: str, home: str = "") -> Text:
    """The template without the replica of a region. ``home``: the stack's own region, if it is known. Raises UsageError."""
    found = family(text).named(table)
    _check(found, region)
    standing = replicas(text, found)
    at = next((place for place, item in standing if (_region(item) or home) == region), None)
    if at is None:
        regions = ", ".join(_region(item) or "this stack's" for _, item in standing)
        raise UsageError(
            "not-there", "It is not there", f"{found.logical_id} has no replica in {region}. Its regions: {regions}."
        )
    if region == home or len(standing) == 1:
        raise UsageError(
            "own-region",
            "The stack's own region stays",
            f"{found.logical_id} must have a replica in the region of its stack, {region}: without it CloudFormation refuses "
            "the update. To move a table to another region, deploy its template there and migrate the items.",
        )
    return take_item(text, at)


def _check(table: Sibling, region: str) -> None:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        raise UsageError("malformed-region", "The region is malformed", f"{region!r} is no region, as eu-west-1 is.")
    if is_global(table):
        if table.value("MultiRegionConsistency") == "STRONG":
            raise UsageError(
                "strongly-consistent",
                "The set of replicas is fixed",
                f"{table.logical_id} is strongly consistent over its regions (MultiRegionConsistency: STRONG), and such a table "
                "keeps the three that it was made with.",
            )
        return
    name = table.short or table.logical_id
    raise Refused(
        "not-a-global-table",
        "The table cannot have replicas as it is written",
        f"{table.logical_id} is an AWS::DynamoDB::Table, and CloudFormation knows replicas of {GLOBAL} only. A resource's type "
        "cannot be changed, and removing one and adding the other at once would try to make a second table of the same name. The "
        "way that keeps the items, by three deployments:\n\n"
        f"  1. tablewright remove table {name}, which writes DeletionPolicy: Retain first; deploy.\n"
        f"  2. tablewright remove table {name} again, which takes it out of the template; deploy. The table stays.\n"
        f"  3. Write it as {GLOBAL} under another logical ID with the same TableName and keys, DeletionPolicy: Retain, a "
        f"StreamSpecification with {VIEW} and its own region in Replicas; deploy. The table that stands is taken in with its "
        "items.\n\n"
        "After that, add the replica. Nothing was changed.",
    )


def _check_stream(text: Text, table: Sibling) -> None:
    view = text.at(("Resources", table.logical_id, "Properties", "StreamSpecification", "StreamViewType"))
    name = table.short or table.logical_id
    if view is None:
        raise UsageError(
            "no-stream",
            "The table has no stream",
            f"Replicas are kept alike by the table's stream, and {table.logical_id} has none. Add it first:",
            f"tablewright add stream {name} --view {VIEW}",
        )
    if isinstance(view, Scalar) and view.text != VIEW:
        raise UsageError(
            "another-view",
            "The stream shows too little",
            f"{table.logical_id} has a stream of {view.text}, and replicas need {VIEW}. Another view is another stream with a "
            "new ARN: whoever reads this one must be moved first. Then remove the stream, deploy, and add it with that view.",
        )


def _region(item: Mapping) -> str:
    """The region that is named; empty for the stack's own, and for an expression."""
    node = item.get("Region")
    return node.text if isinstance(node, Scalar) else ""


def _moved(value: Value, old: str, new: str) -> Value:
    """A replica's settings for another region: where they name their own, they name the new one."""
    if isinstance(value, dict):
        return {key: _moved(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [_moved(inner, old, new) for inner in value]
    return new if value == HERE or (old and value == old) else value
