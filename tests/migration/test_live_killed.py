"""Live migrations killed in every state and at random moments, the application writing throughout."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tablewright.migrate.live.states import STATES, State
from tests.conftest import EmbeddedAws
from tests.migration.live_runs import Rehearsal, wait_until
from tests.migration.sessions import NEW, OLD, contents

pytestmark = pytest.mark.slow

KILL = 'mark=$PWD/killed-in-$TABLEWRIGHT_STATE; [ -e "$mark" ] || { touch "$mark"; kill -9 $PPID; }'
"""A hook that kills its process the first time that a state is entered."""

NOT_ON_THIS_WAY = {State.BROKEN, State.ABANDONING, State.ABANDONED, State.UNFENCING_BACK}
"""States that a migration which comes to a good end need not pass through."""


def _killed_in(folder: Path) -> set[str]:
    return {path.name.removeprefix("killed-in-") for path in folder.glob("killed-in-*")}


def _carry_on(rehearsal: Rehearsal, verb: str, goal: State, most: int = 30) -> None:
    """Run one command again and again, as a person would, until the migration stands where it should."""
    for _ in range(most):
        state = rehearsal.state()
        if state is goal:
            return
        if state is None:
            command = [*rehearsal.begin(), "--hook", f"entered={KILL}", "--until", "following"]
        elif verb == "live":
            command = [*rehearsal.words("live"), "--job", "ai-chef", "--until", "following"]
        else:
            command = [*rehearsal.words(verb), "ai-chef"]
        code, said = rehearsal.command(command)
        assert code in (0, -signal.SIGKILL, 1), (code, said)
    raise AssertionError(f"it stands in {rehearsal.state()}")


def test_killed_in_every_state_and_carried_on(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=100)
    rehearsal.app.start()
    try:
        _carry_on(rehearsal, "live", State.FOLLOWING)
        _carry_on(rehearsal, "cutover", State.REVERSING)
        assert rehearsal.where() == NEW and not rehearsal.may_write(OLD)
        seen = rehearsal.app.writes
        wait_until(lambda: rehearsal.app.writes > seen + 50)
        _carry_on(rehearsal, "rollback", State.ROLLED_BACK)
    finally:
        rehearsal.app.stop()
    assert contents(rehearsal.client, OLD) == rehearsal.app.expected(OLD)
    assert rehearsal.policy(OLD) is None and rehearsal.policy(NEW) is None
    reached = {State(name) for name in _killed_in(tmp_path)}
    assert set(STATES) - reached <= NOT_ON_THIS_WAY | {State.FINISHING, State.FINISHED}, set(STATES) - reached


def test_killed_while_it_is_finished(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=30)
    rehearsal.app.start()
    try:
        rehearsal.run(State.FOLLOWING)
        rehearsal.run(State.REVERSING, "cutover", {})
        finish = [*rehearsal.words("finish"), "ai-chef", "--hook", f"entered={KILL}"]
        code, said = rehearsal.command(finish)
        assert code == -signal.SIGKILL and rehearsal.state() is State.FINISHING, said
        code, said = rehearsal.command(finish)
        assert rehearsal.state() is State.FINISHED, said
    finally:
        rehearsal.app.stop()
    assert contents(rehearsal.client, NEW) == rehearsal.app.expected(NEW)
    assert rehearsal.policy(OLD) is None and contents(rehearsal.client, OLD)  # nothing of the source is deleted


def test_killed_while_it_is_given_up(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=30)
    rehearsal.app.start()
    try:
        rehearsal.run(State.FOLLOWING)
        abandon = [*rehearsal.words("abandon"), "ai-chef"]
        code, said = rehearsal.command([*abandon, "--hook", f"entered={KILL}"])
        assert code == -signal.SIGKILL and rehearsal.state() is State.ABANDONING, said
        code, said = rehearsal.command(abandon)
        assert code == -signal.SIGKILL and rehearsal.state() is State.ABANDONED, said  # killed as it said so
    finally:
        rehearsal.app.stop()
    assert contents(rehearsal.client, OLD) == rehearsal.app.expected(OLD)
    assert rehearsal.policy(OLD) is None and rehearsal.may_write(OLD)


def test_killed_while_the_way_back_is_given_up(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """A fence of unknown age comes down first; killed there too, it still does, and the way back is open as before."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=30)
    rehearsal.app.start()
    try:
        rehearsal.run(State.FOLLOWING)
        rehearsal.run(State.REVERSING, "cutover", {})
        back = [*rehearsal.words("rollback"), "ai-chef", "--hook", f"entered={KILL}"]
        for state in (State.FENCING_BACK, State.UNFENCING_BACK):
            code, said = rehearsal.command(back)
            assert code == -signal.SIGKILL and rehearsal.state() is state, (rehearsal.state(), said)
        _carry_on(rehearsal, "rollback", State.ROLLED_BACK)
    finally:
        rehearsal.app.stop()
    assert contents(rehearsal.client, OLD) == rehearsal.app.expected(OLD)
    assert rehearsal.policy(OLD) is None and rehearsal.policy(NEW) is None


