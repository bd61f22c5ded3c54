"""Copying tables on the embedded AWS, verified by content."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tablewright.account import open_account
from tablewright.errors import Failed, MustWait, TablewrightError
from tablewright.local import control
from tablewright.migrate.checkpoint.store import wish
from tablewright.migrate.engine.run import scan
from tablewright.migrate.engine.values import CopySettings
from tablewright.migrate.events import ItemSetAside, PaceChanged, Paused
from tablewright.migrate.job import Pace
from tablewright.migrate.transform.functions import FunctionTransform
from tablewright.migrate.wire.shapes import BatchShape, Malformed
from tests.conftest import EmbeddedAws
from tests.contract.canned import json_error
from tests.contract.copying import KEYS, Copying, account_at, contents, fill, last_progress, make_table, odd_item
from tests.contract.faulty import Relay
from tests.contract.wire_server import Asked, Script, answer, serving


@pytest.fixture
def client(aws: EmbeddedAws, account: str) -> Any:
    client = aws.client("dynamodb", account=account)
    make_table(client, "Source")
    make_table(client, "Target")
    return client


@pytest.fixture
def copying(aws: EmbeddedAws, account: str, tmp_path: Path) -> Copying:
    return Copying(account_at(aws.endpoint, account), tmp_path)


def test_every_item_arrives_as_it_was(client: Any, copying: Copying) -> None:
    items = [odd_item(number, 12_000) for number in range(150)]  # about two megabytes: pages in each segment
    fill(client, "Source", items)
    progress = last_progress(copying.run())
    assert contents(client, "Target") == contents(client, "Source")
    assert (progress.items_read, progress.items_written, progress.set_aside) == (150, 150, 0)
    assert progress.segments_done == progress.segments == 3
    assert progress.write_units >= 150 * 12
    assert progress.read_units > 0

    # Done is done: run again, it reads nothing.
    again = last_progress(copying.run())
    assert (again.items_written, again.read_units) == (150, 0)


def test_an_empty_table_is_copied_at_once(client: Any, copying: Copying) -> None:
    assert last_progress(copying.run()).segments_done == 3


def test_a_scan_gives_every_item_once(client: Any, copying: Copying) -> None:
    items = [odd_item(number, 40_000) for number in range(120)]
    fill(client, "Source", items)
    pages = list(scan(copying.table("Source"), segments=2))
    assert sum(len(page.items) for page in pages) == 120
    assert [page.position for page in pages].count(None) == 2
    middle = next(page for page in pages if page.position is not None)
    rest = list(scan(copying.table("Source"), segments=2, starts={middle.segment: middle.position}))
    assert {page.segment for page in rest} == {middle.segment}
    of_segment = [page for page in pages if page.segment == middle.segment]
    assert [bytes(i) for p in rest for i in p.items] == [bytes(i) for p in of_segment[1:] for i in p.items]


def test_only_new_items_overwrite_nothing(client: Any, copying: Copying) -> None:
    fill(client, "Source", [odd_item(number) for number in range(40)])
    equal, other = odd_item(7), odd_item(8) | {"yes": {"S": "somebody else's"}}
    equal["names"]["SS"].reverse()  # the same set
    fill(client, "Target", [equal, other])
    copying.settings = CopySettings(only_new=True, dead_letters=1)
    events = copying.run()
    assert contents(client, "Target")["파티션#8", "8"]["yes"] == {"S": "somebody else's"}
    assert len(contents(client, "Target")) == 40
    progress = last_progress(events)
    assert (progress.items_written, progress.set_aside, progress.conflicts) == (39, 1, 1)
    (letter,) = copying.letters()
    assert letter.conflict
    assert letter.item["sk"] == {"N": "8"}


def test_an_item_the_target_refuses_is_set_aside(client: Any, copying: Copying) -> None:
    """A key of another type: BatchWriteItem takes none of the 25, and the one is found."""
    fill(client, "Source", [odd_item(number) for number in range(60)])
    client.create_table(
        TableName="Strict",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "yes", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "yes", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    good = odd_item(500) | {"yes": {"S": "text"}}
    fill(client, "Source", [good])
    copying.target = "Strict"
    copying.settings = CopySettings(dead_letters=60)
    events = copying.run()
    assert client.scan(TableName="Strict")["Count"] == 1
    assert len(copying.letters()) == 60
    assert [event.number for event in events if isinstance(event, ItemSetAside)] == list(range(1, 61))
    assert "ValidationException" in copying.letters()[0].reason


def _twice(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {**item, "how": "many" if item["sk"] == 7 else 1}
    yield {**item, "sk": -item["sk"] - 1}


def test_a_letter_holds_the_item_as_it_was_read(client: Any, copying: Copying) -> None:
    """What the target refuses is what became of an item; the letter is to be put through a mended transform."""
    fill(client, "Source", [odd_item(number) for number in range(40)])
    client.create_table(
        TableName="Indexed",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in (("pk", "S"), ("sk", "N"), ("how", "N"))
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-how",
                "KeySchema": [{"AttributeName": "how", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    copying.target = "Indexed"
    copying.transform = FunctionTransform(_twice, KEYS, KEYS, name="twice", source="")
    copying.settings = CopySettings(dead_letters=1)
    progress = last_progress(copying.run())
    (letter,) = copying.letters()
    assert "Index Key" in letter.reason
    assert letter.item["sk"] == {"N": "7"}
    assert letter.item.keys() == odd_item(7).keys()
    assert (progress.items_read, progress.set_aside) == (40, 1)
    assert len(contents(client, "Indexed")) == 2 * 39 + 1, "of the one, what could be written was"


def test_too_many_set_aside_stops_it_and_shows_them(client: Any, copying: Copying) -> None:
    fill(client, "Source", [odd_item(number) for number in range(30)])
    copying.target = "Elsewhere"
    client.create_table(
        TableName="Elsewhere",
        KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    copying.settings = CopySettings(dead_letters=2)
    for _ in range(2):  # a resume comes to the same end, and counts nothing twice
        with pytest.raises(Failed) as failed:
            copying.run()
        assert failed.value.code == "too-many-set-aside"
        assert 2 < len(copying.letters()) <= 30


def test_what_cannot_be_read_each_time_is_set_aside(
    client: Any, aws: EmbeddedAws, account: str, copying: Copying
) -> None:
    """A request that DynamoDB cannot read may have been spoiled on its way, or hold what never was an item of DynamoDB's."""
    fill(client, "Source", [odd_item(number) for number in range(30)])
    relay = Relay(aws.endpoint, seed=1, rate=0.0)
    spoiled: list[int] = []

    def script(asked: Asked) -> Script:
        if asked.operation == "BatchWriteItem" and (b'"sk":{"N":"7"}' in asked.body.replace(b" ", b"") or not spoiled):
            spoiled.append(asked.body.count(b"PutRequest"))
            body = json_error("SerializationException", "NUMBER_VALUE cannot be converted to String").body.encode()
            return [answer(body, status="400 Bad Request")]
        return relay(asked)

    with serving(script) as server:
        copying.reach = account_at(server.url, account)
        copying.settings = CopySettings(dead_letters=1)
        copying.run()
    (letter,) = copying.letters()
    assert letter.item["sk"] == {"N": "7"}
    assert "cannot be converted" in letter.reason
    assert spoiled[-3:] == [1, 1, 1]
    assert len(contents(client, "Target")) == 29


