"""Situation to remedy: what may be done about a stack that cannot be updated as it stands.

A remedy is a function of the whole situation, never of a status alone. Two rules stand above all rows:

- No remedy deletes or rolls back a stack while a table that this would delete holds items, or may hold some.
- What could not be read counts as the worse answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tablewright.deploy.reason import FAILURES, retry_at
from tablewright.deploy.situation import OwnedTable, Situation, describe_contents
from tablewright.plan.actual import Standing


@dataclass(frozen=True, slots=True)
class NoRemedy:
    """None is needed: an update may be made."""

    why: str = "the stack can be updated as it stands"


@dataclass(frozen=True, slots=True)
class FollowIt:
    """CloudFormation is at work: follow it to its end."""

    stack_id: str
    why: str


@dataclass(frozen=True, slots=True)
class UseShell:
    """The empty shell can take the change set; ``remove`` are change sets of earlier runs that are in the way."""

    stack_id: str
    why: str
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteStack:
    """Delete the stack by its id, leaving ``retain`` (logical ids) behind; nothing that it owns holds items."""

    stack_id: str
    why: str
    retain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContinueRollback:
    """Let CloudFormation go on with the rollback that got stuck."""

    stack_id: str
    why: str


@dataclass(frozen=True, slots=True)
class RollBack:
    """Roll the failed operation back; nothing that this deletes holds items."""

    stack_id: str
    why: str


@dataclass(frozen=True, slots=True)
class AwaitTables:
    """Wait until these tables and their indexes are ACTIVE, then look again."""

    names: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class RefuseIt:
    """A guard says no; a person has to decide."""

    code: str
    summary: str
    why: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class WaitForIt:
    """Right, but not now."""

    code: str
    summary: str
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StuckIt:
    """Nothing that tablewright may do by itself goes on from here."""

    code: str
    summary: str
    why: str
    hint: str | None = None


Remedy = (
    NoRemedy
    | FollowIt
    | UseShell
    | DeleteStack
    | ContinueRollback
    | RollBack
    | AwaitTables
    | RefuseIt
    | WaitForIt
    | StuckIt
)


def remedy(situation: Situation) -> Remedy:
    """The remedy of a situation. Every status has one, an unknown status too."""
    stack = situation.stack
    if stack is None:
        return NoRemedy("there is no stack")
    meaning = situation.status.meaning
    if situation.status.standing is Standing.ABSENT:
        return NoRemedy("there is no stack any more")
    if situation.status.standing is Standing.MOVING:
        return FollowIt(stack.id, meaning)
    if situation.status.standing is Standing.SETTLED:
        return NoRemedy()
    special = _BY_STATUS.get(stack.status)
    if special is not None:
        return special(situation)
    return StuckIt(
        "unknown-status",
        "Stack has a status that is not known",
        f"Stack {stack.name} is {stack.status}. {meaning} Nothing was done to it, because nothing is known to be safe.",
        f"tablewright status --stack {stack.name}",
    )


def _shell(situation: Situation) -> Remedy:
    stack = situation.stack
    assert stack is not None
    if situation.foreign_change_sets:
        listed = "\n".join(f"    {c.name}  {c.status}, {c.execution_status}" for c in situation.foreign_change_sets)
        return RefuseIt(
            "foreign-change-set",
            "Stack waits for somebody else's change set",
            f"Stack {stack.name} holds nothing yet and waits for a change set to be executed:\n\n{listed}\n\n"
            "Somebody may be reviewing it. Have it executed or deleted first, then run again.",
            f"tablewright status --stack {stack.name}",
        )
    if any(r.physical_id for r in situation.resources):
        return StuckIt(
            "shell-with-resources",
            "Stack waits for a change set, and yet holds resources",
            f"Stack {stack.name} is REVIEW_IN_PROGRESS and lists resources. CloudFormation may still be catching up: run again "
            "in a minute.",
            f"tablewright status --stack {stack.name}",
        )
    return UseShell(stack.id, "It is an empty shell; it takes the next change set.", ())


def _create_failed(situation: Situation) -> Remedy:
    """Rollback was off. What stands may hold rows: it is rolled back only when no table does."""
    return _undo(situation, situation.owned, "creation")


def _update_failed(situation: Situation) -> Remedy:
    """Rollback was off. Rolling back deletes what the update made."""
    return _undo(situation, tuple(t for t in situation.owned if t.born), "update")


def _undo(situation: Situation, endangered: tuple[OwnedTable, ...], verb: str) -> Remedy:
    stack = situation.stack
    assert stack is not None
    holding = tuple(t for t in endangered if not t.contents.is_empty)
    if holding:
        return RefuseIt(
            "stack-holds-data",
            "Rolling back would delete a table with items",
            f"Stack {stack.name} is {stack.status}: its {verb} failed with rollback switched off. Rolling it back would "
            f"delete:\n\n{_list(holding)}\n\nCorrect the template and update the stack with rollback "
            "switched off as before, or move the items away, then run again.",
            f"tablewright why {stack.name}",
        )
    refused = _key_in_use(situation, born=verb == "update")
    if refused is not None:
        return refused
    if situation.unread:
        return _unread(situation)
    if situation.busy:
        return AwaitTables(situation.busy, "Their indexes are still being built, and rolling back would fail on them.")
    return RollBack(
        stack.id,
        f"Its {verb} failed with rollback switched off, and no table that rolling back deletes holds items."
        + _set_back(situation),
    )


def _dead_shell(situation: Situation) -> Remedy:
    """ROLLBACK_COMPLETE, and a failed import that never stood: delete the shell, keep what survived."""
    refused = _may_delete(situation)
    stack = situation.stack
    assert stack is not None
    if refused is not None:
        return refused
    kept = tuple(s.table.name for s in situation.survivors if s.logical_id)
    why = "It is a dead shell that can only be deleted; no table that it owns holds items"
    if kept:
        why += f", and {', '.join(kept)} {'stays' if len(kept) == 1 else 'stay'} and will be taken in again"
    return DeleteStack(stack.id, f"{why}.")


def _half_deleted(situation: Situation) -> Remedy:
    """ROLLBACK_FAILED and DELETE_FAILED: something could not be removed, mostly a busy or a protected table."""
    refused = _may_delete(situation)
    stack = situation.stack
    assert stack is not None
    if refused is not None:
        return refused
    if situation.busy:
        return AwaitTables(situation.busy, "They cannot be deleted while they or their indexes are being changed.")
    protected = tuple(t for t in situation.owned if t.table is not None and t.table.deletion_protection)
    if not protected:
        return DeleteStack(stack.id, "Nothing that it owns holds items; deleting it is tried again.")
    if any(t.nested_in for t in protected):
        return StuckIt(
            "protected-nested-table",
            "A nested stack holds a protected table",
            f"Stack {stack.name} is {stack.status}, and deletion protection keeps:\n\n{_list(protected)}\n\n"
            "Turn deletion protection off on it, then run again.",
            f"tablewright why {stack.name}",
        )
    blocked = tuple(t for t in protected if t.obstacle)
    if blocked:
        words = "\n".join(f"    {t.name}: {t.obstacle}" for t in blocked)
        return RefuseIt(
            "cannot-take-in",
            "A table that would stay cannot be taken in again",
            f"Stack {stack.name} is {stack.status}. Deletion protection keeps these tables while the rest of it is deleted, "
            f"and they could not become part of it again:\n\n{words}\n\nNothing was changed. Correct the template and run again.",
            f"tablewright why {stack.name}",
        )
    names = ", ".join(t.name for t in protected)
    if stack.status == "DELETE_FAILED":
        return DeleteStack(
            stack.id,
            f"Deletion protection keeps {names}, which holds no items; it is left behind, and the rest is deleted.",
            tuple(t.logical_id for t in protected),
        )
    return DeleteStack(stack.id, f"Deletion protection will keep {names}; what is left is then deleted without it.")


def _stuck_rollback(situation: Situation) -> Remedy:
    """UPDATE_ROLLBACK_FAILED: go on with the rollback as soon as what it failed on allows it; never skip, never delete."""
    stack, cause = situation.stack, _failure_of_rollback(situation)
    assert stack is not None
    holding = tuple(t for t in situation.owned if t.born and not t.contents.is_empty)
    if holding:
        return RefuseIt(
            "stack-holds-data",
            "Going on with the rollback would delete a table with items",
            f"Stack {stack.name} is UPDATE_ROLLBACK_FAILED. Finishing the rollback would delete what the update made:\n\n"
            f"{_list(holding)}\n\nMove the items away, or protect the table, then run again.",
            f"tablewright why {stack.name}",
        )
    refused = _key_in_use(situation, born=True)
    if refused is not None:
        return refused
    if situation.unread:
        return _unread(situation)
    if situation.busy:
        return AwaitTables(situation.busy, "The rollback failed on them while they were being changed.")
    until = retry_at(*cause) if cause is not None else None
    if until is not None and situation.now is not None and until > situation.now:
        return WaitForIt(
            "rollback-must-wait",
            "Rolling back must wait",
            f"Stack {stack.name} could not be rolled back: {cause[0] if cause else ''}\n\nThis goes away by itself. Run "
            "again then, and the rollback is continued.",
            until,
        )
    return ContinueRollback(
        stack.id,
        "The rollback got stuck; going on with it changes nothing that it would not have changed."
        + _set_back(situation),
    )


def _set_back(situation: Situation) -> str:
    """What rolling back does beside deleting: the template that it goes back to cannot be read, so no more is known of it."""
    changed = ", ".join(t.name for t in situation.owned if t.changed and not t.contents.is_empty)
    if not changed:
        return ""
    return (
        f" It sets the settings of {changed} back to what they were before: where TTL was on then, it deletes what has expired "
        "since it was switched off."
    )


def _failed_import(situation: Situation) -> Remedy:
    stack = situation.stack
    assert stack is not None
    return StuckIt(
        "import-rollback-failed",
        "An import could not be rolled back",
        f"Stack {stack.name} is IMPORT_ROLLBACK_FAILED. No documented call leads out of it. Imported tables must carry a "
        "DeletionPolicy that keeps them, so their items are not in danger; AWS support can put the stack right.",
        f"tablewright why {stack.name}",
    )


_BY_STATUS: dict[str, Callable[[Situation], Remedy]] = {
    "REVIEW_IN_PROGRESS": _shell,
    "CREATE_FAILED": _create_failed,
    "UPDATE_FAILED": _update_failed,
    "ROLLBACK_COMPLETE": _dead_shell,
    "IMPORT_ROLLBACK_COMPLETE": _dead_shell,
    "ROLLBACK_FAILED": _half_deleted,
    "DELETE_FAILED": _half_deleted,
    "UPDATE_ROLLBACK_FAILED": _stuck_rollback,
    "IMPORT_ROLLBACK_FAILED": _failed_import,
}


def _may_delete(situation: Situation) -> Remedy | None:
    """What forbids deleting the stack, or None."""
    stack = situation.stack
    assert stack is not None
    if situation.holding:
        return RefuseIt(
            "stack-holds-data",
            "Stack cannot be deleted",
            f"Stack {stack.name} is {stack.status}, and it owns what deleting it would delete:\n\n{_list(situation.holding)}\n\n"
            f"{situation.status.meaning} Move the items away, or take the table out of the stack's hands by deleting the stack "
            f"yourself with the table retained (aws cloudformation delete-stack --retain-resources), then run again: a table "
            "that stands outside is taken in.",
            f"tablewright why {stack.name}",
        )
    refused = _key_in_use(situation)
    if refused is not None:
        return refused
    if situation.unread:
        return _unread(situation)
    if stack.termination_protection:
        return RefuseIt(
            "termination-protected",
            "Stack is protected against deletion",
            f"Stack {stack.name} is {stack.status} and has to be deleted and created again, but termination protection is on. "
            "If it may go, deploy again with --no-termination-protection.",
            f"tablewright why {stack.name}",
        )
    return refuse_names(situation, stack.name)


def _key_in_use(situation: Situation, *, born: bool = False) -> RefuseIt | None:
    """The refusal where tables outside the stack could not be read any more without a KMS key that goes; ``born``: only those go
    that the failed operations made.
    """
    stack = situation.stack
    assert stack is not None
    locked = tuple(t for t in situation.keyed if not t.contents.is_empty and (t.born or not born))
    if not locked:
        return None
    words = "\n".join(f"    {t.name} {describe_contents(t.contents)}" for t in locked)
    return RefuseIt(
        "key-in-use",
        "Tables elsewhere need a key of the stack",
        f"Stack {stack.name} is {stack.status}, and what has to be done would delete a KMS key of it. That key encrypts tables "
        f"which are not the stack's, and without it no item of them can be read:\n\n{words}\n\nNothing was changed. Give them "
        "another key, or delete the stack yourself with the key retained, then run again.",
        f"tablewright why {stack.name}",
    )


def refuse_names(situation: Situation, name: str) -> RefuseIt | None:
    """The refusal where tables that exist already have wanted names and cannot be taken in; None where there are none."""
    blocked = tuple(s for s in situation.survivors if s.logical_id and s.obstacle)
    if not blocked:
        return None
    words = "\n".join(f"    {s.table.name}: {s.obstacle}" for s in blocked)
    return RefuseIt(
        "cannot-take-in",
        "A table that exists already cannot be taken in",
        f"The template of stack {name} wants these tables, which exist already outside it and could not become part of it:"
        f"\n\n{words}\n\nNothing was changed. Correct the template, or give the table another name, and run again.",
    )


def _unread(situation: Situation) -> Remedy:
    stack = situation.stack
    assert stack is not None
    listed = "\n".join(f"    {what}: {why}" for what, why in situation.unread.items())
    return RefuseIt(
        "situation-unreadable",
        "The stack's situation cannot be read",
        f"Stack {stack.name} is {stack.status}. Before anything is deleted, all of it has to be known, and this "
        f"is not:\n\n{listed}\n\n"
        "Get the permission to read it, then run again.",
        f"tablewright why {stack.name}",
    )


def _failure_of_rollback(situation: Situation) -> tuple[str, datetime | None] | None:
    """The text and time of what the rollback failed on: the newest failure, not the root cause of the update."""
    for event in reversed(situation.events):
        if not event.is_of_stack and event.status in FAILURES and event.reason:
            return event.reason, event.at
    return None


def _list(tables: tuple[OwnedTable, ...]) -> str:
    return "\n".join(f"    {t.name} ({t.logical_id}) {describe_contents(t.contents)}" for t in tables)
