"""A raw TCP server (plain or TLS) that answers each HTTP request with the bytes and pauses a test gives it."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class Act(Enum):
    """What a script may do beside sending bytes."""

    CLOSE = "close"
    RESET = "reset"
    PAUSE = "pause"  # a twentieth of a second
    HANG = "hang"  # until the test is over


Script = Sequence[bytes | Act]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. ``number`` counts from 1 over the server, ``connection`` from 1 over its connections."""

    number: int
    connection: int
    head: str
    body: bytes

    def header(self, name: str) -> str:
        """The header's value, "" without."""
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return ""

    @property
    def operation(self) -> str:
        return self.header("x-amz-target").partition(".")[2]


@dataclass
class WireServer:
    port: int
    scheme: str
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"


def answer(body: bytes, *headers: str, status: str = "200 OK", crc: bool = True, length: bool = True) -> bytes:
    """An answer as DynamoDB sends it, with more headers."""
    lines = [f"HTTP/1.1 {status}", "Server: Server", "Content-Type: application/x-amz-json-1.0", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    if crc:
        lines.append(f"x-amz-crc32: {zlib.crc32(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(body: bytes, size: int) -> bytes:
    """The same, in chunks."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join(b"%x;x=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    head = answer(b"", "Transfer-Encoding: chunked", crc=False, length=False)
    return head.replace(b"\r\n\r\n", b"\r\nx-amz-crc32: %d\r\n\r\n" % zlib.crc32(body)) + framed


@contextmanager
def serving(script: Callable[[Asked], Script], tls: Path | None = None) -> Iterator[WireServer]:
    """Serve while in the block. ``tls``: a folder with cert.pem and key.pem."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = WireServer(listener.getsockname()[1], "https" if tls else "http")
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
    open_sockets: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            open_sockets.append(sock)
            server.connections += 1
            threading.Thread(target=serve, args=(sock, server.connections), daemon=True).start()

    def serve(sock: socket.socket, connection: int) -> None:
        with suppress(OSError):
            if context is not None:
                sock = context.wrap_socket(sock, server_side=True)
                open_sockets.append(sock)
            reader = sock.makefile("rb")
            while True:
                lines = []
                while (line := reader.readline()) not in (b"\r\n", b""):
                    lines.append(line.decode())
                if not lines:
                    break
                asked = Asked(len(server.asked) + 1, connection, "".join(lines), b"")
                asked = Asked(
                    asked.number, connection, asked.head, reader.read(int(asked.header("content-length") or 0))
                )
                server.asked.append(asked)
                if not perform(sock, script(asked)):
                    return
        sock.close()

    def perform(sock: socket.socket, acts: Script) -> bool:
        for act in acts:
            if isinstance(act, bytes):
                sock.sendall(act)
            elif act is Act.PAUSE:
                time.sleep(0.05)
            elif act is Act.HANG:
                server.over.wait()
            else:
                if act is Act.RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                sock.close()
                return False
        return True

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for sock in open_sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
