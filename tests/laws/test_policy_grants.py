"""The law of generated policies: each declared pattern's calls are allowed, and every neighbouring call is denied.

What a pattern's calls are stands here a second time, written from the developer guide and not from the generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.access.applies import speaks_of_action
from tablewright.access.decide import Policies, decide
from tablewright.access.grant import Options, grant
from tablewright.access.patterns import PATTERNS, Wish, wish
from tablewright.access.policy import Policy, Principal, Statement, as_json, size
from tablewright.access.read import read_policy
from tablewright.access.request import Request, caller
from tablewright.access.scope import ResourceScope, Scope, TableScope, together
from tablewright.errors import UsageError
from tablewright.model.actions import ACTIONS, ITEM_ACTIONS

ACCOUNT, OTHER = "111122223333", "444455556666"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/App/run"
BUCKET = "exports-of-acme"
INDEXES = ("byUser-index", "byDay-index", "by-index")
STREAM_LABEL = "2026-11-22T09:00:00.000"
BACKUP_ID = "01489173575360-b308cd7d"
TARGET = "orders-copy"

ITEMS_READ = ("GetItem", "BatchGetItem", "Query")
ITEMS_WRITTEN = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem")
SETTINGS_READ = (
    "DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups", "DescribeContributorInsights",
    "DescribeKinesisStreamingDestination", "ListTagsOfResource", "GetResourcePolicy",
)  # fmt: skip
STREAM_READ = ("DescribeStream", "GetRecords", "GetShardIterator")

Call = tuple[str, str]
"""(action, resource)"""


def _arn(table: str, below: str = "", account: str = ACCOUNT, region: str = "us-east-1") -> str:
    return f"arn:aws:dynamodb:{region}:{account}:table/{table}{below}"


def _calls(one: Wish, table: TableScope) -> Iterator[Call]:
    """The calls on DynamoDB that a pattern means for a table."""
    here, below = _arn(table.name), f"/index/{one.argument}" if one.pattern.takes == "INDEX" and one.argument else ""
    stream = _arn(table.name, f"/stream/{STREAM_LABEL}")
    backup = _arn(table.name, f"/backup/{BACKUP_ID}")
    target = _arn(TARGET)
    match one.pattern.name:
        case "read":
            yield from ((name, here) for name in ITEMS_READ)
        case "write":
            yield from ((name, here) for name in ITEMS_WRITTEN)
        case "query":
            yield ("Query", here + below)
        case "scan":
            yield ("Scan", here + below)
        case "stream":
            yield from ((name, stream) for name in STREAM_READ)
            yield ("ListStreams", "*")
        case "backup":
            yield from ((name, here) for name in ("CreateBackup", "DescribeContinuousBackups", "DescribeTable"))
            yield from (("DescribeBackup", backup), ("ListBackups", "*"))
        case "restore":
            reading = ("RestoreTableToPointInTime", "DescribeTable", "DescribeContinuousBackups")
            yield from ((name, here) for name in reading)
            yield from ((name, backup) for name in ("RestoreTableFromBackup", "DescribeBackup"))
            into = ("RestoreTableFromBackup", "RestoreTableToPointInTime", "DescribeTable", "Scan", "Query", "GetItem")
            yield from ((name, target) for name in (*into, "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem"))
        case "export":
            yield from (
                (name, here) for name in ("ExportTableToPointInTime", "ListExports", "DescribeContinuousBackups")
            )
            yield ("DescribeExport", _arn(table.name, "/export/01"))
        case "migrate":
            yield from ((name, here) for name in ("DescribeTable", "Scan", "BatchGetItem"))
            yield from ((name, stream) for name in STREAM_READ)
            yield ("ListStreams", "*")
            written = ("DescribeTable", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem", "GetItem")
            yield from ((name, target) for name in (*written, "BatchGetItem", "Scan"))
        case "observe":
            yield from ((name, here) for name in SETTINGS_READ)
            yield from (("DescribeContributorInsights", f"{here}/index/{index}") for index in table.indexes)
            yield ("ListBackups", "*")


def _neighbours(tables: tuple[TableScope, ...]) -> list[str]:
    """Every resource in the neighbourhood: of the tables, of others named alike, of other stages, regions and accounts."""
    names = {table.name for table in tables} | {TARGET}
    names |= {f"{name}-staging" for name in names} | {f"{name}2" for name in names} | {name[:-1] for name in names}
    below: tuple[str, ...] = ("", f"/stream/{STREAM_LABEL}", f"/backup/{BACKUP_ID}", "/export/01", "/import/01")
    below += tuple(f"/index/{index}" for index in (*INDEXES, "other-index"))
    found = [_arn(name, each) for name in sorted(names) for each in below]
    for table in tables:
        found += [_arn(table.name, account=OTHER), _arn(table.name, region="eu-west-1")]
    return [*found, "*"]


WISHES = [
    "read", "write", "query", "scan", "stream", "backup", "observe", f"restore:{TARGET}", f"migrate:{TARGET}",
    f"export:{BUCKET}", *(f"query:{index}" for index in INDEXES), *(f"scan:{index}" for index in INDEXES),
]  # fmt: skip


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    names = draw(
        st.lists(st.sampled_from(["orders", "orders-prod", "o.r_d", "users"]), min_size=1, max_size=3, unique=True)
    )
    tables = tuple(TableScope(f"Table{at}", name, INDEXES, stream=True) for at, name in enumerate(names))
    return Scope(ACCOUNT, "us-east-1", "shop", tables=tables)


def _allowed(policy: Policy, action: str, resource: str, context: Mapping[str, tuple[str, ...]] | None = None) -> bool:
    request = Request(f"dynamodb:{action}", resource, caller(SESSION), context or {})
    return decide(request, Policies(identity=(policy,))).allowed


@settings(max_examples=40, deadline=None)
@given(scopes(), st.lists(st.sampled_from(WISHES), min_size=1, max_size=3, unique=True), st.data())
def test_a_policy_allows_what_it_is_for_and_nothing_else(scope: Scope, written: list[str], data: st.DataObject) -> None:
    wishes = [wish(one) for one in written]
    chosen = data.draw(st.lists(st.sampled_from(scope.tables), min_size=1, unique=True))
    policy = grant(scope, wishes, chosen)
    meant = {call for one in wishes for table in chosen for call in _calls(one, table)}
    for action, resource in meant:
        assert _allowed(policy, action, resource), (action, resource)
    neighbours = _neighbours(scope.tables)
    for action, types in ACTIONS.items():
        # An action without resource types is only ever asked for on *; one that no statement covers, on any resource alike.
        covered = any(speaks_of_action(statement, f"dynamodb:{action}") for statement in policy.statements)
        asked = (neighbours if covered else neighbours[:3]) if types else ["*"]
        for resource in asked:
            if (action, resource) not in meant and _allowed(policy, action, resource):
                raise AssertionError(f"{action} on {resource} is allowed by {written}")


@settings(max_examples=25, deadline=None)
@given(scopes(), st.lists(st.sampled_from(WISHES), min_size=1, max_size=4, unique=True))
def test_a_policy_is_read_back_as_it_was(scope: Scope, written: list[str]) -> None:
    policy = grant(scope, [wish(one) for one in written], scope.tables)
    again = read_policy(as_json(policy))
    assert again.statements == policy.statements
    assert len({statement.sid for statement in policy.statements}) == len(policy.statements)
    assert all(statement.sid.isalnum() for statement in policy.statements)
    assert size(policy) < len(as_json(policy))


@settings(max_examples=30, deadline=None)
@given(scopes(), st.sets(st.sampled_from(["read", "write", "query", "query:byUser-index"]), min_size=1))
def test_leading_keys_leave_no_way_around(scope: Scope, written: set[str]) -> None:
    options = Options(leading_keys=("${cognito-identity.amazonaws.com:sub}",))
    wishes = [wish(one) for one in sorted(written)]
    policy = grant(scope, wishes, scope.tables, options)
    sub = "cognito-identity.amazonaws.com:sub"
    for table in scope.tables:
        for action, resource in {call for one in wishes for call in _calls(one, table)}:
            own = {sub: ("me",), "dynamodb:LeadingKeys": ("me",)}
            assert _allowed(policy, action, resource, own)
            for keys in (("you",), ("me", "you"), ()):
                others = {"dynamodb:LeadingKeys": keys} if keys else {}
                assert not _allowed(policy, action, resource, {sub: ("me",), **others})
            assert not _allowed(policy, action, resource, {"dynamodb:LeadingKeys": ("me",)})
        for action in ("Scan", "PartiQLSelect"):
            assert not _allowed(policy, action, _arn(table.name), {sub: ("me",)})


@pytest.mark.parametrize("written", ["scan", "stream", "backup", "observe", f"export:{BUCKET}", f"migrate:{TARGET}"])
def test_leading_keys_are_refused_where_they_limit_nothing(written: str) -> None:
    table = TableScope("Orders", "orders", INDEXES, stream=True)
    scope = Scope(ACCOUNT, "us-east-1", "shop", tables=(table,))
    with pytest.raises(UsageError, match="not limited by leading keys"):
        grant(scope, [wish(written)], [table], Options(leading_keys=("me",)))


@settings(max_examples=25, deadline=None)
@given(scopes(), st.sets(st.sampled_from(["read", "write", "query:byUser-index", "scan"]), min_size=1))
def test_a_resource_policy_names_whom_it_is_for(scope: Scope, written: set[str]) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/App"
    wishes = [wish(one) for one in sorted(written)]
    table = scope.tables[0]
    policy = grant(scope, wishes, [table], Options(principals=(role,)))
    assert all(statement.principals == (Principal("AWS", role),) for statement in policy.statements)
    for action, resource in {call for one in wishes for call in _calls(one, table)}:
        asked = Request(f"dynamodb:{action}", resource, caller(SESSION))
        assert decide(asked, Policies(resource=policy)).allowed
        stranger = Request(f"dynamodb:{action}", resource, caller(f"arn:aws:sts::{ACCOUNT}:assumed-role/Other/x"))
        assert not decide(stranger, Policies(resource=policy)).allowed


def _stack() -> Scope:
    tables = (TableScope("Orders", "orders", INDEXES), TableScope("Users", "users"))
    others = (ResourceScope("Topic", "AWS::SNS::Topic", "alarms"), ResourceScope("Alarm", "AWS::CloudWatch::Alarm"))
    return Scope(ACCOUNT, "us-east-1", "shop", tables=tables, resources=others)


def test_the_deployer_makes_its_tables_and_touches_no_item() -> None:
    scope = _stack()
    policy = grant(scope, [wish("deploy")], scope.tables)
    for table in scope.tables:
        for action in (
            "CreateTable",
            "UpdateTable",
            "DeleteTable",
            "UpdateTimeToLive",
            "UpdateContinuousBackups",
            "TagResource",
        ):
            assert _allowed(policy, action, _arn(table.name))
        for action in ITEM_ACTIONS:
            assert not any(_allowed(policy, action, _arn(table.name, below)) for below in ("", "/index/byUser-index"))
        for name in (f"{table.name}2", f"{table.name}-staging", table.name[:-1]):
            assert not any(_allowed(policy, action, _arn(name)) for action, types in ACTIONS.items() if types)


def test_the_deployer_makes_what_else_is_in_the_stack() -> None:
    scope = _stack()
    policy = grant(scope, [wish("deploy")], scope.tables)

    def may(action: str, resource: str) -> bool:
        return decide(Request(action, resource, caller(SESSION)), Policies(identity=(policy,))).allowed

    assert may("sns:CreateTopic", f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms")
    assert not may("sns:CreateTopic", f"arn:aws:sns:us-east-1:{ACCOUNT}:others")
    assert may("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:shop-Alarm-1X2Y3Z")
    assert not may("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:other")
    assert not may("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Admin")
    assert not may("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/Admin")


def test_only_a_table_with_replicas_needs_item_actions_to_deploy() -> None:
    replicated = TableScope("Orders", "orders", regions=("us-east-1", "eu-west-1"), type="AWS::DynamoDB::GlobalTable")
    scope = Scope(ACCOUNT, "us-east-1", "shop", tables=(replicated,))
    policy = grant(scope, [wish("deploy")], scope.tables)
    assert _allowed(policy, "BatchWriteItem", _arn("orders", region="eu-west-1"))
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/replication.dynamodb.amazonaws.com/R"
    asked = Request(
        "iam:CreateServiceLinkedRole",
        role,
        caller(SESSION),
        {"iam:AWSServiceName": ("replication.dynamodb.amazonaws.com",)},
    )
    assert decide(asked, Policies(identity=(policy,))).allowed


def _may_link(policy: Policy, service: str) -> bool:
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/R"
    asked = Request("iam:CreateServiceLinkedRole", role, caller(SESSION), {"iam:AWSServiceName": (service,)})
    return decide(asked, Policies(identity=(policy,))).allowed


LINKED = {
    "replication.dynamodb.amazonaws.com": TableScope("T", "orders", regions=("us-east-1", "eu-west-1")),
    "contributorinsights.dynamodb.amazonaws.com": TableScope("T", "orders", insights=True),
    "kinesisreplication.dynamodb.amazonaws.com": TableScope("T", "orders", kinesis="*"),
    "dynamodb.application-autoscaling.amazonaws.com": TableScope("T", "orders"),
}


@pytest.mark.parametrize("service", LINKED)
def test_the_deployer_may_make_the_roles_that_its_tables_features_need(service: str) -> None:
    table = LINKED[service]
    scaled = service.endswith("autoscaling.amazonaws.com")
    target = (ResourceScope("Target", "AWS::ApplicationAutoScaling::ScalableTarget"),) if scaled else ()
    policy = grant(Scope(ACCOUNT, "us-east-1", "shop", tables=(table,), resources=target), [wish("deploy")], [table])
    assert _may_link(policy, service)
    others = (
        set(LINKED)
        - {service}
        - ({"dynamodb.application-autoscaling.amazonaws.com"} if len(table.regions) > 1 else set())
    )
    assert not any(_may_link(policy, other) for other in (*others, "elasticloadbalancing.amazonaws.com"))


def test_the_deployer_reaches_what_a_tables_features_name_and_no_more() -> None:
    key, stream = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1", f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/changes"
    table = TableScope("Orders", "orders", key=key, kinesis=stream, imports="files-of-acme")
    target = (ResourceScope("Target", "AWS::ApplicationAutoScaling::ScalableTarget"),)
    scope = Scope(ACCOUNT, "us-east-1", "shop", tables=(table,), resources=target)
    policy = grant(scope, [wish("deploy")], [table])
    plain = grant(Scope(ACCOUNT, "us-east-1", "shop"), [wish("deploy")], [TableScope("Orders", "orders")])

    def may(action: str, resource: str, by: Policy = policy) -> bool:
        policies = _with_key_policy(by) if action.startswith("kms:") else Policies(identity=(by,))
        return decide(Request(action, resource, caller(SESSION)), policies).allowed

    for action, resource in (
        ("kms:CreateGrant", key),
        ("kinesis:DescribeStream", stream),
        ("kinesis:PutRecords", stream),
        ("s3:GetObject", "arn:aws:s3:::files-of-acme/a.json.gz"),
        ("s3:ListBucket", "arn:aws:s3:::files-of-acme"),
        ("logs:PutLogEvents", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws-dynamodb/imports:log-stream:x"),
        ("dynamodb:ImportTable", _arn("orders")),
    ):
        assert may(action, resource), action
        assert not may(action, resource, plain), action
        assert not may(action, resource.replace("key/1", "key/2").replace("changes", "others").replace("files", "bills")
                       .replace("/aws-dynamodb/", "/app/").replace("table/orders", "table/users")), action  # fmt: skip
    place = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm"
    assert may("cloudwatch:PutMetricAlarm", f"{place}:TargetTracking-table/orders-AlarmHigh-1")
    assert not may("cloudwatch:DeleteAlarms", f"{place}:somebody-s")
    assert may("cloudwatch:GetMetricData", "*") is False  # that is for scaling policies
    assert not may("lambda:PutProvisionedConcurrencyConfig", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f:1")


def test_many_alarms_are_granted_by_their_table() -> None:
    table = TableScope("Orders", "orders")
    alarms = tuple(
        ResourceScope(f"A{number}", "AWS::CloudWatch::Alarm", f"orders-index{number}-throttled-reads")
        for number in range(60)
    )
    scope = Scope(ACCOUNT, "us-east-1", "shop", tables=(table,), resources=alarms)
    policy = grant(scope, [wish("deploy")], [table])
    assert size(policy) < 6144
    place = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm"
    for name, granted in (
        ("orders-index59-throttled-reads", True),
        ("users-throttled-reads", False),
        ("orders2-x", False),
    ):
        request = Request("cloudwatch:PutMetricAlarm", f"{place}:{name}", caller(SESSION))
        assert decide(request, Policies(identity=(policy,))).allowed is granted


def test_who_deploys_takes_the_stack_from_what_it_is_to_what_it_will_be() -> None:
    topic = ResourceScope("Topic", "AWS::SNS::Topic", "shop-Topic-1X")
    stands = Scope(ACCOUNT, "us-east-1", "shop", tables=(TableScope("Old", "old"), TableScope("Kept", "kept", key="k")),
                   resources=(topic,))  # fmt: skip
    wanted = Scope(ACCOUNT, "us-east-1", "shop", tables=(TableScope("Kept", "kept", insights=True), TableScope("New", "new"),
                   TableScope("Old", "shop-Old-*")), resources=(ResourceScope("Topic", "AWS::SNS::Topic"),))  # fmt: skip
    both = together(stands, wanted)
    assert both.tables == (
        TableScope("Old", "old"),
        TableScope("Kept", "kept", key="k", insights=True),
        TableScope("New", "new"),
    )
    assert both.resources == (topic,)


def test_who_observes_sees_the_busiest_keys_of_these_tables_alone() -> None:
    scope = _stack()
    policy = grant(scope, [wish("observe")], scope.tables)
    rules = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:insight-rule/DynamoDBContributorInsights"
    for name, granted in (("-PKC-orders-1712", True), ("-SKT-users-1712", True), ("-PKC-payments-1712", False)):
        request = Request("cloudwatch:GetInsightRuleReport", f"{rules}{name}", caller(SESSION))
        assert decide(request, Policies(identity=(policy,))).allowed is granted


def test_the_pipeline_passes_its_role_to_cloudformation_alone() -> None:
    scope = _stack()
    role = f"arn:aws:iam::{ACCOUNT}:role/Deployer"
    policy = grant(scope, [wish("pipeline")], scope.tables, Options(execution_role=role))

    def may(action: str, resource: str, **context: str) -> bool:
        keys = {f"iam:{key}": (value,) for key, value in context.items()}
        return decide(Request(action, resource, caller(SESSION), keys), Policies(identity=(policy,))).allowed

    stack = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/shop/0c1d"
    assert may("cloudformation:ExecuteChangeSet", stack)
    assert not may("cloudformation:ExecuteChangeSet", stack.replace("/shop/", "/shop-staging/"))
    assert may("iam:PassRole", role, PassedToService="cloudformation.amazonaws.com")
    assert not may("iam:PassRole", role, PassedToService="lambda.amazonaws.com")
    assert not may("iam:PassRole", f"{role}2", PassedToService="cloudformation.amazonaws.com")
    assert not _allowed(policy, "DeleteTable", _arn("orders"))


@pytest.mark.parametrize("name", ["plan", "pipeline", "deploy"])
def test_the_stacks_nested_in_a_stack_are_reached_by_the_form_of_their_names(name: str) -> None:
    nested = ResourceScope("Inner", "AWS::CloudFormation::Stack")
    scope = replace(_stack(), resources=(nested,))
    role = f"arn:aws:iam::{ACCOUNT}:role/Deployer"
    policy = grant(scope, [wish(name)], scope.tables, Options(execution_role=role))

    def may(action: str, stack: str) -> bool:
        resource = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{stack}/0c1d"
        request = Request(f"cloudformation:{action}", resource, caller(SESSION))
        return decide(request, Policies(identity=(policy,))).allowed

    inner, deeper = "shop-Inner-1ABCDEFGHIJKL", "shop-Inner-1ABCDEFGHIJKL-Deeper-2ABCDEFGHIJKL"
    reading = ("DescribeStacks", "ListStackResources", "DescribeStackEvents", "DescribeChangeSet", "CreateChangeSet")
    for action in (*reading, *(() if name == "deploy" else ("GetTemplate",))):
        assert may(action, inner) and may(action, deeper), action
        assert not may(action, "shop-Other-1ABCDEFGHIJKL") and not may(action, "shop-staging"), action
    for action in ("UpdateStack", "CreateStack", "DeleteStack", "ExecuteChangeSet", "CancelUpdateStack"):
        assert may(action, inner) is (name == "deploy"), action
    long = replace(scope, stack="s" * 120)
    ((arn,), cut) = long.nested_arns, f":stack/{'s' * 50}"
    assert arn.endswith(f"{cut}*/*")


@pytest.mark.parametrize("name", ["plan", "pipeline"])
def test_who_may_take_a_key_away_may_see_which_tables_need_it(name: str) -> None:
    options = Options(execution_role=f"arn:aws:iam::{ACCOUNT}:role/Deployer")
    keyed = replace(_stack(), resources=(ResourceScope("Inner/Key", "AWS::KMS::Key", "1234"),))
    for scope, granted in ((keyed, True), (_stack(), False)):
        policy = grant(scope, [wish(name)], scope.tables, options)
        assert _allowed(policy, "DescribeTable", _arn("elsewhere")) is granted
        assert _allowed(policy, "ListTables", "*") is granted
        assert not _allowed(policy, "Scan", _arn("elsewhere"), {"dynamodb:Select": ("COUNT",)})


@pytest.mark.parametrize("name", ["plan", "pipeline"])
def test_a_workflow_counts_items_and_reads_none(name: str) -> None:
    scope = _stack()
    policy = grant(scope, [wish(name)], scope.tables, Options(execution_role=f"arn:aws:iam::{ACCOUNT}:role/Deployer"))
    orders = _arn("orders")
    assert _allowed(policy, "Scan", orders, {"dynamodb:Select": ("COUNT",)})
    assert not _allowed(policy, "Scan", orders, {"dynamodb:Select": ("ALL_ATTRIBUTES",)})
    assert not _allowed(policy, "Scan", orders)
    assert not any(_allowed(policy, action, orders) for action in ITEM_ACTIONS)
    replicated = replace(scope.tables[0], regions=("us-east-1", "eu-west-1"))
    wide = grant(scope, [wish(name)], [replicated], Options(execution_role=f"arn:aws:iam::{ACCOUNT}:role/Deployer"))
    assert _allowed(wide, "Scan", _arn("orders", region="eu-west-1"), {"dynamodb:Select": ("COUNT",)})
    assert not _allowed(policy, "Scan", _arn("orders", region="eu-west-1"), {"dynamodb:Select": ("COUNT",)})


def test_who_plans_executes_deletes_and_passes_nothing() -> None:
    scope = _stack()
    policy = grant(scope, [wish("plan")], scope.tables, Options(bucket="templates-of-acme"))
    stack = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/shop/0c1d"

    def may(action: str, resource: str) -> bool:
        return decide(Request(action, resource, caller(SESSION)), Policies(identity=(policy,))).allowed

    assert may("cloudformation:CreateChangeSet", stack) and may("cloudformation:DeleteChangeSet", stack)
    for action in ("ExecuteChangeSet", "DeleteStack", "UpdateStack", "CreateStack", "RollbackStack"):
        assert not may(f"cloudformation:{action}", stack)
    assert not may("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Deployer")
    assert may("s3:PutObject", "arn:aws:s3:::templates-of-acme/tablewright/shop/0.template")
    assert not may("s3:PutObject", "arn:aws:s3:::templates-of-acme/tablewright/other/0.template")
    assert not may("s3:DeleteObject", "arn:aws:s3:::templates-of-acme/tablewright/shop/0.template")


NAMES = ("orderId", "title", "price", "email", "secret")


@given(
    allowed=st.sets(st.sampled_from(NAMES), min_size=1, max_size=3),
    asked=st.sets(st.sampled_from(NAMES)),
    select=st.sampled_from([None, "SPECIFIC_ATTRIBUTES", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"]),
    returned=st.sampled_from([None, "NONE", "UPDATED_NEW", "ALL_OLD", "ALL_NEW"]),
)
def test_attributes_limit_what_is_read_and_what_is_written(
    allowed: set[str], asked: set[str], select: str | None, returned: str | None
) -> None:
    """The law of fine-grained access: exactly the calls that name attributes, and none but those allowed and the keys."""
    table = TableScope("Orders", "orders", INDEXES, keys=("orderId",))
    scope = Scope(ACCOUNT, "us-east-1", tables=(table,))
    policy = grant(scope, [wish("read"), wish("write")], [table], Options(attributes=tuple(sorted(allowed))))
    within = bool(asked) and asked <= allowed | {"orderId"}
    context = {"dynamodb:Attributes": tuple(asked)} if asked else {}
    reading = context | ({"dynamodb:Select": (select,)} if select else {})
    writing = context | ({"dynamodb:ReturnValues": (returned,)} if returned else {})
    for action in ITEMS_READ:
        assert _allowed(policy, action, _arn("orders"), reading) is (within and select in (None, "SPECIFIC_ATTRIBUTES"))
    updated = within and returned in (None, "NONE", "UPDATED_NEW")
    assert _allowed(policy, "UpdateItem", _arn("orders"), writing) is updated
    for action in ("PutItem", "DeleteItem", "BatchWriteItem", "Scan", "PartiQLSelect"):
        assert not _allowed(policy, action, _arn("orders"), reading | writing)


def test_attributes_limit_nothing_that_reaches_whole_items() -> None:
    table = TableScope("Orders", "orders", INDEXES, stream=True, keys=("orderId",))
    other = TableScope("Users", "users", keys=("userId",))
    scope = Scope(ACCOUNT, "us-east-1", tables=(table, other))
    for one in ("scan", "stream", "backup", f"migrate:{TARGET}"):
        with pytest.raises(UsageError, match="without --attribute"):
            grant(scope, [wish(one)], [table], Options(attributes=("title",)))
    with pytest.raises(UsageError, match="different keys"):
        grant(scope, [wish("read")], [table, other], Options(attributes=("title",)))


def test_a_key_of_ones_own_is_used_through_dynamodb_only() -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    table = TableScope("Orders", "orders", key=key)
    scope = Scope(ACCOUNT, "us-east-1", tables=(table,))
    policy = grant(scope, [wish("read")], [table])

    def may(action: str, via: str) -> bool:
        return decide(
            Request(action, key, caller(SESSION), {"kms:ViaService": (via,)}), _with_key_policy(policy)
        ).allowed

    assert may("kms:Decrypt", "dynamodb.us-east-1.amazonaws.com")
    assert not may("kms:Decrypt", "s3.us-east-1.amazonaws.com")
    assert not may("kms:Encrypt", "dynamodb.us-east-1.amazonaws.com")


@pytest.mark.parametrize("written", ["stream", "backup", "export:files-of-acme", "restore:orders-copy"])
def test_what_is_encrypted_like_the_table_takes_its_key(written: str) -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    table = TableScope("Orders", "orders", stream=True, key=key)
    policy = grant(Scope(ACCOUNT, "us-east-1", tables=(table,)), [wish(written)], [table])
    through = {"kms:ViaService": ("dynamodb.us-east-1.amazonaws.com",), "kms:GrantIsForAWSResource": ("true",)}

    def may(action: str) -> bool:
        return decide(Request(action, key, caller(SESSION), through), _with_key_policy(policy)).allowed

    makes = written.startswith("restore")
    assert may("kms:Decrypt")
    assert may("kms:Encrypt") is makes and may("kms:CreateGrant") is makes


def _with_key_policy(policy: Policy) -> Policies:
    """A key's own policy that leaves it to the account, as the console writes it."""
    everyone = Statement("Allow", ("kms:*",), ("*",), principals=(Principal("AWS", ACCOUNT),))
    return Policies(identity=(policy,), resource=Policy((everyone,)))


def test_every_pattern_is_under_the_law() -> None:
    held = {wish(one).pattern.name for one in WISHES}
    assert held == set(PATTERNS) - {"deploy", "pipeline", "plan"}


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("reed", "Did you mean read?"),
        ("export", "write export:BUCKET"),
        ("migrate:", "write migrate:TARGET"),
        ("read:index", "takes nothing after a colon"),
        ("query:", "write query:INDEX"),
    ],
)
def test_a_mistaken_pattern_says_what_is_meant(written: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        wish(written)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("query:nope-index", "has no index nope-index"),
        ("stream", "has none: add StreamSpecification"),
        ("export:UPPER", "cannot be an S3 bucket's name"),
        ("migrate:orders", "name another table than orders"),
        ("migrate:a/b", "cannot be a table's name"),
        ("observe", "name it with --stack"),
    ],
)
def test_what_is_not_known_is_asked_for(written: str, says: str) -> None:
    table = TableScope("Orders", "orders", INDEXES)
    with pytest.raises(UsageError, match=says):
        grant(Scope(ACCOUNT, "us-east-1", tables=(table,)), [wish(written)], [table])
