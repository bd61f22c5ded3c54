"""A plain table becomes a global one with a replica, by the way that `add replica` describes: no item is lost on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import EmbeddedAws
from tests.faces.shell import Ran, in_process

SETTINGS = """\
default_environment = "production"
template = "t.yaml"
region = "us-east-1"

[environments.production]
stack = "shop"
endpoint_url = "{endpoint}"
"""

KEYS = """\
      TableName: shop-orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
OTHER = """\
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /shop, RetentionInDays: 7}
"""
PLAIN = f"""\
Resources:
{OTHER}  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
{KEYS}"""
GLOBAL = f"""\
  OrdersEverywhere:
    Type: AWS::DynamoDB::GlobalTable
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
{KEYS}      StreamSpecification: {{StreamViewType: NEW_AND_OLD_IMAGES}}
      Replicas:
        - Region: us-east-1
"""


@pytest.mark.slow
def test_the_way_from_a_table_to_a_global_one_keeps_the_items(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    (tmp_path / "tablewright.toml").write_text(SETTINGS.format(endpoint=aws.endpoint))
    template = tmp_path / "t.yaml"
    template.write_text(PLAIN)

    def ran(*words: str) -> Ran:
        env = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local"}
        return in_process(*words, cwd=tmp_path, env=env)

    def deployed() -> None:
        done = ran("deploy", "--yes")
        assert done.code == 0, done.err

    deployed()
    here = aws.client("dynamodb", account=account)
    here.put_item(TableName="shop-orders", Item={"id": {"S": "1"}})
    made = here.describe_table(TableName="shop-orders")["Table"]["TableId"]

    refused = ran("add", "replica", "Orders", "eu-west-1")
    said = " ".join(refused.err.split())
    assert refused.code == 3 and template.read_text() == PLAIN
    assert "1. tablewright remove table orders," in said and "3. Write it as AWS::DynamoDB::GlobalTable" in said

    for _ in range(2):  # steps 1 and 2: retained first, then out of the template
        assert ran("remove", "table", "orders").code == 0
        deployed()
    assert "Orders:" not in template.read_text()
    template.write_text(template.read_text() + GLOBAL)  # step 3
    deployed()
    added = ran("add", "replica", "OrdersEverywhere", "eu-west-1")
    assert added.code == 0 and "one replica is added in one deployment" in added.out
    deployed()

    table = here.describe_table(TableName="shop-orders")["Table"]
    assert table["TableId"] == made and here.scan(TableName="shop-orders")["Count"] == 1
    there = aws.client("dynamodb", account=account, region="eu-west-1")
    assert there.describe_table(TableName="shop-orders")["Table"]["TableStatus"] == "ACTIVE"

    assert ran("remove", "replica", "OrdersEverywhere", "eu-west-1").code == 0
    losing = ran("deploy", "--yes")
    assert losing.code == 3 and "eu-west-1" in losing.err  # a replica's items are guarded like any
