"""``tablewright remove``: a table, an index and the like, out of the template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli.edited import apply, edit_options, editing_options
from tablewright.cli.options import Common, common_options
from tablewright.cli.replica import remove as replica
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.author.editing import Text


@click.group(name="remove", short_help="Remove a table, an index, TTL and the like from the template.")
def command() -> None:
    """Remove from the template, in place, with what only belonged to it. Nothing at AWS is changed before the next deploy.

    \b
    Examples:
      tablewright remove index orders userId-index
      tablewright remove table orders --diff
    """


@command.command(short_help="Remove a table, in two steps where it holds data.")
@click.argument("name", metavar="TABLE")
@click.option("--stack", metavar="NAME", help="The stack that owns it (default: the environment's).")
@click.option("--never-deployed", is_flag=True, help="Ask nobody: the table was never deployed.")
@edit_options
@common_options
def table(
    common: Common, name: str, stack: str | None, never_deployed: bool, template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Remove TABLE from the template, with its alarms and outputs.

    CloudFormation goes by the deletion policy that is deployed, not by the one in the file. So that is looked at first: unless
    it keeps the table, only DeletionPolicy: Retain is written, to be deployed before this is run again.

    \b
    Examples:
      tablewright remove table orders --local
      tablewright remove table orders --never-deployed --diff
    """
    from tablewright.author.removal import keep, remove_table

    free = never_deployed or _is_kept(common, template, name, stack)
    if free:
        notes = () if never_deployed else _not_looked_at(common, stack)
        said = f"table {name} removed"
        return apply(common, template, lambda text: remove_table(text, name), diff=diff, said=said, notes=notes)
    notes = ("the deployed stack would delete it: deploy this, then run the same command again",)
    return apply(common, template, lambda text: keep(text, name), diff=diff, said=f"table {name} retained", notes=notes)


def _not_looked_at(common: Common, stack: str | None) -> tuple[str, ...]:
    """What is to be said where other environments are deployed from the same template: each has a deletion policy of its own."""
    from tablewright.settings import load_settings

    settings = load_settings((common.project or Path.cwd()).absolute())
    if settings is None or stack is not None:
        return ()
    chosen = common.env or settings.default_environment
    others = [name for name in settings.environments if name != chosen]
    if not others:
        return ()
    commands = ", ".join(f"tablewright plan --env {name}" for name in others)
    return (f"only {chosen} was looked at: what the others would lose, and deploy would refuse, says {commands}",)


def _is_kept(common: Common, template: Path | None, name: str, stack: str | None) -> bool:
    """Whether the deployed stack would leave the table alone when it leaves the template."""
    from tablewright.author.editing import Text
    from tablewright.author.removal import KEEPING
    from tablewright.author.siblings import family
    from tablewright.cli.target import find, open_target, read_template
    from tablewright.template.tree import Scalar

    target = find(common, stack=stack)
    account = open_target(common, target.settings)
    found = account.stacks.describe(target.stack)
    if found is None:
        return True
    path = template or target.settings.existing_template()
    logical = family(Text(read_template(path), str(path))).named(name).logical_id
    deployed = Text(account.stacks.template(found.id), f"the template of {target.stack}")
    if deployed.at(("Resources", logical)) is None:
        return True
    policy = deployed.at(("Resources", logical, "DeletionPolicy"))
    return isinstance(policy, Scalar) and policy.text in KEEPING


@command.command(short_help="Remove a global secondary index.")
@click.argument("table")
@click.argument("name", metavar="INDEX")
@editing_options
def index(common: Common, table: str, name: str, template: Path | None, diff: bool) -> int:
    """Remove a global index from TABLE, with its alarms and the attributes that only it used.

    \b
    Examples:
      tablewright remove index ai-chef-results sessionId-index --diff
    """
    from tablewright.author.removal import remove_index

    said = f"index {name} removed from {table}"
    return apply(common, template, lambda text: remove_index(text, table, name), diff=diff, said=said)


def _setting(common: Common, table: str, key: str, what: str, template: Path | None, diff: bool) -> int:
    from tablewright.author.removal import remove_setting

    def edit(text: Text) -> Text:
        return remove_setting(text, table, key, what)

    return apply(common, template, edit, diff=diff, said=f"{what} removed from {table}")


@command.command(short_help="Let items expire no more.")
@click.argument("table")
@editing_options
def ttl(common: Common, table: str, template: Path | None, diff: bool) -> int:
    """Let items of TABLE expire no more.

    \b
    Examples:
      tablewright remove ttl ai-chef-sessions
    """
    return _setting(common, table, "TimeToLiveSpecification", "TTL", template, diff)


@command.command(short_help="Remove a table's stream.")
@click.argument("table")
@editing_options
def stream(common: Common, table: str, template: Path | None, diff: bool) -> int:
    """Remove the stream of TABLE. Its consumers are not looked for: plan does that.

    \b
    Examples:
      tablewright remove stream ai-chef-results --diff
    """
    return _setting(common, table, "StreamSpecification", "stream", template, diff)


@command.command(short_help="Remove a tag.")
@click.argument("table")
@click.argument("key")
@editing_options
def tag(common: Common, table: str, key: str, template: Path | None, diff: bool) -> int:
    """Remove a tag of TABLE.

    \b
    Examples:
      tablewright remove tag ai-chef-results CostCenter
    """
    from tablewright.author.removal import remove_tag

    said = f"tag {key} removed from {table}"
    return apply(common, template, lambda text: remove_tag(text, table, key), diff=diff, said=said)


