"""Settings of a table: TTL, stream, tags, outputs, billing, class, recovery, protection, throughput, encryption, insights."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.author.editing import Path, Text, put_entry, put_item, put_value, take_entry
from tablewright.author.replicas import homes, is_global
from tablewright.author.siblings import Sibling, family, word
from tablewright.author.writing import Call, Value
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Scalar, Sequence

STREAM_VIEWS = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")
CLASSES = {"standard": "STANDARD", "infrequent-access": "STANDARD_INFREQUENT_ACCESS"}


def place(text: Text, table: str) -> tuple[Sibling, Path]:
    """The table that is named, and where its properties stand."""
    found = family(text).named(table)
    return found, ("Resources", found.logical_id, "Properties")


def add_ttl(text: Text, table: str, attribute: str) -> Text:
    """TTL on an attribute. Raises UsageError where it is on for another: that takes two deployments, an hour apart."""
    found, where = place(text, table)
    standing = text.at((*where, "TimeToLiveSpecification", "AttributeName"))
    if standing is not None:
        other = standing.text if isinstance(standing, Scalar) else "an expression"
        raise UsageError(
            "ttl-already",
            "TTL is set already",
            f"{found.logical_id} expires items by {other}. To change the attribute, take TTL away, deploy, wait an hour, "
            "and add it again: DynamoDB takes one change an hour.",
        )
    defined = dict(attributes(text, where)).get(attribute, "N")
    if defined != "N":
        raise UsageError(
            "attribute-of-another-type",
            "The attribute has another type",
            f"{attribute} of {found.logical_id} is a key of type {defined}, and TTL goes by a number of seconds (N): no item "
            "would ever expire. Name an attribute of its own for it, such as expiresAt.",
        )
    return put_entry(text, (*where, "TimeToLiveSpecification"), {"AttributeName": attribute, "Enabled": True})


def attributes(text: Text, where: Path) -> Iterator[tuple[str, str]]:
    """Name and type of each attribute that is defined."""
    listed = text.at((*where, "AttributeDefinitions"))
    for item in listed.items if isinstance(listed, Sequence) else ():
        name, type_ = (
            item.get(part) if isinstance(item, Mapping) else None for part in ("AttributeName", "AttributeType")
        )
        if isinstance(name, Scalar):
            yield name.text, type_.text if isinstance(type_, Scalar) else ""


def add_stream(text: Text, table: str, view: str) -> Text:
    """A stream of the table's changes."""
    _, where = place(text, table)
    return put_entry(text, (*where, "StreamSpecification"), {"StreamViewType": view})


def add_tag(text: Text, table: str, key: str, value: str) -> Text:
    """A tag. Raises UsageError where there is one of that key, and for one that AWS does not take.

    Source: DynamoDB developer guide, "Tagging restrictions".
    """
    found, _ = place(text, table)
    why = ""
    if key.lower().startswith("aws:"):
        why = "keys that begin with aws: are AWS's own"
    elif not 1 <= len(key) <= 128 or len(value) > 256:
        why = "a key has 1 to 128 characters, and a value at most 256"
    elif not all(char.isalnum() or char in " _.:/=+-@" for char in key + value):
        why = "keys and values have letters, digits, spaces and _ . : / = + - @"
    if why:
        raise UsageError("malformed-tag", "AWS does not take the tag", f"{key}={value}: {why}.")
    for where in homes(text, found):
        if tag_at(text, where, key) is not None:
            raise UsageError("name-in-use", "The name is in use", f"{found.logical_id} has a tag {key} already.")
        text = put_item(text, (*where, "Tags"), {"Key": key, "Value": value})
    return text


def tag_at(text: Text, where: Path, key: str) -> int | None:
    """The index of the tag with a key."""
    listed = text.at((*where, "Tags"))
    for number, item in enumerate(listed.items if isinstance(listed, Sequence) else ()):
        name = item.get("Key") if isinstance(item, Mapping) else None
        if isinstance(name, Scalar) and name.text == key:
            return number
    return None


def add_output(text: Text, table: str, what: str) -> Text:
    """An exported output: the table's name, ARN or stream ARN."""
    found, where = place(text, table)
    name = word(found.short or found.logical_id)
    values: dict[str, tuple[str, Value]] = {
        "name": (f"{name}TableName", Call("Ref", found.logical_id)),
        "arn": (f"{name}TableArn", Call("Fn::GetAtt", f"{found.logical_id}.Arn")),
        "stream-arn": (f"{name}StreamArn", Call("Fn::GetAtt", f"{found.logical_id}.StreamArn")),
    }
    if what == "stream-arn" and text.at((*where, "StreamSpecification")) is None:
        raise UsageError("no-stream", "The table has no stream", f"Give {found.logical_id} a stream first.")
    key, value = values[what]
    export: Value = {"Name": Call("Fn::Sub", f"${{AWS::StackName}}-{key}")}
    return put_entry(text, ("Outputs", key), {"Value": value, "Export": export}, spaced=True)


