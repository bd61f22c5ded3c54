"""The contract suite over an account, from its command line: refused, run, killed in the middle and cleaned up after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.harness.account import ENVIRONMENT, PREFIX
from tests.contract.harness.ledger import RUN_TAG, Ledger
from tests.contract.harness.waiting import settled
from tests.waiting import SOON, until

pytestmark = [pytest.mark.embedded("it plays the account"), pytest.mark.slow]

ROOT = Path(__file__).parents[2]
ACCOUNT = "424242424242"
KEYS: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


class Played:
    """An embedded AWS that plays an account, with foreign things in it, and runs of the suite over it."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self.aws = aws
        self.folder = folder
        self.ledgers = folder / "ledgers"
        (folder / "credentials").write_text(
            f"[ours]\naws_access_key_id = {ACCOUNT}\naws_secret_access_key = x\n", encoding="utf-8"
        )
        self.environ = {
            **{name: value for name, value in ENVIRONMENT.items() if not name.startswith(("AWS_", "PYTEST", PREFIX))},
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_CONFIG_FILE": str(folder / "config"),
            "TABLEWRIGHT_LOCAL_HOME": str(folder / "home"),
            f"{PREFIX}ACCOUNT": ACCOUNT,
            f"{PREFIX}PROFILE": "ours",
            f"{PREFIX}REGION": "us-east-1",
            f"{PREFIX}ENDPOINT": aws.endpoint,
            f"{PREFIX}LEDGERS": str(self.ledgers),
        }
        self.dynamodb = aws.client("dynamodb", account=ACCOUNT)
        self.cloudformation = aws.client("cloudformation", account=ACCOUNT)
        self.dynamodb.create_table(TableName="orders", **KEYS)
        self.dynamodb.create_table(TableName="case-orders", Tags=[{"Key": RUN_TAG, "Value": "another"}], **KEYS)
        for name in ("orders", "case"):
            template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": KEYS}}}
            self.cloudformation.create_stack(
                StackName=name, TemplateBody=json.dumps(template), Tags=[{"Key": RUN_TAG, "Value": "another"}]
            )
            self.cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=SOON)
        self.foreign = self.standing()

    def standing(self) -> tuple[list[str], list[str]]:
        stacks = [stack["StackId"] for stack in self.cloudformation.describe_stacks()["Stacks"]]
        return sorted(self.dynamodb.list_tables()["TableNames"]), sorted(stacks)

    def suite(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**self.environ, **environ},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def leaves_something_when_stopped(self, run: subprocess.Popen[str]) -> bool:
        """Hold the run up if stacks of its own stand; whether they stay. If they go, because it asked for that, it goes on."""
        assert run.poll() is None, "the run made nothing"
        if len(self.standing()[1]) < len(self.foreign[1]) + 2:
            return False
        os.killpg(run.pid, signal.SIGSTOP)
        for stack in set(self.standing()[1]) - set(self.foreign[1]):
            settled(self.cloudformation, stack)
        if len(self.standing()[1]) > len(self.foreign[1]):
            return True
        os.killpg(run.pid, signal.SIGCONT)
        return False

    def sweep(self, *ledgers: Path, account: str = ACCOUNT) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.contract.harness.sweep", *map(str, ledgers)]
        return subprocess.run(
            [*command, "--profile", "ours", "--account", account],
            cwd=ROOT,
            env=self.environ,
            text=True,
            capture_output=True,
            timeout=600,
            check=False,
        )


@pytest.fixture
def played(start_aws: Callable[..., EmbeddedAws], tmp_path: Path) -> Iterator[Played]:
    played = Played(start_aws("account"), tmp_path)
    yield played
    assert played.standing() == played.foreign, (
        "what is not the run's own was touched, or something of the run's is left"
    )


def test_a_run_leaves_an_account_as_it_was(played: Played) -> None:
    run = played.suite(
        "tests/contract/test_cloudformation_cases.py", "-k", "taken-in or retain or termination or index"
    )
    said, _ = run.communicate(timeout=900)

    assert run.returncode == 0, said
    assert "0 left" in said


def test_a_wrong_account_is_refused(played: Played) -> None:
    run = played.suite("tests/contract/test_cloudformation_cases.py", TABLEWRIGHT_CONTRACT_ACCOUNT="111122223333")
    said, _ = run.communicate(timeout=300)

    assert run.returncode == 4, said
    assert f"The credentials are of account {ACCOUNT}, and {PREFIX}ACCOUNT says 111122223333." in said
    assert not played.ledgers.exists()


def test_a_killed_run_is_cleaned_up_after_from_its_ledger(played: Played) -> None:
    run = played.suite("tests/contract/test_cloudformation_nested.py", "tests/contract/test_cloudformation_drift.py")
    until(lambda: played.leaves_something_when_stopped(run), seconds=300)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(timeout=120)
    assert played.standing() != played.foreign
    (path,) = played.ledgers.glob("*.jsonl")

    refused = played.sweep(path, account="111122223333")
    swept = played.sweep(path)

    assert refused.returncode == 2
    assert f"The ledger is of account {ACCOUNT}" in refused.stdout
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert swept.stdout.rstrip().endswith("0 left")
    assert Ledger.read(path).standing() == []
    assert played.sweep(path).returncode == 0
