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
    "AWS::SNS::Topic": _set("iam:GetRole"),
    "AWS::SNS::Subscription": _set("iam:GetRole"),
}
"""What the handlers list for features that a stack of tables does not use: log delivery, index policies, delivery status roles.
[not checked on AWS]"""

_PASSED = {"AWS::Backup::BackupPlan": "backup.amazonaws.com", "AWS::Backup::BackupSelection": "backup.amazonaws.com"}
"""The service that a type's role is passed to. Other types list iam:PassRole for features left out here; granted on every role
and to every service it would let the deployer take any role of the account."""

_UNLIMITED = _set(
    """application-autoscaling:Describe* application-autoscaling:DescribeScalableTargets
    application-autoscaling:DescribeScalingPolicies application-autoscaling:DescribeScheduledActions backup:ListBackupPlans
    backup:ListBackupVaults ce:CreateAnomalyMonitor cloudwatch:DescribeInsightRules cloudwatch:ListDashboards
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
    yield from _linked_roles(scope, chosen)


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
                self._service.setdefault(_anything_of(self._scope, action), set()).add(action)
        if limited:
            listed = self._own.setdefault((type_, frozenset(limited)), [])
            listed += [arn for arn in arns if arn not in listed]

    def statements(self) -> Iterator[Statement]:
        """One statement for each type, one for each service whose ARNs are not known, one for what knows no resource."""
        for (type_, actions), arns in self._own.items():
            yield Statement(ALLOW, tuple(sorted(actions)), tuple(arns), _letters(f"Deploy {type_.partition('::')[2]}"))
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


def _table_actions(table: TableScope) -> set[str]:
    actions = set(_operations(table.type)) - _IMPORTING
    if len(table.regions) < 2:
        actions -= _ITEMS
        actions = {action for action in actions if not action.startswith("application-autoscaling:")}
        actions.discard("iam:CreateServiceLinkedRole")
    if not table.key:
        actions = {action for action in actions if not action.startswith("kms:")}
    return {action for action in actions if not action.startswith("kinesis:")}


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


def _anything_of(scope: Scope, action: str) -> str:
    """Everything of the action's service in this account and region: as near as an unknown ARN can be come."""
    service = action.partition(":")[0]
    if service == "s3":
        return f"arn:{scope.partition}:s3:::*"
    region = "" if service in ("iam", "budgets", "ce") else scope.region
    return f"arn:{scope.partition}:{service}:{region}:{scope.account}:*"


def _linked_roles(scope: Scope, tables: tuple[TableScope, ...]) -> Iterator[Statement]:
    """The service-linked role that replication makes with a table's first replica."""
    if all(len(table.regions) < 2 for table in tables):
        return
    services = ("replication.dynamodb.amazonaws.com", "dynamodb.application-autoscaling.amazonaws.com")
    where = tuple(
        f"arn:{scope.partition}:iam::{scope.account}:role/aws-service-role/{service}/*" for service in services
    )
    named = (Condition("StringLike", "iam:AWSServiceName", services),)
    yield Statement(ALLOW, ("iam:CreateServiceLinkedRole",), where, "DeployServiceLinkedRoles", named)


def _letters(text: str) -> str:
    words = "".join(char if char.isalnum() and char.isascii() else " " for char in text).split()
    return "".join(word[:1].upper() + word[1:] for word in words)
