"""DynamoDB's JSON and plain values lose nothing on the way; equal items have equal canonical bytes; sizes as documented."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.local.load.sizes import item_size
from tablewright.migrate.items.canonical import canonical, same_value
from tablewright.migrate.items.key import KeyReader, KeyRefused
from tablewright.migrate.items.numbers import NumberRefused, canonical_number, number_size, number_text
from tablewright.migrate.items.size import fits, size, value_size
from tablewright.migrate.items.values import ValueRefused, encode_value, from_json, to_json
from tablewright.model.table import Key
from tests.laws.item_strategies import items, numbers, respelled, texts

_DESERIALIZER: Any = TypeDeserializer()
PK, SK = Key("PK", "S", "HASH"), Key("n", "N", "RANGE")


@given(items())
@settings(max_examples=12)
def test_plain_values_come_back_from_json(item: dict[str, Any]) -> None:
    assert from_json(to_json(item)) == item
    assert to_json(from_json(to_json(item))) == to_json(item)


@given(items())
@settings(max_examples=12)
def test_boto3_reads_and_writes_the_same(item: dict[str, Any]) -> None:
    wire = json.loads(to_json(item))
    read = {name: _DESERIALIZER.deserialize(_as_boto3(value)) for name, value in wire.items()}
    written = {name: TypeSerializer().serialize(value) for name, value in read.items()}
    assert canonical(json.dumps(_from_boto3(written)).encode()) == canonical(to_json(item))


@given(st.data(), items())
@settings(max_examples=12)
def test_one_item_has_one_canonical_form(data: st.DataObject, item: dict[str, Any]) -> None:
    wire = json.loads(to_json(item))
    otherwise = data.draw(
        st.composite(lambda draw: {n: respelled(wire[n], draw) for n in draw(st.permutations(list(wire)))})()
    )
    assert canonical(json.dumps(otherwise, indent=1).encode()) == canonical(to_json(item))
    assert canonical(canonical(to_json(item))) == canonical(to_json(item))
    assert all(same_value(wire[name], otherwise[name]) for name in wire)


@given(items(), items())
@settings(max_examples=12)
def test_different_items_have_different_canonical_forms(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = _typed(one) == _typed(other)
    assert (canonical(to_json(one)) == canonical(to_json(other))) is same


@given(numbers())
@settings(max_examples=25)
def test_a_number_has_one_spelling(number: Decimal) -> None:
    plain = canonical_number(str(number))
    assert Decimal(plain) == number
    assert "E" not in plain
    assert plain == canonical_number(f"{number:E}") == canonical_number(plain)
    assert number_size(plain) == number_size(f"{number:E}") <= 22


@given(items(PK=texts.filter(bool), n=numbers()))
@settings(max_examples=12)
def test_a_key_is_read_however_the_item_is_written(item: dict[str, Any]) -> None:
    read = KeyReader([SK, PK])
    ascii_only = json.dumps(json.loads(to_json(item)), indent=1).encode()
    assert read(to_json(item)) == read(ascii_only)
    assert read(to_json({**item, "PK": item["PK"] + "x"})) != read(to_json(item))


@given(items())
@settings(max_examples=12)
def test_the_size_agrees_with_the_embedded_aws(item: dict[str, Any]) -> None:
    wire = to_json(item)
    assert size(wire) == item_size(json.loads(wire))
    assert size(wire) <= len(wire)  # what lets ``fits`` leave most items unparsed


@pytest.mark.parametrize(
    ("value", "most"),
    [
        # Developer Guide, "DynamoDB item sizes and formats"
        ("", 0),
        ("김치", 6),
        (b"\x00\x01\x02", 3),
        (None, 1),
        (True, 1),
        ([], 3),
        ({}, 3),
        (["a"], 5),
        ({"k": "v"}, 6),
        ({"a", "bc"}, 3),
        (Decimal("27"), 2),
        (Decimal("-27"), 3),
        (Decimal("9" * 38), 20),
        (Decimal("-" + "9" * 38), 21),
        (Decimal("1000000"), 2),
    ],
)
def test_sizes_worked_by_hand(value: Any, most: int) -> None:
    assert value_size(encode_value(value)) == most


def test_the_limit_counts_names_and_bytes() -> None:
    most = 400 * 1024
    assert fits(to_json({"name": "x" * (most - 4)}))
    assert not fits(to_json({"name": "x" * (most - 3)}))
    assert fits(to_json({"name": b"\x00" * (most - 4)}))  # a third longer as base64


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (0.1, r"it is a float, and floats are not exact: return Decimal\('0\.1'\)"),
        ([1, {"x": 2.5}], "is a float"),
        ({1.5}, "a set with a float"),
        (set(), "empty set"),
        ({"a", 1}, "mixed types"),
        (Decimal("NaN"), "NaN or infinite"),
        (Decimal("Infinity"), "NaN or infinite"),
        (Decimal("1" * 39), "39 significant digits"),
        (10**39 + 1, "40 significant digits"),
        (Decimal("1E+126"), "out of bounds"),
        (Decimal("1E-131"), "out of bounds"),
        (object(), "builtins.object is not a type that DynamoDB holds"),
        ({1: "x"}, "name is int: names are strings"),
    ],
)
def test_what_dynamodb_cannot_hold_is_refused(value: Any, says: str) -> None:
    with pytest.raises(ValueRefused, match=says):
        to_json({"a": value})


def test_numbers_keep_their_38_digits() -> None:
    digits = "1.2345678901234567890123456789012345678"
    assert to_json({"n": Decimal(digits)}) == b'{"n":{"N":"%b"}}' % digits.encode()
    assert number_text(10**38) == "1E+38" or Decimal(number_text(10**38)) == 10**38
    with pytest.raises(NumberRefused, match="not a number"):
        canonical_number("seven")


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (b'{"n":{"N":"1"}}', "'PK' is missing"),
        (b'{"PK":{"N":"1"},"n":{"N":"1"}}', "'PK' is not a string"),
        (b'{"PK":{"S":""},"n":{"N":"1"}}', "'PK' is empty"),
        (b'{"PK":{"S":"' + b"x" * 2049 + b'"},"n":{"N":"1"}}', "2049 bytes, and DynamoDB takes 2048"),
        (b'{"PK":{"S":"a"},"n":{"N":"x"}}', "not a number"),
        (b"{", "not an item"),
    ],
)
def test_keys_that_dynamodb_would_not_take(item: bytes, says: str) -> None:
    with pytest.raises(KeyRefused, match=says):
        KeyReader([PK, SK])(item)


def test_keys_do_not_run_together() -> None:
    read = KeyReader([PK, Key("s", "S", "RANGE")])
    assert read(b'{"PK":{"S":"ab"},"s":{"S":"c"}}') != read(b'{"PK":{"S":"a"},"s":{"S":"bc"}}')


def _typed(value: Any) -> Any:
    """Plain values with their types beside them: ``1 == True`` to Python, not to DynamoDB."""
    if isinstance(value, dict):
        return {name: _typed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_typed(each) for each in value]
    return type(value), value


def _as_boto3(value: dict[str, Any]) -> dict[str, Any]:
    """Binary as boto3's client hands it over: bytes, not base64 text."""
    from base64 import b64decode

    ((kind, held),) = value.items()
    match kind:
        case "B":
            return {kind: b64decode(held)}
        case "BS":
            return {kind: [b64decode(each) for each in held]}
        case "L":
            return {kind: [_as_boto3(each) for each in held]}
        case "M":
            return {kind: {name: _as_boto3(each) for name, each in held.items()}}
    return value


def _from_boto3(value: Any) -> Any:
    from base64 import b64encode

    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _from_boto3(each) for name, each in value.items()}
    return [_from_boto3(each) for each in value] if isinstance(value, list) else value
