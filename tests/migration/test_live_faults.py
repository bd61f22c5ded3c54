"""Live migrations while everything goes wrong that can, on the embedded AWS and on DynamoDB Local."""

from __future__ import annotations

import fcntl
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tablewright.errors import TablewrightError
from tablewright.events import Ending, Finished
from tablewright.local import control
from tablewright.migrate.live.events import StateEntered
from tablewright.migrate.live.journal import Journal
from tablewright.migrate.live.states import State, is_ended
from tablewright.migrate.live.watching.run import JOURNAL, kept
from tests.conftest import EmbeddedAws
from tests.contract.faulty import Relay
from tests.contract.wire_server import serving
from tests.dynamodb_local import Unavailable, emulator
from tests.migration.live_on_local import run_to
from tests.migration.live_runs import ROOT, Rehearsal, Written, wait_until
from tests.migration.sessions import NEW, OLD, Application, contents, make_tables, seed

pytestmark = pytest.mark.slow

FAULTS = (
    ("throttle", "BatchWriteItem", 0.1),
    ("lost-answer", "BatchWriteItem", 0.08),
    ("truncate", "BatchWriteItem", 0.05),
    ("reset", "Scan", 0.1),
    ("truncate", "Scan", 0.1),
    ("error", "BatchGetItem", 0.2),
    ("expired-iterator", "GetRecords", 0.15),
    ("reset", "GetRecords", 0.1),
    ("truncate", "GetRecords", 0.1),
    ("cut-off", "GetRecords", 0.12),
    ("cut-off", "GetShardIterator", 0.2),
    ("cut-off", "BatchWriteItem", 0.06),
    ("cut-off", "BatchGetItem", 0.1),
    ("cut-off", "Scan", 0.05),
    ("error", "DescribeStream", 0.2),
    ("throttle", "GetItem", 0.1),
)


def _rolling(rehearsal: Rehearsal, stop: threading.Event, rolled: list[str]) -> None:
    """Split shards, again and again: each when the tail has taken up the one before."""
    while not stop.wait(1.0):
        rolled.append(control.roll_shard(rehearsal.aws.endpoint, OLD, account=rehearsal.account))
        while rolled[-1] not in _shards(rehearsal) and not stop.wait(0.3):
            pass


def _shards(rehearsal: Rehearsal) -> Collection[str]:
    with closing(rehearsal.journal()) as journal:
        return set(journal.shards("forward"))


def test_nothing_is_lost_while_everything_fails(
    start_aws: Callable[..., EmbeddedAws], account: str, tmp_path: Path
) -> None:
    rehearsal = Rehearsal(start_aws(), account, tmp_path / "work", sessions=300)
    stop = threading.Event()
    rolled: list[str] = []
    rolling = threading.Thread(target=_rolling, args=(rehearsal, stop, rolled), daemon=True)
    rehearsal.app.start()
    try:
        for effect, operation, rate in FAULTS:
            control.add_fault(rehearsal.aws.endpoint, effect, operation=operation, rate=rate)
        _, end = rehearsal.run(lambda state: state is not State.PREPARING)
        assert end.ending is Ending.DONE, end
        rolling.start()
        _, end = rehearsal.run(State.FOLLOWING)
        assert end.ending is Ending.DONE, end
        written = rehearsal.app.writes
        wait_until(lambda: rehearsal.app.writes > written + 100 and bool(rolled))
        events, end = rehearsal.run(State.REVERSING, "cutover", {})
        assert end.ending is Ending.DONE, "\n".join(str(event)[:400] for event in [*events[:30], *events[-30:]])
        written = rehearsal.app.writes
        wait_until(lambda: rehearsal.app.writes > written + 60)
        _, end = rehearsal.run(is_ended, "rollback", True)
        assert end.code == "rolled-back", end
    finally:
        stop.set()
        control.remove_faults(rehearsal.aws.endpoint)
        rehearsal.app.stop()
    assert contents(rehearsal.client, OLD) == rehearsal.app.expected(OLD)
    assert rolled[0] in _shards(rehearsal)


def test_expired_credentials_stop_it_and_it_goes_on(
    start_aws: Callable[..., EmbeddedAws], account: str, tmp_path: Path
) -> None:
    rehearsal = Rehearsal(start_aws(), account, tmp_path / "work", sessions=50)
    _, end = rehearsal.run(State.FOLLOWING)
    rehearsal.app.start()
    control.add_fault(rehearsal.aws.endpoint, "expired-token", operation="GetRecords", count=6)
    try:
        _, end = rehearsal.run(State.REVERSING, "cutover", {})
        assert end.ending is Ending.DONE, end
    finally:
        rehearsal.app.stop()
    assert contents(rehearsal.client, NEW) == rehearsal.app.expected(NEW)


