"""Stacks as a survey found them, for the status screen to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tablewright.model.observed import AlarmState, LogGroupState
from tablewright.model.report import AlarmReport, LogGroupReport, Operation, StackReport, TableReport
from tablewright.model.stack import Stack, StackOutput, StackResource
from tablewright.model.table import Backup, Index, Key, OnDemand, PointInTimeRecovery, Table, TimeToLive
from tablewright.survey.health import findings
from tests.faces.recorded import BEGAN, CAUSE, STACK_ID, TABLE, TOPIC, started

TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:AI-Chef-DynamoDB-Alarms"


def table(name: str, key: str, *, indexes: tuple[Index, ...] = (), ttl: str | None = None) -> Table:
    """A live table as the example makes it."""
    return Table(
        name=name,
        arn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}",
        id=f"id-{name}",
        status="ACTIVE",
        keys=(Key(key, "S", "HASH"),),
        billing=OnDemand(),
        created_at=BEGAN,
        indexes=indexes,
        item_count=1_204_331,
        size_bytes=3_456_789,
        deletion_protection=True,
        ttl=TimeToLive("ENABLED", ttl) if ttl else TimeToLive("DISABLED"),
        recovery=PointInTimeRecovery(True, BEGAN - timedelta(days=35), BEGAN, 35),
        backups=(Backup("arn:backup", "before-launch", "AVAILABLE", BEGAN - timedelta(days=2)),),
    )


def _resource(logical: str, physical: str, kind: str) -> StackResource:
    return StackResource(logical, physical, kind, "CREATE_COMPLETE")


def _alarm(logical: str, name: str, *, dead: str = "", state: str = "OK") -> AlarmReport:
    found = AlarmState(name, state, "no data", "ReadThrottleEvents", {"TableName": "x"}, (TOPIC_ARN,), BEGAN)
    return AlarmReport(logical, name, found, dead=dead)


def healthy() -> StackReport:
    """The example as it stands after a deployment."""
    index = Index("sessionId-index", "global", (Key("sessionId", "S", "HASH"),), "ALL", item_count=12)
    sessions = TableReport(
        "AiChefSessionsTable",
        "ai-chef-sessions",
        _resource("AiChefSessionsTable", "ai-chef-sessions", TABLE),
        table("ai-chef-sessions", "sessionId", ttl="TTL"),
    )
    results = TableReport(
        "AiChefResultsTable",
        "ai-chef-results",
        _resource("AiChefResultsTable", "ai-chef-results", TABLE),
        table("ai-chef-results", "resultId", indexes=(index,)),
    )
    report = StackReport(
        name="ai-chef-dynamodb",
        at=BEGAN + timedelta(hours=1),
        whereabouts=started().whereabouts,
        stack=Stack(
            STACK_ID,
            "ai-chef-dynamodb",
            "CREATE_COMPLETE",
            BEGAN,
            outputs=(
                StackOutput("SessionsTableName", "ai-chef-sessions", "", "ai-chef-dynamodb-SessionsTable"),
                StackOutput("ResultsTableName", "ai-chef-results", "", "ai-chef-dynamodb-ResultsTable"),
            ),
        ),
        meaning="The stack stands as its template says.",
        environment="production",
        tables=(sessions, results),
        alarms=(
            _alarm("SessionsTableErrorAlarm", "AI-Chef-DynamoDB-SessionsTable-Errors"),
            _alarm("ResultsTableErrorAlarm", "AI-Chef-DynamoDB-ResultsTable-Errors"),
            _alarm("ResultsSessionIndexErrorAlarm", "AI-Chef-DynamoDB-ResultsTable-sessionId-index-Errors"),
        ),
        log_groups=(LogGroupReport("DynamoDBLogGroup", "/aws/dynamodb/ai-chef-tables", LogGroupState("/aws", 7, 0)),),
        others=(_resource("AlarmTopic", TOPIC_ARN, TOPIC),),
        operation=Operation("create", "CREATE_COMPLETE", BEGAN, BEGAN + timedelta(seconds=23), failed=False),
    )
    return replace(report, findings=findings(report))


def broken() -> StackReport:
    """A stack that was rolled back, with a dead alarm, a missing table and things that may not be read."""
    whole = healthy()
    assert whole.stack is not None
    sessions, results = whole.tables
    assert sessions.table is not None and results.table is not None
    index = replace(results.table.indexes[0], status="CREATING", backfilling=True)
    unread = replace(sessions.table, ttl=None, backups=None, unknown={"ttl": "AccessDenied", "backups": "AccessDenied"})
    report = replace(
        whole,
        stack=replace(whole.stack, status="UPDATE_ROLLBACK_COMPLETE"),
        meaning="The last update failed and was rolled back; the stack stands as before it.",
        tables=(
            replace(sessions, table=unread),
            replace(results, table=replace(results.table, indexes=(index,), deletion_protection=False)),
            replace(sessions, path="Gone", name="ai-chef-gone", table=None),
            replace(sessions, path="Denied", name="ai-chef-denied", table=None, unread="you may not describe it"),
        ),
        alarms=(
            _alarm(
                "A", "AI-Chef-DynamoDB-SessionsTable-Errors", dead="ThrottledRequests exists by table and operation"
            ),
            _alarm("B", "AI-Chef-DynamoDB-ResultsTable-Errors", state="ALARM"),
            AlarmReport("C", "AI-Chef-Gone"),
        ),
        operation=Operation(
            "update",
            "UPDATE_ROLLBACK_COMPLETE",
            BEGAN,
            BEGAN + timedelta(seconds=75),
            failed=True,
            cause=CAUSE,
            command="tablewright deploy --stack ai-chef-dynamodb",
        ),
        unread={"resources": "AccessDenied: cloudformation:ListStackResources"},
    )
    return replace(report, findings=findings(report))


def absent() -> StackReport:
    """No such stack."""
    report = StackReport("주문-스택", BEGAN, started().whereabouts, None)
    return replace(report, findings=findings(report))


def big(count: int = 300) -> StackReport:
    """Many tables, one of them in trouble."""
    whole = healthy()
    tables = []
    for number in range(count):
        name = f"customer-{number:03}-orders"
        live = table(name, "id")
        if number == 123:
            live = replace(live, status="INACCESSIBLE_ENCRYPTION_CREDENTIALS")
        tables.append(TableReport(f"Table{number:03}", name, _resource(f"Table{number:03}", name, TABLE), live))
    alarms = tuple(_alarm(f"Alarm{number}", f"alarm-{number}") for number in range(count))
    groups = (LogGroupReport("Logs", "/aws/logs", None, unread="AccessDenied"),)
    report = replace(whole, tables=tuple(tables), alarms=alarms, log_groups=groups, others=())
    return replace(report, findings=findings(report))


REPORTS = {"healthy": healthy, "broken": broken, "absent": absent, "big": big}
