"""Running the command line as a shell does."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAM = (sys.executable, "-m", "tablewright")
_RUNS = tempfile.mkdtemp(prefix="tablewright-runs-")
"""Where the runs of the tests are kept, so that they are not among the runs of whoever tests."""
atexit.register(shutil.rmtree, _RUNS, ignore_errors=True)
_DROPPED = ("CI", "GITHUB_ACTIONS", "NO_COLOR", "COLUMNS", "FORCE_COLOR")


@dataclass(frozen=True, slots=True)
class Ran:
    """How one command ended, and what it wrote."""

    code: int
    out: str
    err: str


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's environment without what changes the faces; None takes a variable out."""
    env = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    env["TABLEWRIGHT_RUNS"] = _RUNS
    for name, value in (extra or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def tablewright(
    *words: str, cwd: Path | None = None, env: Mapping[str, str | None] | None = None, timeout: float = 120
) -> Ran:
    """Run ``tablewright`` with the words and wait for it."""
    done = subprocess.run(
        [*PROGRAM, *words],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
