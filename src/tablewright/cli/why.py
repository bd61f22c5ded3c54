"""``tablewright why``: the root cause of the last failed operation."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, common_options
from tablewright.cli.terminal import output


@click.command(name="why", short_help="Say why the last failed operation of a stack failed.")
@click.argument("stack", required=False)
@click.option("--stack", "named", metavar="NAME", help="The same as the argument.")
@common_options
def command(common: Common, stack: str | None, named: str | None) -> int:
    """Say why the last failed operation of a stack failed.

    STACK is a stack's name, or its id, which answers for 90 days after the stack was deleted; without it, tablewright.toml
    says which. The first failure is shown, not what its rollback stirred up: AWS's own words, what they mean for DynamoDB,
    what to do, and the next command. Nothing is changed.

    \b
    Examples:
      tablewright why
      tablewright why orders --region eu-west-1
      tablewright why --local --output json
    """
    from tablewright.cli.again import Again
    from tablewright.cli.target import find, open_target
    from tablewright.deploy.explaining.run import why

    target = find(common, stack=stack or named)
    found = why(target.stack, open_target(common, target.settings))
    found = replace(found, cause=Again(common, target).cause(found.cause))
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.events import as_plain

        out.text(encode(as_plain(found), out))
    else:
        from tablewright.cli.faces.why_screen import why_lines

        out.lines(why_lines(found, out.width, out.marks))
    return exits.DONE.code
