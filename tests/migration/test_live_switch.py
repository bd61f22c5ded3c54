"""The switch itself: never behind a fence that does not stand, and never back over writes that were made meanwhile."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tablewright.aws import streams
from tablewright.aws.clock import SystemClock
from tablewright.errors import Failed
from tablewright.events import Ending, Finished
from tablewright.migrate.live.events import StateEntered
from tablewright.migrate.live.hooks import run_hook
from tablewright.migrate.live.states import State
from tablewright.migrate.live.watching.run import kept
from tests.conftest import EmbeddedAws
from tests.migration.live_runs import Rehearsal, Written, wait_until
from tests.migration.sessions import NEW, OLD, contents, contents_of, rekeyed, session

pytestmark = pytest.mark.slow


def test_a_fence_that_lapsed_before_the_switch_forbids_it(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """A process that was stopped, or a hook that took its time: writers have gone on, so the pointer stays."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    rehearsal.run(State.FOLLOWING)
    journal = rehearsal.journal()
    journal.wish("cutover", {})
    journal.close()

    def lapse() -> None:
        rehearsal.client.delete_resource_policy(ResourceArn=rehearsal.arn(OLD))
        rehearsal.client.delete_item(TableName=OLD, Key={"sessionId": {"S": "seed-00000"}})

    end = _with(rehearsal, "switching", lapse)
    assert (end.ending, end.code) == (Ending.FAILED, "switch-timed-out"), end
    assert rehearsal.where() == OLD and rehearsal.may_write(OLD)


def _with(
    rehearsal: Rehearsal,
    state: str,
    act: Callable[[], object],
    until: Callable[[State], bool] = lambda state: state in (State.FOLLOWING, State.REVERSING),
) -> Finished:
    """Drive it to where the cut-over ends, and do something when it enters a state."""
    acted, end = False, None
    for event in rehearsal.events(until):
        if isinstance(event, StateEntered) and event.state == state:
            act()
            acted = True
        end = event
    assert acted and isinstance(end, Finished)
    return end


@pytest.mark.parametrize("by_ttl", [True, False], ids=["by TTL", "by a writer"])
def test_an_item_that_goes_while_what_moved_is_compared(
    aws: EmbeddedAws, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_ttl: bool
) -> None:
    """TTL goes on behind a fence, and the tail with it; a writer that does was not held, and the pointer stays."""
    made = streams._record
    if by_ttl:  # the embedded AWS's TTL deletes nothing by itself
        monkeypatch.setattr(streams, "_record", lambda told: replace(made(told), expired=told["eventName"] == "REMOVE"))
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    rehearsal.run(State.FOLLOWING)
    journal = rehearsal.journal()
    journal.wish("cutover", {})
    journal.close()
    gone = {"sessionId": {"S": "seed-00000"}}
    moves = {"Key": gone, "UpdateExpression": "SET version = :v", "ExpressionAttributeValues": {":v": {"N": "9"}}}
    entered = {
        "verifying": lambda: rehearsal.client.update_item(TableName=OLD, **moves),
        "rechecking": lambda: rehearsal.client.delete_item(TableName=OLD, Key=gone),
    }
    end = None
    for event in rehearsal.events(lambda state: state in (State.FOLLOWING, State.REVERSING)):
        if isinstance(event, StateEntered) and event.state in entered:
            entered[event.state]()
        end = event
    assert isinstance(end, Finished)
    if by_ttl:
        assert end.code == "reversing" and "seed-00000" not in contents(rehearsal.client, NEW), end
    else:
        assert end.code == "switch-timed-out" and rehearsal.where() == OLD, end


