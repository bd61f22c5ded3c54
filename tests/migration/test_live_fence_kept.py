"""A fence that cannot be renewed or taken down, and a switch that hangs: what it does to the migration, and to the writers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tablewright.events import Ending, Finished, Noted
from tablewright.migrate.live.events import StateEntered
from tablewright.migrate.live.returning import run as returning
from tablewright.migrate.live.run import LiveEvent
from tablewright.migrate.live.states import State
from tests.conftest import EmbeddedAws
from tests.contract.canned import json_error
from tests.contract.faulty import Relay
from tests.contract.wire_server import Act, Asked, Script, answer, serving
from tests.migration.live_runs import Rehearsal, wait_until
from tests.migration.sessions import NEW, OLD, contents, rekeyed, session

pytestmark = pytest.mark.slow


@dataclass
class Between:
    """What stands between tablewright and AWS: requests of an operation that ``does`` names get that, the others AWS's answer."""

    relay: Relay
    does: dict[str, Callable[[Asked], Script]] = field(default_factory=dict)
    met: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Script:
        does = self.does.get(asked.operation)
        if does is None:
            return self.relay(asked)
        self.met.append(asked.operation)
        return does(asked)


def _denied(asked: Asked) -> Script:
    return [answer(json_error("AccessDeniedException", "not authorized").body.encode(), status="400 Bad Request")]


def _throttled(asked: Asked) -> Script:
    return [answer(json_error("ThrottlingException", "Rate exceeded").body.encode(), status="400 Bad Request")]


def _reset(asked: Asked) -> Script:
    return [Act.RESET]


@contextmanager
def _between(rehearsal: Rehearsal) -> Iterator[Between]:
    """Only what tablewright asks goes through it."""
    between = Between(Relay(rehearsal.aws.endpoint, seed=1, rate=0.0))
    with serving(between) as served:
        rehearsal.through = served.url
        try:
            yield between
        finally:
            rehearsal.through = None


def _events(rehearsal: Rehearsal, wish: str, value: object, *, enough: State) -> Iterator[LiveEvent]:
    journal = rehearsal.journal()
    journal.wish(wish, value)
    journal.close()
    return rehearsal.events(lambda state: state is enough)


def _crossed(rehearsal: Rehearsal) -> None:
    rehearsal.run(State.FOLLOWING)
    _, end = rehearsal.run(State.REVERSING, "cutover", {})
    assert end.code == "reversing", end


@pytest.mark.parametrize("fails", [_denied, _throttled, _reset], ids=["denied", "throttled", "reset"])
def test_a_fence_that_cannot_be_renewed_ends_nothing(
    aws: EmbeddedAws,
    account: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails: Callable[[Asked], Script],
) -> None:
    """The application is on the target: the way back stays open, the source follows on, and the fence is tried again."""
    monkeypatch.setattr(returning, "_RENEWED_EVERY_S", 0.2)
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    stop = threading.Event()
    with _between(rehearsal) as between:
        _crossed(rehearsal)
        between.does["PutResourcePolicy"] = fails
        journal = rehearsal.journal()
        journal.note(fenced_until=1.0)  # it is due
        told: list[str] = []
        for event in rehearsal.events(lambda state: state is State.ROLLED_BACK, stopping=stop.is_set):
            if not isinstance(event, Noted):
                if isinstance(event, Finished):
                    end = event
                continue
            told.append(event.text)
            if "cannot be renewed" in event.text:
                assert "It is tried again" in event.text and OLD in event.text
                rehearsal.client.put_item(TableName=NEW, Item=rekeyed(session("after", 3)))
                wait_until(lambda: "after" in contents(rehearsal.client, OLD))  # the reverse tail goes on
                between.does.clear()
            elif "holds until" in event.text:
                stop.set()
        assert len(told) == 2 and between.met and end.code == "stopped", (told, end)
        assert float(journal.noted("fenced_until")) > 1.0
        journal.close()
    assert rehearsal.state() is State.REVERSING and not rehearsal.may_write(OLD) and rehearsal.may_write(NEW)


