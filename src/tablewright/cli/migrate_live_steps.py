"""``tablewright migrate cutover``, ``rollback``, ``finish``, ``abandon`` and ``unfence``: the steps that a person asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tablewright.cli import exits
from tablewright.cli.migrate import need_extra
from tablewright.cli.migrate_ends import Doors, jobs_root
from tablewright.cli.migrate_live import asked_of, chosen, driven, protocol, protocol_options
from tablewright.cli.migrate_live_show import show
from tablewright.cli.migrate_show import Stopper
from tablewright.cli.options import Common, common_options
from tablewright.cli.terminal import output
from tablewright.errors import Refused, UsageError

if TYPE_CHECKING:
    from tablewright.migrate.live.run import LiveEvent
    from tablewright.migrate.live.states import State


@click.command(
    name="cutover", short_help="Verify, hold the writers, drain, compare once more, and switch to the target."
)
@click.argument("job", required=False)
@protocol_options
@click.option(
    "--abandon",
    type=click.IntRange(0),
    metavar="N",
    help="Leave the items that are set aside behind: exactly N of them.",
)
@common_options
def cutover(common: Common, job: str | None, abandon: int | None, **given: Any) -> int:
    """Verify, hold the writers, drain, compare once more, and switch to the target.

    Writers are held for at most --pause. Whatever is not clean, or takes longer, lets them go on where they were; the fence
    lapses by itself should everything else fail. Where `migrate live` runs, it does the work and this command shows it;
    otherwise this command does it, and ends once the application uses the target. Exit code 0: switched; 1: not switched,
    and writers go on.

    \b
    Examples:
      tablewright migrate cutover
      tablewright migrate cutover sessions-to-sessions-v2-1a2b3c4d --pause 30s
    """
    from tablewright.migrate.live.states import State

    return _step(
        common,
        job,
        "cutover",
        {"abandon": abandon},
        given,
        allowed=(
            State.PREPARING,
            State.SPOOLING,
            State.BACKFILLING,
            State.BARRIER,
            State.REPLAYING,
            State.FOLLOWING,
        ),
        going_on=(
            State.VERIFYING,
            State.FENCING,
            State.DRAINING,
            State.RECHECKING,
            State.SWITCHING,
            State.UNFENCING,
            State.SWITCHED,
        ),
        enough=lambda state: state in (State.FOLLOWING, State.REVERSING, State.BROKEN),
        goal=State.REVERSING,
    )


@click.command(name="rollback", short_help="Point the application at the source again, with every write made since.")
@click.argument("job", required=False)
@protocol_options
@common_options
def rollback(common: Common, job: str | None, **given: Any) -> int:
    """Point the application at the source again, with every write that was made on the target.

    The same steps as a cut-over, the other way round: the target's writers are held, the reverse tail is drained, what moved is
    compared, the pointer is switched. Refused where the transform has no inverse.

    \b
    Examples:
      tablewright migrate rollback
    """
    from tablewright.migrate.live.states import State

    return _step(
        common,
        job,
        "rollback",
        True,
        given,
        allowed=(State.SWITCHED, State.REVERSING),
        going_on=(
            State.FENCING_BACK,
            State.DRAINING_BACK,
            State.RECHECKING_BACK,
            State.SWITCHING_BACK,
            State.UNFENCING_BACK,
            State.ROLLING_BACK,
        ),
        enough=lambda state: state in (State.REVERSING, State.ROLLED_BACK),
        goal=State.ROLLED_BACK,
    )


@click.command(name="finish", short_help="End the migration on the target; the source keeps every item.")
@click.argument("job", required=False)
@protocol_options
@common_options
def finish(common: Common, job: str | None, **given: Any) -> int:
    """End the migration on the target: nothing follows back any more, and the source's policy is put back.

    No table and no item is deleted. After it there is no way back by tablewright.

    \b
    Examples:
      tablewright migrate finish
    """
    from tablewright.migrate.live.states import State

    return _step(
        common,
        job,
        "finish",
        True,
        given,
        allowed=(State.SWITCHED, State.REVERSING),
        going_on=(State.FINISHING,),
        enough=lambda state: state is State.FINISHED,
        goal=State.FINISHED,
    )


@click.command(name="abandon", short_help="Give a live migration up before its switch; both tables stay as they are.")
@click.argument("job", required=False)
@protocol_options
@common_options
def abandon(common: Common, job: str | None, **given: Any) -> int:
    """Give a live migration up before its switch. Both tables, and the source's stream, stay as they are.

    \b
    Examples:
      tablewright migrate abandon
    """
    from tablewright.migrate.live.states import State

    before_the_switch = (
        State.PREPARING,
        State.SPOOLING,
        State.BACKFILLING,
        State.BARRIER,
        State.REPLAYING,
        State.FOLLOWING,
        State.VERIFYING,
        State.FENCING,
        State.DRAINING,
        State.RECHECKING,
        State.UNFENCING,
        State.BROKEN,
    )
    return _step(
        common,
        job,
        "abandon",
        True,
        given,
        allowed=before_the_switch,
        going_on=(State.ABANDONING,),
        enough=lambda state: state in (State.ABANDONED, State.REVERSING),
        goal=State.ABANDONED,
    )


@click.command(name="unfence", short_help="Take the fence out of a table's policy, whatever became of its migration.")
@click.argument("table", required=False)
@common_options
def unfence(common: Common, table: str | None) -> int:
    """Take the fence out of TABLE's policy, whatever became of its migration. Needs no journal, and nothing of this machine.

    Where the hook `fence` holds the writers instead, the hook `unfence` is run, which only the journal knows.

    TABLE is a table's name, or a live migration's id (its source and target then); without it, those of the only migration that
    is kept here. A process that is at work lets writers go by itself. Without a fence nothing is changed.

    \b
    Examples:
      tablewright migrate unfence ai-chef-sessions --region eu-west-1
    """
    need_extra()
    from tablewright.aws.clock import SystemClock
    from tablewright.migrate.job import TableAt
    from tablewright.migrate.live.fencing.run import CommandGate, lift_patiently
    from tablewright.migrate.live.journal import Journal
    from tablewright.migrate.live.watching.run import JOURNAL, kept, standing

    if table is None:
        table = chosen(jobs_root(common), None).name
    doors = Doors(common)
    out = output(sys.stdout, color=common.color)
    ends: list[tuple[TableAt, str | None]] = []
    clock = SystemClock()
    gates: dict[str, CommandGate] = {}
    for folder in kept(jobs_root(common)):
        held = standing(folder)
        if held is None or table not in (held.job, held.asked.source.name, held.asked.target.name):
            continue
        journal = Journal(folder / JOURNAL)
        try:
            if held.holder is not None and not held.is_over:
                journal.wish("unfence")
            names = {"job": held.job, "source": held.asked.source.name, "target": held.asked.target.name}
            if "unfence" in held.asked.live.hooks and not held.is_over:
                for end in (held.asked.source, held.asked.target):
                    gates[end.name] = CommandGate(held.asked.live.hooks, end.name, names, clock.now)
            if table == held.job:
                ends += [
                    (held.asked.source, journal.noted("saved_source")),
                    (held.asked.target, journal.noted("saved_target")),
                ]
            elif table == held.asked.source.name:
                ends.append((held.asked.source, journal.noted("saved_source")))
            else:
                ends.append((held.asked.target, journal.noted("saved_target")))
        finally:
            journal.close()
    if not ends:
        from tablewright.cli.migrate_ends import Side

        named = doors.end(Side(table, None, None, None, None), "source")
        if not isinstance(named, TableAt):
            raise UsageError("not-a-table", "That is no table", f"{table} is a folder of files.")
        ends.append((named, None))
    lifted_any = False
    for end, saved in {each.name: (each, saved) for each, saved in ends}.values():
        if end.name in gates:
            gates[end.name].down(None)
            lifted_any = True
            _say(
                common,
                out,
                {"table": end.name, "lifted": True},
                f"{end.name}: the command unfence was run; writers go on",
            )
            continue
        account = doors(end.place)
        found = account.tables.describe(end.name, settings=False)
        if found is None or account.policies is None:
            raise UsageError("no-source-table", "There is no such table", f"There is no table {end.name}.")
        done = lift_patiently(account.policies, found.arn, clock, saved)
        lifted_any = lifted_any or done.was_up
        words = "its fence was taken out; writers go on" if done.was_up else "there is no fence"
        _say(common, out, {"table": end.name, "lifted": done.was_up}, f"{end.name}: {words}")
    return exits.DONE.code


def _step(
    common: Common,
    job: str | None,
    name: str,
    wish: object,
    given: dict[str, Any],
    *,
    allowed: tuple[State, ...],
    going_on: tuple[State, ...],
    enough: Callable[[State], bool],
    goal: State,
) -> int:
    """Ask for a step: of the process that works at the migration, or of this one.

    ``allowed``: states in which the step can be asked for. ``going_on``: those in which it has been, and is to be ended.
    """
    need_extra()
    from dataclasses import replace

    from tablewright.migrate.lease.lock import holder
    from tablewright.migrate.live.asked import as_plain
    from tablewright.migrate.live.journal import Journal
    from tablewright.migrate.live.states import row
    from tablewright.migrate.live.watching.run import JOURNAL, LOCK, standing

    folder = chosen(jobs_root(common), job)
    before = asked_of(folder)
    held = standing(folder)
    assert held is not None
    state = held.entry.state
    if state not in allowed and state not in going_on:
        ways = [f"    {command}" for command in held.commands]
        raise Refused(
            "not-from-this-state",
            f"A {name} is not possible now",
            f"The migration is {state}: {row(state).does}"
            + ("\n\nWhat leads on from here:\n\n" + "\n".join(ways) if ways else ""),
            f"tablewright migrate status {folder.name}",
        )
    asked = replace(before, live=protocol(given, before.live))
    journal = Journal(folder / JOURNAL)
    try:
        journal.note(
            refusal=None, asked=as_plain(asked)
        )  # a process that is at work takes the options up with the wish
        if state in allowed:
            journal.wish(name, wish)
    finally:
        journal.close()
    stopper = Stopper()
    events: Iterator[LiveEvent]
    if holder(folder / LOCK) is not None:
        events = _watched(folder, enough, goal, stopper)
    else:
        events = driven(asked, Doors(common), common, stopper, enough, job=folder.name)
    return show(events, common, stopper)


def _watched(folder: Path, enough: Callable[[State], bool], goal: State, stopper: Stopper) -> Iterator[LiveEvent]:
    """What the process that works at it does with the wish."""
    from tablewright.aws.clock import SystemClock
    from tablewright.events import Ending, Finished
    from tablewright.migrate.live.states import State, title
    from tablewright.migrate.live.watching.run import refusal, standing, watch

    yield from watch(folder, SystemClock(), until=enough, stopping=stopper)
    held = standing(folder)
    assert held is not None
    job, state = folder.name, held.entry.state
    facts = {"job": job, "folder": str(folder), "state": state.value}
    if state is goal:
        why = held.entry.why
        hint = f"tablewright migrate finish {job}" if state is State.REVERSING else None
        yield Finished(Ending.DONE, title(state), f"{why[:1].upper()}{why[1:]}.", hint, state.value, facts=facts)
        return
    if stopper.asked:
        words = "The process that works at it goes on without this command."
        hint = f"tablewright migrate status {job}"
        yield Finished(Ending.MUST_WAIT, "No longer watching", words, hint, "stopped", facts=facts)
        return
    problem = refusal(folder)
    if problem is not None:
        yield Finished(Ending.FAILED, problem.summary, problem.detail, problem.hint, problem.code, facts=facts)
        return
    words = f"The migration is {state}: {held.entry.why}. The process that worked at it ended; to go on, run:"
    yield Finished(
        Ending.STUCK, "Nobody works at it any more", words, f"tablewright migrate live --job {job}", facts=facts
    )


def _say(common: Common, out: Any, body: dict[str, object], text: str) -> None:
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode(body, out))
    else:
        out.text(text)
