"""Sums of a side are equal if and only if the items are, however they are written and in whatever order they come."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.items.key import KeyReader, KeyRefused
from tablewright.migrate.items.values import encode_value
from tablewright.migrate.transform.unchanged import Unchanged
from tablewright.migrate.verify import state_file
from tablewright.migrate.verify.buckets import BUCKETS, Buckets, bucket_of
from tablewright.migrate.verify.difference import as_line, difference
from tablewright.migrate.verify.narrowing import Narrowing, rounds
from tablewright.migrate.verify.state_file import Half
from tablewright.model.table import Key
from tests.laws.item_strategies import items, plain_values, respelled

KEYS = (Key("id", "S", "HASH"),)
READER = KeyReader(KEYS)
stored = items(id=st.text(st.characters(codec="ascii"), min_size=1, max_size=3))


def _json(item: dict[str, Any]) -> dict[str, Any]:
    return {name: encode_value(value) for name, value in item.items()}


def _summed(items_: list[dict[str, Any]]) -> Buckets:
    buckets = Buckets()
    buckets.add([orjson.dumps(item) for item in items_], READER)
    return buckets


@st.composite
def _respelled(draw: st.DrawFn, items_: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [respelled(item, draw) for item in items_]


@settings(max_examples=12)
@given(st.lists(stored, max_size=8), st.lists(stored, max_size=8), st.data())
def test_equal_if_and_only_if_the_multisets_are(
    one: list[dict[str, Any]], other: list[dict[str, Any]], data: st.DataObject
) -> None:
    if data.draw(st.booleans()):
        other = [*other, *one][-len(one) :] if one else other
    mine, theirs = [_json(item) for item in one], [_json(item) for item in other]
    same = sorted(canonical(orjson.dumps(i)) for i in mine) == sorted(canonical(orjson.dumps(i)) for i in theirs)
    assert (_summed(mine).unequal(_summed(theirs)) == ()) is same


@settings(max_examples=10)
@given(st.lists(stored, max_size=6), st.data())
def test_order_and_spelling_do_not_matter(one: list[dict[str, Any]], data: st.DataObject) -> None:
    mine = [_json(item) for item in one]
    theirs = data.draw(_respelled(data.draw(st.permutations(mine))))
    assert _summed(mine).unequal(_summed(theirs)) == ()


@settings(max_examples=12)
@given(st.lists(stored, min_size=1, max_size=6), st.data())
def test_one_changed_attribute_is_found_and_named(one: list[dict[str, Any]], data: st.DataObject) -> None:
    mine = list({item["id"]: _json(item) for item in one}.values())
    at = data.draw(st.integers(0, len(mine) - 1))
    name = data.draw(st.sampled_from(sorted(set(mine[at]) | {"new"})).filter(lambda name: name != "id"))
    changed = {**mine[at], name: encode_value(data.draw(plain_values))}
    assume(canonical(orjson.dumps(changed)) != canonical(orjson.dumps(mine[at])))
    theirs = [*mine[:at], changed, *mine[at + 1 :]]

    unequal = _summed(mine).unequal(_summed(theirs))
    assert len(unequal) == 1
    narrowing = Narrowing(unequal, READER, READER)
    narrowing.add_source([orjson.dumps(item) for item in mine], Unchanged(KEYS, KEYS))
    narrowing.add_target([orjson.dumps(item) for item in theirs])
    (suspect,) = narrowing.suspects()
    assert suspect.key == suspect.sources[0] == {"id": mine[at]["id"]}
    found = difference(suspect.key, [mine[at]], changed)
    assert found is not None and found.kind == "different"
    assert [attribute.name for attribute in found.attributes] == [name]


def test_two_equal_items_do_not_cancel_each_other() -> None:
    item = {"id": {"S": "1"}}
    assert _summed([item, item]).unequal(_summed([])) != ()


def test_numbers_and_sets_by_value_and_lists_by_order() -> None:
    def item(**attributes: Any) -> dict[str, Any]:
        return {"id": {"S": "1"}, **attributes}

    def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
        return not _summed([item(a=one)]).unequal(_summed([item(a=other)]))

    assert same({"N": "1.0"}, {"N": "1"})
    assert same({"N": "1E2"}, {"N": "100"})
    assert same({"NS": ["1", "2.0"]}, {"NS": ["2", "1"]})
    assert same({"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, {"M": {"y": {"N": "2"}, "x": {"N": "1.00"}}})
    assert not same({"L": [{"N": "1"}, {"N": "2"}]}, {"L": [{"N": "2"}, {"N": "1"}]})
    assert not same({"N": "1"}, {"S": "1"})
    assert not same({"N": "12345678901234567890123456789012345678"}, {"N": "12345678901234567890123456789012345679"})


@settings(max_examples=30)
@given(st.lists(st.integers(0, BUCKETS - 1), unique=True, max_size=30), st.integers(1, 50), st.randoms())
def test_rounds_cover_every_unequal_bucket_once_within_bounds(
    unequal: list[int], most: int, chance: random.Random
) -> None:
    source, target = Buckets(), Buckets()
    for number in unequal:
        source.counts[number], target.counts[number] = chance.randint(0, 40), chance.randint(0, 40)
    groups = list(rounds(source, target, unequal, most))
    assert sorted(number for group in groups for number in group) == sorted(unequal)
    for group in groups:
        assert len(group) == 1 or sum(source.counts[n] + target.counts[n] for n in group) <= most


def test_a_kept_state_is_for_its_own_question_and_whole(tmp_path: Any) -> None:
    path = tmp_path / state_file.FILE_NAME
    half = Half(_summed([{"id": {"S": str(n)}} for n in range(100)]), {0: b"x", 1: None}, refused=2)
    state_file.save(path, {"transform": "a"}, (half, Half(Buckets(), {})), 100.0)

    def load(transform: str, now: float = 110.0) -> tuple[Half, Half] | None:
        return state_file.load(path, {"transform": transform}, since=now - 20, until=now)

    found = load("a")
    assert found is not None
    assert found[0].buckets == half.buckets and found[0].positions == half.positions and found[0].refused == 2
    assert found[0].to_read(3) == {0: b"x", 2: None}
    assert load("b") is None
    assert load("a", 121.0) is None, "too old"
    assert load("a", 99.0) is None, "by another clock"
    path.write_bytes(path.read_bytes()[:-1])
    assert load("a") is None


@pytest.mark.parametrize("values", [False, True])
def test_values_are_told_only_when_they_are_asked_for(values: bool) -> None:
    key = {"id": {"S": "1"}}
    found = difference(key, [{**key, "mail": {"S": "secret@example.com"}}], {**key, "age": {"N": "7.0"}})
    assert found is not None
    line = as_line(found, values=values)
    assert (b"secret" in line) is values
    told = orjson.loads(line)
    assert told["key"] == key
    if not values:
        assert told["attributes"]["mail"] == {"source": {"type": "S", "bytes": 18}, "target": None}


def test_keys_of_every_type_have_the_bucket_of_their_canonical_form() -> None:
    for key, value in (("S", "이름"), ("N", "1.50"), ("B", "AAE=")):
        for schema in ((Key("k", key, "HASH"),), (Key("k", key, "HASH"), Key("sort", "S", "RANGE"))):
            reader = KeyReader(schema)
            item = orjson.dumps({"k": {key: value}, "sort": {"S": "x"}})
            buckets = Buckets()
            buckets.add([item], reader)
            assert buckets.counts[bucket_of(reader(item))] == 1
    with pytest.raises(KeyRefused, match="missing"):
        Buckets().add([b'{"id":{"S":"1"}}'], KeyReader((Key("k", "S", "HASH"),)))
