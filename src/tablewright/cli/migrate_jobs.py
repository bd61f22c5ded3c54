"""``tablewright migrate status``, ``pace`` and ``pause``: a migration from another terminal than its own."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tablewright.cli import exits
from tablewright.cli.migrate import need_extra
from tablewright.cli.migrate_ends import jobs_root, locks
from tablewright.cli.migrate_live_status import live_entries, live_status
from tablewright.cli.options import Command, Common, display_options
from tablewright.cli.terminal import output
from tablewright.errors import Refused, UsageError

if TYPE_CHECKING:
    from tablewright.cli.terminal import Output
    from tablewright.migrate.live.journal import Entry
    from tablewright.migrate.record import Record
    from tablewright.migrate.standing.run import JobStanding

_EVERY_S = 1.0


def job_options(command: Command) -> Command:
    """Give a command that is about a job the options of how, and where the project is."""
    shown: Any = display_options()(command)
    option = click.option(
        "--project",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where the job is kept: under tablewright.toml's folder, looked for upwards (default: here).",
    )
    return option(shown)  # type: ignore[no-any-return]


def chosen(root: Path, job: str | None, *, wanting: str) -> Record:
    """The job that is meant: the named one, else the one that ``wanting`` (resume, running, any) fits. Raises UsageError."""
    from tablewright.migrate.record import JOBS_FOLDER, records
    from tablewright.migrate.standing.run import standing
    from tablewright.migrate.states import state

    kept = records(root)
    if job is not None:
        found = [record for record in kept if record.job.id == job] or [
            record for record in kept if record.job.id.startswith(job)
        ]
    elif wanting == "resume":
        found = [record for record in kept if state(record.state).resumes]
    elif wanting == "running":
        found = [record for record in kept if standing(record, locks()).running]
    else:
        found = [record for record in kept if not record.retired]
    if len(found) == 1:
        return found[0]
    names = ", ".join(record.job.id for record in found or kept) or "none"
    if found:
        raise UsageError(
            "job-not-chosen",
            "Several migrations could be meant",
            f"Name one of them: {names}.",
            "tablewright migrate status",
        )
    what = (
        {"resume": "can go on", "running": "is running"}.get(wanting, "is kept") if job is None else f"is called {job}"
    )
    raise UsageError(
        "no-such-job",
        "There is no such migration",
        f"No migration under {root / JOBS_FOLDER} {what}. Kept there: {names}.",
        "tablewright migrate status",
    )


@click.command(name="status", short_help="Show how far a migration is, from any terminal.")
@click.argument("job", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on showing it until it ends; Ctrl-C ends only the showing.")
@click.option(
    "--all", "every_one", is_flag=True, help="List earlier ones too, whose command was run again from its beginning."
)
@job_options
def status(common: Common, job: str | None, follow: bool, every_one: bool) -> int:
    """Show how far a migration is, from any terminal; without JOB, the only one, or a list.

    It reads the job's record and checkpoint, and asks the operating system whether a process is at work: one that was killed is
    shown as gone.

    \b
    Examples:
      tablewright migrate status
      tablewright migrate status orders-to-orders-v2-1a2b3c4d --follow
      tablewright migrate status --output json
    """
    need_extra()
    from tablewright.cli.faces.migration_status import job_lines, list_lines
    from tablewright.migrate.record import records
    from tablewright.migrate.standing.run import standing

    root, out = jobs_root(common), output(sys.stdout, color=common.color)
    kept = [record for record in records(root) if every_one or not record.retired]
    live = live_status(common, job, follow, len(kept))
    if live is not None:
        return live
    if job is None and len(kept) != 1:
        if follow and kept:
            return _followed(chosen(root, None, wanting="running"), common, out)
        every = [standing(record, locks()) for record in kept]
        lives = live_entries(root)
        if common.output == "json":
            for one in every:
                _json(out, one, lives.get(one.record.job.id))
        else:
            out.lines(list_lines(every, out.width, out.marks, lives))
        return exits.DONE.code
    record = chosen(root, job, wanting="any")
    if follow:
        return _followed(record, common, out)
    one = standing(record, locks())
    if common.output == "json":
        _json(out, one)
    else:
        out.lines(job_lines(one, out.width, out.marks))
    return exits.DONE.code


@click.command(name="pace", short_help="Change the pace of a running migration.")
@click.argument("words", nargs=-1, required=True, metavar="[JOB] PACE")
@job_options
def pace(common: Common, words: tuple[str, ...]) -> int:
    """Change the pace of a running migration, from any terminal; it holds within a second or two, and for later runs of the job.

    PACE is a share of the table (50%), capacity units a second (500wcu, 300rcu), or several with commas between. JOB is a job's
    id, or the beginning of one (default: the one that is running).

    \b
    Examples:
      tablewright migrate pace 25%
      tablewright migrate pace orders-to-orders-v2-1a2b3c4d 300rcu,500wcu
    """
    need_extra()
    from tablewright.migrate.checkpoint.store import wish
    from tablewright.migrate.job import parse_pace

    if len(words) > 2:
        raise UsageError("usage", "The command line is not understood", "pace takes a job and a pace: [JOB] PACE.")
    wanted = parse_pace(words[-1])
    record = chosen(jobs_root(common), words[0] if len(words) == 2 else None, wanting="running")
    path, alive = _wishable(record)
    wish(path, pace=wanted)
    when = (
        "The running process takes it up within seconds."
        if alive
        else "Nobody works at it now; it holds when it goes on."
    )
    _said(
        common, {"job": record.job.id, "pace": str(wanted), "running": alive}, f"{record.job.id}: pace {wanted}. {when}"
    )
    return exits.DONE.code


@click.command(name="pause", short_help="Pause a running migration; every acknowledged page is kept.")
@click.argument("job", required=False)
@job_options
def pause(common: Common, job: str | None) -> int:
    """Pause a running migration, from any terminal. Its process ends with exit code 4; every acknowledged page is kept.

    JOB is its id, or the beginning of one (default: the one that is running).

    \b
    Examples:
      tablewright migrate pause
      tablewright migrate resume
    """
    need_extra()
    from tablewright.migrate.checkpoint.store import wish

    record = chosen(jobs_root(common), job, wanting="running")
    path, alive = _wishable(record)
    if not alive:
        raise Refused(
            "not-running",
            "Nobody works at this migration",
            f"{record.job.id} is {record.state}, and no process holds it: there is nothing to pause.",
            f"tablewright migrate status {record.job.id}",
        )
    wish(path, pause=True)
    _said(
        common,
        {"job": record.job.id, "pause": True},
        f"{record.job.id} pauses within seconds. To go on, run:",
        f"tablewright migrate resume {record.job.id}",
    )
    return exits.DONE.code


def _wishable(record: Record) -> tuple[Path, bool]:
    """The checkpoint that wishes go into, and whether a process is there to read them."""
    from tablewright.migrate.standing.run import CHECKPOINT, standing

    path = Path(record.job.folder) / CHECKPOINT
    if not path.exists():
        raise Refused(
            "not-begun",
            "This migration has not begun",
            f"{record.job.id} has no checkpoint yet. Give the pace to the run itself, with --pace.",
        )
    return path, standing(record, locks()).running


def _followed(record: Record, common: Common, out: Output) -> int:
    """Show a job again and again until nobody works at it any more."""
    from tablewright.cli.faces.migration_status import job_lines
    from tablewright.cli.faces.screen import Screen
    from tablewright.migrate.record import read_record
    from tablewright.migrate.standing.run import standing

    def now() -> JobStanding:
        return standing(read_record(Path(record.job.folder)) or record, locks())

    if common.output == "json" or not out.is_terminal:
        while (one := now()).running:
            _json(out, one) if common.output == "json" else out.lines([*job_lines(one, out.width, out.marks), ()])
            time.sleep(_EVERY_S)
        _json(out, one) if common.output == "json" else out.lines(job_lines(one, out.width, out.marks))
        return exits.DONE.code
    seen = [now()]
    screen = Screen(out, lambda columns, _: job_lines(seen[0], columns, out.marks))
    screen.start()
    try:
        while seen[0].running:
            time.sleep(_EVERY_S)
            seen[0] = now()
    finally:
        screen.stop()
    out.text("")
    return exits.DONE.code


def _said(common: Common, body: dict[str, object], text: str, command: str | None = None) -> None:
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode(body, out))
        return
    out.text(text)
    if command:
        out.lines([(), (("      " + command, "strong"),)])


def _json(out: Output, one: JobStanding, live: Entry | None = None) -> None:
    from tablewright.cli.faces.json_lines import encode
    from tablewright.cli.faces.migration_status import as_json

    out.text(encode(as_json(one, live), out))
