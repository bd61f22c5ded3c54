"""The reads behind a plan: the stack, its template, the live tables, and, where a remedy is needed, the whole situation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from tablewright.deploy.reason import cause
from tablewright.deploy.situation import (
    EVERYTHING,
    NOTHING,
    OwnedTable,
    Situation,
    Survivor,
    Undone,
    actual,
    beginning,
    operation_events,
    placed,
    skipped,
    still_owned,
    undone,
    undone_within,
)
from tablewright.deploy.status import row
from tablewright.errors import TablewrightError
from tablewright.model.design import NESTED, TABLE_TYPES, Design, Position, ResourceDesign
from tablewright.model.stack import Stack, StackEvent, StackResource
from tablewright.model.table import Contents, Holds, Table
from tablewright.plan.actual import Actual, Standing
from tablewright.plan.adoption import adoptable, newcomers, obstacle
from tablewright.plan.key_hazards import KEYS
from tablewright.plan.plan import differences, has_values
from tablewright.plan.values import Values, values
from tablewright.ports import Account
from tablewright.template.read import resolve

_AT_ONCE = 8

_MOST_TABLES = 10_000
"""As many as an account can have in a region. Source: developer guide, "Quotas in Amazon DynamoDB"."""


Stamp = tuple[str, str, datetime | None]
"""What tells a stack from what it is after anybody changed it: id, status, time of its last update."""


def stamp(stack: Stack) -> Stamp:
    return stack.id, stack.status, stack.updated_at


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: the design with every value known that can be, the situation, and what the plan needs of it."""

    design: Design
    values: Values
    situation: Situation
    actual: Actual


def look(
    design: Design,
    account: Account,
    *,
    stack_id: str | None = None,
    unchanged: Stamp | None = None,
    reverted: bool = False,
    nested_seen: bool = False,
) -> Seen:
    """Read what stands. ``stack_id`` pins the stack once it is known. Raises UsageError where a parameter has no value.

    ``unchanged``: the stack as it was when CloudFormation found nothing to change in it, which says nothing of what it became
    since. ``reverted`` and ``nested_seen`` say what the run has done already: see ``Actual``.
    """
    stack = account.stacks.describe(stack_id or design.stack)
    if stack is not None and row(stack.status).standing is Standing.ABSENT:
        stack = account.stacks.describe(design.stack) if stack_id else None
    resources: tuple[StackResource, ...] = ()
    if stack is not None and row(stack.status).standing is Standing.SHELL:
        resources = account.stacks.resources(stack.id)
        if resources:  # Somebody may have executed its change set between the two reads: what came first is stale.
            stack = account.stacks.describe(stack.id)
    given = values(design, stack if stack is not None and has_values(stack) else None)
    where = account.identity.whereabouts()
    pseudo = {
        "AWS::Region": where.region,
        "AWS::AccountId": where.account,
        "AWS::Partition": where.partition,
        **({"AWS::StackId": stack.id} if stack is not None else {}),
    }
    design = resolve(design, given.effective, pseudo)
    standing = row(stack.status if stack is not None else None).standing
    template = _template(account, stack, standing)
    still = stack is not None and unchanged == stamp(stack)
    same = standing is Standing.SETTLED and stack is not None and (still or not differences(design, stack, template))
    missed: list[str] = []
    inner: tuple[ResourceDesign, ...] = ()
    if same and stack is not None and any(map(_needs_resources, design.resources)):
        resources = account.stacks.resources(stack.id)
        design = placed(design, resources)
        inner = tuple(_within(account, resources, missed))
    tables = describe_all(account, _wanted_names(design), settings=same)
    if inner:
        design = replace(design, resources=(*design.resources, *inner))
        tables |= describe_all(account, (name for name in _wanted_names(design) if name not in tables))
    situation = Situation(stack, resources if same else ())
    if stack is None:
        situation = _with_survivors(account, design, situation, tables)
    elif standing is Standing.SETTLED:
        if not same:
            situation = Situation(stack, resources=account.stacks.resources(stack.id))
            situation = _with_survivors(account, design, situation, tables)
    elif standing is Standing.SHELL:
        situation = Situation(stack, resources, change_sets=account.change_sets.of(stack.id))
        situation = _with_survivors(account, design, situation, tables)
    elif standing is Standing.BROKEN:
        situation = whole(account, design, stack, tables)
    now = actual(design, situation, template, tables, unchanged=still, reverted=reverted, nested_seen=nested_seen)
    now = replace(now, unread=(*now.unread, *missed))
    coming = adoptable(design, now) if now.standing is not Standing.MOVING and not same else ()
    if coming:  # an import changes nothing about them, so what they are is what there is to put right afterwards
        now = replace(now, tables={**tables, **describe_all(account, coming, settings=True)})
    return Seen(design, given, situation, now)


