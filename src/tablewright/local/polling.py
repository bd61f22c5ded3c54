"""SQS long polling outside the data plane.

Inside a logged request time stands still, so the wait for a message happens here: each try is a request of its own, and
an empty queue is not asked at all.
"""

from __future__ import annotations

import asyncio
import json
import time
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
    ends = _Ends(clock, min(wait, _LONGEST_S))
    while not ends.over and not plane.queue_holds(queue, account, region):
        await asyncio.sleep(_TRY_EVERY_S)
    while True:
        response = await ledger.submit(single, _RECEIVE, account, region)
        if not response.ok or ends.over or b"ReceiptHandle" in response.body:
            return response
        await asyncio.sleep(_TRY_EVERY_S)


class _Ends:
    """When a wait ends: by the embedded clock, which may be advanced, or by the machine's, while that one is held."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._at, self._machine_at = clock.now() + seconds, time.monotonic() + seconds

    @property
    def over(self) -> bool:
        return self._clock.now() >= self._at or time.monotonic() >= self._machine_at


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
