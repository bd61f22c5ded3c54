"""Transform files and flags say the same operations; what they cannot mean is refused before an item is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tablewright.errors import UsageError
from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.flags import FORMS, from_flags
from tablewright.migrate.transform.operations import Operation
from tablewright.migrate.transform.reading import KINDS, read_operations
from tablewright.model.table import Key

SOURCE = (Key("id", "S", "HASH"), Key("at", "N", "RANGE"))
TARGET = (Key("PK", "S", "HASH"), Key("SK", "S", "RANGE"))

TOML = """
[[operation]]
key = { PK = "T#{id}", SK = "AT#{at:013}" }
[[operation]]
extract = { code = "{shop}/{number}" }
[[operation]]
split = { name = { into = ["first", "last"], by = " " } }
[[operation]]
merge = { place = { from = ["street", "city"], by = ", " } }
[[operation]]
retype = { score = "N", flag = "BOOL:S" }
[[operation]]
rename = { userId = "uid" }
[[operation]]
set = { version = 2, ratio = 0.1, tags = { dynamodb = '{"SS":["b","a"]}' } }
[[operation]]
default = { status = "open" }
[[operation]]
add = { open = true }
[[operation]]
drop = ["id", "at"]
"""

FLAGS: dict[str, Sequence[str]] = {
    "key": ["PK=T#{id}", "SK=AT#{at:013}"],
    "extract": ["code={shop}/{number}"],
    "split": ["name=first,last@ "],
    "merge": ["place=street,city@, "],
    "retype": ["score:N", "flag:BOOL:S"],
    "rename": ["userId=uid"],
    "set": ["version=2", "ratio=0.1", "tags:SS=b,a"],
    "default": ["status=open"],
    "add": ["open=true"],
    "drop": ["id", "at"],
}

YAML = """
operation:
  - key: { PK: "T#{id}", SK: "AT#{at:013}" }
  - set: { ratio: 0.10000000000000000000000000000000000001 }
