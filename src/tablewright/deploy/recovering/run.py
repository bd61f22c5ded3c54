"""Carrying out a remedy: each is one call and the following of what it sets going."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime

from tablewright.deploy.checking.run import await_table
from tablewright.deploy.following.run import Watch, follow, newest_event
from tablewright.deploy.remedy import (
    AwaitTables,
    ContinueRollback,
    DeleteStack,
    FollowIt,
    NoRemedy,
    RefuseIt,
    Remedy,
    RollBack,
    StuckIt,
    UseShell,
    WaitForIt,
)
from tablewright.errors import MustWait, Refused, Stuck
from tablewright.events import Event, OperationStarted
from tablewright.model.stack import Stack
from tablewright.ports import Account


def carry_out(
    account: Account, chosen: Remedy, stack: Stack, deadline: datetime | None
) -> Generator[Event, None, Stack | None]:
    """Do what the remedy says and follow it; the stack as it is afterwards, None if it is gone.

    Raises Refused, MustWait or Stuck with the remedy's words where it says that nothing may be done.
    """
    match chosen:
        case RefuseIt():
            raise Refused(chosen.code, chosen.summary, chosen.why, chosen.hint)
        case WaitForIt():
            raise MustWait(chosen.code, chosen.summary, chosen.why, None, chosen.until)
        case StuckIt():
            raise Stuck(chosen.code, chosen.summary, chosen.why, chosen.hint)
        case AwaitTables(names=names):
            for name in names:
                yield from await_table(account, name, deadline)
            return account.stacks.describe(stack.id)
        case NoRemedy() | UseShell() | FollowIt():
            return stack
        case DeleteStack(stack_id=stack_id, retain=retain):
            watch = Watch(stack_id, stack, known=newest_event(account, stack_id), deadline=deadline)
            account.stacks.delete(stack_id, token=account.tokens.token(), retain=retain)
            yield OperationStarted(stack_id, "delete")
        case ContinueRollback(stack_id=stack_id):
            watch = Watch(stack_id, stack, known=newest_event(account, stack_id), deadline=deadline)
            account.stacks.continue_rollback(stack_id, token=account.tokens.token())
            yield OperationStarted(stack_id, "rollback")
        case RollBack(stack_id=stack_id):
            watch = Watch(stack_id, stack, known=newest_event(account, stack_id), deadline=deadline)
            account.stacks.roll_back(stack_id, token=account.tokens.token())
            yield OperationStarted(stack_id, "rollback")
    return (yield from follow(account, watch))
