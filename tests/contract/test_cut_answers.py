"""An answer that ends before it is whole, wherever that is, is none: what it lacks must never be taken for what there is not.

http.client takes the end of the connection for the end of the head, and a head without a Content-Length for an empty body: to
botocore that is a success that says nothing, a shard without more records, an object without bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tablewright.aws import session as session_module
from tablewright.aws.data_plane import DynamoDBDataPlane
from tablewright.aws.session import Session
from tablewright.aws.streams import DynamoDBStreams
from tablewright.errors import TablewrightError
from tablewright.model.whereabouts import Credentials
from tests.contract.wire_server import Act, Script, answer, chunked, serving

pytestmark = pytest.mark.embedded("what tablewright makes of answers that were cut off, against servers that do so")

RECORD = {
    "eventName": "INSERT",
    "dynamodb": {"Keys": {"k": {"S": "1"}}, "NewImage": {"k": {"S": "1"}}, "SequenceNumber": "100"},
}
PAGE = json.dumps({"Records": [RECORD], "NextShardIterator": "next"}).encode()
OBJECT = b"one line\nand another\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is sent once, so that every answer is looked at by itself."""
    monkeypatch.setattr(session_module, "LOOPBACK_ATTEMPTS", 1)


def _session(url: str) -> Session:
    return Session(region="us-east-1", endpoint_url=url, credentials=Credentials("AKID", "SECRET"))


def _records(session: Session) -> str:
    page = DynamoDBStreams(session).records("arn", "iterator")
    return f"{len(page.records)} then {page.next}"


def _call(session: Session) -> str:
    return DynamoDBDataPlane(session).call("Scan", b"{}").body.decode()


def _object(session: Session) -> str:
    with session.translated("s3"):
        told: bytes = session.client("s3").get_object(Bucket="bucket", Key="key")["Body"].read()
    return told.decode()


ASKING: dict[str, tuple[Callable[[Session], str], bytes, str]] = {
    "a page of a stream": (_records, PAGE, "1 then next"),
    "a page of items": (_call, PAGE, PAGE.decode()),
    "an object of a bucket": (_object, OBJECT, OBJECT.decode()),
}
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "its length said first": lambda body: answer(body),
    "its length said last": lambda body: answer(body, f"Date: now\r\nContent-Length: {len(body)}", length=False),
    "in chunks": lambda body: chunked(body, 40),
}


def _places(whole: bytes, body: bytes) -> Iterator[int]:
    """Every place in the head, some in the body, and right before the end."""
    head = whole.index(b"\r\n\r\n") + 4
    yield from range(1, head + 1)
    yield from range(head + 1, len(whole), 17)
    yield len(whole) - 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("asked", ASKING)
def test_an_answer_that_is_cut_off_is_none(asked: str, form: str) -> None:
    ask, body, told = ASKING[asked]
    whole = FORMS[form](body)
    places = list(_places(whole, body))
    cut: list[Script] = [[whole[:at], Act.CLOSE] for at in places]
    scripts = [*cut, [whole]]
    with serving(lambda request: scripts[request.number - 1]) as server:
        session = _session(server.url)
        taken = {}
        for at in places:
            try:
                found = ask(session)
                if found != told:  # an end of the last chunk alone may be missing
                    taken[at] = found
            except TablewrightError as error:
                assert error.code in ("endpoint-unreachable", "endpoint-answers-strangely"), (at, error)
            except OSError:  # an object's body is read outside of what is translated
                assert asked == "an object of a bucket"
        assert not taken, {whole[max(at - 20, 0) : at]: told for at, told in taken.items()}
        assert ask(session) == told


def test_a_page_that_says_nothing_ends_no_shard() -> None:
    with serving(lambda request: [answer(b"{}")]) as server, pytest.raises(TablewrightError) as refused:
        _records(_session(server.url))
    assert refused.value.code == "endpoint-answers-strangely"


def test_what_was_cut_off_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "LOOPBACK_ATTEMPTS", 2)
    cut: Script = [b"HTTP/1.1 200 OK\r\nServer: Server\r\n", Act.CLOSE]
    with serving(lambda request: cut if request.number == 1 else [answer(PAGE)]) as server:
        assert _records(_session(server.url)) == "1 then next"
        assert len(server.asked) == 2
