"""What becomes of a table's settings: TTL, recovery, replicas and streams, against what stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tablewright.model.design import Known, ResourceDesign, TableDesign, Unknown
from tablewright.model.stack import ResourceChange
from tablewright.model.table import Table
from tablewright.plan.behaviour import DEFAULT_RECOVERY_DAYS
from tablewright.plan.suspect import Suspect, top, touches


def settings(
    name: str, change: ResourceChange, before: TableDesign | None, after: TableDesign | None, table: Table | None
) -> Iterator[Suspect]:
    if after is None or table is None:
        return
    yield from _ttl(name, change, after, table)
    yield from _recovery(name, change, before, after, table)
    yield from _recovery_elsewhere(name, change, before, after, table)
    gone = tuple(r for r in table.replicas if isinstance(after.replicas, Unknown) or r not in after.replicas)
    if isinstance(after.replicas, Unknown) and not touches(change, "Replicas"):
        gone = ()
    known = (
        "" if not isinstance(after.replicas, Unknown) else f" (the regions cannot be resolved: {after.replicas.why})"
    )
    for region in gone:
        if region != _home(table):
            yield Suspect(
                "replica-removed", name, change.logical_id, f"The replica in {region} would be deleted{known}."
            )
    touched = before is None or before.stream != after.stream or touches(change, "StreamSpecification")
    if table.stream_arn and touched and (after.stream is None or after.stream != table.stream_view):
        verb = "removed" if after.stream is None else "replaced by one with a new ARN"
        what = f"The stream would be {verb}, and its unread records with it."
        yield Suspect("stream-removed", name, change.logical_id, what, stream=table.stream_arn)


def of_import(change: ResourceChange, after: ResourceDesign | None, live: Mapping[str, Table]) -> Iterator[Suspect]:
    """What is lost when a table that is taken in is then made to stand as the template says; what it does not say, stays."""
    if after is None or after.table is None or not isinstance(after.physical_name, str):
        return
    name, asked, table = after.physical_name, after.table, live.get(after.physical_name)
    if table is None:
        return
    yield from _ttl(name, change, asked, table)
    if asked.recovery is True and asked.recovery_days is not None:
        yield from _recovery(name, change, None, asked, table)
    if table.stream_arn and asked.stream is not None and asked.stream != table.stream_view:
        what = "The stream would be replaced by one with a new ARN, and its unread records with it."
        yield Suspect("stream-removed", name, change.logical_id, what, stream=table.stream_arn)


def _ttl(name: str, change: ResourceChange, after: TableDesign, table: Table) -> Iterator[Suspect]:
    if after.ttl is None:
        return
    current = table.ttl.attribute if table.ttl is not None and table.ttl.status in ("ENABLED", "ENABLING") else None
    if isinstance(after.ttl, Unknown):
        what = f"TTL would be set on an attribute that is not known ({after.ttl.why})."
        yield Suspect("ttl-enabled", name, change.logical_id, what)
    elif after.ttl != current:
        moved = f"TTL would move from {current} to {after.ttl}." if current else f"TTL would be enabled on {after.ttl}."
        kind = "ttl-moved" if current else "ttl-enabled"
        yield Suspect(kind, name, change.logical_id, moved, attribute=after.ttl)


def _recovery(
    name: str, change: ResourceChange, before: TableDesign | None, after: TableDesign, table: Table
) -> Iterator[Suspect]:
    on = table.recovery.enabled if table.recovery is not None else before is None or before.recovery is not False
    if not on:
        return
    if after.recovery is not True:
        known = "" if after.recovery is False else " (whether it stays on cannot be resolved)"
        what = f"Point-in-time recovery would be switched off, and the window to restore from is lost{known}."
        yield Suspect("recovery-disabled", name, change.logical_id, what)
        return
    days = table.recovery.days if table.recovery is not None else None
    old = days or _days(before) or DEFAULT_RECOVERY_DAYS
    new = _days(after) or DEFAULT_RECOVERY_DAYS
    if isinstance(after.recovery_days, Unknown) or new < old:
        shown = "an unknown number of" if isinstance(after.recovery_days, Unknown) else str(new)
        what = f"The recovery period would be shortened from {old} to {shown} days; what is older is lost."
        yield Suspect("recovery-shortened", name, change.logical_id, what)


def _recovery_elsewhere(
    name: str, change: ResourceChange, before: TableDesign | None, after: TableDesign, table: Table
) -> Iterator[Suspect]:
    """What the replicas in other regions lose of their own windows, by the two templates: those are not asked."""
    if isinstance(after.recovery_by_region, Unknown):
        return  # the regions are not known, and what goes with a region counts as a replica that is removed
    had = before.recovery_by_region if before is not None else _NOT_KNOWN
    old = {} if isinstance(had, Unknown) else {region: (on, days) for region, on, days in had}
    for region, on, days in after.recovery_by_region:
        known = region in old
        if region == _home(table) or not (known or isinstance(had, Unknown)) or (known and old[region][0] is False):
            continue
        if on is not True and (known or region in table.replicas):
            what = f"Point-in-time recovery of the replica in {region} would be switched off, and its window is lost."
            yield Suspect("recovery-disabled", name, change.logical_id, what)
        elif on is True and known and old[region][1] != days and not _longer(old[region][1], days):
            what = f"The recovery period of the replica in {region} would be shortened; what is older is lost."
            yield Suspect("recovery-shortened", name, change.logical_id, what)


_NOT_KNOWN = Unknown("the deployed template is not known")


def _longer(old: Known | None, new: Known | None) -> bool:
    """Whether a recovery period surely becomes no shorter."""
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return False
    was, now = (int(days) if days and days.isdecimal() else DEFAULT_RECOVERY_DAYS for days in (old, new))
    return now >= was


def _home(table: Table) -> str:
    return table.arn.split(":")[3] if table.arn.count(":") >= 5 else ""


def _days(table: TableDesign | None) -> int | None:
    value = table.recovery_days if table is not None else None
    return int(value) if isinstance(value, str) and value.isdecimal() else None


_RISKY = {
    "TimeToLiveSpecification": ("ttl-enabled", "TTL would change"),
    "PointInTimeRecoverySpecification": ("recovery-disabled", "Point-in-time recovery would change"),
    "StreamSpecification": ("stream-removed", "The stream would change"),
    "Replicas": ("replica-removed", "The replicas would change"),
}


def settings_by_properties(name: str, change: ResourceChange) -> Iterator[Suspect]:
    """For a table whose templates are not at hand (in a nested stack): every change of a risky property is suspect."""
    for prop in change.properties:
        if top(prop.path) in _RISKY:
            kind, what = _RISKY[top(prop.path)]
            yield Suspect(kind, name, change.logical_id, f"{what} ({prop.before} to {prop.after}).")