def test_a_fence_that_is_not_renewed_right_after_the_switch_is_tried_again(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    with _between(rehearsal) as between:
        rehearsal.run(State.FOLLOWING)
        journal = rehearsal.journal()
        journal.wish("cutover", {})
        until: list[float] = []

        def is_renewed() -> bool:
            return bool(until) and float(journal.noted("fenced_until")) > until[0]

        told: list[str] = []
        for event in rehearsal.events(lambda state: state is State.ROLLED_BACK, stopping=is_renewed):
            if isinstance(event, StateEntered) and event.state == "switched":
                between.does["PutResourcePolicy"] = _denied
            elif isinstance(event, StateEntered) and event.state == "reversing":
                assert told and "cannot be renewed" in told[0] and "It holds until" in told[0]
                until.append(float(journal.noted("fenced_until")))
                between.does.clear()
            elif isinstance(event, Noted) and event.level == "warning":
                told.append(event.text)
        journal.close()
    assert len(told) == 1 and rehearsal.state() is State.REVERSING and not rehearsal.may_write(OLD), told


@pytest.mark.parametrize("lapses", [False, True], ids=["for a while", "until it lapses"])
def test_a_fence_that_cannot_be_taken_down_is_tried_until_it_lapses(
    aws: EmbeddedAws, account: str, tmp_path: Path, lapses: bool
) -> None:
    """The cut-over is given up, and the permission is gone: writers go on at the lapse at the latest, and that is said."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    with _between(rehearsal) as between:
        rehearsal.run(State.FOLLOWING)
        told: list[str] = []
        end = None
        for event in _events(rehearsal, "cutover", {}, enough=State.FOLLOWING):
            if isinstance(event, StateEntered) and event.state == "draining":
                journal = rehearsal.journal()
                journal.wish("unfence")
                if lapses:
                    # The statement itself is put to the past too, as time would.
                    policy = str(rehearsal.policy(OLD))
                    journal.note(deadline=1.0)
                    rehearsal.client.put_resource_policy(
                        ResourceArn=rehearsal.arn(OLD),
                        Policy=policy.replace("2026-", "2020-").replace("2027-", "2020-"),
                    )
                journal.close()
                between.does |= {"PutResourcePolicy": _denied, "DeleteResourcePolicy": _denied}
            elif isinstance(event, Noted) and "cannot be taken down" in event.text:
                told.append(event.text)
                if not lapses:
                    assert not rehearsal.may_write(OLD)
                    between.does.clear()
            end = event
        assert isinstance(end, Finished) and rehearsal.state() is State.FOLLOWING and len(told) == 1, (told, end)
        assert rehearsal.may_write(OLD) and rehearsal.where() == OLD
        assert ("It lapsed at" in told[0]) is lapses and ("It is tried again" in told[0]) is not lapses, told
        between.does.clear()
        _, end = rehearsal.run(State.REVERSING, "cutover", {})  # what was left in the policy is in nobody's way
        assert end.code == "reversing", end


def test_a_way_back_that_is_given_up_goes_on_without_the_fence_of_the_source(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    with _between(rehearsal) as between:
        _crossed(rehearsal)
        told: list[str] = []

        def refuse_the_source(asked: Asked) -> Script:
            mine = f'table/{OLD}"'.encode() in asked.body
            return _denied(asked) if mine else between.relay(asked)

        for event in _events(rehearsal, "rollback", True, enough=State.REVERSING):
            if isinstance(event, StateEntered) and event.state == "draining-back":
                journal = rehearsal.journal()
                journal.wish("unfence")
                journal.close()
                between.does["PutResourcePolicy"] = refuse_the_source
            elif isinstance(event, Noted) and event.level == "warning":
                told.append(event.text)
    assert len(told) == 1 and f"{OLD} is not fenced yet" in told[0], told
    assert rehearsal.state() is State.REVERSING and rehearsal.may_write(NEW) and rehearsal.where() == NEW


def test_a_switch_that_hangs_is_given_up_within_the_pause(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """The parameter is not answered for: writers go on where they were, behind a fence that never lapsed over it."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    held: list[bool] = []
    with _between(rehearsal) as between:
        rehearsal.run(State.FOLLOWING)
        end = None
        for event in _events(rehearsal, "cutover", {}, enough=State.FOLLOWING):
            if isinstance(event, StateEntered) and event.state == "switching":
                between.does["PutParameter"] = lambda asked: [Act.HANG]
                journal = rehearsal.journal()
                journal.note(pause_until=time.time() + 10.0)  # what is left of it
                journal.close()
            if isinstance(event, StateEntered) and event.state == "unfencing":
                held.append(not rehearsal.may_write(OLD))
            end = event
    assert isinstance(end, Finished) and (end.ending, end.code) == (Ending.FAILED, "endpoint-silent"), end
    assert held == [True] and between.met and rehearsal.may_write(OLD) and rehearsal.where() == OLD


def test_a_switch_whose_answer_is_lost_has_been_made(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10)
    with _between(rehearsal) as between:
        rehearsal.run(State.FOLLOWING)

        def made(asked: Asked) -> Script:
            between.relay(asked)
            return _denied(asked)

        between.does["PutParameter"] = made
        _, end = rehearsal.run(State.REVERSING, "cutover", {})
    assert end.code == "reversing" and rehearsal.where() == NEW and not rehearsal.may_write(OLD), end
