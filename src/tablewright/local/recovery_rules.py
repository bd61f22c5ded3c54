"""Point-in-time recovery that goes back in time: each change of a table that is protected so is kept, and a restore undoes them.

What is kept lies with the table's recovery setting, so it is written and read with the rest of the state. Sources: API reference,
RestoreTableToPointInTime; developer guide, "Point-in-time recovery".
"""

from __future__ import annotations

import copy
import types
from collections import defaultdict
from typing import Any

__all__ = ["amend_recovery", "items_at", "protected", "window"]

Answer = tuple[int, dict[str, str], bytes]

_MOST_CHANGES = 50_000
"""Changes kept of one table, some 2 KB each for items of 1 KB; with more, the window begins later, as is told."""
_LAG_S = 300
"""The latest restorable time is "typically 5 minutes before the current time" (API reference, DescribeContinuousBackups)."""
_CHANGES = "changes"


def amend_recovery(dynamodb: types.ModuleType) -> None:
    """Keep changes, and restore to the time that is asked for. Comes before whatever else watches the writes of items."""
    rules = _Rules(dynamodb)
    for name, method in (
        ("_set_item", rules.set_item),
        ("_remove_item", rules.remove_item),
        ("_restore_table_to_point_in_time", rules.restore),
        ("_restore_table_from_backup", rules.restore_backup),
        ("_table_description", rules.described),
    ):
        setattr(dynamodb, name, method)


def protected(now: float) -> dict[str, Any]:
    """The recovery setting of a table from now on."""
    return {"since": now, _CHANGES: []}


def window(setting: dict[str, Any], now: float) -> tuple[float, float]:
    """The earliest and the latest time that a table with this recovery setting can be restored to, in epoch seconds."""
    # A table that was protected before changes were kept can be restored as it is, and from its next change on.
    since = setting["since"] if _CHANGES in setting else now
    earliest = max(since, now - setting["days"] * 86400)
    return earliest, max(earliest, now - _LAG_S)


def items_at(module: Any, name: str, when: float) -> dict[Any, dict[Any, Any]]:
    """The items of a table by partition and sort key, as they were: what was changed later is undone."""
    found = {pk: dict(rows) for pk, rows in module._tables[name].get("items", {}).items()}
    for at, pk, sk, before in reversed(module._pitr_settings[name].get(_CHANGES, ())):
        if at <= when:
            break
        if before is None:
            found.get(pk, {}).pop(sk, None)
        else:
            found.setdefault(pk, {})[sk] = before
    return {pk: rows for pk, rows in found.items() if rows}


class _Rules:
    def __init__(self, module: Any) -> None:
        self._ddb = module
        self._set, self._remove = module._set_item, module._remove_item
        self._restore, self._restore_backup = module._restore_table_to_point_in_time, module._restore_table_from_backup
        self._described = module._table_description

    def set_item(self, table: dict[str, Any], pk: Any, sk: Any, item: dict[str, Any]) -> Any:
        """Store an item, keeping what stood there."""
        before = self._set(table, pk, sk, item)
        self._keep(table, pk, sk, before)
        return before

    def remove_item(self, table: dict[str, Any], pk: Any, sk: Any) -> Any:
        """Remove an item, keeping it."""
        before = self._remove(table, pk, sk)
        if before is not None:
            self._keep(table, pk, sk, before)
        return before

    def _keep(self, table: dict[str, Any], pk: Any, sk: Any, before: Any) -> None:
        # By its ARN: what TTL deletes is deleted outside any request, and so outside an account and region.
        _, _, _, region, account, _ = str(table["TableArn"]).split(":", 5)
        setting = self._ddb._pitr_settings.get_scoped(account, region, table["TableName"])
        if not isinstance(setting, dict):
            return
        now = self._ddb.time.time()
        if _CHANGES not in setting:
            setting |= {_CHANGES: [], "since": now}
            return
        changes = setting[_CHANGES]
        changes.append((now, pk, sk, before))
        oldest = now - setting["days"] * 86400
        if len(changes) > _MOST_CHANGES or changes[0][0] < oldest - 86400:  # a day at a time, not one by one
            cut = max(len(changes) - _MOST_CHANGES * 9 // 10, 0) if len(changes) > _MOST_CHANGES else 0
            while cut < len(changes) and changes[cut][0] < oldest:
                cut += 1
            if cut:
                setting["since"] = max(setting["since"], changes[cut - 1][0])
                del changes[:cut]

    def restore(self, data: dict[str, Any]) -> Answer:
        """RestoreTableToPointInTime, as the table was then."""
        name = data.get("SourceTableName") or self._ddb._normalize_table_name(data.get("SourceTableArn") or "")
        setting = self._ddb._pitr_settings.get(name) if name in self._ddb._tables else None
        if name in self._ddb._tables and not isinstance(setting, dict):
            return self._refuse(
                "PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table '{name}'"
            )
        when = 0.0
        if isinstance(setting, dict):
            earliest, latest = window(setting, self._ddb.time.time())
            asked = data.get("RestoreDateTime")
            when = latest if asked is None or data.get("UseLatestRestorableTime") else float(asked)
            if not int(earliest) <= when <= latest + 1:
                return self._refuse("InvalidRestoreTimeException", "Invalid restore time")
        answer: Answer = self._restore(data)
        if answer[0] != 200:
            return answer
        target = data["TargetTableName"]
        self._ddb._tables[target]["items"] = defaultdict(dict, copy.deepcopy(items_at(self._ddb, name, when)))
        self._ddb._items_replaced(self._ddb._tables[target])
        return self._restored(target, {"SourceTableArn": self._ddb._tables[name]["TableArn"], "RestoreDateTime": when})

    def restore_backup(self, data: dict[str, Any]) -> Answer:
        """RestoreTableFromBackup, telling of which table the backup is."""
        answer: Answer = self._restore_backup(data)
        if answer[0] != 200:
            return answer
        backup = self._ddb._backups[data["BackupArn"]]
        source = backup.get("SourceTableDetails", {}).get("TableArn", "")
        made = backup.get("BackupDetails", {}).get("BackupCreationDateTime", 0)
        told = {"SourceBackupArn": data["BackupArn"], "SourceTableArn": source, "RestoreDateTime": made}
        return self._restored(data["TargetTableName"], told)

    def described(self, name: str) -> dict[str, Any]:
        """The table's description, with what it was restored from (API reference, RestoreSummary)."""
        found: dict[str, Any] = self._described(name)
        origin = (self._ddb._tables.get(name) or {}).get("RestoreSummary")
        return found | ({"RestoreSummary": origin} if origin else {})

    def _restored(self, target: str, origin: dict[str, Any]) -> Answer:
        self._ddb._tables[target]["RestoreSummary"] = origin | {"RestoreInProgress": False}
        told: Answer = self._ddb.json_response({"TableDescription": self._ddb._table_description(target)})
        return told

    def _refuse(self, code: str, message: str) -> Answer:
        refused: Answer = self._ddb.error_response_json(code, message, 400)
        return refused
