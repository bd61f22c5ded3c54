"""``tablewright set``: a table's settings, changed in the template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli.edited import apply, editing_options
from tablewright.cli.options import Command, Common
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.author.editing import Text

_SWITCH = click.Choice(("on", "off"))
_UNITS = click.IntRange(1)


def _switch(command: Command) -> Command:
    """Give a command a table and a state that is on or off."""
    wanted = click.argument("state", type=_SWITCH)(editing_options(command))
    return click.argument("table")(wanted)


def _switched(
    common: Common, what: str, edit: Callable[[Text, str, bool], Text], table: str, state: str, template: Path | None, diff: bool
) -> int:  # fmt: skip
    said = f"{what} of {table} turned {state}"
    return apply(common, template, lambda text: edit(text, table, state == "on"), diff=diff, said=said)


@click.group(name="set", short_help="Set a table's billing, class, recovery, protection and the like.")
def command() -> None:
    """Change settings of a table in the template, in place. tablewright plan says what deploying them will do.

    \b
    Examples:
      tablewright set billing ai-chef-results provisioned --read 5 --write 5
      tablewright set protection ai-chef-results on --diff
    """


@command.command(short_help="on-demand or provisioned.")
@click.argument("table")
@click.argument("mode", type=click.Choice(("on-demand", "provisioned")))
@click.option("--read", type=_UNITS, help="Read capacity units of the table and of each index without its own.")
@click.option("--write", type=_UNITS, help="Write capacity units, likewise.")
@editing_options
def billing(
    common: Common, table: str, mode: str, read: int | None, write: int | None, template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Bill TABLE on demand, or for provisioned capacity.

    \b
    Examples:
      tablewright set billing ai-chef-results on-demand
      tablewright set billing ai-chef-results provisioned --read 5 --write 5
    """
    from tablewright.author.features import set_billing
    from tablewright.author.scaling import idle_scaling

    if mode == "provisioned" and (read is None or write is None):
        raise UsageError(
            "no-capacity", "No capacity is given", "provisioned wants --read and --write, in units a second."
        )
    said = f"{table} set to {mode}"
    idle: list[str] = []

    def edit(text: Text) -> Text:
        idle[:] = idle_scaling(text, table) if mode == "on-demand" else ()
        return set_billing(text, table, mode, read or 0, write or 0)

    def notes() -> tuple[str, ...]:
        return tuple(f"nothing is left to scale: {one}" for one in idle)

    return apply(common, template, edit, diff=diff, said=said, notes=notes)


