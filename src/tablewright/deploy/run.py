"""Deploying: look, plan, do the first step, look again; until nothing is left to do.

A run keeps nothing of its own: what is to do follows from what stands, so a run that was killed is resumed by running again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tablewright.deploy.changing.run import RACES, Made, discard, execute, make
from tablewright.deploy.checking.run import await_table
from tablewright.deploy.checks import check_commit, check_endpoint, check_owner, check_whereabouts
from tablewright.deploy.ending import OperationFailed, finished
from tablewright.deploy.explaining.run import deepest
from tablewright.deploy.following.run import Watch, attach, follow, newest_event
from tablewright.deploy.guarding.run import losses, suspect
from tablewright.deploy.looking.run import Seen, Stamp, look, stamp
from tablewright.deploy.naming import design_digest, is_of_design
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.reason import cause, explain_text, why_unmade
from tablewright.deploy.recovering.run import carry_out
from tablewright.deploy.remedy import (
    ContinueRollback,
    DeleteStack,
    NoRemedy,
    RefuseIt,
    Remedy,
    RollBack,
    StuckIt,
    WaitForIt,
    refuse_names,
    remedy,
)
from tablewright.deploy.status import row
from tablewright.deploy.words import hint_again, looked, not_as_designed, refusal, unmatched
from tablewright.errors import Failed, MustWait, Refused, Stuck, TablewrightError
from tablewright.events import (
    Cause,
    ChangesFound,
    Ending,
    Event,
    Failure,
    Finished,
    Looked,
    Noted,
    OperationStarted,
    Started,
    StepEnded,
    StepStarted,
)
from tablewright.model.design import Design
from tablewright.model.loss import Weight
from tablewright.model.stack import Stack
from tablewright.plan.actual import Standing
from tablewright.plan.index_limits import beyond_one_update
from tablewright.plan.plan import plan
from tablewright.plan.steps import AwaitTable, CreateStack, Follow, Protect, Recover, Revert, Step, UpdateStack
from tablewright.ports import Account

Steps = Generator[Event, None, None]

_AFTER_A_RACE = 0.5
"""Seconds until what somebody else did can be seen."""

_MOST_RACES = 10


@dataclass(slots=True)
class _Run:
    """One run: what was asked, and what it remembers between two looks."""

    account: Account
    design: Design
    options: DeployOptions
    again: str
    deadline: datetime | None = None
    stack_id: str | None = None
    unchanged: Stamp | None = None
    reverted: bool = False
    nested_seen: bool = False
    taken_in: frozenset[str] = frozenset()
    number: int = 0
    changed: bool = False
    races: int = 0
    tried: Counter[object] = field(default_factory=Counter)
    result: str = ""


def deploy(
    design: Design, account: Account, *, environment: str | None = None, options: DeployOptions | None = None
) -> Iterator[Event]:
    """Bring the stack to what the design says, yielding what happens; the last event is always ``Finished``.

    Raises UsageError where the request itself is wrong, before anything is changed. Closing the generator (as Ctrl-C does)
    detaches: what AWS has begun goes on, what was only prepared is removed.
    """
    options = options or DeployOptions()
    again = options.again or hint_again(design, environment)
    run = _Run(account, design, options, again)
    try:
        if options.timeout is not None:
            run.deadline = account.clock.now() + timedelta(seconds=options.timeout)
        check_endpoint(options.expected, account.identity.endpoint())
        where = account.identity.whereabouts()
        yield Started("deploy", design.stack, where, environment, design.path)
        check_whereabouts(options.expected, where)
        yield from _converge(run)
    except TablewrightError as error:
        yield finished(error, again)


def _converge(run: _Run) -> Steps:
    first = True
    while True:
        seen = look(
            run.design,
            run.account,
            stack_id=run.stack_id,
            unchanged=run.unchanged,
            reverted=run.reverted,
            nested_seen=run.nested_seen,
        )
        stack = seen.actual.stack
        run.stack_id = stack.id if stack is not None else None
        if first:
            yield from _introduce(run, seen)
            first = False
        steps = plan(seen.design, seen.actual, protection=run.options.termination_protection)
        if steps.first is None:
            yield from _end(run, seen, steps.reason)
            return
        step = steps.first
        key = (step, stack.status if stack else None, stack.updated_at if stack else None)
        run.tried[key] += 1
        if run.tried[key] > 2:
            raise Stuck(
                "no-progress",
                "The run makes no progress",
                f"'{step.title}' was done twice and the stack stands as before. Nothing more is tried.",
                f"tablewright why {run.design.stack}",
            )
        run.number += 1
        yield StepStarted(run.number, step.kind, step.title, steps.reason)
        run.result = "done"
        try:
            yield from _perform(run, seen, step)
        except TablewrightError as error:
            run.races += 1
            if error.code not in RACES or run.races > _MOST_RACES:
                raise
            run.tried[key] -= 1
            run.result = "somebody else acted in between; looking again"
            run.account.clock.sleep(_AFTER_A_RACE)
        yield StepEnded(run.number, step.kind, run.result)


def _perform(run: _Run, seen: Seen, step: Step) -> Steps:
    match step:
        case Follow():
            yield from _follow(run, seen)
        case Recover():
            yield from _recover(run, seen)
        case CreateStack(imports=imports) | UpdateStack(imports=imports):
            yield from _change(run, seen, imports, asks=run.options.interactive)
            run.taken_in |= frozenset(imports)
            run.nested_seen = True
        case Revert():
            yield from _put_right(run, seen, step)
        case AwaitTable(table=table):
            yield from await_table(run.account, table, run.deadline)
            run.changed = True
        case Protect(stack_id=stack_id, enabled=enabled):
            run.account.stacks.protect(stack_id, enabled=enabled)
            run.changed = True


def _introduce(run: _Run, seen: Seen) -> Steps:
    """What was found, and the checks that forbid going on, before anything is changed."""
    yield Looked(seen.actual.stack, looked(seen.situation, run.design.stack), seen.situation.looked_at())
    stack = seen.actual.stack
    if stack is not None:
        said = check_owner(seen.design, stack, seen.actual.template)
        if said:
            yield Noted("warning", said)
        undecided = check_commit(run.options.commit, stack)
        if undecided:
            yield Noted("note", undecided)


def _follow(run: _Run, seen: Seen) -> Steps:
    stack = seen.actual.stack
    assert stack is not None
    ours = is_of_design(stack.change_set_id, design_digest(seen.design, seen.values))
    verb = row(stack.status).verb
    yield OperationStarted(stack.id, verb, attached=True)
    watch = attach(run.account, stack, run.deadline)
    after = yield from follow(run.account, watch)
    healthy = after is None or row(after.status).healthy
    run.changed = run.changed or ours
    if not healthy:
        assert after is not None
        why = deepest(run.account, cause(watch.events, stack.name, deploy=run.again), stack.name, deploy=run.again)
        if why is not None:
            yield Failure(why)
        if ours:
            raise _failed(run, after, why)
    run.result = f"it ended {after.status}" if after is not None else "it ended, and the stack is gone"
    if healthy and verb in ("create", "update", "import") and not ours and not run.options.interactive:
        now = look(run.design, run.account, stack_id=stack.id)
        if now.actual.standing is Standing.SETTLED and plan(now.design, now.actual).steps:
            yield StepEnded(run.number, "follow", run.result)
            raise MustWait(
                "other-deployment-ran",
                "Another deployment ran first",
                f"A deployment of stack {stack.name} that is not this one was running; {run.result}. What this one "
                "would change is another thing now; run again to see and do it.",
            )


def _recover(run: _Run, seen: Seen) -> Steps:
    stack = seen.actual.stack
    assert stack is not None
    if run.number > 1:
        yield Looked(stack, looked(seen.situation, run.design.stack), seen.situation.looked_at())
    if seen.situation.cause is not None:
        yield Failure(seen.situation.cause)
    chosen = remedy(seen.situation)
    if isinstance(chosen, NoRemedy):
        raise Stuck(
            "no-remedy",
            "No remedy is known",
            f"Stack {stack.name} is {stack.status}, and nothing can be done about it.",
        )
    changes = isinstance(chosen, DeleteStack | RollBack | ContinueRollback)
    if not isinstance(
        chosen, RefuseIt | WaitForIt | StuckIt
    ):  # what forbids is said once, by the error that ends the run
        yield Noted("note", f"{stack.status}: {chosen.why}", asks=changes and run.options.interactive)
    if changes:
        _check_still_right(run, stack, chosen)
    after = yield from carry_out(run.account, chosen, stack, run.deadline)
    run.changed = True
    if after is None or row(after.status).standing is Standing.ABSENT:
        run.stack_id = None
        run.result = "the stack is gone"
    else:
        run.result = f"the stack is {after.status}"


def _check_still_right(run: _Run, stack: Stack, chosen: Remedy) -> None:
    """Raise a race where another look, right before the act, leads to another remedy: a person may have thought for an hour."""
    if remedy(look(run.design, run.account, stack_id=stack.id).situation) != chosen:
        raise Failed(
            "stack-exists",
            "The stack changed in between",
            f"Stack {stack.name} is not as it was when it was looked at.",
        )


def _put_right(run: _Run, seen: Seen, step: Revert) -> Steps:
    """Revert drift; of tables that this very run took in, without asking again."""
    asks = run.options.interactive and not frozenset(step.tables) <= run.taken_in
    try:
        yield from _change(run, seen, (), step.differences, asks=asks)
    except Failed as error:
        if error.code != "no-drift-mode":
            raise
        raise not_as_designed(run.design.stack, step.differences, error.detail) from error
    run.reverted = True


def _change(run: _Run, seen: Seen, imports: tuple[str, ...], drift: tuple[str, ...] = (), *, asks: bool) -> Steps:
    account, stack = run.account, seen.actual.stack
    refused = refuse_names(seen.situation, run.design.stack)
    if refused is not None:
        _check_still_so(account, run.design.stack, stack)
        raise Refused(refused.code, refused.summary, refused.why, refused.hint)
    if stack is not None and seen.actual.standing is Standing.SHELL:
        chosen = remedy(seen.situation)
        yield from carry_out(account, chosen, stack, run.deadline)
    for name in imports:
        yield Noted("note", f"Table {name} exists already; it is taken into the stack with its items.")
    made = yield from make(account, seen, run.options, imports, drift)
    if made.failed:
        yield from _not_made(run, made, stack)
        return
    kept = False
    try:
        suspicion = suspect(account, seen, made.change_set.changes)
        found = losses(account, suspicion, run.options.allow_data_loss)
        if any(loss.refuses for loss in found):
            raise refusal(found, run.design.stack, run.again, run.options.allow_data_loss)
        for loss in found:
            yield Noted("note" if loss.weight is Weight.SAID else "warning", f"{loss.table}: {loss.what}")
        for told in unmatched(found, run.options.allow_data_loss):
            yield Noted("warning", told)
        for told in beyond_one_update(run.design, seen.actual.tables, made.change_set.changes):
            yield Noted("warning", told)
        yield ChangesFound(made.change_set, found, asks=asks)
        now = losses(account, suspicion, run.options.allow_data_loss)
        if any(loss.refuses for loss in now):
            raise refusal(now, run.design.stack, run.again, run.options.allow_data_loss)
        known = newest_event(account, made.change_set.stack_id) if stack is not None else None
        execute(account, made)
        kept = True
    finally:
        if not kept:
            with suppress(TablewrightError):  # what is left, the next run knows by its name
                discard(account, made)
    run.stack_id = made.change_set.stack_id
    yield from _watch_change(
        run, made, stack, known, "create" if stack is None or seen.actual.standing is Standing.SHELL else "update"
    )


def _check_still_so(account: Account, name: str, stack: Stack | None) -> None:
    """Raise a race where the stack is not as it was seen: a table that seems to be a stranger's may have just been made."""
    now = account.stacks.describe(stack.id if stack is not None else name)
    before = (stack.id, stack.status, stack.updated_at) if stack is not None else None
    after = (now.id, now.status, now.updated_at) if now is not None else None
    if before != after:
        raise Failed(
            "stack-exists", "The stack changed in between", f"Stack {name} was changed while it was looked at."
        )


