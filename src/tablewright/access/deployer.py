"""What the role that deploys needs: the handlers' actions of every type in the stack, on its own resources where that goes.

Left out of what AWS lists for a table are the actions for features that the table does not have: copying items into replicas,
importing from S3, a key of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tablewright.access.handlers import HANDLERS
from tablewright.access.policy import ALLOW, Condition, Statement
from tablewright.access.scope import ResourceScope, Scope, TableScope
from tablewright.errors import UsageError
from tablewright.model.actions import ACTIONS


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_ITEMS = _set(
    """dynamodb:AssociateTableReplica dynamodb:BatchWriteItem dynamodb:CreateTableReplica dynamodb:DeleteItem
    dynamodb:DeleteTableReplica dynamodb:DisassociateTableReplica dynamodb:GetItem dynamodb:PutItem dynamodb:Query
    dynamodb:Scan dynamodb:UpdateItem dynamodb:UpdateTableReplicaAutoScaling"""
)
"""Needed for replicas only: CloudFormation copies through them."""

_IMPORTING = _set(
    """dynamodb:ImportTable dynamodb:DescribeImport s3:GetObject s3:GetObjectMetadata s3:ListBucket logs:CreateLogGroup
    logs:CreateLogStream logs:DescribeLogGroups logs:DescribeLogStreams logs:PutLogEvents logs:PutRetentionPolicy"""
)
"""Needed to import a table from S3 as it is created."""

_FEATURES = {
    "AWS::Logs::LogGroup": _set(
        """firehose:TagDeliveryStream logs:CreateLogDelivery logs:PutBearerTokenAuthentication logs:PutResourcePolicy
        logs:DeleteResourcePolicy logs:PutIndexPolicy logs:DeleteIndexPolicy s3:REST.PUT.OBJECT"""
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": _set(
        """lambda:DeleteProvisionedConcurrencyConfig lambda:GetProvisionedConcurrencyConfig
        lambda:PutProvisionedConcurrencyConfig"""
    ),
    "AWS::SNS::Topic": _set("iam:GetRole"),
    "AWS::SNS::Subscription": _set("iam:GetRole"),
}
"""What the handlers list for features that a stack of tables does not use: log delivery, index policies, delivery status
roles, scaling of functions.
[not checked on AWS]"""

_PASSED = {"AWS::Backup::BackupPlan": "backup.amazonaws.com", "AWS::Backup::BackupSelection": "backup.amazonaws.com"}
"""The service that a type's role is passed to. Other types list iam:PassRole for features left out here; granted on every role
and to every service it would let the deployer take any role of the account."""

_UNLIMITED = _set(
    """application-autoscaling:Describe* application-autoscaling:DescribeScalableTargets
    application-autoscaling:DescribeScalingPolicies application-autoscaling:DescribeScheduledActions backup:ListBackupPlans
    backup:ListBackupVaults ce:CreateAnomalyMonitor cloudwatch:DescribeInsightRules cloudwatch:GetMetricData
    cloudwatch:ListDashboards
    cloudwatch:PutMetricData dynamodb:ListTables iam:ListPolicies iam:ListRoles kinesis:DisableEnhancedMonitoring
    kinesis:EnableEnhancedMonitoring kinesis:ListStreams kinesis:UpdateShardCount kinesis:UpdateStreamMode kms:CreateKey
    kms:ListAliases kms:ListKeys lambda:CreateEventSourceMapping lambda:ListEventSourceMappings logs:CreateLogDelivery
    logs:DeleteIndexPolicy logs:DeleteResourcePolicy logs:DescribeIndexPolicies logs:DescribeLogGroups
    logs:DescribeResourcePolicies logs:PutIndexPolicy logs:PutResourcePolicy sns:ListSubscriptions sns:ListTopics
    ssm:DescribeParameters"""
)
"""Actions that can be limited to no resource. Source: Service Authorization Reference."""

_ARNS = {
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CloudWatch::CompositeAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CloudWatch::Dashboard": "cloudwatch::{account}:dashboard/{name}",
    "AWS::CloudWatch::InsightRule": "cloudwatch:{region}:{account}:insight-rule/{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SSM::Parameter": "ssm:{region}:{account}:parameter/{name}",
    "AWS::Kinesis::Stream": "kinesis:{region}:{account}:stream/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
}
"""The ARN of a type's resources by their name."""

