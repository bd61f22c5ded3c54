"""``tablewright add alarm``: one alarm, some kinds, or the recommended set; with whom they tell and what they cost."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.edited import apply, chosen_template, edit_options, project_region
from tablewright.cli.options import Common, common_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.author.alarm_plan import Measured, Place, Wish
    from tablewright.author.editing import Text

_KINDS = (
    "throttled-reads", "throttled-writes", "hot-partition", "account-limit", "capacity", "ceiling", "system-errors", "latency",
    "query-latency", "conditional-checks", "transaction-conflicts", "account-reads", "account-writes", "user-errors",
    "replication-latency", "ttl-stopped", "kinesis-failed", "kinesis-lag", "stream-lag",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were given."""

    table: str | None
    of: str
    sets: str | None
    kinds: tuple[str, ...]
    threshold: int | None
    measured: int | None
    topic: str
    emails: tuple[str, ...]
    no_topic: bool
    composite: bool
    queries: bool
    listed: bool
    stack: str | None

    @property
    def one_alarm(self) -> bool:
        """Whether only the alarm on throttles is asked for."""
        more = (self.sets, self.kinds, self.threshold, self.measured, self.topic, self.emails)
        return not any(more) and not (self.no_topic or self.composite or self.queries or self.listed)


@click.command(short_help="Add alarms that can fire: one, some kinds, or the recommended set.")
@click.argument("table", required=False)
@click.option("--index", "of", default="", metavar="NAME", help="On this index only.")
@click.option("--set", "sets", type=click.Choice(["recommended"]), help="AWS's recommended alarms, as far as they fit.")
@click.option(
    "--kind", "kinds", type=click.Choice(_KINDS), multiple=True, metavar="KIND", help="This kind; repeatable."
)
@click.option("--threshold", type=click.IntRange(0), metavar="N", help="The threshold, with one --kind.")
@click.option(
    "--measured",
    type=click.IntRange(1, 15),
    metavar="DAYS",
    help="Thresholds from the past DAYS of the deployed tables (CloudWatch keeps minutes for 15).",
)
@click.option("--stack", metavar="NAME", help="The stack to measure (default: the environment's).")
@click.option(
    "--topic", default="", metavar="TOPIC", help="Whom they tell: a topic or parameter of the template, or an ARN."
)
@click.option("--email", "emails", multiple=True, metavar="ADDRESS", help="Subscribe this address; repeatable.")
@click.option("--no-topic", is_flag=True, help="Tell nobody.")
@click.option("--composite", is_flag=True, help="One alarm over those of each table; it alone tells somebody.")
@click.option(
    "--queries", is_flag=True, help="System errors by Metrics Insights, billed by the metrics that there are."
)
@click.option("--list", "listed", is_flag=True, help="Say what would be added and why, and what not; change nothing.")
@edit_options
@common_options
def alarm(
    common: Common, table: str | None, of: str, sets: str | None, kinds: tuple[str, ...], threshold: int | None,
    measured: int | None, topic: str, emails: tuple[str, ...], no_topic: bool, composite: bool, queries: bool, listed: bool,
    stack: str | None, template: Path | None, diff: bool,
) -> int:  # fmt: skip
    """Add alarms on metrics that TABLE, or every table without it, has. With TABLE alone: one on its throttles.

    \b
    The kinds, * in the recommended set where they fit:
      throttled-reads*, throttled-writes*     of a table and of each index
      hot-partition*, account-limit*,         throttles by cause
      capacity*, ceiling*
      system-errors*, latency*, query-latency
      conditional-checks, transaction-conflicts
      account-reads*, account-writes*, user-errors
      replication-latency*, ttl-stopped*, stream-lag*, kinesis-failed*, kinesis-lag*

    What an alarm of the template watches already is left out, so the set can be asked for again after a change. A threshold
    that was neither given nor measured is an assumption, and the alarm's description says so.

    \b
    Examples:
      tablewright add alarm ai-chef-results
      tablewright add alarm --set recommended --list
      tablewright add alarm --set recommended --email ops@example.com --composite
      tablewright add alarm orders --kind conditional-checks --threshold 100
      tablewright add alarm orders --set recommended --measured 14
    """
    asked = Asked(
        table, of, sets, kinds, threshold, measured, topic, emails, no_topic, composite, queries, listed, stack
    )
    if asked.one_alarm:
        return _throttles(common, asked, template, diff)
    if sets and kinds:
        raise UsageError("contradictory-options", "Options contradict each other", "Give --set or --kind, not both.")
    if no_topic and composite:
        words = "--composite makes one alarm that tells somebody; --no-topic tells nobody."
        raise UsageError("contradictory-options", "Options contradict each other", words)
    return _several(common, asked, template, diff)