def test_writes_that_reach_the_old_table_behind_the_switch(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """They are brought over, but for those that would undo what was written to the new table since: these are told."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=5)
    rehearsal.run(State.FOLLOWING)
    journal = rehearsal.journal()
    journal.wish("cutover", {})
    newer = session("seed-00001", 8)

    def late() -> None:
        old = rehearsal.client
        old.put_item(TableName=NEW, Item=rekeyed(newer))
        old.put_item(TableName=NEW, Item=rekeyed(session("both", 8)))
        for name in ("late", "seed-00001", "seed-00003", "both"):
            old.put_item(TableName=OLD, Item=session(name, 7))
        old.put_item(TableName=OLD, Item=session("seed-00003", 9))
        old.delete_item(TableName=OLD, Key={"sessionId": {"S": "seed-00002"}})
        time.sleep(1.0)  # a tail that still replayed would bring all of them over
        assert contents(old, NEW)["seed-00001"] == contents_of(rekeyed(newer)) and "late" not in contents(old, NEW)

    end = _with(rehearsal, "switched", late)
    assert end.code == "reversing" and journal.noted("late") == 2, end
    found = contents(rehearsal.client, NEW)
    versions = {name: item["version"]["N"] for name, item in found.items()}
    wanted = {"late": "7", "both": "8", "seed-00000": "0", "seed-00001": "8", "seed-00003": "9", "seed-00004": "0"}
    assert versions == wanted
    assert found["late"] == contents_of(rekeyed(session("late", 7)))
    told = {one["key"]["sessionId"]["S"]: one for one in _lines(kept(rehearsal.folder)[0] / "late.jsonl")}
    assert set(told) == {"seed-00001", "both"}
    one = told["seed-00001"]
    assert one["new"]["version"] == {"N": "7"} and one["items"][0]["PK"] == {"S": "SESSION#seed-00001"}
    assert "changed since" in one["why"]
    code, said = rehearsal.command([*rehearsal.words("status")[:-2], "ai-chef"])
    assert code == 0 and '"late":2' in said
    journal.close()
    _, end = rehearsal.run(lambda state: state in (State.ROLLED_BACK, State.REVERSING), "rollback", True)
    assert end.code == "rolled-back", end
    assert {name: item["version"]["N"] for name, item in contents(rehearsal.client, OLD).items()} == wanted


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_write_that_reaches_the_new_table_behind_the_way_back(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=5)
    rehearsal.run(State.FOLLOWING)
    _, end = rehearsal.run(State.REVERSING, "cutover", {})
    journal = rehearsal.journal()
    journal.wish("rollback", True)

    def late() -> None:
        client = rehearsal.client
        client.put_item(TableName=OLD, Item=session("seed-00001", 8))
        for name in ("late", "seed-00001", "seed-00002"):
            client.put_item(TableName=NEW, Item=rekeyed(session(name, 7)))

    end = _with(rehearsal, "rolling-back", late, until=lambda state: state is State.ROLLED_BACK)
    assert end.code == "rolled-back" and journal.noted("late") == 2, end
    journal.close()
    found = contents(rehearsal.client, OLD)
    assert {name: found[name]["version"]["N"] for name in found if name < "seed-00003"} == {
        "seed-00000": "0",
        "seed-00001": "8",
        "seed-00002": "7",
    }
    told = {one["key"]["PK"]["S"]: one["why"] for one in _lines(kept(rehearsal.folder)[0] / "late.jsonl")}
    assert set(told) == {"SESSION#late", "SESSION#seed-00001"} and "under another key" in told["SESSION#late"]


def test_giving_it_up_too_late_is_answered(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """Whoever asks while the pointer is switched is told, and nobody waits for ever."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=5)
    rehearsal.run(State.FOLLOWING)
    journal = rehearsal.journal()
    journal.wish("cutover", {})
    end = _with(rehearsal, "switching", lambda: journal.wish("abandon"))
    assert end.code == "not-from-this-state" and "rollback" in str(end.hint), end
    assert rehearsal.state() is State.REVERSING and not journal.wishes() and rehearsal.where() == NEW
    journal.close()


def test_unfence_runs_the_command_that_lets_the_writers_go(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=5)
    closed = tmp_path / f"closed-{OLD}"
    hooks = ['fence=touch "closed-$TABLEWRIGHT_TABLE"', 'unfence=rm -f "closed-$TABLEWRIGHT_TABLE"']
    hooks.append('entered=[ "$TABLEWRIGHT_STATE" != draining ] || kill -9 $PPID')
    options = [word for hook in hooks for word in ("--hook", hook)]
    code, said = rehearsal.command([*rehearsal.begin(), *options, "--until", "following"])
    assert code == 0, said
    code, said = rehearsal.command([*rehearsal.words("cutover"), "ai-chef"])
    assert code == -signal.SIGKILL and closed.exists(), said
    code, said = rehearsal.command([*rehearsal.words("unfence"), OLD])
    assert code == 0 and '"lifted":true' in said and not closed.exists(), said


@pytest.mark.parametrize("pointed", [True, False], ids=["had pointed", "had not pointed"])
def test_a_switch_of_which_nothing_is_known_is_made_once_more(
    aws: EmbeddedAws, account: str, tmp_path: Path, pointed: bool
) -> None:
    """The process dies amid the user's command, nobody comes for longer than the pause, and the application goes on."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=20)
    pointer = tmp_path / "pointer"
    pointer.write_text(OLD)
    rehearsal.app.where = pointer.read_text
    point = 'printf %s "$TABLEWRIGHT_TABLE" > pointer.new; mv pointer.new pointer'
    die = "[ -e died ] || { touch died; kill -9 $PPID; exit 1; }"
    switch = f"{point}; {die}" if pointed else f"{die}; {point}"
    begin = [word for word in rehearsal.begin() if word not in ("--pointer", "/sessions/table")]
    code, said = rehearsal.command([*begin, "--hook", f"switch={switch}", "--until", "following"])
    assert code == 0, said
    rehearsal.app.start()
    try:
        code, said = rehearsal.command([*rehearsal.words("cutover"), "ai-chef"])
        assert code == -signal.SIGKILL and rehearsal.state() is State.SWITCHING, said
        rehearsal.client.delete_resource_policy(ResourceArn=rehearsal.arn(OLD))  # it lapses
        written = rehearsal.app.writes
        wait_until(lambda: rehearsal.app.writes > written + 40)
        assert pointer.read_text() == (NEW if pointed else OLD)
        journal = rehearsal.journal()
        journal.note(pause_until=1.0)  # as if it were long ago
        journal.close()
        code, said = rehearsal.command([*rehearsal.words("live"), "--job", "ai-chef", "--until", "reversing"])
        assert code == 0 and rehearsal.state() is State.REVERSING, said
        written = rehearsal.app.writes
        wait_until(lambda: rehearsal.app.writes > written + 10)
    finally:
        rehearsal.app.stop()
    assert pointer.read_text() == NEW and not rehearsal.may_write(OLD)
    assert contents(rehearsal.client, NEW) == rehearsal.app.expected(NEW)


def test_nothing_is_pointed_anywhere_while_nothing_is_known(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """The tail cannot be drained either, because of a writer whom the fence excepts: it stays as it is, and says so."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=5)
    pointer = tmp_path / "pointer"
    switch = f"echo switched >> {pointer}"
    rehearsal.options = replace(rehearsal.options, parameter=None, hooks={"switch": switch})
    rehearsal.run(State.FOLLOWING)
    journal = rehearsal.journal()
    journal.wish("cutover", {})
    events = rehearsal.events(lambda state: state in (State.FOLLOWING, State.REVERSING))
    while rehearsal.state() is not State.SWITCHING:
        next(events)
    events.close()  # type: ignore[attr-defined]
    rehearsal.options = replace(rehearsal.options, pause=2.0)
    rehearsal.app.client = rehearsal.client
    rehearsal.app.where = lambda: OLD
    rehearsal.clock = Written(rehearsal.app)
    rehearsal.app.start()
    try:
        _, end = rehearsal.run(State.REVERSING)
    finally:
        rehearsal.app.stop()
    assert (end.ending, end.code) == (Ending.STUCK, "pointer-unknown") and "where=" in str(end.hint), end
    assert rehearsal.state() is State.SWITCHING and not pointer.exists()
    rehearsal.clock = SystemClock()
    where = {"switch": switch, "where": f"echo {OLD}"}  # its way out: somebody looked
    rehearsal.options = replace(rehearsal.options, hooks=where)
    _, end = rehearsal.run(State.FOLLOWING)
    assert rehearsal.state() is State.FOLLOWING and rehearsal.may_write(OLD), end
    journal.close()


def test_a_command_that_takes_too_long_ends_with_all_that_it_started(tmp_path: Path) -> None:
    """Its child would else switch when the fence is down."""
    pid = tmp_path / "pid"
    pid.touch()
    for seconds in (2.0, 20.0, 120.0):  # a shell may not have come so far
        with pytest.raises(Failed, match="was killed"):
            run_hook("switch", f"sleep 600 & echo $! > {pid}; wait", {}, timeout_s=seconds)
        if pid.read_text().strip():
            break
    status = Path(f"/proc/{int(pid.read_text())}/stat")
    wait_until(lambda: not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z")
