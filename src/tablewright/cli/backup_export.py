"""``tablewright backup export``: a table to S3, read back and compared."""

from __future__ import annotations

import re

import click

from tablewright.cli.options import Common, common_options
from tablewright.errors import UsageError

_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


@click.command(short_help="Export a table to S3, and read it back.")
@click.argument("table")
@click.option("--to", "place", metavar="s3://BUCKET/PREFIX", required=True, help="Where to; the bucket stands.")
@click.option("--at", metavar="TIME", help="The table as it was then (2026-11-23T04:00:00Z; default: now).")
@click.option(
    "--compare/--no-compare", default=True, show_default=True, help="Compare every item of the files with the table."
)
@click.option("--written", is_flag=True, help="The table is written to: differences are listed and are no failure.")
@common_options
def export(common: Common, table: str, place: str, at: str | None, compare: bool, written: bool) -> int:
    """Export TABLE to S3, as it was at one moment of its recovery window, without taking units of it. The files are read
    back, and every item is compared with the table. AWS bills an export by the table's size; the files are DynamoDB JSON, and a
    migration reads them.

    \b
    Examples:
      tablewright backup export orders --to s3://company-backups/dynamodb
      tablewright backup export orders --to s3://company-backups --at 2026-11-23T04:00:00Z --written
    """
    from tablewright.backup.exporting.run import export as run
    from tablewright.cli.backup_compare import comparison
    from tablewright.cli.backup_progress import shown
    from tablewright.cli.migrate import need_extra
    from tablewright.cli.point_in_time import time_of
    from tablewright.cli.target import open_target, project_settings

    told = _PLACE.fullmatch(place)
    if told is None:
        raise UsageError(
            "malformed-option",
            "An option's value is malformed",
            f"--to takes s3://BUCKET/PREFIX, and {place!r} is not that.",
        )
    if compare:
        need_extra()
    account = open_target(common, project_settings(common))
    return shown(
        run(
            table,
            told[1],
            (told[2] or "").strip("/"),
            account,
            at=time_of(at),
            compare=comparison(account) if compare else None,
            written=written,
        ),
        common,
    )
