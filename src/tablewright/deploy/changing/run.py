"""The change set: made or found again, waited for, executed, removed."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tablewright.deploy.looking.run import Seen
from tablewright.deploy.messages import meaning_of
from tablewright.deploy.naming import PLAN_PREFIX, change_set_name, design_digest
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.pace import delays
from tablewright.errors import Failed, MustWait, TablewrightError, UsageError
from tablewright.events import Event, Waiting
from tablewright.model.stack import ChangeSet, Stack, StackEvent
from tablewright.plan.actual import Standing
from tablewright.plan.tags import tags_to_send
from tablewright.ports import Account, ChangeSetRequest

INLINE_LIMIT = 51_200
S3_LIMIT = 1_048_576
"""Bytes of a template sent in the request, and read from S3. Source: CloudFormation user guide, "CloudFormation quotas"."""

RACES = frozenset(
    {
        "already-exists",
        "change-set-not-found",
        "change-set-not-usable",
        "operation-in-progress",
        "stack-exists",
        "stack-not-found",
        "stack-status-forbids",
    }
)
"""Codes of refusals that mean that somebody else acted in between: looking again is the answer."""

_UNDERWAY = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})
_USABLE = frozenset({"AVAILABLE", "UNAVAILABLE"})
_LONGEST_REMOVAL = 20
_LONGEST_LOOKS = 400


@dataclass(frozen=True, slots=True)
class Made:
    """A change set that is ready or has failed. ``shell`` is the id of the stack that it brought into being, if it did.

    ``empty`` says that CloudFormation found nothing to change; ``problems`` is what its validations said.
    """

    change_set: ChangeSet
    shell: str | None = None
    empty: bool = False
    problems: tuple[StackEvent, ...] = ()

    @property
    def failed(self) -> bool:
        return self.change_set.status != "CREATE_COMPLETE"


def make(
    account: Account,
    seen: Seen,
    options: DeployOptions,
    imports: tuple[str, ...],
    drift: tuple[str, ...] = (),
    *,
    for_plan: bool = False,
) -> Generator[Event, None, Made]:
    """Make the change set that takes the stack to the design, or find the one an earlier run made, and wait for it.

    ``drift``, in words, is what it is to put right, if that is what it is for.
    """
    stack = seen.actual.stack
    digest = design_digest(seen.design, seen.values)
    name = change_set_name(digest, stack, imports, drift, for_plan=for_plan)
    is_new = stack is None or seen.actual.standing is Standing.SHELL
    request = ChangeSetRequest(
        stack=stack.id if stack is not None and not is_new else seen.design.stack,
        name=name,
        kind="CREATE" if is_new else "UPDATE",
        body=seen.design.body,
        token=account.tokens.token(),
        parameters=seen.values.sent,
        kept_parameters=seen.values.kept,
        tags=tags_to_send(seen.design, stack, options.commit),
        capabilities=seen.design.capabilities,
        import_existing=bool(imports),
        revert_drift=bool(drift),
        role_arn=options.role_arn,
        template_url=_uploaded(account, seen, options),
        include_nested=any(r.type == "AWS::CloudFormation::Stack" for r in seen.design.resources),
    )
    if for_plan and stack is not None:
        sweep(account, stack, keep=name)
    begun, fresh = _create(account, request)
    shell = begun.stack_id if (stack is None and fresh) or _is_own_plan_shell(seen) else None
    with _removed_if_abandoned(account, begun, shell):
        ready = yield from _wait(account, begun)
    if ready.status == "CREATE_COMPLETE":
        return Made(ready, shell)
    message = meaning_of(ready.reason)
    empty = message is not None and message.id == "no-change"
    problems = () if empty else account.change_sets.problems(ready.id)
    return Made(ready, shell, empty, problems)


def execute(account: Account, made: Made) -> None:
    """Begin executing."""
    account.change_sets.execute(made.change_set.id, token=account.tokens.token())


def discard(account: Account, made: Made) -> None:
    """Remove the change set, and with it the shell that it brought into being, if nobody else uses that.

    Where somebody else was faster and uses or has removed it, it is left to them.
    """
    try:
        remove(account, made.change_set, made.shell)
    except TablewrightError as error:
        if error.code not in RACES:
            raise


def discard_for_good(account: Account, made: Made) -> None:
    """As ``discard``, and wait until a shell that goes with it is gone, so that nothing is left behind."""
    discard(account, made)
    if made.shell is None:
        return
    for looks, delay in enumerate(delays(made.shell, first=0.02)):
        stack = account.stacks.describe(made.shell)
        if stack is None or stack.status != "DELETE_IN_PROGRESS" or looks > _LONGEST_REMOVAL:
            return
        account.clock.sleep(delay)


def remove(account: Account, change_set: ChangeSet, shell: str | None) -> None:
    """Remove a change set. A shell is removed as a whole, so that no moment lies between the two; never one that another
    change set waits in, that holds a resource, or that is anything but a shell."""
    if shell is not None:
        stack = account.stacks.describe(shell)
        others = [c for c in account.change_sets.of(shell) if c.id != change_set.id]
        if (
            stack is not None
            and stack.status == "REVIEW_IN_PROGRESS"
            and not others
            and not account.stacks.resources(shell)
        ):
            try:
                account.stacks.delete(shell, token=account.tokens.token())
                return
            except TablewrightError as error:
                if error.code != "access-denied":  # who only plans need not be able to delete stacks
                    raise
    account.change_sets.delete(change_set.id)


def sweep(account: Account, stack: Stack, keep: str = "") -> None:
    """Remove what plans that were killed left on the stack: their change sets are of no use to anybody."""
    for change_set in account.change_sets.of(stack.id):
        if change_set.name.startswith(PLAN_PREFIX) and change_set.name != keep:
            account.change_sets.delete(change_set.id)


def _is_own_plan_shell(seen: Seen) -> bool:
    """Whether the shell was made by a plan that was killed: all that waits in it are change sets of plans."""
    waiting = seen.situation.change_sets
    shell = seen.actual.standing is Standing.SHELL
    return shell and bool(waiting) and all(c.name.startswith(PLAN_PREFIX) for c in waiting)


@contextmanager
def _removed_if_abandoned(account: Account, begun: ChangeSet, shell: str | None) -> Iterator[None]:
    """Remove the change set if whoever drives the run goes away while it is made."""
    try:
        yield
    except (GeneratorExit, KeyboardInterrupt):
        remove(account, begun, shell)
        raise


def _create(account: Account, request: ChangeSetRequest) -> tuple[ChangeSet, bool]:
    """The change set, and whether this run made it: an earlier or a concurrent one may have, under the same name."""
    try:
        return account.change_sets.create(request), True
    except TablewrightError as error:
        if error.code != "already-exists":
            raise
    ours = next((c for c in account.change_sets.of(request.stack) if c.name == request.name), None)
    if (
        ours is not None
        and ours.execution_status in _USABLE
        and (ours.status in _UNDERWAY or ours.status == "CREATE_COMPLETE")
    ):
        return ours, False
    if ours is not None:
        account.change_sets.delete(ours.id)
    return account.change_sets.create(replace(request, token=account.tokens.token())), True


def _wait(account: Account, begun: ChangeSet) -> Generator[Event, None, ChangeSet]:
    for looks, delay in enumerate(delays(begun.id, first=0.03)):
        found = account.change_sets.describe(begun.id)
        if found is not None and found.status not in _UNDERWAY:
            return found
        if looks == _LONGEST_LOOKS:
            break
        if looks == 12:
            yield Waiting("CloudFormation is still making the change set")
        if found is None and looks > 12:
            raise Failed(
                "change-set-gone",
                "The change set is gone",
                f"Change set {begun.name} was removed by somebody else while it was being made. Run again.",
            )
        account.clock.sleep(delay)
    raise MustWait(
        "change-set-slow",
        "CloudFormation is still making the change set",
        "Run again: what it has made by then is used.",
    )


def _uploaded(account: Account, seen: Seen, options: DeployOptions) -> str | None:
    """The URL of a template that is too large to be sent inline, None for one that is not."""
    size = len(seen.design.body.encode())
    if size <= INLINE_LIMIT:
        return None
    if size > S3_LIMIT:
        raise UsageError(
            "template-too-large",
            "Template is too large",
            f"{seen.design.path} has {size:,} bytes; CloudFormation takes {S3_LIMIT:,} at most. Split it into several stacks.",
        )
    if options.bucket is None or account.uploads is None:
        raise UsageError(
            "template-needs-bucket",
            "Template is too large to be sent inline",
            f"{seen.design.path} has {size:,} bytes; up to {INLINE_LIMIT:,} can be sent with the request, more only through an "
            "S3 bucket of yours. No bucket is ever made for you. Name one that exists in this region:",
            f"{options.again or f'tablewright deploy {seen.design.path} --stack {seen.design.stack}'} --s3-bucket BUCKET",
        )
    digest = hashlib.sha256(seen.design.body.encode()).hexdigest()
    return account.uploads.put(
        options.bucket, f"tablewright/{seen.design.stack}/{digest[:32]}.template", seen.design.body
    )
