"""API calls in process: botocore's own serialisers and parsers around the ledger, without a socket or a signature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from tablewright.local.dataplane import Response
from tablewright.local.ledger import Ledger
from tablewright.local.operation import INSIDE, Operation, Request, which
from tablewright.local.services import ServiceError
from tablewright.local.wal import LogFailed

__all__ = ["InProcess"]

_SCOPES = {"cloudwatch": "monitoring", "resourcegroupstaggingapi": "tagging", "dynamodbstreams": "dynamodb"}


class _Api:
    """A service's model with its serialiser and parser."""

    def __init__(self, service: str) -> None:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel
        from botocore.parsers import create_parser
        from botocore.serialize import create_serializer

        self._service = service
        self.model: Any = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        protocol = self.model.resolved_protocol
        self.serializer: Any = create_serializer(protocol, include_validation=True)
        self.parser: Any = create_parser(protocol)

    def request(self, operation: str, params: Mapping[str, object], account: str, region: str) -> Request:
        from botocore.exceptions import ParamValidationError
        from botocore.model import OperationNotFoundError

        try:
            model = self.model.operation_model(operation)
            wire = self.serializer.serialize_to_request(dict(params), model)
        except OperationNotFoundError as unknown:
            raise ServiceError("InvalidAction", str(unknown)) from unknown
        except ParamValidationError as invalid:
            raise ServiceError("ValidationError", _constraint(str(invalid))) from invalid
        body = wire["body"]
        if isinstance(body, dict):
            body = urlencode(body)
        content = body.encode() if isinstance(body, str) else bytes(body or b"")
        headers = {name.lower(): str(value) for name, value in wire["headers"].items()}
        scope = _SCOPES.get(self._service, self._service)
        headers["host"] = "localhost:4599"
        headers[INSIDE] = "cloudformation"
        headers["content-length"] = str(len(content))
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={account}/20000101/{region}/{scope}/aws4_request, SignedHeaders=host, Signature=0"
        )
        path, _, inline = str(wire["url_path"]).partition("?")
        if self._service == "s3" and "Bucket" in params and not path.startswith(f"/{params['Bucket']}"):
            path = f"/{params['Bucket']}{path}"
        found = wire["query_string"]
        query = urlencode(found, quote_via=quote, doseq=True) if isinstance(found, dict) else str(found or "")
        return Request(wire["method"], path, "&".join(filter(None, (inline, query))), headers, content)

    def result(self, operation: str, response: Response) -> dict[str, Any]:
        model = self.model.operation_model(operation)
        body: Any = response.body
        if (
            model.has_streaming_output and response.status < 300
        ):  # S3 sends a bucket of another region on by a redirect.
            return {model.output_shape.serialization["payload"]: body}
        headers = {name.lower(): value for name, value in response.headers}
        parsed = self.parser.parse(
            {"status_code": response.status, "headers": headers, "body": body}, model.output_shape
        )
        parsed.pop("ResponseMetadata", None)
        if response.status >= 300:
            found = parsed.get("Error", {})
            raise ServiceError(found.get("Code", "InternalFailure"), found.get("Message", ""), response.status)
        return dict(parsed)


@cache
def _api(service: str) -> _Api:
    return _Api(service)


class InProcess:
    """The other services, as the CloudFormation engine calls them (see `services.Services`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

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
        api = _api(service)
        request = api.request(operation, params, account, region)
        asked = which(request) if service == "s3" else Operation(service, operation)
        try:
            response = await self._ledger.submit(
                request,
                asked,
                account,
                region,
                origin=origin,
                outcome=lambda answer: _plain(api.result(operation, answer)),
            )
        except LogFailed as broken:
            raise ServiceError("InternalFailure", f"the change could not be kept: {broken}", 500) from broken
        return api.result(operation, response)

    def outcome(self, origin: str) -> dict[str, Any] | None:
        return self._ledger.outcome_of(origin)


_TOO_SMALL = re.compile(r"Invalid value for parameter (\S+), value: (\S+), valid min value: (\S+)")


def _constraint(words: str) -> str:
    """What botocore finds before a request is sent, as the service would say it where that is known."""
    found = _TOO_SMALL.search(words)
    if found is None:
        return words
    path = ".".join(part[:1].lower() + part[1:] for part in found[1].split("."))
    return (
        f"1 validation error detected: Value '{found[2]}' at '{path}' failed to satisfy constraint: "
        f"Member must have value greater than or equal to {found[3]}"
    )


def _plain(value: Any) -> Any:
    """A result as JSON can hold it: times and bytes as text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
