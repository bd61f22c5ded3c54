"""The whole situation of a stack, as a remedy needs it: what exists, what holds data, and what would happen to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tablewright.deploy.reason import BEGINNINGS, last_operation
from tablewright.deploy.status import Row, row
from tablewright.events import Cause
from tablewright.model.design import TABLE_TYPES, Design
from tablewright.model.stack import ChangeSet, Stack, StackEvent, StackResource
from tablewright.model.table import Contents, Holds, Table
from tablewright.plan.actual import LEFT_THE_STACK, Actual, Standing
from tablewright.plan.drift import drifts, unread
from tablewright.plan.plan import busy_indexes, differences

OWN_PREFIX = "tablewright-"
"""With this begin the names of the change sets that tablewright makes."""


@dataclass(frozen=True, slots=True)
class OwnedTable:
    """A table that the stack (or a stack nested in it) owns: ``name`` is physical, ``contents`` by a consistent Scan.

    ``born`` says that what failed made it, so that undoing that would delete it, ``changed`` that it changed the table.
    ``obstacle`` says why it could not be taken in again if it were left behind; empty if it could, or if the design does not
    want it.
    """

    logical_id: str
    name: str
    contents: Contents
    table: Table | None = None
    nested_in: str = ""
    born: bool = False
    obstacle: str = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Survivor:
    """A live table that the stack does not own (any more), under a name that the design wants or that the stack left behind.

    ``logical_id`` is the design's resource of that name, None where the design does not want it. ``obstacle`` says why it
    cannot be taken in, empty if it can.
    """

    table: Table
    logical_id: str | None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What was looked at before a remedy is chosen. ``unread`` says what could not be read, and why."""

    stack: Stack | None
    resources: tuple[StackResource, ...] = ()
    events: tuple[StackEvent, ...] = ()  # of the last operation, oldest first
    cause: Cause | None = None
    owned: tuple[OwnedTable, ...] = ()
    survivors: tuple[Survivor, ...] = ()
    change_sets: tuple[ChangeSet, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None
    keyed: tuple[OwnedTable, ...] = ()  # of others, or of no stack: a KMS key of the stack encrypts them

    @property
    def status(self) -> Row:
        return row(self.stack.status if self.stack is not None else None)

    @property
    def holding(self) -> tuple[OwnedTable, ...]:
        """The owned tables that hold items, or of which it is not known that they hold none."""
        return tuple(t for t in self.owned if t.contents.holds is not Holds.NOTHING)

    @property
    def foreign_change_sets(self) -> tuple[ChangeSet, ...]:
        """The change sets of others that could still be executed."""
        return tuple(
            c for c in self.change_sets if not c.name.startswith(OWN_PREFIX) and c.status not in DEAD_CHANGE_SETS
        )

    @property
    def own_change_sets(self) -> tuple[ChangeSet, ...]:
        return tuple(c for c in self.change_sets if c.name.startswith(OWN_PREFIX))

    @property
    def busy(self) -> tuple[str, ...]:
        """The owned tables that are being changed, or whose indexes are."""
        return tuple(
            t.name for t in self.owned if t.table is not None and (t.table.status != "ACTIVE" or busy_indexes(t.table))
        )

    def looked_at(self) -> tuple[str, ...]:
        """What was looked at, line by line: shown with the remedy and kept in the run log."""
        lines = []
        if self.stack is not None:
            lines.append(f"stack {self.stack.id}: {self.stack.status}")
        for owned in self.owned:
            lines.append(
                f"table {owned.name} ({owned.logical_id}), owned by the stack: {describe_contents(owned.contents)}"
            )
        for keyed in self.keyed:
            lines.append(
                f"table {keyed.name}, encrypted with a KMS key of the stack: {describe_contents(keyed.contents)}"
            )
        for survivor in self.survivors:
            wanted = f"wanted as {survivor.logical_id}" if survivor.logical_id else "not wanted by the template"
            lines.append(f"table {survivor.table.name}, outside the stack, {wanted}")
        lines += [f"change set {c.name}: {c.status}, {c.execution_status}" for c in self.change_sets]
        lines += [f"{what} could not be read: {why}" for what, why in self.unread.items()]
        return tuple(lines)


DEAD_CHANGE_SETS = frozenset({"FAILED", "DELETE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_PENDING"})
"""Change-set statuses from which nothing can be executed any more."""


def describe_contents(contents: Contents) -> str:
    """What is known of a table's items, in words."""
    if contents.holds is Holds.NOTHING:
        return "holds no items"
    if contents.holds is Holds.ITEMS:
        return "holds items"
    return f"may hold items ({contents.reason or 'it could not be read'})"


def still_owned(resources: Iterable[StackResource]) -> tuple[StackResource, ...]:
    """The resources that the stack still owns."""
    return tuple(r for r in resources if r.physical_id and r.status not in LEFT_THE_STACK)


def placed(design: Design, resources: Iterable[StackResource]) -> Design:
    """The design with the names of the tables that only CloudFormation knows, so that those are read back as well."""
    places = {r.logical_id: r.physical_id for r in still_owned(resources) if r.type in TABLE_TYPES}
    return replace(
        design,
        resources=tuple(
            replace(r, physical_name=places[r.logical_id], certain=True)
            if r.type in TABLE_TYPES and r.logical_id in places and not isinstance(r.physical_name, str)
            else r
            for r in design.resources
        ),
    )


def skipped(resources: Iterable[StackResource]) -> tuple[StackResource, ...]:
    """The resources that the stack left behind when it was rolled back or deleted."""
    return tuple(r for r in resources if r.status == "DELETE_SKIPPED")


@dataclass(frozen=True, slots=True)
class Undone:
    """The stack's events, oldest first, of all that rolling it back undoes. ``known``: they go back to where it last stood.

    Of a stack that never stood, or whose events do not go back so far, everything counts as made since.
    """

    events: tuple[StackEvent, ...] = ()
    known: bool = True

    @property
    def born(self) -> frozenset[str] | None:
        """The logical ids of what was created or replaced since; None where all counts as that."""
        if not self.known:
            return None
        created = {e.logical_id for e in self.events if not e.is_of_stack and e.status in CREATED}
        return frozenset(created | {name for name, ids in _places(self.events).items() if len(ids) > 1})

    @property
    def changed(self) -> frozenset[str]:
        """The logical ids of what was changed since."""
        return frozenset(e.logical_id for e in self.events if not e.is_of_stack and e.status in CHANGED)

    @property
    def put_in_place(self) -> tuple[tuple[str, str], ...]:
        """The tables (logical and physical id) that were made in the place of others.

        A rollback that got stuck may list the old one again, while the new one still stands and goes with the rollback's
        clean-up.
        """
        tables = {e.logical_id for e in self.events if e.type in TABLE_TYPES}
        places = _places(self.events).items()
        return tuple((name, new) for name, ids in places if name in tables for new in ids[1:])


EVERYTHING = Undone(known=False)
NOTHING = Undone()


def undone(newest_first: Iterable[StackEvent]) -> Undone:
    """What rolling back undoes: every operation since the stack was last stable, for those that failed with rollback switched
    off leave what they made. Source: CloudFormation API reference, RollbackStack.
    """
    found: list[StackEvent] = []
    begun = False
    for event in newest_first:
        if event.is_of_stack:
            if begun and event.status in STABLE:
                return Undone(tuple(reversed(found)))
            begun = begun or event.status in BEGINNINGS
        found.append(event)
    return Undone(tuple(reversed(found)), known=False)


def undone_within(newest_first: Iterable[StackEvent], since: datetime) -> Undone:
    """The same of a nested stack that stood when the outermost one's first undone operation began."""
    found: list[StackEvent] = []
    for event in newest_first:
        if event.at < since:
            return Undone(tuple(reversed(found)))
        found.append(event)
    return Undone(tuple(reversed(found)), known=False)


STABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)
"""What a rollback goes back to. Source: CloudFormation API reference, RollbackStack."""


