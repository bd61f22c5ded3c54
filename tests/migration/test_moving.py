"""What a move writes into a template: it deploys, step by step, and nothing is taken from the old table before the last."""

from __future__ import annotations

from pathlib import Path

import pytest

from tablewright.author.editing import Text
from tablewright.author.judged import judge
from tablewright.author.tables import Key
from tablewright.errors import UsageError
from tablewright.events import Ending
from tablewright.migrate.moving.edits import prepare, retire, switch
from tablewright.migrate.moving.move import Move, moved
from tablewright.migrate.moving.needs import needs
from tests.conftest import EmbeddedAws
from tests.rehearsals.deploying import client, end, opened, run

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/ai-chef/backend/infrastructure/dynamodb-schema.yaml"
MOVE = Move("sessions", key=Key("PK"), sort=Key("SK"))

SMALL = """\
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: orders
      BillingMode: PROVISIONED
      ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: at, AttributeType: N}
        - {AttributeName: user, AttributeType: B}
      KeySchema:
        - {AttributeName: id, KeyType: HASH}
        - {AttributeName: at, KeyType: RANGE}
      GlobalSecondaryIndexes:
        - IndexName: by-user
          KeySchema: [{AttributeName: user, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      LocalSecondaryIndexes:
        - IndexName: by-user-local
          KeySchema: [{AttributeName: id, KeyType: HASH}, {AttributeName: user, KeyType: RANGE}]
          Projection: {ProjectionType: ALL}
  OrdersReads:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ResourceId: !Sub table/${Orders}
      ScalableDimension: dynamodb:table:ReadCapacityUnits
      ServiceNamespace: dynamodb
      MinCapacity: 1
      MaxCapacity: 10
      RoleARN: !Sub arn:aws:iam::${AWS::AccountId}:role/scaling
"""


def _example() -> Text:
    return Text(EXAMPLE.read_text(encoding="utf-8"), str(EXAMPLE))


def test_a_move_is_deployed_step_by_step(aws: EmbeddedAws, account: str) -> None:
    ours, dynamodb, ssm = opened(aws, account), client(aws, account, "dynamodb"), client(aws, account, "ssm")
    text = _example()
    assert end(run(ours, text.text)).ending is Ending.DONE
    dynamodb.put_item(TableName="ai-chef-sessions", Item={"sessionId": {"S": "s1"}})
    table = []
    for step in (prepare, switch, retire):
        before, text = text, step(text, MOVE)
        judge(before, text)
        assert end(run(ours, text.text)).ending is Ending.DONE, step.__name__
        table.append(ssm.get_parameter(Name="/rehearsal/tables/sessions")["Parameter"]["Value"])
        ttl = dynamodb.describe_time_to_live(TableName="ai-chef-sessions-v2")["TimeToLiveDescription"]
        assert (ttl["TimeToLiveStatus"] == "ENABLED") is (step is not prepare)
    assert table == ["ai-chef-sessions", "ai-chef-sessions-v2", "ai-chef-sessions-v2"]
    made = dynamodb.describe_table(TableName="ai-chef-sessions-v2")["Table"]
    assert [key["AttributeName"] for key in made["KeySchema"]] == ["PK", "SK"]
    assert made["DeletionProtectionEnabled"]
    assert dynamodb.scan(TableName="ai-chef-sessions")["Count"] == 1, "the old table stays, outside the stack"


def test_each_step_wants_the_one_before_and_may_be_asked_for_again() -> None:
    text = _example()
    for step in (switch, retire):
        with pytest.raises(UsageError, match="step"):
            step(text, MOVE)
    prepared = prepare(text, MOVE)
    assert prepare(prepared, MOVE) == prepared
    with pytest.raises(UsageError, match="step"):
        retire(prepared, MOVE)
    switched = switch(prepared, MOVE)
    assert switch(switched, MOVE) == switched
    assert [need.done for need in needs(text, MOVE)] == [False, None, None, False, False]
    assert [need.done for need in needs(prepared, MOVE)] == [True, None, None, False, False]
    assert [need.done for need in needs(switched, MOVE)] == [True, None, None, True, False]


def test_the_new_table_takes_after_the_old_one_where_it_can() -> None:
    text = Text(SMALL, "small.yaml")
    move = Move("Orders", key=Key("PK"), sort=Key("SK"))
    (first, *_) = needs(text, move)
    assert any("by-user-local" in note for note in first.notes)
    new = prepare(text, move)
    properties = ("Resources", "OrdersV2Table", "Properties") if new.at(("Resources", "OrdersV2Table")) else (
        "Resources", moved(text, move).logical_id, "Properties"
    )  # fmt: skip
    assert new.at((*properties, "LocalSecondaryIndexes")) is None
    assert new.at((*properties, "GlobalSecondaryIndexes", 0, "IndexName")) is not None
    assert "AttributeName: user\n          AttributeType: B" in new.text
    assert "OrdersV2Reads" in new.text, "auto scaling comes along"
    assert new.text.startswith(SMALL[: SMALL.index("  OrdersReads")]), "what stands there stays"

    same_keys = prepare(text, Move("Orders", name="orders-archive"))
    ends = moved(text, Move("Orders", name="orders-archive"))
    assert same_keys.at(("Resources", ends.logical_id, "Properties", "LocalSecondaryIndexes")) is not None


def test_names_with_an_expression_in_them() -> None:
    body = SMALL.replace("TableName: orders\n", "TableName: !Sub 'shop-orders-${AWS::StackName}'\n")
    new = prepare(Text(body, "small.yaml"), Move("Orders", key=Key("PK")))
    assert "shop-orders-v2-${AWS::StackName}" in new.text
    assert "/${AWS::StackName}/tables/" in new.text


def test_what_cannot_be_is_refused() -> None:
    text = _example()
    for move, words in (
        (Move("nobody"), "no such table"),
        (Move("sessions", name="sess ions"), "no table's"),
        (Move("sessions", name="sessions"), "in use"),
        (Move("sessions", key=Key("PK"), sort=Key("PK")), "both keys"),
    ):
        with pytest.raises(UsageError, match=words):
            prepare(text, move)
