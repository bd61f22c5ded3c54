"""Items of one table by their keys: put, deleted, read; a few requests at a time, until every one of them was taken.

A write is sent again until DynamoDB has acknowledged it: both a put of a whole item and a deletion may arrive twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from typing import Any, TypeVar

import orjson

from tablewright.errors import Failed, MustWait, TablewrightError
from tablewright.migrate.live.outputs import key_of
from tablewright.model.table import Key
from tablewright.ports import Clock, DataPlane

__all__ = ["Items"]

_BATCH, _BATCH_GET = 25, 100
_BATCH_BYTES = 15 * 1024 * 1024
_AT_ONCE = 8
_PATIENCE = timedelta(minutes=10)
_LONGEST_WAIT_S = 8.0
_UNMET = (b"ConditionalCheckFailedException", b"TransactionCanceledException")
_PASSING = frozenset(
    {"throttled", "aws-unavailable", "endpoint-unreachable", "endpoint-answers-strangely", "endpoint-silent"}
)
_T = TypeVar("_T")


class Items:
    """The items of one table. ``keys`` are its key attributes."""

    def __init__(self, plane: DataPlane, table: str, keys: Sequence[Key], clock: Clock) -> None:
        self._plane = plane
        self._table = table
        self._keys = tuple(keys)
        self._clock = clock
        self.throttled = 0
        """How often a request, or a part of one, was turned away."""

    def write(self, puts: Iterable[bytes], deletes: Iterable[bytes]) -> dict[bytes, str]:
        """Put these items and delete these keys, no key twice among them; returns when every one is acknowledged or refused.

        What it returns are the keys of items that DynamoDB can never take (an index's key of another type), each with its words.
        """
        requests = [b'{"PutRequest":{"Item":%b}}' % item for item in puts]
        requests += [b'{"DeleteRequest":{"Key":%b}}' % key for key in deletes]
        refused: dict[bytes, str] = {}
        for part in self._each(self._write_batch, list(_batches(requests))):
            refused |= part
        return refused

    def read(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The items with these keys, strongly consistent; those that there are, by key."""
        wanted = list(keys)
        parts = [wanted[at : at + _BATCH_GET] for at in range(0, len(wanted), _BATCH_GET)]
        found: dict[bytes, bytes] = {}
        for part in self._each(self._read_batch, parts):
            found |= part
        return found

    def swap(self, there: Mapping[bytes, bytes], after: Mapping[bytes, bytes | None]) -> bool:
        """Put or delete (None) the items under these keys, all or none, if what was found ``there`` still stands.

        False: it does not, and nothing was written. It is sent once, but for a refusal: where it fails, it may have been made.
        """
        writes = [self._conditional(key, item, there.get(key)) for key, item in after.items()]
        if len(writes) == 1:
            ((kind, request),) = writes[0].items()
            return self._made(f"{kind}Item", orjson.dumps(request))
        return self._made("TransactWriteItems", orjson.dumps({"TransactItems": writes}))

    def _made(self, operation: str, body: bytes) -> bool:
        wait = 0.05
        until = self._clock.now() + _PATIENCE
        while True:
            answer = self._plane.call(operation, body)
            if answer.status == 200:
                return True
            if any(each in answer.body for each in _UNMET):
                return False
            problem = self._plane.refusal(operation, answer)
            if getattr(problem, "code", "") != "throttled":
                raise problem
            wait = self._waited(wait, until, str(problem))

    def _conditional(self, key: bytes, item: bytes | None, there: bytes | None) -> dict[str, dict[str, Any]]:
        """One write, as TransactWriteItems takes it: on the condition that every attribute is as it was found."""
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        request: dict[str, Any] = {"TableName": self._table, "ExpressionAttributeNames": names}
        if there is None:
            names["#0"] = self._keys[0].name
            request["ConditionExpression"] = "attribute_not_exists(#0)"
        else:
            for number, (name, value) in enumerate(orjson.loads(there).items()):
                names[f"#{number}"], values[f":{number}"] = name, value
            request["ConditionExpression"] = " AND ".join(f"#{number} = :{number}" for number in range(len(names)))
            request["ExpressionAttributeValues"] = values
        if item is None:
            return {"Delete": request | {"Key": orjson.loads(key)}}
        return {"Put": request | {"Item": orjson.loads(item)}}

    def pages(self, segment: int, segments: int) -> Iterator[tuple[bytes, ...]]:
        """Every item of a segment, strongly consistent, page by page."""
        asked: dict[str, Any] = {"TableName": self._table, "ConsistentRead": True}
        if segments > 1:
            asked |= {"Segment": segment, "TotalSegments": segments}
        while True:
            answer = self._asked("Scan", orjson.dumps(asked))
            yield tuple(orjson.dumps(item) for item in answer["Items"])
            last = answer.get("LastEvaluatedKey")
            if not last:
                return
            asked["ExclusiveStartKey"] = last

    def _each(self, work: Callable[[list[bytes]], _T], parts: Sequence[list[bytes]]) -> list[_T]:
        if len(parts) <= 1:
            return [work(part) for part in parts]
        with ThreadPoolExecutor(min(_AT_ONCE, len(parts)), thread_name_prefix="tablewright-items") as pool:
            return list(pool.map(work, parts))

    def _write_batch(self, requests: list[bytes]) -> dict[bytes, str]:
        name = orjson.dumps(self._table)
        wait = 0.05
        until = self._clock.now() + _PATIENCE
        while requests:
            try:
                answer = self._asked("BatchWriteItem", b'{"RequestItems":{%b:[%b]}}' % (name, b",".join(requests)))
            except TablewrightError as error:
                if error.code != "aws-validation":
                    raise
                return self._apart(requests, error)
            left: list[Any] = next(iter((answer.get("UnprocessedItems") or {}).values()), [])
            requests = [orjson.dumps(each) for each in left]
            if requests:
                wait = self._waited(wait, until, "Writes were handed back unprocessed again and again.")
        return {}

    def _apart(self, requests: list[bytes], error: TablewrightError) -> dict[bytes, str]:
        """A batch that is refused whole, written in halves until it is known which of it cannot be."""
        if len(requests) > 1:
            half = len(requests) // 2
            return self._write_batch(requests[:half]) | self._write_batch(requests[half:])
        told = orjson.loads(requests[0])
        if "PutRequest" not in told:
            raise error
        return {key_of(orjson.dumps(told["PutRequest"]["Item"]), self._keys): error.detail or error.summary}

    def _read_batch(self, keys: list[bytes]) -> dict[bytes, bytes]:
        name = orjson.dumps(self._table)
        found: dict[bytes, bytes] = {}
        wait = 0.05
        until = self._clock.now() + _PATIENCE
        while keys:
            body = b'{"RequestItems":{%b:{"ConsistentRead":true,"Keys":[%b]}}}' % (name, b",".join(keys))
            answer = self._asked("BatchGetItem", body)
            for told in next(iter((answer.get("Responses") or {}).values()), []):
                item = orjson.dumps(told)
                found[key_of(item, self._keys)] = item
            left: Iterable[Any] = (answer.get("UnprocessedKeys") or {}).values()
            keys = [orjson.dumps(each) for part in left for each in part["Keys"]]
            if keys:
                wait = self._waited(wait, until, "Keys were handed back unprocessed again and again.")
        return found

    def _asked(self, operation: str, body: bytes) -> Any:
        """The answer to a request, which is sent again while what keeps it from being answered may pass."""
        wait = 0.05
        until = self._clock.now() + _PATIENCE
        renewed = False
        while True:
            try:
                answer = self._plane.call(operation, body)
                if answer.status == 200:
                    return orjson.loads(answer.body)
                problem = self._plane.refusal(operation, answer)
            except orjson.JSONDecodeError:
                problem = Failed(
                    "aws-unavailable", "AWS failed to answer", f"{operation} was answered by half an answer."
                )
            except TablewrightError as error:
                problem = error
            code = getattr(problem, "code", "")
            if code == "credentials-expired" and not renewed:
                renewed = self._plane.keys(renew=True) is not None
                continue
            if code not in _PASSING and code != "credentials-expired":
                raise problem
            renewed = False
            wait = self._waited(wait, until, str(problem))

    def _waited(self, wait: float, until: Any, words: str) -> float:
        self.throttled += 1
        if self._clock.now() >= until:
            raise MustWait(
                "table-unreachable",
                "The table does not take what it is sent",
                f"{self._table}: for ten minutes nothing was answered as it should be. {words} Nothing is lost; run the same "
                "command again and it goes on.",
            )
        self._clock.sleep(wait)
        return min(wait * 2, _LONGEST_WAIT_S)


def _batches(requests: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Batches as BatchWriteItem takes them: up to 25 requests and 16 MB."""
    rest = iter(requests)
    while batch := list(islice(rest, _BATCH)):
        part: list[bytes] = []
        size = 0
        for request in batch:
            if part and size + len(request) > _BATCH_BYTES:
                yield part
                part, size = [], 0
            part.append(request)
            size += len(request)
        yield part
