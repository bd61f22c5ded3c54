"""``tablewright local fault``: break something in the embedded AWS on purpose, and mend it again."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from tablewright.cli import exits
from tablewright.cli.embedded import spoken
from tablewright.cli.options import Common, display_options
from tablewright.cli.terminal import Output, output
from tablewright.errors import UsageError

EFFECTS = (
    "fail-resource",
    "fail-resource-after",
    "hang-resource",
    "throttle",
    "delay",
    "reset",
    "truncate",
    "cut-off",
    "lost-answer",
    "error",
    "expired-token",
    "clock-skew",
    "expired-iterator",
    "trimmed",
)
"""Every effect: three of stacks' resources, the others of requests for data."""

_ALWAYS = ("id", "effect", "meaning")


@click.group(name="fault", short_help="Break something in the embedded AWS on purpose.")
def command() -> None:
    """Faults of the embedded AWS: nothing fails by itself, and every fault stays until it is removed or used up.

    \b
    Examples:
      tablewright local fault add fail-resource --resource Orders --verb create --reason Denied
      tablewright local fault list
      tablewright local fault remove --all
    """


@command.command()
@click.argument("effect", type=click.Choice(EFFECTS), metavar="EFFECT")
@click.option("--stack", metavar="NAME", help="Only this stack (fail-resource, fail-resource-after, hang-resource).")
@click.option("--resource", metavar="ID", help="Only this logical ID or resource type of a stack.")
@click.option(
    "--verb", metavar="VERB", help="Only when a stack does this: create, update, delete, restore, cleanup ..."
)
@click.option("--reason", metavar="TEXT", help="What the status reason says.")
@click.option("--code", metavar="CODE", help="The HandlerErrorCode in it.")
@click.option("--table", metavar="NAME", help="Only requests for this table.")
@click.option("--operation", metavar="NAME", help="Only this operation, such as PutItem.")
@click.option(
    "--rate", type=click.FloatRange(0, 1, min_open=True), metavar="SHARE", help="The share of requests it strikes."
)
@click.option("--seconds", type=click.FloatRange(0, min_open=True), metavar="N", help="How long a delay is.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="How often it strikes before it is gone.")
@display_options()
def add(common: Common, effect: str, **wish: str | float | None) -> int:
    """Add a fault, and say its id.

    EFFECT of a stack's resource: fail-resource (before it is done), fail-resource-after, hang-resource (until it is removed).
    Of a request for data: throttle, delay, reset, truncate, cut-off, lost-answer, error, expired-token, clock-skew, and for
    streams expired-iterator and trimmed.

    \b
    Examples:
      tablewright local fault add fail-resource --stack orders --resource Orders --verb update
      tablewright local fault add throttle --table orders --rate 0.5
      tablewright local fault add delay --seconds 2 --operation PutItem --count 10
    """
    from tablewright.local import control

    given = {name: value for name, value in wish.items() if value is not None}
    with spoken():
        name = control.add_fault(_endpoint(), effect, **given)
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        _json(out, {"id": name})
    else:
        out.text(name)
    return exits.DONE.code


@command.command(name="list")
@display_options()
def list_(common: Common) -> int:
    """List the faults that are there.

    \b
    Example:
      tablewright local fault list
    """
    from tablewright.local import control

    with spoken():
        found = control.faults(_endpoint())
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        _json(out, {"faults": found})
    elif not found:
        out.text("There is no fault.")
    else:
        for fault in found:
            out.line(((f"{fault['id']}  ", "strong"), (_words(fault), "")))
    return exits.DONE.code


@command.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Remove every fault.")
@display_options()
def remove(common: Common, ids: tuple[str, ...], every: bool) -> int:
    """Remove faults.

    \b
    Examples:
      tablewright local fault remove stack-fault-1
      tablewright local fault remove --all
    """
    from tablewright.local import control

    if bool(ids) == every:
        raise UsageError(
            "usage",
            "The command line is not understood",
            "Either the ids of faults or --all is needed.",
            "tablewright local fault list",
        )
    with spoken():
        endpoint = _endpoint()
        there = {str(fault["id"]) for fault in control.faults(endpoint)}
        if missing := [name for name in ids if name not in there]:
            raise UsageError(
                "no-such-fault",
                "There is no such fault",
                f"Nothing was removed: {', '.join(missing)} is not among the faults that are there.",
                "tablewright local fault list",
            )
        removed = control.remove_faults(endpoint) if every else sum(control.remove_faults(endpoint, i) for i in ids)
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        _json(out, {"removed": removed})
    else:
        out.text(f"Removed {removed} {'fault' if removed == 1 else 'faults'}.")
    return exits.DONE.code


def _endpoint() -> str:
    """Where the embedded AWS runs. Raises LocalError."""
    from tablewright.local import process
    from tablewright.local.errors import LocalError

    running = process.status()
    if running is None:
        raise LocalError(
            "not-running",
            "The embedded AWS is not running",
            "Faults are added to a running one, and stay over its restarts.",
            "tablewright local start",
        )
    return running.endpoint


def _words(fault: Mapping[str, object]) -> str:
    narrowed = [f"{name} {value}" for name, value in fault.items() if name not in _ALWAYS and value]
    return f"{fault['effect']}: {fault['meaning']}" + (f" ({', '.join(narrowed)})" if narrowed else "")


def _json(out: Output, value: object) -> None:
    from tablewright.cli.faces.json_lines import encode

    out.text(encode(value, out))
