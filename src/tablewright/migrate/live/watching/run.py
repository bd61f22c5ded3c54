"""A live migration as another process sees it: how it stands, and what becomes of a wish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tablewright.errors import TablewrightError
from tablewright.migrate.lease.lock import Holder, holder
from tablewright.migrate.live.asked import Asked, from_plain
from tablewright.migrate.live.events import Followed, StateEntered
from tablewright.migrate.live.journal import Entry, Journal
from tablewright.migrate.live.states import COMMANDS, State, is_ended, row
from tablewright.migrate.record import JOBS_FOLDER
from tablewright.ports import Clock

__all__ = ["JOURNAL", "LOCK", "LiveStanding", "kept", "standing", "watch"]

JOURNAL = "live.sqlite"
LOCK = "live.lock"
_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class LiveStanding:
    """How a live migration stands. ``holder``: the process at work. ``followed``: the tail's latest snapshot, however old."""

    job: str
    folder: str
    entry: Entry
    holder: Holder | None
    asked: Asked
    followed: Followed | None
    commands: tuple[str, ...]
    wishes: tuple[str, ...]
    aside: int
    meetings: int
    fenced: tuple[str, ...]
    """Which tables are fenced, as far as the journal knows."""
    fenced_until: datetime | None
    late: int
    """Writes that reached a table when the application had left it, and were not brought over; ``late.jsonl`` lists them."""
    history: tuple[Entry, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return is_ended(self.entry.state)


def kept(root: Path) -> tuple[Path, ...]:
    """The folders of the live migrations that are kept under a project's folder, newest first."""
    found = (root / JOBS_FOLDER).glob(f"*/{JOURNAL}")
    return tuple(path.parent for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True))


def standing(folder: Path) -> LiveStanding | None:
    """How the migration in a folder stands; None before it began."""
    journal = Journal(folder / JOURNAL)
    try:
        entry, asked = journal.entered(), journal.noted("asked")
        if entry is None or asked is None:
            return None
        until = journal.noted("fenced_until")
        return LiveStanding(
            job=folder.name,
            folder=str(folder),
            entry=entry,
            holder=holder(folder / LOCK),
            asked=from_plain(asked),
            followed=_followed(journal.noted("followed")),
            commands=commands_of(entry.state, folder.name),
            wishes=tuple(journal.wishes()),
            aside=len(journal.asides("forward")) + len(journal.asides("back")),
            meetings=len(journal.meetings("forward")),
            fenced=tuple(end for end in ("source", "target") if journal.noted(f"fenced_{end}")),
            fenced_until=datetime.fromtimestamp(until, UTC) if until is not None else None,
            late=journal.noted("late") or 0,
            history=journal.history(),
        )
    finally:
        journal.close()


def commands_of(state: State, job: str) -> tuple[str, ...]:
    """The commands that lead out of a state."""
    return tuple(f"{COMMANDS[by]} {job}" for by in row(state).ways if by in COMMANDS)


def watch(
    folder: Path, clock: Clock, *, until: Callable[[State], bool], stopping: Callable[[], bool]
) -> Iterator[StateEntered | Followed]:
    """What another process does, until it stands where it should, has nothing more in hand, or is gone."""
    journal = Journal(folder / JOURNAL)
    try:
        seen = len(journal.history())
        shown: Any = None
        while True:
            if stopping():
                return
            history = journal.history()
            for entry in history[seen:]:
                rows = row(entry.state)
                yield StateEntered(
                    folder.name,
                    entry.state.value,
                    entry.why,
                    rows.does,
                    rows.application,
                    commands_of(entry.state, folder.name),
                )
            seen = len(history)
            snapshot = journal.noted("followed")
            if snapshot is not None and snapshot != shown:
                shown = snapshot
                followed = _followed(snapshot)
                if followed is not None:
                    yield followed
            state = history[-1].state
            if (until(state) or is_ended(state)) and not journal.wishes():
                return
            if holder(folder / LOCK) is None:
                return
            clock.sleep(_EVERY_S)
    finally:
        journal.close()


def _followed(told: Any) -> Followed | None:
    if told is None:
        return None
    try:
        found = Followed(**told)
    except TypeError:
        return None  # written by another version
    deadline = told["deadline"]
    return replace(
        found,
        at=datetime.fromisoformat(told["at"]),
        deadline=datetime.fromisoformat(deadline) if deadline else None,
    )


def refusal(folder: Path) -> TablewrightError | None:
    """Why the latest wish was refused, if it was."""
    journal = Journal(folder / JOURNAL)
    try:
        told = journal.noted("refusal")
    finally:
        journal.close()
    return None if told is None else TablewrightError(*told)
