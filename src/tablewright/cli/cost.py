"""``tablewright cost``: what the tables of a template cost a month, and what would cost less."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.cost_prices import listed_prices, prices
from tablewright.cli.options import Common, display_options, duration, where_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.author.text import Text
    from tablewright.cost.lines import Estimate
    from tablewright.cost.priced import PricedStack
    from tablewright.cost.prices import PriceList
    from tablewright.cost.report import CostReport
    from tablewright.model.workload import TableLoad, Workload

_USUAL = "estimate"
_NONE = "none given"
_MINUTES_KEPT = 15 * 86_400


class CostGroup(click.Group):
    """The command with a sub-command beside: what is not the sub-command's name is the command's own."""

    usual = _USUAL

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take ``cost WORDS`` for the estimate, which has no name of its own."""
        if not args or (args[0] not in self.commands and not {"-h", "--help"} & set(args[:1])):
            args = [_USUAL, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The sub-commands that have a name."""
        return [name for name in super().list_commands(ctx) if name != _USUAL]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The estimate's own."""
        return self.commands[_USUAL].collect_usage_pieces(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The estimate's options, then the sub-commands."""
        given = self.commands[_USUAL].get_params(ctx)
        records = [param.get_help_record(ctx) for param in given if isinstance(param, click.Option)]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record is not None])
        self.format_commands(ctx, formatter)


@click.group(cls=CostGroup, name="cost", short_help="Say what tables cost a month, and what would cost less.")
def command() -> None:
    """Say what the tables of TEMPLATE cost a month, line by line, and what would cost less.

    The workload is given as a file, or measured. Without either, only what costs without requests is counted: provisioned
    units, alarms, dashboards. Prices are list prices of a date that is shown, free tiers not taken off; a region without
    prices is refused, and what was assumed is listed. A saving is shown with its commands, which were tried on the template.

    \b
    Examples:
      tablewright cost --workload workload.toml --region us-east-1
      tablewright cost --measured
      tablewright cost new.yaml --against old.yaml --workload workload.toml --output markdown
    """


@command.command(_USUAL, short_help="What tables cost a month.")
@click.argument("template", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--workload", "file", type=click.Path(dir_okay=False, path_type=Path), help="What is asked of the tables (TOML)."
)
@click.option(
    "--measured", is_flag=True, help="Take the workload from the deployed tables' metrics of the last two weeks."
)
@click.option(
    "--since", metavar="SPAN", default="14d", show_default=True, callback=duration, help="How far back to measure."
)
@click.option(
    "--by-minute",
    is_flag=True,
    help="Measure by the minute, of which CloudWatch keeps 15 days: no peak is hidden, and there are 60 times as many points.",
)
@click.option("--stack", metavar="NAME", help="The stack to measure (default: tablewright.toml's).")
@click.option(
    "--against",
    metavar="TEMPLATE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Show what changes from this template to TEMPLATE.",
)
@click.option(
    "--prices",
    "list_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The price list to go by (default: tablewright-prices.json of the project, else the one shipped).",
)
@where_options
@display_options(("human", "plain", "json", "markdown"))
def estimate(
    common: Common, template: Path | None, file: Path | None, measured: bool, since: float, by_minute: bool, stack: str | None,
    against: Path | None, list_file: Path | None,
) -> int:  # fmt: skip
    """Say what the tables of TEMPLATE cost a month, line by line, and what would cost less."""
    from tablewright.author.costing import priced_stack
    from tablewright.author.text import Text
    from tablewright.cli.target import project_settings, read_template
    from tablewright.cost.estimate import estimate_stack

    if file is not None and measured:
        raise UsageError("contradictory-options", "Options contradict each other", "Give --workload or --measured.")
    settings = project_settings(common, stack)
    path = template or settings.template
    if path is None:
        raise UsageError("no-template", "No template is named", "Name it, or run the command inside the project.")
    region = common.region or settings.region or "us-east-1"
    parameters = {} if template is not None and template.resolve() != settings.template else settings.parameters
    body = read_template(path)
    told = priced_stack(body, str(path), parameters)
    if by_minute and (not measured or since > _MINUTES_KEPT):
        raise UsageError(
            "contradictory-options",
            "Options contradict each other",
            "--by-minute goes with --measured, and --since of 15 days at most: CloudWatch keeps minutes no longer.",
        )
    listed, where = listed_prices(common, list_file)
    listed.check_region(region)  # before CloudWatch is asked, which bills it
    workload = _workload(common, file, measured, since, stack, 60 if by_minute else 3600)
    loads = _loads(workload, told, Text(body, str(path)))
    if against is not None:
        earlier = read_template(against)
        old = priced_stack(earlier, str(against), parameters)
        before = estimate_stack(old, _loads(workload, old, Text(earlier, str(against)), partly=True), listed, region)
        after = estimate_stack(told, _loads(workload, told, Text(body, str(path)), partly=True), listed, region)
        _show_difference(before, after, (str(against), str(path)), common)
        return exits.DONE.code
    report = _report(told, loads, listed, region, workload.source, where)
    if report.advice:
        from tablewright.author.proving import prove

        proven = prove(report.advice, body, str(path), parameters, loads, listed, region)
        report = replace(report, advice=proven)
    _show(report, common)
    return exits.DONE.code


