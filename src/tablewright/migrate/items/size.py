"""The size of an item as DynamoDB counts it: for the limit of 400 KB, and for capacity units.

Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats": names and strings count their UTF-8 bytes, binary its
raw bytes, null and Boolean one, a list or map three and one more for each element; an attribute its name and its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from tablewright.migrate.items.numbers import number_size

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["MOST_BYTES", "attributes_size", "fits", "size", "value_size"]

MOST_BYTES = 400 * 1024
"""The most that an item may have, names included."""


def size(item: Buffer) -> int:
    """The bytes of an item in DynamoDB's JSON."""
    return attributes_size(orjson.loads(memoryview(item)))


def fits(item: Buffer) -> bool:
    """Whether an item keeps to the limit; its JSON is always longer than what is counted, so most need not be parsed."""
    return memoryview(item).nbytes <= MOST_BYTES or size(item) <= MOST_BYTES


def attributes_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The bytes of an item's attributes: each name and its value."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    """The bytes of one attribute value, ``{type: value}``."""
    for kind, held in value.items():
        match kind:
            case "S":
                return len(held.encode())
            case "N":
                return number_size(held)
            case "B":
                return _binary_size(held)
            case "M":
                return 3 + sum(1 + len(name.encode()) + value_size(each) for name, each in held.items())
            case "L":
                return 3 + sum(1 + value_size(each) for each in held)
            case "SS":
                return sum(len(each.encode()) for each in held)
            case "NS":
                return sum(map(number_size, held))
            case "BS":
                return sum(map(_binary_size, held))
    return 1  # BOOL and NULL


def _binary_size(text: str) -> int:
    """How many bytes base64 text holds, without decoding it."""
    return len(text) * 3 // 4 - (text.endswith("=") + text.endswith("=="))
