"""Stacks as a client sees them: statuses while they last, events, pages, tokens, parameters, identities."""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract import words
from tests.contract.harness.place import Place
from tests.contract.harness.waiting import settled, waiting
from tests.waiting import until

TABLE: dict[str, Any] = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}
TOPIC = {"Type": "AWS::SNS::Topic"}


def _template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


@pytest.fixture
def cloudformation(place: Place) -> Any:
    return place.client("cloudformation")


class Watcher:
    """Polls a stack in a thread of its own and keeps each status that it saw, of the stack and of its resources."""

    def __init__(self, client: Any, stack: str) -> None:
        self.client = client
        self.stack = stack
        self.statuses: list[str] = []
        self.resources: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(120)

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                status = self.client.describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"]
                found = self.client.describe_stack_resources(StackName=self.stack)["StackResources"]
            except ClientError:
                continue
            if not self.statuses or self.statuses[-1] != status:
                self.statuses.append(status)
            self.resources |= {resource["ResourceStatus"] for resource in found}


@pytest.mark.needs("own-clock")
@pytest.mark.slow
def test_statuses_are_visible_while_they_last(place: Place, start_aws: Callable[..., EmbeddedAws]) -> None:
    aws = start_aws(clock="20")
    cloudformation, watching = aws.client("cloudformation"), aws.client("cloudformation")
    tables = {f"Table{number}": TABLE for number in range(3)}
    statuses, resources = set[str](), set[str]()
    unseen = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}
    for _ in range(6):  # whoever looks is held up now and then, for longer than a status lasts
        with Watcher(watching, "seen") as watcher:
            stack = cloudformation.create_stack(StackName="seen", TemplateBody=_template(**tables))["StackId"]
            assert settled(cloudformation, stack)["StackStatus"] == "CREATE_COMPLETE"
            watcher.stack = stack
            cloudformation.update_stack(
                StackName="seen", TemplateBody=_template(**tables), Tags=[{"Key": "team", "Value": "blue"}]
            )
            assert settled(cloudformation, stack)["StackStatus"] == "UPDATE_COMPLETE"
            cloudformation.delete_stack(StackName="seen")
            assert settled(cloudformation, stack)["StackStatus"] == "DELETE_COMPLETE"
        statuses, resources = statuses.union(watcher.statuses), resources | watcher.resources
        if unseen <= statuses & resources:
            break

    assert unseen <= statuses
    assert unseen | {"CREATE_COMPLETE"} <= resources


def test_events_come_newest_first_and_in_pages(place: Place, cloudformation: Any) -> None:
    topics = {f"Topic{number}": TOPIC for number in range(40)}
    stack = cloudformation.create_stack(StackName=place.name("paged"), TemplateBody=_template(**topics))["StackId"]
    settled(cloudformation, stack)

    first = cloudformation.describe_stack_events(StackName=stack)
    pages = list(cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack))
    events = [event for page in pages for event in page["StackEvents"]]

    assert len(first["StackEvents"]) == 100
    assert len(pages) == 2
    assert len(events) == 1 + 40 * 3 + 1
    assert events[0]["ResourceStatus"] == "CREATE_COMPLETE"
    assert events[0]["LogicalResourceId"] == place.name("paged")
    assert [e["Timestamp"] for e in events] == sorted((e["Timestamp"] for e in events), reverse=True)
    assert len({event["EventId"] for event in events}) == len(events)
    initiated = [e for e in events if e.get("ResourceStatusReason") == words.CREATION_INITIATED]
    assert len(initiated) == 40


def test_stacks_are_listed_in_pages_and_deleted_ones_by_filter(place: Place, cloudformation: Any) -> None:
    for number in range(3):
        cloudformation.create_stack(StackName=place.name(f"one-{number}"), TemplateBody=_template(Topic=TOPIC))
    for number in range(3):
        settled(cloudformation, place.name(f"one-{number}"))
    cloudformation.delete_stack(StackName=place.name("one-1"))
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=place.name("one-1"), WaiterConfig=waiting(cloudformation)
    )

    def own(operation: str, member: str, **filters: Any) -> list[dict[str, Any]]:
        pages = cloudformation.get_paginator(operation).paginate(**filters)
        return [stack for page in pages for stack in page[member] if stack["StackName"].startswith(place.prefix)]

    gone = own("list_stacks", "StackSummaries", StackStatusFilter=["DELETE_COMPLETE"])

    assert [s["StackName"] for s in own("describe_stacks", "Stacks")] == [place.name("one-2"), place.name("one-0")]
    assert [stack["StackName"] for stack in gone] == [place.name("one-1")]
    assert "DeletionTime" in gone[0]