command.add_command(prices)


def _report(
    told: PricedStack, loads: dict[str, TableLoad], listed: PriceList, region: str, source: str, where: str
) -> CostReport:  # fmt: skip
    from tablewright.cost.estimate import estimate_stack
    from tablewright.cost.report import report

    if source == _NONE:
        found = estimate_stack(told, loads, listed, region)
        note = "no workload is given (--measured, --workload FILE): requests and storage are not counted"
        found = replace(found, assumptions=(note, *found.assumptions))
        return report(told, {}, listed, region, source=source, list_name=where, estimate=found)
    return report(told, loads, listed, region, source=source, list_name=where)


def _show(report: CostReport, common: Common) -> None:
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.cost_json import body
        from tablewright.cli.faces.json_lines import encode

        out.text(encode(body(report), out))
        return
    if common.output == "markdown":
        from tablewright.cli.faces.cost_page import page

        out.text(page(report).rstrip("\n"))
        return
    from tablewright.cli.faces.cost_screen import cost_lines

    out.lines(cost_lines(report, columns=out.width, marks=out.marks))


def _workload(
    common: Common, file: Path | None, measured: bool, since: float, stack: str | None, period: int
) -> Workload:  # fmt: skip
    from tablewright.model.workload import Workload

    if file is not None:
        from tablewright.cost.workload_file import read_workload

        try:
            return read_workload(file.read_text(encoding="utf-8"), str(file))
        except (OSError, UnicodeDecodeError) as error:
            told = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(
                "workload-unreadable", "The workload cannot be read", f"{file}: {told}. Give a file that is UTF-8 text."
            ) from None
    if measured:
        from datetime import timedelta

        from tablewright.cli.alive import alive
        from tablewright.cli.looking_at import looked_at
        from tablewright.watch.run import measure_loads

        subject = looked_at(common, (), stack)
        with alive("reading the tables' metrics"):
            found = measure_loads(
                subject.tables, subject.account, span=timedelta(seconds=since), until=subject.now(), period=period
            )
        names = {each.physical_id: each.logical_id for each in subject.resources}
        by_logical = {names.get(name, name): load for name, load in found.tables.items()}
        return Workload({**found.tables, **by_logical}, found.source)
    return Workload({}, _NONE)


def _loads(workload: Workload, stack: PricedStack, text: Text, *, partly: bool = False) -> dict[str, TableLoad]:
    """The loads by logical ID. A file may name a table by what is its own in its name, as commands do; one that the
    template lacks is a mistake, unless it is the load of either of two templates (``partly``).
    """
    from tablewright.author.siblings import family

    if workload.source.startswith("metrics"):
        return dict(workload.tables)
    known = {name: table.logical_id for table in stack.tables for name in (table.logical_id, table.name)}
    loads: dict[str, TableLoad] = {}
    for name, load in workload.tables.items():
        try:
            logical_id = known.get(name) or family(text).named(name).logical_id
        except UsageError as error:
            if partly:
                continue
            raise UsageError(
                "workload-malformed",
                "The workload names a table that the template lacks",
                f"{workload.source}: {error.detail}",
            ) from None
        if logical_id in loads:
            raise UsageError(
                "workload-malformed",
                "The workload names a table twice",
                f"{workload.source}: {name} is {logical_id}, too.",
            )
        loads[logical_id] = load
    return loads


def _show_difference(before: Estimate, after: Estimate, names: tuple[str, str], common: Common) -> None:
    from tablewright.cli.faces import cost_difference

    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode(cost_difference.difference_body(before, after), out))
    elif common.output == "markdown":
        out.text(cost_difference.difference_page(before, after, names).rstrip("\n"))
    else:
        out.lines(cost_difference.difference_lines(before, after, names, out.width))
