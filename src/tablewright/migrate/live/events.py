"""What a live migration yields besides the events of a copy; each a frozen value, as every event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Followed", "Rechecked", "StateEntered"]


@dataclass(frozen=True, slots=True)
class StateEntered:
    """The migration stands in another state (``states``): why, what goes on in it, and which commands lead out of it."""

    job: str
    state: str
    why: str
    does: str
    application: str
    commands: tuple[str, ...] = ()
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """How far a tail is: one frozen snapshot, about one a second.

    ``side``: forward, or back. ``spooled`` and ``replayed`` count records since the tail began; ``lag_s`` is the age of the
    oldest record that is not replayed. ``moved``: keys that changed since the last verification began. ``set_aside``: source
    items that cannot be transformed. ``deadline``: when the fence that is up lapses.
    """

    job: str
    state: str
    at: datetime
    side: str
    spooled: int
    replayed: int
    lag_records: int
    lag_s: float
    records_per_s: float
    spool_bytes: int
    shards: int
    shards_open: int
    moved: int
    set_aside: int
    throttled: int
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rechecked:
    """Keys that moved were compared by strongly consistent reads of both tables; ``report`` lists those that differ."""

    compared: int
    differ: int
    report: str = ""
