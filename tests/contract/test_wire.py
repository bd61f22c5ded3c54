"""The migration's own HTTP client against a server that answers in every way there is, and against botocore's signer."""

from __future__ import annotations

import calendar
import gzip
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from functools import cache
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from tablewright.account import open_account
from tablewright.aws.data_plane import DynamoDBDataPlane
from tablewright.aws.session import Session
from tablewright.migrate.wire import client as wire_client
from tablewright.migrate.wire.requests import Reply, Requests
from tablewright.migrate.wire.sign import Signer
from tablewright.model.whereabouts import Credentials
from tablewright.ports import DataPlane
from tests.contract.canned import json_error
from tests.contract.wire_server import Act, Asked, Script, answer, chunked, serving
from tests.waiting import until

BODY = b'{"Items":[{"k":{"S":"' + b"x" * 3000 + b'"}}],"Count":1}'


@cache
def session(token: str | None) -> Session:
    """One for all tests: making its client takes a tenth of a second."""
    return Session(region="us-east-1", credentials=Credentials("AKID", "SECRET", token))


class Elsewhere(DynamoDBDataPlane):
    """The data path, to a server of the test's own."""

    def __init__(self, url: str, token: str | None) -> None:
        super().__init__(session(token))
        self._url = url

    @property
    def url(self) -> str:
        return self._url


def plane(url: str, *, token: str | None = None) -> DataPlane:
    return Elsewhere(url, token)


def ask(requests: Requests, *, repeatable: bool = True, body: bytes = b'{"TableName":"T"}') -> Reply:
    """One request's reply, waiting for it."""
    requests.submit("ticket", "Scan", body, repeatable=repeatable)
    return reply_of(requests)


def reply_of(requests: Requests) -> Reply:
    """The reply of the one request that is on its way."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for reply in requests.poll(0.5):
            assert reply.ticket == "ticket"
            return reply
    raise AssertionError("no reply came")


def ask_together(requests: Requests, count: int) -> list[Reply]:
    """The replies of requests that are all on their way before the first is answered."""
    for number in range(count):
        requests.submit(number, "Scan", b"{}")
    replies: list[Reply] = []
    deadline = time.monotonic() + 120
    while len(replies) < count and time.monotonic() < deadline:
        replies += requests.poll(0.5)
    return replies


@pytest.fixture
def asking() -> Iterator[Callable[[str], Requests]]:
    """Clients, closed when the test ends."""
    made: list[Requests] = []

    def make(url: str, *, token: str | None = None) -> Requests:
        made.append(Requests(plane(url, token=token), connections=4))
        return made[-1]

    yield make
    for requests in made:
        requests.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost, which nobody trusts, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


def bytewise(text: bytes, size: int) -> list[bytes | Act]:
    """The text in pieces, with a pause after the first."""
    pieces: list[bytes | Act] = [text[at : at + size] for at in range(0, len(text), size)]
    return [*pieces[:1], Act.PAUSE, *pieces[1:]]


GOOD: dict[str, Script] = {
    "with a length": [answer(BODY)],
    "in pieces": bytewise(answer(BODY), 97),
    "cut within its head": bytewise(answer(BODY), 20)[:],
    "chunked": [chunked(BODY, 700)],
    "chunked, in pieces": bytewise(chunked(BODY, 700), 41),
    "after a 100 Continue": [b"HTTP/1.1 100 Continue\r\n\r\n", answer(BODY)],
    "closing after it": [answer(BODY, "Connection: close"), Act.CLOSE],
    "without a length, until it closes": [answer(BODY, "Connection: close", length=False), Act.CLOSE],
    "of HTTP/1.0": [answer(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"), Act.CLOSE],
    "without a checksum": [answer(BODY, crc=False)],
}


@pytest.mark.parametrize("how", GOOD)
def test_answers_in_every_framing_are_read(how: str, asking: Callable[[str], Requests]) -> None:
    with serving(lambda asked: GOOD[how]) as server:
        requests = asking(server.url)
        for _ in range(2):
            reply = ask(requests)
            assert (reply.status, bytes(reply.body), reply.lost) == (200, BODY, "")
    kept = server.asked[0].connection == server.asked[1].connection
    assert kept == ("CLOSE" not in str(GOOD[how]))


LOST: dict[str, tuple[Script, str]] = {
    "closed before a word": ([Act.CLOSE], "closed the connection"),
    "reset": ([Act.RESET], "reset"),
    "cut off in its head": ([answer(BODY)[:30], Act.CLOSE], "cut off"),
    "cut off in its body": ([answer(BODY)[:-100], Act.CLOSE], "cut off"),
    "reset in its body": ([answer(BODY)[:-100], Act.PAUSE, Act.RESET], "reset"),
    "cut off in a chunk": ([chunked(BODY, 700)[:900], Act.CLOSE], "cut off"),
    "with a wrong checksum": ([answer(BODY).replace(b"xxx", b"xyx")], "checksum"),
}


@pytest.mark.parametrize("how", LOST)
def test_a_broken_answer_is_said_to_be_lost(how: str, asking: Callable[[str], Requests]) -> None:
    script, why = LOST[how]
    with serving(lambda asked: script if asked.number == 1 else [answer(BODY)]) as server:
        requests = asking(server.url)
        reply = ask(requests)
        assert reply.status == 0
        assert why in reply.lost
        assert not reply.unsent
        assert ask(requests).status == 200


ODD: dict[str, bytes] = {
    "gzipped unasked": answer(gzip.compress(BODY), "Content-Encoding: gzip", crc=False),
    "with two lengths": answer(BODY, "Content-Length: 7"),
    "neither length nor end": answer(BODY, length=False),
    "longer than it says": answer(BODY) + b"more",
    "of another protocol": b"SSH-2.0-OpenSSH\r\n\r\n",
    "redirecting": answer(b"", "Location: /elsewhere", status="307 Temporary Redirect"),
}


@pytest.mark.parametrize("how", ODD)
def test_what_is_odd_goes_through_botocore(how: str, asking: Callable[[str], Requests]) -> None:
    def script(asked: Asked) -> Script:
        return [ODD[how], Act.CLOSE] if asked.header("user-agent") == "tablewright" else [answer(BODY)]

    with serving(script) as server:
        reply = ask(asking(server.url))
    assert (reply.status, reply.body) == (200, BODY)
    assert len(server.asked) == 2


def test_what_is_odd_is_lost_where_it_may_not_be_sent_twice(asking: Callable[[str], Requests]) -> None:
    def script(asked: Asked) -> Script:
        return [ODD["gzipped unasked"]] if asked.header("user-agent") == "tablewright" else [answer(BODY)]

    with serving(script) as server:
        requests = asking(server.url)
        assert "encoded" in ask(requests, repeatable=False).lost
        # The next one goes to botocore at once: it can read what comes.
        assert ask(requests, repeatable=False).status == 200
    assert len(server.asked) == 2


def test_nobody_there_is_lost_and_surely_not_sent(asking: Callable[[str], Requests]) -> None:
    with serving(lambda asked: [answer(BODY)]) as server:
        url = server.url
    reply = ask(asking(url))
    assert (reply.status, reply.unsent) == (0, True)
    assert "refused" in reply.lost


def test_an_address_at_which_nobody_is_is_left_for_another(
    asking: Callable[[str], Requests], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``localhost`` is two addresses, and a server often listens on one."""
    with serving(lambda asked: [answer(BODY)]) as server:
        there = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
        nobody = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 9))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [nobody, there, nobody])
        requests = asking(server.url)
        assert [reply.status for reply in ask_together(requests, 4)] == [200] * 4