def whole(account: Account, design: Design, stack: Stack, tables: Mapping[str, Table]) -> Situation:
    """Everything about a stack that cannot be updated as it stands, the contents of each table that it owns included."""
    unread: dict[str, str] = {}
    resources: tuple[StackResource, ...] = ()
    events: tuple[StackEvent, ...] = ()
    made = EVERYTHING
    try:
        resources = account.stacks.resources(stack.id)
    except TablewrightError as error:
        unread["its list of resources"] = _why_denied(error)
    try:
        made = undone(account.stacks.events(stack.id))
        events = operation_events(reversed(made.events))
    except TablewrightError as error:
        unread["its events"] = _why_denied(error)
    owned = tuple(_with_obstacle(design, each) for each in _owned(account, resources, made, unread))
    situation = Situation(
        stack,
        resources,
        events,
        cause(events, stack.name),
        owned,
        unread=unread,
        now=account.clock.now(),
        keyed=tuple(_keyed(account, resources, made, owned, unread)),
    )
    return _with_survivors(account, design, situation, tables)


def _needs_resources(resource: ResourceDesign) -> bool:
    """Whether only the stack's list of resources tells what stands: under names of CloudFormation's choice, or nested."""
    unnamed = resource.type in TABLE_TYPES and not isinstance(resource.physical_name, str)
    return unnamed or resource.type == NESTED


def _within(
    account: Account, resources: Iterable[StackResource], missed: list[str], path: str = ""
) -> Iterable[ResourceDesign]:
    """The tables of nested stacks, of which their own templates are not looked at: that they stand is what can be read back."""
    for each in still_owned(resources):
        if path and each.type in TABLE_TYPES:
            place = f"{path}{each.logical_id}"
            yield ResourceDesign(place, each.type, Position(1, 1), physical_name=each.physical_id)
        elif each.type == NESTED:
            try:
                inner = account.stacks.resources(each.physical_id)
            except TablewrightError as error:
                missed.append(f"the tables of nested stack {path}{each.logical_id}: {_why_denied(error)}")
                continue
            yield from _within(account, inner, missed, f"{path}{each.logical_id}/")


def owned_keys(account: Account, stack_ref: str) -> tuple[str, ...]:
    """The ids of the KMS keys that a stack owns, those of its nested stacks included."""
    found: list[str] = []
    for resource in still_owned(account.stacks.resources(stack_ref)):
        if resource.type in KEYS:
            found.append(resource.physical_id)
        elif resource.type == NESTED:
            found += owned_keys(account, resource.physical_id)
    return tuple(found)


def tables_under(account: Account, keys: frozenset[str], known: Iterable[str]) -> tuple[dict[str, Table], str]:
    """The tables of the account and region, but for the ``known``, that one of the KMS keys (ids) encrypts; and why there may
    be more of them, if there may.
    """
    passed = frozenset(known)
    try:
        names = list(islice(account.tables.names(), _MOST_TABLES + 1))
    except TablewrightError as error:
        if error.code == "credentials-expired":
            raise
        return {}, f"the tables cannot be listed ({_said(error)})."
    why = f"there are more than {_MOST_TABLES:,} tables." if len(names) > _MOST_TABLES else ""

    def described(name: str) -> Table | str | None:
        try:
            return account.tables.describe(name, settings=False)
        except TablewrightError as error:
            if error.code == "credentials-expired":
                raise
            return f"table {name} cannot be described ({_said(error)})."

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(described, (name for name in names[:_MOST_TABLES] if name not in passed)))
    failed = [each for each in found if isinstance(each, str)]
    if failed:
        why = failed[0] if len(failed) == 1 else f"{failed[0]} So it is with {len(failed) - 1:,} more."
    tables = (each for each in found if isinstance(each, Table))
    return {each.name: each for each in tables if (each.kms_key or "").rpartition("/")[2] in keys}, why


