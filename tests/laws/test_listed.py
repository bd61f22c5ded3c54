"""Names in a sentence, however many there are: on a stack of hundreds of tables, a message is still a message."""

from __future__ import annotations

import json

import pytest

from tablewright.author.siblings import family
from tablewright.author.text import Text
from tablewright.errors import UsageError
from tablewright.lint.options import Options
from tablewright.lint.run import Asked, check_sources
from tablewright.lint.sources import Source
from tablewright.model.listed import listed


def test_all_names_are_said_while_they_can_be_read_and_then_how_many_more() -> None:
    names = [f"t{number}" for number in range(300)]
    assert listed([]) == ""
    assert listed(names[:3], 2) == "t0, t1, t2", "one more takes no more room than to say so"
    assert listed(names[:4], 2) == "t0, t1 and 2 more"
    assert listed(names).endswith("t11 and 288 more")
    assert listed([*names, *names, *names, *names], 1).endswith("and 1,199 more")


def template(tables: int) -> str:
    """A template of so many tables, of which every second one has an alarm."""
    resources: dict[str, object] = {}
    for number in range(tables):
        resources[f"Thing{number:03}"] = {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"TableName": f"a-thing-{number:03}"},
        }
        if number % 2:
            dimension = {"Name": "TableName", "Value": {"Ref": f"Thing{number:03}"}}
            resources[f"Alarm{number:03}"] = {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Namespace": "AWS/DynamoDB",
                    "MetricName": "ReadThrottleEvents",
                    "Dimensions": [dimension],
                },
            }
    return json.dumps({"Resources": resources}, indent=1)


def test_a_table_that_is_not_there_is_told_without_naming_hundreds() -> None:
    with pytest.raises(UsageError) as raised:
        family(Text(template(300), "t.json")).named("thing-3")
    assert "and 288 more" in raised.value.detail and len(raised.value.detail) < 600


def test_a_finding_does_not_name_all_that_is_right() -> None:
    source = Source("t.json", template(100).encode(), True)
    found = check_sources([source], Asked(Options(select=("TW-ALM-016",)), generic=False)).files[0].findings
    assert len(found) == 50
    assert all(one.message.endswith("Thing001, Thing003, Thing005 and 47 more") for one in found)
