"""Stacks inside stacks: made, updated, rolled back, planned and deleted with the stack around them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract import words
from tests.contract.harness.place import Place
from tests.contract.harness.waiting import changed, settled

NESTED = "AWS::CloudFormation::Stack"


def table(name: Any, **more: Any) -> dict[str, Any]:
    properties = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": {**properties, **more}}


class Family:
    """A bucket with templates, and a stack whose resource `Inner` is made of one of them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.cloudformation = place.client("cloudformation")
        self.dynamodb = place.client("dynamodb")
        self.s3 = place.client("s3")
        self.outer_name = place.name("outer")
        self.bucket = place.name(f"templates-{place.account}")
        away = {} if place.region == "us-east-1" else {"LocationConstraint": place.region}
        self.s3.create_bucket(Bucket=self.bucket, **({"CreateBucketConfiguration": away} if away else {}))

    def table(self, name: str, **more: Any) -> dict[str, Any]:
        return table(self.place.name(name), **more)

    def url(self, key: str) -> str:
        return f"https://{self.bucket}.s3.{self.place.region}.amazonaws.com/{key}"

    def put(self, key: str, **sections: Any) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(sections).encode())
        return self.url(key)

    def inner(self, key: str, **more: Any) -> dict[str, Any]:
        return {"Type": NESTED, "Properties": {"TemplateURL": self.url(key), **more}}

    def outer(self, outputs: dict[str, Any] | None = None, **resources: Any) -> str:
        return json.dumps({"Resources": resources, **({"Outputs": outputs} if outputs else {})})

    def make(self, body: str, **more: Any) -> dict[str, Any]:
        made = self.cloudformation.create_stack(StackName=self.outer_name, TemplateBody=body, **more)
        return settled(self.cloudformation, made["StackId"])

    def update(self, body: str, **more: Any) -> dict[str, Any]:
        made = self.cloudformation.update_stack(StackName=self.outer_name, TemplateBody=body, **more)
        return settled(self.cloudformation, made["StackId"])

    def child(self, logical_id: str = "Inner") -> dict[str, Any]:
        found = self.cloudformation.describe_stack_resource(StackName=self.outer_name, LogicalResourceId=logical_id)
        stack = found["StackResourceDetail"]["PhysicalResourceId"]
        described: dict[str, Any] = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        return described

    def reasons(self, stack: str = "") -> list[tuple[str, str, str]]:
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack or self.outer_name)
        return [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", ""))
            for page in pages
            for e in page["StackEvents"]
        ]

    def tables(self) -> list[str]:
        found = self.place.listed("dynamodb.list_tables")["TableNames"]
        return sorted(name.removeprefix(f"{self.place.prefix}-") for name in found)


@pytest.fixture
def family(place: Place) -> Family:
    return Family(place)


def with_orders(family: Family, **properties: Any) -> None:
    family.put(
        "inner.json",
        Parameters={"Name": {"Type": "String", "Default": family.place.name("orders")}},
        Resources={"Orders": table({"Ref": "Name"}, **properties)},
        Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Orders", "Arn"]}}},
    )


def test_parameters_go_in_and_outputs_come_out(family: Family) -> None:
    with_orders(family)
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Arn"]}}}
    body = family.outer(outputs, Inner=family.inner("inner.json", Parameters={"Name": family.place.name("baskets")}))

    made = family.make(body, Tags=[{"Key": "team", "Value": "blue"}])

    assert made["StackStatus"] == "CREATE_COMPLETE"
    assert made["Outputs"][0]["OutputValue"].endswith("table/" + family.place.name("baskets"))
    child = family.child()
    assert child["StackName"].startswith(f"{family.outer_name}-Inner-")
    assert (child["ParentId"], child["RootId"]) == (made["StackId"], made["StackId"])
    assert child["StackStatus"] == "CREATE_COMPLETE"
    assert {"Key": "team", "Value": "blue"} in child["Tags"]
    tags = family.dynamodb.list_tags_of_resource(ResourceArn=made["Outputs"][0]["OutputValue"])["Tags"]
    assert {"Key": "aws:cloudformation:stack-name", "Value": child["StackName"]} in tags


