"""What a template asks of its DynamoDB tables: names, keys, indexes, settings."""

from __future__ import annotations

from dataclasses import fields

from tablewright.model.design import IndexDesign, Known, TableDesign, Unknown
from tablewright.model.table import Key
from tablewright.template.intrinsics import Value

_UNREAD = Unknown("the properties cannot be resolved")


def table_design(type_: str, properties: Value, region: str | None = None) -> TableDesign:
    """The table's design from its evaluated properties; whatever could not be evaluated is Unknown. ``region``: the stack's."""
    if not isinstance(properties, dict):
        return TableDesign(*[_UNREAD] * len(fields(TableDesign)))
    ttl = _inner(properties, "TimeToLiveSpecification")
    local = _replica(properties, region) if type_ == "AWS::DynamoDB::GlobalTable" else properties
    recovery = _inner(local, "PointInTimeRecoverySpecification")
    encryption = _inner(local, "SSESpecification")
    stream = _inner(properties, "StreamSpecification")
    return TableDesign(
        keys=keys_of(properties.get("KeySchema"), properties.get("AttributeDefinitions")),
        attributes=_attributes(properties.get("AttributeDefinitions")),
        ttl=_when(ttl, "Enabled", "AttributeName", absent="true"),
        recovery=_flag(recovery, "PointInTimeRecoveryEnabled"),
        recovery_days=_text(recovery, "RecoveryPeriodInDays"),
        deletion_protection=_flag(local, "DeletionProtectionEnabled"),
        stream=_text(stream, "StreamViewType"),
        kms_key=_text(encryption, "KMSMasterKeyId"),
        replicas=_replicas(type_, properties),
        billing=_text(properties, "BillingMode"),
        table_class=_text(properties, "TableClass"),
        tags=_tags(properties.get("Tags")),
        insights=_flag(_inner(local, "ContributorInsightsSpecification"), "Enabled"),
        kinesis=_text(_inner(local, "KinesisStreamSpecification"), "StreamArn"),
        imports=_text(_inner(_inner(properties, "ImportSourceSpecification"), "S3BucketSource"), "S3Bucket"),
        recovery_by_region=_recovery_by_region(type_, properties),
        global_indexes=_global_indexes(
            properties.get("GlobalSecondaryIndexes"), properties.get("AttributeDefinitions")
        ),
    )


def index_names(properties: Value) -> tuple[str, ...]:
    """The names of the secondary indexes that can be known, in the template's order."""
    if not isinstance(properties, dict):
        return ()
    names = []
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        listed = properties.get(kind)
        for index in listed if isinstance(listed, list) else []:
            name = index.get("IndexName") if isinstance(index, dict) else None
            if isinstance(name, str):
                names.append(name)
    return tuple(names)


def keys_of(schema: Value, definitions: Value) -> tuple[Key, ...] | Unknown:
    """The key schema with its attribute types; Unknown unless every part of it is plain text."""
    types: dict[str, str] = {}
    for definition in definitions if isinstance(definitions, list) else []:
        match definition:
            case {"AttributeName": str(name), "AttributeType": str(kind)}:
                types[name] = kind
    keys = []
    for element in schema if isinstance(schema, list) else []:
        match element:
            case {"AttributeName": str(name), "KeyType": str(role)}:
                keys.append(Key(name, types.get(name, ""), role))
            case _:
                return _UNREAD
    return tuple(keys) if keys else _UNREAD


def _attributes(definitions: Value) -> tuple[tuple[str, str], ...] | Unknown:
    found = []
    for definition in definitions if isinstance(definitions, list) else [None]:
        match definition:
            case {"AttributeName": str(name), "AttributeType": str(kind)}:
                found.append((name, kind))
            case _:
                return _UNREAD
    return tuple(found)


def _global_indexes(listed: Value, definitions: Value) -> tuple[IndexDesign, ...] | Unknown:
    if listed is None:
        return ()
    found = []
    for index in listed if isinstance(listed, list) else [None]:
        name, projection = _inner(index, "IndexName"), _inner(index, "Projection")
        kind, included = _inner(projection, "ProjectionType"), _names(_inner(projection, "NonKeyAttributes"))
        keys = keys_of(_inner(index, "KeySchema"), definitions)
        if not (
            isinstance(name, str) and isinstance(kind, str) and isinstance(keys, tuple) and isinstance(included, tuple)
        ):
            return _UNREAD
        found.append(IndexDesign(name, keys, kind, included))
    return tuple(found)


def _names(listed: Value) -> tuple[str, ...] | Unknown:
    """A list of plain texts; () where there is none."""
    names: list[str] = []
    for name in listed if isinstance(listed, list) else [] if listed is None else [_UNREAD]:
        if not isinstance(name, str):
            return _UNREAD
        names.append(name)
    return tuple(names)


def _tags(listed: Value) -> tuple[tuple[str, str], ...] | Unknown | None:
    if listed is None:
        return None
    found = []
    for tag in listed if isinstance(listed, list) else [None]:
        match tag:
            case {"Key": str(key), "Value": str(value)}:
                found.append((key, value))
            case _:
                return _UNREAD
    return tuple(found)


def _inner(properties: Value, name: str) -> Value:
    return properties.get(name) if isinstance(properties, dict) else properties


def _text(properties: Value, name: str) -> Known | None:
    value = _inner(properties, name)
    return value if value is None or isinstance(value, (str, Unknown)) else _UNREAD


def _flag(properties: Value, name: str) -> bool | Unknown:
    value = _text(properties, name)
    return value if isinstance(value, Unknown) else value is not None and value.lower() == "true"


def _when(properties: Value, flag: str, name: str, *, absent: str) -> Known | None:
    if properties is None:
        return None
    enabled = _text(properties, flag)
    if isinstance(enabled, Unknown):
        return enabled
    return _text(properties, name) if (enabled or absent).lower() == "true" else None


def _replicas(type_: str, properties: dict[str, Value]) -> tuple[str, ...] | Unknown:
    if type_ != "AWS::DynamoDB::GlobalTable":
        return ()
    listed = properties.get("Replicas")
    regions = []
    for replica in listed if isinstance(listed, list) else [None]:
        region = replica.get("Region") if isinstance(replica, dict) else None
        if not isinstance(region, str):
            return region if isinstance(region, Unknown) else _UNREAD
        regions.append(region)
    return tuple(regions)


def _replica(properties: dict[str, Value], region: str | None) -> Value:
    """A global table's settings in a region; those of its first replica where there is none of that region."""
    listed = properties.get("Replicas")
    if not isinstance(listed, list) or not listed:
        return _UNREAD
    own = (each for each in listed if isinstance(each, dict) and each.get("Region") == region)
    return next(own, listed[0])


def _recovery_by_region(
    type_: str, properties: dict[str, Value]
) -> tuple[tuple[str, bool | Unknown, Known | None], ...] | Unknown:
    regions = _replicas(type_, properties)
    if isinstance(regions, Unknown):
        return regions
    found = []
    for region in regions:
        recovery = _inner(_replica(properties, region), "PointInTimeRecoverySpecification")
        days = _text(recovery, "RecoveryPeriodInDays")
        found.append((region, _flag(recovery, "PointInTimeRecoveryEnabled"), days))
    return tuple(found)
