"""Edits as UpdateItem requests: only what is touched is sent, and only while the item still is as it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tablewright.migrate.inplace.edit import Attributes, Edit, Image

__all__ = ["read_request", "update_request"]


def update_request(table: str, edit: Edit, *, old: bool = False) -> dict[str, object]:
    """UpdateItem's request body. A refused one answers with the item as it stands (DynamoDB Local before 2.0: without).

    The item must exist: an update must not bring back what somebody deleted. ``old``: the answer is to hold the item as it was.
    """
    names: dict[str, str] = {}
    values: dict[str, object] = {}

    def name(attribute: str) -> str:
        return names.setdefault(attribute, f"#{len(names)}")

    def value(held: Mapping[str, object]) -> str:
        values[f":{len(values)}"] = held
        return f":{len(values) - 1}"

    sets = [f"{name(attribute)}={value(held)}" for attribute, held in edit.after.items() if held is not None]
    removes = [name(attribute) for attribute, held in edit.after.items() if held is None]
    parts = [f"SET {','.join(sets)}" if sets else "", f"REMOVE {','.join(removes)}" if removes else ""]
    conditions = [f"attribute_exists({name(next(iter(edit.key)))})"]
    for attribute, held in _compared(edit):
        place = name(attribute)
        conditions.append(f"attribute_not_exists({place})" if held is None else f"{place}={value(held)}")
    request: dict[str, object] = {
        "TableName": table,
        "Key": edit.key,
        "UpdateExpression": " ".join(part for part in parts if part),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {place: attribute for attribute, place in names.items()},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ReturnConsumedCapacity": "TOTAL",
    }
    if old:
        request["ReturnValues"] = "ALL_OLD"
    if values:
        request["ExpressionAttributeValues"] = values
    return request


def read_request(table: str, key: Attributes) -> dict[str, object]:
    """GetItem's request body, strongly consistent."""
    return {"TableName": table, "Key": key, "ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}


def _compared(edit: Edit) -> Iterator[tuple[str, Mapping[str, object] | None]]:
    images: tuple[Image, Image] = (edit.before, edit.reckoned_from)
    for image in images:
        yield from image.items()