_FEW = 8
"""So many resources of a type are listed one by one."""

_OWN = {
    "AWS::CloudWatch::Alarm": "cloudwatch:",
    "AWS::CloudWatch::CompositeAlarm": "cloudwatch:",
    "AWS::CloudWatch::Dashboard": "cloudwatch:",
    "AWS::CloudWatch::InsightRule": "cloudwatch:",
    "AWS::Logs::LogGroup": "logs:",
    "AWS::SNS::Topic": "sns:",
    "AWS::SSM::Parameter": "ssm:",
    "AWS::Kinesis::Stream": "kinesis:",
    "AWS::IAM::Role": "iam:",
    "AWS::IAM::ManagedPolicy": "iam:",
}
"""The service whose actions are about the resource itself."""


def deployer_statements(scope: Scope, tables: Iterable[TableScope]) -> Iterator[Statement]:
    """The statements of a deploying role for the tables and all other resources of the scope, one for each type.

    Raises UsageError for a type whose needs AWS does not list.
    """
    found = _Found(scope)
    chosen = tuple(tables)
    for table in chosen:
        found.add(table.type, _table_actions(table), _table_arns(scope, table), "dynamodb:")
        found.add("AWS::KMS::Key", {*_key_actions(table)}, (table.key,), "kms:")
        found.add("AWS::Kinesis::Stream destination", {*_stream_actions(table)}, _streams(scope, table), "kinesis:")
        for service, names, arns in _imported(scope, table):
            found.add(f"AWS::{service}::import", {*names}, arns, f"{service}:")
    for resource in scope.resources:
        if resource.type.startswith(("AWS::CloudFormation::", "Custom::")):
            continue
        if resource.type not in HANDLERS:
            raise UsageError(
                "handler-permissions-unknown",
                "A type's permissions are not known",
                f"{resource.logical_id} is a {resource.type}, and AWS lists no permissions for it that tablewright knows. "
                "Grant the deploying role what it needs by hand, and name the tables that this policy is for with --table.",
            )
        actions = {action for action in _operations(resource.type) if action not in _FEATURES.get(resource.type, ())}
        found.add(resource.type, actions, _resource_arns(scope, resource), _OWN.get(resource.type, "-"))
    yield from found.statements()
    if scope.nested_arns:
        yield Statement(ALLOW, _NESTED, scope.nested_arns, "DeployNestedStacks")
    yield from linked_roles(scope, chosen)


_NESTED = tuple(
    sorted(
        _set(
            """cloudformation:CancelUpdateStack cloudformation:ContinueUpdateRollback cloudformation:CreateChangeSet
            cloudformation:CreateStack cloudformation:DeleteChangeSet cloudformation:DeleteStack
            cloudformation:DescribeChangeSet cloudformation:DescribeStackEvents cloudformation:DescribeStacks
            cloudformation:ExecuteChangeSet cloudformation:ListStackResources cloudformation:RollbackStack
            cloudformation:TagResource cloudformation:UntagResource cloudformation:UpdateStack"""
        )
    )
)
"""What makes, changes and rolls back nested stacks in its holder's name. Source: CloudFormation template reference,
AWS::CloudFormation::Stack, for the cancelling; AWS lists no permissions for the type. [not checked on AWS]"""


