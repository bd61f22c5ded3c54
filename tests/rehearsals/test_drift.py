"""Done means that the tables stand as designed: what was changed by hand is seen, shown, and put right; or the run says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tablewright.account import open_account
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.preview.run import CHANGES, REFUSED, preview
from tablewright.deploy.run import deploy
from tablewright.events import ChangesFound, Ending, Event, Noted, Planned, StepStarted
from tablewright.model.table import Key, OnDemand, Table
from tablewright.model.whereabouts import Credentials
from tablewright.plan.drift import drift_of
from tablewright.ports import Account
from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws
from tests.rehearsals.between import DENIED_BY_POLICY, Between, between
from tests.rehearsals.deploying import (
    STACK,
    client,
    end,
    items,
    log_group,
    opened,
    pending,
    put,
    run,
    status,
    table,
    template,
)
from tests.rehearsals.test_guard_beyond import global_table
from tests.waiting import SOON

TTL = "TimeToLiveSpecification: {AttributeName: end, Enabled: true}"
PITR = "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true%s}"
PROTECTED = "DeletionProtectionEnabled: true"
TAGGED = "Tags: [{Key: Service, Value: orders}, {Key: Team, Value: shop}]"
CLASS = "TableClass: STANDARD"
DESIGNED = template(table(index="owner", policy="Retain", extra=f"{TTL}\n{PITR % ''}\n{PROTECTED}\n{TAGGED}\n{CLASS}"))


def _no_ttl(dynamodb: Any) -> None:
    spec = {"Enabled": False, "AttributeName": "end"}
    dynamodb.update_time_to_live(TableName="orders", TimeToLiveSpecification=spec)


def _no_recovery(dynamodb: Any) -> None:
    spec = {"PointInTimeRecoveryEnabled": False}
    dynamodb.update_continuous_backups(TableName="orders", PointInTimeRecoverySpecification=spec)


def _no_protection(dynamodb: Any) -> None:
    dynamodb.update_table(TableName="orders", DeletionProtectionEnabled=False)


def _no_index(dynamodb: Any) -> None:
    dynamodb.update_table(TableName="orders", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "owner-index"}}])


def _billed_by_the_hour(dynamodb: Any) -> None:
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    index = {"Update": {"IndexName": "owner-index", "ProvisionedThroughput": units}}
    dynamodb.update_table(
        TableName="orders",
        BillingMode="PROVISIONED",
        ProvisionedThroughput=units,
        GlobalSecondaryIndexUpdates=[index],
    )


def _another_class(dynamodb: Any) -> None:
    dynamodb.update_table(TableName="orders", TableClass="STANDARD_INFREQUENT_ACCESS")


def _another_tag(dynamodb: Any) -> None:
    arn = dynamodb.describe_table(TableName="orders")["Table"]["TableArn"]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["Service"])
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "Team", "Value": "none"}, {"Key": "Cost", "Value": "42"}])


BY_HAND: dict[str, tuple[Callable[[Any], None], str]] = {
    "ttl": (_no_ttl, "TTL of orders is DISABLED"),
    "recovery": (_no_recovery, "point-in-time recovery of orders is off"),
    "protection": (_no_protection, "deletion protection of orders is off"),
    "billing": (_billed_by_the_hour, "the billing mode of orders is PROVISIONED, not PAY_PER_REQUEST"),
    "class": (_another_class, "the class of orders is STANDARD_INFREQUENT_ACCESS, not STANDARD"),
    "tags": (_another_tag, "tag Service of orders is missing"),
    "index": (_no_index, "index owner-index of orders does not exist"),
}


def plan(aws: EmbeddedAws, account: str, body: str, **options: Any) -> list[Event]:
    design = read_design(body, stack=STACK, path="template.yaml")
    return list(preview(design, opened(aws, account), options=DeployOptions(**options)))


def kinds(events: list[Event]) -> list[str]:
    return [e.kind for e in events if isinstance(e, StepStarted)]


def steps(events: list[Event]) -> list[str]:
    return [step.kind for e in events if isinstance(e, Planned) for step in e.steps]


def changes(events: list[Event]) -> list[tuple[str, str, str]]:
    found = [e for e in events if isinstance(e, ChangesFound)]
    return [(c.action, c.logical_id, c.replacement) for e in found for c in e.change_set.changes]


@pytest.mark.parametrize("what", BY_HAND)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(DESIGNED, id="equal"),
        pytest.param("# a comment\n" + DESIGNED, id="a-comment", marks=pytest.mark.slow),
    ],
)
def test_what_was_changed_by_hand_is_planned_alike_and_put_right(
    aws: EmbeddedAws, account: str, what: str, body: str
) -> None:
    assert end(run(opened(aws, account), DESIGNED)).ending is Ending.DONE
    put(aws, account, "orders")
    act, said = BY_HAND[what]
    act(client(aws, account, "dynamodb"))

    shown = plan(aws, account, body)
    assert steps(shown) == ["revert"] and end(shown).facts[CHANGES] == "yes"
    told = next(e for e in shown if isinstance(e, Planned)).steps[0]
    assert said in told.title and told.fields["tables"] == ["orders"]
    assert pending(aws, account) == []

    done = run(opened(aws, account), body)
    assert end(done).ending is Ending.DONE, end(done)
    assert kinds(done)[-1] == "revert" or kinds(done)[-2:] == ["revert", "await"]
    assert changes(shown) == changes(done) == [("Modify", "Orders", "False")]
    assert end(run(opened(aws, account), body)).ending is Ending.NOTHING_TO_DO
    assert end(plan(aws, account, body)).facts[CHANGES] == "no"
    assert items(aws, account, "orders") == 1


def test_a_table_that_is_taken_in_half_made_ends_as_designed_in_one_run(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(policy="Retain")), stack="old")
    put(aws, account, "orders")
    cloudformation = client(aws, account, "cloudformation")
    cloudformation.delete_stack(StackName="old")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="old", WaiterConfig=SOON)

    shown = plan(aws, account, DESIGNED)
    assert steps(shown) == ["create", "revert"]
    done = run(opened(aws, account), DESIGNED, interactive=True)
    assert end(done).ending is Ending.DONE, end(done)
    assert kinds(done)[:2] == ["create", "revert"]
    asked = [e.asks for e in done if isinstance(e, ChangesFound)]
    assert asked == [True, False], "what the run itself took in is put right without asking again"
    assert end(run(opened(aws, account), DESIGNED)).ending is Ending.NOTHING_TO_DO
    assert items(aws, account, "orders") == 1


def test_taking_in_a_table_whose_items_would_expire_is_refused_before_anything_is_made(
    aws: EmbeddedAws, account: str
) -> None:
    run(opened(aws, account), template(table(policy="Retain")), stack="old")
    _expired(aws, account)
    cloudformation = client(aws, account, "cloudformation")
    cloudformation.delete_stack(StackName="old")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="old", WaiterConfig=SOON)
    body = template(table(policy="Retain", extra=TTL))
    assert end(plan(aws, account, body)).facts[REFUSED] == "data-loss"
    refused = end(run(opened(aws, account), body))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "data-loss"), refused
    assert [(loss.kind, loss.table) for loss in refused.losses] == [("ttl-enabled", "orders")]
    assert status(aws, account) in ("", "REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS"), "no more than the empty shell"
    done = run(opened(aws, account), body, allow_data_loss=frozenset({"orders"}))
    assert end(done).ending is Ending.DONE, end(done)


@pytest.mark.slow
def test_a_table_whose_name_cloudformation_chose_is_read_back_as_well(aws: EmbeddedAws, account: str) -> None:
    body = template(table(extra=TTL).replace("      TableName: orders\n", ""))
    assert end(run(opened(aws, account), body)).ending is Ending.DONE
    dynamodb = client(aws, account, "dynamodb")
    (name,) = dynamodb.list_tables()["TableNames"]
    assert end(run(opened(aws, account), body)).ending is Ending.NOTHING_TO_DO
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": False, "AttributeName": "end"})
    assert steps(plan(aws, account, body)) == ["revert"]
    done = run(opened(aws, account), body)
    assert (end(done).ending, kinds(done)) == (Ending.DONE, ["revert"]), end(done)
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    dynamodb.delete_table(TableName=name)
    last = end(run(opened(aws, account), body))
    assert (last.ending, last.code) == (Ending.REFUSED, "data-loss"), last
    assert [(loss.kind, loss.table) for loss in last.losses] == [("table-recreated", name)]


@pytest.mark.slow
def test_a_replica_that_was_removed_by_hand_is_missed(aws: EmbeddedAws, account: str) -> None:
    body = template(global_table("us-east-1", "eu-west-1"))
    assert end(run(opened(aws, account), body)).ending is Ending.DONE
    assert end(run(opened(aws, account), body)).ending is Ending.NOTHING_TO_DO
    dynamodb = client(aws, account, "dynamodb")
    dynamodb.update_table(TableName="orders", ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    shown = next(e for e in plan(aws, account, body) if isinstance(e, Planned))
    assert "the replica of orders in eu-west-1 does not exist" in shown.steps[0].title
    last = end(run(opened(aws, account), body))
    told = [r["RegionName"] for r in dynamodb.describe_table(TableName="orders")["Table"].get("Replicas", [])]
    assert (last.ending is Ending.DONE) is ("eu-west-1" in told), last
    assert last.ending is Ending.DONE or last.code == "not-as-designed", last


@pytest.mark.slow
def test_a_stream_that_would_be_put_right_is_guarded_as_any(aws: EmbeddedAws, account: str) -> None:
    body = template(table(extra="StreamSpecification: {StreamViewType: NEW_IMAGE}"))
    assert end(run(opened(aws, account), body)).ending is Ending.DONE
    dynamodb = client(aws, account, "dynamodb")
    dynamodb.update_table(TableName="orders", StreamSpecification={"StreamEnabled": False})
    by_hand = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    dynamodb.update_table(TableName="orders", StreamSpecification=by_hand)
    arn = dynamodb.describe_table(TableName="orders")["Table"]["LatestStreamArn"]
    denied = (403, "AccessDeniedException", "not authorized to perform: lambda:ListEventSourceMappings")
    with between(aws.endpoint, lambda operation, _: denied if "event-source" in operation else None) as gate:
        last = end(run(_through(gate, account), body))
    assert (last.ending, last.code) == (Ending.REFUSED, "data-loss"), last
    assert [(loss.kind, loss.table) for loss in last.losses] == [("stream-removed", "orders")]
    assert dynamodb.describe_table(TableName="orders")["Table"]["LatestStreamArn"] == arn


def test_drift_is_asked_for_and_declined_it_stays(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), DESIGNED)
    _no_ttl(client(aws, account, "dynamodb"))
    design = read_design(DESIGNED, stack=STACK, path="template.yaml")
    going = deploy(design, opened(aws, account), options=DeployOptions(interactive=True))
    asked = next(e for e in going if isinstance(e, ChangesFound))
    assert asked.asks
    going.close()  # type: ignore[attr-defined]
    ttl = client(aws, account, "dynamodb").describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "DISABLED"
    assert pending(aws, account) == []


def test_drift_whose_reverting_loses_data_is_refused_unless_the_table_is_named(aws: EmbeddedAws, account: str) -> None:
    body = template(table(extra=TTL))
    run(opened(aws, account), body)
    _no_ttl(client(aws, account, "dynamodb"))
    _expired(aws, account)
    shown, refused = end(plan(aws, account, body)), end(run(opened(aws, account), body))
    assert shown.facts[REFUSED] == refused.code == "data-loss" and refused.ending is Ending.REFUSED
    assert [(loss.kind, loss.table) for loss in refused.losses] == [("ttl-enabled", "orders")]
    assert end(run(opened(aws, account), body, allow_data_loss=frozenset({"Orders"}))).code == "data-loss"
    assert end(run(opened(aws, account), body, allow_data_loss=frozenset({"orders"}))).ending is Ending.DONE


def test_a_table_that_was_deleted_by_hand_is_made_anew_only_when_it_is_named(aws: EmbeddedAws, account: str) -> None:
    body = template(table(), log_group())
    run(opened(aws, account), body)
    client(aws, account, "dynamodb").delete_table(TableName="orders")
    client(aws, account, "dynamodb").get_waiter("table_not_exists").wait(TableName="orders", WaiterConfig=SOON)
    shown, refused = end(plan(aws, account, body)), end(run(opened(aws, account), body))
    assert shown.facts[REFUSED] == refused.code == "data-loss"
    assert [(loss.kind, loss.table) for loss in refused.losses] == [("table-recreated", "orders")]
    done = run(opened(aws, account), body, allow_data_loss=frozenset({"orders"}))
    assert end(done).ending is Ending.DONE, end(done)
    assert items(aws, account, "orders") == 0


def test_a_service_without_the_mode_is_said_and_never_done(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), DESIGNED)
    _no_recovery(client(aws, account, "dynamodb"))
    unknown = (400, "ValidationError", "Unknown parameter DeploymentMode")
    with between(aws.endpoint, lambda operation, number: unknown if operation == "CreateChangeSet" else None) as gate:
        failed = end(run(_through(gate, account), DESIGNED))
    assert (failed.ending, failed.code) == (Ending.FAILED, "not-as-designed"), failed
    assert "point-in-time recovery of orders is off" in failed.detail and "by hand" in failed.detail
    again = end(run(opened(aws, account), DESIGNED))
    assert again.ending is Ending.DONE


def test_a_botocore_without_the_mode_is_said_by_plan_and_deploy(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), DESIGNED)
    _no_recovery(client(aws, account, "dynamodb"))
    old: Any = open_account(region="us-east-1", endpoint_url=aws.endpoint, credentials=Credentials(account, "local"))
    model = old.change_sets._session.cloudformation.meta.service_model  # this client's own: others keep theirs
    del model.operation_model("CreateChangeSet").input_shape.members["DeploymentMode"]
    shown = list(
        preview(read_design(DESIGNED, stack=STACK, path="template.yaml"), old, options=DeployOptions(interactive=False))
    )
    failed = end(run(old, DESIGNED))
    assert steps(shown) == ["revert"] and end(shown).facts[REFUSED] == failed.code == "not-as-designed"
    assert "1.42.76" in failed.detail and pending(aws, account) == []


def test_settings_that_may_not_be_read_are_said_on_a_run_with_nothing_to_do(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), DESIGNED)
    denied = (400, "AccessDeniedException", DENIED_BY_POLICY.format(action="dynamodb:DescribeTimeToLive"))
    with between(aws.endpoint, lambda operation, number: denied if operation == "DescribeTimeToLive" else None) as gate:
        events = run(_through(gate, account), DESIGNED)
    assert end(events).ending is Ending.NOTHING_TO_DO
    assert any(isinstance(e, Noted) and e.level == "warning" and "ttl of orders" in e.text for e in events)


def _through(gate: Between, account: str) -> Account:
    return open_account(region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local"))


def _expired(aws: EmbeddedAws, account: str) -> None:
    """Put an item whose time is over already."""
    now = opened(aws, account).clock.now().timestamp()
    item = {"id": {"S": "old"}, "end": {"N": str(int(now) - 60)}}
    client(aws, account, "dynamodb").put_item(TableName="orders", Item=item)


KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:111122223333:key/{KEY}"


@pytest.mark.parametrize(
    ("asked", "live", "differs"),
    [
        (ARN, ARN, False),
        (KEY, ARN, False),
        (ARN, None, True),
        (ARN, ARN.replace("1234abcd", "9999abcd"), True),
        ("alias/orders", ARN, False),  # what it stands for is not known here
        ("arn:aws:kms:us-east-1:111122223333:alias/orders", None, False),
    ],
)
def test_a_key_is_compared_where_it_is_known(asked: str, live: str | None, differs: bool) -> None:
    body = template(table(extra=f"SSESpecification: {{SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: '{asked}'}}"))
    (resource,) = read_design(body, stack=STACK).tables
    keys = (Key("id", "S", "HASH"),)
    stands = Table("orders", "arn", "1", "ACTIVE", keys, OnDemand(), datetime(2026, 11, 1, tzinfo=UTC), kms_key=live)
    assert any("is encrypted with" in said for said in drift_of(resource, stands)) is differs


@pytest.mark.parametrize("status", ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ARCHIVING", "ARCHIVED"])
def test_a_table_that_does_not_become_active_by_itself_is_not_waited_for(
    aws: EmbeddedAws, account: str, status: str
) -> None:
    assert end(run(opened(aws, account), DESIGNED)).ending is Ending.DONE
    described = client(aws, account, "dynamodb").describe_table(TableName="orders")["Table"]
    body = json.dumps({"Table": {**described, "TableStatus": status}}, default=lambda at: at.timestamp())

    def locked(operation: str, number: int) -> tuple[int, str, str] | None:
        return (200, "", body) if operation == "DescribeTable" else None

    with between(aws.endpoint, locked) as gate:
        through = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        last = end(run(through, DESIGNED))
    assert (last.ending, last.code) == (Ending.FAILED, "table-not-coming"), last
    assert status in last.detail and "KMS key" in last.detail
