"""How an error looks to a client: one shape a protocol."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from tablewright.local import cbor
from tablewright.local.dataplane import Response
from tablewright.local.operation import Operation, Request

__all__ = ["error"]


def error(request: Request, operation: Operation, status: int, code: str, message: str) -> Response:
    """An error answer that the SDK which sent `request` parses into `code` and `message`."""
    content_type = request.headers.get("content-type", "")
    if "cbor" in content_type or "smithy-protocol" in request.headers:
        body = cbor.dumps({"__type": code, "message": message})
        headers = (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
        return Response(status, headers, body)
    if "x-amz-target" in request.headers or "json" in content_type or _speaks_json(request, operation):
        body = json.dumps({"__type": code, "message": message}).encode()
        kind = "application/x-amz-json-1.1" if "1.1" in content_type else "application/x-amz-json-1.0"
        return Response(status, (("Content-Type", kind), ("x-amzn-errortype", code)), body)
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if operation.service == "s3":
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
    else:
        side = "Sender" if status < 500 else "Receiver"
        text = f"<ErrorResponse><Error><Type>{side}</Type>{inner}</Error><RequestId/></ErrorResponse>"
    return Response(status, (("Content-Type", "text/xml"),), text.encode())


def _speaks_json(request: Request, operation: Operation) -> bool:
    """Whether a REST service's errors are JSON, where the request has no body to tell by: those that are not offered, such as
    Lambda, but for the two that speak XML.
    """
    if operation.service or operation.name:
        return operation.service == "backup"
    return not any(f"/{service}/" in request.headers.get("authorization", "") for service in ("cloudfront", "route53"))
