"""Every step out of every state of the protocol: what is asked for there, or goes wrong there, leads where the table says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tablewright.events import Noted
from tablewright.local import control
from tablewright.migrate.live.building import run as building
from tablewright.migrate.live.events import StateEntered
from tablewright.migrate.live.options import LiveOptions
from tablewright.migrate.live.stage.run import IN_FLIGHT_S
from tablewright.migrate.live.states import STATES, State, Step, is_ended, step
from tablewright.migrate.live.tail.run import Lag, Tail
from tests.conftest import EmbeddedAws
from tests.migration.live_runs import Rehearsal
from tests.migration.sessions import NEW, OLD, POINTER, contents, rekeyed, session

pytestmark = pytest.mark.slow

Act = Callable[[], object]
Edge = tuple[State, Step]

_S = State
GIVEN_UP = (_S.PREPARING, _S.SPOOLING, _S.BACKFILLING, _S.BARRIER, _S.REPLAYING, _S.FOLLOWING, _S.VERIFYING)
TRIMMED = (_S.SPOOLING, _S.BACKFILLING, _S.REPLAYING, _S.FOLLOWING, _S.VERIFYING)
THERE: tuple[Edge, ...] = (
    (_S.FENCING, "timed-out"),
    (_S.DRAINING, "timed-out"),
    (_S.DRAINING, "unfence"),
    (_S.RECHECKING, "differs"),
    (_S.RECHECKING, "timed-out"),
    (_S.RECHECKING, "unfence"),
    (_S.SWITCHING, "timed-out"),
    (_S.FENCING, "unfence"),
)
BACK: tuple[Edge, ...] = (
    (_S.FENCING_BACK, "timed-out"),
    (_S.DRAINING_BACK, "timed-out"),
    (_S.DRAINING_BACK, "unfence"),
    (_S.RECHECKING_BACK, "differs"),
    (_S.RECHECKING_BACK, "timed-out"),
    (_S.RECHECKING_BACK, "unfence"),
    (_S.SWITCHING_BACK, "timed-out"),
    (_S.FENCING_BACK, "unfence"),
)
ASIDE: tuple[Edge, ...] = ((_S.FOLLOWING, "lag-grew"), (_S.VERIFYING, "differs"), (_S.BROKEN, "abandon"))


def test_every_edge_of_the_table_is_taken_by_a_test_here() -> None:
    walked = {
        (row.state, by)
        for row in STATES.values()
        for by in row.ways
        if by in ("ready", "clean", "cutover", "rollback", "finish")
    }
    given_up = {(state, "abandon") for state in GIVEN_UP} | {(state, "trimmed") for state in TRIMMED}
    there = {(row.state, by) for row in STATES.values() for by in row.ways}
    assert there == walked | given_up | set(THERE) | set(BACK) | set(ASIDE)


def _rehearsal(aws: EmbeddedAws, account: str, folder: Path) -> Rehearsal:
    return Rehearsal(
        aws,
        account,
        folder,
        sessions=4,
        options=LiveOptions(pause=180, quiet=0.2, settle=0.0, parameter=POINTER),
    )


def _drive(
    rehearsal: Rehearsal,
    acts: Mapping[State, Act],
    *wish: Any,
    until: Callable[[State], bool] = lambda state: False,
    dies_in: State | None = None,
) -> list[State]:
    """Go on until a state, doing something when others are entered; the states that were entered."""
    if wish:
        _wish(rehearsal, *wish)
    entered: list[State] = []
    events = rehearsal.events(until)
    for event in events:
        if isinstance(event, StateEntered) and (not entered or entered[-1] != event.state):
            entered.append(State(event.state))
            acts.get(entered[-1], lambda: None)()
            if entered[-1] is dies_in:
                events.close()  # type: ignore[attr-defined]
                return entered + _drive(rehearsal, {}, until=until)[1:]
    return entered


def _wish(rehearsal: Rehearsal, name: str, value: object = True) -> None:
    journal = rehearsal.journal()
    journal.wish(name, value)
    journal.close()


def _note(rehearsal: Rehearsal, **notes: object) -> None:
    journal = rehearsal.journal()
    journal.note(**notes)
    journal.close()


def test_the_way_there_and_to_its_end(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = _rehearsal(aws, account, tmp_path)
    entered = _drive(rehearsal, {}, until=lambda state: state is _S.FOLLOWING)
    entered += _drive(rehearsal, {}, "cutover", {}, until=lambda state: state is _S.REVERSING)[1:]
    entered += _drive(rehearsal, {}, "finish")[1:]
    assert entered == [
        *(_S.PREPARING, _S.SPOOLING, _S.BACKFILLING, _S.BARRIER, _S.REPLAYING, _S.FOLLOWING, _S.VERIFYING, _S.FENCING),
        *(_S.DRAINING, _S.RECHECKING, _S.SWITCHING, _S.SWITCHED, _S.REVERSING, _S.FINISHING, _S.FINISHED),
    ]


@pytest.mark.parametrize("state", GIVEN_UP, ids=str)
def test_given_up(aws: EmbeddedAws, account: str, tmp_path: Path, state: State) -> None:
    rehearsal = _rehearsal(aws, account, tmp_path)
    acts: dict[State, Act] = {_S.FOLLOWING: lambda: _wish(rehearsal, "cutover", {})}
    acts[state] = lambda: _wish(rehearsal, "abandon")
    entered = _drive(rehearsal, acts)
    assert (state, _S.ABANDONING) in pairwise(entered) and entered[-1] is _S.ABANDONED, entered
    assert rehearsal.may_write(OLD) and len(contents(rehearsal.client, OLD)) == 4


def _endless(*given: object, **more: object) -> Iterator[Noted]:
    while True:
        time.sleep(0.05)
        yield Noted("note", "it goes on")


@pytest.mark.parametrize("state", TRIMMED, ids=str)
def test_trimmed(aws: EmbeddedAws, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: State) -> None:
    rehearsal = _rehearsal(aws, account, tmp_path)
    acts: dict[State, Act] = {_S.FOLLOWING: lambda: _wish(rehearsal, "cutover", {})}

    def trim() -> None:
        control.add_fault(aws.endpoint, "trimmed", table=OLD, operation="GetRecords")
        # The state lasts until it is known: nothing comes to an end, and the target stays behind.
        if state is _S.REPLAYING:
            monkeypatch.setattr(Tail, "lag", lambda tail: Lag(1_000_000, 1000.0, None))
        if state in (_S.BACKFILLING, _S.VERIFYING):
            monkeypatch.setattr(building, "migrate" if state is _S.BACKFILLING else "compare", _endless)

    acts[state] = trim
    try:
        entered = _drive(rehearsal, acts)
    finally:
        control.remove_faults(aws.endpoint)
        monkeypatch.undo()
    assert entered[-2:] == [state, _S.BROKEN], entered
    assert rehearsal.may_write(OLD)
    entered = _drive(rehearsal, {}, "abandon")
    assert entered == [_S.BROKEN, _S.ABANDONING, _S.ABANDONED]


def _taken(rehearsal: Rehearsal, edge: Edge, wish: tuple[str, object], home: State) -> None:
    """Take a step out of the cut-over, and see that it ends where it began."""
    state, by = edge
    back = home is _S.REVERSING
    acts: dict[State, Act] = {}
    item = session("seed-00000", 5)
    if by == "timed-out" and state not in (_S.FENCING, _S.FENCING_BACK):
        acts[state] = lambda: _note(rehearsal, pause_until=1.0)
    elif by == "unfence":
        # While the fence is put up nobody listens but for whoever gives everything up.
        fencing = state in (_S.FENCING, _S.FENCING_BACK)
        acts[state] = lambda: _wish(rehearsal, "abandon" if fencing else "unfence")
    elif by == "differs" and back:
        rehearsal.client.put_item(TableName=NEW, Item=rekeyed(item))
        acts[state] = lambda: rehearsal.client.put_item(TableName=OLD, Item=session("seed-00000", 6))
    elif by == "differs":
        acts[_S.VERIFYING] = lambda: rehearsal.client.put_item(TableName=OLD, Item=item)
        acts[state] = lambda: rehearsal.client.put_item(TableName=NEW, Item=rekeyed(session("seed-00000", 6)))
    dies_in = state if by == "timed-out" and state in (_S.FENCING, _S.FENCING_BACK) else None
    entered = _drive(rehearsal, acts, *wish, until=lambda state: state is home or is_ended(state), dies_in=dies_in)
    assert (state, step(state, by)) in pairwise(entered), (edge, entered)
    assert home in entered[2:], (edge, entered)
    assert rehearsal.where() == (NEW if back else OLD) and rehearsal.may_write(NEW if back else OLD), edge
    assert not back or not rehearsal.may_write(OLD), edge
    if by == "differs":
        table, mended = (NEW, rekeyed(session("seed-00000", 7))) if back else (OLD, session("seed-00000", 7))
        rehearsal.client.put_item(TableName=table, Item=mended)


def test_a_cut_over_that_is_given_up(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """It follows again, and the next one can be begun; the last edge gives the whole migration up."""
    rehearsal = _rehearsal(aws, account, tmp_path)
    rehearsal.run(State.FOLLOWING)
    for edge in THERE:
        _taken(rehearsal, edge, ("cutover", {}), _S.FOLLOWING)
    rehearsal.run(is_ended)
    assert rehearsal.state() is _S.ABANDONED and rehearsal.policy(OLD) is None


def test_a_way_back_that_is_given_up(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """The application stays on the target, the source follows it and is fenced; and the way back is still open."""
    rehearsal = _rehearsal(aws, account, tmp_path)
    rehearsal.run(State.FOLLOWING)
    rehearsal.run(State.REVERSING, "cutover", {})
    for edge in BACK:
        _taken(rehearsal, edge, ("rollback", True), _S.REVERSING)
    journal = rehearsal.journal()
    refusal = journal.noted("refusal")
    assert refusal[0] == "not-from-this-state" and not journal.wishes()  # that it was given up is answered
    journal.close()
    entered = _drive(rehearsal, {}, "rollback", True)
    assert entered[-2:] == [_S.ROLLING_BACK, _S.ROLLED_BACK], entered
    assert contents(rehearsal.client, OLD)["seed-00000"]["version"] == {"N": "7"}
    assert rehearsal.policy(OLD) is None and rehearsal.policy(NEW) is None


def test_tables_that_differ_are_not_cut_over(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    rehearsal = _rehearsal(aws, account, tmp_path)
    rehearsal.run(State.FOLLOWING)
    rehearsal.client.put_item(TableName=NEW, Item=rekeyed(session("nobody's", 1)))
    entered = _drive(rehearsal, {}, "cutover", {}, until=lambda state: state is _S.FOLLOWING)
    assert entered[-2:] == [_S.VERIFYING, _S.FOLLOWING], entered


def test_a_target_that_falls_behind_is_replayed(
    aws: EmbeddedAws, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = _rehearsal(aws, account, tmp_path)
    rehearsal.run(State.FOLLOWING)
    told = Tail.lag
    with monkeypatch.context() as behind:
        behind.setattr(Tail, "lag", lambda tail: Lag(3, 61.0, 1.0))
        entered = _drive(rehearsal, {_S.REPLAYING: lambda: behind.setattr(Tail, "lag", told)}, until=_twice_following())
    assert entered == [_S.FOLLOWING, _S.REPLAYING, _S.FOLLOWING], entered


def _twice_following() -> Callable[[State], bool]:
    seen: list[State] = []

    def until(state: State) -> bool:
        seen.append(state)
        return state is _S.FOLLOWING and _S.REPLAYING in seen

    return until


def test_what_the_sources_ttl_deleted_first_is_no_difference_on_the_way_back(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    """The same deletion at the target comes some time; an item that has not expired yet is missed."""
    rehearsal = _rehearsal(aws, account, tmp_path)
    expiry = {"Enabled": True, "AttributeName": "expiresAt"}
    rehearsal.client.update_time_to_live(TableName=OLD, TimeToLiveSpecification=expiry)
    rehearsal.run(State.FOLLOWING)
    rehearsal.run(State.REVERSING, "cutover", {})
    for expires, goes_back in ((time.time() + 86_400, False), (time.time() - 60, True)):
        item = session("expiring", 1) | {"expiresAt": {"N": str(int(expires))}}
        rehearsal.client.put_item(TableName=NEW, Item=rekeyed(item))
        delete = {"TableName": OLD, "Key": {"sessionId": {"S": "expiring"}}}
        acts: dict[State, Act] = {_S.RECHECKING_BACK: lambda told=delete: rehearsal.client.delete_item(**told)}  # type: ignore[misc]
        entered = _drive(rehearsal, acts, "rollback", True, until=lambda state: state is _S.REVERSING)
        assert entered[-1] is (_S.ROLLED_BACK if goes_back else _S.REVERSING), entered


def test_nothing_is_written_while_what_a_dead_process_sent_may_still_arrive(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    """Also where the state in which it died is left at once."""
    rehearsal = _rehearsal(aws, account, tmp_path)
    rehearsal.run(State.FOLLOWING)
    _wish(rehearsal, "cutover", {})
    events = rehearsal.events(lambda state: False)
    for event in events:
        if isinstance(event, StateEntered) and event.state == _S.SWITCHED:
            break
    events.close()  # type: ignore[attr-defined]
    rehearsal.client.put_item(TableName=NEW, Item=rekeyed(session("since", 1)))
    began = time.monotonic()
    rehearsal.run(is_ended, stopping=lambda: "since" in contents(rehearsal.client, OLD))
    assert rehearsal.state() is _S.REVERSING and "since" in contents(rehearsal.client, OLD)
    assert time.monotonic() - began >= IN_FLIGHT_S
