"""Each resource type against the schema that AWS publishes for it."""

from __future__ import annotations

import pytest

from tablewright.local.cloudformation.resources.protocol import Recreation
from tablewright.local.cloudformation.resources.registry import KINDS
from tablewright.local.cloudformation.schema import schema_of, top_level

pytestmark = pytest.mark.embedded("its declarations against the published schemas")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_cannot_change_in_place_needs_a_new_resource(name: str) -> None:
    schema = schema_of(name)
    assert schema is not None

    for top in top_level(schema, "createOnlyProperties"):
        assert KINDS[name].recreation((top,), {top: "a"}, {top: "b"}) is Recreation.ALWAYS, top


@pytest.mark.parametrize("name", sorted(KINDS))
def test_attributes_are_the_published_ones(name: str) -> None:
    schema = schema_of(name)
    assert schema is not None
    published = top_level(schema, "readOnlyProperties")

    missing = published - KINDS[name].attributes
    made_up = KINDS[name].attributes - published - frozenset(schema["properties"])
    assert not made_up
    assert not missing - {"StreamArn"} or name in TELL_LESS, missing


TELL_LESS = {
    "AWS::S3::Bucket",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::SNS::Subscription",
    "AWS::Kinesis::Stream",
}
"""Types with a published attribute that is not told."""


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_name_property_is_one_of_the_type(name: str) -> None:
    schema = schema_of(name)
    assert schema is not None

    assert not KINDS[name].name_property or KINDS[name].name_property in schema["properties"]
    assert KINDS[name].unread <= set(schema["properties"])
