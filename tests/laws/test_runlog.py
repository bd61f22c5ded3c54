"""The run log: everything that a run says, nothing that is secret, and never in the way of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tablewright.deploy.runlog import KEPT_RUNS, default_folder, lines, recorded, runs
from tablewright.events import ChangesFound, Ending, Event, Finished, Looked, Noted, Started
from tablewright.model.stack import ChangeSet, PropertyChange, ResourceChange, StackOutput
from tablewright.model.whereabouts import Whereabouts
from tests.laws.stacks import NOW, STACK_ID, stack

WHERE = Whereabouts("111111111111", "arn:aws:iam::111111111111:root", "us-east-1", "aws")
SECRET = "hunter2"


def events(name: str = "orders") -> Iterator[Event]:
    yield Started("deploy", name, WHERE, "production", "t.yaml")
    seen = stack("ROLLBACK_COMPLETE", parameters={"Password": SECRET}, outputs=(StackOutput("Key", SECRET),))
    yield Looked(
        seen, "stack orders is ROLLBACK_COMPLETE", ("table orders (Orders), owned by the stack: holds no items",)
    )
    prop = PropertyChange("Environment", SECRET, SECRET)
    change = ResourceChange("Modify", "Fn", "fn", "AWS::Lambda::Function", properties=(prop,))
    yield ChangesFound(ChangeSet("arn:c", "c", STACK_ID, "CREATE_COMPLETE", "AVAILABLE", changes=(change,)))
    yield Finished(Ending.DONE, "Stack orders is deployed", stack=seen, outputs=(StackOutput("Key", SECRET),))


def test_a_run_is_kept_with_what_it_looked_at_and_without_secrets(tmp_path: Path) -> None:
    given = list(recorded(events(), tmp_path, now=lambda: NOW, token="tablewright-0123456789ab"))
    assert given == list(events())
    (record,) = runs(tmp_path)
    assert (record.verb, record.stack, record.ending, record.account) == ("deploy", "orders", "done", "111111111111")
    kept = lines(record)
    assert [line["event"] for line in kept] == ["started", "looked", "changes-found", "finished"]
    assert kept[1]["details"] == ["table orders (Orders), owned by the stack: holds no items"]
    assert SECRET not in Path(record.path).read_text()
    assert Path(record.path).stat().st_mode & 0o077 == 0


def test_a_run_that_is_cut_off_is_kept_as_far_as_it_went(tmp_path: Path) -> None:
    going = recorded(events(), tmp_path, now=lambda: NOW, token="a")
    next(going), next(going)
    (record,) = runs(tmp_path)
    assert record.ending is None and len(lines(record)) == 2
    path = Path(record.path)
    path.write_text(path.read_text() + '{"at": "2026')
    assert len(lines(runs(tmp_path)[0])) == 2
    going.close()  # type: ignore[attr-defined]


def test_runs_come_newest_first_and_by_stack(tmp_path: Path) -> None:
    for number, name in enumerate(("one", "two", "one")):
        at = NOW + timedelta(minutes=number)
        list(recorded(events(name), tmp_path, now=lambda at=at: at, token=str(number)))  # type: ignore[misc]
    assert [r.stack for r in runs(tmp_path)] == ["one", "two", "one"]
    assert [r.at.minute for r in runs(tmp_path, stack="one")] == [2, 0]


def test_a_folder_that_cannot_be_written_is_said_and_does_not_stop_the_run(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    given = list(recorded(events(), blocked / "runs", now=lambda: NOW, token="a"))
    assert [e for e in given if not isinstance(e, Noted)] == list(events())
    assert any(isinstance(e, Noted) and "run log could not be written" in e.text for e in given)


def test_closing_the_log_closes_the_run(tmp_path: Path) -> None:
    closed = []

    def run() -> Iterator[Event]:
        try:
            yield from events()
        finally:
            closed.append(True)

    going = recorded(run(), tmp_path, now=lambda: NOW, token="a")
    next(going)
    going.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_old_runs_are_removed(tmp_path: Path) -> None:
    for number in range(KEPT_RUNS + 3):
        name = f"20200101T000000.{number:06d}-x-{number}.jsonl"
        (tmp_path / name).write_text(json.dumps({"event": "started"}) + "\n")
    list(recorded(events(), tmp_path, now=lambda: datetime(2026, 1, 1, tzinfo=UTC), token="a"))
    assert len(list(tmp_path.iterdir())) == KEPT_RUNS


def test_what_others_keep_in_the_folder_is_never_removed(tmp_path: Path) -> None:
    dumps = [tmp_path / f"0-orders-{number}.jsonl" for number in range(KEPT_RUNS + 3)]
    for dump in dumps:
        dump.write_text('{"Item": {"id": {"S": "1"}}}\n')
    list(recorded(events(), tmp_path, now=lambda: datetime(2026, 1, 1, tzinfo=UTC), token="a"))
    assert all(dump.exists() for dump in dumps)


def test_the_folder_follows_the_environment() -> None:
    home = Path("/home/me")
    assert default_folder({}, home) == home / ".local/state/tablewright/runs"
    assert default_folder({"XDG_STATE_HOME": "/state"}, home) == Path("/state/tablewright/runs")
    assert default_folder({"TABLEWRIGHT_RUNS": "/runs"}, home) == Path("/runs")
