"""Waiting for tables and indexes: a run is not done before they are ACTIVE."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime

from tablewright.deploy.pace import delays
from tablewright.errors import Failed, MustWait, TablewrightError
from tablewright.events import Event, IndexMoved, Waiting
from tablewright.model.table import Table
from tablewright.plan.plan import busy_indexes
from tablewright.ports import Account

_PASSING = frozenset({"throttled", "aws-unavailable", "endpoint-unreachable", "endpoint-silent"})
_PATIENCE = 8


_ENDLESS = {
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "DynamoDB may not use its KMS key, which was disabled or whose policy was "
    "changed. Give it the key back within seven days; after that the table is archived.",
    "ARCHIVING": "its KMS key was out of reach for more than seven days. Restore the backup that AWS makes of it.",
    "ARCHIVED": "its KMS key was out of reach for more than seven days. Restore the backup that AWS made of it.",
}
"""Statuses that end only by somebody's hand. Source: DynamoDB API reference, TableDescription, TableStatus."""


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
        if table is not None and table.status in _ENDLESS:
            raise Failed(
                "table-not-coming",
                "A table does not become ACTIVE by itself",
                f"Table {name} is {table.status}: {_ENDLESS[table.status]} Waiting would not end; run again after that.",
                f"aws dynamodb describe-table --table-name {name}",
            )
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