def test_a_writer_that_ignores_the_fence_keeps_the_pointer_where_it_is(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    """It has the principal that is excepted. The pause passes, and everybody goes on writing to the source."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=30)
    allow = f'{{"Effect":"Allow","Principal":"*","Action":"dynamodb:GetItem","Resource":"{rehearsal.arn(OLD)}"}}'
    before = f'{{"Version":"2012-10-17","Statement":[{allow}]}}'
    rehearsal.client.put_resource_policy(ResourceArn=rehearsal.arn(OLD), Policy=before)
    _, end = rehearsal.run(State.FOLLOWING)
    rehearsal.options = replace(rehearsal.options, pause=3.0)
    rehearsal.app.client = rehearsal.client  # the root of the account, as tablewright here
    rehearsal.clock = Written(rehearsal.app)
    rehearsal.app.start()
    try:
        events, end = rehearsal.run(State.FOLLOWING, "cutover", {})
    finally:
        rehearsal.app.stop()
    states = [event.state for event in events if isinstance(event, StateEntered)]
    assert states[-3:] == ["draining", "unfencing", "following"]
    assert (end.ending, end.code) == (Ending.FAILED, "switch-timed-out"), end
    assert rehearsal.where() == OLD and rehearsal.policy(OLD) == before and rehearsal.may_write(OLD)


def test_a_pointer_that_cannot_be_set_leaves_the_source_in_use(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=30)
    rehearsal.options = replace(rehearsal.options, parameter=None, hooks={"switch": "exit 3", "where": f"echo {OLD}"})
    rehearsal.app.start()
    try:
        _, end = rehearsal.run(State.FOLLOWING)
        _, end = rehearsal.run(State.FOLLOWING, "cutover", {})
        assert (end.ending, end.code) == (Ending.FAILED, "hook-failed"), end
        assert rehearsal.may_write(OLD) and rehearsal.policy(OLD) is None
    finally:
        rehearsal.app.stop()


def test_a_trimmed_stream_ends_it(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=30)
    _, end = rehearsal.run(State.FOLLOWING)
    with control.fault(aws.endpoint, "trimmed", table=OLD):
        _, end = rehearsal.run(State.REVERSING)
    assert (end.ending, end.code) == (Ending.STUCK, "stream-trimmed"), end
    assert rehearsal.state() is State.BROKEN and end.hint is not None and "abandon" in end.hint
    _, end = rehearsal.run(is_ended, "abandon")
    assert end.code == "abandoned" and rehearsal.policy(OLD) is None


def test_a_stream_that_was_turned_off_ends_it(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=30)
    _, end = rehearsal.run(State.FOLLOWING)
    rehearsal.client.update_table(TableName=OLD, StreamSpecification={"StreamEnabled": False})
    rehearsal.client.delete_item(TableName=OLD, Key={"sessionId": {"S": "seed-00000"}})
    _, end = rehearsal.run(State.REVERSING, "cutover", {})
    assert (end.ending, end.code) == (Ending.STUCK, "stream-trimmed"), end
    assert rehearsal.where() == OLD and rehearsal.may_write(OLD)


def test_a_way_back_that_is_lost_leaves_the_end(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=20)
    rehearsal.run(State.FOLLOWING)
    _, end = rehearsal.run(State.REVERSING, "cutover", {})
    assert end.code == "reversing", end
    rehearsal.client.update_table(TableName=NEW, StreamSpecification={"StreamEnabled": False})
    rehearsal.run(State.REVERSING, "rollback", True)  # it may be fenced before it is known
    _, end = rehearsal.run(State.REVERSING, "rollback", True)
    assert (end.ending, end.code) == (Ending.FAILED, "no-way-back"), end
    assert rehearsal.may_write(NEW) and rehearsal.where() == NEW
    _, end = rehearsal.run(is_ended, "finish")
    assert end.code == "finished" and rehearsal.where() == NEW and rehearsal.policy(OLD) is None


def test_dynamodb_local_with_an_application_that_fences_itself(tmp_path: Path) -> None:
    """DynamoDB Local has no policies and no parameters: the fence and the pointer are the user's commands."""
    with _dynamodb_local() as endpoint, _writing(endpoint, tmp_path) as local:

        def run(goal: str, ask: Ask) -> Finished:
            ask()
            return run_to(endpoint, tmp_path, goal)

        _there_and_back(local, tmp_path, run)


def test_dynamodb_local_killed_at_random_moments(tmp_path: Path) -> None:
    """Right at an event, and some time after one. What is given up because its process died is asked for again."""
    chance = random.Random(20261201)
    with _dynamodb_local() as endpoint, _writing(endpoint, tmp_path) as local:

        def killed(goal: str, ask: Ask, event: int, seconds: float) -> bool:
            ask()
            words = [sys.executable, "-m", "tests.migration.live_on_local", endpoint, str(tmp_path), goal]
            words += [str(event), str(seconds)]
            code = subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=900, check=False).returncode
            assert code in (0, -signal.SIGKILL)
            return code != 0

        def run(goal: str, ask: Ask) -> Finished:
            assert killed(goal, ask, chance.randint(1, 9), 0.0)  # a way that is whole has more events than that
            for _ in range(2):
                killed(goal, ask, chance.randint(1, 9), chance.uniform(0.1, 1.0))
                killed(goal, ask, chance.randint(1, 5), 0.0)
            for _ in range(5):
                ask()
                end = run_to(endpoint, tmp_path, goal)
                if not ask():
                    return end
            raise AssertionError(end)

        _there_and_back(local, tmp_path, run)


