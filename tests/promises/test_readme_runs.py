"""What README.md shows is what happens: its program runs, and its outputs are those of the two commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import EmbeddedAws
from tests.faces.shell import in_process

from tablewright.local import control, process

ROOT = Path(__file__).resolve().parents[2]


def _blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.S | re.M)


def test_the_program_deploys_a_stack(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    (program,) = _blocks("python")
    assert len([line for line in program.splitlines() if line.strip()]) <= 8
    template = ROOT / "examples/ai-chef/backend/infrastructure/dynamodb-schema.yaml"
    (tmp_path / "tables.yaml").write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    env = {
        **os.environ,
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "'ending': 'done'" in done.stdout.splitlines()[-1]
    stacks = aws.client("cloudformation", account=account).describe_stacks(StackName="orders")["Stacks"]
    assert stacks[0]["StackStatus"] == "CREATE_COMPLETE"


_NOT_ALONE = ("watch", "backup put-back", "migrate live", "migrate cutover")
"""What waits for a person or a moment: the pages that the README leads to have tests of their own for these."""


@pytest.mark.slow
def test_its_commands_work_one_after_another_on_the_project_that_it_begins_with(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = [line for title in ("Try it", "Run them", "Move them") for line in _typed(title)]
    commands = [one.strip() for line in lines for one in line.split("  #")[0].split("&&")]
    home, folder, run = tmp_path_factory.mktemp("home"), tmp_path, 0
    env = {"TABLEWRIGHT_LOCAL_HOME": str(home)}
    try:
        for command in commands:
            words = shlex.split(command)
            if words[:2] == ["cd", "shop"]:
                folder = tmp_path / "shop"
            if not words or words[0] != "tablewright" or " ".join(words[1:]).startswith(_NOT_ALONE):
                continue
            reaches = words[1] not in ("init", "check", "add")
            extra = ["--local"] if reaches and "--local" not in words else []
            extra += ["--yes"] if words[1:3] == ["migrate", "run"] else []
            ran = in_process(*words[1:], *extra, cwd=folder, env=env)
            assert ran.code == 0, f"{command}\n{ran.out}\n{ran.err}"
            run += 1
    finally:
        process.stop(home)
    assert run >= 9


def _typed(section: str) -> list[str]:
    """The lines of a section's blocks of commands."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    own = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return "".join(re.findall(r"^```sh\n(.*?)^```$", own, flags=re.S | re.M)).splitlines()


def _normal(text: str) -> list[str]:
    """Lines without what differs from run to run: the port, and times."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC( after \d+ s)?", "TIME", text)
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.slow
def test_ones_own_tables_are_deployed_by_the_commands_of_the_first_screen(tmp_path: Path) -> None:
    (block,) = [one for one in _blocks("sh") if "tablewright init" in one]
    commands = [line for line in block.splitlines() if line.startswith(("tablewright ", "cd "))]
    assert commands[0].startswith("tablewright init ") and "--local" in commands[-1]
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env |= {"TABLEWRIGHT_LOCAL_HOME": str(tmp_path / "home"), "PATH": f"{Path(sys.executable).parent}:{env['PATH']}"}
    script = "\n".join(("set -e", "trap 'tablewright local stop' EXIT", *commands))
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "✓ Stack shop-dynamodb is deployed" in done.stdout
    assert "✓ healthy" in done.stdout and "shop-customers" in done.stdout


@pytest.mark.slow
def test_the_demo_prints_what_is_shown(tmp_path: Path) -> None:
    """`scripts/demo.sh` is what `make demo` runs once the environment stands."""
    shown = _blocks("text")[0]
    home = tmp_path / "home"
    env = {**os.environ, "TABLEWRIGHT_LOCAL_HOME": str(home), "COLUMNS": "100"}
    env = {k: v for k, v in env.items() if not k.startswith("AWS_")}
    running = process.start(home, port=0)
    try:
        with control.held(running.endpoint):  # when a minute ends, alarms that have no data are judged
            done = subprocess.run(
                [ROOT / "scripts/demo.sh"], env=env, capture_output=True, text=True, timeout=300, check=False
            )
    finally:
        process.stop(home)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split("\nThe stack stands on")[0]
    assert _normal(printed) == _normal(shown)
