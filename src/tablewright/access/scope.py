"""What a policy is written for: the tables and other resources of a stack, by names that are known.

Nothing here has placeholders: a scope whose account, region or table name is not known is refused, saying what to give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tablewright.errors import UsageError
from tablewright.model.design import TABLE_TYPES, Design, ResourceDesign, TableDesign, Unknown
from tablewright.model.stack import StackResource
from tablewright.model.table import Table

__all__ = ["ResourceScope", "Scope", "TableScope", "keys_of", "scope_of_design", "scope_of_stack", "table_named"]


@dataclass(frozen=True, slots=True)
class TableScope:
    """A table. ``regions`` are those of its replicas, its own included; ``key`` is the ARN of a customer's KMS key, or empty;
    ``keys`` are the names of its key attributes, empty where they are not known.
    """

    logical_id: str
    name: str
    indexes: tuple[str, ...] = ()
    stream: bool = False
    key: str = ""
    regions: tuple[str, ...] = ()
    type: str = TABLE_TYPES[0]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """Another resource of the stack. ``name`` is its physical name or ARN, empty where CloudFormation chooses it."""

    logical_id: str
    type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """One stack in one account and region."""

    account: str
    region: str
    stack: str = ""
    partition: str = "aws"
    tables: tuple[TableScope, ...] = ()
    resources: tuple[ResourceScope, ...] = field(default=())

    def arn(self, table: TableScope, below: str = "", region: str = "") -> str:
        """The table's ARN, with what follows it (``/index/x``)."""
        return self.table_arn(table.name, below, region)

    def table_arn(self, name: str, below: str = "", region: str = "") -> str:
        """The ARN of a table of this account and region by its name."""
        return f"arn:{self.partition}:dynamodb:{region or self.region}:{self.account}:table/{name}{below}"

    @property
    def stack_arn(self) -> str:
        """The stack's ARN without the unique part that every creation gives it anew."""
        return f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:stack/{self.stack}/*"


def partition_of(region: str) -> str:
    """The partition that a region belongs to."""
    for start, partition in (
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
    ):
        if region.startswith(start):
            return partition
    return "aws"


def scope_of_stack(
    stack: str, account: str, region: str, resources: Iterable[StackResource], tables: Mapping[str, Table]
) -> Scope:
    """The scope of a deployed stack. ``tables`` are its live tables by physical name."""
    found, others = [], []
    for resource in resources:
        live = tables.get(resource.physical_id or "")
        if live is not None:
            found.append(
                TableScope(
                    resource.logical_id,
                    live.name,
                    tuple(index.name for index in live.indexes),
                    live.stream_arn is not None,
                    live.kms_key or "",
                    (region, *(one for one in live.replicas if one != region)),
                    resource.type,
                    tuple(key.name for key in live.keys),
                )
            )
        elif resource.type not in TABLE_TYPES:
            others.append(ResourceScope(resource.logical_id, resource.type, resource.physical_id or ""))
    return Scope(account, region, stack, partition_of(region), tuple(found), tuple(others))


def scope_of_design(design: Design, account: str, region: str) -> Scope:
    """The scope of a template under the parameters given. Raises UsageError where a table's name cannot be known."""
    found, others = [], []
    for resource in design.resources:
        if resource.table is None:
            name = resource.physical_name
            others.append(ResourceScope(resource.logical_id, resource.type, name if isinstance(name, str) else ""))
            continue
        found.append(
            _designed(
                resource.logical_id, resource.type, resource.physical_name, resource.indexes, resource.table, region
            )
        )
    return Scope(account, region, design.stack, partition_of(region), tuple(found), tuple(others))


def _designed(
    logical_id: str, type_: str, name: str | Unknown | None, indexes: tuple[str, ...], table: TableDesign, region: str
) -> TableScope:
    if not isinstance(name, str):
        why = f"{name.why}; give it with --parameters" if isinstance(name, Unknown) else "CloudFormation chooses it"
        raise UsageError(
            "table-name-unknown",
            "A table's name is not known",
            f"Table {logical_id}: {why}. A policy with a placeholder would match nothing. Deploy the stack and leave "
            "--template out: then the name is read from there.",
        )
    regions = table.replicas if isinstance(table.replicas, tuple) else ()
    key = table.kms_key if isinstance(table.kms_key, str) and table.kms_key.startswith("arn:") else ""
    if isinstance(table.kms_key, (str, Unknown)) and not key:
        raise UsageError(
            "table-key-unknown",
            "A table's KMS key is not known",
            f"Table {logical_id} is encrypted with a key whose ARN the template does not give, and callers need it. Deploy "
            "the stack and leave --template out: then it is read from there.",
        )
    stream = table.stream is not None or len(regions) > 1
    return TableScope(
        logical_id,
        name,
        indexes,
        stream,
        key,
        (region, *(one for one in regions if one != region)),
        type_,
        _keys(table),
    )


def keys_of(resource: ResourceDesign) -> tuple[str, ...]:
    """The names of a designed table's key attributes, none where they are not known."""
    return _keys(resource.table) if resource.table is not None else ()


def _keys(table: TableDesign) -> tuple[str, ...]:
    return tuple(key.name for key in table.keys) if isinstance(table.keys, tuple) else ()


def table_named(scope: Scope, named: str) -> TableScope:
    """The table of a logical ID, a name, or what is its own in it. Raises UsageError, with the names that there are."""
    for table in scope.tables:
        if named in (table.logical_id, table.name):
            return table
    ending = [
        table for table in scope.tables if named and table.name.endswith(tuple(f"{sign}{named}" for sign in "-_."))
    ]
    if len(ending) == 1:
        return ending[0]
    known = ", ".join(f"{table.name} ({table.logical_id})" for table in scope.tables) or "none"
    raise UsageError(
        "no-such-table", "There is no such table", f"{named} is no table of the stack. Its tables: {known}."
    )