def test_an_answer_that_does_not_say_what_was_left_is_none() -> None:
    shape = BatchShape("T")
    assert shape.answer(b'{"UnprocessedItems":{},"ConsumedCapacity":[{"CapacityUnits":2.0}]}') == ([], 2.0)
    for body in (b"{}", b'{"ok":true}', b"[]", b""):
        with pytest.raises(Malformed):
            shape.answer(body)


def test_a_table_that_is_not_there_ends_it(client: Any, copying: Copying) -> None:
    fill(client, "Source", [odd_item(1)])
    with pytest.raises(Failed) as failed:
        replace(copying, target="Nowhere").run()
    assert failed.value.code == "not-found"


def test_throttles_and_unprocessed_items_lose_nothing(
    aws: EmbeddedAws, account: str, client: Any, copying: Copying
) -> None:
    fill(client, "Source", [odd_item(number) for number in range(150)])
    copying.settings = CopySettings(pace=Pace(1.0), write_capacity=5000.0)
    with control.fault(aws.endpoint, "throttle", table="Target", rate=0.4):
        events = copying.run()
    assert contents(client, "Target") == contents(client, "Source")
    progress = last_progress(events)
    assert progress.throttled > 0
    assert progress.retried > 0
    assert progress.write_allowed is not None and progress.write_allowed < 5000
    assert any(isinstance(event, PaceChanged) for event in events)


