"""The durable state machine: perform, log, acknowledge; and after a restart, perform again what the log says.

One log orders everything: change-making requests, the journal's changes and the TTL process's sweeps. A request is
performed first and logged right after, without a step of another request between, so the log's order is the order in which
the state changed; it is answered when its record is on disk. Requests that failed are logged too: a failure can leave
something behind (an idempotency token, a part of a table update that went through), and performing it again leaves the same.
Item writes are logged as what they did to items instead: see `effects`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import re
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from tablewright.local import snapshot, statefile, wal
from tablewright.local.clock import Clock
from tablewright.local.dataplane import DataPlane, Response
from tablewright.local.determinism import Moment
from tablewright.local.effects import ITEM_WRITES
from tablewright.local.errors import LocalError
from tablewright.local.journal import Journal
from tablewright.local.operation import Operation, Request, changes
from tablewright.local.wire import error

__all__ = ["SNAPSHOT_AFTER", "Ledger"]

SNAPSHOT_AFTER = 16 * 1024 * 1024
"""Bytes of log after which a snapshot is taken, or a quarter of the last snapshot's size when that is more."""

_OUTCOMES_KEPT = 20_000
_LENGTH = struct.Struct(">I")
_SEED_BYTES = 16
_log = logging.getLogger("tablewright.local")

Outcome = Callable[[Response], dict[str, Any] | None]
Perform = Callable[[Request], Awaitable[Response]]


class Front(Protocol):
    """What a request passes on its way to being performed; a replay does not pass it."""

    async def around(
        self, request: Request, operation: Operation, account: str, region: str, perform: Perform
    ) -> Response:
        """Answer the request; `perform` performs it, or another in its place."""
        ...

    def expired(self, account: str, region: str, table: str, count: int) -> None:
        """Items of a table were deleted by TTL."""
        ...


