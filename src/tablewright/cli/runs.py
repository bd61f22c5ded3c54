"""Where the runs of this machine are kept, and keeping one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tablewright.deploy.runlog import default_folder, recorded

if TYPE_CHECKING:
    from tablewright.events import Event


def folder() -> Path | None:
    """The folder of the run log; None for a user without a home who names none."""
    try:
        home = Path.home()
    except RuntimeError:
        if not (os.environ.get("TABLEWRIGHT_RUNS") or os.environ.get("XDG_STATE_HOME")):
            return None
        home = Path("/")
    return default_folder(os.environ, home)


def kept(events: Iterator[Event]) -> Iterator[Event]:
    """The same events, kept in the run log."""
    where = folder()
    if where is None:
        return events
    return recorded(events, where, now=lambda: datetime.now(UTC), token=uuid4().hex)
