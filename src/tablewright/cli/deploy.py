"""``tablewright deploy``: bring a stack to what its template says."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, SpreadCommand, common_options, pairs
from tablewright.cli.terminal import output


@click.command(name="deploy", cls=SpreadCommand, short_help="Bring a stack to what its template says.")
@click.argument("template", required=False, type=click.Path(path_type=Path))
@click.option("--stack", metavar="NAME", help="Stack to deploy to (default: the environment's).")
@click.option(
    "--parameters", metavar="KEY=VALUE ...", multiple=True, help="Template parameters; they win over the settings'."
)
@click.option("--tags", metavar="KEY=VALUE ...", multiple=True, help="Tags of the stack; they win over the settings'.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is changed. Never permits a loss of data.")
@common_options
def command(
    common: Common,
    template: Path | None,
    stack: str | None,
    parameters: tuple[str, ...],
    tags: tuple[str, ...],
    yes: bool,
) -> int:
    """Bring a stack to what its template says.

    TEMPLATE is a CloudFormation template in YAML or JSON; without it, tablewright.toml says which.

    It looks at the stack as it is, recovers what can be recovered, makes a change set, executes and follows it, waits for
    indexes, and reads back what stands. Run again, it goes on from where it was; with nothing to change it says so and
    succeeds. A change that would remove or replace a table is refused.

    \b
    Examples:
      tablewright deploy --local
      tablewright deploy --env staging
      tablewright deploy template.yaml --stack orders --region eu-west-1
      tablewright deploy --parameters Environment=staging --tags Team=orders
    """
    from tablewright.cli.faces.face import choose, show
    from tablewright.cli.target import find, open_target, read_template

    target = find(common, stack=stack, parameters=pairs("--parameters", parameters), tags=pairs("--tags", tags))
    path = template or target.settings.existing_template()
    from tablewright.template.read import read_design

    design = read_design(
        read_template(path), stack=target.stack, path=_shown(path), parameters=target.parameters, tags=target.tags
    )
    account = open_target(common, target.settings)
    from tablewright.deploy.run import deploy

    face = choose(common.output, output(sys.stdout, color=common.color), output(sys.stderr, color=common.color))
    finished = show(deploy(design, account, environment=target.settings.name), face)
    return exits.of_ending(finished.ending) if finished is not None else exits.FAILED.code


def _shown(path: Path) -> str:
    """The path as the person would write it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
