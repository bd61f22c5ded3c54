"""``tablewright deploy``: bring a stack to what its template says."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.again import Again
from tablewright.cli.commit import commit_at
from tablewright.cli.expected import check_protection, expected
from tablewright.cli.options import Common, SpreadCommand, common_options, duration, pairs
from tablewright.cli.terminal import can_ask, output
from tablewright.errors import Refused

if TYPE_CHECKING:
    from tablewright.events import Event


@click.command(name="deploy", cls=SpreadCommand, short_help="Bring a stack to what its template says.")
@click.argument("template", required=False, type=click.Path(path_type=Path))
@click.option("--stack", metavar="NAME", help="Stack to deploy to (default: the environment's).")
@click.option(
    "--parameters", metavar="KEY=VALUE ...", multiple=True, help="Template parameters; they win over the settings'."
)
@click.option("--tags", metavar="KEY=VALUE ...", multiple=True, help="Tags of the stack; they win over the settings'.")
@click.option(
    "--allow-data-loss",
    metavar="TABLE",
    multiple=True,
    help="Permit the loss of what this table holds: its exact physical name; repeatable. On a terminal it is typed as well.",
)
@click.option("--role-arn", metavar="ARN", help="Service role that CloudFormation works with.")
@click.option("--s3-bucket", metavar="BUCKET", help="Existing bucket for a template of more than 51,200 bytes.")
@click.option(
    "--termination-protection/--no-termination-protection",
    default=None,
    help="Protect the stack against being deleted, or not any more (default: leave it).",
)
@click.option("--timeout", callback=duration, metavar="SPAN", help="Stop watching after 90s, 30m, 2h; AWS goes on.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is changed. Never permits a loss of data.")
@common_options
def command(
    common: Common,
    template: Path | None,
    stack: str | None,
    parameters: tuple[str, ...],
    tags: tuple[str, ...],
    allow_data_loss: tuple[str, ...],
    role_arn: str | None,
    s3_bucket: str | None,
    termination_protection: bool | None,
    timeout: float | None,
    yes: bool,
) -> int:
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
    """
    from tablewright.cli.target import find, open_target, read_template

    target = find(
        common,
        stack=stack,
        template=template,
        parameters=pairs("--parameters", parameters),
        tags=pairs("--tags", tags),
    )
    path = template or target.settings.existing_template()
    from tablewright.template.read import read_design

    design = read_design(
        read_template(path), stack=target.stack, path=_shown(path), parameters=target.parameters, tags=target.tags
    )
    check_protection(target.settings, allow_data_loss)
    account = open_target(common, target.settings)
    from tablewright.deploy.options import DeployOptions
    from tablewright.deploy.run import deploy

    asks = can_ask() and (not yes or bool(allow_data_loss))
    options = DeployOptions(
        allow_data_loss=frozenset(allow_data_loss),
        interactive=asks,
        timeout=timeout,
        role_arn=role_arn or target.settings.service_role_arn,
        termination_protection=termination_protection,
        bucket=s3_bucket or target.settings.s3_bucket,
        commit=commit_at(path.absolute().parent),
        expected=expected(common, target.settings),
        again=shlex.join(["tablewright", *sys.argv[1:]]),
    )
    events = deploy(design, account, environment=target.settings.name, options=options)
    assert isinstance(events, Generator)
    return follow(events, common, Again(common, target, sys.argv[1:]), asks=asks, yes=yes)


def follow(events: Generator[Event, None, None], common: Common, again: Again, *, asks: bool, yes: bool) -> int:
    """Show a run to its end, asking where it asks, and return its exit code."""
    from tablewright.cli.faces.face import choose, show
    from tablewright.events import ChangesFound, Started

    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    began: list[Started] = []

    def fitted() -> Generator[Event, None, None]:
        try:
            for event in events:
                if isinstance(event, Started):
                    began.append(event)
                yield again.event(event)
        finally:
            events.close()

    def asked(found: ChangesFound) -> bool:
        from tablewright.cli.asking import decide

        return decide(found, began[0] if began else None, err, yes=yes)

    finished = show(fitted(), choose(common.output, out, err), asked if asks else None)
    if finished is None:
        raise Refused("declined", "The changes were declined", "Nothing was changed, and the change set was removed.")
    return exits.of_ending(finished.ending)


def _shown(path: Path) -> str:
    """The path as the person would write it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
