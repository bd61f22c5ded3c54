"""Ctrl-C detaches and says how to go on; whatever kills a deployment, the same command ends it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tablewright.local import process
from tests.faces.shell import PROGRAM, Ran, environment

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def slow(home: Path) -> Iterator[None]:
    """An embedded AWS on which a deployment takes a few seconds."""
    process.start(home, port=0, clock="20")
    yield
    process.stop(home)


def begun(home: Path, project: Path, environment_name: str, until: str) -> subprocess.Popen[str]:
    """A deployment that has come as far as a line of its progress."""
    deploying = subprocess.Popen(
        [*PROGRAM, "deploy", "--local", "--env", environment_name],
        cwd=project,
        env=environment({"TABLEWRIGHT_LOCAL_HOME": str(home)}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert deploying.stderr is not None
    for line in deploying.stderr:
        if until in line:
            return deploying
    raise AssertionError(f"the deployment ended before it said {until!r}")


def test_ctrl_c_exits_130_says_how_to_go_on_and_the_same_command_ends_it(
    slow: None, home: Path, project: Path, run: Run
) -> None:
    deploying = begun(home, project, "production", "CREATE_IN_PROGRESS")
    deploying.send_signal(signal.SIGINT)
    _, err = deploying.communicate(timeout=30)
    assert deploying.returncode == 130
    assert "What runs at AWS goes on without this command." in err
    assert "      tablewright deploy --local --env production\n" in err
    assert "Traceback" not in err
    again = run("deploy", "--local", "--env", "production")
    assert again.code == 0, again.err
    assert "CREATE_COMPLETE" in again.out


def test_kill_9_leaves_nothing_that_the_same_command_does_not_end(
    slow: None, home: Path, project: Path, run: Run
) -> None:
    deploying = begun(home, project, "staging", "CREATE_IN_PROGRESS")
    os.kill(deploying.pid, signal.SIGKILL)
    deploying.communicate(timeout=30)
    again = run("deploy", "--local", "--env", "staging")
    assert again.code == 0, again.err
    assert "CREATE_COMPLETE" in again.out


def test_a_deployment_that_waits_too_long_stops_watching_with_4(slow: None, project: Path, run: Run) -> None:
    template = project / "backend/infrastructure/dynamodb-schema.yaml"
    ran = run(
        *("deploy", str(template), "--stack", "short", "--local", "--timeout", "1s"),
        *("--parameters", "Environment=short"),
    )
    assert ran.code == 4, ran.err
    assert "tablewright deploy" in ran.err
