"""Stacks inside stacks: made, updated, rolled back, planned and deleted with the stack around them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.cloudformation_cases import settled

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

    def __init__(self, aws: EmbeddedAws, account: str) -> None:
        self.aws = aws
        self.account = account
        self.cloudformation = aws.client("cloudformation", account=account)
        self.dynamodb = aws.client("dynamodb", account=account)
        self.s3 = aws.client("s3", account=account)
        self.bucket = f"templates-{account}"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key: str, **sections: Any) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(sections).encode())
        return f"https://{self.bucket}.s3.us-east-1.amazonaws.com/{key}"

    def inner(self, key: str, **more: Any) -> dict[str, Any]:
        url = f"https://{self.bucket}.s3.us-east-1.amazonaws.com/{key}"
        return {"Type": NESTED, "Properties": {"TemplateURL": url, **more}}

    def outer(self, outputs: dict[str, Any] | None = None, **resources: Any) -> str:
        return json.dumps({"Resources": resources, **({"Outputs": outputs} if outputs else {})})

    def make(self, body: str, **more: Any) -> dict[str, Any]:
        made = self.cloudformation.create_stack(StackName="outer", TemplateBody=body, **more)
        return settled(self.cloudformation, made["StackId"])

    def update(self, body: str, **more: Any) -> dict[str, Any]:
        made = self.cloudformation.update_stack(StackName="outer", TemplateBody=body, **more)
        return settled(self.cloudformation, made["StackId"])

    def child(self, logical_id: str = "Inner") -> dict[str, Any]:
        found = self.cloudformation.describe_stack_resource(StackName="outer", LogicalResourceId=logical_id)
        stack = found["StackResourceDetail"]["PhysicalResourceId"]
        described: dict[str, Any] = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        return described

    def reasons(self, stack: str = "outer") -> list[tuple[str, str, str]]:
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        return [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", ""))
            for page in pages
            for e in page["StackEvents"]
        ]

    def tables(self) -> list[str]:
        return sorted(self.dynamodb.list_tables()["TableNames"])


@pytest.fixture
def family(aws: EmbeddedAws, account: str) -> Family:
    return Family(aws, account)


def with_orders(family: Family, **properties: Any) -> None:
    family.put(
        "inner.json",
        Parameters={"Name": {"Type": "String", "Default": "orders"}},
        Resources={"Orders": table({"Ref": "Name"}, **properties)},
        Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Orders", "Arn"]}}},
    )


def test_parameters_go_in_and_outputs_come_out(family: Family) -> None:
    with_orders(family)
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Arn"]}}}
    body = family.outer(outputs, Inner=family.inner("inner.json", Parameters={"Name": "baskets"}))

    made = family.make(body, Tags=[{"Key": "team", "Value": "blue"}])

    assert made["StackStatus"] == "CREATE_COMPLETE"
    assert made["Outputs"][0]["OutputValue"].endswith("table/baskets")
    child = family.child()
    assert child["StackName"].startswith("outer-Inner-")
    assert (child["ParentId"], child["RootId"]) == (made["StackId"], made["StackId"])
    assert child["StackStatus"] == "CREATE_COMPLETE"
    assert {"Key": "team", "Value": "blue"} in child["Tags"]
    tags = family.dynamodb.list_tags_of_resource(ResourceArn=made["Outputs"][0]["OutputValue"])["Tags"]
    assert {"Key": "aws:cloudformation:stack-name", "Value": child["StackName"]} in tags


def test_a_failed_inner_creation_rolls_back_with_its_parent(family: Family) -> None:
    family.dynamodb.create_table(
        TableName="taken",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    family.put("inner.json", Resources={"Good": table("good"), "Bad": {**table("taken"), "DependsOn": "Good"}})

    made = family.make(family.outer(Inner=family.inner("inner.json")))

    assert made["StackStatus"] == "ROLLBACK_COMPLETE"
    words = [reason for name, status, reason in family.reasons() if (name, status) == ("Inner", "CREATE_FAILED")]
    assert "was not successfully created: The following resource(s) failed to create: [Bad]." in words[0]
    assert words[0].startswith("Embedded stack arn:aws:cloudformation:")
    assert family.tables() == ["taken"]


def test_a_template_that_is_not_there_fails_the_resource(family: Family) -> None:
    made = family.make(family.outer(Inner=family.inner("nothing.json")))

    assert made["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(status == "CREATE_FAILED" and "S3 error" in reason for _, status, reason in family.reasons())


def test_an_update_reaches_the_template_behind_the_url(family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    family.make(body)
    with_orders(family, StreamSpecification={"StreamViewType": "NEW_IMAGE"})

    assert family.update(body)["StackStatus"] == "UPDATE_COMPLETE"

    assert family.child()["StackStatus"] == "UPDATE_COMPLETE"
    assert family.dynamodb.describe_table(TableName="orders")["Table"]["StreamSpecification"]["StreamEnabled"]
    assert family.update(body)["StackStatus"] == "UPDATE_COMPLETE"


def test_an_updated_inner_stack_keeps_what_it_drops_until_its_parent_is_done(family: Family) -> None:
    with_orders(family)
    inner = family.inner("inner.json")
    family.make(family.outer(Inner=inner))
    family.dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}})
    family.put("inner.json", Resources={"Other": table("other")})
    topic = {"Type": "AWS::SNS::Topic", "DependsOn": "Inner"}

    with control.fault(family.aws.endpoint, "fail-resource", stack="outer", resource="Late", verb="create"):
        updated = family.update(family.outer(Inner=inner, Late=topic))

    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    child = settled(family.cloudformation, family.child()["StackId"])
    assert child["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert family.tables() == ["orders"]
    assert family.dynamodb.scan(TableName="orders", Select="COUNT")["Count"] == 1
    assert child["Outputs"][0]["OutputKey"] == "Arn"


def test_an_inner_failure_rolls_the_family_back(family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    family.make(body)
    with_orders(family, StreamSpecification={"StreamViewType": "NEW_IMAGE"})

    with control.fault(family.aws.endpoint, "fail-resource", resource="Orders", verb="update", reason="no luck"):
        updated = family.update(body)

    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (words,) = [reason for name, status, reason in family.reasons() if (name, status) == ("Inner", "UPDATE_FAILED")]
    assert "was not successfully updated. Currently in UPDATE_ROLLBACK_" in words
    assert settled(family.cloudformation, family.child()["StackId"])["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_stuck_inner_rollback_goes_on_with_its_parents(family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    family.make(body)
    child = family.child()["StackId"]
    with_orders(family, StreamSpecification={"StreamViewType": "NEW_IMAGE"})

    with (
        control.fault(family.aws.endpoint, "fail-resource-after", resource="Orders", verb="update"),
        control.fault(family.aws.endpoint, "fail-resource", resource="Orders", verb="restore"),
    ):
        assert family.update(body)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert (
        family.cloudformation.describe_stacks(StackName=child)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    )

    family.cloudformation.continue_update_rollback(StackName="outer")

    assert settled(family.cloudformation, "outer")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert settled(family.cloudformation, child)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_creation_without_rollback_is_mended_in_place(family: Family) -> None:
    family.put(
        "inner.json", Resources={"Good": table("good"), "Late": {"Type": "AWS::SNS::Topic", "DependsOn": "Good"}}
    )
    body = family.outer(Inner=family.inner("inner.json"))
    with control.fault(family.aws.endpoint, "fail-resource", resource="Late", verb="create"):
        assert family.make(body, DisableRollback=True)["StackStatus"] == "CREATE_FAILED"
    family.dynamodb.put_item(TableName="good", Item={"id": {"S": "1"}})

    assert family.update(body, DisableRollback=True)["StackStatus"] == "UPDATE_COMPLETE"

    assert family.dynamodb.scan(TableName="good", Select="COUNT")["Count"] == 1
    assert settled(family.cloudformation, family.child()["StackId"])["StackStatus"] == "UPDATE_COMPLETE"


def test_deleting_the_parent_deletes_the_family(family: Family) -> None:
    family.put("leaf.json", Resources={"Leaf": table("leaf")})
    with_orders(family)
    url = f"https://{family.bucket}.s3.us-east-1.amazonaws.com/leaf.json"
    family.put("middle.json", Resources={"Leaf": {"Type": NESTED, "Properties": {"TemplateURL": url}}})
    made = family.make(family.outer(Inner=family.inner("inner.json"), Middle=family.inner("middle.json")))
    assert family.tables() == ["leaf", "orders"]
    middle = family.child("Middle")["StackId"]
    leaf = family.cloudformation.describe_stack_resource(StackName=middle, LogicalResourceId="Leaf")
    inner = family.cloudformation.describe_stacks(StackName=leaf["StackResourceDetail"]["PhysicalResourceId"])[
        "Stacks"
    ][0]
    assert (inner["ParentId"], inner["RootId"]) == (middle, made["StackId"])

    family.cloudformation.delete_stack(StackName="outer")

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
        self.family, self.cloudformation = family, family.cloudformation
        made = self.cloudformation.create_change_set(
            StackName="outer",
            ChangeSetName=f"plan-{kind.lower()}",
            ChangeSetType=kind,
            TemplateBody=body,
            IncludeNestedStacks=True,
        )
        self.id = made["Id"]
        self.cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=self.id,
            WaiterConfig={"Delay": 0.05, "MaxAttempts": 200},
        )

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
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        family.cloudformation.execute_change_set(ChangeSetName=change["ChangeSetId"])
    # What was looked at is what is made, whatever is behind the URL by then.
    family.put("inner.json", Resources={"Other": table("other")})

    family.cloudformation.execute_change_set(ChangeSetName=planned.id)

    assert settled(family.cloudformation, "outer")["StackStatus"] == "CREATE_COMPLETE"
    assert family.tables() == ["orders"]
    assert family.child()["StackId"] == inner["StackId"]

    planned = Planned(family, body, "UPDATE")
    inside = planned.changes(planned.changes(planned.id)["Inner"]["ChangeSetId"])
    assert (inside["Orders"]["Action"], inside["Other"]["Action"]) == ("Remove", "Add")


def test_a_nested_plan_without_changes_has_none(family: Family) -> None:
    with_orders(family)
    body = family.outer(Inner=family.inner("inner.json"))
    family.make(body)

    plain = family.cloudformation.create_change_set(StackName="outer", ChangeSetName="plain", TemplateBody=body)["Id"]
    family.cloudformation.get_waiter("change_set_create_complete").wait(
        ChangeSetName=plain, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    (change,) = family.cloudformation.describe_change_set(ChangeSetName=plain)["Changes"]
    assert change["ResourceChange"]["Details"][0]["ChangeSource"] == "Automatic"

    with pytest.raises(Exception, match="ChangeSetCreateComplete failed"):
        Planned(family, body, "UPDATE")
    found = family.cloudformation.describe_change_set(StackName="outer", ChangeSetName="plan-update")
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_deleting_a_plan_leaves_no_shells(family: Family) -> None:
    with_orders(family)
    planned = Planned(family, family.outer(Inner=family.inner("inner.json")), "CREATE")
    inner = planned.changes(planned.id)["Inner"]["ChangeSetId"]

    family.cloudformation.delete_change_set(ChangeSetName=planned.id)

    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        family.cloudformation.describe_change_set(ChangeSetName=inner)
    standing = [s["StackName"] for s in family.cloudformation.describe_stacks()["Stacks"]]
    assert standing == ["outer"]
