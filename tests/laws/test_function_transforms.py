"""Functions as transforms: what is untouched passes as it is, what is touched loses nothing, what cannot be held is set aside."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.errors import UsageError
from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.items.values import from_json, to_json
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.functions import FunctionTransform
from tablewright.migrate.transform.lazy import Item, encode_item
from tablewright.migrate.transform.load import load_transform
from tablewright.migrate.transform.protocol import TransformError
from tablewright.migrate.transform.unchanged import Unchanged
from tablewright.migrate.wire.shapes import ScanShape
from tablewright.model.table import Key
from tests.laws.item_strategies import items, texts

SOURCE = (Key("id", "S", "HASH"),)
TARGET = (Key("PK", "S", "HASH"),)
ITEM = b'{"id":{"S":"1"},"n":{"N":"1.10"},"rest":{"M":{"a":{"NS":["3","1"]}}}}'


def _transform(
    function: Callable[[Any], Any], level: int = 3, schema: type[msgspec.Struct] | None = None
) -> FunctionTransform:
    return FunctionTransform(function, SOURCE, TARGET, name="f", source="", level=level, schema=schema)


@given(items(id=texts.filter(bool)), st.integers(0, 63))
@settings(max_examples=30)
def test_an_item_read_late_is_as_one_read_at_once(item: dict[str, Any], asked: int) -> None:
    wire = to_json(item)
    read = Item.read(wire)
    for number, name in enumerate(item):
        if asked >> number & 1:
            assert read[name] == item[name]
    assert canonical(encode_item(read)) == canonical(wire)
    assert Item.read(wire) == item == Item.read_whole(wire)
    for again in (
        dict(Item.read(wire)),
        {**Item.read(wire)},
        Item.read(wire).copy(),
        Item.read(wire) | {},
        {} | Item.read(wire),
    ):
        assert again == item
    assert copy.deepcopy(Item.read(wire)) == pickle.loads(pickle.dumps(Item.read(wire))) == item
    assert list(Item.read(wire).values()) == list(item.values())
    assert list(Item.read(wire).items()) == list(item.items())
    popped = Item.read(wire)
    assert {name: popped.pop(name) for name in item} == item and popped == {}


def test_what_is_not_touched_passes_byte_for_byte() -> None:
    def key(item: dict[str, Any]) -> dict[str, Any]:
        item["PK"] = f"T#{item['id']}"
        return item

    assert _transform(key).apply(ITEM) == (ITEM[:-1] + b',"PK":{"S":"T#1"}}',)


@given(items(id=texts.filter(bool)))
@settings(max_examples=20)
def test_both_levels_and_declared_operations_do_the_same(item: dict[str, Any]) -> None:
    def plain(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "PK": "T#" + item["id"]}

    def on_json(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "PK": {"S": "T#" + item["id"]["S"]}}

    item.pop("PK", None)
    declared = load_transform(None, SOURCE, TARGET, operations=_key())
    pages = [each.page([to_json(item)] * 2) for each in (_transform(plain), _transform(on_json, 2), declared)]
    made = [[canonical(new) for new in page.items] for page in pages]
    assert made[0] == made[1] == made[2]
    assert list(pages[0].keys or ()) == list(pages[1].keys or ()) == list(pages[2].keys or ())


def _key() -> Any:
    from tablewright.migrate.transform.flags import from_flags

    return from_flags({"key": ["PK=T#{id}"]})


class Part(msgspec.Struct):
    size: int
    label: str | None = None


class Row(msgspec.Struct):
    id: str
    n: Decimal
    raw: bytes
    done: bool
    tags: set[str] | None = None
    ns: set[Decimal] | None = None
    parts: list[Part] = msgspec.field(default_factory=list)
    more: dict[str, str] | None = None


def test_a_schema_gives_attributes_by_name() -> None:
    def widen(row: Row) -> list[dict[str, Any] | Row]:
        row.n += 1
        row.parts[0].size *= 2
        return [{"PK": row.id, "sizes": [part.size for part in row.parts], "tags": row.tags}]

    item: dict[str, Any] = {
        "id": "a",
        "n": Decimal("1.5"),
        "raw": b"\x00",
        "done": True,
        "tags": {"x"},
        "parts": [{"size": 2, "label": None}],
    }
    transform = _transform(widen, schema=Row)
    assert from_json(transform.apply(to_json(item))[0]) == {"PK": "a", "sizes": [4], "tags": {"x"}}
    kept = FunctionTransform(lambda row: row, SOURCE, SOURCE, name="f", source="", schema=Row)
    del item["parts"][0]["label"]
    assert from_json(kept.apply(to_json(item))[0]) == item
    with pytest.raises(TransformError, match="unknown field `else`"):
        transform.apply(to_json({**item, "else": "x"}))
    with pytest.raises(TransformError, match="missing required field `n`"):
        transform.apply(b'{"id":{"S":"a"},"raw":{"B":""},"done":{"BOOL":true}}')


def test_a_schema_that_dynamodb_cannot_hold_is_refused() -> None:
    class Wrong(msgspec.Struct):
        id: str
        price: float

    Wrong.__annotations__ = {"id": str, "price": float}
    with pytest.raises(UsageError, match=r"price is <class 'float'>.*floats are not exact"):
        _transform(lambda row: row, schema=Wrong)


def _floats(item: dict[str, Any]) -> dict[str, Any]:
    return {"PK": "a", "score": 0.1}


def _raises(item: dict[str, Any]) -> dict[str, Any]:
    return {"PK": item["nothing"]}


def _twice(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"PK": "a", "n": 1}
    yield {"PK": "a", "n": 2}


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (_floats, r"attribute 'score': it is a float, and floats are not exact: return Decimal\('0.1'\)"),
        (_raises, r"KeyError: 'nothing' is not in the item \(test_function_transforms.py, line \d+\)"),
        (lambda item: int("secret"), r"the function raised ValueError \(test_function_transforms.py, line \d+\)$"),
        (lambda item: sys.exit(0), r"the function raised SystemExit \(test_function_transforms.py, line \d+\)$"),
        (_twice, "returned two items with one key"),
        (lambda item: {"PK": ""}, "'PK' is empty"),
        (lambda item: {"PK": 1}, "'PK' is not a string"),
        (lambda item: {"SK": "x"}, "'PK' is missing"),
        (lambda item: "text", "returned str"),
        (lambda item: [{"PK": "a"}, 1], "returned int among its items"),
        (lambda item: {"PK": "a", "big": "x" * 409_600}, "the item would have 409,606 bytes"),
        (lambda item: {"PK": "a", "o": object()}, "attribute 'o': builtins.object is not a type"),
        (lambda item: {**item, 1: "x", "PK": "a"}, "name is int: names are strings"),
    ],
)
def test_bad_results_are_set_aside_with_the_reason(function: Callable[[Any], Any], says: str) -> None:
    page = _transform(function).page([ITEM, ITEM])
    assert [rejected.item for rejected in page.rejected] == [ITEM, ITEM]
    assert list(page.items) == list(page.keys or ()) == []
    assert not any("secret" in rejected.reason for rejected in page.rejected)
    with pytest.raises(TransformError, match=says):
        _transform(function).apply(ITEM)


@pytest.mark.parametrize("level", [2, 3])
def test_a_page_of_a_table_is_as_its_items(level: int) -> None:
    """Cut at its attributes in one go; some items are refused, and are told as they were read."""

    def some(item: dict[str, Any]) -> dict[str, Any] | None:
        if item["n"] == (Decimal(1) if level == 3 else {"N": "1"}):
            raise ValueError
        item["PK"] = item.pop("id")
        return dict(item) if "all" in item else item

    held = [to_json({"id": f"i{n}", "n": n, "tags": {"a", "b"}, "PK": "x"}) for n in range(3)]
    for wire in (held, [to_json({"id": "0", "n": 0, "all": True}), *held]):
        transform = _transform(some, level=level)
        scanned = ScanShape("T", 1, consistent=True).page(
            b'{"Items":[%b],"Count":%d}' % (b",".join(wire), len(wire)), parsed=True
        )
        assert transform.parses
        page, plain = transform.page(scanned.items), _transform(some, level=level).page(wire)
        assert (list(map(canonical, page.items)), page.keys) == (list(map(canonical, plain.items)), plain.keys)
        assert page.rejected == plain.rejected and len(page.rejected) == 1
        assert transform.parses is (wire is held), "the next page is not cut for one that looks at everything"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"S": 1}, "not a value"),
        ({"N": 1}, "not a value"),
        ({"N": "1e200"}, "out of bounds"),
        ({"SS": ["a", "a"]}, "twice"),
        ({"NS": []}, "empty set"),
        ({"B": "%"}, "not a value"),
        ({"X": "1"}, "'X' is not one of DynamoDB's types"),
        ({"M": {"a": {"L": [{"S": 1}]}}}, "not a value"),
        ("x", "not a value"),
    ],
)
def test_json_that_dynamodb_would_refuse_is_set_aside(value: Any, says: str) -> None:
    with pytest.raises(TransformError, match=says):
        _transform(lambda item: {"PK": {"S": "a"}, "v": value}, 2).apply(ITEM)


def test_none_and_several_items() -> None:
    assert _transform(lambda item: None).apply(ITEM) == ()
    page = _transform(lambda item: ({"PK": f"{item['id']}#{n}"} for n in range(2))).page([ITEM])
    assert [from_json(new) for new in page.items] == [{"PK": "1#0"}, {"PK": "1#1"}]
    assert page.keys == [b"1#0", b"1#1"]


MODULE = """
from decimal import Decimal
import msgspec
from tablewright import DynamoDBJson
from beside import PREFIX

