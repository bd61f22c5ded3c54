"""``tablewright plan``: what deploy would do, without doing it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import click

from tablewright.cli import exits
from tablewright.cli.again import Again
from tablewright.cli.alive import alive
from tablewright.cli.faces.planned import PlanShown, gather
from tablewright.cli.options import MODES, Common, SpreadCommand, display_options, where_options
from tablewright.cli.request import Asked, deployment_options, understand
from tablewright.cli.target import open_target
from tablewright.cli.terminal import output
from tablewright.events import Event


@click.command(name="plan", cls=SpreadCommand, short_help="Show what deploy would do, without doing it.")
@deployment_options
@click.option("--offline", is_flag=True, help="Ask nobody: say what the template alone says.")
@click.option(
    "--exit-code", is_flag=True, help="Exit with 10 when there are changes, 3 when deploying would be refused."
)
@where_options
@display_options((*MODES, "markdown"))
def command(common: Common, asked: Asked, offline: bool, exit_code: bool) -> int:
    """Show what deploy would do, without doing it.

    The steps; the changes, property by property, of a change set that is made for it and removed again; and what would be
    lost, with the items and bytes of every table that would be replaced or deleted. Nothing is changed, and nothing is left
    behind. Without the permission to make change sets it says what could not be known.

    \b
    Examples:
      tablewright plan
      tablewright plan --env staging --exit-code
      tablewright plan --local --output json
      tablewright plan --output markdown > comment.md
      tablewright plan template.yaml --stack orders --offline
    """
    typed = _deploying(sys.argv[1:])
    request = understand(common, asked, typed)
    events: Iterator[Event]
    if offline:
        from tablewright.deploy.preview.run import offline as preview_offline

        events = preview_offline(request.design)
    else:
        from tablewright.deploy.preview.run import preview

        account = open_target(common, request.target.settings)
        events = preview(
            request.design,
            account,
            environment=request.target.settings.name,
            options=replace(request.options, interactive=False),
        )
    shown = _show((Again(common, request.target, typed, request.design.path).event(event) for event in events), common)
    return _code(shown, exit_code)


def _show(events: Iterator[Event], common: Common) -> PlanShown:
    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import JsonLines

        return gather(events, JsonLines(out).take)
    from tablewright.cli.faces.plan_screen import error_of, plan_lines

    with alive("asking CloudFormation what would change"):
        shown = gather(events)
    if common.output == "markdown":
        from tablewright.cli.faces.plan_page import plan_page

        out.text(plan_page(shown).rstrip("\n"))
    else:
        out.lines(plan_lines(shown, out.width, out.marks))
    failed = error_of(shown, err.width)
    if failed:
        err.lines([(), *failed])
    return shown


def _code(shown: PlanShown, exit_code: bool) -> int:
    ended = exits.of_ending(shown.finished.ending) if shown.finished else exits.FAILED.code
    if ended != exits.DONE.code or not exit_code:
        return ended
    if shown.refused:
        return exits.REFUSED.code
    return exits.CHANGES.code if shown.has_changes else exits.DONE.code


def _deploying(typed: list[str]) -> list[str]:
    """The command line that deploys what this one plans."""
    words: list[str] = []
    skip = False
    for at, word in enumerate(typed):
        if skip:
            skip = False
        elif word == "--output":
            skip = True
        elif at == 0:
            words.append("deploy")
        elif word not in ("--offline", "--exit-code") and not word.startswith("--output="):
            words.append(word)
    return words
