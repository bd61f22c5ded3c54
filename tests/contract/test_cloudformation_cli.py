"""The AWS CLI v1 and the guide's own script as written, against the embedded CloudFormation."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import EmbeddedAws

ROOT = Path(__file__).parent.parent.parent
GUIDE = ROOT / "tests" / "cases" / "guide"
CLI = Path(os.environ.get("TABLEWRIGHT_AWS_CLI") or ROOT / ".venv-aws" / "bin" / "aws")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CLI.exists(), reason="no AWS CLI v1 (.venv-aws, which the benchmark makes, or $TABLEWRIGHT_AWS_CLI)"
    ),
]


class Terminal:
    """A folder with the guide's files, and a shell that talks to the embedded AWS."""

    def __init__(self, folder: Path, aws: EmbeddedAws, account: str) -> None:
        self.folder = folder
        for name in ("deploy-dynamodb.sh", "dynamodb-schema.yaml"):
            shutil.copy(GUIDE / name, folder / name)
        self.template = folder / "dynamodb-schema.yaml"
        self.environment = {
            **aws.running.env(),
            "AWS_ACCESS_KEY_ID": account,
            "PATH": f"{CLI.parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=600, check=False
        )

    def status(self) -> str:
        query = ["--query", "Stacks[0].StackStatus", "--output", "text"]
        found = self.run("aws", "cloudformation", "describe-stacks", "--stack-name", "ai-chef-dynamodb", *query)
        return found.stdout.strip()


@pytest.fixture
def terminal(tmp_path: Path, aws: EmbeddedAws, account: str) -> Terminal:
    return Terminal(tmp_path, aws, account)


def test_the_guide_s_script_deploys_and_deploys_nothing(terminal: Terminal) -> None:
    first = terminal.run("bash", "deploy-dynamodb.sh")
    deploy = ("aws", "cloudformation", "deploy", "--template-file", "dynamodb-schema.yaml")
    second = terminal.run(*deploy, "--stack-name", "ai-chef-dynamodb", "--no-fail-on-empty-changeset")

    assert first.returncode == 0, first.stderr
    assert "Successfully created/updated stack - ai-chef-dynamodb" in first.stdout
    assert terminal.status() == "CREATE_COMPLETE"
    assert second.returncode == 0, second.stderr
    assert "No changes to deploy. Stack ai-chef-dynamodb is up to date" in second.stdout


def test_the_guide_s_script_recovers_from_rollback_complete(terminal: Terminal) -> None:
    good = terminal.template.read_text(encoding="utf-8")
    terminal.template.write_text(
        good.replace("- AttributeName: resultId", "- AttributeName: broken", 1), encoding="utf-8"
    )
    broken = terminal.run("bash", "deploy-dynamodb.sh")

    assert broken.returncode != 0
    assert terminal.status() == "ROLLBACK_COMPLETE"
    terminal.template.write_text(good, encoding="utf-8")
    mended = terminal.run("bash", "deploy-dynamodb.sh")
    assert mended.returncode == 0, mended.stderr
    assert "Stack deleted successfully" in mended.stdout
    assert terminal.status() == "CREATE_COMPLETE"
