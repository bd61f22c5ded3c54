"""What a deployment would do: the plan, and the changes of a change set that is made for it and removed again."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from tablewright.deploy.changing.run import Made, discard_for_good, make
from tablewright.deploy.checks import check_commit, check_endpoint, check_owner, check_whereabouts
from tablewright.deploy.ending import finished
from tablewright.deploy.guarding.run import losses, suspect
from tablewright.deploy.looking.run import Seen, look, stamp
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.reason import why_unmade
from tablewright.deploy.remedy import RefuseIt, StuckIt, WaitForIt, refuse_names, remedy
from tablewright.deploy.words import counted, hint_again, looked, ways_that_lose_nothing
from tablewright.errors import Refused, TablewrightError
from tablewright.events import (
    ChangesFound,
    Ending,
    Event,
    Failure,
    Finished,
    Looked,
    Noted,
    Planned,
    PlannedStep,
    Started,
)
from tablewright.model.design import Design, Unknown
from tablewright.model.loss import Loss, Weight
from tablewright.plan.index_limits import beyond_one_update
from tablewright.plan.plan import Plan, plan
from tablewright.plan.steps import CreateStack, Recover, Revert, UpdateStack, step_as_json
from tablewright.ports import Account

Steps = Generator[Event, None, None]

CHANGES, REFUSED = "changes", "refused"
"""Names of facts on ``Finished``: whether a deployment would change something (yes, no), and the code it would refuse with."""


def preview(
    design: Design, account: Account, *, environment: str | None = None, options: DeployOptions | None = None
) -> Iterator[Event]:
    """Say what ``deploy`` would do with the same arguments; nothing is changed, and what was made for it is removed again.

    Yields ``Planned``, and ``ChangesFound`` with what would be lost where a change set can be made now. The last event is
    ``Finished``: done, with the facts ``changes`` (yes or no) and ``refused`` (the code, where deploying would refuse).
    Raises UsageError where the request itself is wrong.
    """
    options = options or DeployOptions()
    again = options.again or hint_again(design, environment)
    try:
        check_endpoint(options.expected, account.identity.endpoint())
        where = account.identity.whereabouts()
        yield Started("plan", design.stack, where, environment, design.path)
        check_whereabouts(options.expected, where)
        yield from _preview(design, account, options, hint_again(design, environment))
    except TablewrightError as error:
        yield finished(error, again)


def offline(design: Design) -> Iterator[Event]:
    """What can be said of a design without asking anybody: what it wants, and what only AWS knows."""
    unknown = ["what is deployed, and so what would change"]
    for resource in design.resources:
        if not resource.certain:
            unknown.append(f"whether {resource.logical_id} exists: its condition cannot be decided here")
        if isinstance(resource.physical_name, Unknown):
            unknown.append(f"the name of {resource.logical_id}: {resource.physical_name.why}")
    step = PlannedStep("deploy", f"Create or update stack {design.stack}", {"stack": design.stack})
    yield Planned(design.stack, (step,), "nothing was asked: this is the template alone", unknown=tuple(unknown))
    for table in design.tables:
        name = table.physical_name
        shown = (
            name if isinstance(name, str) else "a name that AWS chooses" if name is None else "a name known only at AWS"
        )
        indexes = f", indexes {', '.join(table.indexes)}" if table.indexes else ""
        kept = table.deletion_policy or "Delete"
        yield Noted("note", f"{table.logical_id}: table {shown}{indexes}, DeletionPolicy {kept}")
    yield Finished(
        Ending.DONE,
        f"{design.path} holds {counted(len(design.resources), 'resource')}, "
        f"{len(design.tables)} of them {'a table' if len(design.tables) == 1 else 'tables'}",
        "Nothing was asked of AWS.",
        facts={CHANGES: "unknown"},
    )


def _preview(design: Design, account: Account, options: DeployOptions, deploying: str) -> Steps:
    seen = look(design, account)
    yield Looked(seen.actual.stack, looked(seen.situation, design.stack), seen.situation.looked_at())
    if seen.actual.stack is not None:
        said = check_owner(seen.design, seen.actual.stack, seen.actual.template)
        if said:
            yield Noted("warning", said)
        undecided = check_commit(options.commit, seen.actual.stack)
        if undecided:
            yield Noted("note", undecided)
    steps = plan(seen.design, seen.actual, protection=options.termination_protection)
    if isinstance(steps.first, Recover):
        yield from _recovery(seen, steps)
    elif isinstance(steps.first, CreateStack | UpdateStack | Revert):
        yield from _changes(account, seen, steps, steps.first, options, deploying)
    else:
        yield planned(steps, _unseen(steps))
        yield _end(steps, "no" if not steps.steps else "yes", hint=deploying)


def planned(steps: Plan, unknown: tuple[str, ...] = ()) -> Planned:
    """The plan as an event."""
    shown = []
    for step in steps.steps:
        fields = dict(step_as_json(step))
        shown.append(PlannedStep(str(fields.pop("kind")), str(fields.pop("title")), fields))
    return Planned(steps.stack, tuple(shown), steps.reason, steps.digest, unknown)


def _unseen(steps: Plan) -> tuple[str, ...]:
    later = any(isinstance(step, CreateStack | UpdateStack) for step in steps.steps)
    return ("the changes, before what is running has ended",) if later else ()


def _recovery(seen: Seen, steps: Plan) -> Steps:
    """A stack that has to be recovered first takes no change set: the remedy is what can be said."""
    yield planned(steps, ("the changes, before the stack is recovered",))
    if seen.situation.cause is not None:
        yield Failure(seen.situation.cause)
    chosen = remedy(seen.situation)
    yield Noted("note", f"{seen.situation.status.status}: {chosen.why}")
    refused = chosen.code if isinstance(chosen, RefuseIt | WaitForIt | StuckIt) else None
    yield _end(steps, "yes", refused)


def _changes(
    account: Account,
    seen: Seen,
    steps: Plan,
    first: CreateStack | UpdateStack | Revert,
    options: DeployOptions,
    deploying: str,
) -> Steps:
    blocked = refuse_names(seen.situation, seen.design.stack)
    if blocked is None and seen.actual.stack is not None and isinstance(first, CreateStack):
        chosen = remedy(seen.situation)
        blocked = chosen if isinstance(chosen, RefuseIt) else None
    if blocked is not None:
        raise Refused(blocked.code, blocked.summary, blocked.why, blocked.hint)
    try:
        imports, drift = ((), first.differences) if isinstance(first, Revert) else (first.imports, ())
        made = yield from make(account, seen, options, imports, drift, for_plan=True)
    except TablewrightError as error:
        if error.code == "no-drift-mode":
            yield planned(steps, (f"how to do it: {error.detail}",))
            yield _end(steps, "yes", "not-as-designed")
            return
        if error.code != "access-denied":
            raise
        yield planned(steps, (f"the changes: making a change set is denied ({error.text or error.detail})",))
        yield _end(steps, "yes")
        return
    try:
        yield from _made(account, seen, steps, made, options, deploying)
    finally:
        discard_for_good(account, made)


def _made(account: Account, seen: Seen, steps: Plan, made: Made, options: DeployOptions, deploying: str) -> Steps:
    if made.empty and isinstance(steps.first, Revert):
        yield planned(steps, ("how to do it: CloudFormation finds nothing to put right",))
        yield _end(steps, "yes", "not-as-designed")
        return
    if made.empty:
        yield from _nothing_to_update(account, seen, options, deploying)
        return
    yield planned(steps)
    if made.failed:
        yield Failure(why_unmade(made.problems, made.change_set.reason, seen.design.stack, deploy=deploying))
        yield _end(steps, "yes", "change-set-failed")
        return
    found = losses(account, suspect(account, seen, made.change_set.changes), options.allow_data_loss)
    for told in beyond_one_update(seen.design, seen.actual.tables, made.change_set.changes):
        yield Noted("warning", told)
    yield ChangesFound(made.change_set, found, asks=False)
    refused = [loss for loss in found if loss.refuses]
    code = None
    if refused:
        code = "retain-and-remove-at-once" if any(loss.weight is Weight.FORBIDDEN for loss in refused) else "data-loss"
    yield _end(steps, "yes", code, found, hint=deploying)


def _nothing_to_update(account: Account, seen: Seen, options: DeployOptions, deploying: str) -> Steps:
    """CloudFormation finds no change for this very template: what is left is what else there is to do, drift for one."""
    assert seen.actual.stack is not None
    now = look(seen.design, account, stack_id=seen.actual.stack.id, unchanged=stamp(seen.actual.stack))
    steps = plan(now.design, now.actual, protection=options.termination_protection)
    if isinstance(steps.first, Revert):
        yield from _changes(account, now, steps, steps.first, options, deploying)
        return
    yield planned(steps)
    yield _end(steps, "yes" if steps.steps else "no")


def _end(
    steps: Plan, changes: str, refused: str | None = None, found: tuple[Loss, ...] = (), hint: str | None = None
) -> Finished:
    facts = {CHANGES: changes, **({REFUSED: refused} if refused else {})}
    if changes == "no":
        return Finished(
            Ending.NOTHING_TO_DO, f"Stack {steps.stack} is deployed already", f"{_sentence(steps.reason)}", facts=facts
        )
    summary = f"Deploying stack {steps.stack} would take {len(steps.steps)} step{'s' if len(steps.steps) != 1 else ''}"
    detail = "Deploying would be refused as it stands. " if refused else ""
    ways = ways_that_lose_nothing([loss for loss in found if loss.refuses]) if refused == "data-loss" else ()
    return Finished(
        Ending.DONE,
        summary,
        "\n\n".join((detail + "Nothing was changed.", *ways)),
        None if refused else hint,
        refused,
        losses=found,
        facts=facts,
    )


def _sentence(reason: str) -> str:
    return f"Nothing is to be done: {reason}."
