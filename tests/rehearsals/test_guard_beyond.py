"""The guard beyond a stack's own tables: keys, replicas, nested stacks, periods; each refused, and let through by name."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tablewright.account import open_account
from tablewright.events import ChangesFound, Ending, Event
from tablewright.model.table import Holds
from tablewright.model.whereabouts import Credentials
from tests.conftest import EmbeddedAws
from tests.rehearsals.between import Answer, between
from tests.rehearsals.deploying import client, end, items, log_group, opened, pending, put, run, status, table, template

ENCRYPTED = "SSESpecification: {SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt %s.Arn}"
PITR = "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true%s}"
ORDERS = frozenset({"orders"})
DENIED = (403, "AccessDeniedException", "not authorized to perform: dynamodb:Scan")


def refused_then_allowed(
    aws: EmbeddedAws, account: str, body: str, *, kind: str, before: str = "CREATE_COMPLETE"
) -> list[Event]:
    """Refuse without the flag and with any other name, leaving everything as it was; then go through with the flag."""
    for names in (frozenset[str](), frozenset({"*"}), frozenset({"Orders"})):
        events = run(opened(aws, account), body, allow_data_loss=names)
        last = end(events)
        assert (last.ending, last.code) == (Ending.REFUSED, "data-loss"), last
        assert {(loss.kind, loss.table) for loss in last.losses if loss.refuses} == {(kind, "orders")}
        assert last.hint is not None and "--allow-data-loss orders" in last.hint
        assert not any(isinstance(e, ChangesFound) for e in events)
        assert status(aws, account) == before and pending(aws, account) == []
    assert items(aws, account, "orders") == 1
    done = run(opened(aws, account), body, allow_data_loss=ORDERS)
    assert end(done).ending is Ending.DONE, end(done)
    return done


def key(logical_id: str = "Secret", *, enabled: bool = True) -> str:
    """A KMS key's block."""
    policy = (
        "{Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {AWS: '*'}, Action: 'kms:*', Resource: '*'}]}"
    )
    return (
        f"  {logical_id}:\n    Type: AWS::KMS::Key\n    Properties:\n"
        f"      Enabled: {str(enabled).lower()}\n      KeyPolicy: {policy}\n"
    )


EDITS = {
    "deleted": template(table()),
    "disabled": template(key(enabled=False), table(extra=ENCRYPTED % "Secret")),
    "replaced": template(key("Other"), table(extra=ENCRYPTED % "Other")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_key_in_use_is_guarded(aws: EmbeddedAws, account: str, edit: str) -> None:
    assert end(run(opened(aws, account), template(key(), table(extra=ENCRYPTED % "Secret")))).ending is Ending.DONE
    put(aws, account, "orders")
    refused_then_allowed(aws, account, EDITS[edit], kind="key-lost")


SHUT = "Principal: {AWS: 'arn:aws:iam::%s:role/other'}, Action: 'kms:*'"
OPEN = "Principal: {AWS: '*'}, Action: 'kms:*'"
OUTSIDE: dict[str, Callable[[str], str]] = {
    "deleted": lambda block: log_group(),
    "disabled": lambda block: block.replace("Enabled: true", "Enabled: false"),
    "shut": lambda block: block.replace(OPEN, SHUT),
    "gone with its nested stack": lambda block: log_group(),
}


@pytest.mark.slow
@pytest.mark.parametrize("edit", OUTSIDE)
def test_a_key_that_a_table_of_no_stack_or_another_needs_is_guarded(aws: EmbeddedAws, account: str, edit: str) -> None:
    block = key()
    if edit.startswith("gone"):
        block = nested(aws, account, "key.yaml", template(key()))
    assert end(run(opened(aws, account), template(block, log_group()))).ending is Ending.DONE
    (found,) = client(aws, account, "kms").list_keys()["Keys"]
    dynamodb = client(aws, account, "dynamodb")
    dynamodb.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": found["KeyArn"]},
    )
    put(aws, account, "orders")
    after = OUTSIDE[edit](block)
    body = template(after) if after == log_group() else template(after, log_group())
    last = end(run(opened(aws, account), body))
    assert (last.ending, last.code) == (Ending.REFUSED, "data-loss"), last
    assert [(loss.kind, loss.table) for loss in last.losses] == [("key-lost", "orders")]
    dynamodb.delete_item(TableName="orders", Key={"id": {"S": "1"}})
    assert end(run(opened(aws, account), body)).ending is Ending.DONE, "an empty table needs no key"


@pytest.mark.slow
@pytest.mark.parametrize("denied", ["ListTables", "DescribeTable"])
def test_a_key_may_not_go_where_the_tables_that_need_it_cannot_be_looked_at(
    aws: EmbeddedAws, account: str, denied: str
) -> None:
    assert end(run(opened(aws, account), template(key(), log_group()))).ending is Ending.DONE
    (found,) = client(aws, account, "kms").list_keys()["Keys"]
    assert end(run(opened(aws, account), template(table()), stack="other")).ending is Ending.DONE
    refused = (403, "AccessDeniedException", f"not authorized to perform: dynamodb:{denied}")
    with between(aws.endpoint, lambda operation, _: refused if operation == denied else None) as gate:
        through = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        last = end(run(through, template(log_group())))
        assert (last.ending, last.code) == (Ending.REFUSED, "data-loss"), last
        ((loss,), id_) = last.losses, found["KeyId"]
        assert (loss.kind, loss.table) == ("key-unknown", id_) and denied in loss.what, loss
        done = end(run(through, template(log_group()), allow_data_loss=frozenset({id_})))
    assert done.ending is Ending.DONE, done


def test_a_key_that_encrypts_no_table_may_go(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(key(), table()))
    put(aws, account, "orders")
    assert end(run(opened(aws, account), template(table()))).ending is Ending.DONE


def test_a_shorter_recovery_period_goes_through_by_name(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(extra=PITR % "")))
    put(aws, account, "orders")
    shorter = template(table(extra=PITR % ", RecoveryPeriodInDays: 7"))
    refused_then_allowed(aws, account, shorter, kind="recovery-shortened")


