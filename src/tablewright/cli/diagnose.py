"""``tablewright diagnose``: what is wrong with tables as they run, by their metrics."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, display_options, duration, pairs, where_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.model.diagnosis import DiagnosisReport


@click.command(name="diagnose", short_help="Say what is wrong with tables as they run, and what to do.")
@click.argument("tables", nargs=-1)
@click.option("--stack", metavar="NAME", help="All tables of this stack (default: tablewright.toml's).")
@click.option(
    "--since", metavar="SPAN", default="24h", show_default=True, callback=duration, help="How far back to look."
)
@click.option("--explain", is_flag=True, help="Show every question that was asked, and its answer.")
@click.option(
    "--reader",
    "readers",
    multiple=True,
    metavar="TABLE=FUNCTION",
    help="A function that reads the table's stream, where Lambda cannot be asked; repeatable.",
)
@click.option("--error", "error", metavar="TEXT", help="Explain an exception's text instead (- reads standard input).")
@click.option(
    "--html", "html", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here too."
)
@where_options
@display_options(("human", "plain", "json", "markdown"))
def command(
    common: Common,
    tables: tuple[str, ...],
    stack: str | None,
    since: float,
    explain: bool,
    readers: tuple[str, ...],
    error: str | None,
    html: Path | None,
) -> int:
    """Say what is wrong with TABLES as they run, and what to do about it.

    TABLES are names of tables; without them, all tables of the stack are looked at. Fourteen questions are asked of their
    metrics: throttling by its cause, hot partitions, ceilings and quotas, indexes that hold up writes, latency, errors, TTL
    that does not delete, streams that lag, surges of cost, and capacity that is paid for and not used. Each answer comes
    with its evidence, how sure it is, and a remedy. No data is said as no data. Only reads; CloudWatch bills each metric.

    Exits with 1 when something is wrong.

    \b
    Examples:
      tablewright diagnose
      tablewright diagnose orders --since 6h --region eu-west-1
      tablewright diagnose --html report.html --output markdown
      tablewright diagnose --error "$(tail -1 app.log)"
    """
    if error is not None:
        return _explain(common, error)
    from tablewright.cli.alive import alive
    from tablewright.cli.items_target import hides
    from tablewright.cli.looking_at import looked_at
    from tablewright.watch.run import diagnose

    subject = looked_at(common, tables, stack)
    given = pairs("--reader", readers)
    with alive("reading the tables' metrics"):
        report = diagnose(
            subject.tables,
            subject.account,
            span=timedelta(seconds=since),
            until=subject.now(),
            readers={table: (function,) for table, function in given.items()},
            hides=hides(common),
        )
    _show(report, common, explain=explain, html=html)
    return exits.FAILED.code if report.diagnoses else exits.DONE.code


def _explain(common: Common, error: str) -> int:
    from tablewright.watch.reasons import explain

    text = sys.stdin.read() if error == "-" else error
    found = explain(text)
    out = output(sys.stdout, color=common.color)
    if not found:
        raise UsageError(
            "nothing-to-explain",
            "The text names no throttling reason",
            "No ThrottlingReasons and no throttling exception of DynamoDB is in it. Give the whole text of the exception: "
            "newer SDKs put the reasons into its message.",
        )
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.events import as_plain

        for each in found:
            out.text(encode(as_plain(each), out))
    else:
        from tablewright.cli.faces.diagnosis_screen import explained_lines

        out.lines(explained_lines(found, out.width))
    return exits.DONE.code


def _show(report: DiagnosisReport, common: Common, *, explain: bool, html: Path | None) -> None:
    out = output(sys.stdout, color=common.color)
    if html is not None:
        from tablewright.cli.faces.diagnosis_pages import html_page

        try:
            with click.open_file(str(html), "w", encoding="utf-8", atomic=True) as page:
                page.write(html_page(report))
        except OSError as failed:
            raise UsageError("unwritable", "The report cannot be written", f"{html}: {failed.strerror}.") from None
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.events import as_plain

        body = as_plain(replace(report, series={}))
        assert isinstance(body, dict)
        out.text(encode(body, out))
    elif common.output == "markdown":
        from tablewright.cli.faces.diagnosis_pages import markdown_page

        out.text(markdown_page(report).rstrip("\n"))
    else:
        from tablewright.cli.faces.diagnosis_screen import diagnosis_lines

        out.lines(diagnosis_lines(report, out.width, out.marks, explain=explain))
