"""The guides to migrations, run as they stand: its commands and programs in order, and what it shows is what they print."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tablewright.local import process
from tests.faces.shell import environment

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs/guides"


def _blocks(page: Path) -> Iterator[tuple[str, str]]:
    text = page.read_text(encoding="utf-8")
    return iter(re.findall(r"^```(bash|python|text)\n(.*?)^```$", text, flags=re.S | re.M))


@pytest.mark.slow
@pytest.mark.parametrize(("page", "commands", "shown"), [("migrate.md", 7, 4), ("change-attributes.md", 3, 2)])
def test_the_page_is_what_happens(tmp_path: Path, page: str, commands: int, shown: int) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    folder = tmp_path / "examples/ai-chef"
    home = tmp_path / "home"
    bin_folder = Path(sys.executable).parent
    env = environment(
        {"TABLEWRIGHT_LOCAL_HOME": str(home), "XDG_STATE_HOME": str(tmp_path / "state"), "COLUMNS": "100"}
    )
    env["PATH"] = f"{bin_folder}:{env['PATH']}"
    printed, kinds = "", []
    running = process.start(home, port=0)
    own = {**env, **process.env(home)}
    try:
        for kind, block in _blocks(GUIDES / page):
            kinds.append(kind)
            if kind == "text":
                for line in block.splitlines():
                    assert line.rstrip() in [p.rstrip() for p in printed.splitlines()], (line, printed)
                continue
            if kind == "bash":
                script = re.sub(r"^cd examples/ai-chef$", "true", block, flags=re.M)
                command, used = ["bash", "-eu", "-c", script], env
            else:
                command, used = [sys.executable, "-c", block], own
            done = subprocess.run(
                command, cwd=folder, env=used, capture_output=True, text=True, timeout=600, check=False
            )
            assert done.returncode == 0, (block, done.stdout, done.stderr)
            printed = done.stdout + done.stderr
    finally:
        process.stop(home)
    assert running.endpoint
    assert kinds.count("bash") >= commands
    assert kinds.count("text") >= shown
