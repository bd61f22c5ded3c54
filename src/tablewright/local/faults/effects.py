"""What a struck request gets instead of its answer."""

from __future__ import annotations

import json
import zlib

from tablewright.local.dataplane import Response
from tablewright.local.faults.datapath import Fault

__all__ = ["CUT", "RESET", "TRUNCATE", "broken_after", "struck"]

RESET = "x-tablewright-reset"
TRUNCATE = "x-tablewright-truncate"
CUT = "x-tablewright-cut"
"""Headers that tell the gateway to drop the connection, before the answer or in the middle of it. They are never sent."""

_MARKS = {"truncate": TRUNCATE, "cut-off": CUT, "lost-answer": RESET}
_ERRORS = {
    "error": (500, "InternalServerError", "The request processing has failed because of an unknown error."),
    "expired-token": (400, "ExpiredTokenException", "The security token included in the request is expired"),
    "clock-skew": (
        403,
        "InvalidSignatureException",
        "Signature expired: 20000101T000000Z is now earlier than 20260101T000000Z (20260101T000500Z - 5 min.)",
    ),
    "expired-iterator": (
        400,
        "ExpiredIteratorException",
        "Iterator expired. The iterator was created at time too far in the past.",
    ),
    "trimmed": (
        400,
        "TrimmedDataAccessException",
        "Attempted access to trimmed data: the records before the trim horizon are gone.",
    ),
}
"""(status, code, message) by effect; the words of the last three are unverified."""


def struck(fault: Fault) -> Response | None:
    """The answer of a request that `fault` strikes; None when the request goes on."""
    if fault.effect == "reset":
        return Response(200, ((RESET, "1"),), b"{}")
    if fault.effect not in _ERRORS:
        return None
    status, code, message = _ERRORS[fault.effect]
    body = json.dumps({"__type": f"com.amazon.coral.service#{code}", "message": message}).encode()
    headers = (
        ("Content-Type", "application/x-amz-json-1.0"),
        ("x-amzn-errortype", code),
        ("x-amz-crc32", str(zlib.crc32(body))),
    )
    return Response(status, headers, body)


def broken_after(fault: Fault, response: Response) -> Response:
    """The answer of a request that was performed, as `fault` lets the client see it."""
    mark = _MARKS.get(fault.effect)
    return response if mark is None else Response(response.status, (*response.headers, (mark, "1")), response.body)
