"""``tablewright migrate plan``."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click

from tablewright.cli import exits
from tablewright.cli.migrate import need_extra
from tablewright.cli.migrate_ends import Doors, end_options, jobs_root, locks, sides
from tablewright.cli.migrate_transform import maker, spec, title, transform_options
from tablewright.cli.options import Common, common_options
from tablewright.cli.terminal import output


@click.command(name="plan", short_help="Show on a sample what a migration would do, cost and take, without doing it.")
@end_options
@transform_options
@click.option("--pace", metavar="PACE", help="The pace to reckon with: 50% of the table, 500wcu (default: 50%).")
@click.option("--sample", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Items to read.")
@click.option("--show-items", is_flag=True, help="Show a few items before and after. They are your data.")
@click.option("--in-place", is_flag=True, help="Plan a change of the source's own items.")
@common_options
def plan(
    common: Common,
    pace: str | None,
    sample: int,
    show_items: bool,
    in_place: bool,
    format_: str,
    compression: str,
    **given: Any,
) -> int:
    """Show on a sample what a migration would do, cost and take, without doing it.

    It reads some items, transforms them, and says what changes, what would be set aside and why, which items would meet in one
    key, which do not fit an index, what it takes in units, money and time at the pace, and when an export and an import would
    cost less. Nothing is written. Exit code 1 when something stands in the way.

    \b
    Examples:
      tablewright migrate plan --source orders --target orders-v2 --key 'PK=ORDER#{orderId}' --key SK=META
      tablewright migrate plan --source orders --in-place --rename custId=customerId --show-items
    """
    need_extra()
    from tablewright.aws.clock import SystemClock
    from tablewright.migrate.job import Options, Pace, parse_pace
    from tablewright.migrate.planning.run import plan as forecast_of
    from tablewright.migrate.request import Request

    source_side, target_side = sides(given)
    if in_place:
        target_side = source_side
    asked = spec(given)
    doors = Doors(common)
    described: list[str] = []
    make = maker(asked, in_place=in_place)

    def telling(source: Any, target: Any) -> Any:
        made = make(source, target)
        described.extend(made.describe())
        return made

    wanted = parse_pace(pace) if pace else None
    request = Request(
        source=doors.end(source_side, "source", format_=format_, compression=compression),
        target=doors.end(target_side, "target", format_=format_, compression=compression),
        root=jobs_root(common),
        locks=locks(),
        make=telling,
        spec=asked,
        title=title(asked),
        options=Options(pace=wanted or Pace(), in_place=in_place),
        pace=wanted,
    )
    found = forecast_of(request, doors, SystemClock(), sample=sample)
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.cli.faces.migration_plan import as_json

        out.text(encode(as_json(found, tuple(described)), out))
    else:
        from tablewright.cli.faces.diagnostic import hint_lines
        from tablewright.cli.faces.migration_plan import plan_lines

        out.lines(plan_lines(found, tuple(described), out.width, out.marks, items=show_items))
        if found.may_run:
            out.lines(hint_lines(_run_of(sys.argv[1:])))
    return exits.DONE.code if found.may_run else exits.FAILED.code


def _run_of(words: list[str]) -> str:
    """The command that does what was planned: the same words, without those that only a plan has."""
    kept = [word for word in words if word != "--show-items" and not word.startswith("--sample=")]
    if "--sample" in kept:
        at = kept.index("--sample")
        kept = kept[:at] + kept[at + 2 :]
    return shlex.join(["tablewright", *("run" if word == "plan" and at == 1 else word for at, word in enumerate(kept))])
