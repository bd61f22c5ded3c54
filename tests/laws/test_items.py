"""Laws of the short forms: what is typed means one thing, nothing typed stands in an expression, what is hidden stays hidden."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as for_every
from hypothesis import settings
from hypothesis import strategies as st

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.items_table import end_lines, item_lines
from tablewright.cli.faces.marks import ASCII, UNICODE
from tablewright.errors import Failed, UsageError
from tablewright.items.budget import Budget
from tablewright.items.condition import (
    COMPARATORS,
    Attribute,
    Between,
    Call,
    Compare,
    Condition,
    Every,
    In,
    Literal,
    Not,
    Placeholders,
    Size,
    Some,
    expression,
    written,
    written_path,
)
from tablewright.items.continuation import Place, decode, encode
from tablewright.items.keys import key_condition, key_of
from tablewright.items.literal import checked_value, item_of_json, number, plain_json, read_json, value_of
from tablewright.items.parse import parse_condition, parse_paths
from tablewright.items.redaction import HIDDEN, redaction_for, withheld
from tablewright.items.run import End
from tablewright.items.statement import statement
from tablewright.model.table import Key


def given(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Hypothesis' own, with few examples: these run in the fast suite."""
    return lambda law: settings(max_examples=30)(for_every(*strategies)(law))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = st.one_of(
    st.sampled_from(["status", "and", "Size", "이름", "a-b", "a.b", "with space", "`", "size", "IN", "begins_with"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8),
)
PATH = st.builds(lambda name, rest: (name, *rest), NAME, st.lists(st.one_of(NAME, st.integers(0, 99)), max_size=3))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)


def _value(told: object) -> Any:
    return value_of(read_json(json.dumps(told))[0])


LITERAL = JSON.map(lambda told: Literal(_value(told)))
VALUE = st.one_of(PATH.map(Attribute), PATH.map(Size), LITERAL)
CONDITION: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(
        st.builds(Compare, st.sampled_from(COMPARATORS), VALUE, VALUE),
        st.builds(Between, VALUE, VALUE, VALUE),
        st.builds(In, VALUE, st.lists(VALUE, min_size=1, max_size=3).map(tuple)),
        st.builds(Call, st.sampled_from(["attribute_exists", "attribute_not_exists"]), PATH),
        st.builds(Call, st.sampled_from(["begins_with", "contains"]), PATH, VALUE),
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Every),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Some),
    ),
    max_leaves=5,
)
KEYS = (Key("주문 번호", "S", "HASH"), Key("n", "N", "RANGE"))


@given(CONDITION)
def test_a_condition_that_is_written_is_read_as_the_same(condition: Condition) -> None:
    assert parse_condition(written(condition)) == condition


@given(CONDITION)
def test_an_expression_holds_placeholders_and_nothing_that_was_typed(condition: Condition) -> None:
    into = Placeholders()
    text = expression(condition, into)
    members = into.members()

    words = r"AND|OR|NOT|IN|BETWEEN|size|attribute_exists|attribute_not_exists|begins_with|contains"
    assert re.fullmatch(rf"(?:#n\d+|:v\d+|\[\d+\]|<=|>=|<>|[=<>(),. ]|(?:{words})(?=[ (]))*", text), text
    used = set(re.findall(r"[#:][nv]\d+", text))
    assert used == set(members.get("ExpressionAttributeNames", {})) | set(members.get("ExpressionAttributeValues", {}))


@given(st.lists(PATH, min_size=1, max_size=4, unique=True))
def test_attributes_that_are_written_are_read_as_the_same(paths: list[Any]) -> None:
    assert list(parse_paths(", ".join(map(written_path, paths)))) == paths


