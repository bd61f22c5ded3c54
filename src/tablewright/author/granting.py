"""Policies added to a template, each in its place: a managed policy or a role beside the tables that it has, a table's own within
the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tablewright.access.grant import Options, table_or_all
from tablewright.access.patterns import Wish
from tablewright.access.scope import Scope, TableScope
from tablewright.author.editing import Path, Text, put_entry, take_entry
from tablewright.author.policies import (
    managed_policy,
    role,
    service_trust,
    stream_policy,
    table_policy,
    template_policy,
    template_scope,
)
from tablewright.author.replicas import homes, is_global
from tablewright.author.siblings import Sibling, family
from tablewright.author.writing import Value, value_of
from tablewright.errors import UsageError
from tablewright.template.read import read_design
from tablewright.template.tree import Mapping, Scalar

__all__ = ["KINDS", "add_policy", "name_of", "remove_own_policy", "scope_in"]

ABOUT_THE_STACK = ("deploy", "pipeline", "plan")
"""Patterns of roles that the stack is deployed with."""

KINDS = ("managed-policy", "role", "table", "stream")
"""What can be added: a managed policy, a role with the policy, the table's own policy, its stream's own."""


def add_policy(
    text: Text,
    wishes: Iterable[Wish],
    tables: Iterable[str],
    name: str,
    *,
    kind: str = "managed-policy",
    options: Options | None = None,
) -> Text:
    """The template with the policy in its place. ``options.principals`` are the services that run a role's program, or whom a
    table's own policy lets in. Raises UsageError.
    """
    asked, chosen_options = tuple(wishes), options or Options()
    outside = [one.written for one in asked if one.pattern.name in ABOUT_THE_STACK]
    if outside:
        raise UsageError(
            "belongs-outside",
            "That role belongs outside of the stack",
            f"{outside[0]} is for who makes and changes this very stack, and must stand before it does. Write it with real ARNs "
            "for a stack of its own:",
            f"tablewright policy generate {outside[0]} --as managed-policy",
        )
    scope = scope_in(text)
    found = family(text)
    chosen = table_or_all(scope, [found.named(one).logical_id for one in tables])
    described = ", ".join(one.written for one in asked)
    if kind in ("table", "stream"):
        return _own(text, asked, _one(chosen), kind, chosen_options, scope)
    policy = template_policy(scope, asked, chosen, replace(chosen_options, principals=()))
    if kind == "managed-policy":
        resource = managed_policy(policy, described)
    else:
        services = chosen_options.principals
        if not services or not all(one.endswith((".amazonaws.com", ".amazonaws.com.cn")) for one in services):
            raise UsageError(
                "no-principal",
                "It is not said who assumes the role",
                "Name the service that runs the program: --principal lambda.amazonaws.com. A role for a workflow belongs into a "
                "stack of its own: tablewright policy generate --as role.",
            )
        resource = role(policy, service_trust(services), described, "Tables")
    return put_entry(text, ("Resources", name), resource, spaced=True)


def remove_own_policy(text: Text, table: str, *, stream: bool = False) -> Text:
    """The table's own policy gone, or its stream's. Raises UsageError where there is none."""
    found = family(text).named(table)
    where = [(*home, "ResourcePolicy") for home in _places(text, found, stream=stream)]
    there = [one for one in where if text.at(one) is not None]
    if not there:
        raise UsageError(
            "not-there",
            "It is not there",
            f"{found.logical_id} has no policy of its own{' on its stream' if stream else ''}.",
        )
    for one in there:
        text = take_entry(text, one)
    return text


def scope_in(text: Text) -> Scope:
    """The scope of a template by its logical IDs, with the keys that the template tells: an ARN, or a key of its own."""
    design = read_design(text.text, stack="stack", path=text.path)
    return template_scope(design, {table.logical_id: _key(table) for table in family(text).tables})


def name_of(text: Text, logical_id: str) -> Value:
    """A table's TableName as the template writes it. Raises UsageError where CloudFormation chooses it."""
    node = text.at(("Resources", logical_id, "Properties", "TableName"))
    if node is None:
        raise UsageError(
            "table-without-name",
            "The table has no name of its own",
            f"Table {logical_id} has no TableName, and its policy must name it: an ARN by !GetAtt would be circular. Give "
            "it a TableName, or grant to the caller instead: --as managed-policy.",
        )
    return value_of(node)


def _key(table: Sibling) -> str:
    """The ARN of the table's key as a template may write it; empty where it cannot be told."""
    node = table.properties.get("SSESpecification")
    key = node.get("KMSMasterKeyId") if isinstance(node, Mapping) else None
    if isinstance(key, Scalar):
        return key.text if key.text.startswith("arn:") else ""
    attribute = key.get("Fn::GetAtt") if isinstance(key, Mapping) else None
    parts = value_of(attribute) if attribute is not None else ""
    written = ".".join(map(str, parts)) if isinstance(parts, list) else parts
    return f"${{{written}}}" if isinstance(written, str) and written.endswith(".Arn") else ""


def _own(
    text: Text, wishes: tuple[Wish, ...], table: TableScope, kind: str, options: Options, scope: Scope
) -> Text:  # fmt: skip
    found = family(text).named(table.logical_id)
    if kind == "stream":
        value = stream_policy(wishes, table, options, scope)
    else:
        value = table_policy(wishes, table, name_of(text, table.logical_id), options, scope)
    for place in _places(text, found, stream=kind == "stream"):
        text = put_entry(text, (*place, "ResourcePolicy"), value)
    return text


def _places(text: Text, table: Sibling, *, stream: bool) -> list[Path]:
    """Where a policy of the table's own stands: within the table, or each replica; its stream's within StreamSpecification."""
    if not stream:
        return homes(text, table)
    if is_global(table):
        return [(*home, "ReplicaStreamSpecification") for home in homes(text, table)]
    return [("Resources", table.logical_id, "Properties", "StreamSpecification")]


def _one(tables: tuple[TableScope, ...]) -> TableScope:
    if len(tables) != 1:
        raise UsageError(
            "several-tables",
            "A policy of this form belongs to one table",
            f"Say which with --table: {', '.join(table.name for table in tables)}.",
        )
    return tables[0]