def test_a_client_request_token_makes_a_request_once(place: Place, cloudformation: Any) -> None:
    request = {"StackName": place.name("once"), "TemplateBody": _template(Topic=TOPIC), "ClientRequestToken": "token-1"}
    first = cloudformation.create_stack(**request)["StackId"]
    second = cloudformation.create_stack(**request)["StackId"]
    settled(cloudformation, first)

    assert first == second
    events = cloudformation.describe_stack_events(StackName=place.name("once"))["StackEvents"]
    assert {event["ClientRequestToken"] for event in events} == {"token-1"}
    with pytest.raises(ClientError, match=words.NAME_TAKEN):
        cloudformation.create_stack(StackName=place.name("once"), TemplateBody=_template(Topic=TOPIC))
    with pytest.raises(ClientError) as refused:
        cloudformation.update_stack(
            StackName=place.name("once"), TemplateBody=_template(Topic=TOPIC, More=TOPIC), ClientRequestToken="token-1"
        )
    assert refused.value.response["Error"]["Code"] == words.TOKEN_TAKEN


def test_unnamed_resources_are_named_after_stack_and_logical_id(place: Place, cloudformation: Any) -> None:
    settled(
        cloudformation,
        cloudformation.create_stack(StackName=place.name("mine"), TemplateBody=_template(Table=TABLE))["StackId"],
    )

    (name,) = place.listed("dynamodb.list_tables")["TableNames"]
    found = cloudformation.describe_stack_resource(StackName=place.name("mine"), LogicalResourceId="Table")

    prefix, suffix = name.rsplit("-", 1)
    assert prefix == place.name("mine-Table")
    assert len(suffix) == 13
    assert suffix.isupper() or suffix.isalnum()
    assert found["StackResourceDetail"]["PhysicalResourceId"] == name


def test_previous_parameter_values_and_template_are_used(place: Place, cloudformation: Any) -> None:
    template = json.dumps(
        {
            "Parameters": {"One": {"Type": "String"}, "Two": {"Type": "String", "Default": "b"}},
            "Resources": {"Topic": {**TOPIC, "Properties": {"DisplayName": {"Fn::Sub": "${One}-${Two}"}}}},
            "Outputs": {"Name": {"Value": {"Fn::Sub": "${One}-${Two}"}}},
        }
    )
    stack = cloudformation.create_stack(
        StackName=place.name("params"),
        TemplateBody=template,
        Parameters=[{"ParameterKey": "One", "ParameterValue": "a"}],
    )["StackId"]
    settled(cloudformation, stack)
    cloudformation.update_stack(
        StackName=place.name("params"),
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": "One", "UsePreviousValue": True},
            {"ParameterKey": "Two", "ParameterValue": "c"},
        ],
    )

    assert settled(cloudformation, stack)["Outputs"][0]["OutputValue"] == "a-c"


def _begun(client: Any, stack: str) -> None:
    """Wait until the stack has begun with its table."""
    until(
        lambda: (
            "Table" in {e["LogicalResourceId"] for e in client.describe_stack_events(StackName=stack)["StackEvents"]}
        )
    )


@pytest.mark.needs("faults")
def test_an_update_can_be_cancelled(place: Place, aws: EmbeddedAws) -> None:
    client, name = place.client("cloudformation"), place.name("slow")
    stack = client.create_stack(StackName=name, TemplateBody=_template(Topic=TOPIC))["StackId"]
    settled(client, stack)
    with pytest.raises(ClientError, match=words.CANNOT_CANCEL):
        client.cancel_update_stack(StackName=name)
    with control.fault(aws.endpoint, "hang-resource", stack=name, verb="create", resource="Table"):
        client.update_stack(StackName=name, TemplateBody=_template(Topic=TOPIC, Table=TABLE))
        _begun(client, stack)
        client.cancel_update_stack(StackName=name)

        found = settled(client, stack)
    events = client.describe_stack_events(StackName=stack)["StackEvents"]

    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any(e.get("ResourceStatusReason") == words.CREATION_CANCELLED for e in events)
    assert [r["LogicalResourceId"] for r in client.describe_stack_resources(StackName=stack)["StackResources"]] == [
        "Topic"
    ]


