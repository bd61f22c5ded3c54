"""``tablewright backup put-back``: lost items found by comparing with a copy, and put back where nothing stands."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, common_options
from tablewright.cli.terminal import can_ask, output
from tablewright.errors import Refused, UsageError

if TYPE_CHECKING:
    from tablewright.backup.returning.run import Surveyed
    from tablewright.cli.items_target import Opened
    from tablewright.events import Event
    from tablewright.model.items import Item
    from tablewright.model.table import Table


@click.command(name="put-back", short_help="Put lost items back from a copy or a backup.")
@click.argument("table")
@click.option("--copy", "copy", metavar="NAME", help="A restored table that stands beside.")
@click.option("--backup", "arn", metavar="ARN", help="Restore this backup beside, and take the items from there.")
@click.option("--at", metavar="TIME", help="Restore the table as it was then beside (2026-11-23T04:00:00Z).")
@click.option("--key", "keys", metavar="KEY", multiple=True, help="Only this one: 'customer=kim id=5'; repeatable.")
@click.option(
    "--replace",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also replace items of --key that stand and differ; what stood is written to FILE before.",
)
@click.option("--remove-copy", is_flag=True, help="Remove the copy that this run restored, when it is done.")
@click.option("--yes", is_flag=True, help="Put back without asking.")
@common_options
def put_back(
    common: Common,
    table: str,
    copy: str | None,
    arn: str | None,
    at: str | None,
    keys: tuple[str, ...],
    replace: Path | None,
    remove_copy: bool,
    yes: bool,
) -> int:
    """Find the items that a copy of TABLE has and TABLE lacks, and put them back, each on the condition that nothing stands
    under its key. The copy is a table that was restored, or is restored beside by this command. What is lost is listed first.

    An item that stands is never touched, unless it is named with --key and may be replaced (--replace): then it is written over
    on the condition that it is still what was seen. Each item is read again and compared. Items that TTL would delete at once
    stay out. Exits with 1 when not every item is back.

    \b
    Examples:
      tablewright backup put-back orders --at 2026-11-23T03:00:00Z
      tablewright backup put-back orders --copy orders-before --key 'customer=kim id=5'
      tablewright backup put-back orders --copy orders-before --key 'customer=kim id=5' --replace replaced.jsonl
    """
    from tablewright.backup.returning.run import both
    from tablewright.backup.returning.run import put_back as run
    from tablewright.cli.backup_progress import shown
    from tablewright.cli.items_target import opened
    from tablewright.items.keys import key_of

    if sum(each is not None for each in (copy, arn, at)) != 1:
        raise UsageError("no-copy", "Where the items come from is not told", "Give one of --copy, --backup and --at.")
    if (replace is not None and not keys) or (remove_copy and copy is not None):
        raise UsageError(
            "contradictory-options",
            "Options contradict each other",
            "--replace is for items that --key names."
            if replace
            else "--remove-copy is for a copy that this run restores.",
        )
    place = opened(common)
    place.may_write(losing=replace is not None)
    described = place.table(table)
    named = [key_of(shlex.split(word), described.keys) for word in keys]
    named = [key for number, key in enumerate(named) if key not in named[:number]]
    keep = _kept(replace) if replace is not None else None
    if copy is None:
        copy, remove = _restored(place, common, table, arn, at, remove_copy=remove_copy)
        if copy is None:
            return exits.FAILED.code
    else:
        remove = None
    one, other = both(copy, table, place.account)
    found = _surveyed(place, common, one, other, named)
    if found.changed and named and keep is None:
        raise Refused(
            "items-stand",
            "Items that are named stand, and differ",
            f"{found.changed} of {len(named)} named items are in {table} with another content. To replace them, give --replace "
            "FILE: what stands is written there first. Nothing was written.",
        )
    if found.going and not yes:
        if not can_ask():
            raise Refused(
                "not-confirmed",
                "Nobody said yes",
                f"{found.going:,} items would be put back. Run it on a terminal, or with --yes once the list is what you want.",
            )
        if not click.confirm(f"Put {found.going:,} {'item' if found.going == 1 else 'items'} back?", err=True):
            return exits.REFUSED.code
    code = shown(run(one, other, place.account, found=found, named=named, keep=keep), common)
    if remove is not None and code == exits.DONE.code:
        shown(remove(), common)
    elif arn is not None or at is not None:
        _say(f"{copy} stays beside {table}; what is not needed any more is yours to delete", common)
    return code


def _say(text: str, common: Common) -> None:
    if common.output != "json":
        from tablewright.cli.faces.backup_screen import event_lines
        from tablewright.events import Noted

        err = output(sys.stderr, color=common.color)
        err.lines(event_lines(Noted("note", text), err.width, err.marks))


def _restored(
    place: Opened, common: Common, table: str, arn: str | None, at: str | None, *, remove_copy: bool
) -> tuple[str | None, Callable[[], Iterator[Event]] | None]:
    """Restore beside; the copy's name, None where that failed, and what removes the copy."""
    from tablewright.backup.restoring.run import FromBackup, FromTable, beside, removed
    from tablewright.cli.backup_progress import progress
    from tablewright.cli.point_in_time import time_of

    origin = FromBackup(arn) if arn is not None else FromTable(table, time_of(at))
    token = place.account.tokens.token()
    made = progress(beside(origin, table, token, place.account), common)
    if not remove_copy:
        return made.name, None
    return made.name, lambda: removed(made, token, place.account)


def _surveyed(place: Opened, common: Common, copy: Table, table: Table, named: list[Item]) -> Surveyed:
    """Compare, and show what is lost."""
    from tablewright.backup.returning.run import Surveyed, survey
    from tablewright.cli.faces.backup_screen import event_lines, surveyed_lines

    err = output(sys.stderr, color=common.color)
    redaction = place.redaction(table.name)
    for each in survey(copy, table, place.account, named=named):
        if isinstance(each, Surveyed):
            err.lines(surveyed_lines(each, copy, table, redaction.shown, err.width, err.marks))
            return each
        err.lines(event_lines(each, err.width, err.marks))
    raise AssertionError


def _kept(path: Path) -> Callable[[Item], None]:
    """Writes items to a new file, an item a line in DynamoDB's own JSON, each on disk before it returns."""
    if path.exists():
        raise UsageError(
            "unwritable", "The file cannot be written", f"{path}: it is there already, and stays as it is."
        )
    opened: list[int] = []

    def keep(item: Item) -> None:
        try:
            if not opened:
                opened.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            line = (json.dumps({"Item": item}, ensure_ascii=False) + "\n").encode()
            while line:
                line = line[os.write(opened[0], line) :]
            os.fsync(opened[0])
        except OSError as failed:
            raise UsageError("unwritable", "The file cannot be written", f"{path}: {failed.strerror}.") from None

    return keep