def global_table(*regions: str) -> str:
    """A global table's block."""
    return (
        "  Orders:\n    Type: AWS::DynamoDB::GlobalTable\n    Properties:\n      TableName: orders\n"
        "      BillingMode: PAY_PER_REQUEST\n      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}\n"
        "      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: id, KeyType: HASH}]\n      Replicas:\n"
        + "".join(f"        - Region: {region}\n" for region in regions)
    )


def test_a_removed_replica_is_guarded(aws: EmbeddedAws, account: str) -> None:
    assert end(run(opened(aws, account), template(global_table("us-east-1", "eu-west-1")))).ending is Ending.DONE
    put(aws, account, "orders")
    refused_then_allowed(aws, account, template(global_table("us-east-1")), kind="replica-removed")


@pytest.mark.slow
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_the_recovery_of_each_replica_is_guarded(aws: EmbeddedAws, account: str, region: str) -> None:
    on = global_table("eu-west-1", "us-east-1").replace("-1\n", f"-1\n          {PITR % ''}\n")
    assert end(run(opened(aws, account), template(on))).ending is Ending.DONE
    put(aws, account, "orders")
    off = on.replace(f"Region: {region}\n          {PITR % ''}\n", f"Region: {region}\n")
    assert off != on
    refused_then_allowed(aws, account, template(off), kind="recovery-disabled")


@pytest.mark.slow
@pytest.mark.parametrize("replica", ["holds an item", "cannot be read", "is empty"])
def test_a_global_table_is_empty_only_where_all_its_replicas_are(aws: EmbeddedAws, account: str, replica: str) -> None:
    body = template(log_group(), global_table("us-east-1", "eu-west-1"))
    assert end(run(opened(aws, account), body)).ending is Ending.DONE
    if replica == "holds an item":
        put(aws, account, "orders")

    def elsewhere(operation: str, number: int) -> Answer | None:
        if operation != "Scan":
            return None
        if gate.region == "us-east-1":  # where nothing has arrived yet
            return (200, "", '{"Count": 0, "ScannedCount": 0}')
        return DENIED if replica == "cannot be read" else None

    with between(aws.endpoint, elsewhere) as gate:
        through = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        last = end(run(through, template(log_group())))
    if replica == "is empty":
        assert last.ending is Ending.DONE, last
        return
    assert (last.ending, last.code) == (Ending.REFUSED, "data-loss"), last
    said = "It holds items" if replica == "holds an item" else "its replica in eu-west-1 cannot be read"
    assert [said in loss.what for loss in last.losses if loss.kind == "table-removed"] == [True], last.losses


def test_a_replica_of_another_account_is_not_asked_for_by_name(aws: EmbeddedAws, account: str) -> None:
    """Another account's replica is told by its ARN; an empty table of ours, of the very name in that region, is another."""
    dynamodb = client(aws, account, "dynamodb")
    assert end(run(opened(aws, account), template(table()))).ending is Ending.DONE
    told = dynamodb.describe_table(TableName="orders")["Table"]
    arn = "arn:aws:dynamodb:eu-west-1:444455556666:table/orders"
    told["Replicas"] = [{"RegionName": "eu-west-1", "ReplicaStatus": "ACTIVE", "ReplicaArn": arn}]
    answer = json.dumps({"Table": told}, default=lambda moment: moment.timestamp())
    with between(aws.endpoint, lambda asked, _: (200, "", answer) if asked == "DescribeTable" else None) as gate:
        through = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        found = through.tables.contents("orders")
        assert found.holds is Holds.UNKNOWN and "account 444455556666" in found.reason, found
        last = end(run(through, template(log_group())))
        assert (last.ending, last.code) == (Ending.REFUSED, "data-loss"), last
        tagged = end(run(through, template(table(extra="Tags: [{Key: team, Value: a}]"))))
    assert tagged.ending is Ending.DONE, f"another's replica is not taken away by this stack: {tagged}"


def nested(aws: EmbeddedAws, account: str, key: str, body: str) -> str:
    """The block of a nested stack whose template is put into a bucket."""
    s3 = client(aws, account, "s3")
    bucket = f"nested-{account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode())
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com/{key}"
    return f"  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: {url}\n"


