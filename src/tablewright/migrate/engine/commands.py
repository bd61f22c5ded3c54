"""What the machine is told, and what it says should happen. Values only.

Tuples by name: a copy makes tens of thousands of them a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from tablewright.migrate.engine.values import Acknowledged, SetAside, SourcePage

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "Acknowledge",
    "Command",
    "Ending",
    "Failure",
    "Finish",
    "Input",
    "NewCeilings",
    "PageRead",
    "Read",
    "ReadFailed",
    "Stop",
    "Wait",
    "Write",
    "WriteFailed",
    "Written",
]


class Failure(Enum):
    """Why a read or a write was no success."""

    THROTTLED = "throttled"
    AGAIN = "again"  # the service stumbled, or the answer was lost, cut off or corrupt: it may have been carried out
    GARBLED = "garbled"  # the service could not read it: spoiled on its way, or never good
    INVALID = "invalid"  # the service will never take it
    CONFLICT = "conflict"  # only new items were to be written, and another one stands there
    FATAL = "fatal"  # nothing of the kind will be taken


class PageRead(NamedTuple):
    """A read came back."""

    read: int
    page: SourcePage


class ReadFailed(NamedTuple):
    """A read did not; ``detail`` in words."""

    read: int
    failure: Failure
    detail: str


class Written(NamedTuple):
    """A write came back; ``unprocessed`` are those of its items that were not written. ``units``: consumed."""

    write: int
    unprocessed: Sequence[bytes]
    units: float


class WriteFailed(NamedTuple):
    """A write did not. A CONFLICT brings the item that ``existing`` there, where it is known."""

    write: int
    failure: Failure
    detail: str
    existing: bytes | None = None


class Stop(NamedTuple):
    """Read nothing more; end when what is on its way has come back.

    For ``grace_s`` seconds, writing goes on with the pages that were read, so that less of it is done again.
    """

    grace_s: float = 0.0


class NewCeilings(NamedTuple):
    """Another pace: units a second for reads and writes, None for no limit."""

    read: float | None
    write: float | None


Input = PageRead | ReadFailed | Written | WriteFailed | Stop | NewCeilings


class Read(NamedTuple):
    """Read the page of a segment behind ``after`` (None: its first), of at most ``limit`` items (None: as many as fit)."""

    read: int
    segment: int
    after: bytes | None
    limit: int | None


class Write(NamedTuple):
    """Put these items."""

    write: int
    items: Sequence[Buffer]


class Acknowledge(NamedTuple):
    """These pages are done: write it down. In order within each segment."""

    pages: tuple[Acknowledged, ...]


class Wait(NamedTuple):
    """Nothing more until an answer comes, or this time does."""

    until: float


class Ending(Enum):
    """How a copy ended."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"  # something fatal
    TOO_MANY = "too-many"  # more items set aside than the budget allows
    SILENT = "silent"  # not one good answer for as long as patience lasts


class Finish(NamedTuple):
    """It is over; the last command. ``unacknowledged``: items set aside from pages that were not finished."""

    ending: Ending
    detail: str
    unacknowledged: tuple[SetAside, ...]


Command = Read | Write | Acknowledge | Wait | Finish