class _Found:
    """Actions gathered by what they are granted on."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own: dict[tuple[str, frozenset[str]], list[str]] = {}
        self._service: dict[str, set[str]] = {}
        self._free: set[str] = set()
        self._passed: set[str] = set()

    def add(self, type_: str, actions: set[str], arns: tuple[str, ...], own: str) -> None:
        """A resource's actions; those of its own service on its ARNs, where they are known."""
        limited = set[str]()
        if "iam:PassRole" in actions and type_ in _PASSED:
            self._passed.add(_PASSED[type_])
        for action in actions - {"iam:CreateServiceLinkedRole", "iam:PassRole"}:
            if action in _UNLIMITED or (action.startswith("dynamodb:") and not _is_limited(action)):
                self._free.add(action)
            elif arns and action.startswith(own):
                limited.add(action)
            else:
                self._service.setdefault(_anything_of(self._scope, action, type_), set()).add(action)
        if limited and arns:
            listed = self._own.setdefault((type_, frozenset(limited)), [])
            listed += [arn for arn in arns if arn not in listed]

    def statements(self) -> Iterator[Statement]:
        """One statement for each type, one for each service whose ARNs are not known, one for what knows no resource."""
        for (type_, actions), arns in self._own.items():
            yield Statement(
                ALLOW,
                tuple(sorted(actions)),
                _gathered(self._scope, arns),
                _letters(f"Deploy {type_.partition('::')[2]}"),
            )
        for arn, needed in self._service.items():
            yield Statement(ALLOW, tuple(sorted(needed)), (arn,), _letters(f"Deploy other {arn.split(':')[2]}"))
        for service in sorted(self._passed):
            passed = (Condition("StringEquals", "iam:PassedToService", (service,)),)
            where = f"arn:{self._scope.partition}:iam::{self._scope.account}:role/*"
            yield Statement(
                ALLOW, ("iam:PassRole",), (where,), _letters(f"Deploy pass to {service.split('.')[0]}"), passed
            )
        if self._free:
            yield Statement(ALLOW, tuple(sorted(self._free)), ("*",), "DeployWithoutResource")


def _gathered(scope: Scope, arns: list[str]) -> tuple[str, ...]:
    """Many alarms that are called after their tables, each by its table: a policy has room for a few thousand characters."""
    names = sorted((table.name for table in scope.tables), key=len, reverse=True)
    if len(arns) <= _FEW:
        return tuple(arns)
    found: dict[str, None] = {}
    for arn in arns:
        place, _, name = arn.rpartition(":")
        table = next((one for one in names if place.endswith(":alarm") and name.startswith(f"{one}-")), None)
        found[arn if table is None else f"{place}:{table}-*"] = None
    return tuple(found)


def _table_actions(table: TableScope) -> set[str]:
    actions = set(_operations(table.type)) - _IMPORTING
    if table.imports:
        actions |= {"dynamodb:ImportTable", "dynamodb:DescribeImport"}
    if len(table.regions) < 2:
        actions -= _ITEMS
        actions = {action for action in actions if not action.startswith("application-autoscaling:")}
        actions.discard("iam:CreateServiceLinkedRole")
    return {action for action in actions if not action.startswith(("kinesis:", "kms:"))}


def _key_actions(table: TableScope) -> Iterator[str]:
    return (action for action in _operations(table.type) if table.key and action.startswith("kms:"))


def _stream_actions(table: TableScope) -> tuple[str, ...]:
    """What sending changes to a Kinesis stream needs. Source: developer guide, "Using IAM policies for Amazon Kinesis Data
    Streams and Amazon DynamoDB".
    """
    return _DESTINATION if table.kinesis else ()


_DESTINATION = ("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:PutRecords", "kinesis:ListStreams")


def _streams(scope: Scope, table: TableScope) -> tuple[str, ...]:
    """The stream that changes go to; those of the stack, or any, where it is not known which."""
    if table.kinesis != "*":
        return (table.kinesis,)
    own = [arn for one in scope.resources if one.type == "AWS::Kinesis::Stream" for arn in _resource_arns(scope, one)]
    return tuple(own) or (f"arn:{scope.partition}:kinesis:{scope.region}:{scope.account}:stream/*",)


