"""The pytest plugin that teams use: faults that end with their test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tablewright.local import control
from tablewright.local.errors import LocalError
from tablewright.local.process import Running
from tablewright.local.pytest_plugin import Faults, faults, local_aws_env
from tests.conftest import EmbeddedAws

pytestmark = pytest.mark.embedded("its pytest plugin")

__all__ = ["faults", "local_aws_env"]


@pytest.fixture(scope="session")
def local_aws(aws: EmbeddedAws) -> Running:
    """The plugin's fixture, overridden by the embedded AWS that runs already."""
    return aws.running


@pytest.fixture
def dynamodb(local_aws_env: Running) -> Any:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="felt",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    yield client
    client.delete_table(TableName="felt")


def test_a_fault_is_felt_for_a_block_or_until_it_is_removed(dynamodb: Any, faults: Faults) -> None:
    with faults.during("expired-token", table="felt"), pytest.raises(ClientError, match="ExpiredTokenException"):
        dynamodb.scan(TableName="felt")
    assert dynamodb.scan(TableName="felt")["Count"] == 0

    name = faults.add("expired-token", table="felt")
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        dynamodb.scan(TableName="felt")
    faults.remove(name)
    assert dynamodb.scan(TableName="felt")["Count"] == 0


def test_a_fault_with_a_count_goes_by_itself(dynamodb: Any, faults: Faults) -> None:
    faults.add("expired-token", table="felt", count=1)
    assert len(faults.remaining()) == 1
    with pytest.raises(ClientError):
        dynamodb.scan(TableName="felt")
    assert faults.remaining() == []
    faults.clear()


def test_faults_of_others_are_left_alone(aws: EmbeddedAws) -> None:
    theirs = control.add_fault(aws.endpoint, "delay", table="nobody's", seconds=0.1)
    mine = Faults(aws.endpoint)
    mine.add("fail-resource", stack="nothing")
    mine.clear()

    assert theirs in {fault["id"] for fault in control.faults(aws.endpoint)}
    assert mine.remaining() == []
    control.remove_faults(aws.endpoint, theirs)


def test_a_fault_that_cannot_be_is_refused(faults: Faults) -> None:
    with pytest.raises(LocalError, match="refused"):
        faults.add("explode")
    assert faults.remaining() == []


EXAMPLE = Path(__file__).parents[2] / "docs" / "reference" / "local.md"


@pytest.mark.slow
def test_the_documented_example_runs_and_leaves_no_fault(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    blocks = [part.split("```", 1)[0] for part in text.split("```python\n")[1:]]
    conftest = next(block for block in blocks if "pytest_plugins" in block)
    example = next(block for block in blocks if "def test_" in block)
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_orders.py").write_text(example, encoding="utf-8")
    after = ["from tablewright.local import control", "def test_after(local_aws):"]
    after += ["    assert control.faults(local_aws.endpoint) == []"]
    (tmp_path / "test_z.py").write_text("\n".join(after), encoding="utf-8")

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False, timeout=300)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout
