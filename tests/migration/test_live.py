"""Live migrations on the embedded AWS, the application writing throughout: there, and back."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tablewright.aws.clock import SystemClock
from tablewright.events import Ending, Noted, Waiting
from tablewright.migrate.events import PhaseStarted
from tablewright.migrate.live.events import StateEntered
from tablewright.migrate.live.states import State, is_ended
from tablewright.migrate.live.watching.run import kept, standing
from tests.conftest import EmbeddedAws
from tests.migration.live_runs import Rehearsal, wait_until
from tests.migration.sessions import NEW, OLD, contents

POLICY = """{"Version" : "2012-10-17",
  "Statement":[ {"Effect":"Allow", "Principal":{"AWS":"arn:aws:iam::111122223333:root"},
     "Action":["dynamodb:GetItem"], "Resource":"%s"} ] }"""


@pytest.mark.slow
def test_there_and_back_under_load(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=60)
    rehearsal.app.pause = 0.02
    before = POLICY % rehearsal.arn(OLD)
    rehearsal.client.put_resource_policy(ResourceArn=rehearsal.arn(OLD), Policy=before)
    rehearsal.app.start()
    try:
        events, end = (
            rehearsal.run(State.REVERSING, "cutover", {}) if rehearsal.state() else rehearsal.run(State.FOLLOWING)
        )
        assert end.ending is Ending.DONE, end
        events, end = rehearsal.run(State.REVERSING, "cutover", {})
        assert end.ending is Ending.DONE, end
        states = [event.state for event in events if isinstance(event, StateEntered)]
        assert states == [
            "following",
            "verifying",
            "fencing",
            "draining",
            "rechecking",
            "switching",
            "switched",
            "reversing",
        ]
        assert rehearsal.where() == NEW and not rehearsal.may_write(OLD) and rehearsal.may_write(NEW)
        seen = rehearsal.app.writes
        wait_until(lambda: rehearsal.app.writes >= seen + 30)
        assert rehearsal.app.longest < rehearsal.options.pause
        _, end = rehearsal.run(is_ended, "rollback")
        assert (end.ending, end.code) == (Ending.DONE, "rolled-back"), end
        held = standing(kept(rehearsal.folder)[0])
        assert held is not None and held.fenced == ()
    finally:
        rehearsal.app.stop()
    assert rehearsal.app.written_to[NEW] >= 30 and rehearsal.app.refused
    assert contents(rehearsal.client, OLD) == rehearsal.app.expected(OLD)
    assert rehearsal.policy(OLD) == before and rehearsal.policy(NEW) is None


@pytest.mark.slow
def test_what_cannot_be_transformed_forbids_the_cut_over(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """Unless it is left behind by its exact number; or mended, which the tail brings over."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=20, flags={"key": ["PK=S#{sessionId}", "SK={createdAt}"]})
    rehearsal.dead_letters = 5
    for name in ("bare-1", "bare-2"):
        rehearsal.client.put_item(TableName=OLD, Item={"sessionId": {"S": name}})
    _, end = rehearsal.run(State.FOLLOWING)
    assert end.ending is Ending.DONE, end

    _, end = rehearsal.run(State.FOLLOWING, "cutover", {})
    assert (end.ending, end.code) == (Ending.FAILED, "items-set-aside")
    assert "bare-1" in end.detail and end.hint is not None and end.hint.endswith("--abandon 2")
    _, end = rehearsal.run(State.FOLLOWING, "cutover", {"abandon": 1})
    assert end.code == "items-set-aside"

    mended = {"sessionId": {"S": "bare-1"}, "createdAt": {"S": "2026-11-23T00:00:00Z"}}
    rehearsal.client.put_item(TableName=OLD, Item=mended)
    _, end = rehearsal.run(State.REVERSING, "cutover", {"abandon": 1})
    assert (end.ending, end.code) == (Ending.DONE, "reversing"), end
    assert rehearsal.where() == NEW and "bare-1" in contents(rehearsal.client, NEW)


@pytest.mark.slow
def test_ttl_at_the_source_is_no_cause_for_a_warning(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """The tail brings over what it deletes; at the target it is off until the application uses it."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=5, suspend_ttl=True)
    for table in (OLD, NEW):
        specification = {"Enabled": True, "AttributeName": "expires"}
        rehearsal.client.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)
    events, end = rehearsal.run(State.FOLLOWING)
    assert end.ending is Ending.DONE, end
    assert not [event for event in events if isinstance(event, Noted) and "TTL is on" in event.text]
    assert _ttl(rehearsal, NEW) == "DISABLED"
    _, end = rehearsal.run(State.REVERSING, "cutover", {})
    assert end.code == "reversing" and _ttl(rehearsal, NEW) == "ENABLED", end


def _ttl(rehearsal: Rehearsal, table: str) -> str:
    return str(rehearsal.client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"])


def test_two_items_with_one_key_are_refused_with_the_items(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10, flags={"key": ["PK={createdAt}", "SK=META"]})
    _, end = rehearsal.run(State.FOLLOWING)
    assert (end.ending, end.code) == (Ending.REFUSED, "items-meet")
    assert "seed-00000" in end.detail and "2026-11-23T00:00:00Z" in end.detail
    assert contents(rehearsal.client, NEW) == {}


def test_a_stream_without_both_images_is_refused(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=5)
    rehearsal.client.update_table(
        TableName=OLD, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    )
    _, end = rehearsal.run(State.FOLLOWING)
    assert (end.ending, end.code) == (Ending.REFUSED, "stream-lacks-images")


@pytest.mark.slow
def test_a_verification_that_was_cut_short_begins_again(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=20)
    rehearsal.run(State.FOLLOWING)
    journal = rehearsal.journal()
    journal.wish("cutover", {})
    journal.close()
    looks: list[int] = []
    summing = False

    def stopping() -> bool:
        if summing:
            looks.append(1)
        return len(looks) > 2  # every page of both is summed by then

    for event in rehearsal.events(lambda state: state is State.REVERSING, stopping=stopping):
        summing = summing or (isinstance(event, PhaseStarted) and event.name == "verify")
    assert rehearsal.state() is State.VERIFYING
    (lost, *_) = rehearsal.client.scan(TableName=NEW)["Items"]
    rehearsal.client.delete_item(TableName=NEW, Key={"PK": lost["PK"], "SK": lost["SK"]})
    _, end = rehearsal.run(State.FOLLOWING)
    assert (rehearsal.state(), rehearsal.where()) == (State.FOLLOWING, OLD)
    assert end.code == "verify-differs", end


class Held(SystemClock):
    """The machine's clock, for a process that is held up for a while as often as not right after it looked."""

    def __init__(self) -> None:
        self.ahead, self.chance = 0.0, random.Random(1)

    def now(self) -> datetime:
        moment = super().now() + timedelta(seconds=self.ahead)
        self.ahead += 0.3 * self.chance.randint(0, 1)
        return moment

    def steady(self) -> float:
        return super().steady() + self.ahead


@pytest.mark.slow
def test_a_process_that_is_held_up_is_no_clock_that_is_set(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    rehearsal.options = replace(rehearsal.options, pause=3600)
    rehearsal.run(State.FOLLOWING)
    rehearsal.clock = Held()
    events, end = rehearsal.run(lambda state: state in (State.REVERSING, State.FOLLOWING), "cutover", {})
    assert end.code == "reversing", [event for event in events if isinstance(event, StateEntered | Noted)]


class Set(SystemClock):
    """The machine's clock, and by how much somebody sets it forward."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.mark.slow
def test_a_clock_that_is_set_makes_no_silence(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    rehearsal.options = replace(rehearsal.options, quiet=3.0, pause=60)
    rehearsal.run(State.FOLLOWING)
    journal = rehearsal.journal()
    journal.wish("cutover", {})
    journal.close()
    rehearsal.clock = clock = Set()
    entered: list[str] = []
    for event in rehearsal.events(lambda state: state in (State.REVERSING, State.FOLLOWING)):
        if isinstance(event, StateEntered):
            entered.append(event.state)
        elif isinstance(event, Waiting) and "silent" in event.reason:
            clock.ahead = timedelta(seconds=10)
    assert "rechecking" not in entered, entered
    assert rehearsal.where() == OLD and rehearsal.may_write(OLD)
