"""The explicit Deny of a table's own policy holds on the embedded AWS, for whom it is meant and as long as it is meant to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import EmbeddedAws

WRITES = [
    "dynamodb:PutItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQL*",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
]


def as_role(aws: EmbeddedAws, account: str, role: str) -> Any:
    """A DynamoDB client of a session of a role."""
    sts = aws.client("sts", account=account)
    given = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="test")["Credentials"]
    return boto3.client(
        "dynamodb",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def _table(client: Any, name: str) -> str:
    described = client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return str(described["TableDescription"]["TableArn"])


def _deny(arn: str, **condition: Any) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": WRITES, "Resource": arn, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _writes(client: Any) -> dict[str, str]:
    """What becomes of each way to write: ``done``, or the error's code."""
    item = {"id": {"S": "a"}}
    ways: dict[str, Callable[[], object]] = {
        "put": lambda: client.put_item(TableName="Held", Item=item),
        "update": lambda: client.update_item(TableName="Held", Key=item),
        "delete": lambda: client.delete_item(TableName="Held", Key=item),
        "batch": lambda: client.batch_write_item(RequestItems={"Held": [{"PutRequest": {"Item": item}}]}),
        "transaction": lambda: client.transact_write_items(
            TransactItems=[{"Put": {"TableName": "Held", "Item": item}}]
        ),
        "statement": lambda: client.execute_statement(Statement="INSERT INTO \"Held\" VALUE {'id': 'b'}"),
        "by arn": lambda: client.put_item(TableName=client.meta.arn, Item=item),
    }
    found = {}
    for name, way in ways.items():
        try:
            way()
            found[name] = "done"
        except ClientError as error:
            found[name] = error.response["Error"]["Code"]
    return found


def test_a_deny_holds_for_all_but_the_one_who_is_excepted(aws: EmbeddedAws, account: str) -> None:
    owner = aws.client("dynamodb", account=account)
    arn = _table(owner, "Held")
    writer, tool = as_role(aws, account, "app"), as_role(aws, account, "tool")
    for client in (writer, tool):
        client.meta.arn = arn
    policy = _deny(arn, ArnNotLike={"aws:PrincipalArn": [f"arn:aws:iam::{account}:role/tool"]})
    owner.put_resource_policy(ResourceArn=arn, Policy=policy)

    assert set(_writes(writer).values()) == {"AccessDeniedException"}
    assert set(_writes(tool).values()) == {"done"}
    assert writer.get_item(TableName="Held", Key={"id": {"S": "a"}})["ResponseMetadata"]["HTTPStatusCode"] == 200

    owner.delete_resource_policy(ResourceArn=arn)
    assert writer.put_item(TableName="Held", Item={"id": {"S": "c"}})


@pytest.mark.parametrize(("minutes", "held"), [(5, True), (-5, False)])
def test_a_deny_with_a_deadline_lapses_by_itself(aws: EmbeddedAws, account: str, minutes: int, held: bool) -> None:
    owner = aws.client("dynamodb", account=account)
    arn = _table(owner, "Held")
    deadline = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    owner.put_resource_policy(ResourceArn=arn, Policy=_deny(arn, DateLessThan={"aws:CurrentTime": deadline}))
    try:
        owner.put_item(TableName="Held", Item={"id": {"S": "a"}})
        assert not held
    except ClientError as error:
        assert held
        assert error.response["Error"]["Code"] == "AccessDeniedException"
        assert "explicit deny in a resource-based policy" in error.response["Error"]["Message"]


def test_what_is_not_understood_denies_nothing(aws: EmbeddedAws, account: str) -> None:
    owner = aws.client("dynamodb", account=account)
    arn = _table(owner, "Held")
    owner.put_resource_policy(ResourceArn=arn, Policy=_deny(arn, StringEquals={"aws:SourceVpce": "vpce-1"}))
    assert owner.put_item(TableName="Held", Item={"id": {"S": "a"}})
