"""A lease among machines: an item in a DynamoDB table, which only its holder renews, by conditional writes.

Nobody's clock is trusted. The holder counts the item's ``beat`` up; whoever wants the lease watches it by its own clock, and
takes it over only when the beat stood still for a whole term, on the condition that it still stands there. Each new holder has
a higher ``fence``, and renewing is conditional on one's own. A holder that could not renew for most of a term calls itself lost,
before anybody can take over.

What is on its way when a lease is lost cannot be fenced: BatchWriteItem knows no condition. It writes what the next holder writes
too, since both run the same job.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tablewright.errors import Failed, Refused, TablewrightError, UsageError
from tablewright.ports import DataPlane

__all__ = ["TERM_S", "Term"]

TERM_S = 20.0
"""How long a holder may be silent."""

_BEATS = 4
"""Renewals in a term."""
_LOST_AFTER = 0.7
"""Of a term without a renewal, the holder gives up by itself."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The item as it was read. ``holder`` "" when nobody has the lease."""

    fence: int
    beat: int
    holder: str


class Term:
    """The lease on one target. ``table`` has the partition key ``id`` (S), and needs nothing else.

    ``take`` raises Refused ``target-in-use`` while another holder renews it, and waits up to a term to see whether it does.
    """

    def __init__(self, plane: DataPlane, table: str, target: str, holder: str, *, term_s: float = TERM_S) -> None:
        self._plane = plane
        self._table = table
        self._id = {"S": f"target/{target}"}
        self._holder = holder
        self._term_s = term_s
        self._fence = 0
        self._renewed = 0.0
        self._lost = ""
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> str:
        """Why this process does not hold the lease any more; "" while it does."""
        if not self._lost and time.monotonic() - self._renewed > self._term_s * _LOST_AFTER:
            return "it could not be renewed in time"
        return self._lost

    def or_lost(self, stopping: Callable[[], bool]) -> Callable[[], bool]:
        """The wish to stop, or the lease being lost."""
        return lambda: bool(self.lost) or stopping()

    def check(self) -> None:
        """Raise Failed when the lease is lost."""
        if self.lost:
            raise Failed(
                "lease-lost",
                "The lease on the target was lost",
                f"{self.lost}. Another run may be at work by now, so this one stopped; what it acknowledged is kept.",
            )

    def take(self) -> Term:
        """Take it, and renew it from now on."""
        seen = self._read()
        if seen is not None and seen.holder:
            self._watch(seen)
        self._claim(seen)
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._thread.start()
        return self

    def release(self) -> None:
        """Give it back; a lease that is lost, or cannot be reached, is left to run out."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(self._term_s)
        if not self._lost:
            with suppress(TablewrightError):
                self._update("REMOVE holder", "fence = :fence", {":fence": self._fence})

    def __enter__(self) -> Term:
        return self.take()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def _watch(self, seen: _Seen) -> None:
        """Return when nobody renewed it for a term. Raises Refused as soon as somebody does."""
        until = time.monotonic() + self._term_s
        while time.monotonic() < until:
            time.sleep(self._term_s / _BEATS / 2)
            now = self._read()
            if now != seen:
                if now is not None and not now.holder:
                    return
                who = now.holder if now is not None else seen.holder
                raise Refused(
                    "target-in-use",
                    "Another run is at work on this target",
                    f"{who} holds the lease in {self._table} and renews it. Wait for it, or stop it there.",
                )

    def _claim(self, seen: _Seen | None) -> None:
        began = time.monotonic()
        now = self._read() if seen is not None else None
        fence = (now.fence if now is not None else 0) + 1
        values: dict[str, Any] = {":holder": self._holder, ":fence": fence, ":one": 1}
        if now is None:
            condition = "attribute_not_exists(id)"
        else:
            condition = "fence = :seen AND beat = :beat"
            values |= {":seen": now.fence, ":beat": now.beat}
        if not self._update("SET holder = :holder, fence = :fence, beat = :one", condition, values):
            raise Refused(
                "target-in-use",
                "Another run is at work on this target",
                f"Somebody else took the lease in {self._table} at the same moment. Only one of the two goes on.",
            )
        self._fence, self._renewed = fence, began

    def _beat(self) -> None:
        while not self._over.wait(self._term_s / _BEATS):
            began = time.monotonic()
            try:
                mine = self._update("SET beat = beat + :one", "fence = :fence", {":one": 1, ":fence": self._fence})
            except TablewrightError:
                continue  # not reached: time decides (``lost``)
            if not mine:
                self._lost = "another run took it over"
                return
            self._renewed = began

    def _read(self) -> _Seen | None:
        told = self._call("GetItem", {"TableName": self._table, "Key": {"id": self._id}, "ConsistentRead": True})
        item = (told or {}).get("Item")
        if not item:
            return None
        return _Seen(int(item["fence"]["N"]), int(item["beat"]["N"]), item.get("holder", {}).get("S", ""))

    def _update(self, expression: str, condition: str, values: Mapping[str, Any]) -> bool:
        """One conditional write; False when the condition did not hold."""
        encoded = {
            name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()
        }
        request = {
            "TableName": self._table,
            "Key": {"id": self._id},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": encoded,
        }
        return self._call("UpdateItem", request) is not None

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """DynamoDB's answer; None when a condition did not hold. Raises UsageError for a table that is no lease table."""
        answer = self._plane.call(operation, json.dumps(request).encode())
        if answer.status == 200:
            told: dict[str, Any] = json.loads(answer.body)
            return told
        if b"ConditionalCheckFailed" in answer.body:
            return None
        error = self._plane.refusal(operation, answer)
        if b"ResourceNotFound" in answer.body or b"ValidationException" in answer.body:
            raise UsageError(
                "no-lease-table",
                "That is not a lease table",
                f"{error} The lease is kept in an item of {self._table}: a table with the partition key id (S) and no sort key, "
                "beside the target. Add one to a template:",
                "tablewright add table migration-leases --key id",
            ) from error
        raise error
