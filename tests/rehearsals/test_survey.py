"""Surveying what stands, over HTTP: the guide's stack, broken ones, and ones that may not be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tablewright.account import open_account
from tablewright.errors import Failed, MustWait
from tablewright.model.report import ATTENTION, UNHEALTHY, StackReport
from tablewright.model.table import OnDemand
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account
from tablewright.survey.run import survey
from tests.conftest import EmbeddedAws
from tests.contract.canned import Answer, json_error, query_error, serving, xml_answer
from tests.contract.harness.waiting import settled
from tests.faces.shell import in_process

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "tests" / "cases" / "guide" / "dynamodb-schema.yaml"
EXAMPLE = ROOT / "examples" / "ai-chef" / "backend" / "infrastructure" / "dynamodb-schema.yaml"

TABLE = """\
  {name}:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: {table}
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
"""


@pytest.fixture
def ours(aws: EmbeddedAws, account: str) -> Account:
    return open_account(endpoint_url=aws.endpoint, credentials=Credentials(account, "local"))


def _create(aws: EmbeddedAws, account: str, stack: str, body: str, **more: Any) -> str:
    """Create a stack by boto3 and wait until it is settled, however it went; returns its id."""
    cloudformation = aws.client("cloudformation", account=account)
    stack_id: str = cloudformation.create_stack(StackName=stack, TemplateBody=body, **more)["StackId"]
    settled(cloudformation, stack_id)
    return stack_id


def _codes(report: StackReport, level: str) -> set[str]:
    return {finding.code for finding in report.findings if finding.level == level}


def test_the_guides_stack_as_written_stands_and_its_dead_alarm_is_said(
    aws: EmbeddedAws, account: str, ours: Account
) -> None:
    _create(aws, account, "ai-chef-dynamodb", GUIDE.read_text(encoding="utf-8"))
    report = survey("ai-chef-dynamodb", ours, environment="production")
    assert report.stack is not None
    assert (report.stack.status, report.environment, report.meaning) == (
        "CREATE_COMPLETE",
        "production",
        "It was created.",
    )
    assert {o.export for o in report.stack.outputs} == {
        "ai-chef-dynamodb-SessionsTable",
        "ai-chef-dynamodb-ResultsTable",
        "ai-chef-dynamodb-SessionsTableArn",
        "ai-chef-dynamodb-ResultsTableArn",
    }
    tables = {t.name: t for t in report.tables}
    assert set(tables) == {"ai-chef-sessions", "ai-chef-results"}
    sessions, results = tables["ai-chef-sessions"].table, tables["ai-chef-results"].table
    assert sessions is not None
    assert results is not None
    assert (sessions.status, sessions.billing, sessions.deletion_protection) == ("ACTIVE", OnDemand(), False)
    assert sessions.ttl is not None
    assert (sessions.ttl.attribute, sessions.ttl.status) == ("TTL", "ENABLED")
    assert sessions.recovery is not None
    assert sessions.recovery.enabled
    assert sessions.backups == ()
    assert [(i.name, i.status) for i in results.indexes] == [("sessionId-index", "ACTIVE")]
    (alarm,) = report.alarms
    assert alarm.name == "AI-Chef-DynamoDB-SessionsTable-Errors"
    assert alarm.dead == (
        "ThrottledRequests is published with TableName + Operation, never with TableName only: "
        "this alarm receives no data and cannot fire"
    )
    (group,) = report.log_groups
    assert group.group is not None
    assert (group.name, group.group.retention_days) == ("/aws/dynamodb/ai-chef-tables", 7)
    assert report.operation is not None
    assert (report.operation.verb, report.operation.failed) == ("create", False)
    assert report.operation.ended_at is not None
    assert report.operation.began_at <= report.operation.ended_at <= report.at
    assert report.unread == {}
    assert report.healthy
    assert _codes(report, ATTENTION) == {"alarm-dead", "alarm-tells-nobody", "deletion-protection-off"}


def test_the_examples_stack_has_no_dead_alarm_and_tells_somebody(aws: EmbeddedAws, account: str, ours: Account) -> None:
    _create(aws, account, "ai-chef-dynamodb", EXAMPLE.read_text(encoding="utf-8"))
    report = survey("ai-chef-dynamodb", ours)
    assert report.healthy, report.findings
    assert _codes(report, ATTENTION) == set(), report.findings
    assert len(report.tables) == 2
    assert report.alarms


def test_a_stack_that_is_not_there(ours: Account) -> None:
    report = survey("nothing-here", ours)
    assert report.stack is None
    assert (report.name, report.tables, report.operation) == ("nothing-here", (), None)
    assert not report.healthy
    (finding,) = report.findings
    assert (finding.code, finding.command) == ("stack-absent", "tablewright deploy --stack nothing-here")


def test_a_creation_that_failed_says_why_and_what_to_do(aws: EmbeddedAws, account: str, ours: Account) -> None:
    aws.client("dynamodb", account=account).create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    body = "Resources:\n" + TABLE.format(name="Fine", table="fine") + TABLE.format(name="Orders", table="orders")
    _create(aws, account, "orders", body + "    DependsOn: Fine\n")
    report = survey("orders", ours)
    assert report.stack is not None
    assert report.stack.status == "ROLLBACK_COMPLETE"
    assert report.operation is not None
    assert report.operation.failed
    assert report.operation.cause is not None
    assert report.operation.cause.logical_id == "Orders"
    assert "already exists" in report.operation.cause.text
    assert report.operation.cause.meaning
    assert report.operation.command
    assert report.operation.command.startswith("tablewright ")
    assert [t.name for t in report.tables if t.table is not None and t.owned] == [], "what was rolled back is not shown"
    assert _codes(report, UNHEALTHY) == {"stack-status"}


def test_a_table_that_a_failed_creation_left_behind_is_said_to_be_nobodys(
    aws: EmbeddedAws, account: str, ours: Account
) -> None:
    kept = TABLE.format(name="Kept", table="kept").replace(
        "    Properties:", "    DeletionPolicy: Retain\n    Properties:"
    )
    aws.client("logs", account=account).create_log_group(logGroupName="/taken")
    taken = "  Taken:\n    Type: AWS::Logs::LogGroup\n    DependsOn: Kept\n    Properties: {LogGroupName: /taken}\n"
    _create(aws, account, "orders", "Resources:\n" + kept + taken)
    report = survey("orders", ours)
    assert report.stack is not None
    assert report.stack.status == "ROLLBACK_COMPLETE"
    (left,) = report.tables
    assert (left.name, left.owned, left.resource.status) == ("kept", False, "DELETE_SKIPPED")
    assert left.table is not None
    assert "table-orphaned" in _codes(report, ATTENTION)


def test_a_failed_update_says_why_though_the_stack_stands_as_before(
    aws: EmbeddedAws, account: str, ours: Account
) -> None:
    body = "Resources:\n" + TABLE.format(name="Orders", table="orders")
    _create(aws, account, "orders", body)
    cloudformation = aws.client("cloudformation", account=account)
    cloudformation.update_stack(
        StackName="orders", TemplateBody=body.replace("AttributeName: id", "AttributeName: other")
    )
    settled(cloudformation, "orders")
    report = survey("orders", ours)
    assert report.stack is not None
    assert report.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert report.operation is not None
    assert (report.operation.verb, report.operation.failed) == ("update", True)
    assert report.operation.cause is not None
    assert report.operation.cause.logical_id == "Orders"
    assert report.operation.cause.text in {e.reason for e in ours.stacks.events("orders")}, "AWS's words are untouched"
    assert not report.healthy
    (table,) = report.tables
    assert table.table is not None
    assert table.table.status == "ACTIVE"


def test_what_was_deleted_by_other_means_is_missing_not_unread(aws: EmbeddedAws, account: str, ours: Account) -> None:
    _create(aws, account, "chef", GUIDE.read_text(encoding="utf-8"))
    aws.client("dynamodb", account=account).delete_table(TableName="ai-chef-sessions")
    aws.client("cloudwatch", account=account).delete_alarms(AlarmNames=["AI-Chef-DynamoDB-SessionsTable-Errors"])
    aws.client("logs", account=account).delete_log_group(logGroupName="/aws/dynamodb/ai-chef-tables")
    report = survey("chef", ours)
    assert _codes(report, UNHEALTHY) == {"table-missing", "alarm-missing", "log-group-missing"}
    assert report.findings[0].level == UNHEALTHY, "what does not work comes first"


def test_a_firing_alarm_and_a_backup_are_shown(aws: EmbeddedAws, account: str, ours: Account) -> None:
    _create(aws, account, "chef", GUIDE.read_text(encoding="utf-8"))
    cloudwatch = aws.client("cloudwatch", account=account)
    name = "AI-Chef-DynamoDB-SessionsTable-Errors"
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    kept = {key: alarm[key] for key in ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period")}
    how = {key: alarm[key] for key in ("EvaluationPeriods", "Threshold", "ComparisonOperator")}
    cloudwatch.put_metric_alarm(
        **kept, **how, TreatMissingData="ignore"
    )  # or the end of the minute takes the state back
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    aws.client("dynamodb", account=account).create_backup(TableName="ai-chef-results", BackupName="before")
    report = survey("chef", ours)
    assert "alarm-firing" in _codes(report, UNHEALTHY)
    (results,) = [t.table for t in report.tables if t.name == "ai-chef-results"]
    assert results is not None
    assert results.backups is not None
    assert [b.name for b in results.backups] == ["before"]


def test_the_last_hours_traffic_is_counted_by_table_and_index(aws: EmbeddedAws, account: str, ours: Account) -> None:
    _create(aws, account, "chef", GUIDE.read_text(encoding="utf-8"))
    dynamodb = aws.client("dynamodb", account=account)
    for number in range(5):
        item = {"resultId": {"S": f"r{number}"}, "sessionId": {"S": "s"}}
        dynamodb.put_item(TableName="ai-chef-results", Item=item)
    dynamodb.get_item(TableName="ai-chef-results", Key={"resultId": {"S": "r1"}}, ConsistentRead=True)
    if not aws.client("cloudwatch", account=account).list_metrics(Namespace="AWS/DynamoDB")["Metrics"]:
        pytest.skip("the embedded AWS publishes no metrics of what its tables consume")
    tables = {t.name: t for t in survey("chef", ours).tables}
    results = tables["ai-chef-results"].traffic
    assert results is not None
    assert [(t.index, t.read_units, t.write_units) for t in results] == [
        (None, 1.0, 5.0),
        ("sessionId-index", 0.0, 5.0),
    ]
    (sessions,) = tables["ai-chef-sessions"].traffic or ()
    assert (sessions.read_units, sessions.write_units, sessions.throttled_reads) == (0.0, 0.0, 0)


def test_many_tables_are_read_in_the_stacks_order(aws: EmbeddedAws, account: str, ours: Account) -> None:
    names = [f"t{number:03d}" for number in range(60)]
    body = "Resources:\n" + "".join(TABLE.format(name=name.upper(), table=f"many-{name}") for name in names)
    _create(aws, account, "many", body)
    listed = [r.physical_id for r in ours.stacks.resources("many")]
    report = survey("many", ours)
    assert [t.name for t in report.tables] == listed
    assert all(t.table is not None and t.table.status == "ACTIVE" for t in report.tables)
    assert all(t.table is not None and "five such calls" in t.table.unknown["backups"] for t in report.tables)
    assert all(t.traffic is None for t in report.tables)
    unread = [f.subject for f in report.findings if f.code in ("section-unread", "table-part-unread")]
    assert sorted(unread) == ["backups", "traffic"], "said once, not for each table"


STACK = (
    "<Stacks><member><StackId>arn:aws:cloudformation:us-east-1:123456789012:stack/orders/1</StackId>"
    "<StackName>orders</StackName><StackStatus>UPDATE_COMPLETE</StackStatus>"
    "<CreationTime>2026-11-22T10:00:00.000Z</CreationTime></member></Stacks>"
)
RESOURCES = "<StackResourceSummaries>" + "".join(
    f"<member><LogicalResourceId>{name}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>"
    f"<ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>"
    "<LastUpdatedTimestamp>2026-11-22T10:00:00.000Z</LastUpdatedTimestamp></member>"
    for name, physical, kind in (
        ("Orders", "orders", "AWS::DynamoDB::Table"),
        ("Group", "/aws/orders", "AWS::Logs::LogGroup"),
        ("Topic", "arn:aws:sns:us-east-1:123456789012:topic", "AWS::SNS::Topic"),
    )
) + "</StackResourceSummaries>"  # fmt: skip
DENIED = "User: x is not authorized to perform: y:Z on resource: *"


@pytest.fixture
def denied() -> Iterator[dict[str, Answer]]:
    """What an account answers that may describe the stack and list its resources, and nothing else."""
    identity = "<Arn>arn:aws:iam::123456789012:user/x</Arn><UserId>X</UserId><Account>123456789012</Account>"
    yield {
        "GetCallerIdentity": xml_answer("GetCallerIdentity", identity),
        "DescribeStacks": xml_answer("DescribeStacks", STACK),
        "ListStackResources": xml_answer("ListStackResources", RESOURCES),
        "DescribeStackEvents": query_error("AccessDenied", DENIED, 403),
        "DescribeTable": json_error("AccessDeniedException", DENIED),
        "DescribeLogGroups": json_error("AccessDeniedException", DENIED),
    }


def test_what_may_not_be_read_is_unknown_with_the_reason_never_absent(denied: dict[str, Answer]) -> None:
    with serving(lambda operation, _: denied[operation]) as canned:
        report = survey("orders", open_account(endpoint_url=canned.endpoint, credentials=Credentials("A", "s")))
    (table,), (group,) = report.tables, report.log_groups
    assert table.table is None
    assert DENIED in table.unread
    assert group.group is None
    assert DENIED in group.unread
    assert report.operation is None
    assert DENIED in report.unread["operation"]
    assert [r.logical_id for r in report.others] == ["Topic"]
    assert _codes(report, ATTENTION) == {"table-unread", "log-group-unread", "section-unread"}
    assert report.healthy and not report.known, "what is not known is not called broken, and not called healthy"


def test_what_may_not_be_read_is_no_all_clear(denied: dict[str, Answer], tmp_path: Path) -> None:
    words = ("--region", "us-east-1", "--fail-on-unhealthy", "--endpoint-url")
    env = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}
    with serving(lambda operation, _: denied[operation]) as canned:
        shown = in_process("status", "orders", *words, canned.endpoint, cwd=tmp_path, env=env)
    assert shown.code == 1 and "not known: some of it could not be read" in shown.out, shown


def test_resources_that_may_not_be_listed_are_said(denied: dict[str, Answer]) -> None:
    denied["ListStackResources"] = query_error("AccessDenied", DENIED, 403)
    with serving(lambda operation, _: denied[operation]) as canned:
        report = survey("orders", open_account(endpoint_url=canned.endpoint, credentials=Credentials("A", "s")))
    assert set(report.unread) == {"resources", "operation"}
    assert report.tables == () and not report.known


def test_tables_of_nested_stacks_are_read_with_their_way(denied: dict[str, Answer]) -> None:
    nested = "arn:aws:cloudformation:us-east-1:123456789012:stack/orders-Inner/2"
    inner = RESOURCES.replace("AWS::SNS::Topic", "AWS::SQS::Queue")
    outer = inner.replace("AWS::DynamoDB::Table", "AWS::CloudFormation::Stack").replace(
        "<PhysicalResourceId>orders<", f"<PhysicalResourceId>{nested}<"
    )

    def answer(operation: str, form: dict[str, str]) -> Answer:
        if operation == "ListStackResources":
            return xml_answer(operation, inner if form["StackName"] == nested else outer)
        return denied[operation]

    with serving(answer) as canned:
        report = survey("orders", open_account(endpoint_url=canned.endpoint, credentials=Credentials("A", "s")))
    assert [t.path for t in report.tables] == ["Orders/Orders"]
    assert [g.path for g in report.log_groups] == ["Orders/Group", "Group"], "right behind their stack"


@pytest.mark.parametrize("operation", ["DescribeStacks", "GetCallerIdentity"])
def test_without_the_stack_or_an_identity_nothing_is_reported(denied: dict[str, Answer], operation: str) -> None:
    denied[operation] = query_error("AccessDenied", DENIED, 403)
    with serving(lambda asked, _: denied[asked]) as canned, pytest.raises(Failed) as caught:
        survey("orders", open_account(endpoint_url=canned.endpoint, credentials=Credentials("A", "s")))
    assert caught.value.code == "access-denied"


def test_credentials_that_expire_meanwhile_end_the_survey(denied: dict[str, Answer]) -> None:
    denied["DescribeTable"] = json_error(
        "ExpiredTokenException", "The security token included in the request is expired"
    )
    with serving(lambda operation, _: denied[operation]) as canned, pytest.raises(MustWait) as caught:
        survey("orders", open_account(endpoint_url=canned.endpoint, credentials=Credentials("A", "s")))
    assert caught.value.code == "credentials-expired"
