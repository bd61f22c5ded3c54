"""``tablewright cost prices``: the price list that estimates go by, and a newer one from AWS."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, display_options, where_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tablewright.cost.prices import PriceList

FILE_NAME = "tablewright-prices.json"
_BESIDE = (
    "CW:AlarmMonitorUsage",
    "CW:MetricInsightAlarmUsage",
    "CW:CompositeAlarmMonitorUsage",
    "CW:ContributorEventsManaged",
    "CW:ContributorRulesManaged",
)
"""What CloudWatch bills of a table; its list is asked for these alone, since it is long."""


def listed_prices(common: Common, file: Path | None) -> tuple[PriceList, str]:
    """The prices to go by, and the file they are from: the one named, else the project's, else ("") the shipped ones."""
    from tablewright.cost.prices import prices, read_prices

    path = file or project_file(common)
    if file is None and not path.exists():
        return prices(), ""
    try:
        return read_prices(path.read_text(encoding="utf-8")), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("prices-unreadable", "The price list cannot be read", f"{path}: {error}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        raise UsageError(
            "prices-unreadable",
            "The price list cannot be read",
            f"{path} is not what cost prices refresh writes. Write it again:",
            "tablewright cost prices refresh",
        ) from None


def project_file(common: Common) -> Path:
    """Where the project keeps its price list: beside tablewright.toml, or here where there is no project."""
    from tablewright.settings import FILE_NAME as SETTINGS

    start = (common.project or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / SETTINGS).exists():
            return folder / FILE_NAME
        if (folder / ".git").exists():
            break
    return start / FILE_NAME


@click.group(
    "prices", invoke_without_command=True, short_help="Each price with its date and source; refresh them from AWS."
)
@click.option("--region", metavar="REGION", help="Those of this region alone.")
@click.option(
    "--project",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to look for the project's list, upwards (default: here).",
)
@click.option("--output", "mode", type=click.Choice(("human", "json")), help="json: one object.")
@click.pass_context
def prices(ctx: click.Context, region: str | None, project: Path | None, mode: str | None) -> int:
    """List the prices that estimates go by, each with its date, how sure it is, and where it was seen.

    \b
    Examples:
      tablewright cost prices --region us-east-1
      tablewright cost prices refresh ap-northeast-2
    """
    if ctx.invoked_subcommand is not None:
        return exits.DONE.code
    listed, where = listed_prices(Common(project=project), None)
    rows = [price for price in listed.rows.values() if region is None or price.region == region]
    if not rows:
        listed.price(str(region), "on-demand.standard.read")  # says which regions there are
    out = output(sys.stdout)
    if mode == "json":
        from tablewright.cli.faces.json_lines import encode

        fields = ("region", "name", "per", "date", "status", "usage_type", "free", "note")
        told = [
            {
                **{field: getattr(price, field) for field in fields},
                "usd": f"{price.usd:f}",
                "sources": [listed.sources[source] for source in price.sources],
            }
            for price in rows
        ]
        out.text(encode({"list": where or "shipped", "date": listed.date, "prices": told}, out))
        return exits.DONE.code
    from tablewright.cli.faces.price_screen import price_lines

    out.lines(price_lines(listed, rows, where, out.width, out.marks))
    return exits.DONE.code


@prices.command("refresh", short_help="Read the prices of regions from AWS's price list.")
@click.argument("regions", nargs=-1, metavar="[REGION]...")
@click.option(
    "--from",
    "offer",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read an offer file of AmazonDynamoDB (index.json of the region) instead of asking AWS.",
)
@click.option(
    "--write",
    "into",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Write the list here (default: {FILE_NAME} of the project).",
)
@where_options
@display_options(("human", "json"))
def refresh(common: Common, regions: tuple[str, ...], offer: Path | None, into: Path | None) -> int:
    """Read the prices of REGIONs (default: the project's) from AWS's price list, and keep them for the project.

    Asks pricing:GetProducts, a read that changes nothing and costs nothing. What is not read from it (reserved capacity, what
    CloudWatch takes for dashboards and for reading metrics) stays as it was, with its own date. Estimates then go by the file;
    to go back, delete it.

    \b
    Examples:
      tablewright cost prices refresh
      tablewright cost prices refresh us-east-1 ap-northeast-2
      tablewright cost prices refresh eu-west-1 --from index.json
    """
    from tablewright.cli.target import project_settings
    from tablewright.cost.price_list import merged
    from tablewright.cost.prices import write_prices

    settings = project_settings(common)
    wanted = regions or tuple(filter(None, (common.region or settings.region,))) or ("us-east-1",)
    before, _ = listed_prices(common, None)
    found = _from_file(offer, wanted) if offer is not None else _from_aws(common, wanted)
    after = merged(before, found)
    path = into or project_file(common)
    _write(path, write_prices(after, "Written by tablewright cost prices refresh; list prices in USD."))
    out = output(sys.stdout, color=common.color)
    changed = [
        (row.region, row.name, f"{was.usd:f}" if was is not None else None, f"{row.usd:f}")
        for each in found
        for row in each.rows.values()
        if (was := before.rows.get((row.region, row.name))) is None or was.usd != row.usd
    ]
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        body = {"file": str(path), "date": after.date, "prices": sum(len(each.rows) for each in found)}
        out.text(encode({**body, "changed": [dict(zip(_CHANGE, each, strict=True)) for each in changed]}, out))
        return exits.DONE.code
    for region, each in zip(wanted, found, strict=True):
        out.line(((out.marks.good, "good"), (f" {region}: {len(each.rows)} prices of {each.date}", "")))
    for region, name, earlier, now in changed:
        out.text(f"  {region} {name}: {earlier or 'none'} -> {now}")
    out.text(f"Written to {path}")
    return exits.DONE.code


_CHANGE = ("region", "name", "before", "after")


def _from_file(offer: Path, regions: Sequence[str]) -> list[PriceList]:
    from tablewright.cost.price_list import offer_products, read_products

    if len(regions) != 1:
        raise UsageError(
            "contradictory-options", "Options contradict each other", "An offer file is of one region: name that one."
        )
    try:
        text = offer.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("prices-unreadable", "The price list cannot be read", f"{offer}: {error}.") from None
    return [read_products(offer_products(text), regions[0], f"aws-{regions[0]}")]


def _from_aws(common: Common, regions: Sequence[str]) -> list[PriceList]:
    from tablewright.cli.target import open_target, project_settings
    from tablewright.cost.price_list import read_products, region_code

    # The list of every region is had from one place: which region the credentials are for does not matter.
    anywhere = replace(common, region=common.region or regions[0])
    account = open_target(anywhere, project_settings(common))
    listing = account.prices
    assert listing is not None

    def products(region: str) -> Iterator[str]:
        tables = list(listing.products("AmazonDynamoDB", {"regionCode": region}))
        yield from tables
        code = region_code(tables)
        for usage in _BESIDE:
            yield from listing.products("AmazonCloudWatch", {"regionCode": region, "usagetype": code + usage})

    return [read_products(products(region), region, f"aws-{region}") for region in regions]


def _write(path: Path, text: str) -> None:
    """The whole file at once: whoever reads it sees the old one or the new one."""
    import os
    import tempfile

    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise UsageError(
            "prices-unwritable",
            "The price list cannot be written",
            f"{path}: {error.strerror}. Estimates go by the list as it was. Give another place with --write.",
        ) from None
