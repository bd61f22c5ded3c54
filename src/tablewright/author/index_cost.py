"""What an index costs by what it stores, for items of a size: shown where the projection is asked for.

A write to an index costs a unit for each KB of what it stores of the item, and one at least; an entry takes what is stored of the
item and 100 bytes. Source: DynamoDB developer guide, "Global secondary indexes" (throughput and storage considerations).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from tablewright.author.siblings import Sibling
from tablewright.cost.prices import prices

ITEM, KEYS, OVERHEAD = 4096, 100, 100
"""Bytes: the item and the keys that are assumed, and what DynamoDB adds to each entry of an index."""

_USUAL_REGION = "us-east-1"
_HOURS = 730
_MILLION = 1_000_000


def costs(table: Sibling, region: str) -> tuple[dict[str, str], str]:
    """Projection -> its cost in words, and what that rests on. A region without prices is given as us-east-1, and it is said."""
    listed = prices()
    known = region if listed.find(region, "storage.standard") is not None else _USUAL_REGION
    class_ = "infrequent-access" if table.value("TableClass") == "STANDARD_INFREQUENT_ACCESS" else "standard"
    storage = listed.price(known, f"storage.{class_}").usd
    on_demand = table.value("BillingMode") == "PAY_PER_REQUEST"
    write = listed.price(known, f"{'on-demand' if on_demand else 'provisioned'}.{class_}.write").usd

    def said(stored: int) -> str:
        units = max(1, -(-stored // 1024))
        kept = storage * (stored + OVERHEAD) * _MILLION / Decimal(10**9)
        if on_demand:
            return f"{_usd(write * units)} for a million writes, {_usd(kept)} a month to store a million items"
        return f"{_usd(write * units * _HOURS)} a month for one write a second, {_usd(kept)} to store a million items"

    elsewhere = f"; none is known for {region}" if region and region != known else ""
    basis = f"for items of {ITEM // 1024} KB with {KEYS} bytes of keys, at the list price of {known}, {listed.date}{elsewhere}"
    return {
        "ALL": said(ITEM),
        "KEYS_ONLY": said(KEYS),
        "INCLUDE": "in between, by the attributes that are named",
    }, basis


def _usd(amount: Decimal) -> str:
    return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
