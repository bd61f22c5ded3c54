"""Operations on a family of stacks survive the death of the process, whichever of the family's stacks was at work."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.harness.waiting import changed, settled
from tests.contract.test_cloudformation_restart import kill

pytestmark = pytest.mark.embedded("it is killed")

NESTED = "AWS::CloudFormation::Stack"
BUCKET = "templates"
LEAVES = ("a", "b")


def _table(name: str, *, stream: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
    }
    if stream:
        properties["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


class Family:
    """root > middle > leaf: each has a table, the root waits for its middles, and `broken` fails the root at its end."""

    def __init__(self, start: Callable[..., EmbeddedAws]) -> None:
        self.start = start
        self.aws = start()
        self.root = ""
        self.aws.client("s3").create_bucket(Bucket=BUCKET)

    @property
    def cloudformation(self) -> Any:
        return self.aws.client("cloudformation")

    def url(self, key: str) -> str:
        return f"https://{BUCKET}.s3.us-east-1.amazonaws.com/{key}"

    def write(self, *, stream: bool, broken: bool = False) -> str:
        """Put the inner templates, and return the root's."""
        s3 = self.aws.client("s3")
        middles: dict[str, Any] = {}
        for name in LEAVES:
            leaf = {"Resources": {"Table": _table(f"leaf-{name}", stream=stream)}}
            inner = {"Type": NESTED, "Properties": {"TemplateURL": self.url(f"leaf-{name}")}}
            middle = {"Resources": {"Table": _table(f"middle-{name}", stream=stream), "Leaf": inner}}
            s3.put_object(Bucket=BUCKET, Key=f"leaf-{name}", Body=json.dumps(leaf).encode())
            s3.put_object(Bucket=BUCKET, Key=f"middle-{name}", Body=json.dumps(middle).encode())
            middles[f"Middle{name.upper()}"] = {
                "Type": NESTED,
                "Properties": {"TemplateURL": self.url(f"middle-{name}")},
            }
        resources: dict[str, Any] = {**middles, "Table": _table("root", stream=stream)}
        if broken:
            bad = _table("broken", stream=False)
            bad["Properties"]["AttributeDefinitions"].append({"AttributeName": "unused", "AttributeType": "S"})
            resources["Broken"] = {**bad, "DependsOn": sorted(middles)}
        return json.dumps({"Resources": resources})

    def create(self, body: str) -> None:
        self.root = self.cloudformation.create_stack(StackName="root", TemplateBody=body)["StackId"]

    def update(self, body: str) -> None:
        self.cloudformation.update_stack(StackName="root", TemplateBody=body)

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName="root")

    def killed(self, after_s: float) -> None:
        kill(self.aws, after_s)
        self.aws = self.start()

    def status(self) -> str:
        """The root's settled status, once every stack of the family is settled too."""
        status = str(settled(self.cloudformation, self.root)["StackStatus"])
        for stack in self.stacks():
            settled(self.cloudformation, stack["StackId"])
        return status

    def stacks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cloudformation.describe_stacks()["Stacks"]
        return found

    def statuses(self) -> set[str]:
        return {stack["StackStatus"] for stack in self.stacks()}

    def streams(self) -> dict[str, bool]:
        """Each table, and whether it has a stream."""
        dynamodb = self.aws.client("dynamodb")
        return {
            name: dynamodb.describe_table(TableName=name)["Table"]
            .get("StreamSpecification", {})
            .get("StreamEnabled", False)
            for name in dynamodb.list_tables()["TableNames"]
        }

    def made_twice(self) -> list[str]:
        """Tables of which two were made."""
        made: list[str] = []
        for stack in self.stacks():
            pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"])
            made += [
                event["PhysicalResourceId"]
                for page in pages
                for event in page["StackEvents"]
                if event["ResourceStatus"] == "CREATE_COMPLETE" and event["ResourceType"] != NESTED
            ]
        return sorted({name for name in made if made.count(name) > 1})


ALL = ["leaf-a", "leaf-b", "middle-a", "middle-b", "root"]


