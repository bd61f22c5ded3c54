"""Reading a table and copying one: what the machine decides, performed over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tablewright.migrate.engine.values import CopySettings, Journal, Letters, PageSink, PageSource, SourcePage
from tablewright.migrate.events import MigrationEvent
from tablewright.migrate.job import Pace
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable
from tablewright.ports import Clock

__all__ = ["copy", "scan"]


def scan(
    table: OpenTable,
    *,
    segments: int,
    starts: Mapping[int, bytes | None] | None = None,
    consistent: bool = True,
    pace: Pace | None = None,
    capacity: float | None = None,
    memory: int = 48 << 20,
) -> Iterator[SourcePage]:
    """Every page of the table, as they come: in order within a segment, in none between segments.

    ``starts``: only these segments, each from the position behind which it goes on (None: from its beginning).
    """
    raise NotImplementedError


def copy(
    source: OpenTable | PageSource,
    target: OpenTable | PageSink,
    *,
    transform: Transform,
    journal: Journal,
    letters: Letters,
    clock: Clock,
    settings: CopySettings | None = None,
    stopping: Callable[[], bool] = bool,
) -> Iterator[MigrationEvent]:
    """Copy what the journal says is still to do; yields Progress about once a second and at the end, ItemSetAside, PaceChanged.

    Ends by returning when every segment is done; after Paused when a pause was wished for or ``stopping`` said True. Raises
    Failed ``too-many-set-aside``, or whatever made going on impossible, in each case after acknowledging what is acknowledged.
    """
    raise NotImplementedError
