"""A small world with the ports of an account: enough of CloudFormation to lose data in, and a switch that kills the caller.

Every port call is one atomic step. ``Killer`` raises ``Killed`` before or after the effect of the call that it is set to.
Operations advance by one tick with each look at their stack.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tablewright.errors import Failed
from tablewright.model.design import TABLE_TYPES
from tablewright.model.stack import ChangeSet, ResourceChange, Stack, StackEvent, StackResource
from tablewright.model.table import Backup, Contents, ExpirySample, Holds, Key, OnDemand, Table
from tablewright.model.whereabouts import Whereabouts
from tablewright.ports import Account, ChangeSetRequest
from tablewright.template.read import read_design

BROKEN = "Test::Always::Broken"
CREATED = datetime(2026, 11, 1, tzinfo=UTC)


class Killed(BaseException):
    """The process was killed here."""


@dataclass
class Record:
    """One stack of the world."""

    stack: Stack
    body: str = ""
    pending_body: str = ""
    resources: dict[str, StackResource] = field(default_factory=dict)
    events: list[StackEvent] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    ticks: int = 0


class World:
    """The state of AWS, and what happens in it."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.items: dict[str, int] = {}  # table name -> items
        self.lost: list[str] = []  # tables deleted with items in them
        self.moment = CREATED
        self._numbers = itertools.count(1)

    def named(self, ref: str) -> Record | None:
        if ref in self.records:
            return self.records[ref]
        live = [r for r in self.records.values() if r.stack.name == ref and r.stack.status != "DELETE_COMPLETE"]
        return live[0] if live else None

    def must(self, ref: str) -> Record:
        record = self.named(ref)
        if record is None:
            raise Failed("stack-not-found", "There is no such stack", ref)
        return record

    def new_stack(self, name: str, status: str) -> Record:
        number = next(self._numbers)
        stack = Stack(f"arn:aws:cloudformation:us-east-1:111111111111:stack/{name}/{number}", name, status, self.tick())
        self.records[stack.id] = record = Record(stack)
        return record

    def tick(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def say(self, record: Record, logical_id: str, kind: str, status: str, reason: str = "") -> None:
        of_stack = logical_id == record.stack.name
        place = record.stack.id if of_stack else logical_id.lower()
        event = StackEvent(
            f"e{next(self._numbers)}", self.tick(), record.stack.id, logical_id, place, kind, status, reason
        )
        record.events.append(event)

    def move(self, record: Record, status: str, reason: str = "") -> None:
        record.stack = replace(record.stack, status=status, updated_at=self.tick())
        self.say(record, record.stack.name, "AWS::CloudFormation::Stack", status, reason)

    def drop_table(self, name: str) -> None:
        if self.items.pop(name, 0):
            self.lost.append(name)

    def advance(self, record: Record) -> None:
        """One tick of whatever the stack is doing."""
        status = record.stack.status
        if status not in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"):
            return
        record.ticks -= 1
        if record.ticks > 0:
            return
        {"CREATE_IN_PROGRESS": self._created, "UPDATE_IN_PROGRESS": self._updated, "DELETE_IN_PROGRESS": self._deleted}[
            status
        ](record)

    def _created(self, record: Record) -> None:
        self._apply(record, "CREATE_COMPLETE", "ROLLBACK_COMPLETE")

    def _updated(self, record: Record) -> None:
        self._apply(record, "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")

    def _apply(self, record: Record, good: str, bad: str) -> None:
        design = read_design(record.pending_body, stack=record.stack.name)
        before = dict(record.resources)
        made: list[str] = []
        broken = False
        for resource in design.resources:
            if resource.type == BROKEN:
                broken = True
                self.say(record, resource.logical_id, BROKEN, "CREATE_FAILED", "It is always broken.")
                continue
            if resource.logical_id in record.resources:
                continue
            name = str(resource.physical_name)
            if name not in self.items:
                made.append(name)
            self.items.setdefault(name, 0)
            record.resources[resource.logical_id] = StackResource(
                resource.logical_id, name, resource.type, "CREATE_COMPLETE"
            )
        if not broken:
            wanted = {r.logical_id for r in design.resources}
            for logical_id in set(record.resources) - wanted:
                gone = record.resources.pop(logical_id)
                if not self._keeps(record.body, logical_id):
                    self.drop_table(gone.physical_id)
            record.body = record.pending_body
            self.move(record, good)
            return
        self.move(
            record, "ROLLBACK_IN_PROGRESS" if bad == "ROLLBACK_COMPLETE" else "UPDATE_ROLLBACK_IN_PROGRESS", "failed"
        )
        for logical_id, resource_now in list(record.resources.items()):
            if logical_id in before:
                continue
            if self._keeps(record.pending_body, logical_id, at_creation=True):
                record.resources[logical_id] = replace(resource_now, status="DELETE_SKIPPED")
            else:
                del record.resources[logical_id]
                if resource_now.physical_id in made:
                    self.drop_table(resource_now.physical_id)
        self.move(record, bad)

    def _deleted(self, record: Record) -> None:
        for logical_id, resource in list(record.resources.items()):
            if resource.status != "DELETE_SKIPPED" and not self._keeps(record.body, logical_id):
                self.drop_table(resource.physical_id)
        record.resources.clear()
        self.move(record, "DELETE_COMPLETE")

    def _keeps(self, body: str, logical_id: str, *, at_creation: bool = False) -> bool:
        if not body:
            return False
        found = [r for r in read_design(body, stack="x").resources if r.logical_id == logical_id]
        return any(
            r.deletion_policy == "Retain" or (r.deletion_policy == "RetainExceptOnCreate" and not at_creation)
            for r in found
        )


class _Stacks:
    def __init__(self, world: World) -> None:
        self.world = world

    def describe(self, ref: str) -> Stack | None:
        record = self.world.named(ref)
        if record is None:
            return None
        self.world.advance(record)
        return record.stack if record.stack.status != "DELETE_COMPLETE" or ref == record.stack.id else None

    def resources(self, ref: str) -> tuple[StackResource, ...]:
        record = self.world.named(ref)
        return tuple(record.resources.values()) if record else ()

    def events(self, ref: str) -> Iterator[StackEvent]:
        return reversed(list(self.world.must(ref).events))

    def template(self, ref: str) -> str:
        record = self.world.must(ref)
        return record.pending_body or record.body

    def delete(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None:
        record = self.world.must(stack_id)
        if record.stack.status == "REVIEW_IN_PROGRESS":
            record.resources.clear()
            self.world.move(record, "DELETE_COMPLETE")
            return
        record.ticks = 2
        self.world.move(record, "DELETE_IN_PROGRESS")

    def continue_rollback(self, stack_id: str, *, token: str, skip: Sequence[str] = ()) -> None:
        raise NotImplementedError

    def roll_back(self, stack_id: str, *, token: str) -> None:
        raise NotImplementedError

    def protect(self, stack_id: str, *, enabled: bool) -> None:
        record = self.world.must(stack_id)
        record.stack = replace(record.stack, termination_protection=enabled)


class _ChangeSets:
    def __init__(self, world: World) -> None:
        self.world = world

    def create(self, request: ChangeSetRequest) -> ChangeSet:
        record = self.world.named(request.stack)
        if request.kind == "CREATE":
            if record is None:
                record = self.world.new_stack(request.stack, "REVIEW_IN_PROGRESS")
            elif record.stack.status != "REVIEW_IN_PROGRESS":
                raise Failed("stack-exists", "The stack exists already")
        elif record is None or record.stack.status not in (
            "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE",
        ):  # fmt: skip
            raise Failed("stack-status-forbids", "The stack's status forbids that")
        if any(c.name == request.name for c in record.change_sets.values()):
            raise Failed("already-exists", "It already exists")
        design = read_design(request.body, stack=record.stack.name)
        changes = [
            ResourceChange("Add", r.logical_id, "", r.type)
            for r in design.resources
            if r.logical_id not in record.resources
        ]
        changes += [
            ResourceChange("Remove", r.logical_id, r.physical_id, r.type)
            for r in record.resources.values()
            if r.logical_id not in {d.logical_id for d in design.resources}
        ]
        made = ChangeSet(
            f"arn:aws:cloudformation:us-east-1:111111111111:changeSet/{request.name}/{len(record.change_sets)}",
            request.name, record.stack.id, "CREATE_COMPLETE", "AVAILABLE", changes=tuple(changes),
        )  # fmt: skip
        for r in design.tables:
            taken = str(r.physical_name) in self.world.items and r.logical_id not in record.resources
            if taken and not request.import_existing:
                made = replace(made, status="FAILED", execution_status="UNAVAILABLE", reason="ResourceExistenceCheck")
        record.change_sets[made.id] = made
        record.bodies[made.id] = request.body
        return replace(made, status="CREATE_PENDING", execution_status="UNAVAILABLE", changes=())

    def describe(self, change_set_id: str) -> ChangeSet | None:
        return next(
            (r.change_sets[change_set_id] for r in self.world.records.values() if change_set_id in r.change_sets), None
        )

    def of(self, stack: str) -> tuple[ChangeSet, ...]:
        record = self.world.named(stack)
        return tuple(record.change_sets.values()) if record else ()

    def execute(self, change_set_id: str, *, token: str) -> None:
        found = self.describe(change_set_id)
        if found is None:
            raise Failed("change-set-not-found", "There is no such change set")
        record = self.world.must(found.stack_id)
        if found.execution_status != "AVAILABLE":
            raise Failed("change-set-not-usable", "The change set cannot be used")
        record.pending_body = record.bodies[change_set_id]
        verb = "CREATE" if record.stack.status == "REVIEW_IN_PROGRESS" else "UPDATE"
        record.change_sets = {change_set_id: replace(found, execution_status="EXECUTE_COMPLETE")}
        record.stack = replace(record.stack, change_set_id=change_set_id)
        record.ticks = 3
        self.world.move(record, f"{verb}_IN_PROGRESS", "User Initiated")

    def delete(self, change_set_id: str) -> None:
        for record in self.world.records.values():
            record.change_sets.pop(change_set_id, None)

    def problems(self, change_set_id: str) -> tuple[StackEvent, ...]:
        return ()


class _Tables:
    def __init__(self, world: World) -> None:
        self.world = world

    def describe(self, name: str, *, settings: bool = True) -> Table | None:
        if name not in self.world.items:
            return None
        arn = f"arn:aws:dynamodb:us-east-1:111111111111:table/{name}"
        return Table(name, arn, name, "ACTIVE", (Key("id", "S", "HASH"),), OnDemand(), CREATED, item_count=0)

    def contents(self, name: str) -> Contents:
        held = self.world.items.get(name, 0)
        return Contents(Holds.ITEMS, held) if held else Contents(Holds.NOTHING)

    def backups(self, name: str) -> tuple[Backup, ...]:
        return ()

    def expiring(self, name: str, attribute: str, *, now: datetime) -> ExpirySample:
        return ExpirySample(0, 0, True)

    def consumers(self, stream_arn: str) -> tuple[str, ...]:
        return ()


class _Edge:
    """Identity, clock and tokens: nothing here is AWS, so nothing here is a moment to be killed at."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbers = itertools.count(1)

    def endpoint(self) -> str | None:
        return self.whereabouts().endpoint

    def whereabouts(self) -> Whereabouts:
        return Whereabouts("111111111111", "arn:aws:iam::111111111111:root", "us-east-1", "aws")

    def now(self) -> datetime:
        return self.world.moment

    def steady(self) -> float:
        return self.world.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.world.moment += timedelta(seconds=seconds)

    def token(self) -> str:
        return f"token-{next(self.numbers)}"


class Killer:
    """Wraps a port: counts its calls, and kills the caller at call ``at``, before (``after`` False) or after its effect."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.at, self.after, self.calls = at, after, 0

    def wrap(self, port: object) -> Any:
        killer = self

        class Port:
            def __getattr__(self, name: str) -> Any:
                method = getattr(port, name)

                def call(*args: object, **kwargs: object) -> object:
                    killer.calls += 1
                    if killer.calls == killer.at and not killer.after:
                        raise Killed
                    answer = method(*args, **kwargs)
                    if killer.calls == killer.at:
                        raise Killed
                    return answer

                return call

        return Port()


def account(world: World, killer: Killer | None = None) -> Account:
    """The world's ports, each call counted."""
    killer = killer or Killer()
    edge = _Edge(world)
    return Account(
        identity=edge,
        stacks=killer.wrap(_Stacks(world)),
        change_sets=killer.wrap(_ChangeSets(world)),
        tables=killer.wrap(_Tables(world)),
        observations=None,  # type: ignore[arg-type]
        clock=edge,
        tokens=edge,
    )


def tables_in(body: str) -> Mapping[str, str]:
    """Logical id -> name of a template's tables."""
    design = read_design(body, stack="x")
    return {r.logical_id: str(r.physical_name) for r in design.resources if r.type in TABLE_TYPES}
