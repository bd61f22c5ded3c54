"""Where a read stopped, as one word that the same command takes to go on: not secret, and of no use for another read."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tablewright.errors import UsageError
from tablewright.model.items import Item

__all__ = ["Place", "decode", "encode"]

_PASSING = ("Limit", "ExclusiveStartKey", "NextToken", "ReturnConsumedCapacity", "ProjectionExpression", "Select")
"""What may differ between the two: how it is read, not what."""


@dataclass(frozen=True, slots=True)
class Place:
    """The last key that was read (Query, Scan), or DynamoDB's own token (PartiQL)."""

    after: Item | None = None
    token: str | None = None


def _mark(request: Mapping[str, Any]) -> str:
    """Which read it is: placeholders are resolved by their order, so the same words give the same mark."""
    told = {name: value for name, value in request.items() if name not in _PASSING}
    names = told.pop("ExpressionAttributeNames", {})
    for part in ("FilterExpression", "KeyConditionExpression"):
        for mark in sorted(names, key=len, reverse=True):
            told[part] = told.get(part, "").replace(mark, json.dumps(names[mark]))
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def encode(place: Place, request: Mapping[str, Any]) -> str:
    """The place as a word."""
    body = [_mark(request), place.after, place.token]
    return urlsafe_b64encode(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()).decode().rstrip("=")


def decode(word: str, request: Mapping[str, Any]) -> Place:
    """The place of a word. Raises UsageError ``wrong-continuation`` for one that is not of this read."""
    try:
        mark, after, token = json.loads(urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        good = (after is None or isinstance(after, dict)) and (token is None or isinstance(token, str))
    except (ValueError, TypeError):
        good = False
    if not good or mark != _mark(request):
        raise UsageError(
            "wrong-continuation",
            "The continuation is of another read",
            "--continue takes the word that the same command printed when it stopped, with the same table, index, key and "
            "conditions: from another place, items would be left out without a sign.",
        )
    return Place(after, token)
