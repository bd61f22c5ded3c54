"""``tablewright cost``: what the tables of a template cost a month, and what another way of billing would."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, display_options, duration, where_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.cost.estimate import Estimate
    from tablewright.cost.options import Option
    from tablewright.cost.priced import PricedStack
    from tablewright.model.workload import TableLoad, Workload


@click.command(name="cost", short_help="Say what tables cost a month, and what would cost less.")
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
@click.option("--stack", metavar="NAME", help="The stack to measure (default: tablewright.toml's).")
@click.option(
    "--against",
    metavar="TEMPLATE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Show what changes from this template to TEMPLATE.",
)
@where_options
@display_options(("human", "plain", "json", "markdown"))
def command(
    common: Common,
    template: Path | None,
    file: Path | None,
    measured: bool,
    since: float,
    stack: str | None,
    against: Path | None,
) -> int:
    """Say what the tables of TEMPLATE cost a month, line by line, and what another way of billing them would cost.

    The workload is given as a file, or measured. Without either, only what costs without requests is counted: provisioned
    units, alarms, dashboards. Prices are list prices of a date that is shown, free tiers not taken off; a region without
    prices is refused, and what was assumed is listed.

    \b
    Examples:
      tablewright cost --workload workload.toml --region us-east-1
      tablewright cost --measured
      tablewright cost new.yaml --against old.yaml --workload workload.toml --output markdown
    """
    from tablewright.author.costing import priced_stack
    from tablewright.cli.target import project_settings, read_template
    from tablewright.cost.estimate import estimate_stack
    from tablewright.cost.options import break_evens
    from tablewright.cost.prices import prices

    if file is not None and measured:
        raise UsageError("contradictory-options", "Options contradict each other", "Give --workload or --measured.")
    settings = project_settings(common, stack)
    path = template or settings.template
    if path is None:
        raise UsageError("no-template", "No template is named", "Name it, or run the command inside the project.")
    region = common.region or settings.region or "us-east-1"
    parameters = {} if template is not None and template.resolve() != settings.template else settings.parameters
    told = priced_stack(read_template(path), str(path), parameters)
    workload = _workload(common, file, measured, since, stack)
    loads = _loads(workload, told)
    listed = prices()
    estimate = estimate_stack(told, loads, listed, region)
    if workload.source == _NONE:
        estimate = replace(
            estimate, assumptions=("no workload is given: requests and storage are not counted", *estimate.assumptions)
        )
    out = output(sys.stdout, color=common.color)
    if against is not None:
        old = priced_stack(read_template(against), str(against), parameters)
        before = estimate_stack(old, _loads(workload, old, partly=True), listed, region)
        _show_difference(before, estimate, (str(against), str(path)), common)
        return exits.DONE.code
    choices = _choices(told, loads, region) if workload.source != _NONE else []
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode(_body(estimate, choices, region, listed.date, workload.source), out))
        return exits.DONE.code
    from tablewright.cli.faces.cost_screen import cost_lines

    breaks = break_evens(listed, region) if choices else ()
    shown = cost_lines(
        estimate,
        choices,
        breaks,
        region=region,
        date=listed.date,
        source=workload.source,
        columns=out.width,
        marks=out.marks,
    )
    if common.output == "markdown":
        out.text("```text")
    out.lines(shown)
    if common.output == "markdown":
        out.text("```")
    return exits.DONE.code


_NONE = "none given"


def _workload(common: Common, file: Path | None, measured: bool, since: float, stack: str | None) -> Workload:
    from tablewright.model.workload import Workload

    if file is not None:
        from tablewright.cost.workload_file import read_workload

        try:
            return read_workload(file.read_text(encoding="utf-8"), str(file))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("workload-unreadable", "The workload cannot be read", f"{file}: {error}.") from None
    if measured:
        from datetime import timedelta

        from tablewright.cli.looking_at import looked_at
        from tablewright.watch.run import measure_loads

        subject = looked_at(common, (), stack)
        found = measure_loads(subject.tables, subject.account, span=timedelta(seconds=since), until=subject.now())
        names = {each.physical_id: each.logical_id for each in subject.resources}
        by_logical = {names.get(name, name): load for name, load in found.tables.items()}
        return Workload({**found.tables, **by_logical}, found.source)
    return Workload({}, _NONE)


def _loads(workload: Workload, stack: PricedStack, *, partly: bool = False) -> dict[str, TableLoad]:
    """The loads by logical ID. A file that names a table which the template lacks is a mistake."""
    names = {table.logical_id for table in stack.tables} | {table.name for table in stack.tables}
    unknown = sorted(set(workload.tables) - names)
    if unknown and not partly and not workload.source.startswith("metrics"):
        raise UsageError(
            "workload-malformed",
            "The workload names a table that the template lacks",
            f"{workload.source} names {', '.join(unknown)}. The template has {', '.join(sorted(names)) or 'no table'}.",
        )
    return dict(workload.tables)


def _choices(stack: PricedStack, loads: dict[str, TableLoad], region: str) -> list[tuple[str, tuple[Option, ...]]]:
    from tablewright.cost.options import options
    from tablewright.cost.prices import prices

    found = []
    for table in stack.tables:
        load = loads.get(table.logical_id) or loads.get(table.name)
        if load is not None and not table.replicas:
            ways = options(table, load, prices(), region)
            if ways:
                found.append((table.name, ways))
    return found


def _show_difference(before: Estimate, after: Estimate, names: tuple[str, str], common: Common) -> None:
    from tablewright.cli.faces import cost_screen

    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        body = {
            "before_usd": str(before.usd),
            "after_usd": str(after.usd),
            "changes": {name: str(amount) for name, amount in cost_screen.changes(before, after)},
        }
        out.text(encode(body, out))
    elif common.output == "markdown":
        out.text(cost_screen.difference_page(before, after, names).rstrip("\n"))
    else:
        out.lines(cost_screen.difference_lines(before, after, names, out.width))


def _body(
    estimate: Estimate, choices: list[tuple[str, tuple[Option, ...]]], region: str, date: str, source: str
) -> dict[str, object]:
    return {
        "usd": str(estimate.usd),
        "region": region,
        "prices": date,
        "workload": source,
        "lines": [
            {k: str(v) if k in ("quantity", "usd") else v for k, v in asdict(line).items()} for line in estimate.lines
        ],
        "options": {
            name: [
                {"name": way.name, "usd": str(way.usd), "present": way.present, "command": way.command} for way in ways
            ]
            for name, ways in choices
        },
        "assumptions": list(estimate.assumptions),
        "missing": list(estimate.missing),
    }
