"""What a migration yields while it runs. They hold counts, names and reasons, never an item or a part of one.

As every event, each is a frozen value that encodes itself (``events.as_json``), and a view that does not know one ignores it.
A run's last event is ``events.Finished``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tablewright.events import Finished, Noted, Waiting

__all__ = [
    "Checked",
    "Differed",
    "ItemSetAside",
    "MigrationEvent",
    "MigrationStarted",
    "PaceChanged",
    "Paused",
    "PhaseEnded",
    "PhaseStarted",
    "Progress",
]


@dataclass(frozen=True, slots=True)
class MigrationStarted:
    """A migration begins, or goes on (``resumed``). ``source`` and ``target`` say what and where, in words for people."""

    job: str
    verb: str  # run | resume | verify | undo …
    source: str
    target: str
    transform: str
    folder: str
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """A guard looked before anything was written: what it looked at, and what it found."""

    what: str
    found: str


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A stretch of the migration begins. ``name`` is copy, in-place, verify, settle …; ``title`` the same for people."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    """The stretch is over; ``summary`` says what came of it."""

    name: str
    summary: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase is: one frozen snapshot, about one a second, and one at the phase's end.

    Counts are over the whole job, earlier runs of it included; rates are over the last seconds. ``expected`` is what
    DescribeTable said (up to six hours old): for display. Units are capacity units; ``*_allowed`` is the pace of the moment in
    units a second, None for no limit. ``lag_s`` is of a live tail. ``elapsed_s`` counts this run alone.
    """

    phase: str
    at: datetime
    elapsed_s: float
    items_read: int = 0
    items_written: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    expected: int | None = None
    segments: int = 0
    segments_done: int = 0
    items_per_s: float = 0.0
    bytes_per_s: float = 0.0
    read_units: float = 0.0
    write_units: float = 0.0
    read_units_per_s: float = 0.0
    write_units_per_s: float = 0.0
    read_allowed: float | None = None
    write_allowed: float | None = None
    throttled: int = 0
    retried: int = 0
    set_aside: int = 0
    conflicts: int = 0
    eta_s: float | None = None
    lag_s: float | None = None
    lag_records: int | None = None


@dataclass(frozen=True, slots=True)
class ItemSetAside:
    """An item could not be brought over and stands in the dead-letter file with its reason; ``number`` counts over the job."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class PaceChanged:
    """Somebody asked for another pace while it runs, or a table's throttling lowered it (``why``)."""

    pace: str
    why: str
    read_allowed: float | None = None
    write_allowed: float | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """The run stopped; every acknowledged page is checkpointed, and ``Finished`` follows."""

    reason: str


@dataclass(frozen=True, slots=True)
class Differed:
    """Verification found items that differ; ``report`` is the file that lists them, ``counts`` how many of each kind.

    The kinds are missing, extra and different.
    """

    report: str
    counts: Mapping[str, int] = field(default_factory=dict)


MigrationEvent = (
    MigrationStarted
    | Checked
    | PhaseStarted
    | PhaseEnded
    | Progress
    | ItemSetAside
    | PaceChanged
    | Paused
    | Differed
    | Noted
    | Waiting
    | Finished
)
"""What ``migrate.run`` and the engine's ``copy`` yield."""