def test_silence_ends(asking: Callable[[str], Requests], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_client, "ANSWER_TIMEOUT_S", 0.2)
    with serving(lambda asked: [Act.HANG]) as server:
        assert ask(asking(server.url)).lost == "no answer came in time"


def test_an_answer_that_came_while_nobody_looked_is_not_late(
    asking: Callable[[str], Requests], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b"x" * (3 << 20)  # more than a socket holds
    with serving(lambda asked: [answer(body)]) as server:
        requests = asking(server.url)
        assert ask(requests).status == 200
        requests.submit("ticket", "Scan", b"{}")
        until(lambda: len(server.asked) == 2)
        now, away = requests._loop.now, 10 * wire_client.ANSWER_TIMEOUT_S  # whoever asked does something else
        monkeypatch.setattr(requests._loop, "now", lambda: now() + away)
        reply = reply_of(requests)
    assert (reply.status, reply.lost) == (200, "")


def test_a_refusal_before_the_body_is_read_is_heard(asking: Callable[[str], Requests]) -> None:
    refusal = json_error("ValidationException", "too large").body.encode()
    with serving(lambda asked: [answer(refusal, status="413 Too Large")]) as server:
        reply = ask(asking(server.url), body=b'{"x":"' + b"y" * (12 << 20) + b'"}')
    assert reply.status == 413


def test_a_large_request_arrives_whole(asking: Callable[[str], Requests]) -> None:
    body = os.urandom(6 << 20)
    with serving(lambda asked: [answer(BODY)]) as server:
        assert ask(asking(server.url), body=body).status == 200
    assert server.asked[0].body == body


def test_tls_wants_a_trusted_certificate(
    asking: Callable[[str], Requests], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: [answer(BODY)], certificate) as server:
        reply = ask(asking(server.url))
        assert "not trusted" in reply.lost
        assert server.asked == []

        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate / "cert.pem"))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
        data = open_account(region="us-east-1", endpoint_url=server.url).data
        assert data is not None
        requests = Requests(data)
        try:
            for _ in range(3):
                assert bytes(ask(requests).body) == BODY
        finally:
            requests.close()
    assert server.connections == 2  # the one that was not trusted, and one for the three


