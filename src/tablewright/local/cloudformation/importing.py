"""What a request may ask to be taken into a stack: checked before anything is looked at.

Source: user guide, "Import AWS resources into a CloudFormation stack": every resource to import has a DeletionPolicy and an
identifier that is its type's primary one, and none belongs to a stack already. Where no text is known, the meaning is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tablewright.local.cloudformation.documents import Doc, Stack
from tablewright.local.cloudformation.errors import validation
from tablewright.local.cloudformation.intrinsics import is_unknown, resolve, text
from tablewright.local.cloudformation.program import Program
from tablewright.local.cloudformation.schema import schema_of
from tablewright.local.cloudformation.store import Store

IN_A_STACK = "Resources [{}] passed in ResourceToImport are already in a stack and cannot be imported."
"""AWS's text, as quoted in cloudformation-coverage-roadmap 1607."""


def identifier_names(kind: str) -> list[str]:
    """The names of a type's primary identifier, as ResourceIdentifier has them; none for a type without a schema."""
    schema = schema_of(kind) or {}
    return [str(pointer).rsplit("/", 1)[-1] for pointer in schema.get("primaryIdentifier") or ()]


def requested(store: Store, stack: Stack, program: Program, given: Iterable[Mapping[str, Any]]) -> dict[str, Doc]:
    """Logical ID to identifier of what is to be taken in. Raises ValidationError."""
    imports: dict[str, Doc] = {}
    seen: dict[tuple[str, str], str] = {}
    for entry in given:
        logical = str(entry["LogicalResourceId"])
        identifier = dict(entry["ResourceIdentifier"])
        _check(program, logical, str(entry["ResourceType"]), identifier)
        one = (str(entry["ResourceType"]), repr(sorted(identifier.items())))
        if one in seen:
            raise validation(f"Resources [{seen[one]}, {logical}] to import have the same identifier.")
        seen[one] = logical
        standing = store.resource(stack.stack_id, logical)
        if (standing is not None and standing.owned) or owned(store, stack, entry["ResourceType"], identifier):
            raise validation(IN_A_STACK.format(logical))
        imports[logical] = identifier
    return imports


def owned(store: Store, stack: Stack, kind: str, identifier: Mapping[str, Any]) -> bool:
    """Whether a living stack has the resource of that identifier."""
    return any(store.owner(kind, str(name), stack.account, stack.region) for name in identifier.values())


def _check(program: Program, logical: str, kind: str, identifier: Doc) -> None:
    declared = program.template.resources.get(logical)
    if declared is None or logical not in program.graph:
        raise validation(f"Resources [{logical}] to import are not in the template.")
    if declared.type != kind:
        raise validation(f"Resource {logical} is of type {declared.type}, not {kind}.")
    if not declared.deletion_policy:
        raise validation(f"Resources to import must have the DeletionPolicy attribute in the template: [{logical}]")
    names = identifier_names(kind)
    if names and sorted(identifier) != sorted(names):
        raise validation(
            f"Resource {logical} to import is identified by [{', '.join(names)}], not [{', '.join(identifier)}]."
        )
    properties = resolve(dict(declared.properties), program.values())
    for name, value in identifier.items():
        written = properties.get(name)
        if written is not None and not is_unknown(written) and text(written) != str(value):
            raise validation(f"Resource {logical} to import has {name} {text(written)} in the template, not {value}.")
