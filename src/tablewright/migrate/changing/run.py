"""A change in place as a job, and undoing it: what the job's folder, record and options mean to ``migrate.inplace``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tablewright.errors import Refused, TablewrightError, UsageError
from tablewright.events import Ending, Finished
from tablewright.migrate import ending
from tablewright.migrate.checkpoint.store import Checkpoint
from tablewright.migrate.dead_letters import FILE_NAME as LETTERS
from tablewright.migrate.engine.values import Counts
from tablewright.migrate.events import MigrationEvent, MigrationStarted
from tablewright.migrate.inplace.run import InPlaceSettings, change
from tablewright.migrate.inplace.undo_file import FILE_NAME as UNDO
from tablewright.migrate.inplace.undo_file import UndoHeader
from tablewright.migrate.inplace.undoing.run import UndoSettings, undo
from tablewright.migrate.job import Pace
from tablewright.migrate.lease.lock import target_lock
from tablewright.migrate.looking.run import Accounts, End, look
from tablewright.migrate.record import Record, write_record
from tablewright.migrate.request import Request, Stopping
from tablewright.migrate.transform.protocol import Transform
from tablewright.model.table import Index
from tablewright.ports import Clock

__all__ = ["STATE_OF_END", "change_table", "undo_job"]

STATE_OF_END = {"changed": "done", "changed-not-verified": "unverified", "incomplete": "incomplete"}
"""The state that a change in place ends in, by the code of its end; any other is ``failed``, and can go on."""


def change_table(
    end: End,
    record: Record,
    transform: Transform,
    checkpoint: Checkpoint,
    clock: Clock,
    *,
    verify: bool,
    stopping: Stopping,
    planned: Sequence[Index] = (),
) -> Iterator[MigrationEvent]:
    """Change the table's items where they are. The last event is Finished, as ``inplace.run.change`` says."""
    assert end.found is not None
    job, table, folder = record.job, end.found.table, Path(record.job.folder)
    read, write = end.capacity()
    return change(
        end.open(),
        keys=end.keys,
        transform=transform,
        checkpoint=checkpoint,
        header=UndoHeader(
            job=job.id,
            table=table.name,
            table_id=end.identity,
            keys=tuple(key.name for key in end.keys),
            transform=transform.fingerprint,
            begun=record.began_at.isoformat(),
        ),
        clock=clock,
        settings=InPlaceSettings(
            letters=folder / LETTERS,
            undo=folder / UNDO,
            pace=job.options.pace,
            read_capacity=read,
            write_capacity=write,
            dead_letters=job.options.dead_letters,
            indexes=table.indexes,
            planned=tuple(index for index in planned if index.name not in {each.name for each in table.indexes}),
            expiry=table.ttl.attribute if table.ttl is not None and table.ttl.status.startswith("ENABL") else None,
            passes=5 if verify else 1,
            expected=table.item_count,
        ),
        stopping=stopping,
    )


def undo_job(record: Record, request: Request, accounts: Accounts, clock: Clock) -> Iterator[MigrationEvent]:
    """Give every item back what the job's change took, but for those that somebody has written to since.

    Raises UsageError for a job that changed nothing in place, Refused while somebody works at the table.
    """
    folder = Path(record.job.folder)
    if not record.job.options.in_place or not (folder / UNDO).exists():
        raise UsageError(
            "nothing-to-undo",
            "There is nothing to undo",
            f"{record.job.id} changed no item in place, so there is no undo file. A copy leaves its source as it was.",
        )
    end = look(record.job.source, "source", accounts)
    with target_lock(request.locks, end.identity, record.job.id, str(end.asked)):
        write_record(record.moved("undoing", clock.now()))
        yield MigrationStarted(record.job.id, "undo", end.title, end.title, record.job.transform, record.job.folder)
        settings = UndoSettings(folder / UNDO, request.pace or Pace(), end.capacity()[1])
        try:
            for event in undo(end.open(), end.identity, clock=clock, settings=settings, stopping=request.stopping):
                if isinstance(event, Finished) and event.ending is not Ending.MUST_WAIT:
                    to = "undone" if event.code in ("undone", "undone-but-for-written") else "undoing"
                    write_record(record.moved(to, clock.now(), event.summary))
                yield event
        except TablewrightError as error:
            end_of_it = ending.by_error(record.job, error, Counts())
            hint = end_of_it.hint if isinstance(error, Refused) else f"tablewright migrate undo {record.job.id}"
            yield replace(end_of_it, hint=hint)
