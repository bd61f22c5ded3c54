"""DynamoDB's answers as load changes them: throttling errors, entries handed back, and consumed capacity."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from tablewright.local.dataplane import Response
from tablewright.local.load.capacity import Charge
from tablewright.local.load.consumed import consumed_capacity
from tablewright.local.load.meter import Consumption
from tablewright.local.load.plan import Plan, Touch
from tablewright.local.load.throughput import Refusal

__all__ = ["dynamodb_error", "handed_back", "json_answer", "throttled", "transaction_throttled", "with_capacity"]

_TYPE = "application/x-amz-json-1.0"
_MODEL = "com.amazonaws.dynamodb.v20120810#"
_AVAILABILITY = "com.amazon.coral.availability#"

PROVISIONED = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level "
    "with the UpdateTable API."
)
PROVISIONED_INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API"
)
ON_DEMAND = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so "
    "please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
ON_DEMAND_MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
"""Words unverified."""
ACCOUNT = "Throughput exceeds the current throughput quota for your account."
"""From the API reference's description of RequestLimitExceeded; the wire's words are unverified."""


def json_answer(status: int, body: Mapping[str, Any], error: str = "") -> Response:
    """A DynamoDB answer; with `error` (its code) the header that SDKs look at first."""
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = [("Content-Type", _TYPE), ("x-amz-crc32", str(zlib.crc32(content)))]
    if error:
        headers.append(("x-amzn-errortype", error))
    return Response(status, tuple(headers), content)


def dynamodb_error(code: str, message: str, *, status: int = 400, **more: Any) -> Response:
    """An error of DynamoDB's model."""
    return json_answer(status, {"__type": _MODEL + code, "message": message, **more}, code)


def _words(refusal: Refusal) -> tuple[str, str]:
    """(error code, message) of a refusal."""
    if refusal.cause == "AccountLimit":
        return "RequestLimitExceeded", ACCOUNT
    if refusal.cause == "MaxOnDemandThroughput":
        return "ThrottlingException", ON_DEMAND_MAXIMUM
    if refusal.on_demand:
        return "ThrottlingException", ON_DEMAND
    return "ProvisionedThroughputExceededException", PROVISIONED_INDEX if refusal.index else PROVISIONED


def throttled(refusals: Sequence[Refusal]) -> Response:
    """The error of a request that was throttled whole, with every reason."""
    code, message = _words(refusals[0])
    reasons = list(dict.fromkeys((each.reason, each.resource) for each in refusals))
    listed = [{"reason": reason, "resource": resource} for reason, resource in reasons]
    if code == "ThrottlingException":
        return json_answer(400, {"__type": _AVAILABILITY + code, "message": message, "throttlingReasons": listed}, code)
    return dynamodb_error(code, message, ThrottlingReasons=listed)


def transaction_throttled(refusals: Sequence[Sequence[Refusal]]) -> Response:
    """The cancelled transaction: for each member its refusals, or none."""
    reasons: list[dict[str, Any]] = []
    for member in refusals:
        if not member:
            reasons.append({"Code": "None"})
            continue
        code, message = _words(member[0])
        short = "ThrottlingError" if code == "ThrottlingException" else code.removesuffix("Exception")
        if short == "ProvisionedThroughputExceeded":
            message = f"{message}"
        reasons.append({"Code": short, "Message": message})
    listed = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{listed}]"
    return dynamodb_error("TransactionCanceledException", message, CancellationReasons=reasons)


def handed_back(operation: str, response: Response, data: Mapping[str, Any], refused: Sequence[Touch]) -> Response:
    """A batch's answer with the entries that were throttled as UnprocessedItems or UnprocessedKeys."""
    body = json.loads(response.body)
    member = "UnprocessedKeys" if operation == "BatchGetItem" else "UnprocessedItems"
    back: dict[str, Any] = body.get(member) or {}
    for touch in refused:
        name, entry = touch.entry
        if operation == "BatchGetItem":
            whole = data["RequestItems"][name]
            back.setdefault(name, {**whole, "Keys": []})["Keys"].append(entry)
        else:
            back.setdefault(name, []).append(entry)
    body[member] = back
    if operation == "BatchGetItem":
        for name in data["RequestItems"]:
            body.setdefault("Responses", {}).setdefault(name, [])
    return json_answer(200, body)


def with_capacity(
    plan: Plan, response: Response, data: Mapping[str, Any], consumed: Sequence[Consumption], names: Sequence[str]
) -> Response:
    """The answer with its ConsumedCapacity as metered; `names` are the tables as the request named them, touch by touch."""
    level = data.get("ReturnConsumedCapacity")
    by_name: dict[str, tuple[Consumption, Charge]] = {}
    for each, name in zip(consumed, names, strict=True):
        by_name.setdefault(name, (each, Charge()))[1].add(each.charge)
    kind = "" if plan.shape != "transaction" else "Read" if plan.operation == "TransactGetItems" else "Write"
    entries = [
        consumed_capacity(
            name,
            charge,
            str(level),
            local_indexes=each.table.local_indexes,
            transaction=kind,  # type: ignore[arg-type]
        )
        for name, (each, charge) in by_name.items()
    ]
    body = json.loads(response.body)
    body["ConsumedCapacity"] = entries[0] if plan.shape in ("single", "page") else entries
    return json_answer(response.status, body)