@command.command(short_help="Capacity of a provisioned table, or the most of an on-demand one.")
@click.argument("table")
@click.option("--read", type=_UNITS, required=True, help="Read units a second.")
@click.option("--write", type=_UNITS, required=True, help="Write units a second.")
@click.option("--index", default="", metavar="NAME", help="Of this index instead of the table.")
@editing_options
def throughput(
    common: Common, table: str, read: int, write: int, index: str, template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Set the units of a provisioned TABLE or index; of an on-demand one, the most that it may use.

    \b
    Examples:
      tablewright set throughput ai-chef-results --read 100 --write 50
      tablewright set throughput ai-chef-results --index sessionId-index --read 100 --write 50
    """
    from tablewright.author.features import set_throughput

    said = f"throughput of {index or table} set"
    return apply(common, template, lambda text: set_throughput(text, table, read, write, index), diff=diff, said=said)


@command.command("class", short_help="standard or infrequent-access.")
@click.argument("table")
@click.argument("name", type=click.Choice(("standard", "infrequent-access")))
@editing_options
def class_(common: Common, table: str, name: str, template: Path | None, diff: bool) -> int:
    """Set the class of TABLE.

    \b
    Examples:
      tablewright set class ai-chef-results infrequent-access
    """
    from tablewright.author.features import set_class

    return apply(common, template, lambda text: set_class(text, table, name), diff=diff, said=f"class of {table} set")


@command.command(short_help="Point-in-time recovery.")
@click.argument("table")
@click.argument("state", type=_SWITCH)
@click.option("--days", type=click.IntRange(1, 35), help="How far back (AWS's default: 35).")
@editing_options
def pitr(common: Common, table: str, state: str, days: int | None, template: Path | None, diff: bool) -> int:
    """Turn point-in-time recovery of TABLE on or off.

    \b
    Examples:
      tablewright set pitr ai-chef-results on --days 14
    """
    from tablewright.author.features import set_recovery

    if state == "off" and days is not None:
        raise UsageError("contradictory-options", "Options contradict each other", "--days goes with on.")
    said = f"point-in-time recovery of {table} turned {state}"
    return apply(common, template, lambda text: set_recovery(text, table, state == "on", days), diff=diff, said=said)


@command.command(short_help="Deletion protection.")
@_switch
def protection(common: Common, table: str, state: str, template: Path | None, diff: bool) -> int:
    """Turn deletion protection of TABLE on or off.

    \b
    Examples:
      tablewright set protection ai-chef-results on
    """
    from tablewright.author.features import set_protection

    return _switched(common, "deletion protection", set_protection, table, state, template, diff)


@command.command(short_help="The key that a table is encrypted with.")
@click.argument("table")
@click.argument("key", metavar="owned|aws|KEY")
@editing_options
def encryption(common: Common, table: str, key: str, template: Path | None, diff: bool) -> int:
    """Encrypt TABLE with DynamoDB's own key (owned), AWS's managed key (aws), or the KMS key of an ARN or alias.

    \b
    Examples:
      tablewright set encryption ai-chef-results aws
      tablewright set encryption ai-chef-results alias/orders
    """
    from tablewright.author.features import set_encryption

    said = f"encryption of {table} set"
    return apply(common, template, lambda text: set_encryption(text, table, key), diff=diff, said=said)


@command.command(short_help="Contributor Insights.")
@click.option(
    "--keys",
    type=click.Choice(("throttled", "all")),
    help="Only throttled keys, which may stay on (default), or all that are asked for.",
)
@click.option("--index", default="", metavar="NAME", help="Of this index instead of the table.")
@_switch
def insights(
    common: Common, table: str, state: str, keys: str | None, index: str, template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Turn Contributor Insights of TABLE on or off: which keys are throttled, or used most. CloudWatch bills it by event, and
    shows the keys as they are.

    \b
    Examples:
      tablewright set insights ai-chef-results on
      tablewright set insights ai-chef-results on --index sessionId-index --keys all
    """
    from tablewright.author.features import set_insights

    if state == "off" and keys:
        raise UsageError("contradictory-options", "Options contradict each other", "--keys goes with on.")
    mode = keys or ("throttled" if state == "on" else "")
    said = f"Contributor Insights of {index or table} turned {state}"
    notes = ("CloudWatch shows the keys in clear to whoever may read its reports, and bills each event",)

    def edit(text: Text) -> Text:
        return set_insights(text, table, state == "on", mode, index)

    return apply(common, template, edit, diff=diff, said=said, notes=notes if state == "on" else ())


@command.command(short_help="What an index stores.")
@click.argument("table")
@click.argument("index")
@click.argument("kind", type=click.Choice(("ALL", "KEYS_ONLY", "INCLUDE")))
@click.option("--include", multiple=True, metavar="NAME", help="Attributes of INCLUDE; repeatable.")
@editing_options
def projection(
    common: Common, table: str, index: str, kind: str, include: tuple[str, ...], template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Set what an index of TABLE stores. AWS cannot change an index that stands: give it a new name as well.

    \b
    Examples:
      tablewright set projection orders userId-index KEYS_ONLY
    """
    from tablewright.author.features import set_projection

    if (kind == "INCLUDE") is not bool(include):
        raise UsageError(
            "contradictory-options", "Options contradict each other", "INCLUDE wants --include, the others none."
        )
    said = f"projection of {index} set"
    notes = (
        "an index that is deployed cannot be changed: add one of another name, and remove this one after it is built",
    )

    def edit(text: Text) -> Text:
        return set_projection(text, table, index, kind, include)

    return apply(common, template, edit, diff=diff, said=said, notes=notes)
