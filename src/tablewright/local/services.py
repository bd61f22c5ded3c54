"""How a part of the embedded AWS (the CloudFormation engine) calls the other services in process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["ServiceError", "Services"]


class ServiceError(Exception):
    """A service refused or failed a call: its own error code, message and HTTP status, as a client would see them."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class Services(Protocol):
    """AWS API calls without a socket, through the same logged path that a client's request takes."""

    async def call(
        self,
        service: str,
        operation: str,
        params: Mapping[str, object],
        *,
        account: str,
        region: str,
        origin: str = "",
    ) -> dict[str, Any]:
        """Perform one API call and return its result in the shapes of the service's botocore model.

        `service` is botocore's name ("dynamodb", "cloudwatch", "logs", "sns" ...) and `operation` the API's ("CreateTable").
        The call is durable when this returns. `origin`, when given, is kept with the call: see `outcome`.
        Raises ServiceError with the service's code and message.
        """
        ...

    def outcome(self, origin: str) -> dict[str, Any] | None:
        """The result of the successful change-making call that was made with `origin`, also after a restart; or None.

        Values that are not JSON (times, bytes) come back as text.
        """
        ...
