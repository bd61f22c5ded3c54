"""The resource types that the embedded CloudFormation knows."""

from __future__ import annotations

from tablewright.local.cloudformation.program import Types
from tablewright.local.cloudformation.resources.cloudwatch.alarm import Alarm, CompositeAlarm
from tablewright.local.cloudformation.resources.dynamodb.table import Table
from tablewright.local.cloudformation.resources.kinesis.stream import Stream
from tablewright.local.cloudformation.resources.logs.log_group import LogGroup
from tablewright.local.cloudformation.resources.protocol import ResourceType
from tablewright.local.cloudformation.resources.sns.topic import Subscription, Topic, TopicPolicy

_ALL: tuple[ResourceType, ...] = (
    Alarm(),
    CompositeAlarm(),
    LogGroup(),
    Stream(),
    Subscription(),
    Table(),
    Topic(),
    TopicPolicy(),
)

KINDS: dict[str, ResourceType] = {kind.name: kind for kind in _ALL}


def attribute_exists(kind: str, attribute: str) -> bool:
    return attribute in KINDS[kind].attributes


TYPES = Types(frozenset(KINDS), attribute_exists)
