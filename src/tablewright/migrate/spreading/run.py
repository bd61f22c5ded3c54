"""One worker's part of a copy that several machines make: the function that Spark, or anything else that maps, is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tablewright.errors import MustWait
from tablewright.migrate.engine.run import copy
from tablewright.migrate.engine.values import CopySettings, Counts, Position
from tablewright.migrate.spreading.control.run import CLAIM_S, ControlTable, TableJournal, TableLetters
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable
from tablewright.ports import Clock

__all__ = ["Part", "copy_segments", "parts"]


@dataclass(frozen=True, slots=True)
class Part:
    """What came of one worker's segments. ``done``: every one of them is at its end."""

    segments: tuple[int, ...]
    counts: Counts
    done: bool


def parts(segments: int, workers: int) -> tuple[tuple[int, ...], ...]:
    """The segments dealt out to so many workers, every n-th to each, so that all have some of each stretch of the table."""
    workers = max(1, min(workers, segments))
    dealt = (tuple(range(worker, segments, workers)) for worker in range(workers))
    return tuple(dealt)


def copy_segments(
    source: OpenTable,
    target: OpenTable,
    transform: Transform,
    control: ControlTable,
    *,
    segments: int,
    own: Sequence[int],
    worker: str,
    clock: Clock,
    settings: CopySettings | None = None,
) -> Part:
    """Copy some of the source's segments from where the control table says that they stand.

    ``worker`` names this attempt, and no other. Raises MustWait when another worker has one of the segments and keeps it.
    """
    claimed = _claimed(control, own, worker)
    control.enter(worker)
    journal = TableJournal(control, worker, segments, claimed)
    for _ in copy(
        source,
        target,
        transform=transform,
        journal=journal,
        letters=TableLetters(control),
        clock=clock,
        settings=settings,
    ):
        pass
    control.leave(worker)
    reached = journal.positions()
    counts = sum((position.counts for position in reached.values()), Counts())
    return Part(tuple(own), counts, all(position.done for position in reached.values()))


def _claimed(control: ControlTable, own: Sequence[int], worker: str) -> dict[int, Position]:
    """Claims the segments; those of an attempt that died are free when its claim has run out."""
    claimed: dict[int, Position] = {}
    patience = CLAIM_S * 1.5
    while len(claimed) < len(own):
        for segment in own:
            if segment not in claimed:
                position = control.claim(segment, worker)
                if position is not None:
                    claimed[segment] = position
        if len(claimed) < len(own):
            if patience <= 0:
                held = next(segment for segment in own if segment not in claimed)
                raise MustWait(
                    "segment-held",
                    "Another worker has the segment",
                    f"Segment {held} of job {control.job} is another worker's, which gives signs of life: two attempts at the "
                    "same part run at once. Let the other one finish.",
                )
            control.wait(2.0)
            patience -= 2.0
    return claimed
