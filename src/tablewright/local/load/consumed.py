"""`ConsumedCapacity` in the shape the API answers with."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from tablewright.local.load.capacity import Charge

__all__ = ["consumed_capacity"]


def consumed_capacity(
    table: str,
    charge: Charge,
    level: str,
    *,
    local_indexes: Collection[str] = (),
    transaction: Literal["", "Read", "Write"] = "",
) -> dict[str, Any]:
    """One table's entry for ReturnConsumedCapacity TOTAL or INDEXES.

    Transactions also say the units by kind, at every level (TransactGetItems, TransactWriteItems in the API reference).
    """

    def units(amount: float) -> dict[str, float]:
        return (
            {f"{transaction}CapacityUnits": amount, "CapacityUnits": amount}
            if transaction
            else {"CapacityUnits": amount}
        )

    entry: dict[str, Any] = {"TableName": table, **units(charge.total)}
    if level == "INDEXES":
        entry["Table"] = units(charge.table)
        for member, wanted in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True)):
            found = {name: units(each) for name, each in charge.indexes.items() if (name in local_indexes) is wanted}
            if found:
                entry[member] = found
    return entry
