"""Ctrl-C detaches and says how to go on; whatever kills a deployment, the same command ends it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tablewright.local import control, process
from tests.faces.shell import PROGRAM, Ran, environment

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def slow(home: Path) -> Iterator[process.Running]:
    """An embedded AWS on which a deployment takes a few seconds."""
    yield process.start(home, port=0, clock="10")
    process.stop(home)


@pytest.fixture
def unending(slow: process.Running) -> Iterator[Callable[[], object]]:
    """No deployment comes further than its first resource, until this is called."""
    control.add_fault(slow.endpoint, "hang-resource", verb="create")
    yield lambda: control.remove_faults(slow.endpoint)
    control.remove_faults(slow.endpoint)


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


@pytest.mark.slow
def test_ctrl_c_exits_130_says_how_to_go_on_and_the_same_command_ends_it(
    unending: Callable[[], object], home: Path, project: Path, run: Run
) -> None:
    deploying = begun(home, project, "production", "CREATE_IN_PROGRESS")
    deploying.send_signal(signal.SIGINT)
    _, err = deploying.communicate(timeout=120)
    unending()
    assert deploying.returncode == 130
    assert "What runs at AWS goes on without this command." in err
    assert "      tablewright deploy --local --env production\n" in err
    assert "Traceback" not in err
    again = run("deploy", "--local", "--env", "production")
    assert again.code == 0, again.err
    assert "CREATE_COMPLETE" in again.out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.usefixtures("unending")
def test_told_to_end_it_gives_the_terminal_back(home: Path, project: Path, number: int, code: int) -> None:
    """A CI system's SIGTERM, a closed terminal's SIGHUP: the cursor is shown again, and it is said how to go on."""
    words = ("deploy", "--local", "--yes", "--stack", f"ended-{code}", "--parameters", f"Environment=ended-{code}")
    template = "backend/infrastructure/dynamodb-schema.yaml"
    child, master = pty.fork()
    if child == 0:
        signal.signal(number, signal.SIG_DFL)  # whoever runs the tests by nohup ignores it, and children inherit that
        os.chdir(project)
        env = environment({"TABLEWRIGHT_LOCAL_HOME": str(home), "TERM": "xterm-256color", "COLUMNS": "100"})
        os.execve(PROGRAM[0], [*PROGRAM, *words, "--", template], env)
    shown, sent = "", False
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        shown += chunk.decode("utf-8", "replace")
        if not sent and "\x1b[?25l" in shown and "CREATE_IN_PROGRESS" in shown:
            sent = True
            os.kill(child, number)
    os.close(master)
    _, status = os.waitpid(child, 0)
    assert sent and os.waitstatus_to_exitcode(status) == code, shown[-400:]
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert (
        "goes on without this command" in shown and "tablewright deploy --local" in shown and "Traceback" not in shown
    )


@pytest.mark.slow  # the rehearsals kill deployments on a clock that is quick
def test_kill_9_leaves_nothing_that_the_same_command_does_not_end(
    unending: Callable[[], object], home: Path, project: Path, run: Run
) -> None:
    deploying = begun(home, project, "staging", "CREATE_IN_PROGRESS")
    os.kill(deploying.pid, signal.SIGKILL)
    deploying.communicate(timeout=120)
    unending()
    again = run("deploy", "--local", "--env", "staging")
    assert again.code == 0, again.err
    assert "CREATE_COMPLETE" in again.out


@pytest.mark.usefixtures("unending")
def test_a_deployment_that_waits_too_long_stops_watching_with_4(project: Path, run: Run) -> None:
    template = project / "backend/infrastructure/dynamodb-schema.yaml"
    ran = run(
        *("deploy", str(template), "--stack", "short", "--local", "--timeout", "1s"),
        *("--parameters", "Environment=short"),
    )
    assert ran.code == 4, ran.err
    assert "tablewright deploy" in ran.err
