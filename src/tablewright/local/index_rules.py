"""What DynamoDB refuses of an index's definition, in CreateTable and UpdateTable alike. Pure.

Source of the rules and words: third-party measurements of the API on live AWS (2026-10). Keys have up to four HASH and four RANGE
attributes (API reference, KeySchema of a global secondary index).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tablewright.local.throughput_rules import INVALID

__all__ = ["MOST_LOCAL", "creation_refused", "update_refused"]

MOST_LOCAL = 5
_MOST_KEYS = 4
_MOST_ATTRIBUTES = 20
_MOST_ATTRIBUTES_OF_A_TABLE = 100


def creation_refused(asked: Mapping[str, Any]) -> str:
    """Why CreateTable refuses the indexes, or empty."""
    kinds = (("globalSecondaryIndexes", "GlobalSecondaryIndexes"), ("localSecondaryIndexes", "LocalSecondaryIndexes"))
    for path, kind in kinds:
        for number, index in enumerate(_mappings(asked.get(kind)), start=1):
            for words in (*_keys(index), *_projection(index, f"{path}.{number}.member")):
                return words
    if len(_mappings(asked.get("LocalSecondaryIndexes"))) > MOST_LOCAL:
        return f"{INVALID} Number of LocalSecondaryIndexes exceeds per-table limit of {MOST_LOCAL}"
    return _too_many([index for _, kind in kinds for index in _mappings(asked.get(kind))])


def update_refused(table: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Why UpdateTable refuses the indexes that it is to make, or empty."""
    updates = _mappings(asked.get("GlobalSecondaryIndexUpdates"))
    made = [update["Create"] for update in updates if isinstance(update.get("Create"), Mapping)]
    for number, index in enumerate(made, start=1):
        for words in (*_keys(index), *_projection(index, f"globalSecondaryIndexUpdates.{number}.member.create")):
            return words
    standing = [*_mappings(table.get("GlobalSecondaryIndexes")), *_mappings(table.get("LocalSecondaryIndexes"))]
    return _too_many([*standing, *made]) if made else ""


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _keys(index: Mapping[str, Any]) -> Iterator[str]:
    kinds = [str(key.get("KeyType")) for key in _mappings(index.get("KeySchema"))]
    if kinds != sorted(kinds):
        yield f"{INVALID} All HASH key attributes must precede RANGE key attributes in the KeySchema"
    for kind in ("HASH", "RANGE"):
        if kinds.count(kind) > _MOST_KEYS:
            yield f"{INVALID} The KeySchema exceeds the maximum allowed number of {kind} key attributes"


def _projection(index: Mapping[str, Any], path: str) -> Iterator[str]:
    projection = index.get("Projection")
    if not isinstance(projection, Mapping):
        return
    kind, attributes = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if not isinstance(attributes, list):
        return
    if kind in ("ALL", "KEYS_ONLY") and attributes:
        yield f"{INVALID} ProjectionType is {kind}, but NonKeyAttributes is specified"
    if len(attributes) > _MOST_ATTRIBUTES:
        yield (
            f"1 validation error detected: Value '[{', '.join(map(str, attributes))}]' at '{path}.projection.nonKeyAttributes' "
            f"failed to satisfy constraint: Member must have length less than or equal to {_MOST_ATTRIBUTES}"
        )
    twice = [name for number, name in enumerate(attributes) if name in attributes[:number]]
    if twice:
        yield f"{INVALID} Duplicate element in NonKeyAttributes: {twice[0]}"


def _too_many(indexes: Sequence[Mapping[str, Any]]) -> str:
    named = sum(len((index.get("Projection") or {}).get("NonKeyAttributes") or ()) for index in indexes)
    if named <= _MOST_ATTRIBUTES_OF_A_TABLE:
        return ""
    return f"{INVALID} Number of projected attributes exceeds per-table limit of {_MOST_ATTRIBUTES_OF_A_TABLE}"