@pytest.mark.needs("own-clock")
@pytest.mark.slow
def test_a_cancelled_update_is_stuck_while_its_index_is_allocated(
    place: Place, start_aws: Callable[..., EmbeddedAws]
) -> None:
    aws = start_aws(clock="20")
    client = aws.client("cloudformation")
    indexed = copy.deepcopy(TABLE)
    indexed["Properties"]["AttributeDefinitions"].append({"AttributeName": "a", "AttributeType": "S"})
    indexed["Properties"]["GlobalSecondaryIndexes"] = [
        {
            "IndexName": "by-a",
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ]
    stack = client.create_stack(StackName="indexed", TemplateBody=_template(Table=TABLE))["StackId"]
    settled(client, stack)
    with control.held(aws.endpoint):
        client.update_stack(StackName="indexed", TemplateBody=_template(Table=indexed))
        name = client.describe_stack_resources(StackName=stack)["StackResources"][0]["PhysicalResourceId"]
        until(lambda: "GlobalSecondaryIndexes" in aws.client("dynamodb").describe_table(TableName=name)["Table"])
        client.cancel_update_stack(StackName="indexed")
        found = settled(client, stack)
    reasons = [e.get("ResourceStatusReason", "") for e in client.describe_stack_events(StackName=stack)["StackEvents"]]

    assert found["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert any("Attempt to change a resource which is still in use" in reason for reason in reasons)
    control.advance(aws.endpoint, minutes=10)
    client.continue_update_rollback(StackName="indexed")
    assert settled(client, stack)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "GlobalSecondaryIndexes" not in aws.client("dynamodb").describe_table(TableName=name)["Table"]


@pytest.mark.needs("faults")
def test_deleting_while_creating_removes_everything(place: Place, aws: EmbeddedAws) -> None:
    client, name = place.client("cloudformation"), place.name("early")
    tables = {"Table": TABLE, **{f"Table{number}": TABLE for number in range(3)}}
    with control.fault(aws.endpoint, "hang-resource", stack=name, verb="create", resource="Table"):
        stack = client.create_stack(StackName=name, TemplateBody=_template(**tables))["StackId"]
        _begun(client, stack)
        until(lambda: place.listed("dynamodb.list_tables")["TableNames"])
        client.delete_stack(StackName=name)

        assert settled(client, stack)["StackStatus"] == "DELETE_COMPLETE"
    assert place.listed("dynamodb.list_tables")["TableNames"] == []


def test_waiters_know_success_and_failure(place: Place, cloudformation: Any) -> None:
    cloudformation.create_stack(StackName=place.name("good"), TemplateBody=_template(Topic=TOPIC))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=place.name("good"), WaiterConfig=waiting(cloudformation)
    )
    cloudformation.get_waiter("stack_exists").wait(StackName=place.name("good"), WaiterConfig=waiting(cloudformation))
    broken = {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]}}
    cloudformation.create_stack(StackName=place.name("bad"), TemplateBody=_template(Table=broken))
    with pytest.raises(WaiterError, match="ROLLBACK"):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=place.name("bad"), WaiterConfig=waiting(cloudformation)
        )


def test_the_same_name_lives_in_two_regions(place: Place) -> None:
    here = place.client("cloudformation")
    there = place.client("cloudformation", place.regions[1])
    for client in (here, there):
        client.create_stack(StackName=place.name("twin"), TemplateBody=_template(Table=TABLE))
    for client in (here, there):
        assert settled(client, place.name("twin"))["StackStatus"] == "CREATE_COMPLETE"

    here.delete_stack(StackName=place.name("twin"))
    here.get_waiter("stack_delete_complete").wait(StackName=place.name("twin"), WaiterConfig=waiting(here))

    assert settled(there, place.name("twin"))["StackStatus"] == "CREATE_COMPLETE"
    assert len(place.listed("dynamodb.list_tables", place.regions[1])["TableNames"]) == 1