"""

ITEM = (
    b'{"id":{"S":"i"},"at":{"N":"7"},"code":{"S":"K/9"},"name":{"S":"Kim Min Su"},"street":{"S":"S"},"city":{"S":"C"},'
    b'"score":{"S":"1.50"},"flag":{"BOOL":true},"userId":{"S":"u"}}'
)
MADE = (
    b'{"code":{"S":"K/9"},"score":{"N":"1.5"},"flag":{"S":"true"},"PK":{"S":"T#i"},"SK":{"S":"AT#0000000000007"},'
    b'"shop":{"S":"K"},"number":{"S":"9"},"first":{"S":"Kim"},"last":{"S":"Min Su"},"place":{"S":"S, C"},"uid":{"S":"u"},'
    b'"version":{"N":"2"},"ratio":{"N":"0.1"},"tags":{"SS":["a","b"]},"status":{"S":"open"},"open":{"BOOL":true}}'
)


def test_a_file_and_the_flags_say_the_same() -> None:
    assert read_operations(TOML) == from_flags(FLAGS)
    assert set(FLAGS) == set(FORMS) == set(KINDS)


def test_every_operation_does_what_it_says() -> None:
    assert Declared(read_operations(TOML), SOURCE, TARGET).apply(ITEM) == (MADE,)


def test_yaml_keeps_every_digit() -> None:
    made = Declared(read_operations(YAML, form="yaml"), SOURCE, TARGET).apply(b'{"id":{"S":"i"},"at":{"N":"7"}}')
    assert b'"ratio":{"N":"0.10000000000000000000000000000000000001"}' in made[0]


def test_a_condition_says_which_items() -> None:
    text = '[[operation]]\nset = { kind = "old" }\nwhen = { equals = { v = 1 }, exists = ["a"], missing = ["b"] }'
    transform = Declared(read_operations(text), SOURCE, SOURCE)
    key = b'{"id":{"S":"i"},"at":{"N":"7"}'
    for rest, meant in [
        (b',"v":{"N":"1.0"},"a":{"NULL":true}}', True),
        (b',"v":{"N":"2"},"a":{"NULL":true}}', False),
        (b',"v":{"S":"1"},"a":{"NULL":true}}', False),
        (b',"v":{"N":"1"}}', False),
        (b',"v":{"N":"1"},"a":{"S":""},"b":{"S":""}}', False),
    ]:
        assert (b'"kind"' in transform.apply(key + rest)[0]) is meant
    assert transform.describe() == ('set kind to {"S":"old"}, where v is {"N":"1"} and there is a and there is no b',)
    assert "has a condition" in transform.no_inverse


@pytest.mark.parametrize(
    ("flag", "text", "value"),
    [
        ("set", "a=text", '{"S":"text"}'),
        ("set", "a=", '{"S":""}'),
        ("set", "a=007", '{"S":"007"}'),
        ("set", "a=-1.50", '{"N":"-1.5"}'),
        ("set", 'a="1"', '{"S":"1"}'),
        ("set", "a=null", '{"NULL":true}'),
        ("set", 'a={"k":[1,0.1]}', '{"M":{"k":{"L":[{"N":"1"},{"N":"0.1"}]}}}'),
        ("set", "a={not json", '{"S":"{not json"}'),
        ("set", "a:S=1", '{"S":"1"}'),
        ("set", "a:NS=1,1.0e1", '{"NS":["1","10"]}'),
        ("set", "a:B=AP8=", '{"B":"AP8="}'),
        ("set", "a:BOOL=false", '{"BOOL":false}'),
        ("set", "a:L=[]", '{"L":[]}'),
    ],
)
def test_values_as_they_are_typed(flag: str, text: str, value: str) -> None:
    (operation,) = from_flags({flag: [text]})
    assert operation.value == value  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("flag", "text", "says"),
    [
        ("rename", "a", "--rename 'a' is written old=new"),
        ("retype", "a", "--retype 'a' is written attribute:TYPE"),
        ("split", "a=b,c", "written name=first,last@SEPARATOR"),
        ("set", "a:N=seven", "not a value in DynamoDB's JSON"),
        ("set", "a:BOOL=yes", "'yes' is no BOOL"),
        ("set", "a:M=[", "is no M"),
        ("key", "PK=T#{id", "A template cannot be read"),
        ("key", "PK={}", "A template cannot be read"),
    ],
)
def test_flags_that_cannot_be_read(flag: str, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        from_flags({flag: [text]})
    assert raised.value.detail


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "is not TOML"),
        ("", "must hold a list of operations"),
        ("operation = []", "holds no operation"),
        ("[[operation]]\nrenam = { a = 'b' }", "there is no operation 'renam'. Did you mean rename?"),
        (
            "[[operation]]\nrename = { a = 'b' }\ndrop = ['c']",
            "must hold one operation beside `when`, and holds 2: rename, drop",
        ),
        ("[[operation]]\nrename = 'a'", "rename must be a table of attribute names"),
        ("[[operation]]\nrename = { a = 1 }", "rename a must be a string"),
        ("[[operation]]\ndrop = [1]", "must name attributes"),
        ("[[operation]]\nsplit = { a = 'b' }", "split a is written"),
        ("[[operation]]\nset = { a = 2026-11-23 }", "datetime.date is not a type that DynamoDB holds"),
        ("[[operation]]\nset = { a = [] }\nwhen = { is = 1 }", "`when` takes equals, exists and missing"),
    ],
)
def test_files_that_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_operations(text)
    assert says in raised.value.detail


def _flags(**given: list[str]) -> tuple[Operation, ...]:
    return from_flags(given)


@pytest.mark.parametrize(
    ("operations", "says"),
    [
        (_flags(key=["PK=T#{id}"]), None),  # SK may be in the items; each is looked at
        (_flags(key=["PK=T#{id}", "SK={at}"]), "The target's 'SK' is S, and the operations make it N"),
        (_flags(key=["PK=T#{id}", "SK=x"], drop=["PK"]), "leave no item with it"),
        (_flags(rename=["id=PK", "at=SK"], retype=["at:S"]), None),
        (_flags(rename=["id=PK", "at=SK"]), "The target's 'SK' is S, and the operations make it N"),
        (_flags(key=["at=T#{id}"]), "Operation 1 (key): it would overwrite 'at', which every item has"),
        (_flags(rename=["id=PK"], key=["SK={PK}"]), "Operation 2 (rename): it would overwrite 'PK'"),
        (_flags(rename=["id=id"]), "'id' is renamed to itself"),
        (_flags(retype=["a:X"]), "'a' cannot be made X from anything"),
        (_flags(retype=["a:L:N"]), "'a' cannot be made N from L"),
        (_flags(extract=["a={b}{c}"]), "must name each attribute once"),
        (_flags(split=["a=b@ "]), "two or more different parts"),
        (_flags(split=["a=b,c@"]), "the separator is empty"),
    ],
)
def test_contradictions_with_the_key_schemas(operations: tuple[Operation, ...], says: str | None) -> None:
    if says is None:
        assert Declared(operations, SOURCE, TARGET).level == 1
        return
    with pytest.raises(UsageError) as raised:
        Declared(operations, SOURCE, TARGET)
    assert says in raised.value.detail


def test_an_attribute_that_is_gone_is_not_referred_to() -> None:
    text = '[[operation]]\ndrop = ["id"]\n[[operation]]\nkey = { PK = "T#{id}", SK = "x" }'
    with pytest.raises(UsageError, match=r"Operation 2 \(key\): it refers to 'id', which no item has any more by then"):
        Declared(read_operations(text), SOURCE, TARGET)


@pytest.mark.parametrize(
    ("operations", "says"),
    [
        (_flags(rename=["id=x"]), "it changes 'id', which is in the table's key"),
        (_flags(key=["a=x#{a}"]), "'a' is made of itself"),
        (_flags(rename=["a=b", "c=a"]), "is written by a later operation too"),
        (_flags(split=["a=a,b@ "]), "a part of itself"),
    ],
)
def test_in_place_twice_must_be_as_once(operations: tuple[Operation, ...], says: str) -> None:
    with pytest.raises(UsageError) as raised:
        Declared(operations, SOURCE, SOURCE, in_place=True)
    assert says in raised.value.detail


def test_fingerprints_tell_transforms_apart() -> None:
    one: list[Any] = [
        Declared(_flags(rename=["a=b"]), SOURCE, SOURCE),
        Declared(_flags(rename=["a=c"]), SOURCE, SOURCE),
        Declared(_flags(rename=["a=b"]), SOURCE, SOURCE, in_place=True),
        Declared(_flags(rename=["a=b"]), SOURCE, SOURCE[:1]),
    ]
    assert len({each.fingerprint for each in one}) == 4
    assert one[0].fingerprint == Declared(_flags(rename=["a=b"]), SOURCE, SOURCE).fingerprint
    assert one[0].keeps_keys and not one[3].keeps_keys


def test_an_inverse_is_said_or_its_absence_explained() -> None:
    kept = Declared(_flags(key=["PK=T#{id}", "SK=AT#{at:013}"], drop=["id", "at"]), SOURCE, TARGET)
    assert kept.no_inverse == "" and kept.invertible is not None
    item = b'{"id":{"S":"i"},"at":{"N":"7"}}'
    assert canonical(kept.invertible.apply(kept.apply(item)[0])[0]) == canonical(item)
    lost = Declared(_flags(drop=["a"]), SOURCE, SOURCE)
    assert lost.invertible is None
    assert lost.no_inverse == "operation 1 (drop) takes 'a' away, and nothing that is left holds its value"
