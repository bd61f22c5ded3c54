"""Which tables that exist already a stack can take in with their items, and why it cannot take in the others.

CloudFormation imports a resource by itself (ImportExistingResources) only when it has a custom name and a DeletionPolicy
that keeps it. Source: CloudFormation API reference, CreateChangeSet, ImportExistingResources.
"""

from __future__ import annotations

from tablewright.model.design import Design, ResourceDesign, Unknown
from tablewright.model.table import Key, Table
from tablewright.plan.actual import Actual

KEEPING = frozenset({"Retain", "RetainExceptOnCreate"})


def newcomers(design: Design, actual: Actual) -> tuple[tuple[ResourceDesign, Table], ...]:
    """The live tables that the design wants under their name and that the stack does not own."""
    owned = actual.owned_names
    found = []
    for resource in design.tables:
        name = resource.physical_name
        table = actual.tables.get(name) if isinstance(name, str) else None
        if table is not None and table.name not in owned:
            found.append((resource, table))
    return tuple(found)


def adoptable(design: Design, actual: Actual) -> tuple[str, ...]:
    """The names of the tables that would be taken in, each of which can be."""
    return tuple(table.name for resource, table in newcomers(design, actual) if not obstacle(resource, table))


def obstacle(resource: ResourceDesign, table: Table) -> str:
    """Why this table cannot be taken in as this resource, in a sentence; empty if it can."""
    if resource.deletion_policy not in KEEPING:
        return (
            f"{resource.logical_id} has no DeletionPolicy that keeps it; CloudFormation takes in an existing table only under "
            "DeletionPolicy: RetainExceptOnCreate or Retain."
        )
    if table.status in ("DELETING", "ARCHIVED", "ARCHIVING"):
        return f"table {table.name} is {table.status}."
    wanted = resource.table.keys if resource.table is not None else Unknown("no keys")
    if isinstance(wanted, Unknown):
        return f"the key schema of {resource.logical_id} cannot be resolved ({wanted.why}), so it cannot be compared."
    if by_role(wanted) != by_role(table.keys):
        return (
            f"{resource.logical_id} asks for the key {spell(wanted)}, and table {table.name} has {spell(table.keys)}; "
            "a key schema never changes."
        )
    return ""


def by_role(keys: tuple[Key, ...]) -> tuple[tuple[str, str, str], ...]:
    """The keys in an order of their own, for comparing."""
    return tuple(sorted((key.role, key.name, key.type) for key in keys))


def spell(keys: tuple[Key, ...]) -> str:
    """A key schema in words: ``pk (S), sk (N)``."""
    return ", ".join(f"{key.name} ({key.type or '?'})" for key in sorted(keys, key=lambda key: key.role != "HASH"))
