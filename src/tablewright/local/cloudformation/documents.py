"""What is kept of a stack, its resources, its operations and its change sets: frozen values with a JSON form.

Every field that a restart needs is here; nothing about a stack lives anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

Doc = dict[str, Any]


class Document:
    """A frozen dataclass that is written to and read from the journal field by field."""

    __slots__ = ()

    def to_doc(self) -> Doc:
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def from_doc(cls, doc: Mapping[str, Any]) -> Self:
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in doc.items() if name in known})


@dataclass(frozen=True, slots=True)
class Deployment(Document):
    """What a stack is deployed from; the one before an update is kept to go back to."""

    template: str = ""
    """SHA-256 of the template text, which the journal keeps under it."""
    parameters: list[Doc] = field(default_factory=list)
    """Each with key, value and resolved (None but for SSM types)."""
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)
    rollback: Doc = field(default_factory=dict)
    role_arn: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Stack(Document):
    stack_id: str
    name: str
    account: str
    region: str
    status: str
    created: float
    reason: str = ""
    updated: float | None = None
    deleted: float | None = None
    deployment: Doc = field(default_factory=dict)
    """The Deployment that the stack is in, or is going to while an operation runs."""
    stable: Doc | None = None
    """While an update runs: deployment, outputs and imports to go back to."""
    outputs: list[Doc] = field(default_factory=list)
    """Each with key, value, description and export ("" when there is none)."""
    imports: list[str] = field(default_factory=list)
    """Names of the exports that the stack's resources and outputs use."""
    disable_rollback: bool = False
    timeout_minutes: int | None = None
    termination_protection: bool = False
    retain_except_on_create: bool = False
    policy: str = ""
    change_set_id: str = ""
    operation: str = ""
    operations: list[Doc] = field(default_factory=list)
    """The last operations: type and id."""
    parent: str = ""
    root: str = ""
    drift: Doc = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resource(Document):
    """A resource of a stack: what CloudFormation believes it is, and what the running operation does to it."""

    stack_id: str
    logical_id: str
    type: str
    status: str = ""
    reason: str = ""
    updated: float = 0.0
    physical_id: str = ""
    owned: bool = False
    """The physical resource is this stack's: made by it, or taken in. What isn't owned is never deleted."""
    properties: Doc = field(default_factory=dict)
    attributes: Doc = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    depends_on: list[str] = field(default_factory=list)
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Doc | None = None
    operation: str = ""
    """The operation that last touched it."""
    intent: str = ""
    """What that operation does: create, update, replace, import, remove, keep, restore, delete."""
    wanted: Doc = field(default_factory=dict)
    """The properties that the operation is going to, from the moment it starts."""
    untouched: bool = False
    """The operation refused `wanted` before anything was done: the resource is still as `properties` say."""
    wanted_name: str = ""
    """The name under which the operation makes a physical resource, fixed before it is made."""
    before: Doc | None = None
    """This document as it was before the operation; None when the operation created it."""
    references: dict[str, str] = field(default_factory=dict)
    """What the dynamic references in `properties` stood for when it was last made or updated."""
    wanted_references: dict[str, str] = field(default_factory=dict)
    """The same for `wanted`."""
    leftover: Doc | None = None
    """A physical resource that was replaced and is to be deleted: physical_id, properties, policy; its references filled in."""
    token: str = ""
    """The handler's request token, shown in its errors."""
    drift: Doc = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation(Document):
    """One change-making request and all that it was asked to do."""

    operation_id: str
    type: str
    stack_id: str
    started: float
    account: str = ""
    region: str = ""
    token: str = ""
    ended: float | None = None
    status: str = "IN_PROGRESS"
    change_set_id: str = ""
    on_failure: str = "ROLLBACK"
    cause: str = ""
    """The first failure, which the stack's status reason repeats."""
    cancelled: bool = False
    retain: list[str] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    force: bool = False
    retain_except_on_create: bool = False
    policy_during_update: str = ""
    imports: dict[str, Doc] = field(default_factory=dict)
    """Resources to take in: logical ID to identifier."""
    rollback_of: str = ""
    """The operation that this one undoes (RollbackStack, ContinueUpdateRollback)."""
    revert_drift: bool = False
    again: list[str] = field(default_factory=list)
    """Resources that drifted: brought to their properties although the template's did not change."""
    gone: list[str] = field(default_factory=list)
    """Resources that somebody deleted outside: made anew."""
    parent_operation: str = ""
    """The operation of the stack around this one that asked for it."""


@dataclass(frozen=True, slots=True)
class ChangeSet(Document):
    change_set_id: str
    name: str
    stack_id: str
    stack_name: str
    account: str
    region: str
    type: str
    created: float
    status: str
    execution_status: str
    reason: str = ""
    description: str = ""
    deployment: Doc = field(default_factory=dict)
    changes: list[Doc] = field(default_factory=list)
    """As DescribeChangeSet gives them, with property values; left out unless asked for."""
    imports: dict[str, Doc] = field(default_factory=dict)
    on_stack_failure: str = ""
    import_existing: bool = False
    include_nested: bool = False
    deployment_mode: str = ""
    deployment_config: Doc = field(default_factory=dict)
    token: str = ""
    operation: str = ""
    validated: bool = True
    """Whether early validation looks at it (DisableValidation turns it off)."""
    drift_status: str = ""
    parent: str = ""
    """The change set of the stack around this one, and that of the outermost."""
    root: str = ""
    logical_id: str = ""
    """What this one's stack is called in the stack around it."""
