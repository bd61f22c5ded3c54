"""What a job begins with, from what was asked for and what the two ends are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tablewright.migrate.checkpoint.record import EndRecord, JobRecord
from tablewright.migrate.engine.values import CopySettings
from tablewright.migrate.job import Job
from tablewright.migrate.looking.run import End
from tablewright.migrate.opening.run import open_source
from tablewright.migrate.record import Record
from tablewright.migrate.request import Request
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable

__all__ = ["FEWEST_SEGMENTS", "checkpoint_record", "copy_settings", "new_record", "resumed_record"]

_SEGMENT_BYTES = 128 << 20
FEWEST_SEGMENTS, _MOST_SEGMENTS = 4, 1024


def new_record(
    request: Request, source: End, target: End, transform: Transform, identifier: str, folder: str, now: datetime
) -> Record:
    """The record of a job that was not begun."""
    options = replace(
        request.options,
        pace=request.pace or request.options.pace,
        segments=(request.options.segments if source.found else None) or _segments(source),
        into_existing=request.into_existing is not None,
    )
    return Record(
        job=Job(identifier, request.source, request.target, folder, request.title, options),
        state="planned",
        began_at=now,
        changed_at=now,
        transform_spec=request.spec,
        fingerprint=transform.fingerprint,
        identities={"source": source.identity, "target": target.identity},
    )


def resumed_record(kept: Record, request: Request, folder: str) -> Record:
    """The record of a job that goes on: what it began with, but for a larger budget or a lease that is asked for now."""
    asked, told = request.options, kept.job.options
    options = replace(
        told,
        dead_letters=max(told.dead_letters, asked.dead_letters),
        lease_table=asked.lease_table or told.lease_table,
    )
    return replace(kept, job=replace(kept.job, folder=folder, options=options))


def checkpoint_record(job: Job, source: End, target: End, transform: Transform) -> JobRecord:
    """What the job's checkpoint belongs to: a resume under anything else is refused."""
    return JobRecord(
        job=job.id,
        source=_end_record(source),
        target=_end_record(target),
        transform=transform.fingerprint,
        segments=job.options.segments or _segments(source),
        described="; ".join(transform.describe()),
        only_new=job.options.into_existing,
        in_place=job.options.in_place,
    )


def copy_settings(job: Job, request: Request, source: End, target: End) -> CopySettings:
    """How the copy goes about it; a pace that is given now wins over that of the job's beginning."""
    return CopySettings(
        pace=request.pace or job.options.pace,
        read_capacity=source.capacity()[0],
        write_capacity=target.capacity()[1],
        only_new=job.options.into_existing,
        dead_letters=job.options.dead_letters,
        expected=source.found.table.item_count if source.found is not None else None,
    )


def _end_record(end: End) -> EndRecord:
    keys = tuple(f"{key.name}:{key.type}" for key in end.keys)
    return EndRecord(name=str(end.asked), identity=end.identity, keys=keys, where=end.where)


def _segments(source: End) -> int:
    """Enough segments to keep a large table's partitions busy, few enough for a small one; fixed for a job's life."""
    if source.found is None:
        opened = open_source(source)
        assert not isinstance(opened, OpenTable)
        return opened.segments
    size = source.found.table.size_bytes
    return max(FEWEST_SEGMENTS, min(_MOST_SEGMENTS, size // _SEGMENT_BYTES + 1))