def test_it_stops_when_asked_and_goes_on(client: Any, copying: Copying) -> None:
    fill(client, "Source", [odd_item(number, 12_000) for number in range(100)])
    copying.open().close()
    wish(copying.path, pause=True)
    events = copying.run()
    assert isinstance(events[-1], Paused)
    assert last_progress(events).segments_done < 3
    wish(copying.path, pause=False)
    assert last_progress(copying.run()).items_written == 100
    assert contents(client, "Target") == contents(client, "Source")


@pytest.mark.slow
def test_the_pace_is_kept_and_changes_while_it_runs(client: Any, copying: Copying) -> None:
    """600 units at 20 a second take half a minute; when a few have come over it is let go."""
    fill(client, "Source", [odd_item(number) for number in range(600)])
    copying.settings = CopySettings(pace=Pace(1.0, write_units=20.0))
    copying.open().close()
    began, looks, let_go = time.monotonic(), 0, 0

    def stopping() -> bool:
        nonlocal looks, let_go
        looks += 1
        if not let_go:
            come = len(contents(client, "Target"))
            assert come <= 60 + 20 * (time.monotonic() - began)
            if come >= 75:
                wish(copying.path, pace=Pace(1.0, write_units=100_000.0))
                let_go = looks
        return False

    events = copying.run(stopping=stopping)
    assert contents(client, "Target") == contents(client, "Source")
    changes = [event for event in events if isinstance(event, PaceChanged)]
    assert [event.write_allowed for event in changes] == [100_000.0]
    assert looks - let_go < 100, "a hundred looks are twenty seconds, in which 400 come over at the old pace"


@pytest.mark.slow
def test_nobody_answering_ends_it_to_be_resumed(client: Any, copying: Copying) -> None:
    fill(client, "Source", [odd_item(1)])
    nowhere = replace(copying, reach=account_at("http://127.0.0.1:9"), settings=CopySettings(patience_s=0.5))
    with pytest.raises(MustWait) as waits:
        nowhere.run()
    assert waits.value.code == "tables-do-not-answer"
    assert "refused" in waits.value.detail
    copying.run()
    assert len(contents(client, "Target")) == 1


def test_credentials_that_are_gone_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused as expired, and then there are none any more: it ends, saying so, instead of waiting for ever."""
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id=A\naws_secret_access_key=S\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    refusal = json_error("ExpiredTokenException", "expired").body.encode()

    def script(asked: Asked) -> Script:
        file.unlink(missing_ok=True)
        return [answer(refusal, status="400 Bad Request")]

    with serving(script) as server:
        account = open_account(region="us-east-1", endpoint_url=server.url)
        with pytest.raises(TablewrightError) as raised:
            Copying(account, tmp_path / "job").run()
    assert raised.value.code == "no-credentials"
