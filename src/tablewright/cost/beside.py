"""What is billed beside requests and storage: streams, change data for Kinesis, contributor insights, deletions by TTL.

Sources: DynamoDB developer guide, "Best practices for understanding your AWS billing and usage reports" (a stream read for each
GetRecords but those of Lambda and global tables; a change data capture unit for each KB written; an event of insights for each
item read or written, two where there is a sort key; rules for each table and index); "Time to Live" (deletions are free, but
for their replication).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tablewright.cost.demand import write_rate
from tablewright.cost.lines import MILLION, SECONDS, Bill
from tablewright.cost.priced import PricedTable
from tablewright.cost.units import write_units
from tablewright.model.workload import READS, TableLoad

__all__ = ["beside", "expiring"]

_RULES = {"all": 2, "throttled": 1}
"""Rules of insights for a partition key: the most used and the most throttled, or these alone; twice that with a sort key."""


def beside(bill: Bill, table: PricedTable, load: TableLoad) -> None:
    """The lines of streams and insights."""
    if table.stream:
        bill.add("stream", "streams.read", load.stream_reads_per_second * SECONDS, "read requests")
        if load.stream_reads_per_second:
            bill.assume(
                f"{table.name}: reads of the stream by Lambda and global tables are free; others are counted here"
            )
    if table.kinesis:
        each = write_rate(load) + _expired_units(table, load)
        bill.add("change data to Kinesis", "streams.kinesis", each * SECONDS, "change data capture units")
        bill.assume(f"{table.name}: the Kinesis stream itself is billed by Kinesis, which is not in the sum")
        if load.measured:
            bill.assume(f"{table.name}: a change data capture unit for each write unit that was measured")
    for name, mode, sort_key in _watched(table):
        rules = _RULES[mode] * (2 if sort_key else 1)
        bill.add("insights rules", "insights.rule", Decimal(rules), "rules", index=name)
        if mode == "throttled":
            bill.assume(f"insights of {name or table.name}: no throttled request, so no event is counted")
        elif load.measured:
            bill.missing.append(f"insights events of {name or table.name}: metrics do not tell how many items are read")
        else:
            events = _touched(table, load, name) * (2 if sort_key else 1) * SECONDS
            bill.add("insights events", "insights.events", events, "events", per=MILLION, index=name)


def expiring(bill: Bill, table: PricedTable, load: TableLoad, elsewhere: tuple[str, ...]) -> None:
    """Deletions by TTL: free where they happen, and replicated writes in every other region."""
    if not load.expired_per_second:
        return
    if not table.ttl:
        bill.assume(f"{table.name}: items are said to expire, and TTL is off: nothing deletes them")
        return
    units = _expired_units(table, load)
    for region in elsewhere:
        if table.on_demand:
            names = table.replicated("on-demand")
            bill.add("replicated TTL deletions", names, units * SECONDS, "request units", per=MILLION, region=region)
        else:
            bill.assume(f"{table.name}: TTL deletions use up {units:,.1f} replicated write units a second in {region}")


def _expired_units(table: PricedTable, load: TableLoad) -> Decimal:
    """Write units a second that its expired items would take."""
    return load.expired_per_second * write_units(load.item_bytes) if table.ttl else Decimal(0)


def _watched(table: PricedTable) -> Iterator[tuple[str, str, bool]]:
    """The table ("") and the indexes that insights watch: name, mode, whether there is a sort key."""
    if table.insights:
        yield "", table.insights, table.sort_key
    for index in table.indexes:
        if index.insights:
            yield index.name, index.insights, index.sort_key


def _touched(table: PricedTable, load: TableLoad, name: str) -> Decimal:
    """Items read or written a second in the table or an index, which a write reaches as far as it changes its entry."""
    total = Decimal(0)
    for pattern in load.patterns:
        if pattern.operation in READS:
            reached = Decimal((pattern.index or "") == name)
        else:
            reached = pattern.index_share.get(name, Decimal(1)) if name else Decimal(1)
        total += pattern.per_second * pattern.items * reached
    return total
