"""GitHub's API as far as a comment needs it, on the loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Hub:
    """The comments of a pull request, and how requests are answered."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    fail: list[tuple[int, dict[str, str], str]] = field(default_factory=list)  # answers given before any other
    seen: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""

    def add(self, body: str, kind: str = "User") -> dict[str, Any]:
        """A comment that stands there."""
        number = len(self.comments) + 1
        comment = {"id": number, "body": body, "user": {"type": kind}, "html_url": f"https://github.test/c{number}"}
        self.comments.append(comment)
        return comment

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Source: GitHub REST API, "Issue comments"."""
        if found := re.fullmatch(r"/repos/acme/shop/issues/7/comments\?per_page=(\d+)&page=(\d+)", path):
            size, page = int(found[1]), int(found[2])
            return 200, self.comments[(page - 1) * size : page * size]
        if path == "/repos/acme/shop/issues/7/comments" and method == "POST":
            if len(body["body"]) > 65_536:
                return 422, {"message": "Body is too long (maximum is 65536 characters)"}
            return 201, self.add(body["body"], "Bot")
        if (found := re.fullmatch(r"/repos/acme/shop/issues/comments/(\d+)", path)) and method == "PATCH":
            comment = self.comments[int(found[1]) - 1]
            comment["body"] = body["body"]
            return 200, comment
        return 404, {"message": "Not Found"}


@contextmanager
def github() -> Iterator[Hub]:
    """A server that answers as GitHub does."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            hub.seen.append((self.command, self.path))
            headers: dict[str, str] = {}
            if hub.fail:
                code, headers, message = hub.fail.pop(0)
                answer: Any = {"message": message}
            elif self.headers.get("Authorization") != "Bearer t0ken":
                code, answer = 401, {"message": "Bad credentials"}
            else:
                code, answer = hub.answer(self.command, self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(code)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = handle_any

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
