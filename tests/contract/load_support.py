"""What the tests of load share: tables, and a clock of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tablewright.local import control, process
from tests.conftest import STARTS_S, EmbeddedAws


@contextmanager
def started(folder: Path, **options: Any) -> Iterator[EmbeddedAws]:
    """An embedded AWS whose clock a test may advance."""
    aws = EmbeddedAws(process.start(folder, port=0, timeout=STARTS_S, **options))
    try:
        yield aws
    finally:
        process.stop(folder)


def table(
    client: Any,
    name: str,
    *,
    read: int = 0,
    write: int = 0,
    sort: bool = False,
    indexes: list[dict[str, Any]] | None = None,
    local: list[dict[str, Any]] | None = None,
    attributes: tuple[str, ...] = (),
    **more: Any,
) -> str:
    """Make a table with key pk (and sk); provisioned when units are given. Returns its name."""
    keys = [
        {"AttributeName": "pk", "KeyType": "HASH"},
        *([{"AttributeName": "sk", "KeyType": "RANGE"}] if sort else []),
    ]
    names = ["pk", *(["sk"] if sort else []), *attributes]
    asked: dict[str, Any] = {
        "TableName": name,
        "KeySchema": keys,
        "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in names],
        **more,
    }
    if read or write:
        asked["ProvisionedThroughput"] = {"ReadCapacityUnits": read or 1, "WriteCapacityUnits": write or 1}
    else:
        asked["BillingMode"] = "PAY_PER_REQUEST"
    if indexes:
        asked["GlobalSecondaryIndexes"] = indexes
    if local:
        asked["LocalSecondaryIndexes"] = local
    client.create_table(**asked)
    return name


def index(
    name: str, key: str, *, write: int = 0, include: list[str] | None = None, kind: str = "ALL"
) -> dict[str, Any]:
    """A global index on one attribute."""
    projection: dict[str, Any] = {"ProjectionType": "INCLUDE" if include else kind}
    if include:
        projection["NonKeyAttributes"] = include
    made: dict[str, Any] = {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "Projection": projection,
    }
    if write:
        made["ProvisionedThroughput"] = {"ReadCapacityUnits": write, "WriteCapacityUnits": write}
    return made


def item(key: str, size: int = 0, **more: str) -> dict[str, Any]:
    """An item of exactly `size` bytes (when given), with text attributes."""
    made: dict[str, Any] = {"pk": {"S": key}, **{name: {"S": value} for name, value in more.items()}}
    if size:
        used = sum(len(name) + len(value["S"]) for name, value in made.items()) + 1
        made["x"] = {"S": "x" * (size - used)}
    return made


def refused(call: Any) -> ClientError | None:
    """The error of a call, or None."""
    try:
        call()
    except ClientError as error:
        return error
    return None


def spend(client: Any, name: str, units: int, *, key: str = "spent") -> int:
    """Write until refused, in writes of 10 units, at most `units`; returns the units written."""
    done = 0
    for number in range(units // 10):
        if refused(lambda number=number: client.put_item(TableName=name, Item=item(f"{key}{number}", 10 * 1024))):
            break
        done += 10
    return done


def moment(aws: EmbeddedAws) -> datetime:
    """The embedded clock's time."""
    return datetime.fromtimestamp(control.now(aws.endpoint), UTC)


def total(aws: EmbeddedAws, cloudwatch: Any, metric: str, statistic: str = "Sum", **dimensions: str) -> float:
    """A metric's statistic over the last hour and the minute under way, summed over datapoints."""
    end = moment(aws) + timedelta(minutes=1)
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/DynamoDB",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=end - timedelta(hours=1),
        EndTime=end,
        Period=60,
        Statistics=[statistic],
    )
    return float(sum(point[statistic] for point in found["Datapoints"]))
