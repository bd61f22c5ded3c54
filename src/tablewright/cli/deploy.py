"""``tablewright deploy``: bring a stack to what its template says."""

from __future__ import annotations

import sys
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.again import Again
from tablewright.cli.options import Common, SpreadCommand, common_options, duration
from tablewright.cli.request import Asked, deployment_options, understand
from tablewright.cli.target import open_target
from tablewright.cli.terminal import can_ask, output
from tablewright.errors import Refused, UsageError

if TYPE_CHECKING:
    from tablewright.cli.faces.planned import PlanShown
    from tablewright.events import Event


@click.command(name="deploy", cls=SpreadCommand, short_help="Bring a stack to what its template says.")
@deployment_options
@click.option(
    "--all", "every", is_flag=True, help="Deploy every stack of the environment in their order; stop at one that fails."
)
@click.option("--timeout", callback=duration, metavar="SPAN", help="Stop watching after 90s, 30m, 2h; AWS goes on.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is changed. Never permits a loss of data.")
@common_options
def command(common: Common, asked: Asked, every: bool, timeout: float | None, yes: bool) -> int:
    """Bring a stack to what its template says.

    TEMPLATE is a CloudFormation template in YAML or JSON; without it, tablewright.toml says which.

    It looks at the stack as it is, recovers what can be recovered, makes a change set, shows it and asks (on a terminal),
    executes and follows it, waits for indexes, and reads back what stands. Run again, it goes on from where it was; with
    nothing to change it says so and succeeds. A change that would lose data is refused.

    \b
    Examples:
      tablewright deploy --local
      tablewright deploy --env staging
      tablewright deploy template.yaml --stack orders --region eu-west-1
      tablewright deploy --parameters Environment=staging --tags Team=orders
      tablewright deploy --yes --timeout 30m
      tablewright deploy --all --env staging
    """
    if not every:
        return _one(common, asked, sys.argv[1:], timeout=timeout, yes=yes)
    if asked.template is not None or asked.stack is not None:
        raise UsageError(
            "contradictory-options", "Options contradict each other", "--all deploys every stack, and one is named."
        )
    from tablewright.cli.everything import labels_in_order

    words = [word for word in sys.argv[1:] if word != "--all"]
    for label in labels_in_order(common):
        chosen = replace(asked, stack=label)
        code = _one(common, chosen, [*words, "--stack", label] if label else words, timeout=timeout, yes=yes)
        if code != exits.DONE.code:
            return code  # What comes after it may lean on it.
    return exits.DONE.code


def _one(common: Common, asked: Asked, typed: list[str], *, timeout: float | None, yes: bool) -> int:
    asks = can_ask() and (not yes or bool(asked.allow_data_loss))
    request = understand(common, asked, typed, interactive=asks, timeout=timeout)
    account = open_target(common, request.target.settings)
    from tablewright.cli.runs import kept
    from tablewright.deploy.run import deploy

    events = kept(deploy(request.design, account, environment=request.target.settings.name, options=request.options))
    assert isinstance(events, Generator)
    return _follow(events, common, Again(common, request.target, typed), asks=asks, yes=yes)


class _Page:
    """The run as GitHub's step summary; nothing elsewhere."""

    def __init__(self) -> None:
        from tablewright.cli.step_summary import wanted

        self._shown: PlanShown | None = None
        if wanted():
            from tablewright.cli.faces.planned import PlanShown

            self._shown = PlanShown()

    def take(self, event: Event) -> None:
        if self._shown is not None:
            self._shown.take(event)

    def write(self) -> None:
        if self._shown is not None and self._shown.finished is not None:
            from tablewright.cli.faces.deploy_page import deploy_page
            from tablewright.cli.step_summary import append

            append(deploy_page(self._shown))


def _follow(events: Generator[Event, None, None], common: Common, again: Again, *, asks: bool, yes: bool) -> int:
    """Show a run to its end, asking where it asks, and return its exit code."""
    from tablewright.cli.faces.face import choose, show

    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)

    page = _Page()

    def fitted() -> Generator[Event, None, None]:
        try:
            for event in events:
                told = again.event(event)
                page.take(told)
                yield told
        finally:
            events.close()
            page.write()

    questions = None
    if asks:
        from tablewright.cli.asking import Questions

        questions = Questions(err, yes=yes)
    finished = show(fitted(), choose(common.output, out, err), questions)
    if finished is None:
        raise Refused("declined", "It was declined", "Nothing was changed; a change set made for it was removed.")
    return exits.of_ending(finished.ending)
