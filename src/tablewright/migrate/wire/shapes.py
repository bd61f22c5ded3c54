"""Bodies of DynamoDB's data path as bytes: requests joined around items, answers split without parsing the items. Pure.

Items are DynamoDB JSON and stay as they are: their text is only cut out of one body and put into another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tablewright.migrate.items.parsed import ParsedItems

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["BatchShape", "Malformed", "PutShape", "ScanPage", "ScanShape", "existing_item", "put_units"]


class Malformed(Exception):
    """An answer that says it is a success and is not one: cut off, or no JSON of the right shape."""


class _Capacity(msgspec.Struct):
    CapacityUnits: float = 0.0


class _Scanned(msgspec.Struct):
    Items: list[msgspec.Raw]
    Count: int
    LastEvaluatedKey: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    ConsumedCapacity: _Capacity | None = None


class _Parsed(msgspec.Struct):
    Items: list[dict[str, msgspec.Raw]]
    Count: int
    LastEvaluatedKey: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    ConsumedCapacity: _Capacity | None = None


class _PutAsked(msgspec.Struct):
    Item: msgspec.Raw


class _WriteAsked(msgspec.Struct):
    PutRequest: _PutAsked | None = None


class _Batched(msgspec.Struct):
    UnprocessedItems: dict[str, list[_WriteAsked]]  # always there: without it, it is somebody else's answer
    ConsumedCapacity: list[_Capacity] = []


class _Put(msgspec.Struct):
    ConsumedCapacity: _Capacity | None = None


class _Existing(msgspec.Struct):
    Item: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_scanned = msgspec.json.Decoder(_Scanned).decode
_parsed = msgspec.json.Decoder(_Parsed).decode
_batched = msgspec.json.Decoder(_Batched).decode
_put = msgspec.json.Decoder(_Put).decode
_existing = msgspec.json.Decoder(_Existing).decode


class ScanPage(NamedTuple):
    """``items`` are views of the answer's body, which they keep alive."""

    items: Sequence[Buffer]
    last_key: bytes | None
    units: float


class ScanShape:
    """Scans of one table in so many segments."""

    def __init__(self, table: str, segments: int, *, consistent: bool) -> None:
        name = json.dumps(table, ensure_ascii=False)
        read = ',"ConsistentRead":true' if consistent else ""
        self._begin = f'{{"TableName":{name},"ReturnConsumedCapacity":"TOTAL"{read},"TotalSegments":{segments}'.encode()

    def body(self, segment: int, after: bytes | None, limit: int | None = None) -> bytes:
        """The request for the page behind a key, of at most ``limit`` items."""
        parts = [self._begin, b',"Segment":%d' % segment]
        if limit is not None:
            parts.append(b',"Limit":%d' % limit)
        if after is not None:
            parts += (b',"ExclusiveStartKey":', after)
        return b"".join((*parts, b"}"))

    def page(self, body: Buffer, *, parsed: bool = False) -> ScanPage:
        """The page, its items as ``ParsedItems`` if ``parsed``. Raises Malformed."""
        try:
            found: _Scanned | _Parsed = _parsed(body) if parsed else _scanned(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Malformed(f"the page cannot be read: {error}") from error
        if found.Count != len(found.Items):
            raise Malformed(f"the page says it holds {found.Count} items, and holds {len(found.Items)}")
        last = found.LastEvaluatedKey
        key = None if last is msgspec.UNSET or bytes(last) == b"null" else bytes(last)
        items = ParsedItems(body, found.Items) if isinstance(found, _Parsed) else found.Items
        return ScanPage(items, key, found.ConsumedCapacity.CapacityUnits if found.ConsumedCapacity else 0.0)


class BatchShape:
    """BatchWriteItem with puts to one table."""

    _BETWEEN = b'}},{"PutRequest":{"Item":'

    def __init__(self, table: str) -> None:
        name = json.dumps(table, ensure_ascii=False)
        self._begin = f'{{"ReturnConsumedCapacity":"TOTAL","RequestItems":{{{name}:[{{"PutRequest":{{"Item":'.encode()
        self._end = b"}}]}}"

    def body(self, items: Sequence[Buffer]) -> bytes:
        """The request that puts them."""
        parts = list(items)
        # Both ends are put onto small pieces: one copy of the whole less.
        parts[0] = self._begin + bytes(parts[0])
        parts[-1] = bytes(parts[-1]) + self._end
        return self._BETWEEN.join(parts)

    def answer(self, body: Buffer) -> tuple[list[bytes], float]:
        """The items that were not put, and the units consumed. Raises Malformed."""
        try:
            found = _batched(body)
            units = 0.0
            for capacity in found.ConsumedCapacity:
                units += capacity.CapacityUnits
            if not found.UnprocessedItems:
                return [], units
            puts = [asked.PutRequest for asks in found.UnprocessedItems.values() for asked in asks]
            return [bytes(put.Item) for put in puts if put is not None], units
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Malformed(f"the answer cannot be read: {error}") from error


class PutShape:
    """Conditional PutItem: only where nothing has the key. A refusal brings the item that stands there."""

    def __init__(self, table: str, partition_key: str) -> None:
        self._begin = json.dumps(
            {
                "TableName": table,
                "ReturnConsumedCapacity": "TOTAL",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                "ConditionExpression": "attribute_not_exists(#k)",
                "ExpressionAttributeNames": {"#k": partition_key},
            },
            ensure_ascii=False,
        ).encode()[:-1]

    def body(self, items: Sequence[Buffer]) -> bytes:
        """The request that puts the one item."""
        (item,) = items
        return b'%b,"Item":%b}' % (self._begin, bytes(item))


def put_units(body: Buffer) -> float:
    """The units that a PutItem consumed. Raises Malformed."""
    try:
        found = _put(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed(f"the answer cannot be read: {error}") from error
    return found.ConsumedCapacity.CapacityUnits if found.ConsumedCapacity else 0.0


def existing_item(body: Buffer) -> bytes | None:
    """The item that stands under the key, from a ConditionalCheckFailedException; None where it was not sent along."""
    try:
        found = _existing(body).Item
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return None if found is msgspec.UNSET else bytes(found)
