"""Following an operation to its end: new events, the states of indexes, and patience with what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tablewright.deploy.pace import delays
from tablewright.deploy.reason import BEGINNINGS
from tablewright.deploy.status import row
from tablewright.errors import MustWait, TablewrightError
from tablewright.events import Event, IndexMoved, Noted, ResourceMoved, Waiting
from tablewright.model.design import TABLE_TYPES
from tablewright.model.stack import Stack, StackEvent
from tablewright.plan.actual import Standing
from tablewright.ports import Account

_TABLE_EVERY = timedelta(seconds=3)
_BUSY = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"})
_PASSING = frozenset({"throttled", "aws-unavailable", "endpoint-unreachable", "endpoint-silent"})
_NO_EVENTS = "The stack's events may not be read (cloudformation:DescribeStackEvents); only its status is followed."
_PATIENCE = 8
_STALE_LOOKS = 40
_LONGEST_STALE = timedelta(seconds=60)


@dataclass(slots=True)
class Watch:
    """What is watched, and what has been seen of it: the only changing thing here.

    ``before`` is the stack as it was before the operation was asked for (None: there was none, or it ran already).
    ``change_set_id`` is the one that was executed, if one was. ``deadline`` ends the watching, not the operation.
    """

    stack_id: str
    before: Stack | None = None
    change_set_id: str | None = None
    known: str | None = None  # the newest event from before the operation
    deadline: datetime | None = None
    seen: set[str] = field(default_factory=set)
    events: list[StackEvent] = field(default_factory=list)
    unreadable: bool = False
    busy_tables: dict[str, str] = field(default_factory=dict)
    index_states: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)
    tables_at: datetime | None = None


def newest_event(account: Account, stack_id: str) -> str | None:
    """The id of the stack's newest event, so that a watch begins after it; None where events may not be read."""
    try:
        return next((event.id for event in account.stacks.events(stack_id)), None)
    except TablewrightError as error:
        if error.code != "access-denied":
            raise
        return None


def attach(account: Account, stack: Stack, deadline: datetime | None) -> Watch:
    """A watch over an operation that runs already; its events are seen from its beginning."""
    watch = Watch(stack.id, deadline=deadline)
    try:
        events = account.stacks.events(stack.id)
        for event in events:
            if event.is_of_stack and event.status in BEGINNINGS:
                watch.known = next((before.id for before in events), None)
                break
    except TablewrightError as error:
        if error.code != "access-denied":
            raise
    return watch


def follow(account: Account, watch: Watch) -> Generator[Event, None, Stack | None]:
    """Yield what happens until CloudFormation is done; the stack as it is then, None if it is gone.

    A look that fails in passing (throttling, a lost connection) is tried again; denied events are said once, and the stack's
    status is followed without them. Raises MustWait at the deadline, and whatever else the looks raise.
    """
    stale_since, looks, failures = account.clock.now(), 0, 0
    for delay in delays(watch.stack_id):
        try:
            stack = account.stacks.describe(watch.stack_id)
            fresh = _new_events(account, watch)
            failures = 0
        except TablewrightError as error:
            failures += 1
            if error.code not in _PASSING or failures > _PATIENCE:
                raise
            yield Waiting(f"{error.summary}; looking again")
            account.clock.sleep(delay)
            continue
        if watch.unreadable and looks == 0:
            yield Noted("warning", _NO_EVENTS)
        for event in fresh:
            yield ResourceMoved(event)
        yield from _indexes(account, watch)
        looks += 1
        settled = stack is None or row(stack.status).standing is not Standing.MOVING
        if settled:
            waited_long = looks >= _STALE_LOOKS and account.clock.now() - stale_since > _LONGEST_STALE
            if stack is None or _begun(watch, stack) or waited_long:
                return stack
        if watch.deadline is not None and account.clock.now() >= watch.deadline:
            raise MustWait(
                "timeout",
                "The time given is over",
                "The operation goes on at AWS; nothing was cancelled. Run again to follow it.",
            )
        account.clock.sleep(delay)
    raise AssertionError("delays end never")


def _new_events(account: Account, watch: Watch) -> list[StackEvent]:
    if watch.unreadable:
        return []
    fresh: list[StackEvent] = []
    try:
        for event in account.stacks.events(watch.stack_id):
            if event.id in watch.seen or event.id == watch.known:
                break
            fresh.append(event)
    except TablewrightError as error:
        if error.code != "access-denied":
            raise
        watch.unreadable = True
    fresh.reverse()
    for event in fresh:
        watch.seen.add(event.id)
        watch.events.append(event)
        if event.type in TABLE_TYPES and event.physical_id:
            if event.status in _BUSY:
                watch.busy_tables[event.logical_id] = event.physical_id
            else:
                watch.busy_tables.pop(event.logical_id, None)
    return [event for event in fresh if event.status != "REVIEW_IN_PROGRESS"]


def _indexes(account: Account, watch: Watch) -> Generator[Event, None, None]:
    """The states of the indexes of the tables that are being changed, every few seconds."""
    now = account.clock.now()
    if not watch.busy_tables or (watch.tables_at is not None and now - watch.tables_at < _TABLE_EVERY):
        return
    watch.tables_at = now
    for name in list(watch.busy_tables.values()):
        try:
            table = account.tables.describe(name, settings=False)
        except TablewrightError:
            continue  # only for the eye: the operation's own outcome says what counts
        for index in table.indexes if table is not None else ():
            state = (index.status, index.backfilling)
            if watch.index_states.get((name, index.name)) != state:
                watch.index_states[name, index.name] = state
                yield IndexMoved(name, index.name, index.status, index.backfilling)


def _begun(watch: Watch, stack: Stack) -> bool:
    """Whether what is read is from after the operation began: reads may lag behind what was just asked for."""
    if stack.status == "REVIEW_IN_PROGRESS":
        return False
    if watch.before is None:
        return True
    if any(event.is_of_stack and event.status == stack.status for event in watch.events):
        return True
    if watch.change_set_id is not None and stack.change_set_id == watch.change_set_id:
        return stack.status != watch.before.status or stack.updated_at != watch.before.updated_at
    return not watch.events and stack.status != watch.before.status
