"""The options that every command has, and their values as one frozen thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from tablewright.errors import UsageError

MODES = ("human", "plain", "json")
"""How a run is shown: see ``faces``."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Common:
    """What every command is told: where to act, and how to show it. None: not given."""

    local: bool = False
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    env: str | None = None
    project: Path | None = None
    output: str | None = None
    color: bool | None = None
    debug: bool = False


def _only(ctx: click.Context, param: click.Parameter, value: bool) -> bool | None:
    return False if value else None


_WHERE = (
    click.option(
        "--local", is_flag=True, help="Act on the embedded AWS of this machine; started when it is not running."
    ),
    click.option("--profile", metavar="NAME", help="Profile of the AWS configuration to use."),
    click.option("--region", metavar="REGION", help="AWS region to act in."),
    click.option("--endpoint-url", metavar="URL", help="Another endpoint than AWS's own."),
    click.option("--env", metavar="ENV", help="Environment of tablewright.toml (default: its default_environment)."),
    click.option(
        "--project",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where to look for tablewright.toml, upwards (default: here).",
    ),
)


_MODES = {
    "human": "for a person at a terminal",
    "plain": "for logs",
    "json": "an object a line",
    "markdown": "for a comment",
}


def _how(modes: tuple[str, ...]) -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option(
            "--output",
            type=click.Choice(modes),
            help="; ".join(f"{mode}: {_MODES[mode]}" for mode in modes) + ". Default: what fits the terminal.",
        ),
        click.option("--no-color", "color", is_flag=True, callback=_only, help="No colour; NO_COLOR does the same."),
        click.option("--debug", is_flag=True, help="Show the traceback of a defect instead of saving it."),
    )


def common_options(command: Command) -> Command:
    """Give a command the options of where and how; it gets them as one argument, ``common``."""
    return where_options(_with(command, _how(MODES)))


def where_options(command: Command) -> Command:
    """Give a command the options of where alone; to be put above those of how."""
    return _add(command, _WHERE)


def display_options(modes: tuple[str, ...] = MODES) -> Callable[[Command], Command]:
    """Give a command the options of how, with the modes of output that it has."""
    return lambda command: _with(command, _how(modes))


def _with(command: Command, options: tuple[Callable[[Any], Any], ...]) -> Command:
    names = {field.name for field in fields(Common)}

    @wraps(command)
    def gathered(**given: Any) -> Any:
        common = Common(**{name: given.pop(name) for name in names & given.keys()})
        _check(common)
        return command(common=common, **given)

    return _add(cast(Command, gathered), options)


def _add(command: Command, options: tuple[Callable[[Any], Any], ...]) -> Command:
    decorated: Any = command
    for option in reversed(options):
        decorated = option(decorated)
    return cast(Command, decorated)


def _check(common: Common) -> None:
    against = [
        name for name, value in (("--profile", common.profile), ("--endpoint-url", common.endpoint_url)) if value
    ]
    if common.local and against:
        raise UsageError(
            "contradictory-options",
            "Options contradict each other",
            f"--local acts on the embedded AWS with its own credentials, and {' and '.join(against)} on something else.",
        )


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """An option's callback: a span with its unit (90s, 30m, 2h, 1d), in seconds."""
    if value is None:
        return None
    number, unit = value[:-1], value[-1:]
    if unit in _SECONDS and number.isdigit() and int(number) > 0:
        return float(int(number) * _SECONDS[unit])
    raise click.BadParameter(f"{value!r} is not a span with its unit, such as 90s, 30m, 2h or 1d.", ctx, param)


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class SpreadCommand(click.Command):
    """A command whose KEY=VALUE options take several after one flag, as the AWS CLI's do: ``--tags A=1 B=2``."""

    spread = ("--parameters", "--tags")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the flag before each further KEY=VALUE that follows it, then parse as usual."""
        told: list[str] = []
        flag = ""
        for at, word in enumerate(args):
            if word == "--":
                told += args[at:]
                break
            if word in self.spread:
                flag = word
            elif word.startswith("-"):
                flag = ""
            elif flag and told[-1] != flag:
                if "=" in word:
                    told.append(flag)
                else:
                    flag = ""
            told.append(word)
        return super().parse_args(ctx, told)


def pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """The values of a repeatable KEY=VALUE option."""
    values: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(
                "malformed-option",
                "An option's value is malformed",
                f"{option} takes KEY=VALUE, and {text!r} is not that.",
            )
        if key in values:
            raise UsageError("malformed-option", "An option's value is malformed", f"{option} gives {key} twice.")
        values[key] = value
    return values
