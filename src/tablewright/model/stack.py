"""Stacks as CloudFormation reports them. A status is a plain string, an open vocabulary: see ``deploy.status``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StackOutput:
    """One output, with its export name if it has one."""

    key: str
    value: str
    description: str = ""
    export: str | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """What DescribeStacks says of one stack. ``parameters`` holds masked values (``****``) for NoEcho parameters."""

    id: str
    name: str
    status: str
    created_at: datetime
    reason: str = ""
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[StackOutput, ...] = ()
    capabilities: tuple[str, ...] = ()
    termination_protection: bool = False
    role_arn: str | None = None
    change_set_id: str | None = None
    root_id: str | None = None


@dataclass(frozen=True, slots=True)
class StackResource:
    """What ListStackResources says of one resource. ``physical_id`` is empty before it is known."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One stack event. The stack's own events have the stack's id as ``physical_id``; ``at`` is UTC.

    ``place`` is where in the template a validation failed, in the events that tell of one.
    """

    id: str
    at: datetime
    stack_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""
    token: str = ""
    place: str = ""

    @property
    def is_of_stack(self) -> bool:
        """True for the stack's own events, as against those of its resources (a nested stack is a resource here)."""
        return self.type == "AWS::CloudFormation::Stack" and self.physical_id == self.stack_id


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property of one resource in a change set. ``before``/``after`` are CloudFormation's texts, None when not given."""

    path: str
    before: str | None = None
    after: str | None = None
    recreation: str = "Never"  # Never | Conditionally | Always


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource in a change set. ``replacement`` is "True", "False", "Conditional" or "" as CloudFormation says it."""

    action: str  # Add | Modify | Remove | Import | Dynamic | SyncWithActual
    logical_id: str
    physical_id: str
    type: str
    replacement: str = ""
    policy_action: str = ""  # Delete | Retain | Snapshot | ReplaceAndDelete | ReplaceAndRetain | ReplaceAndSnapshot
    scope: tuple[str, ...] = ()
    properties: tuple[PropertyChange, ...] = ()
    nested_change_set_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What DescribeChangeSet says, all its pages together."""

    id: str
    name: str
    stack_id: str
    status: str
    execution_status: str
    reason: str = ""
    changes: tuple[ResourceChange, ...] = ()
    created_at: datetime | None = None