def _watch_change(run: _Run, made: Made, before: Stack | None, known: str | None, verb: str) -> Steps:
    stack_id = made.change_set.stack_id
    yield OperationStarted(stack_id, verb)
    watch = Watch(stack_id, before, made.change_set.id, known, run.deadline)
    after = yield from follow(run.account, watch)
    run.changed = True
    if after is None or not row(after.status).healthy:
        why = cause(watch.events, run.design.stack, deploy=run.again)
        why = deepest(run.account, why, run.design.stack, deploy=run.again)
        if why is None and after is not None and after.reason:
            why = explain_text(after.reason, run.design.stack, deploy=run.again)
        if why is not None:
            yield Failure(why)
        raise _failed(run, after, why)
    run.result = f"the stack is {after.status}"


def _not_made(run: _Run, made: Made, before: Stack | None) -> Steps:
    """A change set that CloudFormation would not make: nothing to change, or a refusal before anything was done."""
    discard(run.account, made)
    if made.empty:
        run.unchanged = stamp(before) if before is not None else None
        run.result = "CloudFormation finds no change"
        return
    why = why_unmade(made.problems, made.change_set.reason, run.design.stack, deploy=run.again)
    yield Failure(why)
    raise OperationFailed(
        "change-set-failed",
        "CloudFormation refuses the change",
        f"The change set could not be made: {made.change_set.reason}\n\nNothing was changed. {why.meaning} {why.remedy}".rstrip(),
        why.command,
        why,
        None,
    )


