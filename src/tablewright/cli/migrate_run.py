"""``tablewright migrate run`` and ``resume``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tablewright.cli.migrate import need_extra
from tablewright.cli.migrate_ends import Doors, end_options, jobs_root, locks, sides
from tablewright.cli.migrate_jobs import chosen, job_options
from tablewright.cli.migrate_show import Stopper, agreed, show
from tablewright.cli.migrate_transform import maker, spec, title, transform_options
from tablewright.cli.options import Command, Common, common_options
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.migrate.request import Request

_MANNER = (
    click.option(
        "--pace", metavar="PACE", help="How fast at most: 50% of the table, 500wcu, 300rcu,500wcu (default: 50%)."
    ),
    click.option(
        "--dead-letters",
        type=click.IntRange(0),
        metavar="N",
        help="Items that may be set aside before the run stops (default: 0).",
    ),
    click.option(
        "--verify/--no-verify", default=None, help="Read both sides again and compare them (default), or not."
    ),
)


def _manner_options(command: Command) -> Command:
    decorated: Any = command
    for option in reversed(_MANNER):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


@click.command(name="run", short_help="Copy a table's items into another, or files, and verify it; resumable.")
@end_options
@transform_options
@_manner_options
@click.option(
    "--segments",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Parallel segments of the scan (default: by the table's size).",
)
@click.option(
    "--into-existing", metavar="TABLE", help="The target, named again: it may hold items, which are never overwritten."
)
@click.option(
    "--suspend-ttl", is_flag=True, help="Switch TTL off at the target until the copy is verified, then on again."
)
@click.option(
    "--lease-table",
    metavar="TABLE",
    help="A table beside the target, keyed by id (S), that keeps runs on other machines out of it.",
)
@click.option("--yes", is_flag=True, help="Do not ask before a table is changed in place.")
@click.option(
    "--in-place", is_flag=True, help="Change the source's items where they are; keys stay, writers may go on."
)
@common_options
def run(
    common: Common,
    pace: str | None,
    dead_letters: int | None,
    verify: bool | None,
    segments: int | None,
    into_existing: str | None,
    suspend_ttl: bool,
    in_place: bool,
    lease_table: str | None,
    yes: bool,
    format_: str,
    compression: str,
    **given: Any,
) -> int:
    """Copy a table's items into another table, or into files, or files into a table, transformed on the way, and verify it.

    The target must exist, with its keys, and be empty. Nothing is written before every guard has looked. Ctrl-C stops cleanly;
    the same command, or `resume`, goes on where it stands, also after SIGKILL. Exit code 0: both sides hold the same (or, with
    --no-verify, everything was copied); 1: items were set aside or differ; 3: refused; 4: paused; 130: stopped by Ctrl-C.

    \b
    Examples:
      tablewright migrate run --local --source sessions --target sessions-v2 --key 'PK=SESSION#{sessionId}' --key SK=META
      tablewright migrate run --source orders --target orders-v2 --transform orders.toml --pace 25%
      tablewright migrate run --source orders --target ./orders --format parquet
      tablewright migrate run --source orders --target orders --target-profile other --target-region eu-west-1
      tablewright migrate run --source orders --in-place --rename custId=customerId
    """
    need_extra()
    from tablewright.migrate.job import DEFAULT_DEAD_LETTERS, Options, Pace, parse_pace
    from tablewright.migrate.request import Request

    source_side, target_side = sides(given)
    if in_place:
        if target_side.name is not None:
            raise UsageError(
                "contradictory-options",
                "Options contradict each other",
                "--in-place changes the source itself, and --target names another table.",
            )
        target_side = source_side
    asked = spec(given)
    doors = Doors(common)
    source = doors.end(source_side, "source", format_=format_, compression=compression)
    target = doors.end(target_side, "target", format_=format_, compression=compression)
    stopper = Stopper()
    request = Request(
        source=source,
        target=target,
        root=jobs_root(common),
        locks=locks(),
        make=maker(asked, in_place=in_place),
        spec=asked,
        title=title(asked),
        options=Options(
            pace=parse_pace(pace) if pace else Pace(),
            segments=segments,
            dead_letters=DEFAULT_DEAD_LETTERS if dead_letters is None else dead_letters,
            verify=verify is not False,
            in_place=in_place,
            lease_table=lease_table,
        ),
        pace=parse_pace(pace) if pace else None,
        into_existing=into_existing,
        suspend_ttl=suspend_ttl,
        planned=doors.planned(source_side) if in_place else (),
        stopping=stopper,
    )
    if in_place:
        agreed(f"Change the items of {source} where they are? An undo file is kept.", yes=yes)
    return _follow(request, doors, common, stopper)


@click.command(name="resume", short_help="Go on with a migration that was paused, stopped or killed.")
@click.argument("job", required=False)
@_manner_options
@job_options
def resume(common: Common, job: str | None, pace: str | None, dead_letters: int | None, verify: bool | None) -> int:
    """Go on with a migration that was paused, stopped or killed, from its last acknowledged page.

    JOB is its id, or the beginning of one (default: the one that can go on). What it was asked for is kept in its folder; a
    transform's file is read again, and one that was changed is refused.

    \b
    Examples:
      tablewright migrate resume
      tablewright migrate resume orders-to-orders-v2-1a2b3c4d --pace 25%
    """
    need_extra()
    from tablewright.migrate.job import parse_pace
    from tablewright.migrate.request import Request

    record = chosen(jobs_root(common), job, wanting="resume")
    stopper = Stopper()
    told = record.job.options
    request = Request(
        source=record.job.source,
        target=record.job.target,
        root=jobs_root(common),
        locks=locks(),
        make=maker(record.transform_spec, in_place=told.in_place),
        spec=record.transform_spec,
        title=record.job.transform,
        options=replace(
            told,
            dead_letters=told.dead_letters if dead_letters is None else dead_letters,
            verify=told.verify if verify is None else verify,
        ),
        pace=parse_pace(pace) if pace else None,
        job=record.job.id,
        into_existing=str(record.job.target) if told.into_existing else None,
        suspend_ttl=record.suspended_ttl is not None,
        stopping=stopper,
    )
    return _follow(request, Doors(common), common, stopper)


def _follow(request: Request, doors: Doors, common: Common, stopper: Stopper) -> int:
    from tablewright.aws.clock import SystemClock
    from tablewright.migrate.run import migrate

    return show(migrate(request, doors, SystemClock()), common, stopper)
