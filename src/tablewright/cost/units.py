"""Read and write units of one request, by the documented rounding. Exact: halves are Decimals.

Sources: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations" (4 KB and 1 KB blocks, eventually consistent reads
half, transactions double) and "Global secondary indexes" (an index entry is written by its own size; transactions do not
double it).
"""

from __future__ import annotations

from decimal import Decimal

__all__ = ["READ_BLOCK", "WRITE_BLOCK", "page_units", "read_units", "write_units"]

READ_BLOCK = 4096
WRITE_BLOCK = 1024


def read_units(size: int, *, consistent: bool = False, transactional: bool = False) -> Decimal:
    """Units of reading one item of so many bytes; an item that is not there costs as much as a small one."""
    blocks = Decimal(max(1, -(-size // READ_BLOCK)))
    return blocks * 2 if transactional else blocks if consistent else blocks / 2


def page_units(size: int, *, consistent: bool = False) -> Decimal:
    """Units of a Query or Scan that evaluates so many bytes: added up first, rounded once."""
    return read_units(size, consistent=consistent)


def write_units(size: int, *, transactional: bool = False) -> Decimal:
    """Units of writing, or deleting, one item; ``size`` is the larger of before and after."""
    blocks = Decimal(max(1, -(-size // WRITE_BLOCK)))
    return blocks * 2 if transactional else blocks