@command.command(short_help="Remove alarms by their logical IDs, or those of a table.")
@click.argument("names", nargs=-1, metavar="[LOGICALID ...]")
@click.option(
    "--of", "of_table", default="", metavar="TABLE", help="All alarms of this table, its indexes and readers."
)
@click.option("--index", "of_index", default="", metavar="NAME", help="With --of: those of this index only.")
@editing_options
def alarm(
    common: Common, names: tuple[str, ...], of_table: str, of_index: str, template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Remove alarms, and the composite alarms that were over none but these.

    \b
    Examples:
      tablewright remove alarm OrdersTableErrorAlarm
      tablewright remove alarm --of ai-chef-results --diff
    """
    from tablewright.author.removal import alarms_of, remove_alarms

    if bool(names) == bool(of_table):
        raise UsageError("contradictory-options", "Options contradict each other", "Name alarms, or a table with --of.")
    if of_index and not of_table:
        raise UsageError("contradictory-options", "Options contradict each other", "--index goes with --of TABLE.")

    def edit(text: Text) -> Text:
        return remove_alarms(text, names or alarms_of(text, of_table, of_index))

    said = f"{', '.join(names)} removed" if names else f"alarms of {of_index or of_table} removed"
    return apply(common, template, edit, diff=diff, said=said)


@command.command(short_help="Remove a topic and its subscriptions.")
@click.argument("name", metavar="TOPIC")
@editing_options
def topic(common: Common, name: str, template: Path | None, diff: bool) -> int:
    """Remove an SNS topic that nothing tells any more, with its subscriptions, by its logical ID.

    \b
    Examples:
      tablewright remove topic AlarmTopic --diff
    """
    from tablewright.author.removal import remove_topic

    said = f"topic {name} removed"
    return apply(common, template, lambda text: remove_topic(text, name), diff=diff, said=said)


@command.command(short_help="Remove the subscription of an address.")
@click.argument("address", metavar="ADDRESS")
@editing_options
def email(common: Common, address: str, template: Path | None, diff: bool) -> int:
    """Remove the subscriptions of an email address to the topics of the template.

    \b
    Examples:
      tablewright remove email ops@example.com --diff
    """
    from tablewright.author.removal import remove_email

    return apply(common, template, lambda text: remove_email(text, address), diff=diff, said=f"{address} removed")


@command.command(short_help="Remove a dashboard.")
@click.argument("name", default="TablesDashboard", metavar="[LOGICALID]")
@editing_options
def dashboard(common: Common, name: str, template: Path | None, diff: bool) -> int:
    """Remove a dashboard by its logical ID, TablesDashboard where none is given.

    \b
    Examples:
      tablewright remove dashboard --diff
    """
    from tablewright.author.removal import remove_dashboard

    return apply(common, template, lambda text: remove_dashboard(text, name), diff=diff, said=f"{name} removed")


@command.command(short_help="Remove an output.")
@click.argument("name", metavar="OUTPUT")
@editing_options
def output(common: Common, name: str, template: Path | None, diff: bool) -> int:
    """Remove an output. Another stack that imports it makes the next deployment fail: AWS refuses it.

    \b
    Examples:
      tablewright remove output OrdersTableArn
    """
    from tablewright.author.removal import remove_named

    return apply(common, template, lambda text: remove_named(text, "Outputs", name), diff=diff, said=f"{name} removed")


@command.command(short_help="Remove a table's auto scaling.")
@click.argument("table")
@click.option("--index", "of", default="", metavar="NAME", help="Of this index instead of the table.")
@editing_options
def autoscaling(common: Common, table: str, of: str, template: Path | None, diff: bool) -> int:
    """Remove the auto scaling of TABLE, or of an index, whoever wrote it.

    What only it used goes with it: outputs, and a role that scales nothing else. Where something else refers to it, nothing is
    changed.

    \b
    Examples:
      tablewright remove autoscaling orders
    """
    from tablewright.author.unscaling import remove_scaling

    said = f"auto scaling removed from {of or table}"
    return apply(common, template, lambda text: remove_scaling(text, table, of), diff=diff, said=said)


command.add_command(replica)


@command.command(short_help="Remove a policy by its logical ID, or a table's own.")
@click.argument("name", metavar="[LOGICALID]", default="")
@click.option("--of", "of_table", default="", metavar="TABLE", help="The own policy of this table.")
@click.option("--stream", is_flag=True, help="With --of: the own policy of its stream.")
@editing_options
def policy(
    common: Common, name: str, of_table: str, stream: bool, template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Remove a policy or a role by its logical ID, as tablewright add policy wrote it, or the own policy of a table.

    \b
    Examples:
      tablewright remove policy ReadResults --diff
      tablewright remove policy --of ai-chef-results
    """
    from tablewright.author.granting import remove_own_policy
    from tablewright.author.removal import remove_policy

    if bool(name) == bool(of_table) or (stream and not of_table):
        words = "Name a policy, or a table with --of; --stream goes with --of."
        raise UsageError("contradictory-options", "Options contradict each other", words)

    def edit(text: Text) -> Text:
        return remove_own_policy(text, of_table, stream=stream) if of_table else remove_policy(text, name)

    return apply(common, template, edit, diff=diff, said=f"{name or f'own policy of {of_table}'} removed")
