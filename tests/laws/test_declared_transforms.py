"""Declared operations: the compiled ones equal the plain ones, inverses lead back, and in place twice is as once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tablewright.errors import UsageError
from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.items.key import KeyReader
from tablewright.migrate.items.values import from_json, to_json
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.flags import from_flags
from tablewright.migrate.transform.operations import (
    ALWAYS,
    Add,
    Compose,
    Default,
    Drop,
    Extract,
    Merge,
    Operation,
    Rename,
    Retype,
    Set,
    Split,
    When,
)
from tablewright.migrate.transform.protocol import TransformError
from tablewright.migrate.transform.template import parse_template
from tablewright.migrate.wire.shapes import ScanShape
from tablewright.model.table import Key
from tests.laws.item_strategies import numbers, texts
from tests.laws.plain_operations import Refusal, done

SOURCE = (Key("id", "S", "HASH"),)
TARGET = (Key("PK", "S", "HASH"),)

_names = st.sampled_from(["id", "PK", "a", "b", "c", '"q"'])
_values = st.sampled_from(['{"S":"x"}', '{"N":"1"}', '{"BOOL":true}', '{"M":{"k":{"S":"v"}}}', '{"SS":["x","y"]}'])
_whens = st.just(ALWAYS) | st.builds(
    When,
    st.lists(st.tuples(_names, _values), max_size=1).map(tuple),
    st.lists(_names, max_size=1).map(tuple),
    st.lists(_names, max_size=1).map(tuple),
)
_templates = st.sampled_from(
    ["T#{id}", "{id}", "K", "{a}#{b}", "%{id}%s", '"{a}\\', "{b:04}", "S#{a}#E", "{{{id}}}"]
).map(parse_template)
_parts = st.lists(_names, min_size=2, max_size=2, unique=True).map(tuple)
_operations = st.one_of(
    st.builds(Rename, _names, _names, _whens),
    st.builds(Drop, _names, _whens),
    st.builds(Set, _names, _values, _whens),
    st.builds(Default, _names, _values, _whens),
    st.builds(Add, _names, _values, _whens),
    st.builds(
        Retype, _names, st.sampled_from(["S", "N", "B", "BOOL", "L", "SS"]), st.sampled_from([None, "S", "N"]), _whens
    ),
    st.builds(Compose, _names, _templates, _whens),
    st.builds(Extract, _names, st.sampled_from(["T#{a}", "x{b}", "{c}y"]).map(parse_template), _whens),
    st.builds(Split, _names, _parts, st.sampled_from(["#", " ", "x"]), _whens),
    st.builds(Merge, _parts, _names, st.sampled_from(["#", '"', ""]), _whens),
)
_undone = st.one_of(
    st.builds(Rename, _names, _names),
    st.builds(Add, _names, _values),
    st.builds(Retype, _names, st.sampled_from(["S", "L"]), st.sampled_from(["N", "B", "BOOL", "SS"])),
    st.builds(Compose, _names, _templates),
    st.builds(Split, _names, _parts, st.sampled_from(["#", " ", "x"])),
)
_rekeyed = st.sampled_from(
    [
        [Compose("PK", parse_template("S#{id}"))],
        [Compose("PK", parse_template("{id}"))],
        [Compose("PK", parse_template("S#{id}")), Drop("id")],
        [Compose("PK", parse_template('"%{id}\\')), Drop("id")],
        [Compose("PK", parse_template("{id}")), Drop("id")],
        [Compose("id", parse_template("S#{id}#")), Rename("id", "PK")],
        [Rename("id", "PK")],
    ]
)
_some = (
    texts
    | numbers()
    | st.booleans()
    | st.sampled_from(["1", "007", "true", "a#b", "x y", "T#1", "xay", '"\\'])
    | st.sets(texts, min_size=1, max_size=2)
    | st.lists(texts, max_size=2)
    | st.binary(max_size=3)
)
_items = st.fixed_dictionaries(
    {"id": texts.filter(bool)}, optional={"PK": _some, "a": _some, "b": _some, "c": _some, '"q"': _some, "rest": _some}
)


def _declared(operations: list[Operation], **more: bool) -> Declared:
    try:
        return Declared(operations, SOURCE, SOURCE if more.get("in_place") else TARGET, **more)
    except UsageError:
        assume(False)
        raise


def _expected(operations: list[Operation], item: dict[str, Any]) -> bytes | None:
    try:
        for operation in operations:
            item = done(operation, item)
        wire = to_json(item)
        KeyReader(TARGET)(wire)
    except (Refusal, ValueError):
        return None
    return canonical(wire)


@given(st.lists(_operations, min_size=1, max_size=4), st.lists(_items, min_size=1, max_size=3))
@settings(max_examples=40)
def test_compiled_operations_equal_the_plain_ones(operations: list[Operation], items: list[dict[str, Any]]) -> None:
    _compiled_equals_plain(operations, items)


@pytest.mark.slow
@given(st.lists(_operations, min_size=1, max_size=5), st.lists(_items, min_size=1, max_size=3))
@settings(max_examples=300)
def test_compiled_operations_equal_the_plain_ones_often(
    operations: list[Operation], items: list[dict[str, Any]]
) -> None:
    _compiled_equals_plain(operations, items)


def _compiled_equals_plain(operations: list[Operation], items: list[dict[str, Any]]) -> None:
    declared = _declared(operations)
    page = declared.page([to_json(item) for item in items])
    body = b'{"Items":[%b],"Count":%d,"ConsumedCapacity":null}' % (b",".join(map(to_json, items)), len(items))
    scanned = ScanShape("T", 1, consistent=True).page(body, parsed=True)
    whole = declared.page(scanned.items)  # as a table's pages come
    assert (list(whole.items), whole.rejected, whole.keys) == (list(page.items), page.rejected, page.keys)
    assert [bytes(item) for item in scanned.items] == [to_json(item) for item in items]
    assert declared.page(scanned.items).items == whole.items, "it may be asked again"
    made = iter(zip(page.items, page.keys or (), strict=True))
    rejected = iter(page.rejected)
    for item in items:
        expected = _expected(operations, item)
        if expected is None:
            reason = next(rejected)
            assert from_json(reason.item) == item
            with pytest.raises(TransformError) as raised:
                declared.apply(to_json(item))
            assert str(raised.value) == reason.reason
            continue
        new, key = next(made)
        assert canonical(new) == expected
        assert key == KeyReader(TARGET)(new)
        assert declared.apply(to_json(item)) == (new,)
    assert not list(made)
    assert not list(rejected)


@given(_rekeyed, st.lists(_undone, max_size=2), _items)
@settings(max_examples=30, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_an_inverse_leads_back(rekeyed: list[Operation], undone: list[Operation], item: dict[str, Any]) -> None:
    _leads_back([*rekeyed, *undone], item)


@pytest.mark.slow
@given(_rekeyed, st.lists(_undone, max_size=4), _items)
@settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_an_inverse_leads_back_often(rekeyed: list[Operation], undone: list[Operation], item: dict[str, Any]) -> None:
    _leads_back([*rekeyed, *undone], item)


def _leads_back(operations: list[Operation], item: dict[str, Any]) -> None:
    declared = _declared(operations)
    inverse = declared.invertible
    assert (inverse is None) is bool(declared.no_inverse)
    assume(inverse is not None)
    assert inverse is not None
    try:
        (made,) = declared.apply(to_json(item))
    except TransformError:
        return
    assert canonical(inverse.apply(made)[0]) == canonical(to_json(item))


@given(st.lists(_operations, min_size=1, max_size=3), _items)
@settings(max_examples=30)
def test_in_place_twice_is_as_once(operations: list[Operation], item: dict[str, Any]) -> None:
    _twice_as_once(operations, item)


@pytest.mark.slow
@given(st.lists(_operations, min_size=1, max_size=4), _items)
@settings(max_examples=300)
def test_in_place_twice_is_as_once_often(operations: list[Operation], item: dict[str, Any]) -> None:
    _twice_as_once(operations, item)


def _twice_as_once(operations: list[Operation], item: dict[str, Any]) -> None:
    declared = _declared(operations, in_place=True)
    assert declared.keeps_keys
    try:
        (once,) = declared.apply(to_json(item))
    except TransformError:
        return
    assert canonical(declared.apply(once)[0]) == canonical(once)
    assert KeyReader(SOURCE)(once) == KeyReader(SOURCE)(to_json(item))
    touched = declared.reads or frozenset()
    before, after = from_json(to_json(item)), from_json(once)
    assert {n: v for n, v in before.items() if n not in touched} == {n: v for n, v in after.items() if n not in touched}


_BOTH = (Key("id", "S", "HASH"), Key("at", "N", "RANGE"))


@pytest.mark.parametrize(
    ("key", "follows"),
    [
        (["PK=S#{id}", "SK={at:013}"], True),
        (["PK={id}", "SK=AT#{at}"], True),
        (["PK={at:013}#{id}", "SK=x"], True),
        (["PK=X", "SK=META"], False),  # the inverse knows the way back, but all meet in one key
        (["PK=S#{id}", "SK=META"], False),
        (["PK={id}#{at}", "SK=x"], False),  # where id holds a #
        (["PK={id:03}", "SK={at:013}"], False),  # "7" and "07"
    ],
)
def test_that_no_two_items_meet_follows_from_the_key_alone(key: list[str], follows: bool) -> None:
    target = (Key("PK", "S", "HASH"), Key("SK", "S", "RANGE"))
    assert Declared(from_flags({"key": key}), _BOTH, target).injective is follows


@given(st.lists(_operations, min_size=1, max_size=3), _items, _items)
@settings(max_examples=30)
def test_items_never_meet_where_that_is_said(
    operations: list[Operation], one: dict[str, Any], other: dict[str, Any]
) -> None:
    """The strategies' ids are few, so that two items often differ in little."""
    declared = _declared(operations)
    page = declared.page([to_json(one), to_json(other)])
    if declared.injective and one["id"] != other["id"] and len(page.items) == 2 and page.keys is not None:
        assert page.keys[0] != page.keys[1]
