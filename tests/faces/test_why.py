"""Why something failed: asked by name while the stack is there, and by id when it is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.faces.conftest import Client
from tests.faces.shell import Ran

Run = Callable[..., Ran]

BROKEN = """
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: unused, AttributeType: S}
      KeySchema:
        - {AttributeName: id, KeyType: HASH}
"""


def test_the_cause_is_told_by_name_and_by_id_after_the_stack_is_gone(
    home: Path, tmp_path: Path, run: Run, client: Client
) -> None:
    template = tmp_path / "orders.yaml"
    template.write_text(BROKEN, encoding="utf-8")
    words = ("deploy", str(template), "--stack", "orders", "--local")
    failed = run(*words, cwd=tmp_path)
    assert failed.code == 1
    assert failed.err.count("Root cause: Orders (AWS::DynamoDB::Table) CREATE_FAILED") == 1

    told = run("why", "orders", "--local", cwd=tmp_path)
    assert told.code == 0
    assert "Root cause: Orders (AWS::DynamoDB::Table) CREATE_FAILED" in told.out
    assert "Property AttributeDefinitions is inconsistent" in told.out
    assert "What it means:" in told.out
    assert "stack orders is ROLLBACK_COMPLETE now" in told.out

    dead = json.loads(run("why", "orders", "--local", "--output", "json", cwd=tmp_path).out)["stack"]["id"]
    template.write_text(BROKEN.replace("        - {AttributeName: unused, AttributeType: S}\n", ""), encoding="utf-8")
    mended = run(*words, cwd=tmp_path)
    assert mended.code == 0, mended.err
    assert "What failed before: Orders" in mended.err

    now = run("why", "orders", "--local", cwd=tmp_path)
    assert "No operation of stack orders failed" in now.out
    before = json.loads(run("why", dead, "--local", "--output", "json", cwd=tmp_path).out)
    assert before["stack"]["status"] == "DELETE_COMPLETE"
    assert before["cause"]["logical_id"] == "Orders"
    assert before["operation"] == "create"


def test_what_the_rollback_failed_on_is_told_apart_from_the_cause(home: Path, tmp_path: Path, run: Run) -> None:
    kept = "  Kept:\n" + BROKEN.partition("  Orders:\n")[2].replace(
        "TableName: orders", "TableName: kept\n      DeletionProtectionEnabled: true"
    )
    kept = kept.replace("        - {AttributeName: unused, AttributeType: S}\n", "")
    template = tmp_path / "both.yaml"
    waits = BROKEN.replace("orders", "after-kept").replace("    Properties:", "    DependsOn: Kept\n    Properties:")
    template.write_text(waits + kept, encoding="utf-8")
    failed = run("deploy", str(template), "--stack", "both", "--local", cwd=tmp_path)
    assert failed.code == 1, failed.err
    told = run("why", "both", "--local", cwd=tmp_path)
    assert "Root cause: Orders (AWS::DynamoDB::Table) CREATE_FAILED" in told.out
    assert "Its rollback failed on: Kept (AWS::DynamoDB::Table) DELETE_FAILED" in told.out
    assert told.out.index("Root cause") < told.out.index("Its rollback failed on")


def test_a_stack_that_never_was_is_said(home: Path, tmp_path: Path, run: Run) -> None:
    ran = run("why", "nothing", "--local", cwd=tmp_path)
    assert ran.code == 2
    assert "error[no-such-stack]" in ran.err


def test_a_failed_deployment_is_on_the_status_screen_with_its_next_command(
    home: Path, tmp_path: Path, run: Run
) -> None:
    template = tmp_path / "items.yaml"
    template.write_text(BROKEN.replace("orders", "items"), encoding="utf-8")
    run("deploy", str(template), "--stack", "items", "--local", cwd=tmp_path)
    shown = run("status", "items", "--local", "--fail-on-unhealthy", cwd=tmp_path)
    assert shown.code == 1
    assert "Root cause: Orders" in shown.out
    assert "      tablewright deploy TEMPLATE --stack items --local\n" in shown.out
