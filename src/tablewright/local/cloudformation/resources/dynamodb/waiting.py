"""Waiting for a table to become what was asked for."""

from __future__ import annotations

from typing import Any

from tablewright.local.cloudformation.resources.failures import is_missing
from tablewright.local.cloudformation.resources.protocol import HandlerError, Handling
from tablewright.local.services import ServiceError

POLL_S = 2.0
PATIENCE = 1800
"""Polls after which the handler gives up: an hour, in AWS's time."""


async def described(handling: Handling, name: str) -> dict[str, Any]:
    """The table's description as it is now."""
    table: dict[str, Any] = (await handling.call("dynamodb", "DescribeTable", {"TableName": name}))["Table"]
    return table


async def until_active(handling: Handling, name: str) -> dict[str, Any]:
    """The table's description once it is ACTIVE. An index may still be CREATING: CloudFormation does not wait for it."""
    for _ in range(PATIENCE):
        table = await described(handling, name)
        if table["TableStatus"] == "ACTIVE":
            return table
        await handling.sleep(POLL_S)
    raise HandlerError("NotStabilized", f"Table {name} did not stabilize.")


async def until_gone(handling: Handling, name: str) -> None:
    for _ in range(PATIENCE):
        try:
            await handling.call("dynamodb", "DescribeTable", {"TableName": name})
        except ServiceError as error:
            if is_missing(error):
                return
            raise
        await handling.sleep(POLL_S)
    raise HandlerError("NotStabilized", f"Table {name} did not stabilize.")
