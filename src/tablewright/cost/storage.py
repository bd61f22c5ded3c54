"""What is stored, and what is kept and made of it: storage, recovery, backups, exports, restores.

Sources: DynamoDB developer guide, "Best practices for understanding your AWS billing and usage reports" (recovery and backups by
the table with its local indexes, exports likewise, restores with every index; storage by decimal GB), "Item sizes and formats"
(100 bytes beside each item), "Global tables" (48 more).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tablewright.cost.demand import entry_bytes
from tablewright.cost.lines import GB, Bill
from tablewright.cost.priced import PricedTable
from tablewright.model.workload import TableLoad

__all__ = ["stored_bytes", "storing"]

_OVERHEAD = 100
"""Bytes that are billed for each stored item, and for each entry of an index, beside its own."""
_REPLICATED = 48
"""Bytes more for each item of a global table."""


def stored_bytes(table: PricedTable, load: TableLoad, elsewhere: tuple[str, ...]) -> Mapping[str, int]:
    """Billed bytes by index, "" for the table itself."""
    overhead = _OVERHEAD + (_REPLICATED if elsewhere else 0)
    stored = {"": load.items * (load.item_bytes + overhead)}
    for index in table.secondary:
        entries = load.entries.get(index.name, load.items)
        stored[index.name] = entries * (entry_bytes(index, load.item_bytes, load) + overhead)
    return stored


def storing(bill: Bill, table: PricedTable, load: TableLoad, elsewhere: tuple[str, ...]) -> None:
    """The lines of storage and of everything that is billed by its size."""
    kind = table.class_name
    stored = stored_bytes(table, load, elsewhere)
    for index in table.secondary:
        if index.projection != "ALL" and index.name not in load.entry_bytes and load.items:
            bill.assume(
                f"index {index.name}: an entry takes {entry_bytes(index, load.item_bytes, load)} bytes "
                f"(entry_bytes in the workload says otherwise)"
            )
    for name, size in stored.items():
        quantity = Decimal(size) / GB
        bill.add("storage", f"storage.{kind}", quantity, "GB-months", index=name)
        for region in elsewhere:
            bill.add("replicated storage", f"storage.{kind}", quantity, "GB-months", index=name, region=region)
    local = sum(stored[index.name] for index in table.secondary if index.kind == "local")
    own = Decimal(stored[""] + local) / GB
    if table.recovery:
        for region in (bill.region, *elsewhere):
            bill.add("point-in-time recovery", "backup.continuous", own, "GB-months", region=region)
    bill.add("backups", "backup.on-demand", Decimal(load.backup_bytes) / GB, "GB-months")
    bill.add("exports", "export.full", own * load.exports_per_month, "GB")
    bill.add("incremental exports", "export.incremental", Decimal(load.incremental_export_bytes) / GB, "GB")
    if (load.exports_per_month or load.incremental_export_bytes) and not table.recovery:
        bill.assume(f"{table.name}: point-in-time recovery is off, and without it DynamoDB refuses to export")
    bill.add("restores", "backup.restore", Decimal(sum(stored.values())) / GB * load.restores_per_month, "GB")
