"""What a policy is written for: the tables and other resources of a stack, by names that are known.

Nothing here has placeholders: a scope whose account, region or table name is not known is refused, saying what to give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tablewright.errors import UsageError
from tablewright.model.design import NESTED, TABLE_TYPES, Design, ResourceDesign, TableDesign, Unknown
from tablewright.model.listed import listed
from tablewright.model.stack import StackResource
from tablewright.model.table import Table

__all__ = [
    "ResourceScope",
    "Scope",
    "TableScope",
    "keys_of",
    "names_of",
    "nested_form",
    "scope_of_design",
    "scope_of_stack",
    "table_named",
    "together",
]


@dataclass(frozen=True, slots=True)
class TableScope:
    """A table. ``regions`` are those of its replicas, its own included; ``key`` is the ARN of a customer's KMS key, or empty;
    ``keys`` are the names of its key attributes, empty where they are not known. ``kinesis`` and ``imports`` are the ARN of the
    stream that its changes go to and the bucket that it is filled from as it is made; ``*`` where it is not known which.
    """

    logical_id: str
    name: str
    indexes: tuple[str, ...] = ()
    stream: bool = False
    key: str = ""
    regions: tuple[str, ...] = ()
    type: str = TABLE_TYPES[0]
    keys: tuple[str, ...] = ()
    insights: bool = False
    kinesis: str = ""
    imports: str = ""


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
    def nested_arns(self) -> tuple[str, ...]:
        """The ARNs of the stacks nested in it, at any depth, by the form of their names."""
        place = f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:stack"
        return tuple(f"{place}/{nested_form(self.stack, one)}/*" for one in nested_in(self.resources))

    @property
    def stack_arn(self) -> str:
        """The stack's ARN without the unique part that every creation gives it anew."""
        return f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:stack/{self.stack}/*"


def nested_in(resources: Iterable[ResourceScope]) -> tuple[str, ...]:
    """The logical ids of the stacks that are nested in the stack itself."""
    return tuple(
        dict.fromkeys(one.logical_id for one in resources if one.type == NESTED and WITHIN not in one.logical_id)
    )


def nested_form(stack: str, logical_id: str) -> str:
    """The form of a nested stack's name, and of all names that CloudFormation chooses in it: STACK-LOGICALID-RANDOM, and so on.

    Names are cut to 128 characters, in which way is not documented: of a long one only the beginning is sure.
    """
    whole = f"{stack}-{logical_id}-"
    return f"{whole if len(whole) <= _SURE else stack[: _SURE // 2]}*"


_SURE = 100
WITHIN = "/"
"""Between the logical ids of a nested stack and of a resource in it."""


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


def scope_of_design(design: Design, account: str, region: str, *, to_make: bool = False) -> Scope:
    """The scope of a template under the parameters given. Raises UsageError where a table's name cannot be known.

    ``to_make``: for who makes the tables: a name that CloudFormation will choose is as near as ``STACK-LOGICALID-*``, and a key
    that is not known yet is one of the account's.
    """
    found, others = [], []
    for resource in design.resources:
        if resource.table is None:
            others.append(ResourceScope(resource.logical_id, resource.type, _other_name(resource)))
            if resource.type == NESTED and to_make:  # of its tables, those are known whose names CloudFormation chooses
                name = nested_form(design.stack, resource.logical_id)
                found.append(TableScope(f"{resource.logical_id}{WITHIN}*", name, regions=(region,)))
            continue
        found.append(
            _designed(
                _chosen(design, resource) if to_make and resource.physical_name is None else resource.physical_name,
                resource,
                resource.table,
                region,
                f"arn:{partition_of(region)}:kms:{region}:{account}:key/*" if to_make else "",
            )
        )
    return Scope(account, region, design.stack, partition_of(region), tuple(found), tuple(others))


def names_of(design: Design) -> dict[str, str]:
    """The name of each resource that is known, or the form of those that CloudFormation chooses for tables, by logical ID: what
    ``Ref`` gives, so that names made of it are known as well.
    """
    names = {one.logical_id: one.physical_name for one in design.resources if isinstance(one.physical_name, str)}
    chosen = {one.logical_id: _chosen(design, one) for one in design.resources if one.table and not one.physical_name}
    return names | chosen


def _chosen(design: Design, resource: ResourceDesign) -> str:
    """The form of the names that CloudFormation chooses. Source: CloudFormation user guide, "Name type"."""
    return f"{design.stack}-{resource.logical_id}-*"


def _other_name(resource: ResourceDesign) -> str:
    """The resource's name; empty where CloudFormation chooses it, any where it is known only once it is made."""
    name = resource.physical_name
    if not isinstance(name, Unknown):
        return name or ""
    if resource.type.startswith("AWS::IAM::"):
        raise UsageError(
            "role-name-unknown",
            "A role's name is not known",
            f"{resource.logical_id} is a {resource.type}, and {name.why}. Whoever may change every role may do everything: give "
            "it with --parameters, or leave the name to CloudFormation.",
        )
    return "*"


def together(deployed: Scope, designed: Scope) -> Scope:
    """Both the stack as it stands and as the template will make it: who deploys takes the one to the other."""
    tables = {table.name: table for table in deployed.tables}
    known = {table.logical_id for table in deployed.tables}
    for table in designed.tables:
        standing = tables.get(table.name)
        if standing is not None:
            tables[table.name] = replace(
                table,
                key=standing.key or table.key,
                regions=tuple(dict.fromkeys((*table.regions, *standing.regions))),
            )
        elif not (table.name.endswith("-*") and table.logical_id in known):
            tables[table.name] = table
    resources = dict.fromkeys(deployed.resources)
    standing_ids = {one.logical_id for one in deployed.resources}
    resources |= dict.fromkeys(one for one in designed.resources if one.name or one.logical_id not in standing_ids)
    return replace(deployed, tables=tuple(tables.values()), resources=tuple(resources))


def _designed(
    name: str | Unknown | None, resource: ResourceDesign, table: TableDesign, region: str, any_key: str
) -> TableScope:
    logical_id, type_, indexes = resource.logical_id, resource.type, resource.indexes
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
        key = any_key
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
        table.insights is not False,
        _or_any(table.kinesis),
        _or_any(table.imports),
    )


def _or_any(value: str | Unknown | None) -> str:
    return "*" if isinstance(value, Unknown) else value or ""


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
    known = listed([f"{table.name} ({table.logical_id})" for table in scope.tables]) or "none"
    raise UsageError(
        "no-such-table", "There is no such table", f"{named} is no table of the stack. Its tables: {known}."
    )
