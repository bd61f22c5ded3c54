"""``tablewright migrate live``: build a table that follows another, and keep following."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tablewright.cli.migrate import need_extra
from tablewright.cli.migrate_ends import Doors, end_options, jobs_root, locks, sides
from tablewright.cli.migrate_live_show import show
from tablewright.cli.migrate_show import Stopper
from tablewright.cli.migrate_transform import maker, spec, title, transform_options
from tablewright.cli.options import Command, Common, common_options, duration, pairs
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.migrate.live.asked import Asked
    from tablewright.migrate.live.options import LiveOptions
    from tablewright.migrate.live.run import LiveEvent
    from tablewright.migrate.live.states import State

UNTIL = ("following", "reversing")


def _span(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """As ``duration``; tenths of a second too, for rehearsals: 0.5s."""
    if value is not None and value.endswith("s") and value[:-1].replace(".", "", 1).isdigit() and "." in value:
        return float(value[:-1])
    return duration(ctx, param, value)


_PROTOCOL = (
    click.option("--pointer", metavar="NAME", help="Parameter of Parameter Store whose value is the table in use."),
    click.option(
        "--hook",
        "hooks",
        multiple=True,
        metavar="NAME=COMMAND",
        help="A command of yours: fence, unfence, switch, where, entered (docs/guides/migrate-live.md).",
    ),
    click.option(
        "--pause", callback=_span, metavar="SPAN", help="The longest for which writers may be held (default: 60s)."
    ),
    click.option(
        "--quiet",
        callback=_span,
        metavar="SPAN",
        help="How long every shard must be silent to count as drained (default: 5s).",
    ),
    click.option(
        "--lag", callback=_span, metavar="SPAN", help="How far behind the target may be at a cut-over (default: 10s)."
    ),
    click.option(
        "--settle",
        callback=_span,
        metavar="SPAN",
        help="How long writers may take to look where the pointer points (default: 30s).",
    ),
    click.option(
        "--hold",
        callback=_span,
        metavar="SPAN",
        help="How long the source stays fenced after the switch without being renewed (default: 24h).",
    ),
)


def protocol_options(command: Command) -> Command:
    """Give a command the options of the protocol; they hold from then on, for later commands too."""
    decorated: Any = command
    for option in reversed(_PROTOCOL):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def protocol(given: dict[str, Any], before: LiveOptions | None = None) -> LiveOptions:
    """The protocol's options, taken out of a command's: what is not given stays as it was asked for before."""
    from dataclasses import replace

    from tablewright.migrate.live.options import LiveOptions

    told = before or LiveOptions()
    spans = {name: given.pop(name) for name in ("pause", "quiet", "lag", "settle", "hold")}
    hooks = pairs("--hook", given.pop("hooks"))
    pointer = given.pop("pointer")
    changed = replace(told, **{name: value for name, value in spans.items() if value is not None})
    if hooks:
        changed = replace(changed, hooks={**changed.hooks, **hooks})
    return (replace(changed, parameter=pointer) if pointer else changed).checked()


@click.command(name="live", short_help="Build a table that follows another while writers go on, ready for a cut-over.")
@end_options
@transform_options
@protocol_options
@click.option("--job", metavar="JOB", help="Go on with this migration: what it was asked for is kept.")
@click.option(
    "--until", type=click.Choice(UNTIL), help="End once it is following, or once the application uses the target."
)
@click.option("--pace", metavar="PACE", help="How fast the copy may go: 50% of the table, 500wcu (default: 50%).")
@click.option(
    "--dead-letters",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Items that the copy may set aside (default: 0).",
)
@click.option(
    "--segments", type=click.IntRange(1, 1_000_000), metavar="N", help="Parallel segments of the copy's scan."
)
@click.option("--suspend-ttl", is_flag=True, help="Switch TTL off at the target now, and on again at the cut-over.")
@common_options
def live(
    common: Common,
    job: str | None,
    until: str | None,
    pace: str | None,
    dead_letters: int,
    segments: int | None,
    suspend_ttl: bool,
    format_: str,
    compression: str,
    **given: Any,
) -> int:
    """Build a table that follows another while writers go on, ready for a cut-over.

    It turns on the source's stream, keeps every change on this machine's disk from then on, copies the table as `run` does, and
    then replays the changes, for as long as it runs; `cutover` in another terminal does the rest. Stopped or killed, the same
    command goes on where it stands, within the 24 hours for which a stream keeps its changes.

    \b
    Examples:
      tablewright migrate live --source sessions --target sessions-v2 --key 'PK=S#{id}' --key SK=META --pointer /sessions/table
      tablewright migrate live --source orders --target orders-v2 --transform orders.toml --pointer /orders/table --pace 25%
      tablewright migrate live --job orders-to-orders-v2-1a2b3c4d
    """
    need_extra()
    from tablewright.migrate.job import Options, Pace, TableAt, parse_pace
    from tablewright.migrate.live.asked import Asked
    from tablewright.migrate.live.states import State, is_ended

    doors = Doors(common)
    stopper = Stopper()
    stop_at = State(until) if until else None
    enough: Callable[[State], bool] = is_ended if stop_at is None else (lambda state: state is stop_at)
    source_side, target_side = sides(given)
    if job is not None:
        spec(given)
        folder = chosen(jobs_root(common), job)
        before = asked_of(folder)
        from dataclasses import replace

        asked = replace(before, live=protocol(given, before.live))
        return show(driven(asked, doors, common, stopper, enough, job=folder.name), common, stopper)
    told = spec(given)
    source = doors.end(source_side, "source", format_=format_, compression=compression)
    target = doors.end(target_side, "target", format_=format_, compression=compression)
    if not isinstance(source, TableAt) or not isinstance(target, TableAt):
        raise UsageError("live-needs-tables", "A live migration is between two tables", "Files have no stream.")
    options = Options(pace=parse_pace(pace) if pace else Pace(), segments=segments, dead_letters=dead_letters)
    asked = Asked(source, target, told, title(told), options, protocol(given), suspend_ttl)
    return show(driven(asked, doors, common, stopper, enough), common, stopper)


def driven(
    asked: Asked,
    doors: Doors,
    common: Common,
    stopper: Stopper,
    enough: Callable[[State], bool],
    *,
    job: str | None = None,
) -> Iterator[LiveEvent]:
    """The events of working at a migration in this process."""
    from tablewright.aws.clock import SystemClock
    from tablewright.migrate.live.run import live as work
    from tablewright.migrate.request import Request

    request = Request(
        source=asked.source,
        target=asked.target,
        root=jobs_root(common),
        locks=locks(),
        make=maker(asked.spec),
        spec=asked.spec,
        title=asked.title,
        options=asked.options,
        job=job,
        suspend_ttl=asked.suspend_ttl,
        stopping=stopper,
    )
    return work(request, asked.live, doors, SystemClock(), until=enough)


def chosen(root: Path, job: str | None) -> Path:
    """The folder of the live migration that is meant: the named one, or the only one that is not over. Raises UsageError."""
    from tablewright.migrate.live.watching.run import kept, standing

    folders = kept(root)
    if job is not None:
        found = [each for each in folders if each.name == job] or [
            each for each in folders if each.name.startswith(job)
        ]
    else:
        found = [each for each in folders if (held := standing(each)) is not None and not held.is_over]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.name for each in folders) or "none"
    raise UsageError(
        "no-such-job" if not found else "job-not-chosen",
        "There is no such live migration" if not found else "Several live migrations could be meant",
        f"Kept under {root}: {names}. Name one of them.",
        "tablewright migrate live --help" if not folders else "tablewright migrate status",
    )


def asked_of(folder: Path) -> Asked:
    """What the migration in a folder was asked for. Raises UsageError for one that never began."""
    from tablewright.migrate.live.watching.run import standing

    held = standing(folder)
    if held is None:
        raise UsageError(
            "no-such-job", "This migration never began", f"{folder} holds no state.", "tablewright migrate status"
        )
    return held.asked
