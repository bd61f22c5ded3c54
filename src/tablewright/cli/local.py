"""``tablewright local``: start, stop and look after the embedded AWS."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.embedded import spoken
from tablewright.cli.faces.marks import Line
from tablewright.cli.local_fault import command as fault
from tablewright.cli.options import Common, display_options
from tablewright.cli.terminal import Output, can_ask, output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.local.process import Running

UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
"""Variables that would win over the exports, or contradict them."""


@click.group(name="local", short_help="Start, stop and look after the embedded AWS.")
def command() -> None:
    """The embedded AWS: one endpoint on 127.0.0.1 that any SDK, the AWS CLI and tablewright can use.

    Its data is kept in $TABLEWRIGHT_LOCAL_HOME (default: ~/.local/state/tablewright/local) and survives restarts.

    \b
    Examples:
      tablewright local start
      eval "$(tablewright local env)"
      tablewright local stop
    """


command.add_command(fault)


@command.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 for any free one (default: 4599, or the last)."
)
@click.option(
    "--clock",
    default="instant",
    show_default=True,
    metavar="PROFILE",
    help="How long AWS's waits take: instant, aws (as on AWS), or a number of times faster.",
)
@display_options()
def start(common: Common, port: int | None, clock: str) -> int:
    """Start the embedded AWS, or say where it runs.

    \b
    Examples:
      tablewright local start
      tablewright local start --port 4600 --clock 60
    """
    from tablewright.local import process
    from tablewright.local.clock import parse_profile

    try:
        parse_profile(clock)
    except ValueError as error:
        raise UsageError(
            "usage", "The command line is not understood", f"{error}.", "tablewright local start --help"
        ) from None
    out = output(sys.stdout, color=common.color)
    with spoken():
        before = process.status()
        running = before or process.start(port=port, clock=clock)
    if common.output == "json":
        _json(out, {"running": True, "started": before is None, **_about(running)})
        return exits.DONE.code
    if before is None:
        _about_lines(out, running, "started")
        return exits.DONE.code
    _about_lines(out, running, "was running already")
    if (port and not running.endpoint.endswith(f":{port}")) or clock not in ("instant", running.clock):
        output(sys.stderr, color=common.color).line(
            (("note: ", "warn"), ("--port and --clock count when it starts; stop it first to change them", ""))
        )
    return exits.DONE.code


@command.command()
@display_options()
def stop(common: Common) -> int:
    """Stop the embedded AWS; its data is kept.

    \b
    Example:
      tablewright local stop
    """
    from tablewright.local import process

    out = output(sys.stdout, color=common.color)
    with spoken():
        stopped = process.stop()
    if common.output == "json":
        _json(out, {"running": False, "stopped": stopped})
    else:
        out.text("The embedded AWS is stopped; its data is kept." if stopped else "The embedded AWS was not running.")
    return exits.DONE.code


@command.command()
@display_options()
def status(common: Common) -> int:
    """Show whether the embedded AWS runs, and where.

    \b
    Examples:
      tablewright local status
      tablewright local status --output json
    """
    from tablewright.local import process

    out = output(sys.stdout, color=common.color)
    with spoken():
        running = process.status()
        folder = process.default_folder()
    if common.output == "json":
        _json(out, {"running": running is not None, **(_about(running) if running else {"folder": str(folder)})})
    elif running is None:
        out.text("The embedded AWS is not running.")
        out.text(f"  data      {folder}")
        out.lines([(), (("      tablewright local start", "strong"),)])
    else:
        _about_lines(out, running, "is running")
    return exits.DONE.code


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@display_options()
def reset(common: Common, yes: bool) -> int:
    """Stop the embedded AWS and delete all its data. AWS itself is not touched.

    \b
    Example:
      tablewright local reset --yes
    """
    from tablewright.local import process

    out = output(sys.stdout, color=common.color)
    with spoken():
        folder = process.default_folder()
    if not yes:
        if not can_ask():
            raise UsageError(
                "not-confirmed",
                "The deletion was not confirmed",
                f"All data of the embedded AWS in {folder} would be deleted, and there is no terminal to ask on.",
                "tablewright local reset --yes",
            )
        click.confirm(f"Delete all data of the embedded AWS in {folder}?", abort=True, err=True)
    with spoken():
        deleted = process.reset()
    if common.output == "json":
        _json(out, {"running": False, "deleted": deleted, "folder": str(folder)})
    else:
        out.text(
            f"The embedded AWS is empty again ({folder})." if deleted else f"There was nothing to delete in {folder}."
        )
    return exits.DONE.code


@command.command()
@click.option("--follow", "-f", is_flag=True, help="Go on showing lines as they come; Ctrl-C ends it.")
@display_options()
def logs(common: Common, follow: bool) -> int:
    """Show what the embedded AWS wrote about itself.

    \b
    Examples:
      tablewright local logs
      tablewright local logs --follow
    """
    from tablewright.local import process

    out = output(sys.stdout, color=common.color)
    with spoken():
        for line in process.logs(follow=follow):
            if common.output == "json":
                _json(out, {"line": line})
            else:
                out.text(line)
    return exits.DONE.code


@command.command()
@display_options()
def env(common: Common) -> int:
    """Print the shell commands that point any SDK and the AWS CLI to the embedded AWS.

    \b
    Example:
      eval "$(tablewright local env)"
    """
    from tablewright.local import process

    out = output(sys.stdout, color=common.color)
    with spoken():
        variables = process.env()
    # An endpoint for one service (AWS_ENDPOINT_URL_DYNAMODB ...) would win over the one for all.
    unset = [*UNSET, *sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_"))]
    if common.output == "json":
        _json(out, {"set": variables, "unset": unset})
        return exits.DONE.code
    out.text(f"unset {' '.join(unset)}")
    for name, value in variables.items():
        out.text(f"export {name}={shlex.quote(value)}")
    return exits.DONE.code


def _about(running: Running) -> dict[str, object]:
    return {
        "endpoint": running.endpoint,
        "region": running.region,
        "account": running.access_key_id,
        "pid": running.pid,
        "clock": running.clock,
        "folder": str(running.folder),
    }


def _about_lines(out: Output, running: Running, what: str) -> None:
    facts: list[Line] = [
        (("The embedded AWS ", ""), (what, "strong"), (".", "")),
        (("  endpoint  ", "dim"), (running.endpoint, "strong")),
        (("  account   ", "dim"), (f"{running.access_key_id}, {running.region}", "")),
        (("  clock     ", "dim"), (running.clock, "")),
        (("  data      ", "dim"), (str(running.folder), "")),
        (("  process   ", "dim"), (str(running.pid), "")),
    ]
    out.lines(
        [
            *facts,
            (),
            (("To use it from this shell, run:", ""),),
            (),
            (('      eval "$(tablewright local env)"', "strong"),),
        ]
    )


def _json(out: Output, value: object) -> None:
    from tablewright.cli.faces.json_lines import encode

    out.text(encode(value, out))
