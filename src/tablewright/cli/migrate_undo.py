"""``tablewright migrate undo``."""

from __future__ import annotations

import click

from tablewright.cli.migrate import need_extra
from tablewright.cli.migrate_ends import Doors, jobs_root, locks
from tablewright.cli.migrate_jobs import chosen, job_options
from tablewright.cli.migrate_show import Stopper, agreed, show
from tablewright.cli.migrate_transform import maker
from tablewright.cli.options import Common


@click.command(name="undo", short_help="Undo a change in place, but for what somebody has written to since.")
@click.argument("job")
@click.option("--pace", metavar="PACE", help="How fast at most: 50% of the table, 500wcu (default: 50%).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@job_options
def undo(common: Common, job: str, pace: str | None, yes: bool) -> int:
    """Undo a change in place, but for what somebody has written to since: that is left as it is, counted and said.

    JOB is the change's id, or the beginning of one. Its undo file is played back, each item conditioned on what the change left;
    a run that is stopped or killed goes on with the same command.

    \b
    Example:
      tablewright migrate undo orders-in-place-1a2b3c4d
    """
    need_extra()
    from tablewright.aws.clock import SystemClock
    from tablewright.migrate.changing.run import undo_job
    from tablewright.migrate.job import parse_pace
    from tablewright.migrate.request import Request

    record = chosen(jobs_root(common), job, wanting="any")
    stopper = Stopper()
    request = Request(
        source=record.job.source,
        target=record.job.target,
        root=jobs_root(common),
        locks=locks(),
        make=maker(record.transform_spec, in_place=True),
        options=record.job.options,
        pace=parse_pace(pace) if pace else None,
        stopping=stopper,
    )
    agreed(f"Undo the change {record.job.id} on {record.job.source}?", yes=yes)
    return show(undo_job(record, request, Doors(common), SystemClock()), common, stopper)
