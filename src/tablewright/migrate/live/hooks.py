"""Commands of the user's at named moments: to hold writers, to point the application elsewhere, or merely to be told."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping

from tablewright.errors import Failed

__all__ = ["LONGEST_S", "NAMES", "run_hook"]

NAMES: Mapping[str, str] = {
    "fence": "holds the writers of TABLEWRIGHT_TABLE; must have taken effect when it ends",
    "unfence": "lets the writers of TABLEWRIGHT_TABLE go again; may be run more than once",
    "switch": "points the application at TABLEWRIGHT_TABLE, or fails and has pointed nothing; may be run more than once",
    "where": "prints the name of the table at which the application points",
    "entered": "is told each state that is entered (TABLEWRIGHT_STATE); what it returns changes nothing",
}
"""Every hook, and what its command promises."""

LONGEST_S = 120.0
"""For how long a hook's command may run, where no fence says less."""
_SHOWN = 1000


def run_hook(name: str, command: str, told: Mapping[str, str], *, timeout_s: float = LONGEST_S) -> str:
    """Run a hook's command by the shell, with ``told`` in its environment; what it printed. Raises Failed ``hook-failed``."""
    environment = {**os.environ, **{f"TABLEWRIGHT_{key.upper()}": value for key, value in told.items()}}
    try:
        process = subprocess.Popen(  # noqa: S602 - it is the user's own command line
            command,
            shell=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise _failed(name, command, f"could not be started: {error.strerror or error}") from error
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as late:
        _kill(process)
        raise _failed(name, command, f"did not end within {timeout_s:.0f} seconds, and was killed") from late
    if process.returncode != 0:
        said = (err or out).strip()[-_SHOWN:]
        raise _failed(name, command, f"ended with exit code {process.returncode}" + (f":\n\n{said}" if said else "."))
    return out


def _kill(process: subprocess.Popen[str]) -> None:
    """End the shell and whatever it started: what goes on alone might still switch when nobody holds the writers any more."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failed(name: str, command: str, what: str) -> Failed:
    return Failed("hook-failed", "A hook's command failed", f"The command of the hook {name} ({command}) {what}")
