"""``tablewright add``: a table, an index and the like, written into the template as a careful person would."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli.add_alarm import alarm
from tablewright.cli.add_dashboard import dashboard
from tablewright.cli.edited import apply, chosen_template, editing_options, project_region
from tablewright.cli.faces.cells import fit
from tablewright.cli.options import Common
from tablewright.cli.replica import add as replica
from tablewright.cli.target import read_template
from tablewright.cli.terminal import can_ask
from tablewright.cli.terminal import output as showing
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.author.editing import Text

_VIEWS = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")
_PROJECTIONS = ("ALL", "KEYS_ONLY", "INCLUDE")


@click.group(name="add", short_help="Add a table, an index, TTL and the like to the template.")
def command() -> None:
    """Add to the template, in place: comments, order, quoting and line ends of what stands there stay to the byte.

    What is added follows the names and the style of what it stands beside. An edit that would leave the template wrong by
    tablewright check is refused. --diff shows it and changes nothing.

    \b
    Examples:
      tablewright add table orders --key orderId
      tablewright add index orders userId --diff
      tablewright deploy
    """


@command.command(short_help="Add a table, with recovery, tags, an alarm and outputs.")
@click.argument("name")
@click.option("--key", default="id", show_default=True, metavar="NAME:TYPE", help="Partition key; TYPE is S, N or B.")
@click.option("--sort", metavar="NAME:TYPE", help="Sort key.")
@click.option("--like", default="", metavar="TABLE", help="The table to take after (default: the last).")
@click.option("--whole-name", is_flag=True, help="NAME is the whole name: no prefix or suffix of the others'.")
@click.option("--alarm/--no-alarm", default=True, help="An alarm on its throttles (default), or none.")
@click.option("--outputs/--no-outputs", default=True, help="Exported outputs (default), or none.")
@click.option("--reserved", is_flag=True, help="Keys may be reserved words of DynamoDB.")
@editing_options
def table(
    common: Common, name: str, key: str, sort: str | None, like: str, whole_name: bool, alarm: bool, outputs: bool,
    reserved: bool, template: Path | None, diff: bool,
) -> int:  # fmt: skip
    """Add a table: on demand, with point-in-time recovery, policies that keep it, tags and names as its siblings have,
    an alarm that can fire, and exported outputs.

    \b
    Examples:
      tablewright add table orders --key orderId
      tablewright add table events --key PK --sort SK:N --like ai-chef-results --diff
    """
    from tablewright.author.tables import NewTable, add_table, key_of

    wish = NewTable(name, key_of(key), key_of(sort) if sort else None, like, alarm, outputs, reserved, whole_name)
    return apply(common, template, lambda text: add_table(text, wish), diff=diff, said=f"table {name} added")


@command.command(short_help="Add a global secondary index, with its alarm.")
@click.argument("table")
@click.argument("key", metavar="ATTRIBUTE[:TYPE]")
@click.option("--sort", metavar="NAME:TYPE", help="Sort key of the index.")
@click.option("--name", default="", metavar="NAME", help="Its name (default: ATTRIBUTE-index).")
@click.option("--projection", type=click.Choice(_PROJECTIONS), help="What it stores (asked on a terminal; else ALL).")
@click.option("--include", multiple=True, metavar="NAME", help="Attributes of INCLUDE; repeatable.")
@click.option("--alarm/--no-alarm", default=True, help="An alarm on its throttles (default), or none.")
@click.option("--reserved", is_flag=True, help="Keys may be reserved words of DynamoDB.")
@editing_options
def index(
    common: Common, table: str, key: str, sort: str | None, name: str, projection: str | None, include: tuple[str, ...],
    alarm: bool, reserved: bool, template: Path | None, diff: bool,
) -> int:  # fmt: skip
    """Add a global secondary index to TABLE on an attribute, S unless said otherwise.

    \b
    Examples:
      tablewright add index ai-chef-results userId
      tablewright add index orders userId --sort createdAt:N --projection INCLUDE --include total
    """
    from tablewright.author.indexes import PROJECTIONS, NewIndex, add_index
    from tablewright.author.tables import key_of

    chosen = projection or ("INCLUDE" if include else _projection(common, template, table))
    if chosen == "INCLUDE" and not include and can_ask():
        include = tuple(str(click.prompt("Which attributes, with spaces between", err=True)).split())
    wish = NewIndex(table, key_of(key), key_of(sort) if sort else None, name, chosen, include, alarm, reserved)
    said = f"index {name or wish.key.name + '-index'} added to {table}"
    notes = (f"projection {chosen}: {PROJECTIONS[chosen]}", "every write to the table that touches it is written again")
    return apply(common, template, lambda text: add_index(text, wish), diff=diff, said=said, notes=notes)


def _projection(common: Common, template: Path | None, table: str) -> str:
    """Asked for on a terminal, with what each costs."""
    if not can_ask():
        return "ALL"
    from tablewright.author.editing import Text
    from tablewright.author.index_cost import costs
    from tablewright.author.indexes import PROJECTIONS
    from tablewright.author.siblings import family

    path = chosen_template(common, template)
    told, basis = costs(family(Text(read_template(path), str(path))).named(table), project_region(common))
    err = showing(sys.stderr)
    for kind, meaning in PROJECTIONS.items():
        for line, mark in zip(fit(f"{meaning}\n{told[kind]}", err.width - 13), (kind, *[""] * 9), strict=False):
            err.text(f"  {mark:<10} {line}")
    for line in fit(f"({basis})", err.width - 2):
        err.text(f"  {line}")
    return str(click.prompt("What is the index to store", type=click.Choice(_PROJECTIONS), default="ALL", err=True))


@command.command(short_help="Let items expire.")
@click.argument("table")
@click.argument("attribute")
@editing_options
def ttl(common: Common, table: str, attribute: str, template: Path | None, diff: bool) -> int:
    """Let DynamoDB delete the items of TABLE some time after the epoch seconds in ATTRIBUTE.

    \b
    Examples:
      tablewright add ttl ai-chef-results expiresAt
    """
    from tablewright.author.features import add_ttl

    return apply(
        common, template, lambda text: add_ttl(text, table, attribute), diff=diff, said=f"TTL added to {table}"
    )


@command.command(short_help="Add a stream of a table's changes.")
@click.argument("table")
@click.option("--view", type=click.Choice(_VIEWS), default=_VIEWS[0], show_default=True, help="What the stream holds.")
@editing_options
def stream(common: Common, table: str, view: str, template: Path | None, diff: bool) -> int:
    """Add a stream of the changes of TABLE.

    \b
    Examples:
      tablewright add stream ai-chef-results --view NEW_IMAGE
    """
    from tablewright.author.features import add_stream

    return apply(
        common, template, lambda text: add_stream(text, table, view), diff=diff, said=f"stream added to {table}"
    )


@command.command(short_help="Add an exported output.")
@click.argument("table")
@click.argument("what", type=click.Choice(("name", "arn", "stream-arn")))
@editing_options
def output(common: Common, table: str, what: str, template: Path | None, diff: bool) -> int:
    """Add an exported output with the name, the ARN or the stream's ARN of TABLE.

    \b
    Examples:
      tablewright add output ai-chef-results arn
    """
    from tablewright.author.features import add_output

    return apply(
        common, template, lambda text: add_output(text, table, what), diff=diff, said=f"output added for {table}"
    )


@command.command(short_help="Add a tag to a table.")
@click.argument("table")
@click.argument("tag", metavar="KEY=VALUE")
@editing_options
def tag(common: Common, table: str, tag: str, template: Path | None, diff: bool) -> int:
    """Add a tag to TABLE.

    \b
    Examples:
      tablewright add tag ai-chef-results CostCenter=42
    """
    from tablewright.author.features import add_tag

    key, equals, value = tag.partition("=")
    if not equals or not key:
        raise UsageError("malformed-option", "The tag is malformed", f"{tag!r} is not KEY=VALUE.")
    return apply(
        common, template, lambda text: add_tag(text, table, key, value), diff=diff, said=f"tag {key} added to {table}"
    )


@command.command(short_help="Add a policy from access patterns.")
@click.argument("patterns", nargs=-1, required=True, metavar="PATTERN ...")
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this table; repeatable.")
@click.option(
    "--as",
    "kind",
    type=click.Choice(("managed-policy", "role", "table", "stream")),
    default="managed-policy",
    show_default=True,
    help="A managed policy, a role with it, or the own policy of the table or its stream.",
)
@click.option(
    "--principal",
    "principals",
    multiple=True,
    metavar="ARN|SERVICE",
    help="role: the service that runs the program; table, stream: whom it lets in; repeatable.",
)
@click.option("--leading-keys", multiple=True, metavar="VALUE", help="Only items of this partition key; repeatable.")
@click.option("--attribute", "attributes", multiple=True, metavar="NAME", help="Only this attribute; repeatable.")
@click.option("--name", default="TablesAccess", show_default=True, metavar="LOGICALID", help="Its logical ID.")
@editing_options
def policy(
    common: Common, patterns: tuple[str, ...], tables: tuple[str, ...], kind: str, principals: tuple[str, ...],
    leading_keys: tuple[str, ...], attributes: tuple[str, ...], name: str, template: Path | None, diff: bool,
) -> int:  # fmt: skip
    """Add a policy that allows what PATTERNs say, and nothing else, to the template that owns the tables. tablewright policy
    patterns lists the patterns.

    \b
    Examples:
      tablewright add policy read query:sessionId-index --table ai-chef-results --name ReadResults
      tablewright add policy read write --as role --principal lambda.amazonaws.com --name WorkerRole
      tablewright add policy read --as table --table ai-chef-results --principal arn:aws:iam::111122223333:role/Reader
    """
    from tablewright.access.grant import Options
    from tablewright.access.patterns import wish
    from tablewright.author.granting import add_policy

    wishes = tuple(wish(one) for one in patterns)
    options = Options(leading_keys, principals=principals, attributes=attributes)

    def edit(text: Text) -> Text:
        return add_policy(text, wishes, tables, name, kind=kind, options=options)

    said = f"the {kind}'s own policy added" if kind in ("table", "stream") else f"{kind.replace('-', ' ')} {name} added"
    return apply(common, template, edit, diff=diff, said=said)


@command.command(short_help="Let a provisioned table's capacity follow its use.")
@click.argument("table")
@click.option("--min", "least", type=click.IntRange(1), required=True, help="The least units, of reads and of writes.")
@click.option("--max", "most", type=click.IntRange(1), required=True, help="The most units.")
@click.option(
    "--percent", type=click.IntRange(20, 90), default=70, show_default=True, help="How much of them is to be used."
)
@click.option("--index", "of", default="", metavar="NAME", help="Of this index instead of the table.")
@editing_options
def autoscaling(
    common: Common, table: str, least: int, most: int, percent: int, of: str, template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Let the capacity of a provisioned TABLE, or of an index, follow its use.

    \b
    Examples:
      tablewright add autoscaling orders --min 5 --max 100
    """
    from tablewright.author.scaling import Scaling, add_scaling

    wish = Scaling(table, least, most, percent, of)
    return apply(
        common, template, lambda text: add_scaling(text, wish), diff=diff, said=f"auto scaling added to {of or table}"
    )


command.add_command(alarm)
command.add_command(dashboard)
command.add_command(replica)
