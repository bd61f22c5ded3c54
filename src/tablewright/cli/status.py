"""``tablewright status``: a stack, its tables and what watches them, on one screen."""

from __future__ import annotations

import sys

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, common_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError


@click.command(name="status", short_help="Show a stack, its tables and what watches them, on one screen.")
@click.argument("stack", required=False)
@click.option("--stack", "named", metavar="NAME", help="The same as the argument.")
@click.option(
    "--all", "every", is_flag=True, help="Every stack of the project, in every environment (or the one of --env)."
)
@click.option("--fail-on-unhealthy", is_flag=True, help="Exit with 1 when something does not work, or may not be read.")
@common_options
def command(common: Common, stack: str | None, named: str | None, every: bool, fail_on_unhealthy: bool) -> int:
    """Show a stack, its tables and what watches them, on one screen.

    STACK is a stack's name or id; without it, tablewright.toml says which. Tables with their indexes, TTL, recovery window,
    deletion protection, billing, items and backups; alarms with their states, and whether they can ever fire; log groups;
    outputs; and the last operation: if it failed, why, and what to do. Nothing is changed.

    \b
    Examples:
      tablewright status --local
      tablewright status ai-chef-dynamodb --region us-east-1
      tablewright status --env staging --fail-on-unhealthy
      tablewright status --all
      tablewright status --output json
    """
    if every:
        if stack or named:
            raise UsageError(
                "contradictory-options", "Options contradict each other", "--all shows every stack, and one is named."
            )
        from tablewright.cli.everything import show_all

        healthy = show_all(common)
        return exits.FAILED.code if fail_on_unhealthy and not healthy else exits.DONE.code
    from tablewright.cli.again import Again
    from tablewright.cli.alive import alive
    from tablewright.cli.target import find, open_target
    from tablewright.survey.run import survey

    target = find(common, stack=stack or named)
    account = open_target(common, target.settings)
    with alive("reading the stack, its tables and what watches them"):
        report = Again(common, target).report(survey(target.stack, account, environment=target.settings.name))
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode
        from tablewright.events import as_plain

        body = as_plain(report)
        assert isinstance(body, dict)
        out.text(encode({**body, "healthy": report.healthy, "known": report.known}, out))
    else:
        from tablewright.cli.faces.status_screen import status_lines

        out.lines(status_lines(report, out.width, out.marks))
    return exits.FAILED.code if fail_on_unhealthy and not (report.healthy and report.known) else exits.DONE.code
