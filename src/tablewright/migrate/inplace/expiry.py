"""What a change does to the attribute by which DynamoDB deletes items: it must not surprise anybody.

TTL deletes an item some time after the epoch seconds in a number attribute, unless they are more than five years past. Source:
Amazon DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["Expiry"]

_FIVE_YEARS_S = 5 * 365 * 86400

_SENTENCES = {
    "gone": "{name}, by which TTL deletes, is taken from {items}: without it they do not expire any more.",
    "set": "{name}, by which TTL deletes, is given to {items}: from then on they expire.",
    "moved": "{name}, by which TTL deletes, is changed in {items}: they expire at another time.",
    "past": "{name}, by which TTL deletes, becomes a time that is past in {items}: TTL deletes them within days.",
    "odd": "{name}, by which TTL deletes, becomes something else than a number in {items}: they do not expire any more.",
}


class Expiry:
    """Counts items whose TTL attribute a change touches. ``attribute`` None: the table has no TTL."""

    def __init__(self, attribute: str | None, now: float) -> None:
        """``now``: epoch seconds."""
        self._name = attribute
        self._now = now
        self._found: Counter[str] = Counter()

    def look(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Look at an item as it is and as it is to be."""
        old, new = before.get(self._name or ""), after.get(self._name or "")
        if self._name is None or old == new:
            return
        if new is None:
            self._found["gone"] += 1
        elif "N" not in new:
            self._found["odd"] += 1
        elif self._is_past(new["N"]):
            self._found["past"] += 1
        else:
            self._found["moved" if old is not None and "N" in old else "set"] += 1

    def warnings(self) -> tuple[str, ...]:
        """A sentence for each thing that happens to items' expiry."""
        return tuple(
            text.format(items=_items(self._found[kind]), name=self._name)
            for kind, text in _SENTENCES.items()
            if self._found[kind]
        )

    def _is_past(self, text: str) -> bool:
        try:
            at = Decimal(text)
        except InvalidOperation:
            return False
        return self._now - _FIVE_YEARS_S < at <= self._now


def _items(number: int) -> str:
    return f"{number:,} items" if number != 1 else "1 item"
