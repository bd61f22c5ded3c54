"""Capacity that Scans read and throw away."""

from __future__ import annotations

from tablewright.model.diagnosis import Diagnosis, Evidence, Remedy, Sure
from tablewright.model.table import Table
from tablewright.watch.observation import Observation, Subject
from tablewright.watch.symptom import Answer, Unknown, amount, symptom

_SHARE = 0.5
_USEFUL = 0.2
_LEAST_UNITS = 500.0
_UNIT_BYTES = 4096


@symptom("scan-waste", "Scans read far more than they return")
def scan_waste(seen: Observation, table: Table) -> Answer:
    """Scans with a filter: every item that is looked at is paid for, few come back.

    Signal: Scans make up half or more of the read units (at least 500), and return less than a fifth of the items that those
    units read, counted strictly: as if each unit had read 4 KB only. A filter does not reduce what a Scan costs.
    Evidence: pages, items that came back, units, items that they read.
    Remedy: a Query by a key or an index (a sparse one for rare items) instead of a filter.
    Source: DynamoDB developer guide, "Best practices for querying and scanning data"; "Filter expressions for scan".
    """
    base = Subject(seen, table, None)
    pages = base.by_operation("SuccessfulRequestLatency", "Scan", "SampleCount").total
    if not pages:
        return
    units = sum(subject.series("ConsumedReadCapacityUnits").total for subject in seen.subjects(table))
    if units < _LEAST_UNITS:
        return
    if not table.item_count or not table.size_bytes:
        yield Unknown(
            "DescribeTable gives no size yet (it lags by up to six hours), so what a Scan reads cannot be told"
        )
        return
    item = table.size_bytes / table.item_count
    others = _others(base, item)
    scanned = max(0.0, units - others)
    if scanned < max(_LEAST_UNITS, _SHARE * units):
        return
    read = scanned * _UNIT_BYTES / item
    returned = base.by_operation("ReturnedItemCount", "Scan").total
    if returned >= _USEFUL * read:
        return
    yield Diagnosis(
        problem="scan-waste",
        table=table.name,
        index=None,
        sure=Sure.LIKELY,
        cause="Scans read most of what is paid for, and return little of it.",
        evidence=(
            Evidence(f"{amount(pages)} pages were scanned", "SuccessfulRequestLatency (SampleCount)"),
            Evidence(
                f"{amount(returned)} items came back of at least {amount(read)} that were read ({returned / read:.1%})",
                "ReturnedItemCount, ConsumedReadCapacityUnits, DescribeTable",
            ),
            Evidence(f"about {scanned / units:.0%} of {amount(units)} read units", "ConsumedReadCapacityUnits"),
        ),
        remedies=(
            Remedy(
                "Query instead: by the key, or by an index whose key is what the filter asks for.",
                f"tablewright add index {table.name} ATTRIBUTE".replace("ATTRIBUTE", "attribute"),
            ),
            Remedy("For a few items among many, give only those the index's key attribute: a sparse index."),
            Remedy("For reports over everything, export the table: an export consumes no capacity."),
        ),
        plots=(base.id("ConsumedReadCapacityUnits"),),
    )


def _others(base: Subject, item: float) -> float:
    """At most what the other reads cost: strongly consistent, each item rounded up by itself."""
    each = max(1.0, -(-item // _UNIT_BYTES))
    singles = base.by_operation("SuccessfulRequestLatency", "GetItem", "SampleCount").total
    queries = base.by_operation("SuccessfulRequestLatency", "Query", "SampleCount").total
    found = base.by_operation("ReturnedItemCount", "Query").total
    return singles * each + queries + found * item / _UNIT_BYTES