@pytest.fixture
def family(start_aws: Callable[..., EmbeddedAws]) -> Family:
    return Family(start_aws)


def _creates(family: Family, moments: list[float]) -> None:
    family.create(family.write(stream=False))
    for after_s in moments:
        family.killed(after_s)

    assert family.status() == "CREATE_COMPLETE"
    assert family.statuses() == {"CREATE_COMPLETE"}
    assert family.streams() == dict.fromkeys(ALL, False)
    assert len(family.stacks()) == 5
    assert family.made_twice() == []


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.02, 0.1, 0.25])
def test_killed_at_several_moments_of_a_creation(family: Family, after_s: float) -> None:
    _creates(family, [after_s, after_s / 2])


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.1, 0.3, 0.5])
def test_killed_while_a_family_s_creation_rolls_back(family: Family, after_s: float) -> None:
    family.create(family.write(stream=False, broken=True))
    family.killed(after_s)

    assert family.status() == "ROLLBACK_COMPLETE"
    assert family.streams() == {}
    assert [stack["StackName"] for stack in family.stacks()] == ["root"]


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.02, 0.15, 0.35])
def test_killed_while_a_family_is_updated(family: Family, after_s: float) -> None:
    family.create(family.write(stream=False))
    assert family.status() == "CREATE_COMPLETE"
    family.update(family.write(stream=True))
    family.killed(after_s)

    assert family.status() == "UPDATE_COMPLETE"
    assert family.statuses() == {"UPDATE_COMPLETE"}
    assert family.streams() == dict.fromkeys(ALL, True)


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.1, 0.3, 0.5, 0.7])
def test_killed_while_a_family_s_update_rolls_back(family: Family, after_s: float) -> None:
    family.create(family.write(stream=False))
    assert family.status() == "CREATE_COMPLETE"
    for name in ALL:
        family.aws.client("dynamodb").put_item(TableName=name, Item={"id": {"S": "kept"}})
    family.update(family.write(stream=True, broken=True))
    family.killed(after_s)

    assert family.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert family.statuses() <= {"UPDATE_ROLLBACK_COMPLETE", "CREATE_COMPLETE"}
    assert family.streams() == dict.fromkeys(ALL, False)
    for name in ALL:
        assert family.aws.client("dynamodb").scan(TableName=name)["Count"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.02, 0.2])
def test_killed_while_a_family_is_deleted(family: Family, after_s: float) -> None:
    family.create(family.write(stream=False))
    assert family.status() == "CREATE_COMPLETE"
    family.delete()
    family.killed(after_s)

    assert family.status() == "DELETE_COMPLETE"
    assert family.streams() == {}
    assert family.stacks() == []


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.0, 0.1])
def test_killed_while_nested_change_sets_are_made_and_executed(family: Family, after_s: float) -> None:
    family.create(family.write(stream=False))
    assert family.status() == "CREATE_COMPLETE"
    made = family.cloudformation.create_change_set(
        StackName="root", ChangeSetName="plan", TemplateBody=family.write(stream=True), IncludeNestedStacks=True
    )["Id"]
    family.killed(after_s)
    assert changed(family.cloudformation, made)["Status"] == "CREATE_COMPLETE"
    family.cloudformation.execute_change_set(ChangeSetName=made)
    family.killed(after_s)

    assert family.status() == "UPDATE_COMPLETE"
    assert family.streams() == dict.fromkeys(ALL, True)


@pytest.mark.slow
def test_killed_again_and_again_a_family_settles(family: Family) -> None:
    chance = random.Random(20261123)
    for stream, broken, status in ((True, False, "UPDATE_COMPLETE"), (False, True, "UPDATE_ROLLBACK_COMPLETE")):
        if not family.root:
            family.create(family.write(stream=False))
            for _ in range(3):
                family.killed(chance.uniform(0.0, 0.2))
            assert family.status() == "CREATE_COMPLETE"
        family.update(family.write(stream=stream, broken=broken))
        for _ in range(4):
            family.killed(chance.uniform(0.0, 0.25))
        assert family.status() == status
        assert family.streams() == dict.fromkeys(ALL, True)
