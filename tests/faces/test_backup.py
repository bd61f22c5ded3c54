"""Backups at a terminal: a deleted table and lost items, from the accident to where they are back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faces.conftest import Client
from tests.faces.shell import Ran

Run = Callable[..., Ran]


def _items(dynamodb: Any) -> list[dict[str, Any]]:
    """What stands in the table that the tests share, in one order."""
    found: list[dict[str, Any]] = dynamodb.scan(TableName="ai-chef-sessions", ConsistentRead=True)["Items"]
    return sorted(found, key=repr)


@pytest.mark.parametrize(
    "words",
    [
        ("rehearse", "ai-chef-sessions"),
        ("restore", "--from", "ai-chef-sessions", "--to", "copy"),
        ("export", "ai-chef-sessions", "--to", "s3://somewhere"),
    ],
    ids=lambda words: str(words[0]),
)
def test_what_is_needed_to_compare_is_asked_for_before_anything_is_begun(
    words: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore that ended for want of a package would leave its copy behind."""
    monkeypatch.setattr("tablewright.cli.migrate._EXTRA", ("not_installed_here",))
    ran = run("backup", *words, "--profile", "of-no-account")
    assert ran.code == 2 and "error[migrate-extra-missing]" in ran.err
    assert ran.err.rstrip().endswith("pip install 'tablewright[migrate]'")


