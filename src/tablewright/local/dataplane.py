"""ministack, the pinned data plane under tablewright's gateway, in this process.

It loads ministack so that time and randomness are the request's (see `determinism`), performs one request, expires items
by TTL, and takes and gives back the state of every service it offers. With `amendments` and `stores` it is all that relies on
ministack's private names; a test fails when one of them vanishes or a new store appears.
"""

from __future__ import annotations

import asyncio
import contextvars
import gzip
import importlib
import logging
import os
import re
import sys
import types
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from tablewright.local import determinism
from tablewright.local.amendments import AMENDMENTS
from tablewright.local.determinism import Moment
from tablewright.local.effects import Effects
from tablewright.local.errors import LocalError
from tablewright.local.operation import Operation, Request
from tablewright.local.stores import MODULES, STORES

__all__ = ["DataPlane", "Response"]

_ENVIRONMENT = {
    "AUTH": "false",
    "GATEWAY_PORT": "4599",
    "IOT_MTLS_ENABLED": "0",
    "LAMBDA_EXECUTOR": "local",
    "LOG_LEVEL": "ERROR",
    "MINISTACK_ACCOUNT_ID": "000000000000",
    "MINISTACK_REGION": "us-east-1",
    "MINISTACK_TEST_NO_AUTOSTART": "1",
    "PERSIST_STATE": "0",
    "S3_PERSIST": "0",
    "SFTP_ENABLED": "0",
    "USE_SSL": "0",
}
_UNWANTED_THREADS = frozenset({"dynamodb-ttl-reaper"})
_PREFIXES = ("ministack.core.", "ministack.services.")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class Response:
    """What a service answered; `headers` are as the service named them."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 400


_TTL_IDENTITY = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


class DataPlane:
    """ministack in this process. There can be one per process, since ministack keeps its state in its modules."""

    def __init__(self) -> None:
        for name in [name for name in os.environ if name.startswith(("MINISTACK_", "LOCALSTACK_"))]:
            del os.environ[name]
        os.environ.update(_ENVIRONMENT)
        determinism.install(
            _PREFIXES,
            _UNWANTED_THREADS,
            AMENDMENTS,
        )
        try:
            self._app: Any = importlib.import_module("ministack.app")
        except ModuleNotFoundError as missing:
            raise LocalError(
                "local-extra-missing",
                "The embedded AWS is not installed",
                f"It needs the package {missing.name}, which comes with the extra 'local'.",
                "pip install 'tablewright[local]'",
            ) from missing
        # ministack logs through the root logger it configures; only its errors are worth keeping.
        logging.getLogger().setLevel(logging.ERROR)
        self._responses = importlib.import_module("ministack.core.responses")
        self._effects: Effects | None = None

    def adopt_loop(self) -> None:
        """Use the running event loop for ministack's worker threads, as its own start-up would."""
        self._app._MAIN_LOOP = asyncio.get_running_loop()

    def account_of(self, access_key: str) -> str:
        """The account of an access key id: itself when it is twelve digits, that of its STS session, or the default."""
        if _ACCOUNT.fullmatch(access_key):
            return access_key
        return contextvars.copy_context().run(self._resolve_account, access_key)

    def _resolve_account(self, access_key: str) -> str:
        self._responses.set_request_account_id(access_key)
        return str(self._responses.get_account_id())

    def module(self, name: str) -> types.ModuleType:
        """A service's module of ministack, by ministack's name for it."""
        return self._module(name)

    def _module(self, name: str) -> types.ModuleType:
        loaded = sys.modules.get(f"ministack.services.{name}")
        if loaded is not None:
            return loaded
        module = importlib.import_module(f"ministack.services.{name}")
        self._app._loaded_modules[name] = module
        return module

    async def perform(
        self, request: Request, operation: Operation, account: str, region: str, moment: Moment
    ) -> Response:
        """Perform one request at `moment`, in an account and a region, and return the service's answer."""
        if operation.service == "s3":
            return await self._through_app(request, moment)
        module = self._module(MODULES[operation.service])
        headers = dict(request.headers)
        body = _inflated(request.body, headers)
        query = parse_qs(request.query, keep_blank_values=True)
        self._responses.set_request_account_id(account)
        self._responses.set_request_region(region)
        with determinism.performing(moment):
            status, sent, answer = await module.handle_request(request.method, request.path, headers, body, query)
        answered = dict(sent)
        name = "monitoring" if operation.service == "cloudwatch" else operation.service
        self._responses.fix_error_content_type(name, status, answered)
        self._responses.fix_success_content_type(name, status, answered)
        if not isinstance(answer, bytes | str):
            raise LocalError("streaming-not-offered", "The embedded AWS does not offer streaming responses")
        content = answer if isinstance(answer, bytes) else answer.encode()
        return Response(status, tuple((key, str(value)) for key, value in answered.items()), content)

    async def _through_app(self, request: Request, moment: Moment) -> Response:
        """S3 goes through ministack's own ASGI application, which decodes its chunks and its virtual hosts."""
        self._module("s3")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(request.path),
            "raw_path": request.path.encode("latin-1", "replace"),
            "query_string": request.query.encode("latin-1", "replace"),
            "headers": [(name.encode("latin-1"), value.encode("utf-8")) for name, value in request.headers.items()],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        with determinism.performing(moment):
            await self._app.app(scope, receive, send)
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"])
        return Response(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))

    # ------------------------------------------------------------- item writes

    @property
    def effects(self) -> Effects:
        """What item writes do."""
        if self._effects is None:
            self._effects = Effects(self._module("dynamodb"))
        return self._effects

    def apply_effects(self, effects: bytes, account: str, region: str, moment: Moment) -> None:
        """Do again what an item write did."""
        self._responses.set_request_account_id(account)
        self._responses.set_request_region(region)
        with determinism.performing(moment):
            self.effects.apply(effects)

    # ------------------------------------------------------------------ queues

    def _queue(self, url: str, account: str, region: str) -> dict[str, Any] | None:
        module = self._module("sqs")
        name = url.rstrip("/").rpartition("/")[2]
        found = module._queue_name_to_url.get_scoped(account, region, name)
        queue: dict[str, Any] | None = module._queues.get_scoped(account, region, found)
        return queue

    def queue_holds(self, url: str, account: str, region: str) -> bool:
        """Whether asking the queue for messages could give any: False only for an empty one."""
        queue = self._queue(url, account, region)
        return queue is None or bool(queue["messages"])

    def queue_wait(self, url: str, account: str, region: str) -> float:
        """The queue's own ReceiveMessageWaitTimeSeconds."""
        queue = self._queue(url, account, region)
        return float(queue["attributes"].get("ReceiveMessageWaitTimeSeconds", 0)) if queue else 0.0

    # ------------------------------------------------------------------ expiry

    def tables_with_ttl(self) -> list[tuple[str, str, str]]:
        """(account, region, table) of every table whose TTL is enabled."""
        if "ministack.services.dynamodb" not in sys.modules:
            return []
        settings = self._module("dynamodb")._ttl_settings.all_items()
        return [key for key, setting in settings if setting.get("TimeToLiveStatus") == "ENABLED"]

    def expired(self, account: str, region: str, table: str, now: float) -> list[tuple[str, str]]:
        """The storage keys of a table's items whose TTL attribute is a number in the past, in storage order.

        As on DynamoDB, a value more than five years old is left alone.
        """
        module = self._module("dynamodb")
        setting = module._ttl_settings.get_scoped(account, region, table) or {}
        held = module._tables.get_scoped(account, region, table)
        attribute = setting.get("AttributeName", "")
        if held is None or setting.get("TimeToLiveStatus") != "ENABLED" or not attribute:
            return []
        oldest = now - 5 * 365.25 * 86400
        found = []
        for partition, items in held["items"].items():
            for sort, item in items.items():
                number = item.get(attribute, {}).get("N")
                if number is not None and oldest <= float(number) <= now:
                    found.append((partition, sort))
        return found

    def expire(self, account: str, region: str, table: str, moment: Moment) -> int:
        """Delete a table's expired items as the TTL process does, stream records included; returns how many."""
        module = self._module("dynamodb")
        keys = self.expired(account, region, table, moment.time)
        context = contextvars.copy_context()

        def delete() -> None:
            self._responses.set_request_account_id(account)
            self._responses.set_request_region(region)
            held = module._tables.get_scoped(account, region, table)
            with determinism.performing(moment), module._lock:
                for partition, sort in keys:
                    before = len(module._stream_records.get(table) or ())
                    old = module._remove_item(held, partition, sort)
                    module._emit_stream_event(table, "REMOVE", old, None)
                    for record in (module._stream_records.get(table) or ())[before:]:
                        record["userIdentity"] = dict(_TTL_IDENTITY)

        context.run(delete)
        return len(keys)

    # ------------------------------------------------------------------- state

    def capture(self) -> dict[str, Any]:
        """The state of every service that has been used. It shares the live containers: serialise it before going on."""
        state: dict[str, Any] = {}
        for name, stores in STORES.items():
            module = sys.modules.get(f"ministack.services.{name}")
            if module is None:
                continue
            held = {store: _contents(getattr(module, store)) for store in stores}
            if name == "dynamodb":
                held["_tables"] = {key: _without_index_members(table) for key, table in held["_tables"].items()}
            if name == "kms":
                held = {"state": module.get_state()}
            state[name] = held
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `capture` gave, in a process where no service has been used."""
        for name, held in state.items():
            module = self._module(name)
            if name == "kms":
                module.load_persisted_state(held["state"])
                continue
            for store, value in held.items():
                target = getattr(module, store)
                if hasattr(target, "_data"):
                    target._data = value
                elif isinstance(target, dict):
                    target.clear()
                    target.update(value)
                else:
                    setattr(module, store, value)


def _contents(store: Any) -> Any:
    return store._data if hasattr(store, "_data") else store


def _without_index_members(table: dict[str, Any]) -> dict[str, Any]:
    """A table without the index that ministack rebuilds on first use."""
    return {key: value for key, value in table.items() if key != "_index_members"}


def _inflated(body: bytes, headers: dict[str, str]) -> bytes:
    """The body without the gzip that an SDK may have put around it."""
    if headers.get("content-encoding", "").strip().lower() != "gzip":
        return body
    try:
        inflated = gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body
    del headers["content-encoding"]
    return inflated


def request_id() -> str:
    """A fresh request id; it is no part of the state, so it need not be repeatable."""
    return str(uuid.uuid4())
