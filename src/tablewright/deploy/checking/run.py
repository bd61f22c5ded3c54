"""Reading back what stands, and waiting for tables and indexes: a run is not done before they are ACTIVE."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime

from tablewright.deploy.looking.run import describe_all
from tablewright.deploy.pace import delays
from tablewright.errors import Failed, MustWait, TablewrightError
from tablewright.events import Event, IndexMoved, Waiting
from tablewright.model.design import Design, ResourceDesign, Unknown
from tablewright.model.table import Table
from tablewright.plan.plan import busy_indexes
from tablewright.ports import Account

_PASSING = frozenset({"throttled", "aws-unavailable", "endpoint-unreachable", "endpoint-silent"})
_PATIENCE = 8


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was found: ``missing`` is not as designed, ``unread`` could not be looked at."""

    missing: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def await_table(account: Account, name: str, deadline: datetime | None) -> Generator[Event, None, Table]:
    """Wait until the table and all its indexes are ACTIVE, yielding each change of an index. Raises MustWait at the deadline."""
    states: dict[str, tuple[str, bool]] = {}
    said, failures = False, 0
    for delay in delays(name, first=0.2, longest=10.0):
        table = None
        try:
            table = account.tables.describe(name, settings=False)
            failures = 0
        except TablewrightError as error:
            failures += 1
            if error.code not in _PASSING or failures > _PATIENCE:
                raise
        if table is None and not failures:
            raise Failed(
                "table-gone", "A table is gone", f"Table {name} was removed by somebody else while it was waited for."
            )
        for index in table.indexes if table is not None else ():
            if states.get(index.name) != (index.status, index.backfilling):
                states[index.name] = (index.status, index.backfilling)
                yield IndexMoved(name, index.name, index.status, index.backfilling)
        if table is not None and table.status == "ACTIVE" and not busy_indexes(table):
            return table
        if not said and table is not None:
            said = True
            busy = ", ".join(busy_indexes(table))
            yield Waiting(f"{busy} of {name}" if busy else f"table {name} is {table.status}")
        if deadline is not None and account.clock.now() >= deadline:
            raise MustWait(
                "timeout",
                "The time given is over",
                f"Table {name} is not ACTIVE yet. DynamoDB goes on by itself; run again.",
            )
        account.clock.sleep(delay)
    raise AssertionError("delays end never")


def read_back(account: Account, design: Design) -> ReadBack:
    """Whether the tables stand as designed: there, ACTIVE, with their indexes, TTL and point-in-time recovery."""
    wanted = {r.physical_name: r for r in design.tables if isinstance(r.physical_name, str) and r.certain}
    live = describe_all(account, wanted, settings=True)
    missing: list[str] = []
    unread: list[str] = []
    for name, resource in wanted.items():
        table = live.get(name)
        if table is None:
            missing.append(f"table {name} does not exist")
            continue
        missing += _differences(resource, table)
        unread += [f"{part} of {name}: {why}" for part, why in table.unknown.items() if part != "tags"]
    return ReadBack(tuple(missing), tuple(unread))


def _differences(resource: ResourceDesign, table: Table) -> list[str]:
    found = []
    if table.status != "ACTIVE":
        found.append(f"table {table.name} is {table.status}")
    there = {index.name for index in table.indexes}
    found += [f"index {name} of {table.name} does not exist" for name in resource.indexes if name not in there]
    asked = resource.table
    if asked is None:
        return found
    if isinstance(asked.ttl, str) and table.ttl is not None:
        on = table.ttl.status in ("ENABLED", "ENABLING") and table.ttl.attribute == asked.ttl
        if not on:
            found.append(
                f"TTL of {table.name} is {table.ttl.status} ({table.ttl.attribute or 'no attribute'}), not on {asked.ttl}"
            )
    if asked.recovery is True and table.recovery is not None and not table.recovery.enabled:
        found.append(f"point-in-time recovery of {table.name} is off")
    if (
        not isinstance(asked.deletion_protection, Unknown)
        and asked.deletion_protection
        and not table.deletion_protection
    ):
        found.append(f"deletion protection of {table.name} is off")
    return found
