"""The evidence behind the guard: nested change sets, live tables, consistent Scans, samples, stream readers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tablewright.deploy.looking.run import Seen, contents_of, describe_all, owned_keys, owned_tables, tables_under
from tablewright.deploy.situation import still_owned
from tablewright.errors import TablewrightError
from tablewright.model.design import NESTED, TABLE_TYPES, Design, ResourceDesign
from tablewright.model.loss import Loss
from tablewright.model.stack import ResourceChange, StackResource
from tablewright.model.table import Contents, ExpirySample, Table
from tablewright.plan.hazards import GOING, NEEDS_CONTENTS, Evidence, floating, judge, suspects
from tablewright.plan.key_hazards import endangered
from tablewright.plan.suspect import Placed, Suspect
from tablewright.ports import Account
from tablewright.template.read import read_design, resolve

_DEEPEST = 5
_TTL = frozenset({"ttl-enabled", "ttl-moved"})


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a change set may lose, with the tables it is about: looked into again right before the act."""

    suspects: tuple[Suspect, ...]
    live: dict[str, Table]


def suspect(account: Account, seen: Seen, changes: Iterable[ResourceChange]) -> Suspicion:
    """What the changes may lose."""
    deployed = deployed_design(seen)
    gone = {each.logical_id: each.table for each in seen.actual.drift if each.gone}
    placed = tuple(
        replace(each, gone=gone.get(f"{each.nested_in}{each.change.logical_id}", ""))
        for each in _placed(account, changes, deployed, seen.design)
    )
    names = [p.change.physical_id for p in placed if p.change.type in TABLE_TYPES and p.change.action != "Add"]
    names += [name for p in placed for name in p.owned]
    coming = {p.change.logical_id for p in placed if p.change.action == "Import"}
    names += [
        r.physical_name for r in seen.design.tables if r.logical_id in coming and isinstance(r.physical_name, str)
    ]
    stack = seen.actual.stack
    keys = frozenset(each.key for each in endangered(placed))
    if stack is not None and keys:
        names += owned_tables(account, stack.id)
    live = describe_all(account, (name for name in names if name), settings=True)
    others, unseen = tables_under(account, keys, live) if keys else ({}, "")
    live |= others
    found = suspects(placed, live, unseen)
    drifting: tuple[Suspect, ...] = ()
    if stack is not None:
        told = frozenset(each.table for each in found if each.kind in GOING)
        drifting = tuple(_drifting(account, seen.design, stack.id, told, seen.situation.resources))
        live |= describe_all(account, (each.table for each in drifting if each.table not in live), settings=True)
    return Suspicion((*found, *drifting), live)


def _drifting(
    account: Account, design: Design, stack_id: str, told: frozenset[str], listed: Iterable[StackResource] = ()
) -> Iterable[Suspect]:
    """The tables that a dynamic reference may replace though no change says so, those of nested stacks included.

    An update of a stack updates the stacks nested in it, with their references read anew.
    """
    nested = [each for each in design.resources if each.type == NESTED]
    if not nested and not any(table.floating for table in design.tables):
        return
    owned = still_owned(tuple(listed) or account.stacks.resources(stack_id))
    places = {each.logical_id: each.physical_id for each in owned}
    yield from floating(design.tables, places, told)
    for each in nested:
        if place := places.get(each.logical_id):
            yield from _drifting_within(account, each, place, told)


