"""How often DynamoDB lets a table's settings be changed, and how late its counts are.

Sources: DynamoDB API reference, UpdateTimeToLive (one change an hour); Developer Guide, "Quotas" (decreases: four a day, then one
an hour; table class: two in 30 days; to on-demand: four in 24 hours), "Encryption at rest: usage notes" (four in 24 hours, then
one in six hours), "DescribeTable" (ItemCount and TableSizeBytes: about every six hours). The words are those that users quote in
public issue threads. The `instant` clock knows none of this: there, everything has always been long ago.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.journal import Journal

__all__ = ["Budgets", "Lag"]

Scope = tuple[str, str]
Refusal = tuple[str, str]
_SPENT, _COUNTS = "table-budget", "table-counts"
_DAY = 86400.0
_SOURCE = "replica-source"
ACTED_AS_SOURCE = (
    "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the "
    "last 24 hours."
)
_COUNTED_EVERY_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Budget:
    """`free` changes in `window` seconds, then one every `after` seconds (0: none before one of them is out of the window)."""

    free: int
    window: float
    after: float
    code: str
    words: str


_LIMIT = "LimitExceededException"
BUDGETS: Mapping[str, Budget] = {
    "ttl": Budget(
        1, 3600.0, 0.0, "ValidationException", "Time to live has been modified multiple times within a fixed interval"
    ),
    "protection": Budget(
        1,
        15.0,
        0.0,
        "ThrottlingException",
        "Deletion protection setting for table {table} modified within the previous 15000 milliseconds. "
        "Please try again after {next}",
    ),
    "decrease": Budget(
        4,
        _DAY,
        3600.0,
        _LIMIT,
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 "
        "decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. Number of "
        "decreases today: {count}. Last decrease at {last}. Next decrease can be made at {next}",
    ),
    "encryption": Budget(
        4,
        _DAY,
        21600.0,
        _LIMIT,
        "Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at {next}. After the first 4 "
        "changes, each subsequent change in the same window can be performed at most once every 21600 seconds.",
    ),
    "class": Budget(
        2,
        30 * _DAY,
        0.0,
        _LIMIT,
        "Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s). Last update at {last}. "
        "Next update can be made at {next}",
    ),
    "on-demand": Budget(
        4,
        _DAY,
        0.0,
        _LIMIT,
        "Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in 1 day(s). Last update at {last}. "
        "Next update can be made at {next}",
    ),
}


class Budgets:
    """What each table has spent."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    @property
    def _off(self) -> bool:
        return self._clock.profile == "instant"

    def drawn(self, operation: str, held: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
        """The budgets that a request draws on. `held` is the table's description before it."""
        return [] if self._off or not held else list(_changes(operation, held, asked))

    def refused(self, scope: Scope, table: str, drawn: Sequence[str]) -> Refusal | None:
        """Code and words when a change comes too soon."""
        spent = self._journal.get(_SPENT, _key(scope, table)) or {}
        now = self._clock.now()
        for what in drawn:
            budget = BUDGETS[what.partition("/")[0]]
            times = self._recent(budget, spent.get(what, []), now)
            if len(times) < budget.free:
                continue
            first_free = times[-budget.free] + self._clock.span(budget.window)
            again = min(first_free, times[-1] + self._clock.span(budget.after)) if budget.after else first_free
            if now < again:
                told = {"table": table, "count": len(times), "last": _moment(times[-1]), "next": _moment(again)}
                return budget.code, budget.words.format(**told)
        return None

    def spend(self, scope: Scope, table: str, drawn: Sequence[str]) -> None:
        """A change has been made."""
        key, now = _key(scope, table), self._clock.now()
        spent = dict(self._journal.get(_SPENT, key) or {})
        for what in drawn:
            budget = BUDGETS[what.partition("/")[0]]
            spent[what] = [*self._recent(budget, spent.get(what, []), now), now]
        if drawn:
            self._journal.put(_SPENT, key, spent)

    def copied_from(self, scope: Scope, table: str) -> None:
        """A replica has been added to the table, with this region as its source."""
        if not self._off:
            self._journal.put(_SOURCE, _key(scope, table), {"at": self._clock.now()})

    def source_refused(self, scope: Scope, table: str, replicas: Sequence[object]) -> Refusal | None:
        """Code and words when a replica that others were made from is deleted too soon; `replicas` are the others."""
        made = self._journal.get(_SOURCE, _key(scope, table))
        if self._off or made is None or not replicas or self._clock.now() - made["at"] >= self._clock.span(_DAY):
            return None
        return "ValidationException", ACTED_AS_SOURCE

    def forget(self, scope: Scope, table: str) -> None:
        """The table is gone; another of its name begins anew."""
        if self._journal.get(_SPENT, _key(scope, table)) is not None:
            self._journal.put(_SPENT, _key(scope, table), None)

    def _recent(self, budget: Budget, times: list[float], now: float) -> list[float]:
        return [at for at in times if now - at < self._clock.span(budget.window)]


def _changes(operation: str, held: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    """Which budgets a request draws on; those of indexes have their name behind a slash."""
    if operation == "UpdateTimeToLive":
        yield "ttl"
        return
    protected = bool(held.get("DeletionProtectionEnabled"))
    if bool(asked.get("DeletionProtectionEnabled", protected)) != protected:
        yield "protection"
    if asked.get("TableClass", _class(held)) != _class(held):
        yield "class"
    if asked.get("SSESpecification"):
        yield "encryption"
    mode = (held.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    if asked.get("BillingMode") == "PAY_PER_REQUEST" and mode == "PROVISIONED":
        yield "on-demand"
    if mode == "PROVISIONED" and _less(held.get("ProvisionedThroughput"), asked.get("ProvisionedThroughput")):
        yield "decrease"
    indexes = {each["IndexName"]: each for each in held.get("GlobalSecondaryIndexes") or ()}
    for each in asked.get("GlobalSecondaryIndexUpdates") or ():
        update = each.get("Update") or {}
        before = indexes.get(update.get("IndexName"), {})
        if mode == "PROVISIONED" and _less(before.get("ProvisionedThroughput"), update.get("ProvisionedThroughput")):
            yield f"decrease/{update['IndexName']}"


def _class(held: Mapping[str, Any]) -> str:
    return str((held.get("TableClassSummary") or {}).get("TableClass", "STANDARD"))


def _less(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    units = ("ReadCapacityUnits", "WriteCapacityUnits")
    return bool(before and after) and any(int(after.get(u, 0)) < int(before.get(u, 0)) for u in units)  # type: ignore[union-attr]


def _key(scope: Scope, table: str) -> str:
    return json.dumps([*scope, table])


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%A, %B %d, %Y at %I:%M:%S %p Coordinated Universal Time")


class Lag:
    """ItemCount and TableSizeBytes as DescribeTable shows them: as they were when they were last counted."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def shown(self, scope: Scope, description: dict[str, Any]) -> bool:
        """Put the counts of the present period into a description; whether there were any to put.

        They are taken when somebody first looks in a period of six hours since the table was made.
        """
        if self._clock.profile == "instant" or "CreationDateTime" not in description:
            return False
        key = _key(scope, str(description.get("TableName", "")))
        made = float(description["CreationDateTime"])
        period = int((self._clock.now() - made) / self._clock.span(_COUNTED_EVERY_S))
        kept = self._journal.get(_COUNTS, key) or {}
        if kept.get("made") != made or kept.get("period") != period:
            parts = [("", description), *_indexes(description)]
            counts = {name: [part.get("ItemCount", 0), part.get(_size(name), 0)] for name, part in parts}
            kept = {"made": made, "period": period, "counts": counts if period else {}}
            self._journal.put(_COUNTS, key, kept)
        for name, part in [("", description), *_indexes(description)]:
            part["ItemCount"], part[_size(name)] = kept["counts"].get(name, [0, 0])
        return True


def _size(name: str) -> str:
    return "IndexSizeBytes" if name else "TableSizeBytes"


def _indexes(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    kinds = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    return [(each["IndexName"], each) for kind in kinds for each in description.get(kind) or ()]
