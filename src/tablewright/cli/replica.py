"""``tablewright add replica`` and ``remove replica``: a region more or less for a global table."""

from __future__ import annotations

from pathlib import Path

import click

from tablewright.cli.edited import apply, editing_options
from tablewright.cli.options import Common
from tablewright.cli.target import project_settings


@click.command(name="replica", short_help="Add a replica of a global table in another region.")
@click.argument("table")
@click.argument("where", metavar="REGION")
@click.option("--kms-key", default="", metavar="KEY", help="A key of that region, where the replicas name keys.")
@editing_options
def add(common: Common, table: str, where: str, kms_key: str, template: Path | None, diff: bool) -> int:
    """Add a replica of TABLE in REGION, with the settings of its first replica.

    TABLE is an AWS::DynamoDB::GlobalTable with a stream of NEW_AND_OLD_IMAGES. CloudFormation adds one replica in a deployment.
    For an AWS::DynamoDB::Table it says how it becomes one without losing an item, and changes nothing.

    \b
    Examples:
      tablewright add replica orders eu-west-1
    """
    from tablewright.author.replicas import add_replica

    home = project_settings(common).region or ""
    notes = (
        "one replica is added in one deployment: deploy this before the next",
        "every write is written, and billed, in each region",
    )
    return apply(
        common,
        template,
        lambda text: add_replica(text, table, where, key=kms_key, home=home),
        diff=diff,
        said=f"replica of {table} in {where} added",
        notes=notes,
    )


@click.command(name="replica", short_help="Remove a replica of a global table.")
@click.argument("table")
@click.argument("where", metavar="REGION")
@editing_options
def remove(common: Common, table: str, where: str, template: Path | None, diff: bool) -> int:
    """Remove the replica of TABLE in REGION.

    Its copy of the items is deleted when this is deployed; the other regions keep theirs.

    \b
    Examples:
      tablewright remove replica orders eu-west-1 --diff
    """
    from tablewright.author.replicas import remove_replica

    home = project_settings(common).region or ""
    notes = (f"deploying this deletes the table in {where}: plan says what it holds",)
    return apply(
        common,
        template,
        lambda text: remove_replica(text, table, where, home),
        diff=diff,
        said=f"replica of {table} in {where} removed",
        notes=notes,
    )
