"""The resource types that the embedded CloudFormation knows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from tablewright.local.cloudformation.program import Types
from tablewright.local.cloudformation.resources.backup.plan import BackupPlan, BackupSelection
from tablewright.local.cloudformation.resources.backup.vault import BackupVault
from tablewright.local.cloudformation.resources.cloudwatch.alarm import Alarm, CompositeAlarm
from tablewright.local.cloudformation.resources.cloudwatch.dashboard import Dashboard
from tablewright.local.cloudformation.resources.dynamodb.global_table import GlobalTable
from tablewright.local.cloudformation.resources.dynamodb.table import Table
from tablewright.local.cloudformation.resources.iam.managed_policy import ManagedPolicy, OidcProvider
from tablewright.local.cloudformation.resources.iam.role import Policy, Role
from tablewright.local.cloudformation.resources.kinesis.stream import Stream
from tablewright.local.cloudformation.resources.kms.key import Alias, Key
from tablewright.local.cloudformation.resources.logs.log_group import LogGroup
from tablewright.local.cloudformation.resources.nested.stack import NestedStack
from tablewright.local.cloudformation.resources.plain.record import (
    SKIP_UNIMITATED,
    EventSourceMapping,
    Placeholder,
    WaitConditionHandle,
)
from tablewright.local.cloudformation.resources.protocol import ResourceType
from tablewright.local.cloudformation.resources.s3.bucket import Bucket
from tablewright.local.cloudformation.resources.scaling.target import ScalableTarget, ScalingPolicy
from tablewright.local.cloudformation.resources.sns.topic import Subscription, Topic, TopicPolicy
from tablewright.local.cloudformation.resources.ssm.parameter import Parameter
from tablewright.local.cloudformation.schema import known_types

_ALL: tuple[ResourceType, ...] = (
    Alarm(),
    Alias(),
    BackupPlan(),
    BackupSelection(),
    BackupVault(),
    Bucket(),
    CompositeAlarm(),
    Dashboard(),
    EventSourceMapping(),
    GlobalTable(),
    Key(),
    LogGroup(),
    ManagedPolicy(),
    NestedStack(),
    OidcProvider(),
    Parameter(),
    Policy(),
    Role(),
    ScalableTarget(),
    ScalingPolicy(),
    Stream(),
    Subscription(),
    Table(),
    Topic(),
    TopicPolicy(),
    WaitConditionHandle(),
)

KINDS: dict[str, ResourceType] = {kind.name: kind for kind in _ALL}


def kind_of(name: str) -> ResourceType:
    """The type of that name, or a placeholder for one that is not imitated."""
    return KINDS.get(name) or Placeholder(name)


def attribute_exists(kind: str, attribute: str) -> bool:
    if kind == NestedStack.name and attribute.startswith("Outputs."):
        return True
    return kind not in KINDS or attribute in KINDS[kind].attributes


TYPES = Types(frozenset(KINDS), attribute_exists)
"""What a template may use."""


@cache
def _open_types() -> Types:
    return Types(frozenset(KINDS) | known_types(), attribute_exists, custom=True)


def types_for(capabilities: Iterable[str]) -> Types:
    """What a template may use under a request's capabilities."""
    return _open_types() if SKIP_UNIMITATED in capabilities else TYPES
