"""A live migration, driven from the state in which it stands: by whoever comes, as far as is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

from tablewright.errors import MustWait, Refused, Stuck, TablewrightError, UsageError
from tablewright.events import Ending, Finished
from tablewright.migrate import guards
from tablewright.migrate.events import MigrationStarted
from tablewright.migrate.job import TableAt, job_id
from tablewright.migrate.lease.lock import Lock
from tablewright.migrate.live.asked import Asked, as_plain
from tablewright.migrate.live.building.run import (
    LiveEvent,
    backfilling,
    barrier,
    following,
    preparing,
    replaying,
    spooling,
    verifying,
)
from tablewright.migrate.live.crossing.run import draining, fencing, rechecking, switching, unfencing
from tablewright.migrate.live.options import LiveOptions
from tablewright.migrate.live.returning.run import (
    abandoning,
    broken,
    finishing,
    reversing,
    rolling_back,
    switched,
)
from tablewright.migrate.live.stage.run import Halted, Stage
from tablewright.migrate.live.states import COMMANDS, State, is_ended, row, title
from tablewright.migrate.live.tail.run import Trimmed
from tablewright.migrate.live.watching.run import LOCK
from tablewright.migrate.looking.run import Accounts
from tablewright.migrate.looking.run import look as look_at
from tablewright.migrate.record import job_folder
from tablewright.migrate.request import Request
from tablewright.ports import Clock

__all__ = ["LiveEvent", "live"]

Until = Callable[[State], bool]
"""Whether the process may end in a state: there is no more to do for it."""

_S = State


def live(
    request: Request, options: LiveOptions, accounts: Accounts, clock: Clock, *, until: Until = is_ended
) -> Iterator[LiveEvent]:
    """Work at a live migration from where it stands, until a state in which ``until`` says that it is enough.

    Yields the events of a migration and ``live.events``; the last is Finished. What is wished for in the journal (``cutover``,
    ``rollback``, ``finish``, ``abandon``, ``unfence``) is done when a state allows it. Raises UsageError and Refused for what
    is wrong before it begins, ``target-in-use`` where another process works at it.
    """
    options = options.checked()
    source, target = look_at(request.source, "source", accounts), look_at(request.target, "target", accounts)
    if source.found is None or target.found is None:
        raise UsageError("live-needs-tables", "A live migration is between two tables", "Files have no stream.")
    guards.refuse_same(source.found, target.found)
    transform = request.make(source.keys, target.keys)
    job = request.job or job_id(request.source, request.target, transform.fingerprint)
    folder = Path(job_folder(Path(request.root), job))
    with (
        Lock(folder / LOCK, job, f"migration {job}"),
        closing(Stage(request, options, job, folder, source, target, transform, clock)) as stage,
    ):
        _refuse_other(stage)
        stage.journal.note(asked=as_plain(_asked(request, options)))
        resumed = stage.journal.entered() is not None
        yield MigrationStarted(job, "live", source.title, target.title, request.title, str(folder), resumed)
        yield from _work(stage, accounts, until, resumed=resumed)


def _asked(request: Request, options: LiveOptions) -> Asked:
    assert isinstance(request.source, TableAt) and isinstance(request.target, TableAt)
    return Asked(
        request.source, request.target, request.spec, request.title, request.options, options, request.suspend_ttl
    )


def _refuse_other(stage: Stage) -> None:
    """A journal belongs to these two tables and this transform; to no table made anew under an old name."""
    mine = [stage.source.identity, stage.target.identity, stage.transform.fingerprint]
    held = stage.journal.noted("belongs_to")
    if held is None:
        stage.journal.note(belongs_to=mine)
    elif held != mine:
        raise Refused(
            "resume-differs",
            "The migration that was begun is another one",
            f"The journal in {stage.folder} belongs to other tables, or to another transform, than are asked for now: going on "
            "would mix both.",
        )


def _work(stage: Stage, accounts: Accounts, until: Until, *, resumed: bool) -> Iterator[LiveEvent]:
    try:
        if not resumed:
            yield from stage.enter(_S.PREPARING, "it begins")
        else:
            stage.journal.note(refusal=None)
            yield stage.entered()
        while not (until(stage.state) and not stage.journal.wishes()) and not is_ended(stage.state):
            state = stage.state
            if "abandon" in stage.journal.wishes():
                if "abandon" in row(state).ways:
                    yield from stage.go("abandon", "somebody gave it up", granted=tuple(stage.journal.wishes()))
                    continue
                if "unfence" in row(state).ways:
                    yield from stage.go("unfence", "somebody gave it up")
                    continue
            try:
                yield from _handler(stage, accounts)
            except Trimmed as lost:
                by = "trimmed" if "trimmed" in row(state).ways else None
                if by is None:
                    raise
                stage.stop_following("forward")
                yield from stage.go("trimmed", lost.detail)
        yield _reached(stage)
    except Halted:
        yield _halted(stage)
    except TablewrightError as error:
        yield _ended_by(stage, error)


def _handler(stage: Stage, accounts: Accounts) -> Iterator[LiveEvent]:
    """What goes on in the state."""
    match stage.state:
        case _S.PREPARING:
            return preparing(stage)
        case _S.SPOOLING:
            return spooling(stage)
        case _S.BACKFILLING:
            return backfilling(stage, accounts)
        case _S.BARRIER:
            return barrier(stage)
        case _S.REPLAYING:
            return replaying(stage)
        case _S.FOLLOWING:
            return following(stage)
        case _S.VERIFYING:
            return verifying(stage)
        case _S.FENCING | _S.FENCING_BACK:
            return fencing(stage, _end(stage.state))
        case _S.DRAINING | _S.DRAINING_BACK:
            return draining(stage, _end(stage.state))
        case _S.RECHECKING | _S.RECHECKING_BACK:
            return rechecking(stage, _end(stage.state))
        case _S.SWITCHING | _S.SWITCHING_BACK:
            return switching(stage, _end(stage.state))
        case _S.UNFENCING | _S.UNFENCING_BACK:
            return unfencing(stage, _end(stage.state))
        case _S.SWITCHED:
            return switched(stage)
        case _S.REVERSING:
            return reversing(stage)
        case _S.ROLLING_BACK:
            return rolling_back(stage)
        case _S.FINISHING:
            return finishing(stage)
        case _S.ABANDONING:
            return abandoning(stage)
        case _:
            return broken(stage)


def _end(state: State) -> Literal["source", "target"]:
    return "target" if row(state).fence == "target" else "source"


def _facts(stage: Stage) -> dict[str, str]:
    held = stage.journal.noted("held_s")
    return {
        "job": stage.job,
        "folder": str(stage.folder),
        "state": stage.state.value,
        **({"held_s": str(held)} if held is not None else {}),
    }


def _reached(stage: Stage) -> Finished:
    """The state that was asked for, or an end."""
    state, entry = stage.state, stage.journal.entered()
    why = entry.why if entry is not None else ""
    refusal = stage.journal.noted("refusal")
    if refusal is not None and state in (_S.FOLLOWING, _S.REPLAYING, _S.REVERSING):
        code, summary, detail, hint = refusal
        return Finished(Ending.FAILED, summary, detail, hint, code, facts=_facts(stage))
    hints = {_S.FOLLOWING: "cutover", _S.REVERSING: "finish"}
    hint = f"{COMMANDS[hints[state]]} {stage.job}" if state in hints else None
    return Finished(
        Ending.DONE,
        title(state),
        f"{why[:1].upper()}{why[1:]}.",
        hint,
        state.value,
        facts=_facts(stage),
    )


def _halted(stage: Stage) -> Finished:
    state = stage.state
    if row(state).timed or state in (_S.UNFENCING, _S.UNFENCING_BACK):
        fence = " The fence may be up: it lapses by itself at its deadline, and whoever goes on takes it down."
    else:
        fence = " A stream keeps its changes for 24 hours: go on before that."
    return Finished(
        Ending.MUST_WAIT,
        "Stopped, and it can go on",
        f"The migration stands in {state}: {row(state).does}{fence} To go on, run:",
        f"tablewright migrate live --job {stage.job}",
        "stopped",
        facts=_facts(stage),
    )


def _ended_by(stage: Stage, error: TablewrightError) -> Finished:
    kinds = (
        (Refused, Ending.REFUSED),
        (MustWait, Ending.MUST_WAIT),
        (Stuck, Ending.STUCK),
        (UsageError, Ending.REFUSED),
    )
    ending = next((ending for kind, ending in kinds if isinstance(error, kind)), Ending.FAILED)
    hint = error.hint or f"tablewright migrate live --job {stage.job}"
    return Finished(ending, error.summary, error.detail, hint, error.code, facts=_facts(stage))
