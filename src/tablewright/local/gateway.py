"""The one HTTP door of the embedded AWS: who may come in, which service is meant, and what goes back."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any, Protocol

from tablewright.local.clock import Clock
from tablewright.local.dataplane import DataPlane, Response, request_id
from tablewright.local.faults.effects import CUT, RESET, TRUNCATE
from tablewright.local.ledger import Ledger
from tablewright.local.operation import Operation, Request, access_key, query_form, region_of, which
from tablewright.local.polling import receive_message
from tablewright.local.protocols import answer_as, as_json, speaks_json
from tablewright.local.wal import LogFailed
from tablewright.local.wire import error

__all__ = ["Engine", "Gateway"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_MIB = 1024 * 1024
_BODY_LIMITS = {"s3": 256 * _MIB, "dynamodb": 16 * _MIB}
_BODY_LIMIT = 8 * _MIB
_LARGEST = max(_BODY_LIMITS.values())
_HOST = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9_.-]+\.)?localhost)(?::\d{1,5})?", re.IGNORECASE)
_ORIGIN = re.compile(r"https?://(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?", re.IGNORECASE)
_ADMIN = re.compile(r"/(?:_ministack|_localstack|_aws|_alb)(?:/|$)")
_UNOFFERED = frozenset({("logs", "StartLiveTail"), ("kinesis", "SubscribeToShard")})
_HOP_HEADERS = frozenset({"connection", "content-length", "date", "server", "transfer-encoding", "x-amzn-requestid"})
_NOWHERE = Operation("", "")
_BREAKING = frozenset({CUT, RESET, TRUNCATE})


class Engine(Protocol):
    """The CloudFormation engine, as the gateway calls it."""

    async def handle(
        self, action: str, form: dict[str, str], *, account: str, region: str, request_id: str
    ) -> tuple[int, str]: ...


class Controls(Protocol):
    """What answers under /_tablewright."""

    async def answer(self, method: str, path: str, body: bytes) -> Response | None: ...


class Gateway:
    """An ASGI application. It answers 503 until `serve` has been called with what it needs to serve."""

    def __init__(self, plane: DataPlane, clock: Clock, instance: str) -> None:
        self._plane = plane
        self._clock = clock
        self._instance = instance
        self._ledger: Ledger | None = None
        self._engine: Callable[[], Engine | None] = lambda: None
        self._controls: Controls | None = None
        self.progress = 0

    def serve(self, ledger: Ledger, engine: Callable[[], Engine | None], controls: Controls | None = None) -> None:
        """Begin to answer: the state is back. `engine` gives the CloudFormation engine, or None when there is none."""
        self._ledger = ledger
        self._engine = engine
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            return
        asked = request_id()
        response, keep = await self._respond(scope, receive, asked)
        now = self._clock.now()
        await _send(send, response, asked, now, head=scope["method"] == "HEAD", keep=keep)

    async def _respond(self, scope: Scope, receive: Receive, asked: str) -> tuple[Response, bool]:
        headers = _headers(scope)
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1").partition("?")[0]
        bare = Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, b"")
        if not _HOST.fullmatch(headers.get("host", "")):
            return error(
                bare, _NOWHERE, 403, "AccessDenied", "This endpoint answers only to the names of this machine."
            ), False
        if "origin" in headers and not _ORIGIN.fullmatch(headers["origin"]):
            return error(
                bare, _NOWHERE, 403, "AccessDenied", "This endpoint does not answer to other web sites."
            ), False
        if path == "/_tablewright/health":
            return self._health(), True
        if _ADMIN.match(path):
            return error(bare, _NOWHERE, 404, "NotFound", "There is nothing at this path."), False
        if self._ledger is None:
            return error(
                bare, _NOWHERE, 503, "ServiceUnavailable", "The embedded AWS is bringing its state back."
            ), False
        body = await _body(receive, headers)
        if body is None:
            return error(
                bare, _NOWHERE, 413, "RequestEntityTooLarge", "The request is larger than any that is accepted."
            ), False
        if path.startswith("/_tablewright"):
            found = await self._controls.answer(bare.method, path, body) if self._controls is not None else None
            return found or error(bare, _NOWHERE, 404, "NotFound", "There is nothing at this path."), found is not None
        request = Request(bare.method, bare.path, bare.query, headers, body)
        return await self._answer(self._ledger, request, asked), True

    async def _answer(self, ledger: Ledger, request: Request, asked: str) -> Response:
        operation = which(request)
        if not operation.service or (operation.service, operation.name) in _UNOFFERED:
            return error(
                request, operation, 501, "NotImplemented", "The embedded AWS does not offer this service or operation."
            )
        if len(request.body) > _BODY_LIMITS.get(operation.service, _BODY_LIMIT):
            return error(
                request, operation, 413, "RequestEntityTooLarge", "The request is larger than the service accepts."
            )
        account, region = self._plane.account_of(access_key(request)), region_of(request)
        try:
            if ledger.failure is not None:
                raise LogFailed(str(ledger.failure))
            if operation.service == "cloudformation":
                return await self._cloudformation(ledger, request, operation, account, region, asked)
            if (operation.service, operation.name) == ("sqs", "ReceiveMessage"):
                return await receive_message(ledger, self._plane, self._clock, request, account, region)
            if operation.service == "cloudwatch" and not speaks_json(request):
                return await self._cloudwatch(ledger, request, operation, account, region, asked)
            return await ledger.submit(request, operation, account, region)
        except LogFailed as broken:
            message = (
                f"The change could not be kept ({broken}). The embedded AWS is stopping; what it acknowledged is safe."
            )
            return error(request, operation, 500, "InternalServerError", message)

    async def _cloudwatch(
        self, ledger: Ledger, request: Request, operation: Operation, account: str, region: str, asked: str
    ) -> Response:
        translated = as_json(request, operation)
        if translated is None:
            return error(request, operation, 400, "InvalidAction", f"Could not read the request for {operation.name}.")
        response = await ledger.submit(translated, operation, account, region)
        return answer_as(request, operation, response, asked)

    async def _cloudformation(
        self, ledger: Ledger, request: Request, operation: Operation, account: str, region: str, asked: str
    ) -> Response:
        engine = self._engine()
        if engine is None:
            return error(request, operation, 501, "NotImplemented", "This version has no CloudFormation engine.")
        form = query_form(request)
        status, body = await engine.handle(operation.name, form, account=account, region=region, request_id=asked)
        await ledger.flush()
        return Response(status, (("Content-Type", "text/xml"),), body.encode())

    def _health(self) -> Response:
        state = "starting" if self._ledger is None else "failed" if self._ledger.failure is not None else "ready"
        health = {"state": state, "instance": self._instance, "replayed": self.progress}
        return Response(200, (("Content-Type", "application/json"),), json.dumps(health).encode())


def _headers(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name; repeated ones are joined with commas (RFC 9110, 5.2)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        try:
            value = raw_value.decode("utf-8")
        except UnicodeDecodeError:
            value = raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


async def _body(receive: Receive, headers: dict[str, str]) -> bytes | None:
    """The whole body, or None when it is larger than any service takes."""
    declared = headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > _LARGEST:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise asyncio.CancelledError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _LARGEST:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(send: Send, response: Response, asked: str, now: float, *, head: bool, keep: bool) -> None:
    """Send the answer. Its Date is the embedded time, by which conditions of policies are judged and records are stamped."""
    broken = [name for name, _ in response.headers if name in _BREAKING]
    if broken in ([RESET], [CUT]):
        # Up to a whole line, so that not even a broken header is left to see.
        _hang_up(send, b"HTTP/1.1 %d \r\nserver: Server\r\n" % response.status if broken == [CUT] else b"")
        return
    headers = [(b"date", formatdate(now, usegmt=True).encode())]
    headers += [
        (name.lower().encode("latin-1"), value.encode("utf-8"))
        for name, value in response.headers
        if name.lower() not in _HOP_HEADERS and not name.lower().startswith("access-control-") and name not in _BREAKING
    ]
    headers.append((b"x-amzn-requestid", asked.encode()))
    if head:
        # A HEAD answer says how long the GET's body would be.
        lengths = [value for name, value in response.headers if name.lower() == "content-length"]
        headers.append((b"content-length", lengths[0].encode() if lengths else b"0"))
    else:
        headers.append((b"content-length", str(len(response.body)).encode()))
    if not keep:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if broken:
        await send({"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True})
        _hang_up(send)
        return
    await send({"type": "http.response.body", "body": b"" if head else response.body})


def _hang_up(send: Send, last: bytes = b"") -> None:
    """Drop the connection that `send` writes to, after these bytes: ASGI has no word for it, so it is uvicorn's own."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        if last:
            transport.write(last)
        transport.close()
