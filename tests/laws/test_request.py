"""What is given beside a template: names and tags that AWS would refuse are refused before it is asked."""

from __future__ import annotations

import pytest

from tablewright.errors import UsageError
from tablewright.template.read import read_design

TEMPLATE = "Resources: {T: {Type: AWS::SNS::Topic}}"


@pytest.mark.parametrize(
    "name", ["", "1st", "-a", "bad name", "a_b", "a" * 129, "arn:aws:cloudformation:us-east-1:1:stack/a/b", "a\n", "표"]
)
def test_a_name_that_no_stack_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_design(TEMPLATE, stack=name)
    assert raised.value.code == "malformed-stack-name"


@pytest.mark.parametrize("name", ["a", "Orders-2", "a" * 128])
def test_a_name_that_a_stack_can_have_is_taken(name: str) -> None:
    assert read_design(TEMPLATE, stack=name).stack == name


@pytest.mark.parametrize(
    "tags",
    [{"aws:x": "1"}, {"AWS:x": "1"}, {"": "1"}, {"k" * 129: "1"}, {"k": "v" * 257}, {str(n): "" for n in range(51)}],
)
def test_tags_that_aws_would_not_take_are_refused_and_never_dropped(tags: dict[str, str]) -> None:
    with pytest.raises(UsageError) as raised:
        read_design(TEMPLATE, stack="orders", tags=tags)
    assert raised.value.code == "malformed-tags"


def test_tags_within_the_limits_are_taken() -> None:
    tags = {"team:name": "주문", **{f"k{n}": "v" * 256 for n in range(49)}}
    assert read_design(TEMPLATE, stack="orders", tags=tags).tags == tags
