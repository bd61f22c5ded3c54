"""Point-in-time recovery on the embedded AWS: a table as it was at a second, also after a restart, and what is refused.

Sources: API reference, RestoreTableToPointInTime and DescribeContinuousBackups; developer guide, "Point-in-time recovery".
"""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tablewright.local import control, recovery_rules
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


def test_a_window_never_reaches_back_to_what_was_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """With more changes than are kept, every time within the window is still restored to what stood then."""
    monkeypatch.setattr(recovery_rules, "_MOST_CHANGES", 10)
    clock = [0.0]
    setting = recovery_rules.protected(0.0) | {"days": 35}
    items: dict[str, dict[str, int]] = {"a": {}}

    def store(table: Any, pk: str, sk: str, value: int) -> int | None:
        before = items[pk].get(sk)
        items[pk][sk] = value
        return before

    module = SimpleNamespace(
        _set_item=store,
        _remove_item=None,
        _restore_table_to_point_in_time=None,
        _restore_table_from_backup=None,
        _table_description=None,
        _tables={"orders": {"items": items}},
        _pitr_settings=_Settings({"orders": setting}),
        time=SimpleNamespace(time=lambda: clock[0]),
    )
    rules = recovery_rules._Rules(module)
    table = {"TableName": "orders", "TableArn": "arn:aws:dynamodb:us-east-1:1:table/orders"}
    for at in range(1, 101):
        clock[0] = float(at)
        rules.set_item(table, "a", "x", at)  # type: ignore[arg-type]
        earliest, _ = recovery_rules.window(setting, clock[0])
        for when in range(int(earliest), at + 1):
            found = recovery_rules.items_at(module, "orders", float(when))
            assert found == ({"a": {"x": when}} if when else {}), (at, when)
    assert len(setting["changes"]) <= 10 and earliest > 85


class _Settings(dict[str, Any]):
    def get_scoped(self, account: str, region: str, name: str) -> Any:
        return self[name]
