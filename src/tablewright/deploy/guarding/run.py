"""The evidence behind the guard: nested change sets, live tables, consistent Scans, samples, stream readers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tablewright.deploy.looking.run import Seen, contents_of, describe_all, owned_tables
from tablewright.deploy.situation import still_owned
from tablewright.errors import TablewrightError
from tablewright.model.design import TABLE_TYPES, Design
from tablewright.model.loss import Loss
from tablewright.model.stack import ResourceChange
from tablewright.model.table import Contents, ExpirySample, Table
from tablewright.plan.hazards import KEYS, NEEDS_CONTENTS, NESTED, Evidence, Placed, Suspect, floating, judge, suspects
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
        replace(each, gone=gone.get(each.change.logical_id, "")) if not each.nested_in else each
        for each in _placed(account, changes, deployed, seen.design)
    )
    names = [p.change.physical_id for p in placed if p.change.type in TABLE_TYPES and p.change.action != "Add"]
    names += [name for p in placed for name in p.owned]
    coming = {p.change.logical_id for p in placed if p.change.action == "Import"}
    names += [
        r.physical_name for r in seen.design.tables if r.logical_id in coming and isinstance(r.physical_name, str)
    ]
    stack = seen.actual.stack
    if stack is not None and any(p.change.type in KEYS and p.change.action != "Add" for p in placed):
        names += owned_tables(account, stack.id)
    drifting: tuple[Suspect, ...] = ()
    if stack is not None and any(table.floating for table in seen.design.tables):
        listed = seen.situation.resources or account.stacks.resources(stack.id)
        places = {each.logical_id: each.physical_id for each in still_owned(listed)}
        drifting = floating(seen.design.tables, places, (each.change.logical_id for each in placed))
        names += [each.table for each in drifting]
    live = describe_all(account, (name for name in names if name), settings=True)
    return Suspicion((*suspects(placed, live), *drifting), live)


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
            yield from _placed(account, inner.changes, None, None, change.logical_id, depth + 1)
        else:
            owned = owned_tables(account, change.physical_id) if change.physical_id else ()
            blind = ResourceChange(
                change.action,
                change.logical_id,
                change.physical_id,
                change.type,
                change.replacement,
                change.policy_action,
            )
            yield Placed(blind, deployed, wanted, within, owned)


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