def set_billing(text: Text, table: str, mode: str, read: int, write: int) -> Text:
    """on-demand, or provisioned with capacities for the table and, where they have none, its indexes. What only the other way
    of billing has goes.
    """
    found, where = place(text, table)
    if mode != "on-demand":
        _check_capacity(found)
    if mode == "on-demand":
        text = put_value(text, (*where, "BillingMode"), "PAY_PER_REQUEST")
        return _dropped(text, found, where, _PROVISIONED)
    text = _dropped(text, found, where, ("OnDemandThroughput",))
    text = put_value(text, (*where, "BillingMode"), "PROVISIONED")
    for at in (where, *_indexes(text, where)):
        if text.at((*at, "ProvisionedThroughput")) is None:
            text = put_entry(text, (*at, "ProvisionedThroughput"), _units(read, write))
    return text


_PROVISIONED = ("ProvisionedThroughput", "WriteProvisionedThroughputSettings", "ReadProvisionedThroughputSettings")


def _dropped(text: Text, table: Sibling, where: Path, keys: tuple[str, ...]) -> Text:
    """The properties gone from the table, its replicas and the indexes of each."""
    for home in dict.fromkeys((where, *homes(text, table))):
        for at in (*reversed(_indexes(text, home)), home):
            for key in keys:
                if text.at((*at, key)) is not None:
                    text = take_entry(text, (*at, key))
    return text


def set_throughput(text: Text, table: str, read: int, write: int, index: str = "") -> Text:
    """Capacity units of a provisioned table or index; the most request units of an on-demand one."""
    found, where = place(text, table)
    billing = text.at((*where, "BillingMode"))
    provisioned = not (isinstance(billing, Scalar) and billing.text == "PAY_PER_REQUEST")
    if provisioned:
        _check_capacity(found)
    at = _index_at(text, where, index, found) if index else where
    if not provisioned and is_global(found):
        text = put_value(text, (*at, "WriteOnDemandThroughputSettings", "MaxWriteRequestUnits"), write)
        return _read_at_most(text, homes(text, found), index, read)
    if not provisioned:
        limits: Value = {"MaxReadRequestUnits": read, "MaxWriteRequestUnits": write}
        return put_value(text, (*at, "OnDemandThroughput"), limits)
    for key, units in (("ReadCapacityUnits", read), ("WriteCapacityUnits", write)):
        text = put_value(text, (*at, "ProvisionedThroughput", key), units)
    return text


def _read_at_most(text: Text, regional: list[Path], index: str, units: int) -> Text:
    """The most read request units of a global table or its index, in each replica.

    Source: CloudFormation user guide, AWS::DynamoDB::GlobalTable: writes are limited for all replicas at once, reads in each.
    """
    for home in regional:
        at = home
        if index:
            listed = _indexes(text, home)
            names = [text.at((*one, "IndexName")) for one in listed]
            known = [one for one, name in zip(listed, names, strict=True) if getattr(name, "text", None) == index]
            if not known:
                reads: Value = {"MaxReadRequestUnits": units}
                own: Value = {"IndexName": index, "ReadOnDemandThroughputSettings": reads}
                text = put_item(text, (*home, "GlobalSecondaryIndexes"), own)
                continue
            at = known[0]
        text = put_value(text, (*at, "ReadOnDemandThroughputSettings", "MaxReadRequestUnits"), units)
    return text


def set_class(text: Text, table: str, name: str) -> Text:
    """standard or infrequent-access."""
    return _everywhere(text, table, ("TableClass",), CLASSES[name])


def set_recovery(text: Text, table: str, enabled: bool, days: int | None) -> Text:
    """Point-in-time recovery, and how many days back."""
    where = "PointInTimeRecoverySpecification"
    text = _everywhere(text, table, (where, "PointInTimeRecoveryEnabled"), enabled)
    if not enabled:
        found, _ = place(text, table)
        for home in homes(text, found):
            if text.at((*home, where, "RecoveryPeriodInDays")) is not None:
                text = take_entry(text, (*home, where, "RecoveryPeriodInDays"))
    return _everywhere(text, table, (where, "RecoveryPeriodInDays"), days) if days is not None else text


def set_protection(text: Text, table: str, enabled: bool) -> Text:
    """Deletion protection."""
    return _everywhere(text, table, ("DeletionProtectionEnabled",), enabled)


