"""Requests to one endpoint over keep-alive connections: signed, timed, checked; what is odd goes through botocore.

A request is answered exactly once. What was certainly not carried out (a skewed clock, expired credentials) is signed and sent
again here; everything else is said to whoever asked, who alone knows what may be sent twice.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from isal import isal_zlib

from tablewright.errors import TablewrightError
from tablewright.migrate.wire.connection import Connection
from tablewright.migrate.wire.detour import Detour
from tablewright.migrate.wire.http import Head
from tablewright.migrate.wire.loop import Loop
from tablewright.migrate.wire.refusals import Refusal, meaning
from tablewright.migrate.wire.sign import Signer
from tablewright.ports import DataPlane, HttpAnswer

__all__ = ["Client", "Reply", "Request"]

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
_ADDRESSES_S = 30.0
_crc32 = isal_zlib.crc32


@dataclass(slots=True)
class Request:
    """One request on its way. ``ticket`` is its asker's. ``repeatable``: sending it twice does what sending it once does."""

    ticket: object
    operation: str
    body: bytes
    repeatable: bool = True
    tries: int = 0
    signed: object = None  # with which credentials and clock


class Reply(NamedTuple):
    """What became of a request: an answer whose checksum is right, or ``lost`` says why there is none.

    A lost one may have been carried out all the same, unless ``unsent``.
    """

    ticket: object
    status: int
    body: bytes | bytearray
    lost: str = ""
    unsent: bool = False


