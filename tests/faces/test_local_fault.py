"""`tablewright local fault`, and placeholders for what is not imitated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tablewright.cli.local_fault import EFFECTS
from tablewright.local import process
from tablewright.local.cloudformation.faults import EFFECTS as STACK_EFFECTS
from tablewright.local.faults.datapath import EFFECTS as DATA_EFFECTS
from tests.faces.shell import Ran

TABLE = """Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
FUNCTION = """  Worker:
    Type: AWS::Lambda::Function
    Properties:
      Role: !Sub arn:aws:iam::${AWS::AccountId}:role/worker
      Code: {ZipFile: 'exports.handler = () => {}'}
"""


@pytest.fixture
def started(home: Path) -> Iterator[None]:
    if process.status(home) is None:
        process.start(home, port=0)
    yield


def test_the_effects_are_those_that_there_are() -> None:
    assert set(EFFECTS) == set(STACK_EFFECTS) | set(DATA_EFFECTS)


def test_a_fault_is_added_listed_and_removed(started: None, run: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TABLE.replace("orders", "faulty"), encoding="utf-8")
    wish = ("--stack", "faulty", "--resource", "Orders", "--verb", "create", "--reason", "no luck today")
    added = run("local", "fault", "add", "fail-resource", *wish, cwd=tmp_path)
    assert (added.code, added.err) == (0, "")
    listed = run("local", "fault", "list", cwd=tmp_path)
    assert added.out.strip() in listed.out
    assert "fail what a stack does to a resource" in listed.out
    assert "reason no luck today" in listed.out

    refused = run("deploy", "t.yaml", "--stack", "faulty", "--local", "--yes", cwd=tmp_path)
    assert refused.code == 1
    assert "no luck today" in refused.out + refused.err

    assert run("local", "fault", "remove", added.out.strip(), cwd=tmp_path).out == "Removed 1 fault.\n"
    assert run("local", "fault", "list", cwd=tmp_path).out == "There is no fault.\n"
    assert run("deploy", "t.yaml", "--stack", "faulty", "--local", "--yes", cwd=tmp_path).code == 0


def test_faults_in_json(started: None, run: Callable[..., Ran]) -> None:
    made = run("local", "fault", "add", "delay", "--seconds", "0.1", "--table", "nothing", "--output", "json")
    name = json.loads(made.out)["id"]
    (fault,) = json.loads(run("local", "fault", "list", "--output", "json").out)["faults"]
    assert (fault["id"], fault["effect"], fault["seconds"]) == (name, "delay", 0.1)
    assert json.loads(run("local", "fault", "remove", "--all", "--output", "json").out) == {"removed": 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "explode"), "explode"),
        (("remove",), "--all is needed"),
        (("remove", "stack-fault-99"), "stack-fault-99 is not among"),
    ],
)
def test_what_cannot_be_is_refused(started: None, run: Callable[..., Ran], words: tuple[str, ...], said: str) -> None:
    refused = run("local", "fault", *words)
    assert refused.code == 2
    assert said in refused.err


def test_without_a_running_one_the_way_to_start_it_is_said(run: Callable[..., Ran], tmp_path: Path) -> None:
    refused = run("local", "fault", "list", env={"TABLEWRIGHT_LOCAL_HOME": str(tmp_path / "none")})
    assert refused.code == 1
    assert "tablewright local start" in refused.err


def test_placeholders_are_asked_for_and_said(started: None, run: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TABLE.replace("orders", "beside") + FUNCTION, encoding="utf-8")
    at = ("t.yaml", "--stack", "beside", "--local")
    plainly = run("deploy", *at, "--yes", cwd=tmp_path)
    assert plainly.code != 0
    assert "AWS::Lambda::Function" in plainly.out + plainly.err

    planned = run("plan", *at, "--skip-unimitated", cwd=tmp_path)
    assert "not rehearsed" in planned.out
    comment = run("plan", *at, "--skip-unimitated", "--output", "markdown", cwd=tmp_path)
    assert "| `Worker` | AWS::Lambda::Function | **not rehearsed** |" in comment.out
    deployed = run("deploy", *at, "--yes", "--skip-unimitated", cwd=tmp_path)
    assert deployed.code == 0, deployed.err
    assert "Not rehearsed: the embedded AWS does not imitate this type" in deployed.out + deployed.err
    shown = run("status", "--stack", "beside", "--local", cwd=tmp_path)
    assert "CREATE_COMPLETE, not rehearsed" in shown.out


def test_placeholders_are_for_the_embedded_aws_only(run: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TABLE + FUNCTION, encoding="utf-8")
    refused = run("deploy", "t.yaml", "--stack", "beside", "--skip-unimitated", cwd=tmp_path)
    assert refused.code == 2
    assert "only-with-local" in refused.err