@pytest.mark.parametrize("edit", ["the nested stack removed", "its table removed", "its table replaced"])
def test_a_table_of_a_nested_stack_is_guarded(aws: EmbeddedAws, account: str, edit: str) -> None:
    inner = nested(aws, account, "one.yaml", template(table(), log_group("Inside", "/inside")))
    assert end(run(opened(aws, account), template(inner, log_group()))).ending is Ending.DONE
    put(aws, account, "orders")
    renamed = template(table(name="orders-2"), log_group("Inside", "/inside"))
    if edit == "the nested stack removed":
        body, kind = template(log_group()), "table-removed"
    elif edit == "its table removed":
        body = template(nested(aws, account, "two.yaml", template(log_group("Inside", "/inside"))), log_group())
        kind = "table-removed"
    else:
        body, kind = template(nested(aws, account, "two.yaml", renamed), log_group()), "table-replaced"
    refused_then_allowed(aws, account, body, kind=kind)
    left = client(aws, account, "dynamodb").list_tables()["TableNames"]
    assert left == (["orders-2"] if edit == "its table replaced" else [])


def topic(name: str) -> str:
    """A topic's block: what is named after it is named anew when it is replaced."""
    return f"  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {{TopicName: {name}}}\n"


@pytest.mark.slow
def test_a_name_that_is_known_only_while_the_change_is_made_is_guarded(aws: EmbeddedAws, account: str) -> None:
    orders = table(name="!GetAtt Topic.TopicName")
    assert end(run(opened(aws, account), template(topic("orders"), orders))).ending is Ending.DONE
    put(aws, account, "orders")
    refused_then_allowed(aws, account, template(topic("orders-2"), orders), kind="table-replaced")


@pytest.mark.slow
def test_a_name_that_a_nested_stack_gets_while_the_change_is_made_is_guarded(aws: EmbeddedAws, account: str) -> None:
    inner = "Parameters: {Name: {Type: String}}\n" + template(table(name="!Ref Name"))
    block = nested(aws, account, "named.yaml", inner) + "      Parameters: {Name: !GetAtt Topic.TopicName}\n"
    assert end(run(opened(aws, account), template(topic("orders"), block))).ending is Ending.DONE
    put(aws, account, "orders")
    refused = end(run(opened(aws, account), template(topic("orders-2"), block)))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "data-loss"), refused
    assert items(aws, account, "orders") == 1


@pytest.mark.slow
def test_a_replica_whose_region_cannot_be_resolved_is_guarded(aws: EmbeddedAws, account: str) -> None:
    orders = global_table("us-east-1", "!GetAtt Topic.TopicName")
    assert end(run(opened(aws, account), template(topic("eu-west-1"), orders))).ending is Ending.DONE
    put(aws, account, "orders")
    refused = end(run(opened(aws, account), template(topic("us-west-2"), orders)))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "data-loss"), refused
    assert {(loss.kind, loss.table) for loss in refused.losses} >= {("replica-removed", "orders")}


@pytest.mark.slow
@pytest.mark.parametrize("version", ["", ":1"])
def test_a_name_that_is_read_anew_with_each_update_is_guarded(aws: EmbeddedAws, account: str, version: str) -> None:
    ssm = client(aws, account, "ssm")
    ssm.put_parameter(Name="/name", Value="orders", Type="String")
    orders = table(name="'{{resolve:ssm:/name" + version + "}}'")
    done = end(run(opened(aws, account), template(orders)))
    assert done.ending is Ending.DONE, done
    put(aws, account, "orders")
    ssm.put_parameter(Name="/name", Value="orders-2", Type="String", Overwrite=True)
    if version:
        last = end(run(opened(aws, account), template(orders, log_group())))
        assert last.ending is Ending.DONE, last
        assert items(aws, account, "orders") == 1
    else:
        refused_then_allowed(aws, account, template(orders, log_group()), kind="table-replaced")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["in the nested template", "in what is passed to it", "beside a change of its own"])
def test_a_nested_name_that_is_read_anew_with_each_update_is_guarded(
    aws: EmbeddedAws, account: str, where: str
) -> None:
    ssm = client(aws, account, "ssm")
    ssm.put_parameter(Name="/name", Value="orders", Type="String")
    after = log_group()
    reference = "'{{resolve:ssm:/name}}'"
    if where == "in the nested template":
        block = nested(aws, account, "floating.yaml", template(table(name=reference)))
    elif where == "in what is passed to it":
        inner = "Parameters: {Name: {Type: String}}\n" + template(table(name="!Ref Name"))
        block = nested(aws, account, "floating.yaml", inner) + f"      Parameters: {{Name: {reference}}}\n"
    else:
        block, after = table(name=reference), table(name=reference, extra="Tags: [{Key: team, Value: a}]")
    done = end(run(opened(aws, account), template(block)))
    assert done.ending is Ending.DONE, done
    put(aws, account, "orders")
    ssm.put_parameter(Name="/name", Value="orders-2", Type="String", Overwrite=True)
    body = template(after) if where == "beside a change of its own" else template(block, after)
    refused_then_allowed(aws, account, body, kind="table-replaced")
