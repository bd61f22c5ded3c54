"""Lost items over HTTP: found by comparing with a copy, put back where nothing stands, read again; and a deleted table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Lock
from typing import Any

import pytest

from tablewright.backup.restoring.run import FromBackup, beside, removed
from tablewright.backup.returning.run import Surveyed, both, put_back, survey
from tablewright.backup.run import create
from tablewright.errors import Failed, Refused, UsageError
from tablewright.events import Ending, Event, Finished, Noted
from tablewright.model.items import Item
from tablewright.ports import Account
from tests.conftest import EmbeddedAws
from tests.contract.load_support import item, table
from tests.rehearsals.between import LOST, Answer, between
from tests.rehearsals.deploying import opened
from tests.rehearsals.test_checks import through


@pytest.fixture
def here(aws: EmbeddedAws, account: str) -> Account:
    return opened(aws, account)


@pytest.fixture
def client(aws: EmbeddedAws, account: str) -> Any:
    """Two tables: the copy with 230 items, over several batches, and one that has lost and changed some."""
    found = aws.client("dynamodb", account=account)
    for name in ("before", "orders"):
        table(found, name)
        for number in range(0, 230, 23):
            puts = [{"PutRequest": {"Item": item(f"k{each}", 200)}} for each in range(number, number + 23)]
            found.batch_write_item(RequestItems={name: puts})
    return found


def _end(events: Iterator[Event]) -> tuple[Finished, list[str]]:
    *before, end = list(events)
    assert isinstance(end, Finished)
    return end, [event.text for event in before if isinstance(event, Noted)]


def _survey(here: Account, named: tuple[Item, ...] = ()) -> Surveyed:
    *_, found = survey(*both("before", "orders", here), here, named=named)
    assert isinstance(found, Surveyed)
    return found


def _key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}}


def test_what_is_lost_comes_back_and_what_stands_is_left(client: Any, here: Account) -> None:
    for number in (3, 120, 229):
        client.delete_item(TableName="orders", Key=_key(f"k{number}"))
    client.put_item(TableName="orders", Item={**item("k7"), "state": {"S": "newer"}})
    client.put_item(TableName="orders", Item=item("new"))

    found = _survey(here)
    end, _ = _end(put_back(*both("before", "orders", here), here))

    assert (found.read, found.lost, found.changed, found.going) == (230, 3, 1, 3)
    assert sorted(key["pk"]["S"] for key in found.lost_keys) == ["k120", "k229", "k3"]
    assert (end.ending, end.facts["put back"]) == (Ending.DONE, "3"), end
    for number in (3, 120, 229):
        copied, now = (client.get_item(TableName=name, Key=_key(f"k{number}"))["Item"] for name in ("before", "orders"))
        assert copied == now
    assert client.get_item(TableName="orders", Key=_key("k7"))["Item"]["state"] == {"S": "newer"}
    assert client.scan(TableName="orders", Select="COUNT")["Count"] == 231
    assert _end(put_back(*both("before", "orders", here), here))[0].ending is Ending.NOTHING_TO_DO


def test_what_goes_after_it_was_listed_stays_away(client: Any, here: Account) -> None:
    client.delete_item(TableName="orders", Key=_key("k3"))
    found = _survey(here)
    client.delete_item(TableName="orders", Key=_key("k4"))  # by somebody, on purpose

    end, _ = _end(put_back(*both("before", "orders", here), here, found=found))

    assert (end.ending, end.facts["put back"]) == (Ending.DONE, "1")
    assert end.facts["gone since it was listed, and left"] == "1"
    assert "Item" not in client.get_item(TableName="orders", Key=_key("k4"))


def test_named_items_alone_and_those_that_stand_only_when_they_are_kept(client: Any, here: Account) -> None:
    changed = {**item("k7"), "state": {"S": "spoilt"}}
    client.put_item(TableName="orders", Item=changed)
    for name in ("k3", "k4"):
        client.delete_item(TableName="orders", Key=_key(name))
    named = (_key("k3"), _key("k7"))

    with pytest.raises(Refused) as refused:
        list(put_back(*both("before", "orders", here), here, named=named))
    assert refused.value.code == "not-replaced"
    assert "Item" not in client.get_item(TableName="orders", Key=_key("k3"))
    kept: list[Item] = []
    end, _ = _end(put_back(*both("before", "orders", here), here, named=named, keep=kept.append))

    assert (end.ending, end.facts["put back"]) == (Ending.DONE, "2")
    assert kept == [changed]
    assert "state" not in client.get_item(TableName="orders", Key=_key("k7"))["Item"]
    assert "Item" not in client.get_item(TableName="orders", Key=_key("k4"))
    with pytest.raises(UsageError) as missing:
        _survey(here, (_key("nowhere"),))
    assert missing.value.code == "not-in-copy"


def test_what_others_write_meanwhile_is_never_written_over(
    aws: EmbeddedAws, account: str, client: Any, here: Account
) -> None:
    """Between looking and writing somebody puts the lost item anew, and changes the named one: both stay."""
    client.delete_item(TableName="orders", Key=_key("k3"))
    client.put_item(TableName="orders", Item={**item("k7"), "state": {"S": "spoilt"}})

    first = Lock()

    def meanwhile(operation: str, number: int) -> Answer | None:
        if operation != "PutItem":
            return None
        with first:
            if "by" in client.get_item(TableName="orders", Key=_key("k3")).get("Item", {}):
                return None
            client.put_item(TableName="orders", Item={**item("k3"), "by": {"S": "others"}})
            client.update_item(
                TableName="orders",
                Key=_key("k7"),
                UpdateExpression="SET #s = :s",
                ExpressionAttributeNames={"#s": "state"},
                ExpressionAttributeValues={":s": {"S": "mended"}},
            )
        return None

    named = (_key("k3"), _key("k7"))
    with between(aws.endpoint, meanwhile) as gate:
        through_it = through(gate.endpoint, account)
        end, _ = _end(put_back(*both("before", "orders", here), through_it, named=named, keep=lambda kept: None))

    assert (end.ending, end.code) == (Ending.FAILED, "not-all-put-back")
    assert client.get_item(TableName="orders", Key=_key("k3"))["Item"]["by"] == {"S": "others"}
    assert client.get_item(TableName="orders", Key=_key("k7"))["Item"]["state"] == {"S": "mended"}


def test_an_item_that_goes_again_is_not_called_back(aws: EmbeddedAws, account: str, client: Any, here: Account) -> None:
    """Somebody deletes what was put back before it is read again."""
    client.delete_item(TableName="orders", Key=_key("k3"))
    reads = 0

    def meanwhile(operation: str, number: int) -> Answer | None:
        nonlocal reads
        reads += operation == "BatchGetItem"
        if operation == "BatchGetItem" and "Item" in client.get_item(TableName="orders", Key=_key("k3")):
            client.delete_item(TableName="orders", Key=_key("k3"))
        return None

    with between(aws.endpoint, meanwhile) as gate:
        end, _ = _end(put_back(*both("before", "orders", here), through(gate.endpoint, account)))

    assert reads and (end.ending, end.code) == (Ending.FAILED, "not-all-put-back")
    assert "are not there any more" in end.detail


@pytest.mark.slow
def test_a_run_that_is_cut_off_says_what_is_back_and_the_next_one_does_the_rest(
    aws: EmbeddedAws, account: str, client: Any, here: Account
) -> None:
    for number in range(0, 230, 10):
        client.delete_item(TableName="orders", Key=_key(f"k{number}"))
    puts = 0
    counting = Lock()

    def deny(operation: str, number: int) -> Answer | None:
        nonlocal puts
        with counting:
            puts += operation == "PutItem"
            if operation == "PutItem" and puts > 15:
                return (400, "AccessDeniedException", "not authorized to perform: dynamodb:PutItem")
        return None

    with between(aws.endpoint, deny) as gate:
        end, _ = _end(put_back(*both("before", "orders", here), through(gate.endpoint, account)))
    assert (end.ending, end.code, end.facts["because"]) == (Ending.FAILED, "put-back-cut-off", "access-denied")
    assert end.hint == "tablewright backup put-back orders --copy before"

    end, _ = _end(put_back(*both("before", "orders", here), here))
    assert end.ending is Ending.DONE
    assert client.scan(TableName="orders", Select="COUNT")["Count"] == 230


def test_what_ttl_would_delete_again_stays_out(client: Any, here: Account) -> None:
    past = {"N": str(int(time.time()) - 3600)}
    client.put_item(TableName="before", Item={**item("old"), "expiresAt": past})
    client.update_time_to_live(
        TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"}
    )

    found = _survey(here)
    end, _ = _end(put_back(*both("before", "orders", here), here))

    assert (found.lost, found.expired, found.going) == (1, 1, 0)
    assert (end.ending, end.code) == (Ending.FAILED, "not-all-put-back")
    assert "Switch it off first" in end.detail


@pytest.mark.slow
def test_a_copy_restored_beside_is_removed_only_by_its_own_run(client: Any, here: Account) -> None:
    made = _end(create(["orders"], here))[0].facts["orders"]
    run = beside(FromBackup(made), "orders", "token", here)
    while True:
        try:
            next(run)
        except StopIteration as end:
            copy = end.value
            break

    assert copy.name.startswith("orders-before-")
    list(removed(copy, "another", here))
    assert copy.name in client.list_tables()["TableNames"]
    list(removed(copy, "token", here))
    assert copy.name not in client.list_tables()["TableNames"]
    with pytest.raises(UsageError) as other:
        next(beside(FromBackup(made), "before", "token", here))
    assert other.value.code == "other-backup"


def test_tables_that_cannot_be_compared_are_refused(client: Any, here: Account) -> None:
    table(client, "other", sort=True)

    for pair, code in (
        (("orders", "orders"), "same-table"),
        (("nowhere", "orders"), "no-table"),
        (("other", "orders"), "other-keys"),
    ):
        with pytest.raises(UsageError) as refused:
            both(*pair, here)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("write", "times"),
    [
        pytest.param(
            {"Item": {"pk": {"S": "new"}}, "ConditionExpression": "attribute_not_exists(pk)"}, 2, id="a new one"
        ),
        pytest.param({"Item": {"pk": {"S": "k1"}}}, 1, id="over what stands"),
        pytest.param(
            {"Item": {"pk": {"S": "k1"}}, "ConditionExpression": "attribute_exists(pk)"}, 1, id="on a condition"
        ),
        pytest.param({"Key": {"pk": {"S": "k1"}}, "ConditionExpression": "attribute_exists(pk)"}, 1, id="a deletion"),
    ],
)
def test_what_may_meet_anothers_item_is_sent_once(
    aws: EmbeddedAws, account: str, write: dict[str, Any], times: int
) -> None:
    """Sent again, it would be put over, or delete, what another wrote under the key after the first was made."""
    table(aws.client("dynamodb", account=account), "single")
    operation = "PutItem" if "Item" in write else "DeleteItem"

    def rule(asked: str, number: int) -> Answer | None:
        return LOST if asked == operation and gate.seen.count(asked) == 1 else None

    with between(aws.endpoint, rule) as gate:
        items = through(gate.endpoint, account).items
        assert items is not None
        with pytest.raises(Failed) as unsure:
            (items.put if operation == "PutItem" else items.delete)({"TableName": "single", **write})
    assert (unsure.value.code, gate.seen.count(operation)) == ("write-unsure", times)
