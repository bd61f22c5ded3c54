"""What a deployment, or a plan of one, is asked for: the options that both have, and the design that follows from them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tablewright.cli.options import Command, Common, pairs
from tablewright.cli.target import Target, find, read_template
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.deploy.options import DeployOptions
    from tablewright.model.design import Design

SKIP_UNIMITATED = "TABLEWRIGHT_SKIP_UNIMITATED"
"""The capability by which the embedded CloudFormation is asked for placeholders; AWS has no such capability."""


LOCAL_BUCKET = "tablewright-templates"
"""The embedded AWS's buckets for templates, where none is named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were given."""

    template: Path | None
    stack: str | None
    parameters: tuple[str, ...]
    tags: tuple[str, ...]
    allow_data_loss: tuple[str, ...]
    role_arn: str | None
    s3_bucket: str | None
    termination_protection: bool | None
    skip_unimitated: bool


@dataclass(frozen=True, slots=True)
class Request:
    """The options with the settings behind them, and the template read."""

    target: Target
    design: Design
    options: DeployOptions


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("template", required=False, type=click.Path(path_type=Path)),
    click.option("--stack", metavar="NAME", help="Stack to deploy to (default: the environment's)."),
    click.option(
        "--parameters", metavar="KEY=VALUE ...", multiple=True, help="Template parameters; they win over the settings'."
    ),
    click.option(
        "--tags", metavar="KEY=VALUE ...", multiple=True, help="Tags of the stack; they win over the settings'."
    ),
    click.option(
        "--allow-data-loss",
        metavar="TABLE",
        multiple=True,
        help="Permit the loss of what this table holds: its exact physical name; repeatable. On a terminal it is typed as well.",
    ),
    click.option("--role-arn", metavar="ARN", help="Service role that CloudFormation works with."),
    click.option("--s3-bucket", metavar="BUCKET", help="Existing bucket for a template of more than 51,200 bytes."),
    click.option(
        "--termination-protection/--no-termination-protection",
        default=None,
        help="Protect the stack against being deleted, or not any more (default: leave it).",
    ),
    click.option(
        "--skip-unimitated",
        is_flag=True,
        help="With --local: let placeholders stand for resource types that the embedded AWS does not imitate; they are not "
        "rehearsed.",
    ),
)


def deployment_options(command: Command) -> Command:
    """Give a command the options of a deployment; it gets them as one argument, ``asked``."""
    names = [field.name for field in fields(Asked)]

    @wraps(command)
    def gathered(**given: Any) -> Any:
        return command(asked=Asked(**{name: given.pop(name) for name in names}), **given)

    decorated: Any = gathered
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def understand(
    common: Common, asked: Asked, typed: list[str], *, interactive: bool = False, timeout: float | None = None
) -> Request:
    """The request, its template read; ``typed`` is the command line that deploys it. Raises UsageError, Refused."""
    from tablewright.cli.commit import commit_at
    from tablewright.cli.expected import check_protection, expected
    from tablewright.cli.terminal import output
    from tablewright.deploy.options import DeployOptions
    from tablewright.template.read import read_design

    if asked.skip_unimitated and not common.local:
        raise UsageError(
            "only-with-local",
            "--skip-unimitated goes with --local only",
            "AWS has every resource type; placeholders are for the embedded AWS, which does not.",
            "tablewright deploy --local --skip-unimitated",
        )
    target = find(
        common,
        stack=asked.stack,
        template=asked.template,
        parameters=pairs("--parameters", asked.parameters),
        tags=pairs("--tags", asked.tags),
    )
    path = asked.template or target.settings.existing_template()
    design = read_design(
        read_template(path), stack=target.stack, path=_shown(path), parameters=target.parameters, tags=target.tags
    )
    if asked.skip_unimitated:
        design = replace(design, capabilities=(*design.capabilities, SKIP_UNIMITATED))
    check_protection(target.settings, asked.allow_data_loss)
    commit, unknown = commit_at(path.absolute().parent)
    if unknown and common.output != "json":
        words = f"the commit is not known, so an older one than the deployed is not noticed: {unknown}"
        output(sys.stderr, color=common.color).note(words)
    options = DeployOptions(
        allow_data_loss=frozenset(asked.allow_data_loss),
        interactive=interactive,
        timeout=timeout,
        role_arn=asked.role_arn or target.settings.service_role_arn,
        termination_protection=asked.termination_protection,
        bucket=_bucket(common, asked.s3_bucket or target.settings.s3_bucket, target, design),
        commit=commit,
        expected=expected(common, target.settings),
        again=shlex.join(["tablewright", *typed]),
    )
    return Request(target, design, options)


def _bucket(common: Common, named: str | None, target: Target, design: Design) -> str | None:
    """Where a large template is put. With --local one need not be named, but that AWS wants one is said."""
    from tablewright.cli.edited import size_note
    from tablewright.cli.terminal import output

    if named is not None or not common.local:
        return named
    if common.output != "json":
        for words in size_note(design.body):
            output(sys.stderr, color=common.color).note(f"{words}; here one is made")
    return f"{LOCAL_BUCKET}-{common.region or target.settings.region or 'default'}"


def _shown(path: Path) -> str:
    """The path as the person would write it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
