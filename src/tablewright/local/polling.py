"""SQS long polling outside the data plane.

Inside a logged request time stands still, so the wait for a message happens here: each try is a request of its own, and
an empty queue is not asked at all.
"""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlencode

from tablewright.local.clock import Clock
from tablewright.local.dataplane import DataPlane, Response
from tablewright.local.ledger import Ledger
from tablewright.local.operation import Operation, Request, query_form

__all__ = ["receive_message"]

_RECEIVE = Operation("sqs", "ReceiveMessage")
_TRY_EVERY_S = 0.1
_LONGEST_S = 20.0


async def receive_message(
    ledger: Ledger, plane: DataPlane, clock: Clock, request: Request, account: str, region: str
) -> Response:
    """Answer ReceiveMessage: at once, or when a message is there, or when its wait is over."""
    queue, wait, single = _without_wait(request)
    if wait is None:
        wait = plane.queue_wait(queue, account, region)
    deadline = clock.now() + min(wait, _LONGEST_S)
    while clock.now() < deadline and not plane.queue_holds(queue, account, region):
        await asyncio.sleep(_TRY_EVERY_S)
    while True:
        response = await ledger.submit(single, _RECEIVE, account, region)
        if not response.ok or clock.now() >= deadline or b"ReceiptHandle" in response.body:
            return response
        await asyncio.sleep(_TRY_EVERY_S)


def _without_wait(request: Request) -> tuple[str, float | None, Request]:
    """(queue URL, the wait asked for in seconds, the same request with a wait of 0)."""
    if "x-amz-target" in request.headers:
        try:
            data = json.loads(request.body or b"{}")
            wait = data.get("WaitTimeSeconds")
            queue = str(data.get("QueueUrl", ""))
            body = json.dumps({**data, "WaitTimeSeconds": 0}).encode()
            return queue, None if wait is None else float(wait), _with_body(request, body)
        except (ValueError, AttributeError, TypeError):
            return "", 0.0, request
    form = query_form(request)
    text = form.get("WaitTimeSeconds", "")
    wait = float(text) if text.isdigit() else None
    body = urlencode({**form, "WaitTimeSeconds": "0"}).encode()
    single = Request(
        "POST", request.path, "", {**request.headers, "content-type": "application/x-www-form-urlencoded"}, body
    )
    return form.get("QueueUrl", request.path), wait, single


def _with_body(request: Request, body: bytes) -> Request:
    return Request(request.method, request.path, request.query, request.headers, body)
