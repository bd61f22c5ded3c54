"""How a migration ends: what it came to, in the last event of its run."""

from __future__ import annotations

import shlex

from tablewright.errors import Failed, MustWait, Refused, Stuck, TablewrightError, UsageError
from tablewright.events import Ending, Finished
from tablewright.migrate.dead_letters import FILE_NAME as LETTERS
from tablewright.migrate.engine.values import Counts
from tablewright.migrate.job import Job
from tablewright.migrate.record import Record
from tablewright.migrate.states import state

__all__ = ["LETTERS", "by_error", "complete", "differs", "facts", "halted", "incomplete", "over"]

_ENDINGS: tuple[tuple[type[TablewrightError], Ending], ...] = (
    (Refused, Ending.REFUSED),
    (MustWait, Ending.MUST_WAIT),
    (Stuck, Ending.STUCK),
    (Failed, Ending.FAILED),
)


def facts(job: Job, counts: Counts, **more: str) -> dict[str, str]:
    """What a program wants to know of the end."""
    return {
        "job": job.id,
        "folder": job.folder,
        "items_read": str(counts.read),
        "items_written": str(counts.written),
        "set_aside": str(counts.set_aside),
        "conflicts": str(counts.conflicts),
        **more,
    }


def complete(job: Job, counts: Counts, *, verified: bool) -> Finished:
    """Everything went over. "Done" is said only when both sides were compared."""
    how = _how(counts)
    into = job.options.into_existing
    if verified:
        return Finished(
            Ending.DONE,
            "Done: every item of the source is in the target" if into else "Done: source and target hold the same",
            f"{how} Every item was read again on both sides and compared."
            + (" What the target held beside them is as it was." if into else ""),
            code="verified",
            facts=facts(job, counts, verified="yes"),
        )
    return Finished(
        Ending.DONE,
        "Copied, not verified",
        f"{how} Nobody compared the two sides (--no-verify). To compare them, run:",
        hint=f"tablewright migrate verify {job.id}",
        code="copied-not-verified",
        facts=facts(job, counts, verified="no"),
    )


def incomplete(job: Job, counts: Counts, letters: str, *, verified: bool) -> Finished:
    """Some items were set aside: never called done."""
    number = counts.set_aside
    conflicts = ""
    if counts.conflicts:
        many = "is a conflict" if counts.conflicts == 1 else "are conflicts"
        conflicts = f" {counts.conflicts:,} of them {many}: the target holds another item under that key, and keeps it."
    rest = "All others were compared and are the same on both sides." if verified else "The others were not compared."
    return Finished(
        Ending.FAILED,
        f"Incomplete: {number:,} {'item' if number == 1 else 'items'} set aside",
        f"{_how(counts)}{conflicts} {rest}\n\nThe items that were set aside stand in {letters}, each with its reason. It is a "
        f"source of its own: mend the transform, and bring them over with\n\n    {_bring_over(job, letters)}",
        code="incomplete",
        facts=facts(job, counts, verified="yes" if verified else "no", dead_letters=letters),
    )


def differs(job: Job, counts: Counts, found: Finished) -> Finished:
    """The comparison found differences: what it said, with the job's own facts."""
    return Finished(
        Ending.FAILED,
        found.summary,
        found.detail,
        hint=found.hint or f"tablewright migrate verify {job.id}",
        code=found.code,
        facts={**facts(job, counts, verified="differs"), **found.facts},
    )


def halted(job: Job, counts: Counts, *, asked: bool) -> Finished:
    """Paused from another terminal, or stopped with Ctrl-C (``asked``): what was acknowledged is kept."""
    return Finished(
        Ending.MUST_WAIT,
        "Stopped, and it can go on" if asked else "Paused",
        f"{_how(counts)} That is acknowledged, and never read again; pages that were only begun are done again, which writes "
        "the same items once more. To go on, run:",
        hint=f"tablewright migrate resume {job.id}",
        code="stopped" if asked else "paused",
        facts=facts(job, counts),
    )


def over(kept: Record) -> Finished:
    """The answer to a request whose job is over, and whose target holds what it wrote. Raises Refused where something is left."""
    job = kept.job
    when, hint = f"{kept.changed_at:%Y-%m-%d %H:%M} UTC", f"tablewright migrate verify {job.id}"
    if job.options.in_place:
        raise Refused(
            "over-with-a-rest",
            "This change is over, and it is not known whether it may be made twice",
            f"{state(kept.state).of(in_place=True)} It ended at {when}: {kept.ending}. What the items were stands in "
            f"{job.folder}. To go back, run:",
            f"tablewright migrate undo {job.id}",
        )
    if kept.state in ("done", "unverified"):
        return Finished(
            Ending.NOTHING_TO_DO,
            "Nothing to do: this migration is over",
            f"It ended at {when} ({kept.ending or kept.state}), and the target holds what it wrote. To compare both sides again, "
            "run:",
            hint=hint,
            code="over-already",
            facts={"job": job.id, "folder": job.folder, "state": kept.state},
        )
    raise Refused(
        "over-with-a-rest",
        "This migration is over, and left something",
        f"{state(kept.state).meaning} It ended at {when}: {kept.ending}. What is left stands in {job.folder}. To begin "
        "anew, empty the target. To compare both sides again, run:",
        hint,
    )


def by_error(job: Job, error: TablewrightError, counts: Counts) -> Finished:
    """The run ended by an error; what was acknowledged stands. A wrong request is raised, since nothing ran."""
    if isinstance(error, UsageError):
        raise error
    ending = next((ending for kind, ending in _ENDINGS if isinstance(error, kind)), Ending.FAILED)
    return Finished(
        ending,
        error.summary,
        error.detail,
        # What is refused is refused again; everything else may be gone on with.
        hint=error.hint or (None if isinstance(error, Refused) else f"tablewright migrate resume {job.id}"),
        code=error.code,
        until=error.until if isinstance(error, MustWait) else None,
        facts=facts(job, counts),
    )


def _how(counts: Counts) -> str:
    return f"{counts.read:,} {'item' if counts.read == 1 else 'items'} read, {counts.written:,} written."


def _bring_over(job: Job, letters: str) -> str:
    """The command that reads the dead letters as a source, through the transform that is to be mended."""
    words = ["tablewright", "migrate", "run", "--source", letters, "--target", str(job.target)]
    place = job.target.place
    words += ["--local"] * place.local
    for option, value in (("region", place.region), ("profile", place.profile), ("endpoint", place.endpoint_url)):
        words += [f"--target-{option}", value] if value and not (place.local and option == "endpoint") else []
    told = [] if job.transform.startswith("none") else shlex.split(job.transform)
    words += told if not told or told[0].startswith("--") else ["--transform", *told]
    return shlex.join([*words, "--into-existing", str(job.target)])
