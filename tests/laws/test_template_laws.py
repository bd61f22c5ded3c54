"""Laws of reading templates: whatever the text, a design or an error with its place; JSON and YAML read alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.errors import UsageError
from tablewright.model.design import Design, Position
from tablewright.template.decode import decode_bytes
from tablewright.template.from_yaml import decode_slowly, decode_yaml
from tablewright.template.read import read_design

EXAMPLE = (Path(__file__).parents[2] / "examples/ai-chef/backend/infrastructure/dynamodb-schema.yaml").read_text()
LINES = EXAMPLE.splitlines(keepends=True)

NOWHERE = Position(0, 0)
SMALL = ("a: [1, {b: !Ref c}]\nd: |\n  x\n  y\n", "a: 'it''s'\nb: \"x\\u00e9\"\n", "- 1\n- ~\n")

names = st.sampled_from(("Orders", "Results", "Sessions"))
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
functions = st.sampled_from(
    ("Ref", "Condition", "Fn::Sub", "Fn::Join", "Fn::If", "Fn::Select", "Fn::Split", "Fn::FindInMap", "Fn::GetAtt", "Fn::Equals",
     "Fn::Not", "Fn::And", "Fn::Or", "Fn::Length", "Fn::Base64", "Fn::Transform", "Fn::ImportValue")
)  # fmt: skip
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 999)
    | texts
    | st.sampled_from(("AWS::StackName", "AWS::NoValue", "Stage", "Is")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts, inner, max_size=3)
        | st.builds(lambda name, value: {name: value}, functions, inner)
    ),
    max_leaves=12,
)
templates = st.fixed_dictionaries(
    {
        "Resources": st.dictionaries(
            names,
            st.fixed_dictionaries(
                {"Type": st.just("AWS::DynamoDB::Table")},
                optional={
                    "Properties": st.dictionaries(
                        st.sampled_from(("TableName", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes",
                                         "TimeToLiveSpecification", "StreamSpecification", "Replicas")),
                        values, max_size=4,
                    ),
                    "Condition": st.sampled_from(("Is", "Not")),
                    "DeletionPolicy": values,
                },
            ),
            min_size=1,
        )
    },
    optional={
        "Parameters": st.just({"Stage": {"Type": "String", "Default": "dev"}}),
        "Conditions": st.dictionaries(st.sampled_from(("Is", "Not")), values, max_size=2),
        "Mappings": values,
        "Outputs": values,
        "Transform": values,
    },
)  # fmt: skip


def _without_places(design: Design) -> Design:
    return replace(
        design,
        body="",
        resources=tuple(replace(r, position=NOWHERE) for r in design.resources),
        excluded=tuple(replace(r, position=NOWHERE) for r in design.excluded),
    )


@given(templates)
def test_whatever_a_template_says_it_is_read_or_refused(template: dict[str, Any]) -> None:
    try:
        read_design(json.dumps(template), stack="s")
    except UsageError as error:
        assert error.code and error.detail


@given(templates)
def test_json_and_yaml_read_alike(template: dict[str, Any]) -> None:
    """A JSON text is YAML as well, as long as a comment stands before it."""
    text = json.dumps(template, ensure_ascii=False)
    try:
        first = _without_places(read_design(text, stack="s"))
    except UsageError:
        return
    second = _without_places(read_design("# yaml\n" + text, stack="s"))
    assert first == second


@given(st.data())
@settings(max_examples=60)
def test_a_mutilated_template_gives_an_error_with_its_place_or_a_design(data: st.DataObject) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(("drop", "twice", "shift", "cut", "junk"))):
            case "drop":
                del lines[at]
            case "twice":
                lines.insert(at, lines[at])
            case "shift":
                lines[at] = " " + lines[at]
            case "cut":
                lines[at] = lines[at][: len(lines[at]) // 2] + "\n"
            case _:
                lines.insert(at, data.draw(st.text(max_size=6)) + "\n")
    try:
        read_design("".join(lines), stack="s", path="t.yaml")
    except UsageError as error:
        assert "t.yaml" in error.detail


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_an_error(data: bytes) -> None:
    try:
        read_design(decode_bytes(data, "t.yaml"), stack="s", path="t.yaml")
    except UsageError as error:
        assert error.code


@pytest.mark.parametrize("text", [EXAMPLE, *SMALL])
def test_both_parsers_give_the_same_tree(text: str) -> None:
    assert decode_yaml(text, "t.yaml") == decode_slowly(text, "t.yaml")