LOCAL_FAULTS = (
    "cut off", "reset before", "lost", "cut off", "error 500", "unavailable page", "throttled", "cut off", "slow", "error 400",
    "closing", "chunked", "unprocessed",
)  # fmt: skip


def test_dynamodb_local_while_everything_fails(tmp_path: Path) -> None:
    """What tablewright asks goes through a relay that spoils it, and its token expires on each way. What ends is run again."""
    with _dynamodb_local() as endpoint, _writing(endpoint, tmp_path) as local:
        relay = Relay(
            endpoint,
            seed=20261201,
            rate=0.1,
            faults=LOCAL_FAULTS,
            in_turn=True,
        )
        with serving(relay) as served:

            def run(goal: str, ask: Ask) -> Finished:
                relay.expiring = 15
                ended: list[str] = []
                while len(ended) < 50:
                    ask()
                    try:
                        end = run_to(served.url, tmp_path, goal)
                    except TablewrightError as error:
                        ended.append(error.code)
                        time.sleep(0.3)
                        continue
                    if end.ending is Ending.DONE and not ask():
                        return end
                    ended.append(str(end.code))
                raise AssertionError(ended)

            _there_and_back(local, tmp_path, run)
    assert set(relay.met) >= set(LOCAL_FAULTS) - {"unprocessed"}, relay.met


@contextmanager
def _dynamodb_local() -> Iterator[str]:
    with ExitStack() as stack:
        try:
            endpoint = stack.enter_context(emulator())
        except Unavailable as why:
            pytest.skip(str(why))
        yield endpoint


@dataclass(frozen=True)
class _Local:
    admin: Any
    app: Application


@contextmanager
def _writing(endpoint: str, folder: Path) -> Iterator[_Local]:
    """Both tables, and an application that looks whether its table is closed before every write."""

    def client() -> Any:
        return boto3.client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )

    admin = client()
    make_tables(admin)
    held = seed(admin, 200)
    pointer = folder / "pointer"
    pointer.write_text(OLD)
    writing = folder / "writing"
    writing.touch()

    class Gated:
        """The application's client."""

        def __init__(self) -> None:
            self.inner = client()

        @contextmanager
        def _let_in(self, table: str) -> Iterator[None]:
            with writing.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH)
                if (folder / f"closed-{table}").exists():
                    raise BotoCoreError()  # as a policy would refuse it: the application looks up its table again
                yield

        def put_item(self, **told: Any) -> None:
            with self._let_in(told["TableName"]):
                self.inner.put_item(**told)

        def delete_item(self, **told: Any) -> None:
            with self._let_in(told["TableName"]):
                self.inner.delete_item(**told)

    app = Application(Gated(), pointer.read_text, held)
    app.start()
    try:
        yield _Local(admin, app)
    finally:
        app.stop()


Ask = Callable[[], bool]
"""Asks for the next step where it has yet to be taken, and says whether it has."""


def _there_and_back(local: _Local, folder: Path, run: Callable[[str, Ask], Finished]) -> None:
    end = run("following", lambda: False)
    assert end.ending is Ending.DONE, end
    end = run("reversing", lambda: _asked(folder, State.FOLLOWING, "cutover", {}))
    assert end.code == "reversing", end
    before = local.app.writes
    wait_until(lambda: local.app.writes > before + 60)
    end = run("ended", lambda: _asked(folder, State.REVERSING, "rollback", True))
    assert end.code == "rolled-back", end
    local.app.stop()
    assert local.app.written_to[NEW] and contents(local.admin, OLD) == local.app.expected(OLD)


def _asked(folder: Path, stands: State, wish: str, value: object) -> bool:
    """Ask for it if that is where it stands."""
    (kept_in,) = kept(folder)
    with closing(Journal(kept_in / JOURNAL)) as journal:
        entered = journal.entered()
        if entered is None or entered.state is not stands:
            return False
        journal.wish(wish, value)
        return True