def _said(error: TablewrightError) -> str:
    return f"{error.summary}: {error.text}" if error.text else error.summary


def owned_tables(account: Account, stack_ref: str) -> tuple[str, ...]:
    """The physical names of the tables that a stack owns, those of its nested stacks included."""
    names: list[str] = []
    for resource in still_owned(account.stacks.resources(stack_ref)):
        if resource.type in TABLE_TYPES:
            names.append(resource.physical_id)
        elif resource.type == NESTED:
            names += owned_tables(account, resource.physical_id)
    return tuple(names)


def describe_all(account: Account, names: Iterable[str], *, settings: bool = False) -> dict[str, Table]:
    """The live tables among ``names``, a few asked at a time."""
    wanted = tuple(dict.fromkeys(names))
    if len(wanted) < (2 if settings else 3):
        found = [account.tables.describe(name, settings=settings) for name in wanted]
    else:
        with ThreadPoolExecutor(min(_AT_ONCE, len(wanted))) as pool:
            found = list(pool.map(lambda name: account.tables.describe(name, settings=settings), wanted))
    return {name: table for name, table in zip(wanted, found, strict=True) if table is not None}


def contents_of(account: Account, name: str) -> Contents:
    """Whether the table holds items; an error while asking is the answer that it may."""
    try:
        return account.tables.contents(name)
    except TablewrightError as error:
        return Contents(Holds.UNKNOWN, reason=_why_denied(error))


def _template(account: Account, stack: Stack | None, standing: Standing) -> str | None:
    if stack is None or standing not in (Standing.SETTLED, Standing.MOVING):
        return None
    try:
        return account.stacks.template(stack.id)
    except TablewrightError as error:
        _why_denied(error)
        return None


def _wanted_names(design: Design) -> tuple[str, ...]:
    return tuple(r.physical_name for r in design.tables if isinstance(r.physical_name, str))


def _owned(
    account: Account,
    resources: Iterable[StackResource],
    made: Undone,
    unread: dict[str, str],
    within: str = "",
) -> Iterable[OwnedTable]:
    """The owned tables, each looked at, and those put in the place of others; new are those that rolling back undoes."""
    born = made.born

    def looked_at(logical_id: str, name: str, *, new: bool) -> OwnedTable:
        table = account.tables.describe(name, settings=False)
        changed = logical_id in made.changed and not new
        return OwnedTable(logical_id, name, contents_of(account, name), table, within, new, changed=changed)

    listed: set[str] = set()
    for resource in still_owned(resources):
        new = born is None or resource.logical_id in born
        if resource.type in TABLE_TYPES:
            listed.add(resource.physical_id)
            yield looked_at(resource.logical_id, resource.physical_id, new=new)
        elif resource.type == NESTED:
            try:
                inner = account.stacks.resources(resource.physical_id)
            except TablewrightError as error:
                unread[f"nested stack {resource.logical_id}"] = _why_denied(error)
                continue
            made_within = EVERYTHING if new else _made_within(account, resource, made, unread)
            yield from _owned(account, inner, made_within, unread, resource.logical_id)
    for logical_id, name in made.put_in_place:
        if name not in listed and (owned := looked_at(logical_id, name, new=True)).table is not None:
            yield owned