class Row(msgspec.Struct):
    id: str

def plain(item):
    return {"PK": PREFIX + item["id"]}

def plain_inverse(item):
    return {"id": item["PK"].removeprefix(PREFIX)}

def wired(item: DynamoDBJson) -> DynamoDBJson:
    return {"PK": item["id"]}

def typed(row: "Row"):
    return {"PK": row.id}

async def late(item):
    return item

def two(item, other):
    return item
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("PREFIX = 'T#'\n")
    (tmp_path / "mine.py").write_text(MODULE)
    return tmp_path / "mine.py"


def test_functions_are_loaded_by_module_and_name(module: Path) -> None:
    plain, wired, typed = (load_transform(f"{module}:{name}", SOURCE, TARGET) for name in ("plain", "wired", "typed"))
    assert (plain.level, wired.level, typed.level) == (3, 2, 3)
    assert from_json(plain.apply(b'{"id":{"S":"1"}}')[0]) == {"PK": "T#1"}
    assert plain.describe() == ("mine.py:plain, on plain values",)
    assert typed.describe() == ("mine.py:typed, on Row",)
    assert plain.invertible is not None and wired.invertible is None
    assert plain.invertible.apply(plain.apply(b'{"id":{"S":"1"}}')[0]) == (b'{"id":{"S":"1"}}',)
    assert len({plain.fingerprint, wired.fingerprint, typed.fingerprint}) == 3


