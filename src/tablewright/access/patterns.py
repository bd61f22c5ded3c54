"""Access patterns: what a program or a person does with a table, and the actions that this takes.

Source: Service Authorization Reference for DynamoDB; Amazon DynamoDB developer guide, "Using IAM with DynamoDB transactions",
"Using IAM with DynamoDB backup and restore", "Requesting a table export in DynamoDB", "Setting up DynamoDB Streams".
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum

from tablewright.errors import UsageError


class On(Enum):
    """What an action is granted on, relative to a table."""

    TABLE = "table"
    COUNT = "table, to count"  # whether it holds items, and none of them read
    INDEX = "index"  # the one that the pattern names
    INDEXES = "each index"
    STREAM = "stream"
    BACKUP = "backup"
    EXPORT = "export"
    RULES = "Contributor Insights rules"  # of the table and its indexes
    EVERYTHING = "*"  # actions that know no resource
    ELSEWHERE = "every table, where the stack has a KMS key"
    LISTED = "`*`, where the stack has a KMS key"
    STACK = "stack"
    NESTED = "stacks nested in it"
    TARGET = "target table"  # the other table that the pattern names


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions on one kind of resource."""

    on: On
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """An access pattern. ``takes`` says what must stand after its colon (empty: nothing may); ``items``: whether it touches
    items, so that leading keys can limit it; ``data``: whether what it touches is encrypted with the table's key, which must let
    it through then; ``fills``: whether it makes a table under that key.
    """

    name: str
    meaning: str
    grants: tuple[Grant, ...] = ()
    takes: str = ""
    optional: bool = False
    items: bool = False
    writes: bool = False
    data: bool = False
    fills: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether its holder needs the table's key, where that is one of the customer's own."""
        return self.items or self.data


def _dynamodb(names: str) -> tuple[str, ...]:
    return tuple(f"dynamodb:{name}" for name in names.split())


_READING_STREAMS = Grant(On.STREAM, _dynamodb("DescribeStream GetRecords GetShardIterator"))
_LISTING_STREAMS = Grant(On.EVERYTHING, _dynamodb("ListStreams"))
_SETTINGS = _dynamodb(
    """DescribeTable DescribeTimeToLive DescribeContinuousBackups DescribeContributorInsights
    DescribeKinesisStreamingDestination ListTagsOfResource GetResourcePolicy"""
)
_STACK_READING = (
    "cloudformation:DescribeStacks",
    "cloudformation:DescribeStackEvents",
    "cloudformation:ListStackResources",
    "cloudformation:GetTemplate",
)

_NESTED_CHANGES = Grant(
    On.NESTED,
    (
        *_STACK_READING,
        "cloudformation:CreateChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeEvents",
        "cloudformation:DeleteChangeSet",
        "cloudformation:ListChangeSets",
    ),
)
"""A change set of a stack makes one of each stack nested in it, in the name of who asks for it."""

_UNDER_ITS_KEYS = (Grant(On.ELSEWHERE, _dynamodb("DescribeTable")), Grant(On.LISTED, _dynamodb("ListTables")))
"""Which tables of other stacks a key of the stack encrypts: what is asked before it goes."""

_ALL = (
    Pattern(
        "read",
        "Get items by key, one or many, and query the table by its own key.",
        (Grant(On.TABLE, _dynamodb("GetItem BatchGetItem Query")),),
        items=True,
    ),
    Pattern(
        "write",
        "Put, update and delete items, one or many, also in transactions with conditions.",
        (Grant(On.TABLE, _dynamodb("PutItem UpdateItem DeleteItem BatchWriteItem ConditionCheckItem")),),
        items=True,
        writes=True,
    ),
    Pattern(
        "query",
        "Query the index that is named (query:INDEX), or without a name the table alone.",
        (Grant(On.INDEX, _dynamodb("Query")),),
        takes="INDEX",
        optional=True,
        items=True,
    ),
    Pattern(
        "scan",
        "Read everything in the table, or in the index that is named (scan:INDEX).",
        (Grant(On.INDEX, _dynamodb("Scan")),),
        takes="INDEX",
        optional=True,
        items=True,
    ),
    Pattern(
        "stream",
        "Consume the table's stream.",
        (_READING_STREAMS, _LISTING_STREAMS),
        data=True,
    ),
    Pattern(
        "backup",
        "Make on-demand backups, look at them, and see the point-in-time recovery window.",
        (
            Grant(On.TABLE, _dynamodb("CreateBackup DescribeContinuousBackups DescribeTable")),
            Grant(On.BACKUP, _dynamodb("DescribeBackup")),
            Grant(On.EVERYTHING, _dynamodb("ListBackups")),
        ),
        data=True,
    ),
    Pattern(
        "restore",
        "Restore the table from a backup or to a point in time, into the table that is named (restore:TARGET).",
        (
            Grant(On.TABLE, _dynamodb("RestoreTableToPointInTime DescribeTable DescribeContinuousBackups")),
            Grant(On.BACKUP, _dynamodb("RestoreTableFromBackup DescribeBackup")),
            Grant(
                On.TARGET,
                _dynamodb(
                    """RestoreTableFromBackup RestoreTableToPointInTime DescribeTable BatchWriteItem PutItem UpdateItem
                    DeleteItem GetItem Query Scan"""
                ),
            ),
        ),
        takes="TARGET",
        data=True,
        writes=True,
        fills=True,
    ),
    Pattern(
        "export",
        "Export the table to the S3 bucket that is named (export:BUCKET or export:BUCKET/PREFIX).",
        (
            Grant(On.TABLE, _dynamodb("ExportTableToPointInTime ListExports DescribeContinuousBackups")),
            Grant(On.EXPORT, _dynamodb("DescribeExport")),
        ),
        takes="BUCKET",
        data=True,
    ),
    Pattern(
        "migrate",
        "Copy the table's items, and what its stream says where it has one, into the table that is named (migrate:TARGET), and "
        "compare the two.",
        (
            Grant(On.TABLE, _dynamodb("DescribeTable Scan BatchGetItem")),
            _READING_STREAMS,
            _LISTING_STREAMS,
            Grant(
                On.TARGET,
                _dynamodb("DescribeTable BatchWriteItem PutItem UpdateItem DeleteItem GetItem BatchGetItem Scan"),
            ),
        ),
        takes="TARGET",
        items=True,
        writes=True,
    ),
    Pattern(
        "observe",
        "See how the stack, its tables, their traffic and alarms are, without touching an item: what tablewright status, watch "
        "and diagnose read. The busiest keys are named where Contributor Insights records them.",
        (
            Grant(On.TABLE, _SETTINGS),
            Grant(On.INDEXES, _dynamodb("DescribeContributorInsights")),
            Grant(On.RULES, ("cloudwatch:GetInsightRuleReport",)),
            Grant(On.STACK, _STACK_READING),
            Grant(
                On.EVERYTHING,
                (
                    *_dynamodb("ListBackups"),
                    "lambda:ListEventSourceMappings",
                    "application-autoscaling:DescribeScalableTargets",
                    "application-autoscaling:DescribeScalingPolicies",
                    "cloudwatch:DescribeAlarms",
                    "cloudwatch:GetMetricData",
                    "cloudwatch:ListMetrics",
                    "logs:DescribeLogGroups",
                ),
            ),
        ),
    ),
    Pattern(
        "plan",
        "Run tablewright plan in a workflow: make change sets, look at them and take them away, but execute none.",
        (
            Grant(
                On.STACK,
                (
                    *_STACK_READING,
                    "cloudformation:CreateChangeSet",
                    "cloudformation:DescribeChangeSet",
                    "cloudformation:DescribeEvents",
                    "cloudformation:DeleteChangeSet",
                    "cloudformation:ListChangeSets",
                ),
            ),
            _NESTED_CHANGES,
            Grant(On.TABLE, _dynamodb("DescribeTable DescribeTimeToLive DescribeContinuousBackups ListTagsOfResource")),
            Grant(On.COUNT, _dynamodb("Scan")),
            *_UNDER_ITS_KEYS,
            Grant(On.EVERYTHING, ("cloudformation:ValidateTemplate", "lambda:ListEventSourceMappings")),
        ),
    ),
    Pattern("deploy", "Make and change the stack's resources: for the role that CloudFormation acts with."),
    Pattern(
        "pipeline",
        "Run tablewright deploy in a workflow: change sets and events of the stack, and passing it the deploying role.",
        (
            Grant(
                On.STACK,
                (
                    *_STACK_READING,
                    "cloudformation:CreateChangeSet",
                    "cloudformation:DescribeChangeSet",
                    "cloudformation:DescribeEvents",
                    "cloudformation:ExecuteChangeSet",
                    "cloudformation:DeleteChangeSet",
                    "cloudformation:ListChangeSets",
                    "cloudformation:ContinueUpdateRollback",
                    "cloudformation:RollbackStack",
                    "cloudformation:DeleteStack",
                    "cloudformation:UpdateTerminationProtection",
                ),
            ),
            _NESTED_CHANGES,
            Grant(On.TABLE, _dynamodb("DescribeTable DescribeTimeToLive DescribeContinuousBackups ListTagsOfResource")),
            Grant(On.COUNT, _dynamodb("Scan")),
            *_UNDER_ITS_KEYS,
            Grant(On.EVERYTHING, ("cloudformation:ValidateTemplate", "lambda:ListEventSourceMappings")),
        ),
    ),
)

PATTERNS: dict[str, Pattern] = {pattern.name: pattern for pattern in _ALL}
"""Every access pattern by its name."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A pattern as it is asked for: ``query:sessionId-index`` has the argument ``sessionId-index``."""

    pattern: Pattern
    argument: str = ""

    @property
    def written(self) -> str:
        """As it is written on a command line."""
        return f"{self.pattern.name}:{self.argument}" if self.argument else self.pattern.name


def wish(written: str) -> Wish:
    """The wish that a text is. Raises UsageError for a pattern that does not exist, or lacks what it takes."""
    name, colon, argument = written.partition(":")
    pattern = PATTERNS.get(name)
    if pattern is None:
        near = difflib.get_close_matches(name, PATTERNS, 1)
        meant = f" Did you mean {near[0]}?" if near else f" There are {', '.join(PATTERNS)}."
        raise UsageError(
            "unknown-access-pattern",
            "There is no such access pattern",
            f"{name!r} is none.{meant}",
            "tablewright policy patterns",
        )
    if argument and not pattern.takes:
        raise UsageError(
            "malformed-access-pattern", "The access pattern is malformed", f"{name} takes nothing after a colon."
        )
    if not argument and (colon or (pattern.takes and not pattern.optional)):
        raise UsageError(
            "incomplete-access-pattern",
            "The access pattern is incomplete",
            f"{name} needs to know its {pattern.takes.lower()}: write {name}:{pattern.takes}. {pattern.meaning}",
        )
    return Wish(pattern, argument)
