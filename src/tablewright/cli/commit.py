"""The commit that is deployed, and what is older than it, asked of git; a project without git has none."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tablewright.plan.tags import Commit

_SECONDS = 10


def commit_at(folder: Path) -> tuple[Commit | None, str]:
    """The commit that is checked out around a folder, None without a repository; and why, where git could not say."""
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return None, ""
    try:
        asked = _git(folder, "log", "-1", "--format=%H %cI")
    except FileNotFoundError:
        return None, "git is not installed"
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"git did not answer ({type(error).__name__})"
    if asked.returncode:
        if "does not have any commits" in asked.stderr:
            return None, ""
        return None, _why(asked)
    identifier, _, at = asked.stdout.strip().partition(" ")
    from tablewright.plan.tags import Commit

    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None, "git named no commit"

    def precedes(other: str) -> bool | None:
        return _precedes(folder, identifier, other)

    return Commit(identifier, moment, precedes), ""


def _why(asked: subprocess.CompletedProcess[str]) -> str:
    """What git could not do: its own words, which it may follow with advice on lines of their own."""
    words = [line.strip() for line in asked.stderr.splitlines() if line.strip()]
    advice = next((line for line in words if line.startswith("git config ") and "safe.directory" in line), None)
    if advice is not None:
        return f"the repository is another user's, and git does not read it until it is told to: {advice}"
    fatal = next((line for line in words if line.startswith("fatal: ")), None)
    return fatal or (words[-1] if words else f"git ended with {asked.returncode}")


def _precedes(folder: Path, ours: str, other: str) -> bool | None:
    """Whether ``other`` has our commit in its history, or the other way round; None where this repository does not know.

    In a shallow clone the history is cut: there a yes is a yes, and a no says nothing.
    """
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", other):
        return None  # a tag that somebody else wrote is nothing to give to a program
    try:
        if _git(folder, "cat-file", "-e", f"{other}^{{commit}}").returncode:
            return None
        if _git(folder, "merge-base", "--is-ancestor", ours, other).returncode == 0:
            return True
        if _git(folder, "merge-base", "--is-ancestor", other, ours).returncode == 0:
            return False
    except (OSError, subprocess.SubprocessError):
        pass
    return None


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        check=False,
    )