def test_a_changed_source_is_another_transform(module: Path) -> None:
    before = load_transform(f"{module}:plain", SOURCE, TARGET).fingerprint
    assert load_transform(f"{module}:plain", SOURCE, TARGET).fingerprint == before
    (module.parent / "beside.py").write_text("PREFIX = 'U#'\n")
    assert load_transform(f"{module}:plain", SOURCE, TARGET).fingerprint != before


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mine.py:none", "no function 'none'; it has plain, plain_inverse, wired, typed, late, two"),
        ("mine.py:late", "write it with def"),
        ("mine.py:two", r"takes \(item, other\)"),
        ("missing.py:f", "No such file"),
        ("mine.py", "neither a file of operations"),
        ("broken.py:f", "broken.py, line 1: SyntaxError"),
        ("raising.py:f", "raising.py, line 2: ZeroDivisionError"),
    ],
)
def test_what_cannot_be_loaded_is_said(module: Path, name: str, says: str) -> None:
    (module.parent / "broken.py").write_text("def f(:\n")
    (module.parent / "raising.py").write_text("\n1 / 0\n")
    with pytest.raises(UsageError, match=says):
        load_transform(str(module.parent / name), SOURCE, TARGET)


def test_without_a_name_items_pass_and_files_are_read(tmp_path: Path) -> None:
    assert isinstance(load_transform(None, SOURCE, SOURCE), Unchanged)
    file = tmp_path / "t.toml"
    file.write_text('[[operation]]\nkey = { PK = "T#{id}" }\n')
    declared = load_transform(str(file), SOURCE, TARGET)
    assert isinstance(declared, Declared)
    assert declared.apply(ITEM)[0].endswith(b'"PK":{"S":"T#1"}}')


def test_an_item_is_a_dict_to_whoever_asks() -> None:
    import json

    wire = b'{"id":{"S":"1"},"m":{"M":{"k":{"S":"v"}}}}'
    assert json.loads(json.dumps(Item.read(wire))) == {"id": "1", "m": {"k": "v"}}
    assert "{id}".format(**Item.read(wire)) == "1"
    match Item.read(wire):
        case {"id": str(name), "m": {"k": inner}}:
            assert (name, inner) == ("1", "v")
        case _:
            pytest.fail("a mapping pattern does not match")
    updated = {"x": 1}
    updated.update(Item.read(wire))
    assert updated == {"x": 1, "id": "1", "m": {"k": "v"}}
    changed = Item.read(wire)
    changed["m"]["k"] = "w"
    assert encode_item(changed) == wire.replace(b'"v"', b'"w"')
