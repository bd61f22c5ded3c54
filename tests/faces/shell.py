"""Running the command line as a shell does."""

from __future__ import annotations

import atexit
import gc
import io
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


def in_process(*words: str, cwd: Path | None = None, env: Mapping[str, str | None] | None = None) -> Ran:
    """The same in this process: what is imported already is not imported again, which is most of the time that a run takes."""
    from tablewright.cli.main import run

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    wanted, before = environment(env), dict(os.environ)
    collecting = gc.isenabled()
    kept = sys.argv, sys.stdin, sys.stdout, sys.stderr, Path.cwd()
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        try:
            os.environ.clear()
            os.environ.update(wanted)
            sys.argv, sys.stdin, sys.stdout, sys.stderr = ["tablewright", *words], nothing, out, err
            os.chdir(cwd or Path.cwd())
            code = run(list(words))
            shown = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]
        finally:
            sys.argv, sys.stdin, sys.stdout, sys.stderr = kept[:4]
            os.chdir(kept[4])
            os.environ.clear()
            os.environ.update(before)
            if collecting:
                gc.enable()  # a command may leave it off, as its process ends; here, what the tests leave would pile up
    return Ran(code, *shown)
