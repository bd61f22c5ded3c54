"""Commands of the user's at named moments: to hold writers, to point the application elsewhere, or merely to be told."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from tablewright.errors import Failed

__all__ = ["NAMES", "run_hook"]

NAMES: Mapping[str, str] = {
    "fence": "holds the writers of TABLEWRIGHT_TABLE; must have taken effect when it ends",
    "unfence": "lets the writers of TABLEWRIGHT_TABLE go again; may be run more than once",
    "switch": "points the application at TABLEWRIGHT_TABLE; may be run more than once",
    "where": "prints the name of the table at which the application points",
    "entered": "is told each state that is entered (TABLEWRIGHT_STATE); what it returns changes nothing",
}
"""Every hook, and what its command promises."""

_LONGEST_S = 120.0
_SHOWN = 1000


def run_hook(name: str, command: str, told: Mapping[str, str], *, timeout_s: float = _LONGEST_S) -> str:
    """Run a hook's command by the shell, with ``told`` in its environment; what it printed. Raises Failed ``hook-failed``."""
    environment = {**os.environ, **{f"TABLEWRIGHT_{key.upper()}": value for key, value in told.items()}}
    try:
        done = subprocess.run(  # noqa: S602 - it is the user's own command line
            command,
            shell=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise _failed(name, command, f"did not end within {timeout_s:.0f} seconds") from late
    except OSError as error:
        raise _failed(name, command, f"could not be started: {error.strerror or error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-_SHOWN:]
        raise _failed(name, command, f"ended with exit code {done.returncode}" + (f":\n\n{said}" if said else "."))
    return done.stdout


def _failed(name: str, command: str, what: str) -> Failed:
    return Failed("hook-failed", "A hook's command failed", f"The command of the hook {name} ({command}) {what}")
