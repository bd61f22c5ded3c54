"""Changes in place on the embedded AWS: what they make of a table, what they leave alone, and undoing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tablewright.errors import Failed, Refused
from tablewright.events import Ending, Finished, Noted
from tablewright.migrate.checkpoint.store import Checkpoint
from tablewright.migrate.dead_letters import read_letters
from tablewright.migrate.engine.values import Acknowledged
from tablewright.migrate.events import MigrationEvent
from tablewright.migrate.inplace.expiry import Expiry
from tablewright.migrate.job import Pace
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.flags import from_flags
from tablewright.model.table import Index, Key
from tests.conftest import EmbeddedAws
from tests.contract.copying import fill
from tests.migration.awkward import Increment
from tests.migration.changing import HASH, changed_in_place, contents, made_table, opened, undone


def _finished(events: list[MigrationEvent]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def _declared(in_place: bool = True, **flags: list[str]) -> Declared:
    return Declared(from_flags(flags), HASH, HASH, in_place=in_place)


def _items(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": {"S": f"i{number:05}"},
            "amount": {"N": f"{number}.{'1' * 30}"},
            "price": {"N": "12345678901234567890123456789012345678"},
            "tags": {"SS": ["b", "a"]},
            "raw": {"B": b"\x00\xff"},
            "note": {"S": "김치 🍜" * (number % 3)},
            **({"old": {"S": f"v{number}"}} if number % 4 else {}),
        }
        for number in range(count)
    ]


def test_attributes_are_renamed_added_and_dropped_and_undone(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", _items(180))
    before = contents(client, "orders")
    ours = opened(aws.endpoint, account)
    transform = _declared(rename=["old=new"], default=["status=open"], drop=["tags"])

    events = list(changed_in_place(ours, "orders", transform, tmp_path))

    end = _finished(events)
    assert (end.ending, end.code) == (Ending.DONE, "changed"), end
    assert end.facts["items_read"] == end.facts["items_changed"] == "180"
    for key, item in contents(client, "orders").items():
        was = dict(before[key])
        expected = {**was, "status": {"S": "open"}}
        del expected["tags"]
        if "old" in was:
            expected["new"] = expected.pop("old")
        assert item == expected

    assert (tmp_path / "undo.log").stat().st_mode & 0o777 == 0o600
    assert _finished(list(changed_in_place(ours, "orders", transform, tmp_path))).facts["items_changed"] == "180"
    end = _finished(list(undone(ours, "orders", tmp_path)))
    assert (end.ending, end.facts["items_changed"]) == (Ending.DONE, "180")
    assert contents(client, "orders") == before
    again = _finished(list(undone(ours, "orders", tmp_path)))
    assert (again.ending, again.facts["items_changed"]) == (Ending.DONE, "0")


def test_what_somebody_wrote_since_is_not_undone(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [{"id": {"S": str(n)}, "old": {"S": "v"}, "z": {"N": "1"}} for n in range(4)])
    ours = opened(aws.endpoint, account)
    list(changed_in_place(ours, "orders", _declared(rename=["old=new"]), tmp_path))

    client.update_item(
        TableName="orders", Key={"id": {"S": "0"}}, UpdateExpression="SET #n = :v",
        ExpressionAttributeNames={"#n": "new"}, ExpressionAttributeValues={":v": {"S": "theirs"}},
    )  # fmt: skip
    client.update_item(
        TableName="orders", Key={"id": {"S": "1"}}, UpdateExpression="SET z = :v",
        ExpressionAttributeValues={":v": {"N": "2"}},
    )  # fmt: skip
    client.delete_item(TableName="orders", Key={"id": {"S": "2"}})

    end = _finished(list(undone(ours, "orders", tmp_path)))
    assert end.code == "undone-but-for-written"
    assert (end.facts["items_changed"], end.facts["kept"], end.facts["gone"]) == ("2", "1", "1")
    found = contents(client, "orders")
    assert found["0"] == {"id": {"S": "0"}, "new": {"S": "theirs"}, "z": {"N": "1"}}
    assert found["1"] == {"id": {"S": "1"}, "old": {"S": "v"}, "z": {"N": "2"}}
    assert found["3"] == {"id": {"S": "3"}, "old": {"S": "v"}, "z": {"N": "1"}}
    assert "2" not in found


def test_a_change_that_cannot_be_repeated_is_made_once_and_not_called_verified(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [{"id": {"S": str(n)}, "n": {"N": str(n)}} for n in range(120)])
    ours = opened(aws.endpoint, account)

    events = list(changed_in_place(ours, "orders", Increment(), tmp_path))

    assert _finished(events).code == "changed-not-verified"
    assert any("twice" in getattr(event, "text", "") for event in events)
    assert {int(k): int(i["n"]["N"]) for k, i in contents(client, "orders").items()} == {n: n + 1 for n in range(120)}
    list(undone(ours, "orders", tmp_path))
    assert {int(k): int(i["n"]["N"]) for k, i in contents(client, "orders").items()} == {n: n for n in range(120)}


def test_bad_items_are_set_aside_within_the_budget_and_end_it_beyond(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    names = ["bad", "two", *(str(n) for n in range(20))]
    fill(client, "orders", [{"id": {"S": name}, "n": {"N": "1"}} for name in names])
    ours = opened(aws.endpoint, account)

    with pytest.raises(Failed) as stopped:
        list(changed_in_place(ours, "orders", Increment(), tmp_path, dead_letters=1))
    assert stopped.value.code == "too-many-set-aside"

    end = _finished(list(changed_in_place(ours, "orders", Increment(), tmp_path, dead_letters=2)))
    assert (end.ending, end.code, end.facts["set_aside"]) == (Ending.FAILED, "incomplete", "2")
    letters = {letter.item["id"]["S"]: letter.reason for letter in read_letters(tmp_path / "dead-letters.jsonl")}
    assert letters["bad"] == "it is bad" and "makes 2 items" in letters["two"]
    found = contents(client, "orders")
    assert {i["n"]["N"] for name, i in found.items() if name not in letters} == {"2"}, "none was changed twice"
    assert {found[name]["n"]["N"] for name in letters} == {"1"}


@pytest.mark.slow
def test_it_goes_on_where_it_was_stopped(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [{"id": {"S": str(n)}, "n": {"N": "1"}} for n in range(300)])
    ours = opened(aws.endpoint, account)
    slowly = Pace(1.0, write_units=60.0)  # five seconds

    def some() -> bool:
        return any(item["n"]["N"] == "2" for item in contents(client, "orders").values())

    events = list(changed_in_place(ours, "orders", Increment(), tmp_path, stopping=some, connections=1, pace=slowly))
    assert _finished(events).code == "stopped"
    assert "changed" not in {_finished(events).summary}
    end = _finished(list(changed_in_place(ours, "orders", Increment(), tmp_path)))
    assert end.ending is Ending.DONE
    assert {i["n"]["N"] for i in contents(client, "orders").values()} == {"2"}, "each was changed once"


class _Killed(Exception):
    """Stands for SIGKILL."""


class _NothingAcknowledged(Checkpoint):
    def acknowledge(self, pages: Sequence[Acknowledged], letters_at: int) -> None:
        raise _Killed


class _InItsLastPass(Checkpoint):
    def noted(self, name: str) -> str | None:
        return "5" if name == "in-place-pass" else super().noted(name)


def test_begun_again_it_looks_until_nothing_is_left(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """The passes of the runs before, while writers had the old form, do not count against it."""
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [{"id": {"S": str(n)}, "old": {"S": "x"}} for n in range(5)])
    ours = opened(aws.endpoint, account)
    kept_by = _InItsLastPass
    end = _finished(list(changed_in_place(ours, "orders", _declared(rename=["old=new"]), tmp_path, kept_by=kept_by)))
    assert (end.ending, end.code) == (Ending.DONE, "changed")


def test_killed_before_any_page_is_acknowledged_it_changes_none_twice(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [{"id": {"S": str(n)}, "n": {"N": "1"}} for n in range(60)])
    ours = opened(aws.endpoint, account)
    for _ in range(2):
        with pytest.raises(_Killed):
            list(changed_in_place(ours, "orders", Increment(), tmp_path, kept_by=_NothingAcknowledged))

    end = _finished(list(changed_in_place(ours, "orders", Increment(), tmp_path)))
    assert (end.code, end.facts["items_changed"]) == ("changed-not-verified", "60")
    assert {item["n"]["N"] for item in contents(client, "orders").values()} == {"2"}


def test_an_undo_file_is_for_its_own_table_and_whole(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [{"id": {"S": "1"}, "old": {"S": "v"}}])
    ours = opened(aws.endpoint, account)
    list(changed_in_place(ours, "orders", _declared(rename=["old=new"]), tmp_path))

    path = tmp_path / "undo.log"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"old"', b'"odd"'))
    with pytest.raises(Failed, match="damaged"):
        list(undone(ours, "orders", tmp_path))
    path.write_bytes(whole)
    client.delete_table(TableName="orders")
    made_table(client, "orders")
    with pytest.raises(Refused, match="another table"):
        list(undone(ours, "orders", tmp_path))


def test_an_index_key_of_another_type_is_said(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [{"id": {"S": str(n)}, "old": {"N": "1"} if n else {"S": "x"}} for n in range(3)])
    ours = opened(aws.endpoint, account)
    planned = Index("customer-index", "global", (Key("customer", "S", "HASH"),), "ALL")

    events = list(changed_in_place(ours, "orders", _declared(rename=["old=customer"]), tmp_path, planned=(planned,)))

    warnings = [event.text for event in events if isinstance(event, Noted) and event.level == "warning"]
    assert len(warnings) == 2, "before the first item is changed, and when all are"
    assert warnings[0] == f"of the first 3 items: {warnings[1]}"
    assert "2 items have customer as a number" in warnings[1] and "customer-index" in warnings[1]


def test_what_happens_to_ttl_is_said(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [{"id": {"S": str(n)}, "until": {"N": "4102444800"}} for n in range(2)])
    ours = opened(aws.endpoint, account)
    events = list(changed_in_place(ours, "orders", _declared(rename=["until=expiresAt"]), tmp_path, expiry="until"))
    warnings = [event.text for event in events if isinstance(event, Noted) and event.level == "warning"]
    assert warnings[-1] == "until, by which TTL deletes, is taken from 2 items: without it they do not expire any more."

    seen = Expiry("at", now=1_800_000_000)
    for before, after in (({}, "9e9"), ({"at": {"N": "1"}}, "9e9"), ({}, "1799999999"), ({}, "1")):
        seen.look(before, {"at": {"N": after}})
    seen.look({"at": {"N": "1"}}, {"at": {"S": "soon"}})
    assert [text.partition(" in ")[0].partition(" to ")[0] for text in seen.warnings()] == [
        "at, by which TTL deletes, is given",
        "at, by which TTL deletes, is changed",
        "at, by which TTL deletes, becomes a time that is past",
        "at, by which TTL deletes, becomes something else than a number",
    ]