def test_a_failed_inner_creation_rolls_back_with_its_parent(family: Family) -> None:
    family.dynamodb.create_table(
        TableName=family.place.name("taken"),
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    family.put(
        "inner.json", Resources={"Good": family.table("good"), "Bad": {**family.table("taken"), "DependsOn": "Good"}}
    )

    made = family.make(family.outer(Inner=family.inner("inner.json")))

    assert made["StackStatus"] == "ROLLBACK_COMPLETE"
    told = [reason for name, status, reason in family.reasons() if (name, status) == ("Inner", "CREATE_FAILED")]
    assert words.INNER_NOT_CREATED in told[0]
    assert told[0].startswith("Embedded stack arn:aws:cloudformation:")
    assert family.tables() == ["taken"]


def test_a_template_that_is_not_there_fails_the_resource(family: Family) -> None:
    made = family.make(family.outer(Inner=family.inner("nothing.json")))

    assert made["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(
        status == "CREATE_FAILED" and words.TEMPLATE_NOT_THERE in reason for _, status, reason in family.reasons()
    )


def test_an_update_reaches_the_template_behind_the_url(family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    family.make(body)
    with_orders(family, StreamSpecification={"StreamViewType": "NEW_IMAGE"})

    assert family.update(body)["StackStatus"] == "UPDATE_COMPLETE"

    assert family.child()["StackStatus"] == "UPDATE_COMPLETE"
    assert family.dynamodb.describe_table(TableName=family.place.name("orders"))["Table"]["StreamSpecification"][
        "StreamEnabled"
    ]
    assert family.update(body)["StackStatus"] == "UPDATE_COMPLETE"


@pytest.mark.needs("faults")
def test_an_updated_inner_stack_keeps_what_it_drops_until_its_parent_is_done(aws: EmbeddedAws, family: Family) -> None:
    with_orders(family)
    inner = family.inner("inner.json")
    family.make(family.outer(Inner=inner))
    family.dynamodb.put_item(TableName=family.place.name("orders"), Item={"id": {"S": "1"}})
    family.put("inner.json", Resources={"Other": family.table("other")})
    topic = {"Type": "AWS::SNS::Topic", "DependsOn": "Inner"}

    with control.fault(aws.endpoint, "fail-resource", stack=family.outer_name, resource="Late", verb="create"):
        updated = family.update(family.outer(Inner=inner, Late=topic))

    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    child = settled(family.cloudformation, family.child()["StackId"])
    assert child["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert family.tables() == ["orders"]
    assert family.dynamodb.scan(TableName=family.place.name("orders"), Select="COUNT")["Count"] == 1
    assert child["Outputs"][0]["OutputKey"] == "Arn"


@pytest.mark.needs("faults")
def test_an_inner_failure_rolls_the_family_back(aws: EmbeddedAws, family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    family.make(body)
    with_orders(family, StreamSpecification={"StreamViewType": "NEW_IMAGE"})

    with control.fault(aws.endpoint, "fail-resource", resource="Orders", verb="update", reason="no luck"):
        updated = family.update(body)

    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (told,) = [reason for name, status, reason in family.reasons() if (name, status) == ("Inner", "UPDATE_FAILED")]
    assert words.INNER_NOT_UPDATED in told
    assert settled(family.cloudformation, family.child()["StackId"])["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.needs("faults")
def test_a_stuck_inner_rollback_goes_on_with_its_parents(aws: EmbeddedAws, family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    family.make(body)
    child = family.child()["StackId"]
    with_orders(family, StreamSpecification={"StreamViewType": "NEW_IMAGE"})

    with (
        control.fault(aws.endpoint, "fail-resource-after", resource="Orders", verb="update"),
        control.fault(aws.endpoint, "fail-resource", resource="Orders", verb="restore"),
    ):
        assert family.update(body)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert (
        family.cloudformation.describe_stacks(StackName=child)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    )

    family.cloudformation.continue_update_rollback(StackName=family.outer_name)

    assert settled(family.cloudformation, family.outer_name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert settled(family.cloudformation, child)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.needs("faults")
def test_a_resource_inside_is_skipped_by_the_inner_stack_s_name(aws: EmbeddedAws, family: Family) -> None:
    with_orders(family)
    family.put("middle.json", Resources={"Leaf": family.inner("inner.json")})
    body = family.outer(Middle=family.inner("middle.json"))
    family.make(body)
    middle = family.child("Middle")["StackId"]
    found = family.cloudformation.describe_stack_resource(StackName=middle, LogicalResourceId="Leaf")
    leaf = found["StackResourceDetail"]["PhysicalResourceId"]
    leaf_name = leaf.split("/")[1]
    with_orders(family, StreamSpecification={"StreamViewType": "NEW_IMAGE"})
    with (
        control.fault(
            aws.endpoint,
            "fail-resource-after",
            resource="Orders",
            verb="update",
        ),
        control.fault(aws.endpoint, "fail-resource", resource="Orders", verb="restore"),
    ):
        assert family.update(body)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"

        def skip(name: str) -> None:
            family.cloudformation.continue_update_rollback(StackName=family.outer_name, ResourcesToSkip=[name])

        for name, words_of_refusal in (
            ("Nothing", "does not exist"),
            ("Leaf.Orders", "does not exist"),
            (f"{leaf_name}.Nothing", "does not exist"),
            ("Middle", "only one that is deleted"),
        ):
            with pytest.raises(ClientError, match=words_of_refusal):
                skip(name)
        skip(f"{leaf_name}.Orders")
        assert settled(family.cloudformation, family.outer_name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    assert settled(family.cloudformation, leaf)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    # What was skipped is taken as restored, whatever it is.
    assert family.dynamodb.describe_table(TableName=family.place.name("orders"))["Table"].get("StreamSpecification")


@pytest.mark.needs("faults")
def test_a_creation_without_rollback_is_mended_in_place(aws: EmbeddedAws, family: Family) -> None:
    family.put(
        "inner.json", Resources={"Good": family.table("good"), "Late": {"Type": "AWS::SNS::Topic", "DependsOn": "Good"}}
    )
    body = family.outer(Inner=family.inner("inner.json"))
    with control.fault(aws.endpoint, "fail-resource", resource="Late", verb="create"):
        assert family.make(body, DisableRollback=True)["StackStatus"] == "CREATE_FAILED"
    family.dynamodb.put_item(TableName=family.place.name("good"), Item={"id": {"S": "1"}})

    assert family.update(body, DisableRollback=True)["StackStatus"] == "UPDATE_COMPLETE"

    assert family.dynamodb.scan(TableName=family.place.name("good"), Select="COUNT")["Count"] == 1
    assert settled(family.cloudformation, family.child()["StackId"])["StackStatus"] == "UPDATE_COMPLETE"


def test_deleting_the_parent_deletes_the_family(family: Family) -> None:
    family.put("leaf.json", Resources={"Leaf": family.table("leaf")})
    with_orders(family)
    family.put("middle.json", Resources={"Leaf": family.inner("leaf.json")})
    made = family.make(family.outer(Inner=family.inner("inner.json"), Middle=family.inner("middle.json")))
    assert family.tables() == ["leaf", "orders"]
    middle = family.child("Middle")["StackId"]
    leaf = family.cloudformation.describe_stack_resource(StackName=middle, LogicalResourceId="Leaf")
    inner = family.cloudformation.describe_stacks(StackName=leaf["StackResourceDetail"]["PhysicalResourceId"])[
        "Stacks"
    ][0]
    assert (inner["ParentId"], inner["RootId"]) == (middle, made["StackId"])

    family.cloudformation.delete_stack(StackName=family.outer_name)

    assert settled(family.cloudformation, made["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert family.tables() == []


def test_a_removed_inner_stack_is_deleted_in_the_clean_up(family: Family) -> None:
    with_orders(family)
    topic = {"Type": "AWS::SNS::Topic"}
    family.make(family.outer(Inner=family.inner("inner.json"), Topic=topic))

    assert family.update(family.outer(Topic=topic))["StackStatus"] == "UPDATE_COMPLETE"

    assert family.tables() == []


class Planned:
    def __init__(self, family: Family, body: str, kind: str) -> None:
        self.cloudformation = family.cloudformation
        made = self.cloudformation.create_change_set(
            StackName=family.outer_name,
            ChangeSetName=f"plan-{kind.lower()}",
            ChangeSetType=kind,
            TemplateBody=body,
            IncludeNestedStacks=True,
        )
        self.id = made["Id"]
        self.status = changed(self.cloudformation, self.id)["Status"]

    def changes(self, change_set: str) -> dict[str, dict[str, Any]]:
        found = self.cloudformation.describe_change_set(ChangeSetName=change_set)
        return {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in found["Changes"]}


def test_nested_change_sets_tell_what_happens_inside(family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    planned = Planned(family, body, "CREATE")
    change = planned.changes(planned.id)["Inner"]
    inner = family.cloudformation.describe_change_set(ChangeSetName=change["ChangeSetId"])
    assert (inner["ParentChangeSetId"], inner["RootChangeSetId"]) == (planned.id, planned.id)
    assert planned.changes(change["ChangeSetId"])["Orders"]["Action"] == "Add"
    with pytest.raises(ClientError, match=words.CHANGE_SET_STATUS):
        family.cloudformation.execute_change_set(ChangeSetName=change["ChangeSetId"])
    # What was looked at is what is made, whatever is behind the URL by then.
    family.put("inner.json", Resources={"Other": family.table("other")})

    family.cloudformation.execute_change_set(ChangeSetName=planned.id)

    assert settled(family.cloudformation, family.outer_name)["StackStatus"] == "CREATE_COMPLETE"
    assert family.tables() == ["orders"]
    assert family.child()["StackId"] == inner["StackId"]

    planned = Planned(family, body, "UPDATE")
    inside = planned.changes(planned.changes(planned.id)["Inner"]["ChangeSetId"])
    assert (inside["Orders"]["Action"], inside["Other"]["Action"]) == ("Remove", "Add")


def test_a_nested_plan_without_changes_has_none(family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    family.make(body)

    plain = family.cloudformation.create_change_set(
        StackName=family.outer_name, ChangeSetName="plain", TemplateBody=body
    )["Id"]
    (change,) = changed(family.cloudformation, plain)["Changes"]
    assert change["ResourceChange"]["Details"][0]["ChangeSource"] == "Automatic"

    assert Planned(family, body, "UPDATE").status == "FAILED"
    found = family.cloudformation.describe_change_set(StackName=family.outer_name, ChangeSetName="plan-update")
    assert found["StatusReason"].startswith(words.NO_CHANGES)


def test_deleting_a_plan_leaves_no_shells(family: Family) -> None:
    with_orders(family)
    planned = Planned(family, family.outer(Inner=family.inner("inner.json")), "CREATE")
    inner = planned.changes(planned.id)["Inner"]["ChangeSetId"]

    family.cloudformation.delete_change_set(ChangeSetName=planned.id)

    with pytest.raises(ClientError, match=words.CHANGE_SET_GONE):
        family.cloudformation.describe_change_set(ChangeSetName=inner)
    pages = family.cloudformation.get_paginator("describe_stacks").paginate()
    standing = [s["StackName"] for page in pages for s in page["Stacks"]]
    assert [name for name in standing if name.startswith(family.place.prefix)] == [family.outer_name]
