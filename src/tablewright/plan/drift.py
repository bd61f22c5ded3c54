"""What a table is against what the template says of it: only what the template says is compared, as CloudFormation does.

Source: CloudFormation user guide, "Detect unmanaged configuration changes to stacks and resources with drift detection".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tablewright.model.design import Design, ResourceDesign
from tablewright.model.table import Table


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
    return tuple(found)


def _named(design: Design) -> tuple[tuple[str, ResourceDesign], ...]:
    """The tables that surely exist by the template, under a name that is known."""
    return tuple((r.physical_name, r) for r in design.tables if isinstance(r.physical_name, str) and r.certain)
