"""kill -9 of a deployment, then the same deployment again: it ends done."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tablewright.events import Ending, OperationStarted, StepStarted
from tests.conftest import EmbeddedAws
from tests.rehearsals.deploying import STACK, broken, end, items, log_group, opened, put, run, status, table, template


def moments(quick: list[tuple[int, float]], slow: list[tuple[int, float]]) -> list[object]:
    """When to kill: after so many lines and a pause. Each costs two processes, so most of them are for the slow run."""
    return [*quick, *(pytest.param(*moment, marks=pytest.mark.slow) for moment in slow)]


def start(aws: EmbeddedAws, account: str, path: Path, verb: str = "deploy") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.rehearsals.killed", aws.endpoint, account, STACK, str(path), verb]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def kill_after(process: subprocess.Popen[str], lines: int, pause: float = 0.0) -> None:
    """Kill the process once it has printed so many lines (or has ended)."""
    assert process.stdout is not None
    for _ in range(lines):
        if not process.stdout.readline():
            break
    time.sleep(pause)
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize(
    ("lines", "pause"), moments([(2, 0.01), (20, 0.0)], [(1, 0.0), (5, 0.0), (3, 0.0), (4, 0.02), (6, 0.05), (9, 0.0)])
)
def test_a_creation_that_is_killed_goes_on(
    aws: EmbeddedAws, account: str, tmp_path: Path, lines: int, pause: float
) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(template(table(index="owner"), table("Two", "two"), log_group()))
    kill_after(start(aws, account, path), lines, pause)
    done = end(run(opened(aws, account), path.read_text()))
    assert done.ending in (Ending.DONE, Ending.NOTHING_TO_DO), done
    assert status(aws, account) == "CREATE_COMPLETE"


@pytest.mark.parametrize(("lines", "pause"), moments([(12, 0.0)], [(3, 0.0), (4, 0.0), (6, 0.0), (8, 0.02)]))
def test_an_update_that_is_killed_goes_on(
    aws: EmbeddedAws, account: str, tmp_path: Path, lines: int, pause: float
) -> None:
    run(opened(aws, account), template(table()))
    put(aws, account, "orders")
    path = tmp_path / "template.yaml"
    path.write_text(template(table(index="owner"), log_group()))
    kill_after(start(aws, account, path), lines, pause)
    done = end(run(opened(aws, account), path.read_text()))
    assert done.ending in (Ending.DONE, Ending.NOTHING_TO_DO), done
    assert items(aws, account, "orders") == 1
    assert status(aws, account) == "UPDATE_COMPLETE"


@pytest.mark.parametrize(("lines", "pause"), moments([(6, 0.0)], [(4, 0.0), (14, 0.0), (7, 0.02), (9, 0.0)]))
def test_a_recovery_that_is_killed_goes_on(
    aws: EmbeddedAws, account: str, tmp_path: Path, lines: int, pause: float
) -> None:
    run(opened(aws, account), template(table(policy="Retain"), broken()))
    assert status(aws, account) == "ROLLBACK_COMPLETE"
    put(aws, account, "orders")
    path = tmp_path / "template.yaml"
    path.write_text(template(table(policy="Retain"), log_group()))
    kill_after(start(aws, account, path), lines, pause)
    done = end(run(opened(aws, account), path.read_text()))
    assert done.ending in (Ending.DONE, Ending.NOTHING_TO_DO), done
    assert items(aws, account, "orders") == 1
    assert status(aws, account) == "CREATE_COMPLETE"


def test_a_deployment_that_runs_already_is_followed(aws: EmbeddedAws, account: str) -> None:
    body = template(*[table(f"T{n}", f"table-{n}") for n in range(6)], log_group())
    began = threading.Event()

    def other() -> None:
        from tablewright.deploy.run import deploy
        from tablewright.template.read import read_design

        for event in deploy(read_design(body, stack=STACK, path="template.yaml"), opened(aws, account)):
            if isinstance(event, OperationStarted):
                began.set()

    running = threading.Thread(target=other)
    running.start()
    assert began.wait(120)
    events = run(opened(aws, account), body)
    running.join(120)
    assert not running.is_alive()
    assert end(events).ending in (Ending.DONE, Ending.NOTHING_TO_DO)
    assert all(e.kind == "follow" for e in events if isinstance(e, StepStarted))


def test_two_deployments_at_once_both_end_well(aws: EmbeddedAws, account: str) -> None:
    body = template(table(), log_group())
    ends = []

    def one() -> None:
        ends.append(end(run(opened(aws, account), body)))

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(ends) == 3 and {e.ending for e in ends} <= {Ending.DONE, Ending.NOTHING_TO_DO}, ends
    assert status(aws, account) == "CREATE_COMPLETE"


def test_another_deployment_that_runs_and_makes_the_same_is_enough(aws: EmbeddedAws, account: str) -> None:
    body = template(*[table(f"T{n}", f"table-{n}") for n in range(5)])
    aws.client("cloudformation", account=account).create_stack(StackName=STACK, TemplateBody=body)
    last = end(run(opened(aws, account), body))
    assert last.ending in (Ending.DONE, Ending.NOTHING_TO_DO), last
