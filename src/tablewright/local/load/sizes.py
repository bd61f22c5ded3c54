"""How many bytes an item counts for.

Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats": names and strings are UTF-8, a number takes about
one byte for two significant digits and one more (another one when negative), null and Boolean take one, a list or map takes
three and one more for each element.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Item", "Sizes", "item_size", "number_size", "value_size"]

Item = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's JSON: attribute name to {type: value}."""


class Sizes:
    """The sizes of the items that one request handles, each counted once. It must not outlive the request."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[Item, int]] = {}

    def of(self, item: Item | None) -> int:
        """The size of an item in bytes; 0 for None."""
        if not item:
            return 0
        known = self._known.get(id(item))
        if known is None:
            known = self._known[id(item)] = (item, item_size(item))
        return known[1]


def item_size(item: Item | None) -> int:
    """The size of an item in bytes; 0 for None."""
    if not item:
        return 0
    total = 0
    for name, value in item.items():
        text = value.get("S")
        if text is not None:
            total += (
                len(name) + len(text) if name.isascii() and text.isascii() else len(name.encode()) + len(text.encode())
            )
        else:
            total += len(name.encode()) + value_size(value)
    return total


def value_size(value: Mapping[str, Any]) -> int:
    """The size of one attribute value, without its name."""
    for kind, held in value.items():
        if kind == "S":
            return len(held) if held.isascii() else len(held.encode())
        if kind == "N":
            return number_size(held)
        if kind == "B":
            return _binary_size(held)
        if kind in ("BOOL", "NULL"):
            return 1
        if kind == "M":
            return 3 + sum(1 + len(name.encode()) + value_size(each) for name, each in held.items())
        if kind == "L":
            return 3 + sum(1 + value_size(each) for each in held)
        if kind == "SS":
            return sum(len(each.encode()) for each in held)
        if kind == "NS":
            return sum(number_size(each) for each in held)
        if kind == "BS":
            return sum(_binary_size(each) for each in held)
    return 0


def _binary_size(text: str | bytes) -> int:
    """The length of what base64 text holds (or of bytes), without decoding it."""
    length = len(text)
    if isinstance(text, bytes):
        return length
    return length * 3 // 4 - (text.endswith("=") + text.endswith("==")) if length else 0


def number_size(text: str) -> int:
    """The size of a number: pairs of significant digits, aligned on the decimal point, and one byte; one more below zero."""
    text = str(text)
    negative = text.startswith("-")
    mantissa, _, exponent_text = text.lstrip("+-").lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    significant = digits.strip("0")
    if not significant:
        return 1
    exponent = int(exponent_text or 0) - len(fraction) + len(digits) - len(digits.rstrip("0"))
    # A digit pair starts at an even power of ten on both sides.
    pairs = (len(significant) + exponent % 2 + 1) // 2
    return 1 + pairs + negative
