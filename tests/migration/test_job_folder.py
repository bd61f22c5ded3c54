"""What is written down of a job: it comes back as it was, without secrets, and the state is told apart from the process."""

from __future__ import annotations

import json
import resource
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.errors import Failed, Refused, UsageError
from tablewright.migrate.dead_letters import DeadLetters, read_letters
from tablewright.migrate.engine.values import SetAside
from tablewright.migrate.job import Files, Job, Options, Pace, Place, TableAt, job_id, parse_pace
from tablewright.migrate.lease.lock import Lock, holder, target_lock
from tablewright.migrate.record import Record, job_folder, read_record, records, retire, write_record
from tablewright.migrate.states import STATES, state
from tablewright.model.whereabouts import Credentials

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LOCAL = Place(
    region="us-east-1", local=True, endpoint_url="http://127.0.0.1:4599", credentials=Credentials("k", "s3cret")
)


def _record(root: Path, identifier: str = "sessions-to-sessions-v2-01234567", source: object = None) -> Record:
    job = Job(
        id=identifier,
        source=TableAt("세션", LOCAL) if source is None else source,  # type: ignore[arg-type]
        target=Files("out/", "parquet", "zstd"),
        folder=str(job_folder(root, identifier)),
        transform="rename a=b",
        options=Options(pace=Pace(0.25, write_units=500), segments=8, dead_letters=3, into_existing=True),
    )
    return Record(job, "copying", NOW, NOW, {"flags": ["--rename", "a=b"]}, "f" * 64, {"target": "x"}, "ttl", "")


def test_a_record_comes_back_as_it_was_but_for_what_is_secret(tmp_path: Path) -> None:
    record = _record(tmp_path)
    write_record(record)
    back = read_record(Path(record.job.folder))
    assert back is not None
    assert isinstance(back.job.source, TableAt)
    assert back.job.source.place == replace(LOCAL, endpoint_url=None)
    assert replace(back, job=replace(back.job, source=record.job.source)) == record
    text = "".join(path.read_text() for path in Path(record.job.folder).iterdir())
    assert "s3cret" not in text
    assert stat.S_IMODE(Path(record.job.folder).stat().st_mode) == 0o700
    assert stat.S_IMODE((Path(record.job.folder) / "job.json").stat().st_mode) == 0o600
    assert (Path(record.job.folder).parent / ".gitignore").read_text() == "*\n"


def test_a_disk_that_takes_a_part_of_a_record_leaves_the_one_before(tmp_path: Path) -> None:
    record = _record(tmp_path)
    write_record(record)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            write_record(record.moved("copied", NOW))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    kept = read_record(Path(record.job.folder))
    assert kept is not None
    assert kept.state == record.state


def test_records_are_listed_and_one_that_is_damaged_is_said_when_it_is_asked_for(tmp_path: Path) -> None:
    write_record(_record(tmp_path, "a-1"))
    write_record(_record(tmp_path, "b-2").moved("done", NOW.replace(hour=4)))
    assert [record.job.id for record in records(tmp_path)] == ["b-2", "a-1"]
    broken = job_folder(tmp_path, "a-1")
    (broken / "job.json").write_text('{"version": 9}')
    assert [record.job.id for record in records(tmp_path)] == ["b-2"]
    with pytest.raises(UsageError, match="cannot be read") as raised:
        read_record(broken)
    assert raised.value.code == "job-unreadable"
    assert read_record(tmp_path / "nothing") is None
    for name in ("", "..", "a/b"):
        with pytest.raises(UsageError):
            job_folder(tmp_path, name)


def test_a_job_that_is_over_makes_room_for_a_new_one(tmp_path: Path) -> None:
    write_record(_record(tmp_path, "a-1"))
    folder = job_folder(tmp_path, "a-1")
    assert retire(folder).name == "a-1.1"
    write_record(_record(tmp_path, "a-1"))
    assert retire(folder).name == "a-1.2"
    kept = read_record(tmp_path / ".tablewright/migrations/a-1.2")
    assert kept is not None
    assert kept.job.id == "a-1.2"


def test_the_same_question_has_the_same_id_and_another_has_another() -> None:
    source, target = TableAt("ai-chef-sessions", LOCAL), TableAt("ai-chef-sessions-v2", LOCAL)
    asked = job_id(source, target, "f")
    assert asked.startswith("ai-chef-sessions-to-ai-chef-sessions-v2-")
    assert asked == job_id(TableAt("ai-chef-sessions", replace(LOCAL, endpoint_url="http://x:1")), target, "f")
    others = {
        job_id(source, target, "g"),
        job_id(target, source, "f"),
        job_id(source, replace(target, place=Place(region="us-east-1")), "f"),
        job_id(source, Files("out"), "f"),
        job_id(source, source, "f", in_place=True),
    }
    assert asked not in others
    assert len(others) == 5
    assert "/" not in job_id(TableAt("arn:aws:dynamodb:us-east-1:1:table/세션"), Files("/a/b c/"), "f")