def _imported(scope: Scope, table: TableScope) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """What filling a table from S3 needs. Source: developer guide, "Requesting a table import in DynamoDB"."""
    if table.imports:
        bucket = f"arn:{scope.partition}:s3:::{table.imports}"
        logs = f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:/aws-dynamodb/*"
        yield "s3", ("s3:GetObject", "s3:ListBucket"), (bucket, f"{bucket}/*")
        yield "logs", tuple(sorted(one for one in _IMPORTING if one.startswith("logs:"))), (logs,)


def _operations(type_: str) -> list[str]:
    return [action for actions in HANDLERS[type_].values() for action in actions]


def _is_limited(action: str) -> bool:
    service, _, name = action.partition(":")
    return service == "dynamodb" and ("*" in name or bool(ACTIONS.get(name)))


def _table_arns(scope: Scope, table: TableScope) -> tuple[str, ...]:
    regions = table.regions or (scope.region,)
    return tuple(scope.arn(table, below, region) for region in regions for below in ("", "/index/*", "/stream/*"))


def _resource_arns(scope: Scope, resource: ResourceScope) -> tuple[str, ...]:
    """What the resource's own actions are granted on; empty where its ARN cannot be known before it exists."""
    form = _ARNS.get(resource.type)
    if resource.name.startswith("arn:"):
        return (resource.name,)
    if form is None:
        return ()
    # A name that CloudFormation chooses is STACK-LOGICALID-RANDOM, cut to fit.
    name = resource.name.lstrip("/") if resource.type == "AWS::SSM::Parameter" else resource.name
    name = name or f"{scope.stack}-*"
    arn = f"arn:{scope.partition}:" + form.format(region=scope.region, account=scope.account, name=name)
    # The older actions of CloudWatch Logs take the ARN with :* after it, the newer ones without.
    return (arn, f"{arn}:*") if resource.type == "AWS::Logs::LogGroup" else (arn,)


def _anything_of(scope: Scope, action: str, type_: str) -> str:
    """Everything of the action's service in this account and region: as near as an unknown ARN can be come."""
    service = action.partition(":")[0]
    if service == "application-autoscaling":
        return f"arn:{scope.partition}:{service}:{scope.region}:{scope.account}:scalable-target/*"
    if service == "cloudwatch" and type_.startswith("AWS::ApplicationAutoScaling::"):
        return f"arn:{scope.partition}:{service}:{scope.region}:{scope.account}:alarm:TargetTracking-table/*"
    if service == "s3":
        return f"arn:{scope.partition}:s3:::*"
    region = "" if service in ("iam", "budgets", "ce") else scope.region
    return f"arn:{scope.partition}:{service}:{region}:{scope.account}:*"


def linked_roles(scope: Scope, tables: tuple[TableScope, ...]) -> Iterator[Statement]:
    """The service-linked roles that AWS makes with the first replica, scalable target, insights and stream of an account.

    Sources: developer guide, "Using IAM with global tables", "Using IAM with CloudWatch contributor insights for DynamoDB" and
    "Using IAM policies for Amazon Kinesis Data Streams and Amazon DynamoDB"; Application Auto Scaling user guide,
    "Service-linked roles".
    """
    replicated = any(len(table.regions) > 1 for table in tables)
    scaled = any(one.type == "AWS::ApplicationAutoScaling::ScalableTarget" for one in scope.resources)
    services = [
        service
        for service, used in (
            ("replication.dynamodb.amazonaws.com", replicated),
            ("dynamodb.application-autoscaling.amazonaws.com", replicated or scaled),
            ("contributorinsights.dynamodb.amazonaws.com", any(table.insights for table in tables)),
            ("kinesisreplication.dynamodb.amazonaws.com", any(table.kinesis for table in tables)),
        )
        if used
    ]
    if not services:
        return
    where = tuple(
        f"arn:{scope.partition}:iam::{scope.account}:role/aws-service-role/{service}/*" for service in services
    )
    named = (Condition("StringLike", "iam:AWSServiceName", tuple(services)),)
    yield Statement(ALLOW, ("iam:CreateServiceLinkedRole",), where, "DeployServiceLinkedRoles", named)


def _letters(text: str) -> str:
    words = "".join(char if char.isalnum() and char.isascii() else " " for char in text).split()
    return "".join(word[:1].upper() + word[1:] for word in words)
