"""A migration that is watched, slowed down, paused, stopped and killed, from where a person would do it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import tablewright as tw
from tablewright.migrate.checkpoint.store import wish
from tablewright.migrate.events import Progress
from tablewright.migrate.record import records
from tablewright.migrate.standing.run import CHECKPOINT
from tablewright.migrate.standing.run import standing as look_at
from tests.conftest import EmbeddedAws
from tests.faces.shell import PROGRAM, Ran, environment
from tests.migration.conftest import Tables, places, sessions
from tests.migration.test_migrate_run import REKEY, by_text, rekeyed
from tests.waiting import until

Migrate = Callable[..., Ran]


@contextmanager
def running(aws: EmbeddedAws, folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """``tablewright migrate`` in a process of its own, which is killed at the end if it still runs."""
    env = environment(places(aws, folder))
    process = subprocess.Popen(
        [*PROGRAM, "migrate", *words], cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=120)


def wait_until(said: Callable[[], bool]) -> None:
    """Until it is so; fails when it takes too long."""
    until(said, seconds=300, every=0.3)  # each look is a command of its own


def standing(migrate: Migrate) -> dict[str, object]:
    """What ``status`` says of the only job; {} before there is one."""
    out = migrate("status", "--output", "json").out
    told: dict[str, object] = json.loads(out) if out.strip() else {}
    return told


def written(migrate: Migrate) -> float:
    """Write units that the run consumed so far."""
    progress = standing(migrate).get("progress")
    return float(progress["write_units"]) if isinstance(progress, dict) else 0.0


@pytest.mark.slow
def test_a_pause_is_heard_while_it_runs_and_the_run_goes_on_from_there(
    tables: Tables, migrate: Migrate, aws: EmbeddedAws, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId")
    items = sessions(400, 2_000)
    tables.fill(source, items)
    account = tw.open_account(
        region="us-east-1", endpoint_url=aws.endpoint, credentials=tw.Credentials("000000000000", "local")
    )
    locks = tmp_path / "locks"

    def request(**more: Any) -> tw.MigrationRequest:
        return tw.MigrationRequest(tw.TableAt(source), tw.TableAt(target), root=tmp_path, locks=locks, **more)

    def paused() -> Iterator[object]:
        for event in tw.migrate(request(pace=tw.Pace(write_units=20)), lambda place: account, account.clock):
            if isinstance(event, Progress) and event.items_written:
                (record,) = records(tmp_path)
                now = look_at(record, locks)
                assert (now.running, now.died, record.state) == (True, False, "copying")
                wish(Path(record.job.folder) / CHECKPOINT, pause=True)
            yield event

    *_, end = paused()
    assert isinstance(end, tw.Finished)
    assert (end.ending, end.code) == (tw.Ending.MUST_WAIT, "paused")
    (record,) = records(tmp_path)
    assert (record.state, look_at(record, locks).running) == ("paused", False)
    assert 0 < len(tables.items(target)) < 400
    *_, done = tw.migrate(request(pace=tw.Pace(share=1.0)), lambda place: account, account.clock)
    assert isinstance(done, tw.Finished)
    assert done.code == "verified"
    assert by_text(tables.items(target)) == by_text(items)


@pytest.mark.slow
def test_another_terminal_sees_slows_and_pauses_it_and_ctrl_c_stops_it(
    tables: Tables, migrate: Migrate, aws: EmbeddedAws, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    items = sessions(600, 2_000)
    tables.fill(source, items)
    words = ("run", "--local", "--source", source, "--target", target, *REKEY)
    with running(aws, tmp_path, *words, "--pace", "10wcu") as process:
        wait_until(lambda: written(migrate) > 0)
        told = standing(migrate)
        assert (told["state"], told["running"], told["pid"]) == ("copying", True, process.pid)
        second = migrate(*words)
        assert second.code == 3
        assert "error[target-in-use]" in second.err
        assert str(process.pid) in second.err
        slower = migrate("pace", "5wcu")
        assert slower.code == 0, slower.err
        assert standing(migrate)["pace"] == "5wcu"
        assert migrate("pause").code == 0
        _, err = process.communicate(timeout=120)
        assert process.returncode == 4, err
        assert "pace 5wcu" in err
        assert "Paused" in err
    told = standing(migrate)
    assert (told["state"], told["running"], told["died"]) == ("paused", False, False)
    with running(aws, tmp_path, "resume", "--pace", "10wcu") as process:
        wait_until(lambda: standing(migrate)["running"] is True and standing(migrate)["state"] == "copying")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 130, err
        assert f"tablewright migrate resume {told['job']}" in err
    assert standing(migrate)["state"] == "stopped"
    done = migrate("resume", "--pace", "100%")
    assert done.code == 0, done.err
    assert by_text(tables.items(target)) == by_text(rekeyed(items))


@pytest.mark.slow
def test_a_killed_run_is_shown_as_gone_and_goes_on(
    tables: Tables, migrate: Migrate, aws: EmbeddedAws, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    items = sessions(500, 2_000)
    tables.fill(source, items)
    words = ("run", "--local", "--source", source, "--target", target, *REKEY)
    with running(aws, tmp_path, *words, "--pace", "10wcu") as process:
        wait_until(lambda: written(migrate) > 0)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    told = standing(migrate)
    assert (told["running"], told["died"]) == (False, True)
    shown = migrate("status").out
    assert "copying, its process is gone" in shown
    assert f"tablewright migrate resume {told['job']}" in shown
    assert migrate("pause", str(told["job"])).code == 3
    done = migrate(*words, "--pace", "100%", "--output", "json")
    assert done.code == 0, done.err
    assert json.loads(done.out.splitlines()[0])["resumed"] is True
    assert by_text(tables.items(target)) == by_text(rekeyed(items))


@pytest.mark.slow
def test_killed_again_and_again_it_still_brings_everything_over(
    tables: Tables, migrate: Migrate, aws: EmbeddedAws, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    items = sessions(3000, 700)
    tables.fill(source, items)
    words = ("run", "--local", "--source", source, "--target", target, *REKEY, "--pace", "1000wcu")
    draw = random.Random(8)
    codes = []
    for _ in range(8):
        with running(aws, tmp_path, *words) as process:
            try:
                codes.append(process.wait(draw.uniform(0.8, 4.0)))
            except subprocess.TimeoutExpired:
                process.kill()
                codes.append(process.wait(60))
    assert -signal.SIGKILL in codes
    done = migrate(*words, "--pace", "100%")
    assert done.code == 0, done.err
    assert by_text(tables.items(target)) == by_text(rekeyed(items))