@pytest.mark.parametrize(
    ("text", "pace", "shown"),
    [
        ("50%", Pace(0.5), "50%"),
        ("500wcu", Pace(1.0, None, 500), "500wcu"),
        ("300RCU, 500wcu", Pace(1.0, 300, 500), "300rcu,500wcu"),
        ("80%,2000wcu", Pace(0.8, None, 2000), "80%,2000wcu"),
        ("100units", Pace(1.0, 100, 100), "100rcu,100wcu"),
        ("100%", Pace(1.0), "100%"),
    ],
)
def test_a_pace_is_read_and_shown(text: str, pace: Pace, shown: str) -> None:
    assert parse_pace(text) == pace
    assert str(pace) == shown
    assert parse_pace(shown) == pace


@pytest.mark.parametrize("text", ["", "50", "0%", "101%", "fast", "0wcu", "-5wcu", "50%%", "5 00wcu%"])
def test_what_is_no_pace_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_pace(text)
    assert raised.value.code == "pace-malformed"


def test_every_state_says_what_it_means() -> None:
    assert len({row.name for row in STATES}) == len(STATES)
    assert all(row.meaning.endswith(".") and not (row.resumes and row.over) for row in STATES)
    unknown = state("of-a-newer-version")
    assert not unknown.resumes
    assert not unknown.over


LETTERS = st.lists(st.lists(st.text(max_size=8), max_size=3), max_size=6)


@settings(max_examples=30)
@given(pages=LETTERS, acknowledged=st.integers(0, 6))
def test_a_resume_leaves_each_dead_letter_in_the_file_once(
    tmp_path_factory: pytest.TempPathFactory, pages: list[list[str]], acknowledged: int
) -> None:
    path = tmp_path_factory.mktemp("letters") / "dead-letters.jsonl"
    written, ends = DeadLetters(path), [0]
    written.rewind(0)
    for page in pages:
        ends.append(written.add([SetAside(b'{"id":{"S":"%d"}}' % i, reason) for i, reason in enumerate(page)]))
    written.close()
    upto = min(acknowledged, len(pages))
    again = DeadLetters(path)
    again.rewind(ends[upto])
    for page in pages[upto:]:
        again.add([SetAside(b'{"id":{"S":"%d"}}' % i, reason) for i, reason in enumerate(page)])
    again.close()
    found = list(read_letters(path))
    assert [letter.reason for letter in found] == [reason for page in pages for reason in page]
    assert [letter.item for letter in found] == [{"id": {"S": str(i)}} for page in pages for i, _ in enumerate(page)]


def test_dead_letters_that_somebody_removed_are_missed(tmp_path: Path) -> None:
    path = tmp_path / "dead-letters.jsonl"
    letters = DeadLetters(path)
    end = letters.add([SetAside(b"{}", "it is empty", conflict=True)])
    letters.close()
    (letter,) = read_letters(path)
    assert letter.conflict
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    with pytest.raises(Failed) as raised:
        DeadLetters(path).rewind(end)
    assert raised.value.code == "dead-letters-lost"
    assert list(read_letters(path)) == []


def test_one_run_at_a_time_on_a_target_whatever_it_is_called(tmp_path: Path) -> None:
    with target_lock(tmp_path, "table-id", "a-1", "sessions"):
        with pytest.raises(Refused) as raised, target_lock(tmp_path, "table-id", "b-2", "sessions"):
            pass
        assert raised.value.code == "target-in-use"
        assert "job a-1" in raised.value.detail
        with target_lock(tmp_path, "another-id", "b-2", "sessions"):
            pass
    with target_lock(tmp_path, "table-id", "b-2", "sessions"):
        pass


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom tablewright.migrate.lease.lock import Lock\n"
        f"Lock(Path({str(path)!r}), 'a-1', 'x').take()\nprint('held', flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        found = holder(path)
        assert found is not None
        assert (found.pid, found.job) == (process.pid, "a-1")
        with pytest.raises(Refused):
            Lock(path, "b-2", "x").take()
        process.kill()
        process.wait(60)
    assert holder(path) is None
    assert json.loads(path.read_text())["job"] == "a-1"  # what it says counts only while it is held
    with Lock(path, "b-2", "x"):
        assert holder(path) is not None


def test_nobody_holds_a_lock_that_was_never_made(tmp_path: Path) -> None:
    assert holder(tmp_path / "none.lock") is None
