"""``tablewright backup``: backups of tables, restores with everything that a restore leaves behind, and rehearsals of both."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click

from tablewright.cli import exits
from tablewright.cli.backup_compare import comparison
from tablewright.cli.backup_export import export
from tablewright.cli.backup_progress import shown
from tablewright.cli.backup_put_back import put_back
from tablewright.cli.backup_schedule import schedule
from tablewright.cli.options import Common, common_options
from tablewright.cli.point_in_time import time_of
from tablewright.cli.terminal import can_ask, output
from tablewright.errors import Refused, UsageError

if TYPE_CHECKING:
    from tablewright.ports import Account

_Made = TypeVar("_Made")


@click.group(name="backup", short_help="Back tables up, restore them whole, and rehearse it.")
def command() -> None:
    """Back tables up, restore them with everything that a restore leaves behind, and rehearse it.

    \b
    Examples:
      tablewright backup create
      tablewright backup list ai-chef-sessions
      tablewright backup restore --from ARN --to ai-chef-sessions-restored
      tablewright backup rehearse ai-chef-sessions
    """


for _each in (put_back, export, schedule):
    command.add_command(_each)


@command.command(name="list", short_help="List the backups of tables.")
@click.argument("tables", nargs=-1)
@click.option("--stack", metavar="NAME", help="All tables of this stack (default: tablewright.toml's).")
@common_options
def list_(common: Common, tables: tuple[str, ...], stack: str | None) -> int:
    """List the on-demand and system backups of TABLES, newest first; also of tables that are gone.

    Those that AWS Backup keeps are listed by AWS Backup alone.

    \b
    Examples:
      tablewright backup list
      tablewright backup list orders --region eu-west-1
    """
    from tablewright.cli.looking_at import looked_at

    subject = looked_at(common, tables, stack)
    found = {table: subject.account.tables.backups(table) for table in subject.tables}
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.events import as_plain

        for table, backups in found.items():
            out.text(encode({"table": table, "backups": as_plain(backups)}, out))
    else:
        from tablewright.cli.faces.backup_screen import list_lines

        out.lines(list_lines(found, out.width, out.marks))
    return exits.DONE.code


@command.command(short_help="Back tables up on demand.")
@click.argument("tables", nargs=-1)
@click.option("--stack", metavar="NAME", help="All tables of this stack (default: tablewright.toml's).")
@common_options
def create(common: Common, tables: tuple[str, ...], stack: str | None) -> int:
    """Back TABLES up on demand, and wait until each backup is there. It costs by its size until it is deleted.

    \b
    Examples:
      tablewright backup create
      tablewright backup create orders
    """
    from tablewright.backup.run import create as run
    from tablewright.cli.looking_at import looked_at

    subject = looked_at(common, tables, stack)
    return shown(run(subject.tables, subject.account), common)


@command.command(short_help="Restore a table under a new name.")
@click.option(
    "--from", "origin", metavar="ARN|TABLE", required=True, help="A backup's ARN, or a table with recovery on."
)
@click.option("--to", "target", metavar="NAME", required=True, help="The new table.")
@click.option(
    "--at", metavar="TIME", help="The time to restore a table to (2026-11-23T04:00:00Z; default: the latest)."
)
@click.option("--settings-of", metavar="TABLE", help="Put back the settings of this table (default: the origin's).")
@click.option(
    "--compare/--no-compare",
    default=True,
    show_default=True,
    help="Compare every item with the table that it was restored from.",
)
@click.option(
    "--written", is_flag=True, help="That table was written to since: differences are listed and are no failure."
)
@common_options
def restore(
    common: Common, origin: str, target: str, at: str | None, settings_of: str | None, compare: bool, written: bool
) -> int:
    """Restore a table from a backup or from its recovery window, under a new name, and put back what a restore leaves
    behind: TTL, point-in-time recovery, deletion protection, tags, the table's policy, the stream, insights, Kinesis
    destinations and auto scaling. Then every item is compared with the table that it was restored from; where that is gone,
    the restored one is read to its end. What could not be put back, and what differs, is said, and ends with 1. Nothing that
    exists is changed.

    \b
    Examples:
      tablewright backup restore --from arn:aws:dynamodb:…:table/orders/backup/0153… --to orders-restored
      tablewright backup restore --from orders --at 2026-11-23T04:00:00Z --to orders-before
    """
    from tablewright.backup.run import FromBackup, FromTable
    from tablewright.backup.run import restore as run
    from tablewright.cli.migrate import need_extra

    if compare:
        need_extra()
    account = _account(common)
    if origin.startswith("arn:") and at is not None:
        raise UsageError(
            "contradictory-options", "Options contradict each other", "A backup has its own time: leave --at."
        )
    return shown(
        run(
            FromBackup(origin) if origin.startswith("arn:") else FromTable(origin, time_of(at)),
            target,
            account,
            settings_of=settings_of,
            compare=comparison(account) if compare else None,
            written=written,
        ),
        common,
    )


@command.command(short_help="Bring a deleted table back.")
@click.argument("table")
@click.option("--backup", "arn", metavar="ARN", help="From this backup (default: the newest good one).")
@common_options
def undelete(common: Common, table: str, arn: str | None) -> int:
    """Bring the deleted TABLE back under its own name, from its newest good backup. DynamoDB keeps a system backup of a deleted
    table for 35 days where point-in-time recovery was on. A table that stands is left alone.

    The table's settings went with it: tablewright deploy takes the table into its stack, with its items, and sets them.

    \b
    Examples:
      tablewright backup undelete orders
    """
    from tablewright.backup.restoring.run import undelete as run
    from tablewright.cli.target import project_settings

    account = _account(common)
    hint = "tablewright deploy" if project_settings(common).template is not None else None
    return shown(run(table, account, compare=comparison(account), arn=arn, hint=hint), common)


@command.command(short_help="Restore beside, compare, and remove the copy.")
@click.argument("table")
@click.option("--backup", "arn", metavar="ARN", help="Rehearse this backup instead of a new one.")
@click.option("--written", is_flag=True, help="Others write meanwhile: differences are listed and are no failure.")
@common_options
def rehearse(common: Common, table: str, arn: str | None, written: bool) -> int:
    """Rehearse a restore of TABLE: back it up, restore it beside, compare every item, put the settings back, remove the copy,
    and say how long it took. The backup stays. Only the very table that this run restored is removed.

    \b
    Examples:
      tablewright backup rehearse orders
      tablewright backup rehearse orders --written
    """
    from tablewright.backup.run import rehearse as run
    from tablewright.cli.migrate import need_extra

    need_extra()
    account = _account(common)
    return shown(run(table, account, comparison(account), written=written, arn=arn), common)


@command.command(short_help="Delete old backups that tablewright made.")
@click.argument("table")
@click.option("--keep-days", type=click.IntRange(1), help="Keep what is not older.")
@click.option("--keep", type=click.IntRange(1), help="Keep the newest so many.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@common_options
def thin(common: Common, table: str, keep_days: int | None, keep: int | None, yes: bool) -> int:
    """Delete old backups of TABLE that tablewright made. The list comes first; the newest good backup always stays, and so
    does every backup that something else made.

    \b
    Examples:
      tablewright backup thin orders --keep-days 35
      tablewright backup thin orders --keep 7 --yes
    """
    from tablewright.backup.run import thin as run
    from tablewright.cli.faces.backup_screen import thin_lines

    kept, delete = run(table, _account(common), days=keep_days, newest=keep)
    err = output(sys.stderr, color=common.color)
    err.lines(thin_lines(kept, err.width, err.marks))
    going = sum(each.goes for each in kept)
    if going and not yes:
        if not can_ask():
            raise Refused(
                "not-confirmed",
                "Nobody said yes",
                f"{going} would be deleted. Run it on a terminal, or with --yes once the list is what you want.",
            )
        if not click.confirm(f"Delete {going} of them?", err=True):
            return exits.REFUSED.code
    return shown(delete(), common)


@command.command(short_help="Show the recovery windows of tables.")
@click.argument("tables", nargs=-1)
@click.option("--stack", metavar="NAME", help="All tables of this stack (default: tablewright.toml's).")
@common_options
def pitr(common: Common, tables: tuple[str, ...], stack: str | None) -> int:
    """Show how far back each of TABLES can be restored. It is turned on in the template: tablewright set pitr.

    Exits with 1 when one of them cannot be.

    \b
    Examples:
      tablewright backup pitr
    """
    from tablewright.cli.faces.backup_screen import window_lines
    from tablewright.cli.looking_at import looked_at

    subject = looked_at(common, tables, stack)
    described = {table: subject.account.tables.describe(table) for table in subject.tables}
    missing = [name for name, table in described.items() if table is None]
    if missing:
        raise UsageError("no-table", "There is no such table", f"{', '.join(missing)}: not in this account and region.")
    found = [table for table in described.values() if table is not None]
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.events import as_plain

        for table in found:
            out.text(encode({"table": table.name, "recovery": as_plain(table.recovery)}, out))
    else:
        out.lines(window_lines(found, out.width, out.marks))
    safe = all(table.recovery is not None and table.recovery.enabled for table in found)
    return exits.DONE.code if safe else exits.FAILED.code


def _account(common: Common) -> Account:
    from tablewright.cli.target import open_target, project_settings

    return open_target(common, project_settings(common))