@given(st.text(st.sampled_from("ab 'ㄱ\"`()[]{}=<>,.!0123456789-andortinull\\\ud800"), max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        parse_condition(text)
    except UsageError as error:
        assert error.code == "malformed-condition"


def test_precedence_and_the_words_of_the_short_form() -> None:
    a, b = (Call("attribute_exists", (name,)) for name in "ab")
    assert parse_condition("a exists or b exists and not a exists") == Some((a, Every((b, Not(a)))))
    assert parse_condition("status != 'it''s'") == Compare("<>", Attribute(("status",)), Literal({"S": "it's"}))
    assert parse_condition("tags[0].x missing") == Call("attribute_not_exists", ("tags", 0, "x"))
    assert parse_condition("n in (1, 2.50)") == In(Attribute(("n",)), (Literal({"N": "1"}), Literal({"N": "2.5"})))


@pytest.mark.parametrize(
    "text",
    ["status = DONE", "status", "status =", '= "a"', 'a = "x', "a between 1", "a in ()", "a = 1 b = 2", "not", "a = NaN",
     "(" * 100, "not " * 5000 + "a exists", "[" * 100_000, "a = " + "[" * 100_000, 'attribute_type(a, "X")', "a = 1e999"],
)  # fmt: skip
def test_what_is_malformed_is_refused_and_never_quoted(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_condition(text)
    assert refused.value.code == "malformed-condition"
    assert "--where, at " in refused.value.detail


def test_a_mistake_does_not_quote_the_values_beside_it() -> None:
    for text in ('email = "topsecret" nad a exists', 'email = "topsecret', "email = topsecret", 'email "topsecret"'):
        with pytest.raises(UsageError) as refused:
            parse_condition(text)
        assert "topsecret" not in str(refused.value)


@given(st.integers(-(10**37), 10**37), st.integers(-40, 40))
def test_a_number_keeps_its_value_and_every_digit(digits: int, exponent: int) -> None:
    text = f"{digits}e{exponent}"
    assert Decimal(number(text)) == Decimal(text)
    assert "e" not in number(text).lower()


@given(JSON)
def test_json_goes_in_and_comes_out_the_same(told: Any) -> None:
    value = _value(told)
    assert json.loads(plain_json(value)) == told
    assert checked_value(value) == value


@given(TEXT.filter(str.strip).map(str.strip).filter(lambda text: not text.startswith('"')), st.integers(-99, 99))
def test_keys_are_typed_by_the_schema_whatever_they_look_like(text: str, n: int) -> None:
    assert key_of([f"주문 번호={text}", f"n={n}"], KEYS) == {"주문 번호": {"S": text}, "n": {"N": str(n)}}
    quoted = json.dumps(f" {text} ", ensure_ascii=False)
    assert key_of([f"n = {n}", f"주문 번호={quoted}"], KEYS)["주문 번호"] == {"S": f" {text} "}


@pytest.mark.parametrize(
    "words",
    [["n=1"], ["주문 번호=a", "n=x"], ["주문 번호=a", "n=1", "n=2"], ["주문 번호=", "n=1"], ["주문 번호<a"], ["m=1"],
     ["주문 번호=a", "n begins_with 1"], ["주문 번호=a", "n between 1"], ["주문 번호=" + "가" * 700, "n=1"]],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused_with_the_schema(words: list[str]) -> None:
    with pytest.raises(UsageError) as refused:
        key_condition(words, KEYS)
    assert refused.value.code == "malformed-key"
    assert "주문 번호 (S, partition key), n (N, sort key)" in refused.value.detail


ENTRIES = st.lists(
    st.lists(st.sampled_from(["email", "이메일", "profile", "Phone", "a.b", "x"]), min_size=1, max_size=3).map(
        ".".join
    ),
    min_size=1,
    max_size=3,
)
INNER = st.recursive(
    st.just({"S": "open"}),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda held: {"L": held}),
        st.dictionaries(st.sampled_from(["email", "이메일", "profile", "phone", "a", "b", "x"]), inner, max_size=4).map(
            lambda held: {"M": held}
        ),
    ),
    max_leaves=12,
)


def _planted(value: Any, names: tuple[str, ...], entries: list[str]) -> Any:
    """The value with SECRET wherever the entries, read by the letter, name an attribute."""
    for entry in entries:
        parts = entry.casefold().split(".")
        flat = ".".join(names).casefold().split(".")
        if any(flat[at : at + len(parts)] == parts for at in range(len(flat))):
            return {"S": "SECRET"}
    if "M" in value:
        return {"M": {name: _planted(each, (*names, name), entries) for name, each in value["M"].items()}}
    return {"L": [_planted(each, names, entries) for each in value["L"]]} if "L" in value else value


@given(ENTRIES, st.dictionaries(st.sampled_from(["email", "이메일", "PROFILE", "x", "a.b"]), INNER, max_size=4))
def test_a_redacted_value_is_in_no_output(entries: list[str], item: dict[str, Any]) -> None:
    planted = {name: _planted(value, (name,), entries) for name, value in item.items()}
    redaction = redaction_for({"*": entries}, "orders")
    shown, left = redaction.shown(planted), redaction.without(planted)

    for single in (True, False):
        for columns in (40, 120):
            lines = item_lines([shown], (), columns, UNICODE, single=single) if shown else []
            text = "".join(part for line in lines for part, _ in line)
            assert "SECRET" not in text.replace("\n", "")
    for told in (json.dumps(shown), plain_json({"M": shown}), json.dumps(left)):
        assert "SECRET" not in told
    assert json.dumps(shown).count("open") == json.dumps(planted).count("open")
    assert HIDDEN not in json.dumps(left)


def test_entries_hold_for_the_tables_that_they_name() -> None:
    told = {"*": ["email"], "orders-*": ["memo"], "other.table": ["x"]}
    assert redaction_for(told, "orders-prod").entries == {"email", "memo"}
    assert redaction_for(told, "orders").entries == {"email"}
    assert redaction_for(told, "otherxtable").entries == {"email"}
    assert redaction_for(told, None).entries == {"email", "memo", "x"}
    assert redaction_for(told, "orders").hides(["Cafe\u0301", "EMAIL"])


def test_words_of_aws_that_quote_a_hidden_value_are_withheld() -> None:
    redaction = redaction_for({"*": ["email"]}, "t")
    for request in (
        {"Item": {"email": {"S": "a@b.c"}}},
        {"ExpressionAttributeValues": {":v0": {"L": [{"S": "a@b.c"}]}}},
        {"Statement": "SELECT * FROM t WHERE email = 'a@b.c'"},
    ):
        error = Failed("aws-validation", "AWS refused the request", "GetItem was refused: a@b.c is bad")
        error.text = "a@b.c is bad"
        assert "a@b.c" not in str(withheld(error, request, redaction)) + error.text
    kept = Failed("x", "y", "another is bad")
    assert withheld(kept, {"Item": {"memo": {"S": "another"}}}, redaction).detail == "another is bad"


@pytest.mark.parametrize("text", ["SELECT a.email FROM t", 'SELECT "a"."email" FROM t', "SELECT tags[0] FROM t",
                                  "SELECT a /* */ FROM t", "select a as b from t"])  # fmt: skip
def test_an_answer_that_could_not_be_redacted_is_not_asked_for(text: str) -> None:
    hidden, nothing = redaction_for({"*": ["email"]}, None), redaction_for({}, None)
    with pytest.raises(Exception, match="could not be redacted"):
        statement(text, (), hidden, write=False, consistent=False)
    assert statement(text, (), nothing, write=False, consistent=False)["Statement"] == text
    assert statement('SELECT *  FROM "t"', (), hidden, write=False, consistent=False)


@given(st.floats(1, 2000), st.lists(st.tuples(st.integers(0, 400), st.booleans()), min_size=1, max_size=400))
def test_a_budget_is_overrun_by_one_page_at_most(most: float, items: list[tuple[int, bool]]) -> None:
    left, at = Budget(most), 0
    while left.allows and at < len(items):
        size = left.page()
        page = items[at : at + size]
        units = max(0.5, sum(kilobytes for kilobytes, _ in page) / 8)
        before = left.spent
        left = left.after(units, len(page), size)
        at += len(page)
        assert before < most
    assert at > 0 or most < 0.5


@given(st.integers(1, 200), st.integers(1, 60))
def test_a_budget_of_equal_items_is_kept_and_used(each: int, most: int) -> None:
    """Items of ``each`` x 4 KB, eventually consistent, without end."""
    left = Budget(float(most))
    while left.allows:
        size = left.page()
        left = left.after(max(0.5, size * each / 2), size, size)
    first = min(10, most * 2) * each / 2
    assert left.spent <= max(most, first)
    assert left.spent > most - max(0.5, each / 2) or left.spent >= first


def test_a_continuation_is_of_its_read_alone() -> None:
    request = {
        "TableName": "t",
        "ConsistentRead": False,
        "FilterExpression": "#n0 = :v0",
        "ExpressionAttributeNames": {"#n0": "상태"},
        "ExpressionAttributeValues": {":v0": {"S": "a"}},
    }
    place = Place({"id": {"S": "가"}})
    word = encode(place, request)
    assert decode(word, {**request, "Limit": 3}) == place
    for other in ({**request, "TableName": "u"}, {**request, "ExpressionAttributeNames": {"#n0": "b"}}):
        with pytest.raises(UsageError):
            decode(word, other)
    for broken in ("", "가", word[:-3], "e30", word + "x"):
        with pytest.raises(UsageError):
            decode(broken, request)


@pytest.mark.parametrize("columns", [40, 60, 100])
@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_no_line_is_wider_than_the_screen(columns: int, marks: Any) -> None:
    items: list[Any] = [
        {"주문번호": {"S": "가" * 60}, "x": {"N": "1"}, "\x1b[31m": {"S": "\x1b[31m빨강\n"}},
        {"주문번호": {"S": ""}, **{f"이름-{n}": {"L": [{"S": "값" * 30}]} for n in range(columns // 12)}},
    ]
    for some in (items, items[:1], items[:1] * 2):
        lines = item_lines(some, ("주문번호",), columns, marks, single=False)
        lines += end_lines(End(3, 900, 100.5, "budget", None, True), columns, marks)
        for line in lines:
            text = "".join(part for part, _ in line)
            assert width(text) <= columns, line
            assert "\x1b" not in text and "\n" not in text


def test_an_item_is_read_in_either_form_and_never_quoted_in_errors() -> None:
    plain = item_of_json('{"id": "가", "n": 1.50, "m": {"a": [null, true]}}', typed=False)
    assert plain["n"] == {"N": "1.5"}
    assert item_of_json(json.dumps({"Item": plain}), typed=True) == plain
    for text, typed in (
        ('{"a": "topsecret"', False), ('["topsecret"]', False), ('{"a": "topsecret"} x', False), ('{"a": 1e999}', False),
        ('{"a": "topsecret"}', True), ('{"a": {"N": "topsecret"}}', True), ('{"a": {"B": "topsecret!"}}', True),
        ('{"a": {"X": "topsecret"}}', True), ('{"a": {"S": 5}}', True), ('{"a": "\\ud800"}', False),
    ):  # fmt: skip
        with pytest.raises(UsageError) as refused:
            item_of_json(text, typed=typed)
        assert "topsecret" not in str(refused.value)
