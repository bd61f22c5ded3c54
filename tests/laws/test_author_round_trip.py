"""An edit and its removal give the same bytes, over every template of the other tests and in every style of writing.

What stands in a file stays: each line that was there before an edit is there after it, in the same order.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from tablewright.access.patterns import wish
from tablewright.author import features, removal
from tablewright.author.alarm_kinds import KINDS
from tablewright.author.alarm_plan import Wish
from tablewright.author.alarm_set import add_alarms
from tablewright.author.dashboard import add_dashboard
from tablewright.author.editing import Text, put_item, take_item
from tablewright.author.granting import add_policy
from tablewright.author.indexes import NewIndex, add_index
from tablewright.author.notices import Notice
from tablewright.author.scaling import Scaling, add_scaling
from tablewright.author.siblings import family, word
from tablewright.author.tables import Key, NewTable, add_table
from tablewright.author.unscaling import remove_scaling
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tests/cases", "examples")

Edit = Callable[[Text, str], Text]


def _removes(key: str, what: str) -> Edit:
    return lambda text, table: removal.remove_setting(text, table, key, what)


def _alarms(text: Text, table: str) -> Text:
    return add_index(text, NewIndex(table, Key("roundTripped"), alarm=True))


def _new(text: Text, _: str) -> Text:
    return add_table(text, NewTable("round-tripped", Key("roundId"), Key("roundSort", "N")))


def _old(text: Text, _: str) -> Text:
    new = next(one for one in family(text).tables if one.short == "round-tripped" or "RoundTripped" in one.logical_id)
    return removal.remove_table(text, new.logical_id)


def _set(text: Text, table: str, kinds: tuple[str, ...] = ("throttled-reads", "capacity", "account-reads")) -> Text:
    wish = Wish((table,), kinds=kinds, candidates=True)
    made = add_alarms(text, wish, Notice(emails=("ops@example.com",)), composite=True)
    MADE[made.text.text] = (*(one.logical_id for one in made.planned), *made.composites), made.others
    return made.text


MADE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
"""The text with a set of alarms -> the alarms, and what was written besides."""


def _unset(text: Text, _: str) -> Text:
    alarms, others = MADE.pop(text.text)
    text = removal.remove_alarms(text, alarms)
    for name in reversed(others):
        text = removal.remove_named(text, "Resources", name)
    return text


PAIRS: dict[str, tuple[Edit, Edit]] = {
    "table": (_new, _old),
    "index": (_alarms, lambda text, table: removal.remove_index(text, table, "roundTripped-index")),
    "alarms": (_set, _unset),
    "dashboard": (
        lambda text, _: add_dashboard(text, "RoundTripped").text,
        lambda text, _: removal.remove_dashboard(text, "RoundTripped"),
    ),
    "ttl": (
        lambda text, table: features.add_ttl(text, table, "roundTripped"),
        _removes("TimeToLiveSpecification", "TTL"),
    ),
    "stream": (
        lambda text, table: features.add_stream(text, table, "NEW_IMAGE"),
        _removes("StreamSpecification", "stream"),
    ),
    "tag": (
        lambda text, table: features.add_tag(text, table, "RoundTripped", "yes"),
        lambda text, table: removal.remove_tag(text, table, "RoundTripped"),
    ),
    "scaling": (
        lambda text, table: add_scaling(text, Scaling(table, 5, 50)),
        lambda text, table: remove_scaling(text, table),
    ),
    "policy": (
        lambda text, table: add_policy(text, (wish("read"),), (table,), "RoundTrippedAccess"),
        lambda text, _: removal.remove_policy(text, "RoundTrippedAccess"),
    ),
    "output": (
        lambda text, table: features.add_output(text, table, "arn"),
        lambda text, table: removal.remove_named(text, "Outputs", _output(text, table)),
    ),
}


def _output(text: Text, table: str) -> str:
    found = family(text).named(table)
    return f"{word(found.short or found.logical_id)}TableArn"


def _templates() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".yaml", ".yml", ".json") and path.is_file():
                text = path.read_bytes()
                if b"AWS::DynamoDB::Table" in text and b"Resources" in text:
                    yield path


def _readable(path: Path) -> Text | None:
    try:
        text = Text(path.read_bytes().decode("utf-8-sig"), path.name)
        return text if family(text).tables else None
    except (UsageError, UnicodeDecodeError):
        return None


def _round(text: Text, name: str) -> str | None:
    """None where the edit and its removal gave the same text; else why it was refused."""
    table = family(text).tables[0].logical_id
    add, remove = PAIRS[name]
    try:
        text = features.set_billing(text, table, "provisioned", 2, 2) if name == "scaling" else text
        edited = add(text, table)
    except UsageError as error:
        assert error.code in REFUSALS, (text.path, name, str(error))
        return error.code
    assert edited.text != text.text
    _kept(text, edited)
    again = remove(edited, table)
    assert again.text == text.text, (text.path, name)
    return None


REFUSALS = {
    "cannot-edit", "ttl-already", "already-there", "name-in-use", "no-stream", "too-many-indexes", "attribute-of-another-type",
    "no-resources", "tables-under-conditions", "global-capacity", "table-key-unknown",
}  # fmt: skip


def _kept(before: Text, after: Text) -> None:
    """Every line that was there still is, in its order; in JSON a comma may follow, and one line may be filled."""
    old, new = before.text.splitlines(), after.text.splitlines()
    if before.is_json or len(old) < 3:
        return
    lost = [
        old[start:end]
        for kind, start, end, _, _ in SequenceMatcher(None, old, new, False).get_opcodes()
        if kind in ("delete", "replace")
    ]
    gone = [line for lines in lost for line in lines]
    assert all("[" in line or "{" in line or line.rstrip().endswith(":") for line in gone), gone
    assert not [line for line in gone if line.lstrip().startswith("#")]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_templates_of_the_tests_come_back(name: str, every: int) -> None:
    outcomes: Counter[str] = Counter()
    for path in list(_templates())[::every]:
        text = _readable(path)
        if text is not None:
            outcomes[_round(text, name) or "same"] += 1
    assert outcomes["same"] >= 40, outcomes
    assert outcomes["cannot-edit"] * 10 <= outcomes["same"], outcomes


def _styles() -> Iterator[tuple[str, str]]:
    """The example's and the guide's templates in every other way of writing them."""
    from tablewright.author.writing import Style, as_plain, value_of, yaml_entry
    from tablewright.template.decode import decode

    sources = {
        "example": ROOT / "examples/ai-chef/backend/infrastructure/dynamodb-schema.yaml",
        "guide": ROOT / "tests/cases/guide/dynamodb-schema.yaml",
    }
    for name, path in sources.items():
        body = path.read_text()
        tree = decode(body, path.name)
        plain = as_plain(value_of(tree))
        yield f"{name} as it is", body
        yield f"{name} without a final line break", body.rstrip("\n")
        yield f"{name} with blank lines at its end", body + "\n\n"
        yield f"{name} with a comment at its end", body + "# the end\n"
        yield f"{name} with carriage returns", body.replace("\n", "\r\n")
        yield f"{name} with carriage returns and no final one", body.rstrip("\n").replace("\n", "\r\n")
        yield f"{name} without blank lines", "\n".join(line for line in body.splitlines() if line.strip()) + "\n"
        yield (
            f"{name} with trailing comments",
            "\n".join(
                f"{line}  # note" if line.strip() and "#" not in line and line[-1] not in ":|>-" else line
                for line in body.splitlines()
            )
            + "\n",
        )
        for indent in (1, 2, 4, 8):
            yield f"{name} as JSON by {indent}", json.dumps(plain, indent=indent) + "\n"
        yield f"{name} as JSON by tabs", json.dumps(plain, indent="\t") + "\n"
        yield f"{name} as JSON in one line", json.dumps(plain)
        yield f"{name} as JSON without spaces", json.dumps(plain, separators=(",", ":"))
        yield f"{name} as JSON with carriage returns", json.dumps(plain, indent=2).replace("\n", "\r\n")
        alone = re.sub(r"(?m)^( *)- (?=[A-Z][A-Za-z]*:)", r"\1-\n\1  ", body)  # as AWS's own samples have it
        yield f"{name} with dashes alone on their lines", alone
        yield f"{name} with commented dashes alone on their lines", re.sub(r"(?m)^( *)-$", r"\1-  # one", alone)
        value = value_of(tree)
        assert isinstance(value, dict)
        for quote in ("'", '"'):
            lines = [line for key, one in value.items() for line in yaml_entry(key, one, 0, Style(2, 2, quote))]
            yield f"{name} with {quote} around every key and text", "\n".join(lines) + "\n"
        for step in (2, 3, 4):
            for dash in (0, 2, step):
                style = Style(step, dash)
                lines = [line for key, inner in value.items() for line in yaml_entry(key, inner, 0, style)]
                yield f"{name} as YAML by {step} and {dash}", "\n".join(lines) + "\n"
                yield f"{name} as YAML by {step} and {dash}, bare", "\n".join(lines)


STYLES = dict(_styles())


@pytest.mark.slow
def test_alarms_of_every_kind_come_back_in_every_style(monkeypatch: pytest.MonkeyPatch) -> None:
    def every(text: Text, table: str) -> Text:
        return _set(text, table, tuple(KINDS))

    monkeypatch.setitem(PAIRS, "alarms", (every, _unset))
    for style, body in STYLES.items():
        assert _round(Text(body, style), "alarms") is None, style
        assert _round(Text(body, style), "dashboard") is None, style


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_every_style_comes_back(name: str, every: int) -> None:
    for style, body in list(STYLES.items())[::every]:  # one test for all: each is a few milliseconds
        outcome = _round(Text(body, style), name)
        assert outcome in (None, "ttl-already", "already-there", "name-in-use"), (style, outcome)


def test_there_are_styles_enough() -> None:
    assert len(STYLES) >= 40
    assert sum(_readable(path) is not None for path in _templates()) >= 40


LISTED = {
    "AttributeDefinitions:\n        -\n          AttributeName: id\n          AttributeType: S": (
        "\n        -\n          AttributeName: kind\n          AttributeType: S"
    ),
    "AttributeDefinitions:\n        - { AttributeName: id, AttributeType: S }": (
        "\n        - { AttributeName: kind, AttributeType: S }"
    ),
    "AttributeDefinitions: [{AttributeName: id, AttributeType: S}]": ", {AttributeName: kind, AttributeType: S}",
    '{"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}': (
        ',{"AttributeName":"kind","AttributeType":"S"}'
    ),
    '{"AttributeDefinitions": [{"AttributeName": "id"}]}': ', {"AttributeName": "kind", "AttributeType": "S"}',
    '{\n\t"AttributeDefinitions": [\n\t\t{ "AttributeName": "id" }\n\t]\n}': (
        ',\n\t\t{ "AttributeName": "kind", "AttributeType": "S" }'
    ),
    '{\n\t"AttributeDefinitions": [\n\t\t{\n\t\t\t"AttributeName": "id"\n\t\t}\n\t]\n}': (
        ',\n\t\t{\n\t\t\t"AttributeName": "kind",\n\t\t\t"AttributeType": "S"\n\t\t}'
    ),
    '{\n\t"AttributeDefinitions": []\n}': (
        '\n\t\t{\n\t\t\t"AttributeName": "kind",\n\t\t\t"AttributeType": "S"\n\t\t}\n\t'
    ),
}
"""A list -> what stands after its last item once another is added."""


@pytest.mark.parametrize("body", LISTED)
def test_an_item_is_written_as_the_one_before_it(body: str) -> None:
    text = Text(body, "t")
    after = put_item(text, ("AttributeDefinitions",), {"AttributeName": "kind", "AttributeType": "S"})
    at = next(at for at, (old, new) in enumerate(zip(body + "\0", after.text, strict=False)) if old != new)
    written = LISTED[body]
    assert after.text.count(written) == 1 and after.text.replace(written, "", 1) == body, (at, after.text)
    if "[]" not in body:
        assert take_item(after, ("AttributeDefinitions", 1)).text == body


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("TableName KeySchema Tags", "TableName KeySchema StreamSpecification Tags"),
        ("Tags KeySchema TableName", "Tags KeySchema TableName StreamSpecification"),
        ("KeySchema Tags", "KeySchema StreamSpecification Tags"),
        ("BillingMode KeySchema TableName", "BillingMode KeySchema StreamSpecification TableName"),  # by the alphabet
        ("Fn::Transform", "Fn::Transform StreamSpecification"),
    ],
)
def test_a_property_stands_where_a_person_would_write_it(keys: str, found: str) -> None:
    lines = [f"      {key}: x\n      # of {key}\n" for key in keys.split()]
    text = Text("Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n" + "".join(lines), "t.yaml")
    after = features.add_stream(text, "T", "NEW_IMAGE")
    properties = after.at(("Resources", "T", "Properties"))
    assert isinstance(properties, Mapping) and [entry.key for entry in properties.entries] == found.split()
    assert removal.remove_setting(after, "T", "StreamSpecification", "stream").text == text.text


@pytest.mark.parametrize("style", STYLES)
def test_what_is_added_follows_the_style(style: str) -> None:
    text = Text(STYLES[style], style)
    after = add_table(text, NewTable("orders", Key("orderId")))
    table = after.at(("Resources", "AiChefOrdersTable"))
    assert isinstance(table, Mapping)
    schema = after.at(("Resources", "AiChefOrdersTable", "Properties", "KeySchema"))
    assert isinstance(schema, Sequence) and len(schema.items) == 1
    assert ("\r\n" in after.text) is ("\r\n" in text.text)
    assert after.text.count("\n") - after.text.count("\r\n") == (0 if "\r\n" in text.text else after.text.count("\n"))
    assert after.style == text.style
    bare = re.search(r"(?m)^ +(- )?[A-Z]\w+:", after.text)
    assert (bare is None) is bool(after.style.quote) or after.is_json
