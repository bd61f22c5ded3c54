"""One keep-alive connection: a request out, its answer in, one at a time, never blocking."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Protocol

from tablewright.migrate.wire.http import MOST_HEAD, Chunks, Head, Odd, parse_head

__all__ = ["READ", "WRITE", "Connection", "Owner"]

READ, WRITE = 1, 2
"""As ``selectors`` has them."""

_CONNECTING, _SHAKING, _IDLE, _BUSY, _CLOSED = range(5)
_SCRATCH = 65_536
_PIECE = 1 << 20
"""What is read at once of a large body."""


class Owner(Protocol):
    """Who a connection tells what happens to it."""

    def watch(self, connection: Connection, mask: int) -> None:
        """Wake it when its socket may be read, or written."""
        ...

    def answered(self, connection: Connection, head: Head, body: bytes | bytearray) -> None: ...

    def broke(self, connection: Connection, why: str, *, odd: bool = False) -> None:
        """It is closed; the request that was on its way, if any, has no answer."""
        ...


class Connection:
    """``busy_since`` and ``mask`` are its owner's. ``reached``: somebody is there; ``sent``: a byte of the request has left."""

    __slots__ = (
        "_body", "_chunks", "_got", "_head", "_inbox", "_out", "_owner", "_state", "_tls", "_view",
        "address", "busy_since", "mask", "reached", "request", "sent", "sock",
    )  # fmt: skip

    def __init__(self, owner: Owner, address: tuple[int, object], tls: ssl.SSLContext | None, name: str) -> None:
        family, at = address
        self.address = address
        self.reached = False
        self._owner = owner
        self.sock: socket.socket | ssl.SSLSocket = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            self.sock.connect(at)  # type: ignore[arg-type]
        except BlockingIOError:
            pass
        except OSError:
            self.sock.close()
            raise
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=name, do_handshake_on_connect=False)
        self._tls = tls is not None
        self._state = _CONNECTING
        self._out: memoryview | None = None
        self._inbox = b""
        self._head: Head | None = None
        self._body = bytearray()
        self._view: memoryview | None = None
        self._got = 0
        self._chunks: Chunks | None = None
        self.request: object = None
        self.busy_since = 0.0
        self.mask = 0
        self.sent = False
        owner.watch(self, READ | WRITE)

    def send(self, head: bytes, body: bytes, request: object) -> None:
        """Begin a request; the connection must be new or idle."""
        self.request = request
        self.sent = False
        if self._state != _IDLE:
            self._out = memoryview(head + body)
            return
        self._state = _BUSY
        if self._tls:
            self._out = memoryview(head + body)
            self._flush()
            return
        try:
            gone = self.sock.sendmsg((head, body))  # type: ignore[arg-type]
        except BlockingIOError:
            gone = 0
        except OSError as error:
            self._break(_reason(error))
            return
        self.sent = gone > 0
        if gone < len(head) + len(body):
            self._out = memoryview(head + body)[gone:]
            self._owner.watch(self, READ | WRITE)

    def ready(self, mask: int) -> None:
        """The socket may be read or written."""
        state = self._state
        if state == _BUSY:
            if mask & WRITE and self._out is not None:
                self._flush()
            if mask & READ and self._state == _BUSY:
                self._receive()
        elif state == _CONNECTING:
            error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self._break(_reason(OSError(error, "")))
            else:
                self.reached = True
                if self._tls:
                    self._state = _SHAKING
                    self._shake()
                else:
                    self._begin()
        elif state == _SHAKING:
            self._shake()
        elif state == _IDLE:
            self._break("the server closed it")

    def close(self) -> None:
        """Close it without a word to its owner."""
        if self._state != _CLOSED:
            self._state = _CLOSED
            self._owner.watch(self, 0)
            self.sock.close()

    def _begin(self) -> None:
        self._state = _BUSY if self._out is not None else _IDLE
        if self._out is not None:
            self._flush()
        else:
            self._owner.watch(self, READ)

    def _shake(self) -> None:
        try:
            self.sock.do_handshake()  # type: ignore[union-attr]
        except ssl.SSLWantReadError:
            self._owner.watch(self, READ)
        except ssl.SSLWantWriteError:
            self._owner.watch(self, READ | WRITE)
        except (ssl.SSLError, OSError) as error:
            self._break(_reason(error))
        else:
            self._begin()

    def _flush(self) -> None:
        out = self._out
        assert out is not None
        try:
            while out:
                gone = self.sock.send(out)
                self.sent = True
                out = out[gone:]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            self._out = out
            self._owner.watch(self, READ | WRITE)
        except OSError as error:
            self._break(_reason(error))
        else:
            self._out = None
            self._owner.watch(self, READ)

    def _receive(self) -> None:
        try:
            while self._state == _BUSY:
                if self._view is not None:
                    got = self._got
                    count = self.sock.recv_into(self._view[got : got + _PIECE])
                    if not count:
                        raise ConnectionError("the answer was cut off")
                    self._got = got = got + count
                    if got == len(self._view):
                        self._view.release()
                        self._view = None
                        self._done(self._body)
                else:
                    data = self.sock.recv(_SCRATCH)
                    if not data:
                        self._ended()
                    else:
                        self._take(data)
                if not self._tls:
                    return
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except ssl.SSLWantWriteError:
            self._owner.watch(self, READ | WRITE)
        except Odd as error:
            self._break(str(error), odd=True)
        except OSError as error:
            self._break(_reason(error))

    def _take(self, data: bytes) -> None:
        if self._head is None:
            if self._inbox:
                data = self._inbox + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                if len(data) > MOST_HEAD:
                    raise Odd("its head does not end")
                self._inbox = data
                return
            head = parse_head(data[:end])
            data = data[end + 4 :]
            if 100 <= head.status < 200:
                self._inbox = b""
                if data:
                    self._take(data)
                return
            self._head = head
            if head.chunked:
                self._chunks = Chunks()
        head = self._head
        if self._chunks is not None:
            body = self._chunks.feed(data)
            if body is not None:
                self._done(body)
        elif head.length is None:
            if not head.close:
                raise Odd("its body has no length and no end")
            self._body += data
        elif len(data) == head.length:
            self._done(data)
        elif len(data) > head.length:
            raise Odd("more came than the answer")
        else:
            self._body = bytearray(head.length)
            self._view = memoryview(self._body)
            self._view[: len(data)] = data
            self._got = len(data)

    def _ended(self) -> None:
        if self._head is not None and self._head.length is None and self._chunks is None:
            self._done(self._body)
        elif self._head is None and not self._inbox:
            raise ConnectionError("the server closed the connection")
        else:
            raise ConnectionError("the answer was cut off")

    def _done(self, body: bytes | bytearray) -> None:
        head = self._head
        assert head is not None
        self._inbox = b""
        self._head = None
        self._chunks = None
        self._body = bytearray()
        if self._out is not None:  # answered before all of it was sent: a refusal; the rest must not follow
            self._out = None
            head = head._replace(close=True)
        if head.close:
            self.close()
        else:
            self._state = _IDLE
        self._owner.answered(self, head, body)

    def _break(self, why: str, *, odd: bool = False) -> None:
        self.close()
        self._owner.broke(self, why, odd=odd)


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.errno and not error.strerror:
        return os.strerror(error.errno)
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error) or type(error).__name__