class Client:
    """``deliver`` is called with each reply. ``free`` requests may be begun right now."""

    def __init__(
        self, loop: Loop, plane: DataPlane, deliver: Callable[[Reply], None], *, connections: int, checked: bool = True
    ) -> None:
        self._loop = loop
        self._plane = plane
        self._deliver = deliver
        self._most = connections
        self._checked = checked
        self._signer = Signer(plane)
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._detour: Detour | None = None
        self._detoured = 0
        self._odd = 0
        place = urlsplit(plane.url)
        self._name = place.hostname or ""
        self._port = place.port or (443 if place.scheme == "https" else 80)
        self._tls = _trusting(plane.ca_bundle) if place.scheme == "https" and plane.direct else None
        self._direct = plane.direct
        self._addresses: list[tuple[int, object]] = []
        self._resolved = -_ADDRESSES_S
        self._next = 0
        loop.sweep(self._sweep)

    @property
    def free(self) -> int:
        """How many requests may be begun."""
        return len(self._idle) + self._most - len(self._open) - self._detoured

    def refusal(self, operation: str, reply: Reply) -> Exception:
        """The error of ours for a reply that is a refusal."""
        return self._plane.refusal(operation, HttpAnswer(reply.status, {}, bytes(reply.body)))

    def send(self, request: Request) -> None:
        """Begin a request. Raises what finding credentials raises."""
        if not self._direct or (self._odd and not request.repeatable):
            self._go_round(request)
            return
        head = self._signer.head(request.operation, request.body)
        request.signed = self._signer.manner
        connection: Connection | None
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = self._connect(request)
            if connection is None:
                return
        connection.busy_since = self._loop.worked()
        connection.send(head, request.body, request)

    def close(self) -> None:
        """Close every connection; what is on its way gets no reply."""
        for connection in list(self._open):
            connection.close()
        self._open.clear()
        self._idle.clear()
        if self._detour is not None:
            self._detour.close()

    # What connections say.

    def watch(self, connection: Connection, mask: int) -> None:
        self._loop.watch(connection, mask)

    def answered(self, connection: Connection, head: Head, body: bytes | bytearray) -> None:
        request = connection.request
        assert isinstance(request, Request)
        connection.request = None
        if head.close:
            self._open.discard(connection)
        else:
            self._idle.append(connection)
        if head.crc is not None and self._checked and _crc32(body) != head.crc:
            self._deliver(Reply(request.ticket, 0, b"", "the answer's checksum is wrong"))
        elif head.status == 200:
            self._deliver(Reply(request.ticket, 200, body))
        elif not (300 <= head.status < 400):
            self._refused(request, head.status, body, head.date)
        else:
            self._strange(request, f"it answered {head.status}")

    def broke(self, connection: Connection, why: str, *, odd: bool = False) -> None:
        self._open.discard(connection)
        request = connection.request
        if request is None:
            if connection in self._idle:
                self._idle.remove(connection)
            return
        assert isinstance(request, Request)
        connection.request = None
        if odd:
            self._strange(request, why)
        elif not connection.reached and self._without(connection.address):
            try:
                self.send(request)
            except TablewrightError:
                self._deliver(Reply(request.ticket, 0, b"", why, unsent=True))
                raise
        else:
            self._deliver(Reply(request.ticket, 0, b"", why, unsent=not connection.sent))

    def _refused(self, request: Request, status: int, body: bytes | bytearray, date: str) -> None:
        refusal = meaning(status, body)[0]
        request.tries += 1
        try:
            if request.tries <= 2 and self._signs_otherwise(refusal, request, date):
                self.send(request)
                return
        except TablewrightError:
            # There are no credentials any more: whoever drives the loop hears why, and the asker that it was refused.
            self._deliver(Reply(request.ticket, status, body))
            raise
        self._deliver(Reply(request.ticket, status, body))

    def _signs_otherwise(self, refusal: Refusal, request: Request, date: str) -> bool:
        """Whether a signature of now may be accepted: learned or renewed by this refusal, or by one that came before it."""
        if refusal not in (Refusal.SKEWED, Refusal.CREDENTIALS):
            return False
        if request.signed is not None and request.signed != self._signer.manner:
            return True
        return self._signer.learn(date) if refusal is Refusal.SKEWED else self._signer.renew()

    def _strange(self, request: Request, why: str) -> None:
        self._odd += 1
        if request.repeatable:
            self._go_round(request)
        else:
            self._deliver(Reply(request.ticket, 0, b"", why))

    def _go_round(self, request: Request) -> None:
        if self._detour is None:
            self._detour = Detour(self._loop, self._plane, self._returned)
        self._detoured += 1
        self._detour.send(request.operation, request.body, request)

    def _returned(self, request: object, status: int, date: str, body: bytes, lost: str) -> None:
        assert isinstance(request, Request)
        self._detoured -= 1
        if lost:
            self._deliver(Reply(request.ticket, 0, b"", lost))
        elif status == 200:
            self._deliver(Reply(request.ticket, 200, body))
        else:
            self._refused(request, status, body, date)

    def _connect(self, request: Request) -> Connection | None:
        try:
            self._resolve()
            self._next += 1
            address = self._addresses[self._next % len(self._addresses)]
            connection = Connection(self, address, self._tls, self._name)
        except OSError as error:
            self._resolved = -_ADDRESSES_S
            self._deliver(Reply(request.ticket, 0, b"", f"{self._name}: {error.strerror or error}", unsent=True))
            return None
        self._open.add(connection)
        return connection

    def _resolve(self) -> None:
        now = self._loop.now()
        if now - self._resolved < _ADDRESSES_S:
            return
        found = socket.getaddrinfo(self._name, self._port, type=socket.SOCK_STREAM)
        self._addresses = [(family, at) for family, _, _, _, at in found]
        self._resolved = now

    def _without(self, address: tuple[int, object]) -> bool:
        """Leave out an address at which nobody is, until names are looked up again; whether there is another."""
        self._addresses = [each for each in self._addresses if each != address] or self._addresses
        return address not in self._addresses

    def _sweep(self, worked: float) -> None:
        for connection in list(self._open):
            if connection.request is None:
                continue
            since = worked - connection.busy_since
            if since > ANSWER_TIMEOUT_S or (since > CONNECT_TIMEOUT_S and not connection.sent):
                connection.close()
                self.broke(connection, "no answer came in time")


def _trusting(ca_bundle: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_bundle)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