class Ledger:
    """Everything the embedded AWS holds, and the only way to change it."""

    def __init__(self, folder: Path, plane: DataPlane, clock: Clock, *, snapshot_after: int = SNAPSHOT_AFTER) -> None:
        self._folder = folder
        self._plane = plane
        self._clock = clock
        self._snapshot_after = snapshot_after
        self._limit = snapshot_after
        self._outcomes: dict[str, str] = {}
        self._log: wal.Log | None = None
        self._in_flight = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._checkpoint: asyncio.Task[None] | None = None
        self.failure: OSError | None = None
        self.front: Front | None = None
        self.on_failure: Callable[[OSError], None] = lambda problem: None
        self.journal = Journal(self._record_journal, self.flush)

    @property
    def log(self) -> wal.Log:
        if self._log is None:
            raise RuntimeError("the ledger is not open")
        return self._log

    # ---------------------------------------------------------------- requests

    async def submit(
        self,
        request: Request,
        operation: Operation,
        account: str,
        region: str,
        *,
        origin: str = "",
        outcome: Outcome | None = None,
    ) -> Response:
        """Perform a request; when it can change something, return only once its effect is durable.

        With `origin`, what `outcome` makes of a successful answer is kept in the log and given by `outcome_of`.
        Raises LogFailed when the log cannot be written.
        """
        if self.front is None:
            return await self.perform(request, operation, account, region, origin=origin, outcome=outcome)

        async def perform(each: Request) -> Response:
            return await self.perform(each, operation, account, region, origin=origin, outcome=outcome)

        return await self.front.around(request, operation, account, region, perform)

    async def perform(
        self,
        request: Request,
        operation: Operation,
        account: str,
        region: str,
        *,
        origin: str = "",
        outcome: Outcome | None = None,
    ) -> Response:
        """Perform a request that has passed the front (see `submit`)."""
        slim = slimmed(request, operation)
        moment = Moment(self._clock.now(), os.urandom(_SEED_BYTES))
        if not changes(request, operation):
            return await self._perform(slim, operation, account, region, moment)
        if operation.service == "dynamodb" and operation.name in ITEM_WRITES and not origin:
            return await self._write_items(slim, operation, account, region, moment)
        self._enter()
        try:
            response = await self._perform(slim, operation, account, region, moment)
            result = json.dumps(outcome(response), default=str) if origin and outcome and response.ok else ""
            number = self.log.append(*_pack(slim, operation, account, region, moment, origin, result))
            self._keep_outcome(origin, result)
        finally:
            self._leave()
        if response.ok:
            await self.log.durable(number)
        if _not_repeatable(operation, slim.body) and response.ok:
            await self.checkpoint()
        return response

    async def _write_items(
        self, request: Request, operation: Operation, account: str, region: str, moment: Moment
    ) -> Response:
        """Perform an item write and log what it did. One that did nothing may rest on another's effect: it waits for that."""
        effects = self._plane.effects
        self._enter()
        try:
            effects.watch()
            response = await self._perform(request, operation, account, region, moment)
            done = effects.take()
            if done is None:
                number = self.log.append(*_pack(request, operation, account, region, moment, "", ""))
            elif done:
                about = json.dumps([moment.time, moment.seed.hex(), account, region], separators=(",", ":")).encode()
                number = self.log.append(b"E", about, b"\n", done)
            else:
                number = self.log.last
        finally:
            self._leave()
        if response.ok:
            await self.log.durable(number)
        return response

    async def _perform(
        self, request: Request, operation: Operation, account: str, region: str, moment: Moment
    ) -> Response:
        try:
            return await self._plane.perform(request, operation, account, region, moment)
        except LocalError as refused:
            return error(request, operation, 501, "NotImplemented", refused.summary)
        except Exception as problem:
            if not moment.replay:
                _log.exception("%s %s failed", operation.service, operation.name)
            return error(request, operation, 500, "InternalServerError", f"{type(problem).__name__}: {problem}")

    async def flush(self) -> None:
        """Return when every change so far is durable."""
        await self.log.durable(self.log.last)

    def expire(self, account: str, region: str, table: str) -> int:
        """Delete a table's expired items as the TTL process does; logged like a request. Returns how many."""
        if not self._plane.expired(account, region, table, self._clock.now()):
            return 0
        moment = Moment(self._clock.now(), os.urandom(_SEED_BYTES))
        count = self._plane.expire(account, region, table, moment)
        sweep = [moment.time, moment.seed.hex(), account, region, table]
        self.log.append(b"X", json.dumps(sweep).encode())
        if self.front is not None:
            self.front.expired(account, region, table, count)
        return count

    async def sweep(self) -> None:
        """Delete every table's expired items, letting requests through between tables."""
        for account, region, table in self._plane.tables_with_ttl():
            self.expire(account, region, table)
            await asyncio.sleep(0)

    def outcome_of(self, origin: str) -> dict[str, Any] | None:
        """The kept result of the successful request made with `origin`, or None."""
        found = self._outcomes.get(origin)
        return None if found is None else json.loads(found)

    def _keep_outcome(self, origin: str, result: str) -> None:
        if origin and result:
            self._outcomes[origin] = result
            if len(self._outcomes) > _OUTCOMES_KEPT:
                del self._outcomes[next(iter(self._outcomes))]

    def _record_journal(self, entry: bytes) -> None:
        self.log.append(b"J", entry)

    def _enter(self) -> None:
        self._in_flight += 1
        self._quiet.clear()

    def _leave(self) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._quiet.set()
        if self.log.size > self._limit and (self._checkpoint is None or self._checkpoint.done()):
            self._limit *= 2  # until the snapshot is written and says better
            self._checkpoint = asyncio.get_running_loop().create_task(self._checkpoint_quietly())

    # --------------------------------------------------------------- snapshots

    async def _checkpoint_quietly(self) -> None:
        try:
            await self.checkpoint()
        except (OSError, LocalError) as problem:
            # The log still holds everything; only the next start is slower.
            _log.warning("no snapshot could be written: %s", problem)

    async def checkpoint(self) -> None:
        """Write a snapshot of the state as it is, durably, and drop the log that it replaces."""
        while self._in_flight:
            await self._quiet.wait()
        upto = self.log.last
        state = self._serialised()
        self.log.rotate()
        await asyncio.to_thread(self._write_snapshot, upto, state)
        self._limit = max(self._snapshot_after, len(state) // 4)

    def _serialised(self) -> bytes:
        gc.disable()
        try:
            return statefile.dumps(
                {
                    "plane": self._plane.capture(),
                    "journal": self.journal.state(),
                    "outcomes": self._outcomes,
                    "time": self._clock.now(),
                }
            )
        finally:
            gc.enable()

    def _write_snapshot(self, upto: int, state: bytes) -> None:
        snapshot.write(self._folder, upto, state)
        snapshot.drop_snapshots(self._folder, before=upto)
        wal.drop_segments(self._folder, upto)

    # ----------------------------------------------------------------- recovery

    async def open(self, progress: Callable[[int], Awaitable[None]] | None = None) -> int:
        """Bring the state back from the folder and open the log for more. Returns how many records were performed again.

        `progress` is awaited now and then with the count so far. Raises LocalError when what is there cannot be trusted.
        """
        gc.disable()
        try:
            upto = self._load_snapshot()
            count, last = 0, upto
            found = wal.segments(self._folder)
            for index, (first, path) in enumerate(found):
                if first > last + 1:
                    raise _missing(path, last + 1)
                number = first - 1
                for record in wal.read_segment(path, last=index == len(found) - 1):
                    number += 1
                    if number <= upto:
                        continue
                    await self._again(record)
                    count += 1
                    if progress is not None and count % 500 == 0:
                        await progress(count)
                if number < first and index == len(found) - 1:
                    path.unlink()
                last = max(last, number)
        finally:
            gc.enable()
        # What was read lives long: keep the collector from walking it again and again.
        gc.collect()
        gc.freeze()
        self._log = wal.Log(self._folder, last + 1, self._failed)
        self._log.size = sum(path.stat().st_size for _, path in wal.segments(self._folder))
        return count

    def _load_snapshot(self) -> int:
        found = snapshot.newest(self._folder)
        if found is None:
            return 0
        state = statefile.loads(found[1])
        self._limit = max(self._snapshot_after, len(found[1]) // 4)
        self._plane.restore(state["plane"])
        self.journal.restore(state["journal"])
        self._outcomes = state["outcomes"]
        self._clock.not_before(state["time"])
        return found[0]

    async def _again(self, record: bytes) -> None:
        kind, rest = record[:1], record[1:]
        if kind == b"J":
            self.journal.replay(rest)
        elif kind == b"E":
            about, _, effects = rest.partition(b"\n")
            moment, seed, account, region = json.loads(about)
            self._clock.not_before(moment)
            self._plane.apply_effects(effects, account, region, Moment(moment, bytes.fromhex(seed), replay=True))
        elif kind == b"X":
            moment, seed, account, region, table = json.loads(rest)
            self._clock.not_before(moment)
            self._plane.expire(account, region, table, Moment(moment, bytes.fromhex(seed), replay=True))
        else:
            request, operation, account, region, at, origin, result = _unpack(rest)
            self._clock.not_before(at.time)
            await self._perform(request, operation, account, region, at)
            self._keep_outcome(origin, result)

    def _failed(self, problem: OSError) -> None:
        self.failure = problem
        self.on_failure(problem)

    async def close(self) -> None:
        """Write a last snapshot, so that the next start is quick, and let go of the folder's files."""
        if self._checkpoint is not None:
            await asyncio.wait([self._checkpoint])
        if self.failure is None:
            await self.flush()
            await self._checkpoint_quietly()
        self.log.close()
        upto = snapshot.newest_number(self._folder)
        if upto == self.log.last:
            wal.drop_all_segments(self._folder)


def _missing(path: Path, number: int) -> LocalError:
    return LocalError(
        "log-damaged",
        "A part of the log of the embedded AWS is missing",
        f"{path} does not follow on what comes before it: record {number} is nowhere. Nothing was started and nothing was "
        "changed. Restore the missing file from a copy, or give up the data in this folder with the command below.",
        "tablewright local reset",
    )


_KEPT = ("content-type", "content-encoding", "host", "smithy-protocol", "x-amz-target")
_KEPT_CALLER = ("authorization", "x-amz-security-token")
_DROPPED = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "user-agent",
        "x-amz-user-agent",
    }
)
_SIGNATURE = re.compile(r"Signature=[0-9a-fA-F]+")
_CALLER_MATTERS = frozenset({"iam", "kms", "secretsmanager", "sns", "sqs", "ssm", "sts"})


