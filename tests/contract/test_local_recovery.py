"""Point-in-time recovery on the embedded AWS: a table as it was at a second, also after a restart, and what is refused.

Sources: API reference, RestoreTableToPointInTime and DescribeContinuousBackups; developer guide, "Point-in-time recovery".
"""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tablewright.local import control
from tests.contract.load_support import item, started, table


def _now(aws: Any) -> datetime:
    return datetime.fromtimestamp(control.now(aws.endpoint), UTC)


def _values(client: Any, name: str) -> dict[str, str]:
    items = client.scan(TableName=name, ConsistentRead=True)["Items"]
    return {each["pk"]["S"]: each.get("v", {}).get("N", "") for each in items}


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_a_table_is_restored_as_it_was(tmp_path: Path, killed: bool) -> None:
    with started(tmp_path) as aws:
        client = aws.client("dynamodb")
        table(client, "orders")
        client.put_item(TableName="orders", Item=item("before-all"))
        client.update_continuous_backups(
            TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        for name in ("stays", "changes", "goes"):
            client.put_item(TableName="orders", Item={**item(name), "v": {"N": "1"}})
        control.advance(aws.endpoint, minutes=10)
        then = _now(aws)
        control.advance(aws.endpoint, minutes=1)
        client.update_item(
            TableName="orders",
            Key={"pk": {"S": "changes"}},
            UpdateExpression="SET v = :v",
            ExpressionAttributeValues={":v": {"N": "2"}},
        )
        client.delete_item(TableName="orders", Key={"pk": {"S": "goes"}})
        client.transact_write_items(TransactItems=[{"Put": {"TableName": "orders", "Item": item("new")}}])
        client.batch_write_item(RequestItems={"orders": [{"DeleteRequest": {"Key": {"pk": {"S": "before-all"}}}}]})
        control.advance(aws.endpoint, minutes=10)

        with pytest.raises(ClientError) as early:
            client.restore_table_to_point_in_time(
                SourceTableName="orders", TargetTableName="nothing", RestoreDateTime=datetime(2020, 1, 1, tzinfo=UTC)
            )
        assert early.value.response["Error"]["Code"] == "InvalidRestoreTimeException"

        if killed:
            os.kill(aws.running.pid, signal.SIGKILL)

    # What was kept is part of the state, and of the log: a process that was stopped, or killed, restores the same.
    with started(tmp_path) as aws:
        client = aws.client("dynamodb")
        client.restore_table_to_point_in_time(SourceTableName="orders", TargetTableName="then", RestoreDateTime=then)
        client.restore_table_to_point_in_time(
            SourceTableName="orders", TargetTableName="latest", UseLatestRestorableTime=True
        )
        assert _values(client, "then") == {"before-all": "", "stays": "1", "changes": "1", "goes": "1"}
        assert _values(client, "latest") == _values(client, "orders") == {"stays": "1", "changes": "2", "new": ""}
        assert client.describe_table(TableName="then")["Table"]["ItemCount"] == 4
        client.update_continuous_backups(
            TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
        )
        with pytest.raises(ClientError) as off:
            client.restore_table_to_point_in_time(
                SourceTableName="orders", TargetTableName="nothing", UseLatestRestorableTime=True
            )
        assert off.value.response["Error"]["Code"] == "PointInTimeRecoveryUnavailableException"