def _drifting_within(account: Account, nested: ResourceDesign, place: str, told: frozenset[str]) -> Iterable[Suspect]:
    """A nested stack's own, by the template that it has: what another one changes, its change set tells."""
    try:
        text = account.stacks.template(place)
        if "{{resolve:" not in text and not nested.passed and NESTED not in text:
            return
        inner = account.stacks.describe(place)
        if inner is None:
            return
        region, number = _region_and_account(place)
        pseudo = {"AWS::Region": region, "AWS::AccountId": number, "AWS::StackId": place}
        design = read_design(text, stack=inner.name, path=f"the template of nested stack {nested.logical_id}")
        design = resolve(design, {**inner.parameters, **dict(nested.passed)}, pseudo)
    except TablewrightError as error:
        if error.code == "credentials-expired":
            raise
        for name in owned_tables(account, place):
            if name not in told:
                what = (
                    f"Nested stack {nested.logical_id} cannot be read ({error.summary}), so whether a dynamic reference would "
                    "replace the table is not known."
                )
                yield Suspect("table-replaced", name, nested.logical_id, what)
        return
    yield from _drifting(account, design, place, told)


def losses(account: Account, suspicion: Suspicion, allowed: Iterable[str]) -> tuple[Loss, ...]:
    """What would be lost, by evidence gathered now."""
    if not suspicion.suspects:
        return ()
    contents: dict[str, Contents] = {}
    samples: dict[str, ExpirySample | None] = {}
    consumers: dict[str, tuple[str, ...] | None] = {}
    for each in suspicion.suspects:
        if each.kind in NEEDS_CONTENTS | _TTL and each.table not in contents:
            contents[each.table] = contents_of(account, each.table)
        if each.kind in _TTL and each.attribute and not contents[each.table].is_empty:
            samples[each.table] = _sample(account, each)
        if each.stream and each.stream not in consumers:
            consumers[each.stream] = _consumers(account, each.stream)
    return judge(suspicion.suspects, Evidence(contents, samples, consumers), suspicion.live, allowed)


def deployed_design(seen: Seen) -> Design | None:
    """The design that the deployed template was, under the deployed parameters; None where it cannot be read."""
    stack, template = seen.actual.stack, seen.actual.template
    if stack is None or template is None:
        return None
    try:
        design = read_design(template, stack=stack.name, path="the deployed template")
    except TablewrightError:
        return None
    region, account = _region_and_account(stack.id)
    return resolve(
        design, stack.parameters, {"AWS::Region": region, "AWS::AccountId": account, "AWS::StackId": stack.id}
    )


def _region_and_account(stack_id: str) -> tuple[str, str]:
    parts = stack_id.split(":")
    return (parts[3], parts[4]) if len(parts) > 4 else ("", "")


def _placed(
    account: Account,
    changes: Iterable[ResourceChange],
    deployed: Design | None,
    wanted: Design | None,
    within: str = "",
    depth: int = 0,
) -> Iterable[Placed]:
    """Each change in its stack; for nested stacks, their own change sets' changes as well."""
    for change in changes:
        if change.type != NESTED or change.action == "Add":
            yield Placed(change, deployed, wanted, within)
            continue
        whole = change.action == "Remove" or change.replacement in ("True", "Conditional")
        inner = None
        if not whole and change.nested_change_set_id is not None and depth < _DEEPEST:
            inner = account.change_sets.describe(change.nested_change_set_id)
        if inner is not None:
            yield from _placed(account, inner.changes, None, None, f"{within}{change.logical_id}/", depth + 1)
        else:
            owned = owned_tables(account, change.physical_id) if change.physical_id else ()
            stays = change.action == "Remove" and change.policy_action == "Retain"
            keys = owned_keys(account, change.physical_id) if change.physical_id and not stays else ()
            blind = ResourceChange(
                change.action,
                change.logical_id,
                change.physical_id,
                change.type,
                change.replacement,
                change.policy_action,
            )
            yield Placed(blind, deployed, wanted, within, owned, keys)


def _sample(account: Account, each: Suspect) -> ExpirySample | None:
    try:
        return account.tables.expiring(each.table, each.attribute, now=account.clock.now())
    except TablewrightError as error:
        if error.code == "credentials-expired":
            raise
        return None


def _consumers(account: Account, stream: str) -> tuple[str, ...] | None:
    try:
        return account.tables.consumers(stream)
    except TablewrightError as error:
        if error.code == "credentials-expired":
            raise
        return None
