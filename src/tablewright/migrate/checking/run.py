"""``verify`` on its own: two ends compared by content, for a job that was copied or for any two that are named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tablewright.errors import Refused, UsageError
from tablewright.events import Ending, Finished
from tablewright.migrate import ending
from tablewright.migrate.comparing.run import compare
from tablewright.migrate.engine.values import Counts
from tablewright.migrate.events import MigrationEvent, MigrationStarted
from tablewright.migrate.job import Pace, job_id
from tablewright.migrate.looking.run import Accounts, End, look
from tablewright.migrate.record import Record, job_folder, write_record
from tablewright.migrate.request import Request
from tablewright.migrate.settling.run import restore
from tablewright.migrate.standing.run import standing
from tablewright.migrate.states import state
from tablewright.migrate.transform.protocol import Transform
from tablewright.ports import Clock

__all__ = ["verify_ends", "verify_job"]

_SEGMENTS = 4


def verify_ends(
    request: Request, accounts: Accounts, clock: Clock, *, values: bool = False
) -> Iterator[MigrationEvent]:
    """Compare what two ends hold, the source transformed as asked. Nothing is changed; the last event is Finished."""
    source, target, transform = _opened(request, accounts)
    identifier = "verify-" + job_id(request.source, request.target, transform.fingerprint)
    folder = Path(job_folder(Path(request.root), identifier))
    yield _started(identifier, source, target, request.title, folder)
    pace = request.pace or Pace()
    segments = request.options.segments or _SEGMENTS
    yield from compare(
        source, target, transform, clock,
        folder=folder, pace=pace, segments=segments, values=values, stopping=request.stopping,
    )  # fmt: skip


def verify_job(
    record: Record, request: Request, accounts: Accounts, clock: Clock, *, values: bool = False
) -> Iterator[MigrationEvent]:
    """Compare the two ends of a job that was copied, and write down what came of it.

    Where both hold the same, TTL that the job switched off at the target is switched on again. Raises Refused while the job is
    still being worked at, or is not copied yet.
    """
    if record.job.options.in_place:
        raise UsageError(
            "nothing-to-compare",
            "A change in place has one side only",
            f"{record.job.id} changed {record.job.source} itself. Run its command again: it looks at every item, and changes "
            "those that still need it.",
        )
    now = standing(record, request.locks)
    if now.running or state(record.state).resumes:
        raise Refused(
            "not-copied-yet",
            "This migration is not copied yet",
            f"{record.job.id} is {record.state}: comparing now would only find what is still to come. A run "
            "compares both sides by itself at its end.",
            f"tablewright migrate status {record.job.id}",
        )
    source, target, transform = _opened(request, accounts)
    folder = Path(record.job.folder)
    yield _started(record.job.id, source, target, record.job.transform, folder)
    counts = now.checkpoint.counts if now.checkpoint is not None else Counts()
    pace = request.pace or record.job.options.pace
    comparison = compare(
        source, target, transform, clock,
        folder=folder, pace=pace, segments=record.job.options.segments or _SEGMENTS, values=values, stopping=request.stopping,
        extras=not record.job.options.into_existing, letters=folder / ending.LETTERS,
    )  # fmt: skip
    for event in comparison:
        if not isinstance(event, Finished):
            yield event
            continue
        if event.ending is Ending.MUST_WAIT:
            yield event
            return
        same = event.ending is Ending.DONE
        if same and record.suspended_ttl is not None:
            yield from restore(target, record.suspended_ttl)
            record = replace(record, suspended_ttl=None)
        if not same:
            end, to = ending.differs(record.job, counts, event), "differs"
        elif counts.set_aside:
            letters = str(folder / ending.LETTERS)
            end, to = ending.incomplete(record.job, counts, letters, verified=True), "incomplete"
        else:
            end, to = ending.complete(record.job, counts, verified=True), "done"
        write_record(record.moved(to, clock.now(), end.summary))
        yield end


def _opened(request: Request, accounts: Accounts) -> tuple[End, End, Transform]:
    source, target = look(request.source, "source", accounts), look(request.target, "target", accounts)
    transform = request.make(source.keys, target.keys)
    return source, target, transform


def _started(job: str, source: End, target: End, title: str, folder: Path) -> MigrationStarted:
    return MigrationStarted(job, "verify", source.title, target.title, title, str(folder))
