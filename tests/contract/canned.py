"""A small HTTP server that answers as AWS does, with what a test gives it: real boto3, real sockets, chosen answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

REQUEST_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; ``hang_up`` closes the connection instead."""

    status: int = 200
    body: str = ""
    content_type: str = "text/xml"
    hang_up: bool = False


def query_error(code: str, message: str, status: int = 400) -> Answer:
    """An error as CloudFormation and STS answer it (AWS Query protocol)."""
    escaped = message.replace("&", "&amp;").replace("<", "&lt;")
    kind = "Sender" if status < 500 else "Receiver"
    return Answer(
        status,
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{escaped}</Message></Error>"
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>",
    )


def json_error(code: str, message: str, status: int = 400) -> Answer:
    """An error as DynamoDB and CloudWatch Logs answer it (AWS JSON protocol)."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return Answer(status, json.dumps(body), "application/x-amz-json-1.0")


def json_answer(body: object) -> Answer:
    return Answer(200, json.dumps(body), "application/x-amz-json-1.0")


def xml_answer(action: str, result: str) -> Answer:
    return Answer(
        200,
        f"<{action}Response><{action}Result>{result}</{action}Result>"
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{action}Response>",
    )


@dataclass
class CannedAws:
    """A running server. ``asked`` are the operations in their order; ``answer`` is given (operation, form) for each."""

    endpoint: str
    answer: Callable[[str, dict[str, str]], Answer]
    asked: list[str] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[CannedAws]:
    """Serve answers on a loopback port of its own while in the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            target = self.headers.get("X-Amz-Target", "")
            form: dict[str, str] = {}
            if target:
                operation = target.partition(".")[2]
                form = {key: str(value) for key, value in json.loads(body or "{}").items()}
            else:
                form = {key: values[0] for key, values in parse_qs(body).items()}
                operation = form.get("Action", self.path)
            canned.asked.append(operation)
            canned.requests.append(form)
            given = canned.answer(operation, form)
            if given.hang_up:
                self.close_connection = True
                return
            data = given.body.encode()
            self.send_response(given.status)
            self.send_header("Content-Type", given.content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    canned = CannedAws(f"http://127.0.0.1:{server.server_address[1]}", answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield canned
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
