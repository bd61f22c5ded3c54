"""docs/guides/migrate-live.md, run as it stands, and its protocol page, which is drawn from the table of states."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tablewright.cli.migrate import command
from tablewright.local import process
from tablewright.migrate.live.states import COMMANDS, STATES, State, diagram, is_ended, step
from tests.faces.shell import environment

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/guides/migrate-live.md"
PROTOCOL = ROOT / "docs/reference/migrate-live.md"


def _blocks() -> Iterator[tuple[str, str]]:
    text = PAGE.read_text(encoding="utf-8")
    return iter(re.findall(r"^```(bash|python|text)\n(.*?)^```$", text, flags=re.S | re.M))


@pytest.mark.slow
def test_the_page_is_what_happens(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    folder = tmp_path / "examples/ai-chef"
    home = tmp_path / "home"
    env = environment(
        {"TABLEWRIGHT_LOCAL_HOME": str(home), "XDG_STATE_HOME": str(tmp_path / "state"), "COLUMNS": "100"}
    )
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    printed, kinds = "", []
    process.start(home, port=0)
    own = {**env, **process.env(home)}
    try:
        for kind, block in _blocks():
            kinds.append(kind)
            if kind == "text":
                for line in block.splitlines():
                    assert line.rstrip() in [p.rstrip() for p in printed.splitlines()], (line, printed)
                continue
            script = re.sub(r"^cd examples/ai-chef$", "true", block, flags=re.M)
            words = ["bash", "-eu", "-c", script] if kind == "bash" else [sys.executable, "-c", block]
            used = env if kind == "bash" else own
            done = subprocess.run(words, cwd=folder, env=used, capture_output=True, text=True, timeout=600, check=False)
            logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.log"))
            assert done.returncode == 0, (block, done.stdout, done.stderr, logs)
            printed = done.stdout + done.stderr
    finally:
        (folder / "stop").touch()
        process.stop(home)
    assert kinds.count("bash") >= 8 and kinds.count("text") >= 4
    assert "not one lost" in printed


def test_the_diagram_is_that_of_the_table() -> None:
    text = PROTOCOL.read_text(encoding="utf-8")
    assert diagram() in text
    for state, row in STATES.items():
        assert f"| `{state}`" in text and row.does in text


def test_every_state_is_reached_and_has_a_way_out() -> None:
    reached, todo = {State.PREPARING}, [State.PREPARING]
    while todo:
        for to in STATES[todo.pop()].ways.values():
            if to not in reached:
                reached.add(to)
                todo.append(to)
    assert reached == set(STATES) == set(State)
    assert {state for state in State if is_ended(state)} == {State.FINISHED, State.ROLLED_BACK, State.ABANDONED}


def test_whoever_is_held_is_let_go_in_time() -> None:
    """From each state that is bounded by the fence, running out of time leads to where the fence is taken down."""
    for state, row in STATES.items():
        if row.timed:
            end = step(state, "timed-out")
            assert end in (State.UNFENCING, State.UNFENCING_BACK) and STATES[end].fence == row.fence
        assert row.timed <= bool(row.fence)
    with pytest.raises(ValueError):
        step(State.FOLLOWING, "finish")


def test_steps_that_a_person_asks_for_are_commands() -> None:
    commands = command.list_commands(click.Context(command)) if isinstance(command, click.Group) else []
    for words in COMMANDS.values():
        assert words.rpartition(" ")[2] in commands
