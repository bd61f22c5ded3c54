"""A relay in front of an emulator that spoils what passes, as networks and services do: by chance, from a seed."""

from __future__ import annotations

import gzip
import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.contract.canned import json_error
from tests.contract.wire_server import Act, Asked, Script, answer, chunked

ALL = (
    "reset before", "lost", "cut off", "corrupt", "error 500", "unavailable page", "throttled", "unprocessed", "chunked",
    "closing", "slow", "gzipped", "error 400",
)  # fmt: skip
"""Every fault: nothing that happened, something that did without an answer, and answers in every odd shape."""


@dataclass
class Relay:
    """A script for ``wire_server.serving``: each request meets a fault with probability ``rate``. ``met`` counts them.

    ``in_turn``: the faults come in their order, so that each of them is met however few requests there are. ``operations``: only
    requests for these are spoiled; all without. ``expiring``: so many of the next requests find that the token has expired.
    """

    upstream: str
    seed: int
    rate: float = 0.3
    faults: Sequence[str] = ALL
    met: Counter[str] = field(default_factory=Counter)
    expired: bool = False  # refuse everything: the token has expired
    in_turn: bool = False
    operations: Sequence[str] = ()
    expiring: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: threading.local = field(default_factory=threading.local)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._turn = 0

    def __call__(self, asked: Asked) -> Script:
        if self.expired or self._is_expiring():
            return [self._refusal("ExpiredTokenException", "The security token included in the request is expired")]
        with self._lock:
            fault = self._next() if self._chance.random() < self.rate else ""
            share = self._chance.random()
            if self.operations and asked.operation not in self.operations:
                fault = ""
            if fault == "unprocessed" and asked.operation != "BatchWriteItem":
                fault = ""
            self.met[fault] += 1
        if fault == "reset before":
            return [Act.RESET]
        if fault == "throttled":
            return [self._refusal("ProvisionedThroughputExceededException", "Slow down")]
        if fault == "error 400":
            return [self._refusal("ThrottlingException", "Rate of requests exceeds the allowed throughput.")]
        if fault == "error 500":
            return [answer(json_error("InternalServerError", "").body.encode(), status="500 Internal Server Error")]
        if fault == "unavailable page":
            page = b"<html>Service Unavailable</html>"
            return [answer(page, "Connection: close", status="503 Service Unavailable", crc=False), Act.CLOSE]
        if fault == "unprocessed":
            return [self._partly(asked, share)]
        status, body = self._pass(asked.head, asked.body)
        return self._spoiled(fault, status, body, share)

    def _is_expiring(self) -> bool:
        with self._lock:
            self.expiring -= self.expiring > 0
            return self.expiring > 0

    def _next(self) -> str:
        if not self.in_turn:
            return self._chance.choice(self.faults)
        self._turn += 1
        return self.faults[self._turn % len(self.faults)]

    def _spoiled(self, fault: str, status: str, body: bytes, share: float) -> Script:
        whole = answer(body, status=status)
        at = int(share * len(whole))
        if fault == "lost":
            return [Act.RESET]
        if fault == "cut off":
            return [whole[:at], Act.PAUSE, Act.CLOSE]
        if fault == "corrupt" and body:
            spot = len(whole) - 1 - int(share * (len(body) - 1))
            return [whole[:spot] + bytes([whole[spot] ^ 1]) + whole[spot + 1 :]]
        if fault == "chunked" and status.startswith("200"):
            return [chunked(body, 1 + int(share * 50_000))]
        if fault == "closing":
            return [answer(body, "Connection: close", status=status), Act.CLOSE]
        if fault == "slow":
            return [whole[:at], Act.PAUSE, Act.PAUSE, whole[at:]]
        if fault == "gzipped":
            return [answer(gzip.compress(body), "Content-Encoding: gzip", status=status, crc=False)]
        return [whole]

    def _partly(self, asked: Asked, share: float) -> bytes:
        """Carry out some of a batch, and say that the others were not."""
        body: dict[str, Any] = json.loads(asked.body)
        ((table, puts),) = body["RequestItems"].items()
        taken = puts[: int(share * len(puts))]
        if taken:
            status, text = self._pass(asked.head, json.dumps(body | {"RequestItems": {table: taken}}).encode())
            if not status.startswith("200"):
                return answer(text, status=status)
            left = json.loads(text)["UnprocessedItems"].get(table, [])
        else:
            left = []
        told = {"UnprocessedItems": {table: left + puts[len(taken) :]}, "ConsumedCapacity": []}
        return answer(json.dumps(told).encode())

    def _refusal(self, code: str, message: str) -> bytes:
        return answer(json_error(code, message).body.encode(), status="400 Bad Request")

    def _pass(self, head: str, body: bytes) -> tuple[str, bytes]:
        """What the emulator answers."""
        place = urlsplit(self.upstream)
        asked = dict(line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line)
        headers = {
            name: value.strip()
            for name, value in asked.items()
            if name.lower() in ("x-amz-target", "x-amz-date", "authorization", "content-type", "x-amz-security-token")
        }
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        try:
            connection.request("POST", "/", body, headers)
            came = connection.getresponse()
            return f"{came.status} {came.reason}", came.read()
        finally:
            connection.close()