@pytest.mark.needs("own-words")
def test_an_action_that_is_not_imitated_says_so(place: Place, cloudformation: Any) -> None:
    with pytest.raises(ClientError, match="does not imitate ListStackSets"):
        cloudformation.list_stack_sets()


def test_template_summary_and_validation(place: Place, cloudformation: Any) -> None:
    table = {**TABLE, "Properties": {**TABLE["Properties"], "TableName": place.name("t")}}
    template = json.dumps(
        {
            "Description": "two",
            "Parameters": {"Env": {"Type": "String", "Default": "x", "AllowedValues": ["x", "y"], "NoEcho": True}},
            "Resources": {"Table": table, "Topic": TOPIC},
        }
    )
    summary = cloudformation.get_template_summary(TemplateBody=template)
    valid = cloudformation.validate_template(TemplateBody=template)

    assert summary["ResourceTypes"] == ["AWS::DynamoDB::Table", "AWS::SNS::Topic"]
    assert summary["Parameters"][0]["ParameterConstraints"]["AllowedValues"] == ["x", "y"]
    assert summary["ResourceIdentifierSummaries"][0]["ResourceIdentifiers"] == ["TableName"]
    assert valid["Parameters"] == [{"ParameterKey": "Env", "DefaultValue": "x", "NoEcho": True}]
    assert valid["Description"] == "two"
    with pytest.raises(ClientError, match=words.UNKNOWN_TYPES):
        cloudformation.validate_template(TemplateBody='{"Resources": {"X": {"Type": "AWS::No::Such"}}}')


def test_a_template_from_s3(place: Place, cloudformation: Any) -> None:
    s3 = place.client("s3", s3={"addressing_style": "path"})
    bucket = place.name(f"templates-{place.account}")
    away = {} if place.region == "us-east-1" else {"LocationConstraint": place.region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": away} if away else {}))
    s3.put_object(Bucket=bucket, Key="a/b.json", Body=_template(Topic=TOPIC).encode())
    url = f"https://{bucket}.s3.{place.region}.amazonaws.com/a/b.json"

    stack = cloudformation.create_stack(StackName=place.name("remote"), TemplateURL=url)["StackId"]

    assert settled(cloudformation, stack)["StackStatus"] == "CREATE_COMPLETE"
    assert cloudformation.get_template(StackName=place.name("remote"))["TemplateBody"] == {
        "Resources": {"Topic": TOPIC}
    }


@pytest.mark.needs("own-words")
def test_a_template_from_a_bucket_of_another_region_is_refused(place: Place, cloudformation: Any) -> None:
    """Source: Amazon S3 user guide, "Making requests": a bucket of another region is redirected to, which CloudFormation says."""
    bucket = place.name(f"elsewhere-{place.account}")
    elsewhere = place.client("s3", region="eu-central-1", s3={"addressing_style": "path"})
    elsewhere.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    elsewhere.put_object(Bucket=bucket, Key="b.json", Body=_template(Topic=TOPIC).encode())

    with pytest.raises(ClientError, match=r"S3 error: .*must be addressed using the specified endpoint"):
        cloudformation.create_stack(
            StackName=place.name("remote"), TemplateURL=f"https://{bucket}.s3.eu-central-1.amazonaws.com/b.json"
        )


def test_a_parameter_from_the_parameter_store(place: Place, cloudformation: Any) -> None:
    stored = f"/{place.name('app')}/env"
    place.client("ssm").put_parameter(Name=stored, Value="blue", Type="String")
    template = json.dumps(
        {
            "Parameters": {"Env": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": stored}},
            "Resources": {"Topic": TOPIC},
            "Outputs": {"Env": {"Value": {"Ref": "Env"}}},
        }
    )
    found = settled(
        cloudformation, cloudformation.create_stack(StackName=place.name("stored"), TemplateBody=template)["StackId"]
    )

    assert found["Outputs"][0]["OutputValue"] == "blue"
    assert found["Parameters"] == [{"ParameterKey": "Env", "ParameterValue": stored, "ResolvedValue": "blue"}]
    with pytest.raises(ClientError, match=re.escape(words.NO_SUCH_PARAMETER)):
        cloudformation.create_stack(
            StackName=place.name("missing"),
            TemplateBody=template,
            Parameters=[{"ParameterKey": "Env", "ParameterValue": "/no"}],
        )
