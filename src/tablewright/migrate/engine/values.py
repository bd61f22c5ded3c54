"""The nouns of a copy: pages that a source gives, what is acknowledged, where a segment stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tablewright.migrate.events import Progress
from tablewright.migrate.job import Pace

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "Acknowledged",
    "CopySettings",
    "Counts",
    "Journal",
    "Letters",
    "PageSink",
    "PageSource",
    "Position",
    "SetAside",
    "SourcePage",
    "Wishes",
]


@dataclass(frozen=True, slots=True)
class SourcePage:
    """What one read of a segment gave.

    ``items``: one JSON object each, views of the page's own buffer that stay good as long as they are held. ``position``: where
    the segment goes on after this page (the JSON of LastEvaluatedKey, or whatever the source understands); None when it is
    at its end. ``size``: bytes of the answer. ``units``: read units that it consumed.
    """

    segment: int
    items: Sequence[Buffer]
    position: bytes | None
    size: int
    units: float = 0.0


@dataclass(frozen=True, slots=True)
class SetAside:
    """An item that could not be brought over, as it was read (or as it was to be written), and why."""

    item: bytes
    reason: str
    conflict: bool = False  # the target holds another item under its key


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the items of one page, or of many."""

    read: int = 0
    written: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    set_aside: int = 0
    conflicts: int = 0  # of those set aside

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.written + other.written,
            self.bytes_read + other.bytes_read,
            self.bytes_written + other.bytes_written,
            self.set_aside + other.set_aside,
            self.conflicts + other.conflicts,
        )


@dataclass(frozen=True, slots=True)
class Position:
    """Where a segment goes on. ``after`` None and not ``done``: at its beginning. ``counts``: of all its acknowledged pages."""

    after: bytes | None = None
    done: bool = False
    counts: Counts = Counts()


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A page every item of which is durably written or set aside; ``position`` as in ``SourcePage``.

    Pages of a segment are acknowledged in their order, so the last one says where the segment goes on.
    """

    segment: int
    position: bytes | None
    counts: Counts
    set_aside: tuple[SetAside, ...] = ()
    items: Sequence[Buffer] = field(default=(), repr=False)  # what became of it, where files are written


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody asked of a running copy from another process. ``pace`` None: nothing."""

    pace: Pace | None = None
    pause: bool = False


class Journal(Protocol):
    """Where a copy writes down how far it is; ``checkpoint.store`` is the durable one."""

    @property
    def segments(self) -> int:
        """How many segments the source is divided into: fixed for a job's life."""
        ...

    def positions(self) -> Mapping[int, Position]:
        """Every segment that this copy is to read (those of another worker are missing), and where it goes on."""
        ...

    def acknowledge(self, pages: Sequence[Acknowledged], letters_at: int) -> None:
        """All of them, durable when it returns, together with the end of the dead-letter file that goes with them."""
        ...

    def letters_at(self) -> int:
        """The end of the dead-letter file as it was last acknowledged: what stands behind it is redone."""
        ...

    def wishes(self) -> Wishes: ...

    def show(self, snapshot: Progress) -> None:
        """The latest snapshot, for ``status`` in another terminal. Need not be durable."""
        ...


class Letters(Protocol):
    """The dead-letter file. Items come to it once each, right before the page that held them is acknowledged."""

    def rewind(self, at: int) -> None:
        """Cut the file off at this offset (0: empty it)."""
        ...

    def add(self, items: Sequence[SetAside]) -> int:
        """Append them; durable when it returns. The new end of the file."""
        ...


class PageSource(Protocol):
    """A source that is no table: files, an export. Each segment is read from one thread, page by page."""

    @property
    def segments(self) -> int: ...

    def read(self, segment: int, after: bytes | None) -> SourcePage:
        """The page behind ``after`` (None: the first). Pages of about a megabyte keep memory and batches even."""
        ...


class PageSink(Protocol):
    """A target that is no table: files. What it has been given is acknowledged when it is durable, not before."""

    def start(self, positions: Mapping[int, Position]) -> None:
        """Undo what was begun behind these positions: the copy will give it again."""
        ...

    def write(self, page: Acknowledged, items: Sequence[Buffer]) -> Iterator[Acknowledged]:
        """Take the items of a page; yields the pages, this and earlier ones, that have become durable by it, in order."""
        ...

    def finish(self) -> Iterator[Acknowledged]:
        """Make durable what is left, at the end or before a pause; yields it."""
        ...


@dataclass(frozen=True, slots=True)
class CopySettings:
    """How a copy goes about it.

    ``read_capacity`` and ``write_capacity``: units a second that the source and the target give, of which ``pace.share`` is a
    share; None where nothing is known (files, an emulator). ``only_new``: conditional puts that overwrite nothing.
    ``dead_letters``: how many items may be set aside before the copy stops. ``memory``: bytes of pages held at once.
    ``connections``: at most, to each table. ``patience_s``: without one good answer for so long, it gives up.
    """

    pace: Pace = field(default_factory=Pace)
    read_capacity: float | None = None
    write_capacity: float | None = None
    only_new: bool = False
    consistent: bool = True
    dead_letters: int = 0
    expected: int | None = None
    memory: int = 48 << 20
    connections: int = 64
    patience_s: float = 300.0
