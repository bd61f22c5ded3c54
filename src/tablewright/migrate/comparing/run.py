"""Comparing the two ends by content, with what a migration knows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import orjson

from tablewright.migrate.dead_letters import read_letters
from tablewright.migrate.events import MigrationEvent
from tablewright.migrate.job import Pace
from tablewright.migrate.looking.run import End
from tablewright.migrate.opening.run import open_source
from tablewright.migrate.request import Stopping, never
from tablewright.migrate.transform.protocol import Transform, TransformError
from tablewright.migrate.verify.aside import Aside
from tablewright.migrate.verify.identity import identity_of
from tablewright.migrate.verify.run import MOST, Compared, VerifySettings, verify
from tablewright.migrate.wire.door import OpenTable
from tablewright.ports import Clock

__all__ = ["compare"]


def compare(
    source: End,
    target: End,
    transform: Transform,
    clock: Clock,
    *,
    folder: Path,
    pace: Pace,
    segments: int,
    extras: bool = True,
    letters: Path | None = None,
    aside: Iterable[bytes] = (),
    values: bool = False,
    most: int = MOST,
    stopping: Stopping = never,
) -> Iterator[MigrationEvent]:
    """Read both ends to their ends and compare; the last event is Finished, DONE only where both hold the same.

    ``extras``: items on the target alone are differences; not so where it held items of its own before. ``letters``: the file
    of the items that are known to be missing; ``aside``: more such items, as the source holds them.
    """
    known = [(orjson.dumps(letter.item), letter.conflict) for letter in read_letters(letters)] if letters else []
    known += [(item, False) for item in aside]
    return verify(
        _compared(source, segments),
        _compared(target, segments),
        transform=transform,
        clock=clock,
        settings=VerifySettings(
            folder=folder,
            most=most,
            pace=pace,
            values=values,
            extras=extras,
            aside=_aside(known, source, target, transform),
        ),
        stopping=stopping,
    )


def _aside(known: Sequence[tuple[bytes, bool]], source: End, target: End, transform: Transform) -> Aside:
    """What items would have become that were set aside; with each, whether another item had its key on the target."""
    identity = identity_of(source.keys, target.keys, transform)
    keys: dict[bytes, bool] = {}
    refused = 0
    for item, conflict in known:
        try:
            made = transform.apply(item)
        except TransformError:
            refused += 1
            continue
        keys.update(dict.fromkeys(map(identity, made), conflict))
    return Aside(keys, refused)


def _compared(end: End, segments: int) -> Compared:
    side = open_source(end)
    return Compared(
        side=side,
        name=str(end.asked),
        identity=end.identity,
        keys=end.keys,
        segments=segments if isinstance(side, OpenTable) else side.segments,
        capacity=end.capacity()[0],
        expected=end.found.table.item_count if end.found is not None else None,
    )