@pytest.mark.parametrize("state", ["draining", "rechecking"])
def test_the_fence_of_a_dead_process_is_taken_down_without_its_journal(
    aws: EmbeddedAws, account: str, tmp_path: Path, state: str
) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path / "one", sessions=30)
    allow = f'{{"Effect":"Allow", "Principal":"*", "Action":"dynamodb:GetItem","Resource":"{rehearsal.arn(OLD)}"}}'
    before = f'{{"Version":"2012-10-17", "Statement":{allow}}}'
    rehearsal.client.put_resource_policy(ResourceArn=rehearsal.arn(OLD), Policy=before)
    kill = f'[ "$TABLEWRIGHT_STATE" != {state} ] || kill -9 $PPID'
    code, said = rehearsal.command([*rehearsal.begin(), "--hook", f"entered={kill}", "--until", "following"])
    assert code == 0, said
    code, said = rehearsal.command([*rehearsal.words("cutover")])
    assert code == -signal.SIGKILL, said
    assert rehearsal.state() == state and not rehearsal.may_write(OLD)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    rehearsal.folder = elsewhere
    code, said = rehearsal.command([*rehearsal.words("unfence"), OLD])
    assert code == 0 and '"lifted":true' in said
    assert rehearsal.may_write(OLD) and rehearsal.policy(OLD) == before
    code, said = rehearsal.command([*rehearsal.words("unfence"), OLD])
    assert code == 0 and '"lifted":false' in said

    rehearsal.folder = tmp_path / "one"
    code, said = rehearsal.command([*rehearsal.words("abandon"), "ai-chef"])
    assert code == 0 and rehearsal.state() is State.ABANDONED, said
    assert rehearsal.policy(OLD) == before


def test_killed_at_random_moments(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=400)
    chance = random.Random(20261123)
    rehearsal.app.start()
    try:
        process = rehearsal.spawn([*rehearsal.begin()])
        for _ in range(12):
            time.sleep(chance.uniform(0.6, 3.0))
            process.kill()
            process.wait()
            again = [*rehearsal.words("live"), "--job", "ai-chef"] if rehearsal.state() else rehearsal.begin()
            process = rehearsal.spawn(again)
        assert (
            process.stdout is not None and process.stdout.readline()
        )  # it has the lock: no other takes up what follows
        wait_until(lambda: rehearsal.state() is State.FOLLOWING)
        code, said = rehearsal.command(rehearsal.words("cutover"))  # by the process that runs
        assert code == 0, said if process.poll() is None else process.communicate()
        assert rehearsal.state() is State.REVERSING and rehearsal.where() == NEW
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 130, out + err
    finally:
        rehearsal.app.stop()
    assert contents(rehearsal.client, NEW) == rehearsal.app.expected(NEW)