def _throttles(common: Common, asked: Asked, template: Path | None, diff: bool) -> int:
    from tablewright.author.watching import add_alarm

    table, of = asked.table, asked.of
    if not table:
        raise UsageError(
            "nothing-asked",
            "Nothing is asked for",
            "Name a table for one alarm on its throttles, or say --set recommended for every table.",
            "tablewright add alarm --set recommended --list",
        )
    said = f"alarm added for {of + ' of ' if of else ''}{table}"
    return apply(common, template, lambda text: add_alarm(text, table, of), diff=diff, said=said)


def _several(common: Common, asked: Asked, template: Path | None, diff: bool) -> int:
    from tablewright.author.alarm_cost import bill
    from tablewright.author.alarm_plan import Wish
    from tablewright.author.alarm_set import AlarmSet, add_alarms
    from tablewright.author.notices import Notice
    from tablewright.author.run import edit_file
    from tablewright.cli.faces.alarm_page import Page

    path = chosen_template(common, template)
    wish = Wish(
        tables=(asked.table,) if asked.table else (),
        index=asked.of,
        kinds=asked.kinds,
        threshold=asked.threshold,
        queries=asked.queries,
    )
    if asked.measured:
        wish = replace(wish, measured=_past(common, asked, path, wish), known=True)
    notice = Notice(asked.topic, asked.emails, asked.no_topic)
    made: list[AlarmSet] = []

    def edit(text: Text) -> Text:
        made.append(add_alarms(text, wish, notice, composite=asked.composite))
        return made[-1].text

    edited = edit_file(path, edit, write=not (diff or asked.listed))
    found = made[-1]
    region = common.region or project_region(common)
    costs = bill(found.planned, len(found.composites), region)
    out = output(sys.stdout, color=common.color)
    written = not (diff or asked.listed)
    page = Page(out, path, edited, found, costs, written, asked.listed, diff, bool(asked.kinds), asked.measured)
    page.show(as_json=common.output == "json")
    return exits.DONE.code


def _past(common: Common, asked: Asked, path: Path, wish: Wish) -> dict[Place, Measured]:
    """What the deployed tables' metrics say. Raises what asking AWS may raise."""
    from tablewright.author.alarm_plan import plan_alarms
    from tablewright.author.editing import Text
    from tablewright.author.run import measure
    from tablewright.cli.target import find, open_target, read_template

    target = find(common, stack=asked.stack)
    account = open_target(common, target.settings)
    stack = account.stacks.describe(target.stack)
    if stack is None:
        raise UsageError(
            "no-such-stack",
            "There is no such stack",
            f"{target.stack} is not deployed there, so nothing can be measured. Without --measured the thresholds are assumed.",
        )
    tables = {one.logical_id: one.physical_id for one in account.stacks.resources(stack.id) if one.physical_id}
    plan = plan_alarms(Text(read_template(path), str(path)), replace(wish, candidates=True))
    assert asked.measured is not None
    return measure(account.observations, plan.planned, tables, days=asked.measured, now=account.clock.now())
