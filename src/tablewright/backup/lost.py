"""What a copy has and a table lacks, key by key, and how an item is put back without touching what others wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from tablewright.model.items import Item, Value
from tablewright.model.table import Key, Table

__all__ = ["Put", "Stood", "compared", "expires", "key_of", "mark_of_key", "put_missing", "put_over", "same", "ttl_of"]

_SETS = ("SS", "NS", "BS")
_MOST_CONDITIONS = 150
"""Operators and names that one condition may hold are limited to 300 and 4 KB of text (developer guide, "Quotas")."""
_FIVE_YEARS = timedelta(days=5 * 365)
"""TTL leaves alone what expired longer ago (developer guide, "Using time to live")."""

Put = Mapping[str, Any]
"""A PutItem request."""


@dataclass(frozen=True, slots=True)
class Stood:
    """One key of the copy: its item there, and what the table has under it now (None: nothing)."""

    key: Item
    was: Item
    now: Item | None

    @property
    def lost(self) -> bool:
        """Whether the table has nothing under the key."""
        return self.now is None

    @property
    def changed(self) -> bool:
        """Whether the table has another item under the key."""
        return self.now is not None and not same(self.was, self.now)


def key_of(item: Item, keys: Sequence[Key]) -> Item:
    """The key attributes of an item."""
    return {key.name: item[key.name] for key in keys}


def mark_of_key(key: Item) -> bytes:
    """Sixteen bytes that stand for a key among many."""
    return blake2b(repr(_word(key)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def compared(copied: Sequence[Item], found: Sequence[Item], keys: Sequence[Key]) -> tuple[Stood, ...]:
    """Each item of the copy against what the table has under its key."""
    there = {_word(key_of(item, keys)): item for item in found}
    return tuple(Stood(key, item, there.get(_word(key))) for item in copied for key in [key_of(item, keys)])


def same(one: Item, other: Item) -> bool:
    """Whether two items are equal; sets have no order."""
    return one.keys() == other.keys() and all(_equal(value, other[name]) for name, value in one.items())


def ttl_of(table: Table) -> str | None:
    """The attribute by which the table's items expire, None where they do not."""
    ttl = table.ttl
    return ttl.attribute if ttl is not None and ttl.status in ("ENABLING", "ENABLED") else None


def expires(item: Item, attribute: str | None, now: datetime) -> bool:
    """Whether TTL would delete the item at once."""
    number = item.get(attribute, {}).get("N") if attribute else None
    if number is None:
        return False
    try:
        return (now - _FIVE_YEARS).timestamp() < float(number) <= now.timestamp()
    except ValueError:
        return False


def put_missing(table: str, item: Item, keys: Sequence[Key]) -> Put:
    """Put the item if nothing stands under its key."""
    return {
        "TableName": table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(#k)",
        "ExpressionAttributeNames": {"#k": keys[0].name},
    }


def put_over(table: str, item: Item, now: Item) -> Put | None:
    """Put the item if what stands under its key is still ``now``; None where that is too much for one condition.

    A condition names attributes: one that somebody adds between looking and writing, and that neither item has, is not seen.
    """
    names = sorted({*item, *now})
    if len(names) > _MOST_CONDITIONS:
        return None
    terms = [
        f"#{number} = :{number}" if name in now else f"attribute_not_exists(#{number})"
        for number, name in enumerate(names)
    ]
    return {
        "TableName": table,
        "Item": item,
        "ConditionExpression": " AND ".join(terms),
        "ExpressionAttributeNames": {f"#{number}": name for number, name in enumerate(names)},
        "ExpressionAttributeValues": {f":{number}": now[name] for number, name in enumerate(names) if name in now},
    }


def _word(key: Item) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in key.items()))


def _equal(one: Value, other: Value) -> bool:
    ((kind, held),), ((kind_too, held_too),) = one.items(), other.items()
    if kind != kind_too:
        return False
    if kind in _SETS:
        return sorted(held) == sorted(held_too)
    if kind == "L":
        return len(held) == len(held_too) and all(map(_equal, held, held_too))
    if kind == "M":
        return same(held, held_too)
    return bool(held == held_too)