def slimmed(request: Request, operation: Operation) -> Request:
    """The request without the headers that no service looks at: this is what is performed and what is logged."""
    if operation.service == "s3":
        headers = {name: value for name, value in request.headers.items() if name not in _DROPPED}
    else:
        kept = _KEPT + _KEPT_CALLER if operation.service in _CALLER_MATTERS else _KEPT
        headers = {name: request.headers[name] for name in kept if name in request.headers}
    if "authorization" in headers:
        headers["authorization"] = _SIGNATURE.sub("Signature=0", headers["authorization"])
    return Request(request.method, request.path, request.query, headers, request.body)


def _pack(
    request: Request, operation: Operation, account: str, region: str, moment: Moment, origin: str, result: str
) -> tuple[bytes, ...]:
    meta = json.dumps(
        [
            moment.time,
            moment.seed.hex(),
            operation.service,
            operation.name,
            account,
            region,
            request.method,
            request.path,
            request.query,
            dict(request.headers),
            origin,
            result,
        ],
        separators=(",", ":"),
    ).encode()
    return (b"R", _LENGTH.pack(len(meta)), meta, request.body)


def _unpack(record: bytes) -> tuple[Request, Operation, str, str, Moment, str, str]:
    end = _LENGTH.size + _LENGTH.unpack_from(record)[0]
    at, seed, service, name, account, region, method, path, query, headers, origin, result = json.loads(
        record[_LENGTH.size : end]
    )
    request = Request(method, path, query, headers, record[end:])
    return (
        request,
        Operation(service, name),
        account,
        region,
        Moment(at, bytes.fromhex(seed), replay=True),
        origin,
        result,
    )


def _not_repeatable(operation: Operation, body: bytes) -> bool:
    """Whether performing the request again would give something else: asymmetric keys come from OpenSSL's own randomness."""
    if operation.service != "kms" or operation.name not in ("CreateKey", "GetParametersForImport"):
        return False
    return operation.name != "CreateKey" or b"RSA" in body or b"ECC" in body