def test_tls_reads_answers_of_many_records(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate / "cert.pem"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    body = os.urandom(2 << 20)
    with serving(lambda asked: [answer(body)], certificate) as server:
        data = open_account(region="us-east-1", endpoint_url=server.url).data
        assert data is not None
        requests = Requests(data)
        try:
            assert ask(requests, body=body).body == body
        finally:
            requests.close()
    assert server.asked[0].body == body


def test_the_servers_clock_is_learned(asking: Callable[[str], Requests]) -> None:
    ahead = 3 * 3600

    def script(asked: Asked) -> Script:
        signed = time.strptime(asked.header("x-amz-date"), "%Y%m%dT%H%M%SZ")
        server_time = time.time() + ahead
        if abs(server_time - calendar.timegm(signed)) > 300:
            refusal = json_error("InvalidSignatureException", "Signature expired: 1 is now earlier than 2").body
            return [answer(refusal.encode(), f"Date: {formatdate(server_time, usegmt=True)}", status="400 Bad Request")]
        return [answer(BODY)]

    with serving(script) as server:
        requests = asking(server.url)
        assert [reply.status for reply in ask_together(requests, 4)] == [200] * 4
        assert ask(requests).status == 200
    assert len(server.asked) == 9


def test_expired_credentials_are_looked_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(key: str) -> None:
        file.write_text(f"[default]\naws_access_key_id={key}\naws_secret_access_key=s\naws_session_token=token-{key}\n")

    def script(asked: Asked) -> Script:
        if "Credential=NEW/" in asked.header("authorization"):
            assert asked.header("x-amz-security-token") == "token-NEW"
            return [answer(BODY)]
        refusal = json_error("ExpiredTokenException", "The security token included in the request is expired").body
        return [answer(refusal.encode(), status="400 Bad Request")]

    write("OLD")
    with serving(script) as server:
        data = open_account(region="us-east-1", endpoint_url=server.url).data
        assert data is not None
        requests = Requests(data)
        try:
            assert ask(requests).status == 400  # there are no others yet
            write("NEW")
            assert [reply.status for reply in ask_together(requests, 4)] == [200] * 4
        finally:
            requests.close()


def test_a_proxy_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    with serving(lambda asked: [answer(BODY)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        data = open_account(region="us-east-1", endpoint_url="http://dynamodb.example.test").data
        assert data is not None
        assert not data.direct
        requests = Requests(data)
        try:
            assert ask(requests).status == 200
        finally:
            requests.close()
    assert proxy.asked[0].head.startswith("POST http://dynamodb.example.test/")


@pytest.mark.parametrize("token", [None, "a/session+token=="])
def test_signatures_are_botocores(token: str | None) -> None:
    at = plane("https://dynamodb.us-east-1.amazonaws.com", token=token)
    signer = Signer(at, wall=lambda: 1_700_000_000.0)
    for operation, body in (("Scan", b"{}"), ("BatchWriteItem", b'{"k":"\xea\xb9\x80"}'), ("Scan", b"{}")):
        lines = signer.head(operation, body).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        stamp = headers["x-amz-date"]
        signed = {
            k: v for k, v in headers.items() if k in ("x-amz-target", "x-amz-date", "x-amz-security-token", "host")
        }
        request = AWSRequest("POST", at.url + "/", data=body, headers=signed)
        request.context["timestamp"] = stamp
        auth = SigV4Auth(BotoCredentials("AKID", "SECRET", token), "dynamodb", "us-east-1")
        canonical = auth.canonical_request(request)
        signature = auth.signature(auth.string_to_sign(request, canonical), request)
        assert headers["authorization"].endswith(f"Signature={signature}")
        assert "AKID/20231114/us-east-1/dynamodb/aws4_request" in headers["authorization"]
        assert int(headers["content-length"]) == len(body)


def test_endpoints_are_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")

    def url(region: str) -> str:
        data = open_account(region=region).data
        assert data is not None
        return data.url

    assert url("ap-northeast-2") == "https://dynamodb.ap-northeast-2.amazonaws.com"
    assert url("cn-north-1") == "https://dynamodb.cn-north-1.amazonaws.com.cn"
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert url("us-east-1") == "https://dynamodb-fips.us-east-1.amazonaws.com"
    monkeypatch.delenv("AWS_USE_FIPS_ENDPOINT")
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    assert url("us-east-1") == "https://dynamodb.us-east-1.api.aws"


def test_the_odd_is_not_what_every_server_says(asking: Callable[[str], Requests]) -> None:
    """The embedded AWS's and DynamoDB's own ways of writing a head go the quick way or the careful one, never round."""
    heads = [
        answer(BODY),
        answer(BODY).replace(b"Content-Length", b"content-length").replace(b"x-amz-crc32", b"X-Amz-Crc32"),
        answer(BODY, "Connection: keep-alive", "x-amzn-RequestId: ABC123", "Date: Sun, 22 Nov 2026 00:00:00 GMT"),
    ]
    with serving(lambda asked: [heads[asked.number - 1]]) as server:
        requests = asking(server.url)
        for _ in heads:
            assert ask(requests).status == 200
    assert len(server.asked) == len(heads)
