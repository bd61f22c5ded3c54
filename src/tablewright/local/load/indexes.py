"""The time that index changes take: CREATING while resources are allocated, then backfilling, then ACTIVE; and DELETING.

Source: Amazon DynamoDB Developer Guide, "Managing Global Secondary Indexes": while resources are allocated the table is
UPDATING and Backfilling is false; while the index backfills the table is ACTIVE and Backfilling is true. How long either takes
is not documented; the figures here are unverified. The data plane changes its indexes at once, so what is kept here is only
what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.journal import Journal
from tablewright.local.load.tables import Scope, Table

__all__ = ["ALLOCATE_S", "BACKFILL_S", "IndexTimes"]

ALLOCATE_S = 120.0
BACKFILL_S = 180.0
BACKFILL_ITEMS_A_SECOND = 1000.0
DELETE_S = 60.0
_KIND = "index-change"
_INDEXES = "GlobalSecondaryIndexes"


class IndexTimes:
    """The index changes that are under way."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._held: dict[str, dict[str, dict[str, Any]]] = {}
        for key, document in journal.items(_KIND):
            self._held[key] = document

    @staticmethod
    def _key(scope: Scope, table: str) -> str:
        return json.dumps([*scope, table])

    def _keep(self, key: str, changes: dict[str, dict[str, Any]]) -> None:
        if changes:
            self._held[key] = changes
        else:
            self._held.pop(key, None)
        self._journal.put(_KIND, key, changes or None)

    def _under_way(self, scope: Scope, table: str) -> dict[str, dict[str, Any]]:
        """The changes of a table that are not over yet."""
        key = self._key(scope, table)
        held = self._held.get(key)
        if not held:
            return {}
        now = self._clock.now()
        lasting = {name: change for name, change in held.items() if change["ends"] > now}
        if len(lasting) != len(held):
            self._keep(key, lasting)
        return lasting

    @property
    def any(self) -> bool:
        """Whether anything may be under way."""
        return bool(self._held)

    # ----------------------------------------------------------------- changes

    def begun(self, scope: Scope, asked: Mapping[str, Any], before: Table, items: int, gone: Mapping[str, Any]) -> None:
        """Note what an UpdateTable that went through creates and deletes; `gone` are the deleted ones as they were."""
        key, now = self._key(scope, before.name), self._clock.now()
        changes = dict(self._under_way(scope, before.name))
        for update in asked.get("GlobalSecondaryIndexUpdates") or ():
            if "Create" in update:
                allocated = now + self._clock.span(ALLOCATE_S)
                ends = allocated + self._clock.span(BACKFILL_S + items / BACKFILL_ITEMS_A_SECOND)
                changes[update["Create"]["IndexName"]] = {"made": True, "allocated": allocated, "ends": ends}
            elif "Delete" in update:
                name = update["Delete"]["IndexName"]
                ends = now + self._clock.span(DELETE_S)
                changes[name] = {"made": False, "allocated": ends, "ends": ends, "was": gone.get(name)}
        if changes:
            self._keep(key, changes)

    def dropped(self, scope: Scope, table: str) -> None:
        """A table is gone, and its changes with it."""
        if self._key(scope, table) in self._held:
            self._keep(self._key(scope, table), {})

    # ---------------------------------------------------------------- refusals

    def update_refused(self, scope: Scope, table: str, asked: Mapping[str, Any]) -> tuple[str, str] | None:
        """(code, message) of an UpdateTable that has to wait, or None."""
        changes = self._under_way(scope, table)
        if not changes:
            return None
        now = self._clock.now()
        updates = asked.get("GlobalSecondaryIndexUpdates") or ()
        for update in updates:
            name = (update.get("Delete") or {}).get("IndexName")
            if name in changes and changes[name]["made"]:
                # An index may be deleted while it backfills, not while its resources are allocated.
                return None if changes[name]["allocated"] <= now else _in_use(table)
        if any("Create" in update or "Delete" in update for update in updates):
            return (
                "LimitExceededException",
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
            )
        if any(change["allocated"] > now for change in changes.values()):
            return _in_use(table)
        return None

    def delete_refused(self, scope: Scope, table: str) -> tuple[str, str] | None:
        """(code, message) of a DeleteTable that has to wait, or None."""
        if not self._under_way(scope, table):
            return None
        return (
            "ResourceInUseException",
            "Attempt to change a resource which is still in use: Cannot delete table while indexes are being created, updated, "
            "or deleted.",
        )

    def read_refused(self, scope: Scope, table: str, index: str) -> tuple[str, str] | None:
        """(code, message) of a read on an index that is not there yet, or None."""
        change = self._under_way(scope, table).get(index)
        if change is None or not change["made"]:
            return None
        return "ValidationException", f"Cannot read from backfilling global secondary index: {index}"

    # ------------------------------------------------------------------- shown

    def shown(self, scope: Scope, description: dict[str, Any]) -> bool:
        """Make a table's description say what is under way; returns whether it was changed."""
        changes = self._under_way(scope, str(description.get("TableName", "")))
        if not changes:
            return False
        now = self._clock.now()
        listed: list[dict[str, Any]] = list(description.get(_INDEXES) or ())
        for index in listed:
            change = changes.get(index["IndexName"])
            if change is not None and change["made"]:
                index["IndexStatus"] = "CREATING"
                index["Backfilling"] = change["allocated"] <= now
        present = {index["IndexName"] for index in listed}
        for name, change in changes.items():
            if not change["made"] and name not in present and change.get("was"):
                listed.append({**change["was"], "IndexStatus": "DELETING"})
        if listed:
            description[_INDEXES] = listed
        if any(change["allocated"] > now for change in changes.values()):
            description["TableStatus"] = "UPDATING"
        return True

    def progress(self) -> list[tuple[Scope, str, str, float]]:
        """(scope, table, index, percent) of every index that is being made."""
        now, found = self._clock.now(), []
        for key in list(self._held):
            account, region, table = json.loads(key)
            for name, change in self._under_way((account, region), table).items():
                if change["made"]:
                    length = change["ends"] - change["allocated"]
                    done = (now - change["allocated"]) / length if length > 0 else 1.0
                    found.append(((account, region), table, name, 100 * min(max(done, 0.0), 1.0)))
        return found


def _in_use(table: str) -> tuple[str, str]:
    return (
        "ResourceInUseException",
        f"Attempt to change a resource which is still in use: Table is being updated: {table}",
    )
