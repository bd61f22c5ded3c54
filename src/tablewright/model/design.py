"""What a template asks for, as far as it can be known before AWS is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tablewright.model.table import Key


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be known from the template and the given parameters. Nothing may guess what it is."""

    why: str


Known = str | Unknown


@dataclass(frozen=True, slots=True)
class ParameterDesign:
    """One declared parameter. ``default`` is None when a value must be given."""

    name: str
    type: str
    default: str | None = None
    no_echo: bool = False


@dataclass(frozen=True, slots=True)
class IndexDesign:
    """A global secondary index as a template asks for it. ``included`` is what INCLUDE names."""

    name: str
    keys: tuple[Key, ...]
    projection: str
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableDesign:
    """What a template asks of one DynamoDB table; Unknown where it cannot be resolved, None where it does not say.

    ``ttl`` is the attribute that TTL is enabled on. ``recovery_days`` counts only with recovery on. ``stream`` is the view
    type. ``replicas`` are the regions of a global table. ``tags`` are its own, without those of the stack; those and the class
    are a replica's where it is a global table, and then None. ``kinesis`` is the ARN of the stream that changes go to,
    ``imports`` the bucket that the table is filled from as it is made. Of a global table, what each replica may set for itself is
    what the stack's region says (else the first); ``recovery_by_region`` has region, recovery and days of all.
    """

    keys: tuple[Key, ...] | Unknown = ()
    attributes: tuple[tuple[str, str], ...] | Unknown = ()  # (name, type) of each attribute definition
    ttl: Known | None = None
    recovery: bool | Unknown = False
    recovery_days: Known | None = None
    deletion_protection: bool | Unknown = False
    stream: Known | None = None
    kms_key: Known | None = None
    replicas: tuple[str, ...] | Unknown = ()
    billing: Known | None = None
    table_class: Known | None = None
    tags: tuple[tuple[str, str], ...] | Unknown | None = None
    insights: bool | Unknown = False
    kinesis: Known | None = None
    imports: Known | None = None
    recovery_by_region: tuple[tuple[str, bool | Unknown, Known | None], ...] | Unknown = ()
    global_indexes: tuple[IndexDesign, ...] | Unknown = ()  # Unknown unless every part of every one is known


@dataclass(frozen=True, slots=True)
class ResourceDesign:
    """One resource that exists under the given parameters (its condition holds, or could not be decided).

    ``physical_name`` is the custom name it asks for, Unknown when that cannot be resolved, None when CloudFormation
    will choose one. The policies are None when the template does not say. ``floating`` names a table's properties that recreate
    it and hold a dynamic reference to no one version: their values may change with any update. ``passed`` are the parameters
    that a nested stack is given with such a reference in them, as they are written.
    """

    logical_id: str
    type: str
    position: Position
    deletion_policy: str | None = None
    update_replace_policy: str | None = None
    physical_name: Known | None = None
    indexes: tuple[str, ...] = ()
    table: TableDesign | None = None
    certain: bool = True  # False: whether it exists hangs on a condition that could not be decided
    floating: tuple[str, ...] = ()
    passed: tuple[tuple[str, str], ...] = ()
    key_policy: Known | None = None  # of a KMS key, as JSON


@dataclass(frozen=True, slots=True)
class Design:
    """A template with the values that one deployment gives it.

    ``body`` is the text as it stands in the file and as it is sent. ``parameters`` are the values given, by name;
    ``tags`` go on the stack. ``capabilities`` is what CloudFormation will ask to be acknowledged.
    """

    stack: str
    body: str
    path: str
    declared: tuple[ParameterDesign, ...] = ()
    resources: tuple[ResourceDesign, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    excluded: tuple[ResourceDesign, ...] = ()  # written in the template, but their condition does not hold
    outputs: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[ResourceDesign, ...]:
        """The DynamoDB tables among the resources, global tables included."""
        return tuple(r for r in self.resources if r.type in TABLE_TYPES)


NESTED = "AWS::CloudFormation::Stack"
TABLE_TYPES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
