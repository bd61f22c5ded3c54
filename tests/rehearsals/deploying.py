"""What the rehearsals share: templates, and a deployment driven to its end over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tablewright.account import open_account
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.run import deploy
from tablewright.events import Event, Finished
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account
from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws

STACK = "rehearsal"


def opened(aws: EmbeddedAws, account: str) -> Account:
    """The ports of one account of the embedded AWS. They keep nothing, so that a test may use them for many runs."""
    return _opened(aws.endpoint, account)


@lru_cache(maxsize=4)
def _opened(endpoint: str, account: str) -> Account:
    return open_account(region="us-east-1", endpoint_url=endpoint, credentials=Credentials(account, "local"))


def client(aws: EmbeddedAws, account: str, service: str) -> Any:
    """A boto3 client, made once: making one takes longer than most of what it is asked."""
    made = _clients.get((aws.endpoint, account, service))
    if made is None:
        if len(_clients) > 8:
            _clients.clear()
        made = _clients[aws.endpoint, account, service] = aws.client(service, account=account)
    return made


_clients: dict[tuple[str, str, str], Any] = {}


def run(
    account: Account, body: str, *, stack: str = STACK, parameters: Mapping[str, str] | None = None, **options: Any
) -> list[Event]:
    """All events of a deployment."""
    design = read_design(body, stack=stack, path="template.yaml", parameters=parameters)
    return list(deploy(design, account, options=DeployOptions(**options)))


def end(events: list[Event]) -> Finished:
    """The last event, which always is the end."""
    last = events[-1]
    assert isinstance(last, Finished), last
    return last


def table(
    logical_id: str = "Orders",
    name: str = "orders",
    *,
    key: str = "id",
    policy: str | None = None,
    extra: str = "",
    index: str | None = None,
) -> str:
    """A table's block of YAML; ``extra`` are further property lines."""
    attributes = [key, *([index] if index else [])]
    lines = [f"  {logical_id}:", "    Type: AWS::DynamoDB::Table"]
    if policy:
        lines += [f"    DeletionPolicy: {policy}", "    UpdateReplacePolicy: Retain"]
    lines += [
        "    Properties:",
        f"      TableName: {name}",
        "      BillingMode: PAY_PER_REQUEST",
        "      AttributeDefinitions:",
    ]
    lines += [f"        - {{AttributeName: {a}, AttributeType: S}}" for a in attributes]
    lines += ["      KeySchema:", f"        - {{AttributeName: {key}, KeyType: HASH}}"]
    if index:
        lines += ["      GlobalSecondaryIndexes:", f"        - IndexName: {index}-index"]
        lines += [f"          KeySchema: [{{AttributeName: {index}, KeyType: HASH}}]"]
        lines += ["          Projection: {ProjectionType: ALL}"]
    lines += [f"      {line}" for line in extra.splitlines()]
    return "\n".join(lines) + "\n"


def template(*blocks: str) -> str:
    """A whole template of the blocks."""
    return "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n" + "".join(blocks)


def log_group(logical_id: str = "Log", name: str = "/rehearsal/log", days: int = 7) -> str:
    """A log group's block."""
    properties = f"      LogGroupName: {name}\n      RetentionInDays: {days}\n"
    return f"  {logical_id}:\n    Type: AWS::Logs::LogGroup\n    Properties:\n{properties}"


def broken(*, after: str = "Orders") -> str:
    """A table that DynamoDB refuses when it is made, once ``after`` stands: nothing before that sees what is wrong with it."""
    block = table("Bad", "bad-table", index="owner").replace("ProjectionType: ALL", "ProjectionType: INCLUDE")
    return block.replace("    Properties:", f"    DependsOn: {after}\n    Properties:")


def put(aws: EmbeddedAws, account: str, name: str, *, key: str = "id", value: str = "1") -> None:
    """Put one item."""
    client(aws, account, "dynamodb").put_item(TableName=name, Item={key: {"S": value}, "kept": {"S": "yes"}})


def items(aws: EmbeddedAws, account: str, name: str) -> int:
    """How many items the table holds."""
    return int(client(aws, account, "dynamodb").scan(TableName=name, ConsistentRead=True)["Count"])


def status(aws: EmbeddedAws, account: str, stack: str = STACK) -> str:
    """The stack's status, empty when there is none."""
    cloudformation = client(aws, account, "cloudformation")
    try:
        return str(cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except cloudformation.exceptions.ClientError as error:
        assert "does not exist" in str(error)
        return ""


def pending(aws: EmbeddedAws, account: str, stack: str = STACK) -> list[str]:
    """The change sets that wait on the stack: what was executed stays listed and does not count."""
    listed = client(aws, account, "cloudformation").list_change_sets(StackName=stack)["Summaries"]
    return [
        c["ChangeSetName"] for c in listed if c["ExecutionStatus"] not in ("EXECUTE_COMPLETE", "EXECUTE_IN_PROGRESS")
    ]