def _failed(run: _Run, stack: Stack | None, found: Cause | None) -> OperationFailed:
    status = stack.status if stack is not None else "gone"
    detail = f"Stack {run.design.stack} is {status}. {row(stack.status).meaning if stack is not None else ''}"
    if found is not None:
        detail += f"\n\n{found.logical_id} ({found.type}): {found.text}\n\n{found.meaning} {found.remedy}".rstrip()
    # Where the cause is told, asking why would only tell it again.
    hint = (found.command or run.again) if found is not None else f"tablewright why {run.design.stack}"
    return OperationFailed("deployment-failed", "The deployment failed", detail, hint, found, stack)


def _end(run: _Run, seen: Seen, reason: str) -> Steps:
    stack = seen.actual.stack
    assert stack is not None
    for what in seen.actual.unread:
        yield Noted("warning", f"Could not be read back: {what}")
    if seen.actual.drift:
        told = tuple(difference for each in seen.actual.drift for difference in each.differences)
        raise not_as_designed(stack.name, told, f"CloudFormation says {stack.status}.")
    facts = {"reason": reason}
    if run.changed:
        yield Finished(Ending.DONE, f"Stack {stack.name} is deployed", stack=stack, outputs=stack.outputs, facts=facts)
    else:
        yield Finished(
            Ending.NOTHING_TO_DO,
            f"Stack {stack.name} is deployed already",
            f"Nothing is to be done: {reason}.",
            stack=stack,
            outputs=stack.outputs,
            facts=facts,
        )
