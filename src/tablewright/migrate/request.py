"""What somebody asks for when they start a migration: the job's ends and options, before anybody has looked at the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from tablewright.migrate.job import Options, Pace, Source, Target
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.transform.unchanged import Unchanged
from tablewright.model.table import Index, Key

__all__ = ["MakeTransform", "Request", "Stopping", "never"]

MakeTransform = Callable[[Sequence[Key], Sequence[Key]], Transform]
"""Makes the transform from the source's and the target's keys, once they are known. Raises UsageError."""

Stopping = Callable[[], bool]
"""Whether somebody asked the run to stop; looked at between pages."""


HERE = PurePath()


def never() -> bool:
    """Nobody asks to stop."""
    return False


@dataclass(frozen=True, slots=True)
class Request:
    """One migration, as asked for.

    ``root``: the folder under which jobs are kept. ``locks``: this machine's folder of locks, None for the usual one. ``make``:
    the transform (by itself: items go as they are), ``spec`` how to ask for it again (plain JSON values), ``title`` its name.
    ``job``: go on with this job and no other.
    ``into_existing``: the target's name, when it may hold items. ``suspend_ttl``: TTL on the target may be switched off until
    the copy is verified. ``pace`` None: as before, or the default. ``followed``: a tail brings over what changes meanwhile.
    ``planned``: indexes that a table which is changed in place is to get, by its template.
    """

    source: Source
    target: Target
    root: PurePath = HERE
    locks: PurePath | None = None
    make: MakeTransform = Unchanged
    spec: Mapping[str, Any] = field(default_factory=dict)
    title: str = "none"
    options: Options = field(default_factory=Options)
    pace: Pace | None = None
    job: str | None = None
    into_existing: str | None = None
    suspend_ttl: bool = False
    followed: bool = False
    planned: Sequence[Index] = ()
    stopping: Stopping = never