@pytest.mark.slow
def test_a_deleted_table_is_brought_back_and_taken_into_its_stack(home: Path, run: Run, client: Client) -> None:
    assert run("deploy", "--local", "--yes").code == 0
    dynamodb = client("dynamodb")
    for number in range(5):
        dynamodb.put_item(TableName="ai-chef-sessions", Item={"sessionId": {"S": f"세션-{number}"}})
    before = _items(dynamodb)
    dynamodb.update_table(TableName="ai-chef-sessions", DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName="ai-chef-sessions")

    back = run("backup", "undelete", "ai-chef-sessions", "--local")
    deployed = run("deploy", "--local", "--yes")

    assert back.code == 1 and "error[not-put-back]" in back.err and "tablewright deploy" in back.err
    assert deployed.code == 0, deployed.err
    table = dynamodb.describe_table(TableName="ai-chef-sessions")["Table"]
    assert table["DeletionProtectionEnabled"]
    assert len(before) >= 5 and _items(dynamodb) == before
    ttl = dynamodb.describe_time_to_live(TableName="ai-chef-sessions")["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "ENABLED"


@pytest.mark.slow
def test_a_deleted_table_whose_stack_is_gone_too_is_imported(home: Path, run: Run, client: Client) -> None:
    assert run("deploy", "--local", "--yes").code == 0
    dynamodb, formation = client("dynamodb"), client("cloudformation")
    dynamodb.put_item(TableName="ai-chef-sessions", Item={"sessionId": {"S": "세션"}})
    before = _items(dynamodb)
    [stack] = [each["StackId"] for each in formation.describe_stacks()["Stacks"]]
    formation.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
    formation.delete_stack(StackName=stack)
    formation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    dynamodb.update_table(TableName="ai-chef-sessions", DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName="ai-chef-sessions")

    assert run("backup", "undelete", "ai-chef-sessions", "--local").code == 1  # Its settings went with it.
    deployed = run("deploy", "--local", "--yes")

    assert deployed.code == 0, deployed.err
    [resource] = [
        each
        for each in formation.describe_stack_resources(StackName="ai-chef-dynamodb")["StackResources"]
        if each["PhysicalResourceId"] == "ai-chef-sessions"
    ]
    assert resource["ResourceType"] == "AWS::DynamoDB::Table"
    assert {"sessionId": {"S": "세션"}} in before and _items(dynamodb) == before
    assert dynamodb.describe_table(TableName="ai-chef-sessions")["Table"]["DeletionProtectionEnabled"]


@pytest.mark.slow
def test_lost_items_are_listed_asked_about_and_put_back(
    home: Path, run: Run, client: Client, project: Path, tmp_path: Path
) -> None:
    settings = project / "tablewright.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + '\n[redact]\n"*" = ["customer"]\n', encoding="utf-8")
    dynamodb = client("dynamodb")
    keys = [{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]
    dynamodb.create_table(
        TableName="orders",
        KeySchema=keys,
        AttributeDefinitions=[
            {"AttributeName": "customer", "AttributeType": "S"},
            {"AttributeName": "id", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(9):
        dynamodb.put_item(
            TableName="orders", Item={"customer": {"S": "김 철수"}, "id": {"N": str(number)}, "v": {"N": "1"}}
        )
    made = json.loads(run("backup", "create", "orders", "--local", "--output", "json").out.splitlines()[-1])
    for number in (3, 4):
        dynamodb.delete_item(TableName="orders", Key={"customer": {"S": "김 철수"}, "id": {"N": str(number)}})
    dynamodb.put_item(TableName="orders", Item={"customer": {"S": "김 철수"}, "id": {"N": "5"}, "v": {"N": "2"}})
    arn = made["facts"]["orders"]

    asked = run("backup", "put-back", "orders", "--backup", arn, "--local")
    assert asked.code == 3 and "error[not-confirmed]" in asked.err
    assert "2 lost, 1 changed" in asked.err and "(redacted)" in asked.err and "철수" not in asked.err
    copy = next(name for name in dynamodb.list_tables()["TableNames"] if name.startswith("orders-before-"))

    one = run("backup", "put-back", "orders", "--copy", copy, "--key", "'customer=김 철수' id=3", "--yes", "--local")
    assert one.code == 0 and "1 item is back in orders" in one.out, one.err
    stands = run("backup", "put-back", "orders", "--copy", copy, "--key", "'customer=김 철수' id=5", "--yes", "--local")
    assert stands.code == 3 and "error[items-stand]" in stands.err
    kept = tmp_path / "replaced.jsonl"
    over = run(
        "backup", "put-back", "orders", "--copy", copy, "--key", "'customer=김 철수' id=5", "--yes", "--local",
        "--replace", str(kept),
    )  # fmt: skip
    assert over.code == 0, over.err
    assert (
        json.loads(kept.read_text(encoding="utf-8"))["Item"]["v"] == {"N": "2"} and kept.stat().st_mode & 0o777 == 0o600
    )
    rest = run("backup", "put-back", "orders", "--backup", arn, "--yes", "--remove-copy", "--local")
    assert rest.code == 0 and "is removed" in rest.err
    assert [name for name in dynamodb.list_tables()["TableNames"] if name.startswith("orders")] == ["orders", copy]
    again = run("backup", "put-back", "orders", "--copy", copy, "--local")
    assert again.code == 0 and "lacks nothing" in again.out
    for wrong in ((), ("--copy", copy, "--at", "2026-01-01T00:00:00Z"), ("--copy", copy, "--replace", str(kept))):
        assert run("backup", "put-back", "orders", *wrong, "--local").code == 2


@pytest.mark.slow
def test_a_schedule_is_deployed_as_a_plan_that_selects_the_tables(home: Path, run: Run, client: Client) -> None:
    assert run("backup", "schedule", "--keep-days", "90").code == 0
    assert "it says so already" in run("backup", "schedule", "--keep-days", "90").out
    assert run("backup", "schedule", "--at", "25:00").code == 2
    assert run("deploy", "--local", "--yes").code == 0

    backup = client("backup")
    [plan] = backup.list_backup_plans()["BackupPlansList"]
    [rule] = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    assert rule["ScheduleExpression"] == "cron(0 5 ? * * *)" and rule["Lifecycle"]["DeleteAfterDays"] == 90
    [selection] = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    told = backup.get_backup_selection(BackupPlanId=plan["BackupPlanId"], SelectionId=selection["SelectionId"])
    arns = told["BackupSelection"]["Resources"]
    assert [arn.rpartition("/")[2] for arn in arns] == ["ai-chef-sessions", "ai-chef-results"]