def set_encryption(text: Text, table: str, key: str) -> Text:
    """A KMS key: ``aws`` for AWS's managed one, ``owned`` for DynamoDB's own, else a key's ARN or alias."""
    found, properties = place(text, table)
    where, regional = (*properties, "SSESpecification"), homes(text, found)
    if key not in ("owned", "aws") and len(regional) > 1:
        raise UsageError(
            "key-of-one-region",
            "A key belongs to one region",
            f"{found.logical_id} has replicas in {len(regional)} regions, and each needs a key of its own: write KMSMasterKeyId "
            "in the SSESpecification of each replica by hand.",
        )
    for at in regional:
        own = (*at, "SSESpecification")
        if text.at((*own, "KMSMasterKeyId")) is not None and key in ("owned", "aws"):
            text = take_entry(text, (*own, "KMSMasterKeyId"))
    if key == "owned":
        return take_entry(text, where) if text.at(where) is not None else text
    text = put_value(text, (*where, "SSEEnabled"), True)
    text = put_value(text, (*where, "SSEType"), "KMS")
    return text if key == "aws" else put_value(text, (*regional[0], "SSESpecification", "KMSMasterKeyId"), key)


INSIGHTS = {"throttled": "THROTTLED_KEYS", "all": "ACCESSED_AND_THROTTLED_KEYS"}
"""Which keys Contributor Insights records: those that are throttled, which may stay on, or all that are asked for."""


def set_insights(text: Text, table: str, enabled: bool, mode: str = "", index: str = "") -> Text:
    """CloudWatch Contributor Insights: which keys are used most, of the table or of an index. ``mode`` is one of INSIGHTS."""
    found, where = place(text, table)
    if index and is_global(found):
        raise UsageError(
            "global-index",
            "An index of a global table has this in each replica",
            f"Write ContributorInsightsSpecification of {index} in the GlobalSecondaryIndexes of each replica by hand.",
        )
    for at in (_index_at(text, where, index, found),) if index else tuple(homes(text, found)):
        own = (*at, "ContributorInsightsSpecification")
        text = put_value(text, (*own, "Enabled"), enabled)
        if mode:
            text = put_value(text, (*own, "Mode"), INSIGHTS[mode])
    return text


def set_projection(text: Text, table: str, index: str, projection: str, include: tuple[str, ...]) -> Text:
    """An index's projection. AWS cannot change one that stands: the check says so before it is deployed."""
    found, where = place(text, table)
    at = (*_index_at(text, where, index, found), "Projection")
    text = put_value(text, (*at, "ProjectionType"), projection)
    if projection == "INCLUDE":
        return put_value(text, (*at, "NonKeyAttributes"), list(include))
    return take_entry(text, (*at, "NonKeyAttributes")) if text.at((*at, "NonKeyAttributes")) is not None else text


def _everywhere(text: Text, table: str, key: tuple[str, ...], value: Value) -> Text:
    """A setting made so: in each replica of a global table, whose regions have their own."""
    found, _ = place(text, table)
    for where in homes(text, found):
        text = put_value(text, (*where, *key), value)
    return text


def _check_capacity(table: Sibling) -> None:
    if is_global(table):
        raise UsageError(
            "global-capacity",
            "The capacity of a global table is written otherwise",
            f"{table.logical_id} has its write capacity in WriteProvisionedThroughputSettings, with auto scaling, and its read "
            "capacity in each replica. Write them by hand, or set it to on-demand.",
        )


def _units(read: int, write: int) -> Value:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def _indexes(text: Text, where: Path) -> list[Path]:
    listed = text.at((*where, "GlobalSecondaryIndexes"))
    count = len(listed.items) if isinstance(listed, Sequence) else 0
    return [(*where, "GlobalSecondaryIndexes", number) for number in range(count)]


def _index_at(text: Text, where: Path, index: str, table: Sibling) -> Path:
    for at in _indexes(text, where):
        name = text.at((*at, "IndexName"))
        if isinstance(name, Scalar) and name.text == index:
            return at
    raise no_such_index(text, table, index)


def no_such_index(text: Text, table: Sibling, index: str) -> UsageError:
    """The error of an index that a table does not have, with those that it has."""
    where: Path = ("Resources", table.logical_id, "Properties")
    named = [text.at((*at, "IndexName")) for at in _indexes(text, where)]
    known = ", ".join(node.text for node in named if isinstance(node, Scalar)) or "none"
    return UsageError(
        "no-such-index",
        "There is no such index",
        f"{table.logical_id} has no global index {index}. Its global indexes: {known}.",
    )
