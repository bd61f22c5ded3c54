"""Which permissions each command needs, and what it does without them. Who acts needs them; GetCallerIdentity needs none.

Held against the calls that the commands really make by ``tests/rehearsals/test_permissions.py``; the names of the actions by the
Service Authorization Reference.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """Actions, what they are for, and what happens where they are denied (empty: the command fails and says which)."""

    actions: tuple[str, ...]
    purpose: str
    without: str = ""


def _of(service: str, names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names.split())


_STACK = Need(_of("cloudformation", "DescribeStacks GetTemplate ListStackResources"), "the stack as it stands")
_EVENTS = Need(
    _of("cloudformation", "DescribeStackEvents"),
    "what CloudFormation does, and what failed first",
    "the outcome is known, and no cause: a note says so",
)
_CHANGES = Need(
    _of("cloudformation", "ListChangeSets CreateChangeSet DescribeChangeSet DeleteChangeSet"),
    "a change set, looked at and taken away where it is not executed",
)
_EARLY = Need(
    _of("cloudformation", "DescribeEvents"),
    "what early validation found in a change set",
    "a failed change set says only that it failed",
)
_TABLES = Need(
    _of("dynamodb", "DescribeTable DescribeTimeToLive DescribeContinuousBackups ListTagsOfResource"),
    "tables as they are, read back after every run",
    "the setting that may not be read is not compared: a note says so",
)
_CONTENTS = Need(
    _of("dynamodb", "Scan"),
    "whether a table that would go holds items, in each replica's region too: counted (`dynamodb:Select` is `COUNT`), none is "
    "read",
    "the table counts as holding items",
)
_READERS = Need(
    _of("lambda", "ListEventSourceMappings"),
    "who reads a stream that would be removed",
    "the stream counts as read",
)
_KEYED = Need(
    _of("dynamodb", "ListTables DescribeTable"),
    "where a KMS key of the stack would go, be disabled or get another policy: which tables of the account and region it "
    "encrypts, of other stacks too",
    "the key counts as needed: it may go only by its id, with --allow-data-loss",
)
_RESOURCES = Need(
    ("iam:PassRole",),
    "with --role-arn: to pass that role to CloudFormation; without, what the stack's resources need "
    "(`tablewright policy generate deploy`)",
)
_LARGE = Need(_of("s3", "PutObject GetObject"), "with --s3-bucket: a template of more than 51,200 bytes")
_METRICS = Need(_of("cloudwatch", "GetMetricData"), "metrics", "they are not shown, and the reason is")
_LISTED = Need(_of("cloudwatch", "GetMetricData ListMetrics"), "metrics, and for which operations there are some")
_RUNNING = Need(_TABLES.actions, "tables, indexes and their settings", "a setting that may not be read is not known")
_CONSUMERS = Need(_of("lambda", "ListEventSourceMappings"), "which function reads a stream", "name it with --reader")
_SCALING = Need(
    _of("application-autoscaling", "DescribeScalableTargets DescribeScalingPolicies"),
    "how auto scaling is set",
    "questions about it stay open",
)

NEEDS: dict[str, tuple[Need, ...]] = {
    "deploy": (
        _STACK,
        _EVENTS,
        _CHANGES,
        Need(_of("cloudformation", "ExecuteChangeSet"), "the change itself"),
        _EARLY,
        _TABLES,
        _CONTENTS,
        _KEYED,
        _READERS,
        Need(
            _of("cloudformation", "ContinueUpdateRollback RollbackStack DeleteStack"),
            "to recover a stack that a failed operation left behind; DeleteStack also for the empty shell of a declined creation",
            "the run ends and says what to do",
        ),
        Need(_of("cloudformation", "UpdateTerminationProtection"), "with --termination-protection"),
        _LARGE,
        _RESOURCES,
    ),
    "plan": (
        _STACK,
        _EVENTS,
        Need(_CHANGES.actions, _CHANGES.purpose, "the steps are shown, and the changes are said to be not known"),
        _EARLY,
        _TABLES,
        _CONTENTS,
        _KEYED,
        _READERS,
        Need(
            _of("cloudformation", "DeleteStack"),
            "to remove the empty shell that the plan of a new stack makes",
            "the shell stays, and the next deployment takes it over",
        ),
        _LARGE,
    ),
    "status": (
        _STACK,
        _EVENTS,
        _TABLES,
        Need(_of("dynamodb", "ListBackups"), "backups", "they are not shown, and the reason is"),
        Need(_of("cloudwatch", "DescribeAlarms"), "alarms", "they are not shown, and the reason is"),
        _METRICS,
        Need(_of("logs", "DescribeLogGroups"), "log groups", "they are not shown, and the reason is"),
        Need(
            _of("dynamodb", "Scan"), "with --traffic: one page, to see whether TTL deletes", "the question stays open"
        ),
    ),
    "why": (Need(_of("cloudformation", "DescribeStacks DescribeStackEvents"), "the stack's last failed operation"),),
    "watch": (
        Need(_of("cloudformation", "DescribeStacks ListStackResources"), "the stack's tables"),
        _RUNNING,
        _LISTED,
        Need(_of("cloudwatch", "DescribeAlarms"), "alarms", "they are not shown"),
        _SCALING,
        _CONSUMERS,
    ),
    "diagnose": (
        Need(_of("cloudformation", "DescribeStacks ListStackResources"), "the stack's tables"),
        _RUNNING,
        _LISTED,
        _SCALING,
        Need(
            _of("dynamodb", "DescribeContributorInsights"),
            "whether the busiest keys are recorded",
            "a hot partition is suspected, and no key is named",
        ),
        Need(_of("cloudwatch", "GetInsightRuleReport"), "the busiest keys", "no key is named"),
        Need(_of("dynamodb", "Scan"), "one page, to see whether TTL deletes", "the question stays open"),
        _CONSUMERS,
    ),
    "cost": (
        Need(_of("cloudformation", "DescribeStacks ListStackResources"), "--measured: the stack's tables"),
        Need(_of("dynamodb", "DescribeTable DescribeTimeToLive"), "--measured: what they hold"),
        _LISTED,
        Need(_of("pricing", "GetProducts"), "prices refresh"),
    ),
    "backup": (
        Need(_of("cloudformation", "DescribeStacks ListStackResources"), "the stack's tables"),
        Need(_of("dynamodb", "ListBackups DescribeTable DescribeContinuousBackups"), "what there is"),
        Need(_of("dynamodb", "CreateBackup DescribeBackup"), "create, rehearse"),
        Need(
            _of(
                "dynamodb",
                "RestoreTableFromBackup RestoreTableToPointInTime BatchWriteItem PutItem UpdateItem DeleteItem GetItem Query "
                "Scan",
            ),
            "restore, rehearse: DynamoDB itself asks for the actions on items of the new table",
        ),
        Need(
            _of(
                "dynamodb",
                "DescribeTimeToLive ListTagsOfResource GetResourcePolicy DescribeContributorInsights "
                "DescribeKinesisStreamingDestination",
            ),
            "the settings that a restore leaves behind",
            "the setting is not put back, which is said",
        ),
        Need(
            _of(
                "dynamodb",
                "UpdateTable UpdateTimeToLive UpdateContinuousBackups TagResource PutResourcePolicy UpdateContributorInsights "
                "EnableKinesisStreamingDestination",
            ),
            "putting them back",
            "the setting is not put back, which is said",
        ),
        Need(
            _of(
                "application-autoscaling",
                "DescribeScalableTargets DescribeScalingPolicies RegisterScalableTarget PutScalingPolicy",
            ),
            "auto scaling",
            "it is not put back, which is said",
        ),
        Need(_of("dynamodb", "Scan"), "restore: what is compared, or read to its end"),
        Need(_of("dynamodb", "Scan BatchGetItem PutItem"), "put-back: the copy, the table, and what is put"),
        Need(_of("dynamodb", "DeleteTable"), "rehearse, put-back --remove-copy: of the copy that it restored"),
        Need(_of("dynamodb", "DeleteBackup"), "thin"),
        Need(
            (*_of("dynamodb", "ExportTableToPointInTime DescribeExport"), "s3:PutObject", "s3:AbortMultipartUpload"),
            "export",
        ),
        Need(("s3:GetObject", "s3:ListBucket"), "export: its files, read back (not with --no-compare)"),
    ),
    "items": (
        Need(_of("dynamodb", "DescribeTable"), "the key and the indexes; not for `items sql`"),
        Need(_of("dynamodb", "GetItem"), "get"),
        Need(_of("dynamodb", "Query"), "query, and count with a key"),
        Need(_of("dynamodb", "Scan"), "scan, dump, and count without a key"),
        Need(_of("dynamodb", "PartiQLSelect"), "sql"),
        Need(_of("dynamodb", "PutItem DeleteItem"), "with --write: put, load, delete"),
        Need(_of("dynamodb", "PartiQLInsert PartiQLUpdate PartiQLDelete"), "with --write: sql"),
    ),
    "add": (
        Need(
            (*_of("cloudformation", "DescribeStacks ListStackResources"), *_of("cloudwatch", "GetMetricData")),
            "`add alarm --measured`",
            "it fails; without the option the documented thresholds are assumed, and the alarm's description says so",
        ),
    ),
    "remove": (
        Need(
            _of("cloudformation", "DescribeStacks GetTemplate"), "`remove table`: the deletion policy that is deployed"
        ),
    ),
    "policy": (
        Need(
            _of("cloudformation", "DescribeStacks ListStackResources"),
            "ARNs of the deployed stack; none with --account",
        ),
        Need(_of("dynamodb", "DescribeTable"), "names, indexes and keys of its tables; none with --account"),
        Need(_of("cloudformation", "GetTemplate"), "deploy, pipeline, plan: what its tables use; none with --account"),
    ),
    "migrate": (
        Need(
            _of("dynamodb", "DescribeTable Scan BatchGetItem"),
            "the source: read, and what differs read again to verify",
        ),
        Need(
            _of("dynamodb", "DescribeTable BatchWriteItem PutItem UpdateItem DeleteItem GetItem BatchGetItem Scan"),
            "the target: written, and read back to verify",
        ),
        Need(
            _of("dynamodb", "DescribeStream GetShardIterator GetRecords"),
            "`migrate live`: what is written meanwhile",
        ),
        Need(
            _of("dynamodb", "UpdateTable UpdateTimeToLive DescribeTimeToLive"),
            "`migrate live`: a stream or TTL that has to be switched for the time of the migration",
        ),
        Need(
            _of("dynamodb", "GetResourcePolicy PutResourcePolicy DeleteResourcePolicy"),
            "`migrate live`: the fence that stops writers while they change over",
        ),
        Need(_of("s3", "ListBucket GetObject PutObject"), "files in S3"),
    ),
}
"""Command -> what it needs."""

NOBODY: dict[str, str] = {
    "init": "writes files on this machine",
    "check": "reads files on this machine",
    "explain": "shows a rule",
    "log": "shows what was run on this machine",
    "set": "edits the template",
    "comment": "calls GitHub with GH_TOKEN, which needs `pull-requests: write`",
    "local": "runs the embedded AWS, which takes any credentials",
}
"""Commands that ask AWS for nothing, and what they do instead."""
