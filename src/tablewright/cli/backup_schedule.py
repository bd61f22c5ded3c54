"""``tablewright backup schedule``: an AWS Backup plan of the tables, written into the template."""

from __future__ import annotations

import re
from pathlib import Path

import click

from tablewright.cli.edited import apply, editing_options, size_note
from tablewright.cli.options import Common
from tablewright.errors import UsageError


@click.command(short_help="Write an AWS Backup plan of the tables into the template.")
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this table; repeatable.")
@click.option("--at", default="05:00", show_default=True, metavar="HH:MM", help="When backups begin, in UTC.")
@click.option(
    "--every",
    type=click.Choice(("day", "week", "month")),
    default="day",
    show_default=True,
    help="How often: on Sundays, on the first of the month.",
)
@click.option(
    "--keep-days", type=click.IntRange(1, 36_500), default=35, show_default=True, help="How long each is kept."
)
@click.option("--vault", default="", metavar="NAME", help="A vault that stands (default: one of the stack's own).")
@click.option("--role", default="", metavar="ARN", help="A role for AWS Backup (default: one of the stack's own).")
@editing_options
def schedule(
    common: Common,
    tables: tuple[str, ...],
    at: str,
    every: str,
    keep_days: int,
    vault: str,
    role: str,
    template: Path | None,
    diff: bool,
) -> int:
    """Write an AWS Backup plan into the template: a vault that stays when the stack goes, a role, the plan, and the tables that
    it backs up. Run again, its time, its days and its tables are brought up to date. tablewright deploy makes it so.

    \b
    Examples:
      tablewright backup schedule --keep-days 90
      tablewright backup schedule --every week --at 02:30 --table orders --diff
    """
    from tablewright.author.backup_plan import Schedule, add_backup_plan
    from tablewright.author.editing import Text

    told = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", at)
    if told is None:
        raise UsageError(
            "malformed-option",
            "An option's value is malformed",
            f"--at takes a time of the day (05:00), and {at!r} is not that.",
        )
    wanted = Schedule(int(told[1]), int(told[2]), every, keep_days, vault, role)
    edited: list[Text] = []

    def edit(text: Text) -> Text:
        edited.append(add_backup_plan(text, wanted, tables))
        return edited[-1]

    def notes() -> tuple[str, ...]:
        return (
            f"{wanted.cron}, UTC; kept for {keep_days} days",
            "AWS Backup must be opted in for DynamoDB in the region (its settings; once an account)",
            *size_note(edited[-1].text),
            "next: tablewright plan",
        )

    return apply(common, template, edit, diff=diff, said="backup plan written", notes=notes)
