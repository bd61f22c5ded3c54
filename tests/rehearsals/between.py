"""A real HTTP server between tablewright and the embedded AWS that answers some requests itself, as AWS would.

What it answers is chosen by a rule over the request's operation; everything else is passed on untouched.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, str, str]  # HTTP status, AWS error code, message; without a code, the message is the whole body
Rule = Callable[[str, int], Answer | None]
"""The operation's name and the number of the request (from 1) to an answer of its own, or None to pass it on."""

LOST: Answer = (0, "", "")
"""The request is passed on and performed, and its answer never arrives."""
EXPIRED = (403, "ExpiredToken", "The security token included in the request is expired")
DENIED_BY_POLICY = "User: arn:aws:iam::1:user/x is not authorized to perform: {action}"


@dataclass
class Between:
    """The server: its endpoint, the rule (which a test may change), and the operations that came through, in order."""

    endpoint: str
    rule: Rule
    seen: list[str] = field(default_factory=list)
    region: str = ""  # of the newest request, by its signature
    body: str = ""  # of the newest request


@contextmanager
def between(upstream: str, rule: Rule = lambda operation, number: None) -> Iterator[Between]:
    """Serve on a free loopback port until the block ends."""
    target = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            if not operation:
                operation = parse_qs(body.decode(errors="replace")).get("Action", [f"{self.command} {self.path}"])[0]
            state.region = (self.headers.get("Authorization", "").split("/") + [""] * 3)[2]
            state.body = body.decode(errors="replace")
            state.seen.append(operation)
            answer = state.rule(operation, len(state.seen))
            if answer is not None and answer != LOST:
                self._refuse(answer, json="X-Amz-Target" in self.headers)
                return
            connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "transfer-encoding")}
            connection.request(self.command, self.path, body, headers)
            found = connection.getresponse()
            content = found.read()
            if answer == LOST:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                connection.close()
                return
            self.send_response(found.status)
            for name, value in found.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            connection.close()

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST

        def _refuse(self, answer: Answer, *, json: bool) -> None:
            status, code, message = answer
            if not code:
                content = message.encode()
            elif json:
                content = f'{{"__type":"com.amazon.coral.service#{code}","message":"{message}"}}'.encode()
            else:
                words = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                content = f"<ErrorResponse>{words}<RequestId>r</RequestId></ErrorResponse>".encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0" if json else "text/xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = Between(f"http://127.0.0.1:{server.server_port}", rule)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    serving.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        serving.join(5)
