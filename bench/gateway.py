"""The server's CPU time a request: the embedded AWS against the bare data plane that it mounts.

Both run on loopback; one raw keep-alive connection sends prepared requests, in rounds A B A B. The embedded AWS logs, meters,
throttles and publishes each request; the bare ministack does none of it. The table is on demand and far below its limits.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tablewright.local import process

LIMIT = 1.5
"""What the embedded AWS may cost, as a multiple of the bare data plane."""

_TICKS = os.sysconf("SC_CLK_TCK")
_ITEM = {"v": {"S": "x" * 1000}}
Make = Callable[[int], dict[str, object]]


def _cpu(pid: int) -> float:
    """CPU seconds of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Client:
    """Sends DynamoDB requests over one connection."""

    def __init__(self, port: int, pid: int) -> None:
        self.pid = pid
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, operation: str, body: bytes) -> bytes:
        """One request; anything but 200 ends the benchmark."""
        credential = "Credential=000000000000/20260101/us-east-1/dynamodb/aws4_request"
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
        }
        self._connection.request("POST", "/", body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            sys.exit(f"bench: {operation} was answered with {answer.status}: {content[:300]!r}")
        return content

    def prepare(self) -> None:
        """Make the table and fill a partition of a hundred items."""
        keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        names = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
        table = {
            "TableName": "Bench",
            "KeySchema": keys,
            "AttributeDefinitions": names,
            "BillingMode": "PAY_PER_REQUEST",
        }
        self.send("CreateTable", json.dumps(table).encode())
        for number in range(100):
            self.send("PutItem", json.dumps(_put(number, pk="read")).encode())

    def spent(self, operation: str, bodies: list[bytes]) -> float:
        """The server's CPU microseconds a request."""
        before = _cpu(self.pid)
        for body in bodies:
            self.send(operation, body)
        return (_cpu(self.pid) - before) * 1e6 / len(bodies)


def _key(number: int, pk: str = "") -> dict[str, object]:
    return {"pk": {"S": pk or f"k{number}"}, "sk": {"S": f"{number % 100:03}"}}


def _put(number: int, pk: str = "") -> dict[str, object]:
    return {"TableName": "Bench", "Item": {**_key(number, pk), **_ITEM}}


def _batch(number: int) -> dict[str, object]:
    entries = [{"PutRequest": {"Item": {**_key(25 * number + each), **_ITEM}}} for each in range(25)]
    return {"RequestItems": {"Bench": entries}}


_UPDATE = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
_QUERY = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "read"}}}
LOADS: tuple[tuple[str, str, int, Make], ...] = (
    ("PutItem, 1 KB", "PutItem", 600, _put),
    ("UpdateItem, 1 KB", "UpdateItem", 600, lambda n: {"TableName": "Bench", "Key": _key(n, "read"), **_UPDATE}),
    ("GetItem, 1 KB", "GetItem", 800, lambda n: {"TableName": "Bench", "Key": _key(n, "read")}),
    ("Query of 100 items", "Query", 100, lambda n: {"TableName": "Bench", **_QUERY}),
    ("BatchWriteItem of 25", "BatchWriteItem", 100, _batch),
)
"""(title, operation, requests a round, the nth request)."""


@contextmanager
def _embedded(home: Path) -> Iterator[Client]:
    running = process.start(home / "state", port=0)
    try:
        yield Client(int(running.endpoint.rpartition(":")[2]), running.pid)
    finally:
        process.stop(home / "state")


@contextmanager
def _bare(home: Path) -> Iterator[Client]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "EDGE_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "LOG_LEVEL": "ERROR",
    }
    env |= {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "PERSIST_STATE": "0", "HOME": str(home)}
    command = [sys.executable, "-m", "ministack.app"]
    server = subprocess.Popen(command, env=env, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                yield_to = Client(port, server.pid)
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    sys.exit("bench: the bare data plane did not start")
                time.sleep(0.1)
        yield yield_to
    finally:
        server.terminate()
        server.wait(30)


def gateway(runs: int) -> None:
    """The embedded AWS against the bare data plane: CPU microseconds a request, and their ratio."""
    with tempfile.TemporaryDirectory() as text:
        home = Path(text)
        with _embedded(home) as ours, _bare(home) as bare:
            for client in (ours, bare):
                client.prepare()
            print(f"the server's CPU time a request  (microseconds, {runs} rounds)")
            worst = 0.0
            for title, operation, count, make in LOADS:
                pairs = []
                for run in range(runs + 1):
                    bodies = [json.dumps(make(run * count + number)).encode() for number in range(count)]
                    pairs.append((ours.spent(operation, bodies), bare.spent(operation, bodies)))
                counted = pairs[1:]
                ratios = [a / b for a, b in counted]
                middle = statistics.median(ratios)
                worst = max(worst, middle)
                first, second = (statistics.median(side) for side in zip(*counted, strict=True))
                print(
                    f"  {title:<24} embedded {first:8.0f}   bare {second:8.0f}   ratio median {middle:.2f}   "
                    f"min {min(ratios):.2f}   max {max(ratios):.2f}"
                )
            print(f"  the worst median is {worst:.2f}; at most {LIMIT} is wanted\n")
