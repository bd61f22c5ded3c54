"""Reading and writing items, over DynamoDB's API; binary values cross this line as base64 text."""

from __future__ import annotations

import re
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from tablewright.aws.errors import code_of
from tablewright.aws.once import may_be_done, sent
from tablewright.aws.session import Session
from tablewright.errors import Failed, TablewrightError
from tablewright.model.items import Item, ItemPage

__all__ = ["DynamoDBItems"]

_VALUES = ("Key", "Item", "ExclusiveStartKey", "ExpressionAttributeValues")
"""Members that hold attribute values by name."""

_BATCH_ATTEMPTS = 12
"""Of one batch, with waits that double from 0.1 to 5 seconds: some 30 seconds of throttling."""
_NEW = re.compile(r"attribute_not_exists\s*\(\s*[#\w]+\s*\)")
_UNMET = ("ConditionalCheckFailedException", "DuplicateItemException")


class DynamoDBItems:
    """The port ``Items`` of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, request: Mapping[str, object]) -> ItemPage:
        answer = self._call("get_item", request)
        found = (_read(answer["Item"]),) if "Item" in answer else ()
        return ItemPage(found, len(found), len(found), _units(answer))

    def batch(self, table: str, keys: Sequence[Item]) -> tuple[Item, ...]:
        """BatchGetItem until every key is answered. Raises Failed ``throttled`` where keys stay unanswered."""
        found: list[Item] = []
        left: Any = [{name: _write(value) for name, value in key.items()} for key in keys]
        for attempt in range(_BATCH_ATTEMPTS):
            if not left:
                return tuple(found)
            if attempt:
                time.sleep(min(0.05 * 2**attempt, 5.0))
            with self._session.translated("dynamodb"):
                answer: Any = self._session.dynamodb.batch_get_item(
                    RequestItems={table: {"Keys": left, "ConsistentRead": True}}
                )
            found += map(_read, answer["Responses"].get(table, ()))
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if not left:
            return tuple(found)
        raise Failed(
            "throttled",
            "The table is throttled",
            f"DynamoDB left {len(left)} keys of {table} unread, {_BATCH_ATTEMPTS} times in a row.",
        )

    def query(self, request: Mapping[str, object]) -> ItemPage:
        return _page(self._call("query", request))

    def scan(self, request: Mapping[str, object]) -> ItemPage:
        return _page(self._call("scan", request))

    def execute(self, request: Mapping[str, object], *, writes: bool = False) -> ItemPage:
        """ExecuteStatement. The limit of a page counts items that are read, and its token is DynamoDB's own."""
        answer = self._once("execute_statement", request) if writes else self._call("execute_statement", request)
        items = tuple(map(_read, answer.get("Items", ())))
        after = _read(answer["LastEvaluatedKey"]) if answer.get("LastEvaluatedKey") else None
        return ItemPage(items, len(items), len(items), _units(answer), after, answer.get("NextToken"))

    def put(self, request: Mapping[str, object]) -> ItemPage:
        """PutItem. Sent again after a lost answer only where nothing may stand under the key: else it might be put over what
        another wrote meanwhile.
        """
        new = _NEW.fullmatch(str(request.get("ConditionExpression", "")))
        return ItemPage(units=_units((self._call if new else self._once)("put_item", request)))

    def delete(self, request: Mapping[str, object]) -> ItemPage:
        """DeleteItem, sent once: sent again, it might delete what another put meanwhile."""
        return ItemPage(units=_units(self._once("delete_item", request)))

    def _once(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """A write that made twice may be another one (``SET n = n + 1``): sent again only where it was certainly not made."""
        try:
            answer: Mapping[str, Any] = sent(lambda: self._call(operation, request, self._session.once("dynamodb")))
        except TablewrightError as error:
            if not may_be_done(error):
                raise
            raise _unsure(f"{error.summary}, and it was not sent again.") from error
        return answer

    def _call(self, operation: str, request: Mapping[str, Any], client: Any = None) -> Mapping[str, Any]:
        sent = {**request, "ReturnConsumedCapacity": "TOTAL"}
        for member in _VALUES:
            if member in sent:
                sent[member] = {name: _write(value) for name, value in sent[member].items()}
        if "Parameters" in sent:
            sent["Parameters"] = [_write(value) for value in sent["Parameters"]]
        with self._session.translated("dynamodb"):
            try:
                answer: Mapping[str, Any] = getattr(client or self._session.dynamodb, operation)(**sent)
            except ClientError as error:
                if code_of(error) not in _UNMET:
                    raise
                if error.response.get("ResponseMetadata", {}).get("RetryAttempts"):
                    # The first one may have been made, which is what keeps its repetition out.
                    raise _unsure("An answer was lost, and a condition kept out what was sent again.") from None
                ours = Failed(
                    "condition-failed",
                    "A condition kept it from being written",
                    "The table's item does not meet the condition of the write, so nothing was changed.",
                )
                ours.text = str(error.response.get("Error", {}).get("Message", ""))
                raise ours from None
        return answer


def _unsure(why: str) -> Failed:
    return Failed(
        "write-unsure",
        "Whether it was written is not known",
        f"{why} DynamoDB may have made the write before. Look at the item before you send it again.",
    )


def _page(answer: Mapping[str, Any]) -> ItemPage:
    after = answer.get("LastEvaluatedKey")
    return ItemPage(
        tuple(map(_read, answer.get("Items", ()))),
        answer["Count"],
        answer["ScannedCount"],
        _units(answer),
        _read(after) if after else None,
    )


def _units(answer: Mapping[str, Any]) -> float | None:
    told = answer.get("ConsumedCapacity", {}).get("CapacityUnits")
    return None if told is None else float(told)


def _read(item: Mapping[str, Any]) -> Item:
    return {name: _turned(value, lambda held: b64encode(held).decode()) for name, value in item.items()}


def _write(value: Mapping[str, Any]) -> dict[str, Any]:
    return _turned(value, b64decode)


def _turned(value: Mapping[str, Any], binary: Any) -> dict[str, Any]:
    """The value with what is binary in it turned, at every depth."""
    ((kind, held),) = value.items()
    match kind:
        case "B":
            return {kind: binary(held)}
        case "BS":
            return {kind: [binary(each) for each in held]}
        case "L":
            return {kind: [_turned(each, binary) for each in held]}
        case "M":
            return {kind: {name: _turned(each, binary) for name, each in held.items()}}
    return {kind: held}
