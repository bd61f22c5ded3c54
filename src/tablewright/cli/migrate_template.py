"""``tablewright migrate template``: what a move needs in the template, shown or written a step at a time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.edited import apply, chosen_template, editing_options
from tablewright.cli.options import Common
from tablewright.cli.target import read_template
from tablewright.cli.terminal import output

if TYPE_CHECKING:
    from tablewright.author.editing import Text
    from tablewright.migrate.moving.move import Move

_SAID = {
    "prepare": ("the move of {table} prepared", "deploy it; what comes next: tablewright migrate template {table}"),
    "switch": ("the pointer switched", "deploy it; when nothing reads the old table any more: --step retire"),
    "retire": ("{table} taken out", "deploy it; the table itself stays in the account, outside the stack"),
}


@click.command(name="template", short_help="Write what a move to another table needs into the template.")
@click.argument("table", metavar="TABLE")
@click.option("--to", "name", default="", metavar="NAME", help="The new table's name (default: the old one's and -v2).")
@click.option("--key", metavar="NAME[:TYPE]", help="Its partition key (default: the old table's keys).")
@click.option("--sort", metavar="NAME[:TYPE]", help="Its sort key.")
@click.option(
    "--step",
    type=click.Choice(("prepare", "switch", "retire")),
    help="Write this step. Without it, what the move needs is shown, and nothing is written.",
)
@editing_options
def template(
    common: Common,
    table: str,
    name: str,
    key: str | None,
    sort: str | None,
    step: str | None,
    template: Path | None,
    diff: bool,
) -> int:
    """Show what a move of TABLE to a new table needs in the template, or write a step of it.

    prepare: the new table beside the old one with its alarms and outputs, a parameter (AWS::SSM::Parameter) in which the
    application finds the name of the table in use, and DeletionPolicy Retain on the old one. switch: the parameter names the
    new table, which gets the old one's TTL. retire: the old table out of the template; it stays in the account.

    \b
    Examples:
      tablewright migrate template sessions --key PK --sort SK
      tablewright migrate template sessions --key PK --sort SK --step prepare --diff
      tablewright migrate template sessions --step switch
    """
    from tablewright.author.tables import key_of
    from tablewright.errors import UsageError
    from tablewright.migrate.moving import edits
    from tablewright.migrate.moving.move import Move

    if sort and not key:
        raise UsageError("sort-without-key", "A sort key needs a partition key", "--sort names one; add --key.")
    move = Move(table, name, key_of(key) if key else None, key_of(sort) if sort else None)
    if step is None:
        return _show(common, template, move)
    edit = {"prepare": edits.prepare, "switch": edits.switch, "retire": edits.retire}[step]
    said, note = (words.format(table=table) for words in _SAID[step])

    def write(text: Text) -> Text:
        return edit(text, move)

    return apply(common, template, write, diff=diff, said=said, notes=(note,))


def _show(common: Common, template: Path | None, move: Move) -> int:
    from tablewright.author.editing import Text
    from tablewright.cli.faces.move_page import need_lines
    from tablewright.migrate.moving.needs import needs

    path = chosen_template(common, template)
    found = needs(Text(read_template(path), str(path)), move)
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.events import as_plain

        out.text(encode({"template": str(path), "steps": as_plain(found)}, out))
        return exits.DONE.code
    for number, need in enumerate(found, start=1):
        out.lines(need_lines(number, need, out.marks, out.width))
    return exits.DONE.code
