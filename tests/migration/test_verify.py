"""Verification on the embedded AWS: two tables, a table and what is no table, and what is said of each difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from tablewright.events import Ending, Finished
from tablewright.migrate.engine.values import SourcePage
from tablewright.migrate.events import Differed, MigrationEvent, Paused
from tablewright.migrate.items.key import KeyReader
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.flags import from_flags
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.transform.unchanged import Unchanged
from tablewright.migrate.verify.aside import Aside
from tablewright.migrate.verify.run import Compared, VerifySettings, verify
from tablewright.model.table import Key
from tablewright.ports import Account
from tests.conftest import EmbeddedAws
from tests.contract.copying import fill
from tests.migration.changing import HASH, door, made_table, opened


@dataclass
class Later:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def steady(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        return


PAIR = (Key("PK", "S", "HASH"), Key("SK", "S", "RANGE"))


class Held:
    """A source that is no table: items in memory, some a page. ``each_time`` may change them whenever they are read anew."""

    segments = 1

    def __init__(self, items: Sequence[Any], each_time: Callable[[list[Any]], None] | None = None) -> None:
        self.items, self._each_time = list(items), each_time

    def read(self, segment: int, after: bytes | None) -> SourcePage:
        """The next seven."""
        if after is None and self._each_time is not None:
            self._each_time(self.items)
        at = int(after or 0)
        found = [orjson.dumps(item) for item in self.items[at : at + 7]]
        rest = at + 7 < len(self.items)
        return SourcePage(segment, found, b"%d" % (at + 7) if rest else None, sum(map(len, found)))


def _side(account: Account, name: str) -> Compared:
    table = account.tables.describe(name)
    assert table is not None
    return Compared(door(account, table), name, table.id, table.keys, segments=3)


def _compared(
    one: Compared, other: Compared, transform: Transform, account: Account, folder: Path, **settings: Any
) -> list[MigrationEvent]:
    stopping = settings.pop("stopping", bool)
    return list(
        verify(
            one,
            other,
            transform=transform,
            clock=account.clock,
            settings=VerifySettings(folder=folder, **settings),
            stopping=stopping,
        )
    )


def _end(events: list[MigrationEvent]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def _items(count: int) -> list[dict[str, Any]]:
    return [
        {"id": {"S": f"i{n}"}, "n": {"N": str(n)}, "tags": {"SS": ["x", "y"]}, "m": {"M": {"a": {"L": [{"N": "1"}]}}}}
        for n in range(count)
    ]


@pytest.fixture
def ours(aws: EmbeddedAws, account: str) -> Account:
    return opened(aws.endpoint, account)


def test_two_tables_of_other_keys_and_every_kind_of_difference(
    aws: EmbeddedAws, account: str, ours: Account, tmp_path: Path
) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "one")
    made_table(client, "other", PAIR)
    items = _items(400)
    fill(client, "one", items)
    flags = {"key": ["PK=ITEM#{id}", "SK=META"], "rename": ["n=number"]}
    transform = Declared(from_flags(flags), HASH, PAIR)
    moved = [orjson.loads(transform.apply(orjson.dumps(item))[0]) for item in items]
    fill(client, "other", moved)

    one, other = _side(ours, "one"), _side(ours, "other")
    end = _end(_compared(one, other, transform, ours, tmp_path))
    assert (end.ending, end.code, end.facts["items"]) == (Ending.DONE, "verified", "400")
    assert not list(tmp_path.iterdir())

    client.put_item(TableName="other", Item={**moved[7], "secret": {"S": "don't tell"}, "number": {"N": "7.0"}})
    client.put_item(TableName="other", Item={**moved[8], "m": {"M": {"a": {"L": [{"N": "2"}]}}}})
    client.delete_item(TableName="other", Key={"PK": moved[9]["PK"], "SK": moved[9]["SK"]})
    client.put_item(TableName="other", Item={"PK": {"S": "ITEM#new"}, "SK": {"S": "META"}})
    events = _compared(one, other, transform, ours, tmp_path)
    end = _end(events)
    assert (end.ending, end.code) == (Ending.FAILED, "verify-differs")
    (differed,) = [event for event in events if isinstance(event, Differed)]
    assert differed.counts == {"different": 2, "missing": 1, "extra": 1}
    report = Path(differed.report)
    assert report.stat().st_mode & 0o777 == 0o600
    assert b"don't tell" not in report.read_bytes()
    told = {line["key"]["PK"]["S"]: line for line in map(orjson.loads, report.read_bytes().splitlines())}
    assert told["ITEM#i7"]["attributes"].keys() == {"secret"}, "7.0 is 7"
    assert told["ITEM#i8"]["attributes"].keys() == {"m"}
    assert (told["ITEM#i9"]["kind"], told["ITEM#new"]["kind"]) == ("missing", "extra")


def test_what_the_transform_refuses_is_not_called_the_same(ours: Account, tmp_path: Path) -> None:
    transform = Declared(from_flags({"key": ["PK=ITEM#{id}", "SK=N#{n}"]}), HASH, PAIR)
    items = _items(30)
    moved = [orjson.loads(transform.apply(orjson.dumps(item))[0]) for item in items]
    one = Compared(Held([*items, {"id": {"S": "without n"}}]), "one", "one", HASH)
    for held in (moved, [*moved[:-1], moved[-1] | {"n": {"N": "-1"}}]):
        end = _end(_compared(one, Compared(Held(held), "other", "other", PAIR), transform, ours, tmp_path))
        assert (end.ending, end.code) == (
            Ending.FAILED,
            "verify-incomplete" if held is moved else "verify-differs",
        )
    other = Compared(Held(moved), "other", "other", PAIR)
    end = _end(_compared(one, other, transform, ours, tmp_path, aside=Aside(refused=1)))
    assert end.ending is Ending.DONE


def test_only_the_items_that_were_set_aside_may_be_missing(ours: Account, tmp_path: Path) -> None:
    items = _items(40)
    key = KeyReader(HASH)
    aside = Aside({key(orjson.dumps(items[n])): n == 3 for n in (3, 4)})
    one = Compared(Held(items), "one", "one", HASH)

    def end(*other: dict[str, Any]) -> Finished:
        side = Compared(Held(other), "other", "other", HASH)
        return _end(_compared(one, side, Unchanged(HASH, HASH), ours, tmp_path, aside=aside, most=1))

    changed = {**items[3], "n": {"N": "-1"}}
    assert end(*items[:4], *items[5:]).ending is Ending.DONE
    assert end(*items[:3], changed, *items[5:]).ending is Ending.DONE, "another item stands under a key that was taken"
    assert end(*items[:3], {**items[4], "n": {"N": "-1"}}, *items[5:]).facts["different"] == "1"
    found = end(*items[:3], *items[5:-1])  # as many are missing as were set aside, and one more
    assert (found.code, found.facts["missing"]) == ("verify-differs", "1")
    assert end(*items[:3], *items[4:-1]).ending is Ending.FAILED, "not more than were set aside, but another one"


def test_items_without_keys_are_told_apart_by_all_that_they_hold(ours: Account, tmp_path: Path) -> None:
    """As between files, whose items go through a transform on their way to an import."""
    transform = Declared(from_flags({"rename": ["id=PK"], "set": ["v=1"]}), (), ())
    items = _items(40)
    made = [orjson.loads(transform.apply(orjson.dumps(item))[0]) for item in items]
    one = Compared(Held(items), "one", "one")
    end = _end(_compared(one, Compared(Held(made[::-1]), "other", "other"), transform, ours, tmp_path))
    assert (end.code, end.facts["items"]) == ("verified", "40")
    made[7] = made[7] | {"n": {"N": "99"}, "secret": {"S": "don't tell"}}
    end = _end(_compared(one, Compared(Held(made), "other", "other"), transform, ours, tmp_path))
    assert (end.facts["missing"], end.facts["extra"]) == ("1", "1")
    report = Path(end.facts["report"]).read_bytes()
    assert b"don't tell" not in report
    told = {line["kind"]: line["key"] for line in map(orjson.loads, report.splitlines())}
    assert told["extra"]["secret"] == {"type": "S", "bytes": 10}
    assert told["missing"].keys() == {"PK", "n", "tags", "m", "v"}
    keyed = Compared(Held(items), "one", "one", HASH)  # the key does not go through: it is renamed
    end = _end(_compared(keyed, Compared(Held(made), "other", "other"), transform, ours, tmp_path))
    assert (end.facts["missing"], end.facts["extra"]) == ("1", "1")


def test_the_list_ends_and_says_so(aws: EmbeddedAws, account: str, ours: Account, tmp_path: Path) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "one")
    items = _items(90)
    fill(client, "one", items)
    held = Compared(Held([{**item, "n": {"N": "-1"}} for item in items]), "held", "held", HASH)
    end = _end(_compared(_side(ours, "one"), held, Unchanged(HASH, HASH), ours, tmp_path, most=10, held=40))
    assert end.facts["different"] == "10"
    assert int(end.facts["buckets_not_looked_into"]) > 40 and "list_ended" in end.facts
    assert "more items differ" in end.detail


def test_what_differed_only_while_it_was_read_is_no_difference(ours: Account, tmp_path: Path) -> None:
    reads = iter([True, False, False, False, False])

    def late(items: list[Any]) -> None:
        items[3]["n"] = {"N": "99"} if next(reads) else {"N": "3"}

    one = Compared(Held(_items(20)), "one", "one", HASH)
    other = Compared(Held(_items(20), late), "other", "other", HASH)
    end = _end(_compared(one, other, Unchanged(HASH, HASH), ours, tmp_path))
    assert (end.ending, end.code) == (Ending.DONE, "verified-while-written")


def test_stopped_it_goes_on_and_reads_nothing_twice(ours: Account, tmp_path: Path) -> None:
    one, other = Held(_items(100)), Held(_items(100))
    sides = (Compared(one, "one", "one", HASH), Compared(other, "other", "other", HASH))
    asked = iter([False] * 3)
    events = _compared(*sides, Unchanged(HASH, HASH), ours, tmp_path, stopping=lambda: next(asked, None) is not False)
    assert isinstance(events[-2], Paused) and _end(events).ending is Ending.MUST_WAIT
    one.items[0] = {"id": {"S": "never read again"}}
    end = _end(_compared(*sides, Unchanged(HASH, HASH), ours, tmp_path))
    assert (end.code, end.facts["items"]) == ("verified", "100")


def test_what_was_read_long_ago_is_read_again(ours: Account, tmp_path: Path) -> None:
    one, other = Held(_items(100)), Held(_items(100))
    sides = (Compared(one, "one", "one", HASH), Compared(other, "other", "other", HASH))
    asked = iter([False] * 3)
    _compared(*sides, Unchanged(HASH, HASH), ours, tmp_path, stopping=lambda: next(asked, None) is not False)
    other.items[3]["n"] = {"N": "777"}
    later = replace(ours, clock=Later(ours.clock.now() + timedelta(hours=1)))
    end = _end(_compared(*sides, Unchanged(HASH, HASH), later, tmp_path))
    assert (end.code, end.facts.get("different")) == ("verify-differs", "1"), end


@pytest.mark.slow
def test_a_target_that_may_hold_more_is_looked_up_by_key(
    aws: EmbeddedAws, account: str, ours: Account, tmp_path: Path
) -> None:
    client = aws.client("dynamodb", account=account)
    made_table(client, "one")
    made_table(client, "other")
    items = _items(130)
    fill(client, "one", items)
    fill(client, "other", [*items, {"id": {"S": "theirs"}}])
    one, other = _side(ours, "one"), _side(ours, "other")
    transform = Unchanged(HASH, HASH)
    assert _end(_compared(one, other, transform, ours, tmp_path)).facts["extra"] == "1"
    assert _end(_compared(one, other, transform, ours, tmp_path, extras=False)).ending is Ending.DONE
    client.delete_item(TableName="other", Key={"id": {"S": "i3"}})
    client.put_item(TableName="other", Item={**items[4], "n": {"N": "0"}})
    end = _end(_compared(one, other, transform, ours, tmp_path, extras=False))
    assert (end.code, end.facts["missing"], end.facts["different"]) == ("verify-differs", "1", "1")


def test_two_items_that_become_one_are_said(ours: Account, tmp_path: Path) -> None:
    transform = Declared(from_flags({"rename": ["id=was", "group=id"]}), HASH, HASH)
    items = [{"id": {"S": str(n)}, "group": {"S": "g" if n < 2 else str(n)}, "n": {"N": str(n)}} for n in range(5)]
    one = Compared(Held(items), "one", "one", HASH)
    made = {orjson.loads(m)["id"]["S"]: orjson.loads(m) for i in items for m in transform.apply(orjson.dumps(i))}
    other = Compared(Held(list(made.values())), "other", "other", HASH)
    end = _end(_compared(one, other, transform, ours, tmp_path))
    assert end.facts["ambiguous"] == "1"
