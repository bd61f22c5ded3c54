"""Items as DynamoDB hands them out: values are ``{type: value}`` as in its JSON, binary ones base64 text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = Mapping[str, Any]
"""One attribute value: ``{"S": "text"}``, ``{"N": "1.5"}`` and so on (API reference, AttributeValue)."""

Item: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One answer of a read or write: its items, how many were read for it, and what it took.

    ``units``: capacity units, None where the endpoint does not say. ``after``: the key to go on from (Query, Scan);
    ``token``: the same of a PartiQL statement. Both None: there is no more.
    """

    items: tuple[Item, ...] = ()
    count: int = 0
    read: int = 0
    units: float | None = None
    after: Item | None = None
    token: str | None = None
