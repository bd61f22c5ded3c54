"""On a terminal the changes are shown and a person is asked; whatever they answer, the terminal says what happened."""

from __future__ import annotations

import os
import pty
import re
import select
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tablewright.cli.asking import decide
from tablewright.cli.faces.marks import UNICODE
from tablewright.cli.terminal import Output
from tablewright.events import ChangesFound
from tablewright.model.loss import Loss, Weight
from tablewright.model.stack import ChangeSet, PropertyChange, ResourceChange
from tests.faces.conftest import Client
from tests.faces.recorded import STACK_ID, TABLE, started
from tests.faces.shell import PROGRAM, Ran, environment

Run = Callable[..., Ran]


def on_terminal(words: list[str], project: Path, home: Path, answers: dict[str, str]) -> tuple[int, str]:
    """Run a command on a terminal of its own, answering each question once; its exit code and all that it showed."""
    child, master = pty.fork()
    if child == 0:
        os.chdir(project)
        env = environment({"TABLEWRIGHT_LOCAL_HOME": str(home), "TERM": "xterm-256color", "COLUMNS": "100"})
        os.execve(PROGRAM[0], [*PROGRAM, *words], env)
    shown, deadline = "", time.monotonic() + 180
    asked = dict(answers)
    while time.monotonic() < deadline:
        ready, _, _ = select.select([master], [], [], 1)
        if not ready:
            continue
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk.decode("utf-8", "replace")
        for question, answer in list(asked.items()):
            if question in shown:
                del asked[question]
                os.write(master, f"{answer}\n".encode())
    os.close(master)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


@pytest.mark.slow
def test_what_an_index_is_to_store_is_asked_with_its_cost(home: Path, project: Path, run: Run) -> None:
    words = ["add", "index", "ai-chef-results", "userId", "--diff"]
    answers = {"What is the index to store": "INCLUDE", "Which attributes": "title createdAt"}
    code, shown = on_terminal(words, project, home, answers)
    assert code == 0, shown
    assert "ALL        every attribute is stored" in shown and "for a million writes" in shown and "list price" in shown
    assert "ProjectionType: INCLUDE" in shown and "- createdAt" in shown


@pytest.mark.slow
def test_a_project_is_asked_for_what_it_needs(home: Path, tmp_path: Path) -> None:
    answers = {
        "The project's name": "",
        "Tables [": "orders:userId,createdAt:N users:userId",
        "Install from": "tablewright==0.1.0",
    }
    code, shown = on_terminal(["init", "shop"], tmp_path, home, answers)
    assert code == 0, shown
    assert "NAME:KEY,SORT with a sort key" in shown and "git+https://HOST/OWNER/NAME@TAG" in shown
    assert "shop/tablewright.toml written" in shown and "tablewright deploy --local" in shown
    made = (tmp_path / "shop/backend/infrastructure/dynamodb-schema.yaml").read_text()
    assert "- AttributeName: createdAt\n          KeyType: RANGE" in made and "shop-users" in made


def test_no_leaves_nothing_and_exits_3_and_yes_deploys(home: Path, project: Path, run: Run, client: Client) -> None:
    run("local", "start")
    code, shown = on_terminal(["deploy", "--local"], project, home, {"Make these changes": "n"})
    assert code == 3, shown
    assert "+ add  AiChefResultsTable" in shown
    assert "Make these changes to ai-chef-dynamodb in account 000000000000, us-east-1? [y/N]" in shown
    assert "Nothing was changed" in shown
    assert (
        client("cloudformation").list_stacks(StackStatusFilter=["REVIEW_IN_PROGRESS", "CREATE_COMPLETE"])[
            "StackSummaries"
        ]
        == []
    )
    code, shown = on_terminal(["deploy", "--local"], project, home, {"Make these changes": "y"})
    assert code == 0, shown
    assert "settled" in shown
    assert "SessionsTableName  ai-chef-sessions  export ai-chef-dynamodb-SessionsTable" in shown
    code, shown = on_terminal(["deploy", "--local"], project, home, {})
    assert code == 0
    assert "Nothing is to be done" in shown


BROKEN = """
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: asked
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}, {AttributeName: unused, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


@pytest.mark.slow
def test_a_recovery_is_asked_for_before_anything_is_deleted(
    home: Path, tmp_path: Path, run: Run, client: Client
) -> None:
    template = tmp_path / "asked.yaml"
    template.write_text(BROKEN, encoding="utf-8")
    words = ["deploy", str(template), "--stack", "asked", "--local"]
    assert run(*words, cwd=tmp_path).code == 1
    template.write_text(BROKEN.replace(", {AttributeName: unused, AttributeType: S}", ""), encoding="utf-8")
    code, shown = on_terminal(words, tmp_path, home, {"Do that?": "n"})
    assert code == 3, shown
    assert "dead shell" in shown
    stacks = client("cloudformation").describe_stacks(StackName="asked")["Stacks"]
    assert [stack["StackStatus"] for stack in stacks] == ["ROLLBACK_COMPLETE"]
    code, shown = on_terminal(words, tmp_path, home, {"Do that?": "y", "Make these changes": "y"})
    assert code == 0, shown


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a text on standard input."""
    import io
    import sys

    def put(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return put


def _lossy() -> ChangesFound:
    property_ = PropertyChange(
        "/Properties/KeySchema", '[{"AttributeName":"id"}]', '[{"AttributeName":"key"}]', "Always"
    )
    change = ResourceChange("Modify", "Orders", "orders", TABLE, "True", "ReplaceAndDelete", properties=(property_,))
    loss = Loss(
        "replaced", Weight.GUARDED, "orders", "Orders", "The table would be replaced.", item_count=3, allowed=True
    )
    change_set = ChangeSet("id", "n", STACK_ID, "CREATE_COMPLETE", "AVAILABLE", changes=(change,))
    return ChangesFound(change_set, (loss,))


@pytest.mark.parametrize(
    ("yes", "answers", "decided"),
    [
        (True, "orders\n", True),
        (True, "order\n", False),
        (True, "\n", False),
        (False, "orders\ny\n", True),
        (False, "orders\nn\n", False),
    ],
)
def test_a_loss_is_typed_by_name_even_with_yes(
    yes: bool, answers: str, decided: bool, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    typed(answers)
    shown = io.StringIO()
    assert decide(_lossy(), started(), Output(shown, False, False, UNICODE, 100), yes=yes) is decided
    text = shown.getvalue()
    assert "! replace  Orders" in text
    assert "the old one is deleted" in text
    assert "KeySchema" in text and "replaces" in text
    said = "orders (Orders): The table would be replaced. [3 items, 0 B (up to six hours old); allowed on the command line]"
    assert said in " ".join(text.split())
