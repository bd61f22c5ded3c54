"""The limits that load meets, each with its source.

DG is the Amazon DynamoDB Developer Guide. What no document gives is marked unverified.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ACCOUNT_READ_UNITS",
    "ACCOUNT_WRITE_UNITS",
    "BURST_S",
    "ON_DEMAND_READ_UNITS",
    "ON_DEMAND_WRITE_UNITS",
    "PARTITION_BYTES",
    "PARTITION_READ_UNITS",
    "PARTITION_WRITE_UNITS",
    "SPLIT_AFTER_S",
    "TABLE_READ_UNITS",
    "TABLE_WRITE_UNITS",
    "TableQuota",
]

READ_BLOCK = 4096
WRITE_BLOCK = 1024
"""Bytes of a read unit and of a write unit (DG, "DynamoDB read and write operations")."""

BURST_S = 300
"""Seconds of unused capacity that a provisioned table keeps (DG, "Burst and adaptive capacity")."""

PARTITION_READ_UNITS = 3000
PARTITION_WRITE_UNITS = 1000
"""What one partition serves in a second (DG, "Burst and adaptive capacity")."""

PARTITION_BYTES = 10 * 1000**3
"""A partition splits when it holds more (DG, "Partitions and data distribution": about 10 GB)."""

ON_DEMAND_READ_UNITS = 12_000
ON_DEMAND_WRITE_UNITS = 4_000
"""What a new on-demand table is warm for (DG, "DynamoDB warm throughput")."""

TABLE_READ_UNITS = 40_000
TABLE_WRITE_UNITS = 40_000
"""Default quota of one table or index (DG, "Quotas in Amazon DynamoDB")."""


@dataclass(frozen=True, slots=True)
class TableQuota:
    """Units a second of one table or index. Service Quotas raises it on AWS; a rehearsal lowers it to meet it."""

    read: float = TABLE_READ_UNITS
    write: float = TABLE_WRITE_UNITS


ACCOUNT_READ_UNITS = 80_000
ACCOUNT_WRITE_UNITS = 80_000
"""Default quota of all provisioned tables of an account in a Region (same page)."""

SPLIT_AFTER_S = 60.0
"""How long a partition is overloaded before it splits. No document says; minutes are seen in practice: unverified."""
