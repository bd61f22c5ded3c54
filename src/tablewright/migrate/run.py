"""A migration from its first look to its end: look, refuse or go on, take the lease, copy, compare, put back what was switched.

Every state is written down before what it names begins (``states``), so the run may be killed anywhere and be resumed.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from tablewright.errors import Failed, Refused, TablewrightError, UsageError
from tablewright.events import Ending, Finished, Noted
from tablewright.migrate import ending, guards
from tablewright.migrate.beginning.run import (
    FEWEST_SEGMENTS,
    checkpoint_record,
    copy_settings,
    new_record,
    resumed_record,
)
from tablewright.migrate.changing.run import STATE_OF_END, change_table
from tablewright.migrate.checkpoint.store import Checkpoint, look, wish
from tablewright.migrate.comparing.run import compare
from tablewright.migrate.dead_letters import FILE_NAME, DeadLetters
from tablewright.migrate.engine.endings import unwritable
from tablewright.migrate.engine.run import copy
from tablewright.migrate.engine.values import Counts
from tablewright.migrate.events import MigrationEvent, MigrationStarted, Paused, PhaseEnded, PhaseStarted
from tablewright.migrate.job import Job, job_id
from tablewright.migrate.lease.lock import target_lock
from tablewright.migrate.lease.terms.run import Term
from tablewright.migrate.looking.run import Accounts, End
from tablewright.migrate.looking.run import look as look_at
from tablewright.migrate.opening.run import holds_files, open_source, open_target, try_out
from tablewright.migrate.record import Record, job_folder, read_record, records, retire, write_record
from tablewright.migrate.request import Request
from tablewright.migrate.settling.run import restore, suspend
from tablewright.migrate.states import state
from tablewright.migrate.transform.protocol import Transform
from tablewright.ports import Clock

__all__ = ["CHECKPOINT", "migrate"]

CHECKPOINT = "checkpoint.sqlite"


def migrate(request: Request, accounts: Accounts, clock: Clock) -> Iterator[MigrationEvent]:
    """Run a migration to its end, or as far as it goes; asked for again, it goes on from where it stands.

    Yields ``migrate.events``; the last is Finished. Raises UsageError and Refused for what is wrong before it begins.
    """
    source = look_at(request.source, "source", accounts)
    target = source if request.options.in_place else look_at(request.target, "target", accounts)
    if source.found is not None and target.found is not None and not request.options.in_place:
        guards.refuse_same(source.found, target.found)
    transform = request.make(source.keys, target.keys)
    yield from _Run(request, source, target, transform, clock).events()


class _Run:
    """One run of one job."""

    def __init__(self, request: Request, source: End, target: End, transform: Transform, clock: Clock) -> None:
        self._request = request
        self._source = source
        self._target = target
        self._transform = transform
        self._clock = clock
        self._id = request.job or job_id(
            request.source, request.target, transform.fingerprint, in_place=request.options.in_place
        )
        self._folder = job_folder(Path(request.root).absolute(), self._id)
        self._letters = self._folder / FILE_NAME
        self._record = new_record(request, source, target, transform, self._id, str(self._folder), clock.now())
        self._term: Term | None = None

    @property
    def _job(self) -> Job:
        return self._record.job

    def events(self) -> Iterator[MigrationEvent]:
        """Everything, under the target's lock."""
        with target_lock(self._request.locks, self._target.identity, self._id, str(self._target.asked)):
            kept = read_record(self._folder)
            if kept is not None and self._is_past(kept):
                if self._request.job is not None and not state(kept.state).over:
                    self._refuse_emptied(kept)
                elif self._request.job is None:
                    retire(self._folder)
                    kept = None
            if kept is not None and state(kept.state).over:
                yield ending.over(kept)
                return
            if kept is None:
                if self._request.job is not None:
                    raise UsageError(
                        "no-such-job",
                        "There is no such migration",
                        f"No job {self._id} is kept under {self._request.root}.",
                        "tablewright migrate status",
                    )
                self._refuse()
                self._write()
            else:
                self._record = resumed_record(kept, self._request, str(self._folder))
                self._refuse_ttl()
            yield from self._held(resumed=kept is not None)

    def _held(self, *, resumed: bool) -> Iterator[MigrationEvent]:
        """The work, under the lease among machines too where there is a table for it."""
        table, account = self._job.options.lease_table, self._target.account
        if table is None or account is None or account.data is None:
            yield from self._work(resumed=resumed)
            return
        holder = f"{platform.node()}, process {os.getpid()}, job {self._id}"
        with Term(account.data, table, self._target.identity, holder) as self._term:
            asked = self._request.stopping
            self._request = replace(self._request, stopping=self._term.or_lost(asked))
            yield from self._work(resumed=resumed)

    def _work(self, *, resumed: bool) -> Iterator[MigrationEvent]:
        """From the record's state to the end."""
        yield MigrationStarted(
            job=self._id,
            verb="resume" if resumed else "run",
            source=self._source.title,
            target=self._target.title,
            transform=self._job.transform,
            folder=self._job.folder,
            resumed=resumed,
        )
        in_place = self._job.options.in_place
        yield from guards.checked(self._source.found, None if in_place else self._target.found)
        if not resumed:
            source, followed = None if in_place else self._source.found, self._request.followed
            for text in guards.warnings(source, self._target.found, followed=followed):
                yield Noted("warning", text)
        try:
            with closing(
                Checkpoint.open(
                    self._folder / CHECKPOINT, checkpoint_record(self._job, self._source, self._target, self._transform)
                )
            ) as checkpoint:
                self._wish()
                yield from self._stages(checkpoint)
        except TablewrightError as error:
            if self._record.state in ("copying", "copied", "verifying", "changing"):
                with suppress(Failed):  # on a full disk; the error that is told is the one that came first
                    self._move("failed", error.summary)
            yield ending.by_error(self._job, error, self._counts())

    def _stages(self, checkpoint: Checkpoint) -> Iterator[MigrationEvent]:
        if self._job.options.in_place:
            yield from self._change(checkpoint)
            return
        if not _is_copied(checkpoint):
            yield from self._suspend_ttl()
            if self._record.state == "planned":
                self._refuse_latecomers()
            self._move("copying")
            yield PhaseStarted("copy", f"copying {self._source.asked} to {self._target.asked}")
            letters = DeadLetters(self._letters)
            with closing(letters):
                for event in copy(
                    open_source(self._source),
                    open_target(self._target),
                    transform=self._transform,
                    journal=checkpoint,
                    letters=letters,
                    clock=self._clock,
                    settings=copy_settings(self._job, self._request, self._source, self._target),
                    stopping=self._request.stopping,
                ):
                    yield event
                    if isinstance(event, Paused):
                        self._check_lease()
                        asked = self._request.stopping()
                        self._move("stopped" if asked else "paused", event.reason)
                        yield ending.halted(self._job, _counts(checkpoint), asked=asked)
                        return
            if not _is_copied(checkpoint):
                # What is called copied below must be; a copy that returns without that is a defect, and is told as one.
                raise Failed(
                    "copy-unfinished", "The copy ended before it was done", "Not every segment is acknowledged."
                )
            counts = _counts(checkpoint)
            yield PhaseEnded(
                "copy", f"{counts.read:,} items read, {counts.written:,} written, {counts.set_aside:,} set aside"
            )
        self._move("copied")
        counts = _counts(checkpoint)
        if not self._request.options.verify:
            if counts.set_aside:
                yield self._finish(
                    "incomplete", ending.incomplete(self._job, counts, str(self._letters), verified=False)
                )
                return
            yield self._finish("unverified", ending.complete(self._job, counts, verified=False))
            return
        yield from self._compare(counts, checkpoint)

    def _change(self, checkpoint: Checkpoint) -> Iterator[MigrationEvent]:
        """The source's items changed where they are."""
        self._move("changing")
        stopping, verify = self._request.stopping, self._request.options.verify
        for event in change_table(
            self._source, self._record, self._transform, checkpoint, self._clock,
            verify=verify, stopping=stopping, planned=self._request.planned,
        ):  # fmt: skip
            if not isinstance(event, Finished):
                yield event
            elif event.ending is Ending.MUST_WAIT:
                self._check_lease()
                code = "stopped" if stopping() else "paused"
                self._move(code, event.summary)
                yield replace(event, code=code)
            else:
                yield self._finish(STATE_OF_END.get(event.code or "", "failed"), event)

    def _check_lease(self) -> None:
        if self._term is not None:
            self._term.check()

    def _compare(self, counts: Counts, checkpoint: Checkpoint) -> Iterator[MigrationEvent]:
        """Read both sides, and say done only if they are the same."""
        self._move("verifying")
        found: Finished | None = None
        comparison = compare(
            self._source,
            self._target,
            self._transform,
            self._clock,
            folder=self._folder,
            pace=self._request.pace or self._job.options.pace,
            segments=self._job.options.segments or FEWEST_SEGMENTS,
            extras=not self._job.options.into_existing,
            letters=self._letters,
            stopping=lambda: self._request.stopping() or checkpoint.wishes().pause,
        )
        for event in comparison:
            if isinstance(event, Paused):
                yield event
                self._check_lease()
                asked = self._request.stopping()
                self._move("stopped" if asked else "paused", event.reason)
                yield ending.halted(self._job, counts, asked=asked)
                return
            if isinstance(event, Finished):
                found = event
            else:
                yield event
        assert found is not None
        if found.ending is not Ending.DONE:
            yield self._finish("differs", ending.differs(self._job, counts, found))
            return
        if counts.set_aside:
            yield self._finish("incomplete", ending.incomplete(self._job, counts, str(self._letters), verified=True))
            return
        yield from self._restore_ttl()
        yield self._finish("done", ending.complete(self._job, counts, verified=True))

    # What is decided before anything is written.

    def _refuse(self) -> None:
        """Raise for whatever forbids a new job."""
        target = self._target.found
        if target is None:
            open_target(self._target)
            guards.refuse_files(str(self._target.asked), full=holds_files(self._target))
        elif not self._request.options.in_place:
            assert self._target.account is not None
            contents = self._target.account.tables.contents(target.name)
            guards.refuse_items(
                target, contents, into_existing=self._request.into_existing, others=self._others(self._target.identity)
            )
            self._refuse_ttl()
        refusal = try_out(self._source, self._transform)
        if refusal is not None:
            if self._transform.level == 0 and refusal.code == "nothing-fits":
                guards.refuse_keys(self._source.keys, self._target.keys)
            raise refusal

    def _refuse_latecomers(self) -> None:
        """Raise Refused where somebody filled the target since it was looked at: switching TTL off takes up to an hour."""
        target, account = self._target.found, self._target.account
        if target is None or account is None:
            return  # files: the folder is the sink's to look at
        into = target.name if self._job.options.into_existing else None
        try:
            guards.refuse_items(target, account.tables.contents(target.name), into_existing=into)
        except Refused as error:
            attribute = self._record.suspended_ttl
            if attribute is not None:
                error.detail += f"\n\nTTL on {attribute} of {target.name} was switched off for this copy, and is off."
            raise

    def _refuse_ttl(self) -> None:
        """On a resume too: a deployment of the target's stack may have switched it on meanwhile."""
        if self._target.found is not None and not self._job.options.in_place:
            guards.refuse_ttl(self._target.found, suspend=self._may_suspend)

    @property
    def _may_suspend(self) -> bool:
        return self._request.suspend_ttl or self._record.suspended_ttl is not None

    def _refuse_emptied(self, kept: Record) -> None:
        """What is acknowledged is never read again, so going on would leave it out."""
        if kept.identities.get("target") != self._target.identity:
            return  # the checkpoint says so, in its own words
        raise Refused(
            "target-emptied",
            "What this migration wrote is gone",
            f"{self._id} wrote items to {self._target.asked}, and it holds none now. Going on would bring over only the rest. "
            "To begin anew, give the command that began it once more (migrate run).",
            f"tablewright migrate status {self._id}",
        )

    def _others(self, identity: str) -> tuple[str, ...]:
        kept = records(Path(self._request.root))
        return tuple(r.job.id for r in kept if r.identities.get("target") == identity and state(r.state).resumes)

    def _is_past(self, kept: Record) -> bool:
        """Whether what a job wrote is gone, so that the same request begins anew: the table was made again, or emptied."""
        if kept.identities.get("target") != self._target.identity:
            return True
        if not state(kept.state).over and (kept.job.options.in_place or not self._counts().written):
            return False
        if self._target.account is None or self._target.found is None:
            return not holds_files(self._target)
        if kept.job.options.in_place:
            # Writers went on: another look changes what they wrote in the old form. Not so for what must not be done twice.
            return kept.state in ("done", "undone")
        return self._target.account.tables.contents(self._target.found.name).is_empty

    # TTL.

    def _suspend_ttl(self) -> Iterator[MigrationEvent]:
        found = self._target.found
        ttl = found.table.ttl if found is not None else None
        if ttl is None or ttl.attribute is None or not self._may_suspend:
            return
        if ttl.status == "DISABLED" and self._record.suspended_ttl is None:
            return
        self._record = replace(self._record, suspended_ttl=ttl.attribute)
        self._write()  # before it is switched: whoever goes on knows what to put back
        yield from suspend(self._target, ttl.attribute, self._request.stopping)

    def _restore_ttl(self) -> Iterator[MigrationEvent]:
        if self._record.suspended_ttl is not None:
            yield from restore(self._target, self._record.suspended_ttl)
            self._record = replace(self._record, suspended_ttl=None)

    # Writing down.

    def _wish(self) -> None:
        """Going on takes a pause back; a pace given now holds from now on."""
        wish(self._folder / CHECKPOINT, pause=False, pace=self._request.pace)

    def _move(self, to: str, said: str = "") -> None:
        self._record = self._record.moved(to, self._clock.now(), said)
        self._write()

    def _write(self) -> None:
        try:
            write_record(self._record)
        except OSError as error:
            raise unwritable(error) from error

    def _finish(self, to: str, end: Finished) -> Finished:
        self._move(to, end.summary)
        if self._record.suspended_ttl is not None:
            name = self._target.asked
            return replace(
                end,
                detail=f"{end.detail}\n\nTTL on {self._record.suspended_ttl} of {name} is still off; a verification that "
                "finds both sides equal switches it on again, and so does a deployment of its stack.",
            )
        return end

    def _counts(self) -> Counts:
        try:
            standing = look(self._folder / CHECKPOINT)
        except TablewrightError:
            return Counts()
        return standing.counts if standing is not None else Counts()


def _is_copied(checkpoint: Checkpoint) -> bool:
    return all(position.done for position in checkpoint.positions().values())


def _counts(checkpoint: Checkpoint) -> Counts:
    return sum((position.counts for position in checkpoint.positions().values()), Counts())
