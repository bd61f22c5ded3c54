"""``tablewright log``: the runs of this machine."""

from __future__ import annotations

import sys

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, display_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError


@click.command(name="log", short_help="List what was run on this machine, and show a run.")
@click.argument("run", required=False)
@click.option("--stack", metavar="NAME", help="Only the runs of this stack.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many to list, newest first.")
@display_options()
def command(common: Common, run: str | None, stack: str | None, limit: int) -> int:
    """List what was run on this machine, and show a run.

    Every deployment keeps what it looked at, decided and did, without values of parameters, properties or outputs and
    without items, in $TABLEWRIGHT_RUNS (default: ~/.local/state/tablewright/runs). RUN is a run's id from the list, or the
    beginning of one, or "last".

    \b
    Examples:
      tablewright log
      tablewright log --stack orders --limit 5
      tablewright log last
      tablewright log last --output json
    """
    from tablewright.cli.faces.json_lines import encode
    from tablewright.cli.faces.log_screen import list_lines, run_lines
    from tablewright.cli.runs import folder
    from tablewright.deploy.runlog import lines, runs
    from tablewright.events import as_plain

    where = folder()
    found = runs(where, stack=stack) if where is not None else ()
    out = output(sys.stdout, color=common.color)
    if run is None:
        if common.output == "json":
            for record in found[:limit]:
                out.text(encode(as_plain(record), out))
        else:
            out.lines(list_lines(found[:limit], len(found), out.width, out.marks))
        return exits.DONE.code
    chosen = [record for record in found if record.id.startswith(run)] if run != "last" else list(found[:1])
    if len(chosen) != 1:
        what = "several runs begin with that" if chosen else "no run begins with that"
        raise UsageError("no-such-run", "There is no such run", f"{run!r}: {what}.", "tablewright log")
    events = lines(chosen[0])
    if common.output == "json":
        for event in events:
            out.text(encode(event, out))
    else:
        out.lines(run_lines(chosen[0], events, out.width, out.marks))
    return exits.DONE.code
