"""The calls that a policy is asked about: every action on every resource around a stack's tables.

The neighbourhood of a table: its indexes, its stream, its backups and exports, tables named alike in other stages, and the same
table in another account. What a policy allows there beyond what it is for, it grants too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tablewright.access.decide import Policies, decide
from tablewright.access.grant import Options, grant
from tablewright.access.patterns import Wish
from tablewright.access.policy import ALLOW, Policy
from tablewright.access.request import Caller, Request
from tablewright.access.scope import Scope, TableScope
from tablewright.model.actions import ACTIONS, BACKUP, EXPORT, IMPORT, INDEX, STREAM, TABLE

STREAM_LABEL = "2026-01-01T00:00:00.000"
BACKUP_ID = "01700000000000-0a1b2c3d"
EXPORT_ID = "01700000000000-4e5f6071"
"""Names of things that only AWS names, in AWS's form."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``what`` says in words what it acts on."""

    action: str
    resource: str
    what: str


def calls_around(scope: Scope, table: TableScope) -> Iterator[Call]:
    """Every action of DynamoDB on the table, on all that belongs to it, and on its neighbours."""
    own = dict(_resources(scope, table.name, table.indexes))
    others = {
        scope.table_arn(f"{table.name}-staging"): f"table {table.name}-staging",
        scope.table_arn(f"{table.name}2"): f"table {table.name}2",
    }
    others = {arn: what for arn, what in others.items() if arn not in {scope.arn(one) for one in scope.tables}}
    for action, types in ACTIONS.items():
        for (type_, arn), what in own.items():
            if type_ in types:
                yield Call(f"dynamodb:{action}", arn, what)
        if TABLE in types:
            for arn, what in others.items():
                yield Call(f"dynamodb:{action}", arn, what)
        if not types:
            yield Call(f"dynamodb:{action}", "*", "all of the account")


def _resources(scope: Scope, name: str, indexes: Iterable[str]) -> Iterator[tuple[tuple[str, str], str]]:
    yield (TABLE, scope.table_arn(name)), f"table {name}"
    for index in indexes:
        yield (INDEX, scope.table_arn(name, f"/index/{index}")), f"index {index} of {name}"
    yield (STREAM, scope.table_arn(name, f"/stream/{STREAM_LABEL}")), f"the stream of {name}"
    yield (BACKUP, scope.table_arn(name, f"/backup/{BACKUP_ID}")), f"a backup of {name}"
    yield (EXPORT, scope.table_arn(name, f"/export/{EXPORT_ID}")), f"an export of {name}"
    yield (IMPORT, scope.table_arn(name, f"/import/{EXPORT_ID}")), f"an import of {name}"


def allowed(policy: Policy, caller: Caller, call: Call, context: dict[str, tuple[str, ...]] | None = None) -> bool:
    """Whether the policy alone lets the caller through: an identity-based one, or a resource-based one if it names somebody."""
    resource_based = any(statement.principals is not None for statement in policy.statements)
    policies = Policies(resource=policy) if resource_based else Policies(identity=(policy,))
    return decide(Request(call.action, call.resource, caller, context or {}), policies).allowed


def reach(policy: Policy) -> Policy:
    """What the policy allows at most: as if every condition of an Allow held, and none of a Deny."""
    kept = (statement for statement in policy.statements if statement.effect == ALLOW or not statement.conditions)
    statements = (replace(one, conditions=()) if one.effect == ALLOW else one for one in kept)
    return replace(policy, statements=tuple(statements))


def declared(
    scope: Scope, tables: tuple[TableScope, ...], wishes: Iterable[Wish], caller: Caller
) -> tuple[set[Call], set[Call]]:
    """Of all calls around the tables, those that the access patterns are for, and the rest."""
    least = grant(scope, wishes, tables, Options())
    meant, rest = set[Call](), set[Call]()
    for table in tables:
        for call in calls_around(scope, table):
            (meant if allowed(least, caller, call) else rest).add(call)
    return meant, rest - meant
