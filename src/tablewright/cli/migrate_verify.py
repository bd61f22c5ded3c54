"""``tablewright migrate verify``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from tablewright.cli.migrate import need_extra
from tablewright.cli.migrate_ends import Doors, end_options, jobs_root, locks, sides
from tablewright.cli.migrate_jobs import chosen
from tablewright.cli.migrate_show import Stopper, show
from tablewright.cli.migrate_transform import maker, spec, title, transform_options
from tablewright.cli.options import Common, common_options
from tablewright.errors import UsageError


@click.command(name="verify", short_help="Compare what two tables, or a table and files, hold.")
@click.argument("job", required=False)
@end_options
@transform_options
@click.option("--pace", metavar="PACE", help="How fast to read at most: 50% of the table, 300rcu (default: 50%).")
@click.option(
    "--segments", type=click.IntRange(1, 1_000_000), metavar="N", help="Parallel segments of the scans (default: 4)."
)
@click.option(
    "--values", is_flag=True, help="Show attribute values in the report, and not their types and sizes alone."
)
@common_options
def verify(
    common: Common,
    job: str | None,
    pace: str | None,
    segments: int | None,
    values: bool,
    format_: str,
    compression: str,
    **given: Any,
) -> int:
    """Compare what two tables, or a table and files, hold, item by item and attribute by attribute: never by counts.

    Either JOB, a migration that was copied (its id, or the beginning of one), or --source and --target with the transform that
    lies between them. Both sides are read; nothing is written. Exit code 0: they hold the same; 1: they differ, and the report
    says which items.

    \b
    Examples:
      tablewright migrate verify orders-to-orders-v2-1a2b3c4d
      tablewright migrate verify --source orders --target orders-copy
      tablewright migrate verify --source orders --target orders-v2 --key 'PK=ORDER#{orderId}' --values
    """
    need_extra()
    from tablewright.aws.clock import SystemClock
    from tablewright.migrate.checking.run import verify_ends, verify_job
    from tablewright.migrate.job import Options, parse_pace
    from tablewright.migrate.request import Request

    source_side, target_side = sides(given)
    asked = spec(given)
    doors, stopper = Doors(common), Stopper()
    named = source_side.name is not None or target_side.name is not None
    if job is not None and (named or asked):
        raise UsageError(
            "contradictory-options",
            "Options contradict each other",
            "A job knows its source, its target and its transform; name either a job or these.",
        )
    if named:
        request = Request(
            source=doors.end(source_side, "source", format_=format_, compression=compression),
            target=doors.end(target_side, "target", format_=format_, compression=compression),
            root=jobs_root(common),
            locks=locks(),
            make=maker(asked),
            spec=asked,
            title=title(asked),
            options=Options(segments=segments),
            pace=parse_pace(pace) if pace else None,
            stopping=stopper,
        )
        return show(verify_ends(request, doors, SystemClock(), values=values), common, stopper)
    record = chosen(jobs_root(common), job, wanting="any")
    told = record.job
    request = Request(
        source=told.source,
        target=told.target,
        root=jobs_root(common),
        locks=locks(),
        make=maker(record.transform_spec, in_place=told.options.in_place),
        spec=record.transform_spec,
        title=told.transform,
        options=replace(told.options, segments=segments or told.options.segments),
        pace=parse_pace(pace) if pace else None,
        stopping=stopper,
    )
    return show(verify_job(record, request, doors, SystemClock(), values=values), common, stopper)
