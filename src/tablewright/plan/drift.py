"""What a table is against what the template says of it: only what the template says is compared, as CloudFormation does.

Source: CloudFormation user guide, "Detect unmanaged configuration changes to stacks and resources with drift detection".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tablewright.model.design import Design, ResourceDesign, TableDesign
from tablewright.model.table import OnDemand, Table


@dataclass(frozen=True, slots=True)
class Drift:
    """The differences of one table, each in words. ``gone``: the table itself is not there."""

    table: str
    logical_id: str
    differences: tuple[str, ...]
    gone: bool = False


def drifts(design: Design, tables: Mapping[str, Table]) -> tuple[Drift, ...]:
    """The tables that do not stand as designed; ``tables`` are the live ones with their settings, by name.

    A setting that could not be read is no difference: ``unread`` says which those are.
    """
    found = []
    for name, resource in _named(design):
        table = tables.get(name)
        if table is None:
            found.append(Drift(name, resource.logical_id, (f"table {name} does not exist",), gone=True))
        elif told := drift_of(resource, table):
            found.append(Drift(name, resource.logical_id, told))
    return tuple(found)


def unread(design: Design, tables: Mapping[str, Table]) -> tuple[str, ...]:
    """What could not be compared, and why."""
    return tuple(
        f"{part} of {name}: {why}"
        for name, _ in _named(design)
        if name in tables
        for part, why in tables[name].unknown.items()
        if part != "tags"
    )


def drift_of(resource: ResourceDesign, table: Table) -> tuple[str, ...]:
    """What differs between a table and what the template says of it, each in words. Its status is no difference: it passes."""
    found: list[str] = []
    there = {index.name for index in table.indexes}
    found += [f"index {name} of {table.name} does not exist" for name in resource.indexes if name not in there]
    asked = resource.table
    if asked is None:
        return tuple(found)
    if isinstance(asked.ttl, str) and table.ttl is not None:
        on = table.ttl.status in ("ENABLED", "ENABLING") and table.ttl.attribute == asked.ttl
        if not on:
            now = f"{table.ttl.status} ({table.ttl.attribute or 'no attribute'})"
            found.append(f"TTL of {table.name} is {now}, not on {asked.ttl}")
    if asked.recovery is True and table.recovery is not None:
        days = asked.recovery_days if isinstance(asked.recovery_days, str) else ""
        if not table.recovery.enabled:
            found.append(f"point-in-time recovery of {table.name} is off")
        elif days.isdecimal() and table.recovery.days is not None and table.recovery.days != int(days):
            found.append(f"the recovery period of {table.name} is {table.recovery.days} days, not {days}")
    if asked.deletion_protection is True and not table.deletion_protection:
        found.append(f"deletion protection of {table.name} is off")
    if isinstance(asked.stream, str) and table.stream_view != asked.stream:
        now = f"shows {table.stream_view}" if table.stream_view else "is off"
        found.append(f"the stream of {table.name} {now}, not {asked.stream}")
    return (*found, *_replicated(asked, table), *_billed(asked, table), *_tagged(asked, table))


def _replicated(asked: TableDesign, table: Table) -> Iterator[str]:
    """Replicas that are missing; further ones are not the template's. A table in one region tells none, not even its own."""
    home = table.arn.split(":")[3] if table.arn.count(":") > 4 else ""
    for region in asked.replicas if isinstance(asked.replicas, tuple) else ():
        if region not in (home, *table.replicas):
            yield f"the replica of {table.name} in {region} does not exist"


def _billed(asked: TableDesign, table: Table) -> Iterator[str]:
    """Mode, class and key. Units are left out: auto scaling moves them, and CloudFormation leaves them as well."""
    now = "PAY_PER_REQUEST" if isinstance(table.billing, OnDemand) else "PROVISIONED"
    if isinstance(asked.billing, str) and asked.billing != now:
        yield f"the billing mode of {table.name} is {now}, not {asked.billing}"
    if isinstance(asked.table_class, str) and asked.table_class != table.table_class:
        yield f"the class of {table.name} is {table.table_class}, not {asked.table_class}"
    key = asked.kms_key if isinstance(asked.kms_key, str) else ""
    if _KEY.fullmatch(key) and (table.kms_key or "").rpartition("/")[2] != key.rpartition("/")[2]:
        yield f"{table.name} is encrypted with {table.kms_key or 'a key of DynamoDB'}, not with {key}"


def _tagged(asked: TableDesign, table: Table) -> Iterator[str]:
    """Tags that are missing or other; further ones may be the stack's, or somebody's who counts costs."""
    if "tags" in table.unknown or not isinstance(asked.tags, tuple):
        return
    for key, value in asked.tags:
        if key not in table.tags:
            yield f"tag {key} of {table.name} is missing"
        elif table.tags[key] != value:
            yield f"tag {key} of {table.name} is {table.tags[key]}, not {value}"


_KEY = re.compile(r"(?:arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/)?(?:mrk-)?[0-9a-f-]{32,36}")
"""A key by its id or ARN: what an alias stands for is not known here."""


def _named(design: Design) -> tuple[tuple[str, ResourceDesign], ...]:
    """The tables that surely exist by the template, under a name that is known."""
    return tuple((r.physical_name, r) for r in design.tables if isinstance(r.physical_name, str) and r.certain)
