"""Intrinsics written as the file writes them: long ones where it has only those."""

from __future__ import annotations

import pytest

from tablewright.author.editing import Text, put_entry, put_item
from tablewright.author.features import add_output
from tablewright.author.writing import Call, as_plain, value_of
from tablewright.template.tree import Node

LONG = """\
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName:
        Fn::Sub: "${AWS::StackName}-orders"
      Tags:
        - Key: a
          Value:
            Ref: AWS::StackName
Outputs:
  Name:
    Value:
      Ref: Orders
"""


def test_an_output_of_a_file_with_long_forms_has_long_forms() -> None:
    after = add_output(Text(LONG, "t.yaml"), "Orders", "arn")

    assert after.text.startswith(LONG.rstrip("\n"))
    assert after.text[len(LONG) :].lstrip("\n") == (
        "  OrdersTableArn:\n"
        "    Value:\n"
        "      Fn::GetAtt:\n"
        "        - Orders\n"
        "        - Arn\n"
        "    Export:\n"
        "      Name:\n"
        "        Fn::Sub: '${AWS::StackName}-OrdersTableArn'\n"
    )


@pytest.mark.parametrize("short", ["!Ref Orders", "!GetAtt Orders.Arn", "!Sub '${Orders}'"])
def test_one_short_form_is_enough_for_short_ones(short: str) -> None:
    body = f"{LONG}  Other:\n    Value: {short}\n"

    after = add_output(Text(body, "t.yaml"), "Orders", "arn")

    assert "Value: !GetAtt Orders.Arn" in after.text[len(body) :]


def test_a_file_without_intrinsics_gets_short_ones() -> None:
    body = LONG[: LONG.index("      TableName")] + "      TableName: orders\nOutputs: {}\n"

    assert "!GetAtt Orders.Arn" in add_output(Text(body, "t.yaml"), "Orders", "arn").text


@pytest.mark.parametrize("dash", [0, 2])
@pytest.mark.parametrize("step", [2, 4])
def test_long_forms_are_read_back_as_they_were_meant(step: int, dash: int) -> None:
    body = f"A:\n{' ' * step}B:\n{' ' * step * 2}Ref: X\n{' ' * step}L:\n{' ' * (step + dash)}- 1\n"
    value = [Call("Fn::Join", ["-", [Call("Ref", "X"), Call("Fn::GetAtt", "X.Arn")]]), Call("Fn::Sub", "${X}, y")]
    expected = [{"Fn::Join": ["-", [{"Ref": "X"}, {"Fn::GetAtt": ["X", "Arn"]}]]}, {"Fn::Sub": "${X}, y"}]

    after = put_item(put_entry(Text(body, "t.yaml"), ("A", "C"), list(value)), ("A", "C"), Call("Ref", "X"))

    assert "!" not in after.text
    assert _plain(after.at(("A", "C"))) == [*expected, {"Ref": "X"}]


@pytest.mark.parametrize("value", [Call("Ref", "X"), Call("Fn::GetAtt", "X.Arn"), Call("Fn::Sub", "${X}, {y}")])
def test_long_forms_stand_in_flow_style_too(value: Call) -> None:
    body = "A: {B: {Ref: X}, L: [1]}\n"

    after = put_item(put_entry(Text(body, "t.yaml"), ("A", "C"), {"K": value}), ("A", "L"), value)

    assert "!" not in after.text and after.text.count("\n") == 1
    assert _plain(after.at(("A", "C"))) == {"K": value.long}
    assert _plain(after.at(("A", "L"))) == [1, value.long]


def _plain(node: Node | None) -> object:
    assert node is not None
    return as_plain(value_of(node))
