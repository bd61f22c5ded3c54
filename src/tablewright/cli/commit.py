"""The commit that is deployed, asked of git; a project without git has none."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tablewright.plan.tags import Commit


def commit_at(folder: Path) -> Commit | None:
    """The commit that is checked out around a folder; None without a repository, without git, or when git will not say."""
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return None
    try:
        asked = subprocess.run(
            ["git", "-C", str(folder), "log", "-1", "--format=%H %cI"],
            capture_output=True,
            text=True,
            timeout=10,
            stdin=subprocess.DEVNULL,
            check=True,
        )
        identifier, _, at = asked.stdout.strip().partition(" ")
        from tablewright.plan.tags import Commit

        return Commit(identifier, datetime.fromisoformat(at))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
