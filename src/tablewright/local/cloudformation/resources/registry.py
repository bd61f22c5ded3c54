"""The resource types that the embedded CloudFormation knows."""

from __future__ import annotations

from tablewright.local.cloudformation.program import Types
from tablewright.local.cloudformation.resources.cloudwatch.alarm import Alarm, CompositeAlarm
from tablewright.local.cloudformation.resources.cloudwatch.dashboard import Dashboard
from tablewright.local.cloudformation.resources.dynamodb.global_table import GlobalTable
from tablewright.local.cloudformation.resources.dynamodb.table import Table
from tablewright.local.cloudformation.resources.iam.managed_policy import ManagedPolicy, OidcProvider
from tablewright.local.cloudformation.resources.iam.role import Policy, Role
from tablewright.local.cloudformation.resources.kinesis.stream import Stream
from tablewright.local.cloudformation.resources.kms.key import Alias, Key
from tablewright.local.cloudformation.resources.logs.log_group import LogGroup
from tablewright.local.cloudformation.resources.plain.record import EventSourceMapping, WaitConditionHandle
from tablewright.local.cloudformation.resources.protocol import ResourceType
from tablewright.local.cloudformation.resources.s3.bucket import Bucket
from tablewright.local.cloudformation.resources.sns.topic import Subscription, Topic, TopicPolicy
from tablewright.local.cloudformation.resources.ssm.parameter import Parameter

_ALL: tuple[ResourceType, ...] = (
    Alarm(),
    Alias(),
    Bucket(),
    CompositeAlarm(),
    Dashboard(),
    EventSourceMapping(),
    GlobalTable(),
    Key(),
    LogGroup(),
    ManagedPolicy(),
    OidcProvider(),
    Parameter(),
    Policy(),
    Role(),
    Stream(),
    Subscription(),
    Table(),
    Topic(),
    TopicPolicy(),
    WaitConditionHandle(),
)

KINDS: dict[str, ResourceType] = {kind.name: kind for kind in _ALL}


def attribute_exists(kind: str, attribute: str) -> bool:
    return attribute in KINDS[kind].attributes


TYPES = Types(frozenset(KINDS), attribute_exists)
