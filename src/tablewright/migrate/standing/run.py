"""A job as another terminal sees it: its record, its checkpoint, and whether a process is at work. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from tablewright.errors import TablewrightError
from tablewright.migrate.checkpoint.store import Standing, look
from tablewright.migrate.lease.lock import Holder, holder, target_lock_path
from tablewright.migrate.record import Record
from tablewright.migrate.states import state

__all__ = ["JobStanding", "standing"]

CHECKPOINT = "checkpoint.sqlite"
AT_WORK = ("planned", "copying", "copied", "verifying", "changing", "undoing")
"""States in which a process should be at work."""


@dataclass(frozen=True, slots=True)
class JobStanding:
    """``holder`` is the process at work, None when there is none. ``checkpoint`` is None before the first page was asked for."""

    record: Record
    holder: Holder | None
    checkpoint: Standing | None
    trouble: str = ""  # why the checkpoint could not be read

    @property
    def running(self) -> bool:
        """Whether a process works at this job now: its lock says so, whatever the state."""
        return self.holder is not None

    @property
    def died(self) -> bool:
        """Whether the state says that somebody is at work, and nobody is."""
        return not self.running and self.record.state in AT_WORK

    @property
    def meaning(self) -> str:
        """What the state means, for people."""
        return state(self.record.state).of(in_place=self.record.job.options.in_place)


def standing(record: Record, locks: PurePath | None = None) -> JobStanding:
    """How a job stands now."""
    found = holder(target_lock_path(locks, record.identities.get("target", "")))
    mine = found if found is not None and found.job == record.job.id else None
    try:
        checkpoint, trouble = look(Path(record.job.folder) / CHECKPOINT), ""
    except TablewrightError as error:
        checkpoint, trouble = None, f"{error.summary}: {error.detail}"
    return JobStanding(record, mine, checkpoint, trouble)