def _keyed(
    account: Account,
    resources: Iterable[StackResource],
    made: Undone,
    owned: Iterable[OwnedTable],
    unread: dict[str, str],
) -> Iterable[OwnedTable]:
    """The tables that would lose their key with the stack, and are not its own; new are those whose key rolling back undoes."""
    keys = dict(_keys(account, resources, made, unread))
    if not keys:
        return
    found, unseen = tables_under(account, frozenset(keys), (each.name for each in owned))
    if unseen:
        unread["the tables that its KMS keys encrypt"] = unseen
    for name, table in found.items():
        yield OwnedTable(
            "", name, contents_of(account, name), table, born=keys[(table.kms_key or "").rpartition("/")[2]]
        )


def _keys(
    account: Account, resources: Iterable[StackResource], made: Undone, unread: dict[str, str]
) -> Iterable[tuple[str, bool]]:
    """The ids of the KMS keys, and whether each is new; of nested stacks that could not be read, that was said before."""
    born = made.born
    for each in still_owned(resources):
        new = born is None or each.logical_id in born
        if each.type in KEYS:
            yield each.physical_id, new
        elif each.type == NESTED:
            try:
                inner = account.stacks.resources(each.physical_id)
            except TablewrightError as error:
                unread[f"nested stack {each.logical_id}"] = _why_denied(error)
                continue
            yield from _keys(account, inner, EVERYTHING if new else _made_within(account, each, made, unread), unread)


def _made_within(account: Account, nested: StackResource, made: Undone, unread: dict[str, str]) -> Undone:
    """What was made in a nested stack that was there before: by that stack's own events of the same time."""
    begun = beginning(made.events)
    if begun is None or not any(
        event.logical_id == nested.logical_id for event in made.events if not event.is_of_stack
    ):
        return NOTHING
    try:
        return undone_within(account.stacks.events(nested.physical_id), begun.at)
    except TablewrightError as error:
        unread[f"the events of nested stack {nested.logical_id}"] = _why_denied(error)
        return EVERYTHING


def _with_obstacle(design: Design, owned: OwnedTable) -> OwnedTable:
    """The table with what would stand against taking it in again, if it were left behind."""
    wanted = next((r for r in design.tables if r.physical_name == owned.name), None)
    return (
        replace(owned, obstacle=obstacle(wanted, owned.table))
        if wanted is not None and owned.table is not None
        else owned
    )


def _with_survivors(account: Account, design: Design, situation: Situation, tables: Mapping[str, Table]) -> Situation:
    """The situation with the live tables outside the stack, and what stands against taking each in."""
    now = actual(design, situation, None, tables)
    found: list[Survivor] = []
    for resource, table in newcomers(design, now):
        blocked = obstacle(resource, table) or _owned_elsewhere(account, table, situation.stack)
        found.append(Survivor(table, resource.logical_id, blocked))
    seen = {survivor.table.name for survivor in found} | set(tables)
    left = [r.physical_id for r in skipped(situation.resources) if r.type in TABLE_TYPES and r.physical_id not in seen]
    found += [Survivor(table, None) for table in describe_all(account, left).values()]
    return Situation(
        situation.stack,
        situation.resources,
        situation.events,
        situation.cause,
        situation.owned,
        tuple(found),
        situation.change_sets,
        situation.unread,
        situation.now,
        situation.keyed,
    )


def _owned_elsewhere(account: Account, table: Table, stack: Stack | None) -> str:
    """Why a table cannot be taken in because another stack owns it, or nothing."""
    described = account.tables.describe(table.name)
    tags = described.tags if described is not None else {}
    owner = tags.get("aws:cloudformation:stack-id")
    if owner is None or (stack is not None and owner == stack.id):
        return ""
    other = account.stacks.describe(owner)
    if other is None or row(other.status).standing is Standing.ABSENT:
        return ""
    owns = any(r.physical_id == table.name for r in still_owned(account.stacks.resources(owner)))
    return f"stack {other.name} ({other.status}) owns it." if owns else ""


def _why_denied(error: TablewrightError) -> str:
    """The words of an error that leaves a part unread; any other error ends the run."""
    if error.code != "access-denied":
        raise error
    return f"{error.summary}: {error.detail}" if error.detail else error.summary
