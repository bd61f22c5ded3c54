"""What is new is quoted as what stands beside it, not as the rest of the file is."""

from __future__ import annotations

import pytest

from tablewright.author.editing import Text, put_entry, put_item
from tablewright.author.writing import Call

PLAIN_WITHIN = """"Resources":
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      Tags:
        - Key: 'a'
          Value: b
"""
QUOTED_WITHIN = """Resources:
  "Orders":
    "Type": "AWS::DynamoDB::Table"
    "Properties":
      "Tags":
        - "Key": "a"
          "Value": "b"
"""
TAGS = ("Resources", "Orders", "Properties", "Tags")


@pytest.mark.parametrize(
    ("before", "resource", "tag"),
    [
        (PLAIN_WITHIN, "  New:\n    Type: AWS::SNS::Topic\n", "        - Key: c\n          Value: d\n"),
        (QUOTED_WITHIN, '  "New":\n    "Type": "AWS::SNS::Topic"\n', '        - "Key": "c"\n          "Value": "d"\n'),
    ],
)
def test_entries_and_items_are_quoted_as_their_neighbour(before: str, resource: str, tag: str) -> None:
    text = Text(before, "t.yaml")
    assert put_entry(text, ("Resources", "New"), {"Type": "AWS::SNS::Topic"}).text == before + resource
    assert put_item(text, TAGS, {"Key": "c", "Value": "d"}).text == before + tag


def test_a_text_that_had_to_be_quoted_says_nothing_of_a_reference() -> None:
    before = "AlarmActions:\n  - 'arn:aws:sns:us-east-1:123456789012:a'\n"
    assert put_item(Text(before, "t.yaml"), ("AlarmActions",), Call("Ref", "T")).text == before + "  - !Ref T\n"
    assert put_item(Text(before, "t.yaml"), ("AlarmActions",), "b").text == before + "  - 'b'\n"
