"""The run log: every deployment is listed, shown event by event, and holds no secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tablewright.events import as_json
from tests.faces import recorded
from tests.faces.shell import Ran

Run = Callable[..., Ran]


def test_the_kind_of_every_event_is_a_word() -> None:
    for event in recorded.created() + recorded.rolled_back():
        assert isinstance(as_json(event)["event"], str)
    moved = as_json(recorded.moved("AiChefResultsTable", "CREATE_FAILED", 1, "why"))
    assert moved["event"] == "resource-moved"
    assert isinstance(moved["moved"], dict) and moved["moved"]["logical_id"] == "AiChefResultsTable"


def test_runs_are_listed_and_shown(home: Path, run: Run, tmp_path: Path) -> None:
    env = {"TABLEWRIGHT_RUNS": str(tmp_path / "runs")}
    assert "No run is kept." in run("log", env=env).out
    assert (
        run(
            "deploy", "--local", "--parameters", "AlarmTopicArn=arn:aws:sns:us-east-1:000000000000:s3cr3t", env=env
        ).code
        == 0
    )
    assert run("deploy", "--local", env=env).code == 0
    listed = run("log", env=env)
    assert listed.code == 0
    assert "ai-chef-dynamodb  done           deploy (production)" in listed.out
    assert "account 000000000000, us-east-1, http://127.0.0.1:" in " ".join(listed.out.split())
    records = [json.loads(line) for line in run("log", "--output", "json", env=env).out.splitlines()]
    assert [record["ending"] for record in records] == ["nothing-to-do", "done"]
    shown = run("log", records[-1]["id"], env=env)
    assert "there is no stack ai-chef-dynamodb yet" in shown.out
    assert "CREATE_COMPLETE AiChefResultsTable" in shown.out
    assert "finished: " in shown.out
    assert "s3cr3t" not in shown.out
    for path in (tmp_path / "runs").iterdir():
        assert "s3cr3t" not in path.read_text(encoding="utf-8")
        assert path.stat().st_mode & 0o077 == 0
    last = run("log", "last", "--output", "json", env=env).out.splitlines()
    assert json.loads(last[0])["event"] == "started"
    assert json.loads(last[-1])["event"] == "finished"


def test_a_run_that_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    ran = run("log", "20010101", env={"TABLEWRIGHT_RUNS": str(tmp_path)})
    assert ran.code == 2
    assert "      tablewright log\n" in ran.err


def test_a_log_that_cannot_be_written_is_said_and_stops_nothing(home: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = run("deploy", "--local", env={"TABLEWRIGHT_RUNS": str(tmp_path / "file" / "runs")})
    assert ran.code == 0, ran.err
    assert "run log could not be written" in ran.err
