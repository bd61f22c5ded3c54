"""Removing one thing that no stack removes, when it shows the run's mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.contract.harness.ledger import Entry
from tests.contract.harness.place import Clients

Mark = Callable[[Mapping[str, str]], str]
_GONE = {
    "ResourceNotFoundException",
    "NoSuchBucket",
    "ParameterNotFound",
    "InvalidResourceId",
    "ResourceNotFound",
    "NotFound",
    "404",
}


class Missing(Exception):
    """It is not there."""


class Kept(Exception):
    """It is not removed, and why."""


def _there(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            raise Missing from None
        raise


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _marked(mark: Mark, tags: Mapping[str, str]) -> None:
    if problem := mark(tags):
        raise Kept(problem)


def _table(make: Clients, entry: Entry, mark: Mark) -> None:
    client = make("dynamodb", region=entry.region)
    table = _there(lambda: client.describe_table(TableName=entry.name))["Table"]
    pages = client.get_paginator("list_tags_of_resource").paginate(ResourceArn=table["TableArn"])
    _marked(mark, _pairs([tag for page in pages for tag in page["Tags"]]))
    if any(replica["RegionName"] != entry.region for replica in table.get("Replicas", [])):
        raise Kept("it has replicas in other regions")
    client.get_waiter("table_exists").wait(TableName=entry.name)
    if table.get("DeletionProtectionEnabled"):
        client.update_table(TableName=entry.name, DeletionProtectionEnabled=False)
        client.get_waiter("table_exists").wait(TableName=entry.name)
    client.delete_table(TableName=entry.name)
    client.get_waiter("table_not_exists").wait(TableName=entry.name)


def _bucket(make: Clients, entry: Entry, mark: Mark) -> None:
    """A bucket has its mark in its name, which only this run asked for: the ledger holds it as made."""
    if not entry.id:
        raise Kept("whether this run made it is not known")
    client = make("s3", region=entry.region, s3={"addressing_style": "path"})
    _there(lambda: client.head_bucket(Bucket=entry.name))
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=entry.name):
        for found in page.get("Contents", []):
            client.delete_object(Bucket=entry.name, Key=found["Key"])
    client.delete_bucket(Bucket=entry.name)


def _parameter(make: Clients, entry: Entry, mark: Mark) -> None:
    client = make("ssm", region=entry.region)
    _there(lambda: client.get_parameter(Name=entry.name))
    _marked(mark, _pairs(client.list_tags_for_resource(ResourceType="Parameter", ResourceId=entry.name)["TagList"]))
    client.delete_parameter(Name=entry.name)


def _secret(make: Clients, entry: Entry, mark: Mark) -> None:
    client = make("secretsmanager", region=entry.region)
    found = _there(lambda: client.describe_secret(SecretId=entry.id or entry.name))
    if found.get("DeletedDate"):
        raise Missing
    _marked(mark, _pairs(found.get("Tags", [])))
    client.delete_secret(SecretId=found["ARN"], ForceDeleteWithoutRecovery=True)


def _alarm(make: Clients, entry: Entry, mark: Mark) -> None:
    client = make("cloudwatch", region=entry.region)
    alarms = client.describe_alarms(AlarmNames=[entry.name])["MetricAlarms"]
    if not alarms:
        raise Missing
    _marked(mark, _pairs(client.list_tags_for_resource(ResourceARN=alarms[0]["AlarmArn"])["Tags"]))
    client.delete_alarms(AlarmNames=[entry.name])


def _log_group(make: Clients, entry: Entry, mark: Mark) -> None:
    client = make("logs", region=entry.region)
    groups = client.describe_log_groups(logGroupNamePrefix=entry.name)["logGroups"]
    found = next((group for group in groups if group["logGroupName"] == entry.name), None)
    if found is None:
        raise Missing
    arn = str(found.get("logGroupArn") or found["arn"]).removesuffix(":*")
    _marked(mark, client.list_tags_for_resource(resourceArn=arn).get("tags", {}))
    client.delete_log_group(logGroupName=entry.name)


def _topic(make: Clients, entry: Entry, mark: Mark) -> None:
    client = make("sns", region=entry.region)
    _there(lambda: client.get_topic_attributes(TopicArn=entry.name))
    _marked(mark, _pairs(client.list_tags_for_resource(ResourceArn=entry.name)["Tags"]))
    client.delete_topic(TopicArn=entry.name)


def _inner(make: Clients, entry: Entry, mark: Mark) -> None:
    """An inner stack goes with its root; it is in the ledger so that what it leaves behind is known as the run's."""
    client = make("cloudformation", region=entry.region)
    found = client.describe_stacks(StackName=entry.id)["Stacks"][0]
    if found["StackStatus"] != "DELETE_COMPLETE":
        raise Kept(f"it is {found['StackStatus']}")


REMOVERS: Mapping[str, Callable[[Clients, Entry, Mark], None]] = {
    "AWS::DynamoDB::GlobalTable": _table,
    "AWS::DynamoDB::Table": _table,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SNS::Topic": _topic,
    "AWS::SSM::Parameter": _parameter,
    "alarm": _alarm,
    "bucket": _bucket,
    "inner stack": _inner,
    "log group": _log_group,
    "parameter": _parameter,
    "secret": _secret,
    "table": _table,
}
"""How each kind is removed; a resource type that is not here stays, and is said."""


__all__ = ["REMOVERS", "Kept", "Missing"]