def beginning(operation: Iterable[StackEvent]) -> StackEvent | None:
    """The stack's own event with which the operation began."""
    return next((e for e in operation if e.is_of_stack and e.status in BEGINNINGS), None)


def _places(operation: Iterable[StackEvent]) -> dict[str, list[str]]:
    """The physical ids under which each resource was met, in their order."""
    places: dict[str, list[str]] = {}
    for event in operation:
        if not event.is_of_stack and event.physical_id:
            met = places.setdefault(event.logical_id, [])
            if event.physical_id not in met:
                met.append(event.physical_id)
    return places


CHANGED = frozenset({"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_FAILED"})
"""Resource statuses that show that an operation changed the resource."""

CREATED = frozenset({"CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED"})
"""Resource statuses that show that an operation made the resource."""


def operation_events(events: Iterable[StackEvent]) -> tuple[StackEvent, ...]:
    """The last operation's events, oldest first, from a stream that is newest first."""
    return last_operation(events)


def actual(
    design: Design,
    situation: Situation,
    template: str | None,
    tables: Mapping[str, Table],
    *,
    unchanged: bool = False,
    reverted: bool = False,
    nested_seen: bool = False,
) -> Actual:
    """The part of a situation that a plan needs. ``tables`` are the live tables of the names that the design wants."""
    stack, standing = situation.stack, situation.status.standing
    if stack is not None and stack.status == "IMPORT_ROLLBACK_COMPLETE" and still_owned(situation.resources):
        standing = Standing.SETTLED  # it stood before the import, and stands again as before
    if standing is Standing.ABSENT:
        stack = None
    comparable = stack is not None and standing is Standing.SETTLED
    same = comparable and stack is not None and (unchanged or not differences(design, stack, template))
    return Actual(
        stack,
        standing,
        template,
        situation.resources,
        tables,
        unchanged,
        drifts(design, tables) if same else (),
        reverted,
        unread(design, tables) if same else (),
        nested_seen,
    )
