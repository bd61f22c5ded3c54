"""``tablewright add dashboard``: a CloudWatch dashboard of the template's tables, and it again after a change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli.edited import apply, editing_options, project_region, size_note
from tablewright.cli.options import Common

if TYPE_CHECKING:
    from tablewright.author.dashboard import Dashboard
    from tablewright.author.editing import Text


@click.command(short_help="Add a dashboard of the tables, or bring it up to date.")
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this table; repeatable.")
@click.option("--name", default="TablesDashboard", show_default=True, metavar="LOGICALID", help="Its logical ID.")
@click.option(
    "--detail", type=click.Choice(("full", "compact")), help="Rows for a table, or one (default: full up to 8 tables)."
)
@editing_options
def dashboard(
    common: Common, tables: tuple[str, ...], name: str, detail: str | None, template: Path | None, diff: bool
) -> int:  # fmt: skip
    """Add a CloudWatch dashboard: the states of the alarms, throttles and units of all tables side by side, then each table's
    units against its limits, throttles by cause, latency, requests, errors, and what else it has.

    It names tables and alarms by the template's own names. Run again, it is brought up to date.

    \b
    Examples:
      tablewright add dashboard
      tablewright add dashboard --table ai-chef-results --name ResultsDashboard --diff
    """
    from tablewright.author.dashboard import add_dashboard

    made: list[Dashboard] = []

    def edit(text: Text) -> Text:
        made.append(add_dashboard(text, name, tables, detail or "", project_region(common)))
        return made[-1].text

    def notes() -> tuple[str, ...]:
        return _notes(made[-1])

    return apply(common, template, edit, diff=diff, said=f"dashboard {name} written", notes=notes)


def _notes(made: Dashboard) -> tuple[str, ...]:
    from tablewright.cost.prices import prices

    price = prices().price("us-east-1", "dashboard")
    said = [
        f"{made.widgets} widgets with at most {made.metrics:,} metrics, {made.detail}",
        f"cost: ${price.usd:,.2f} a month (list price of us-east-1, {prices().date}; free: {price.free})",
        *(f"left out: {why}" for why in made.left_out),
    ]
    return (*said, *size_note(made.text.text), "next: tablewright plan")
