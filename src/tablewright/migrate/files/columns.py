"""Items as rows of typed columns, for formats that have columns; pure.

A column's type is one of DynamoDB's, or ``json`` where no one type does: then a cell holds ``{type: value}`` in DynamoDB's JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["SCALARS", "SETS", "Wire", "columns_of"]

Wire = Mapping[str, Mapping[str, Any]]
"""An item as parsed JSON: attribute name to {type: value}."""

SCALARS = ("S", "N", "B", "BOOL")
SETS = ("SS", "NS", "BS")


def columns_of(items: Sequence[Wire]) -> dict[str, str]:
    """Every attribute of the items and its column's type, in the order in which they are first seen."""
    found: dict[str, str] = {}
    for item in items:
        for name, value in item.items():
            (kind,) = value
            known = found.get(name)
            if known is None:
                found[name] = kind
            elif known != kind:
                found[name] = "json"
    return {name: kind if kind in SCALARS + SETS else "json" for name, kind in found.items()}
