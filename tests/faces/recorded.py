"""Runs as they were recorded, for the faces to show: lists of events with times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tablewright.events import (
    Cause,
    ChangesFound,
    Ending,
    Event,
    Failure,
    Finished,
    IndexMoved,
    Looked,
    Noted,
    OperationStarted,
    ResourceMoved,
    Started,
    StepEnded,
    StepStarted,
    Waiting,
)
from tablewright.model.stack import ChangeSet, ResourceChange, Stack, StackEvent, StackOutput
from tablewright.model.whereabouts import Whereabouts

BEGAN = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/ai-chef-dynamodb/0f1e"

TABLE, ALARM, LOGS, TOPIC = (
    "AWS::DynamoDB::Table",
    "AWS::CloudWatch::Alarm",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Topic",
)
AI_CHEF = {
    "AlarmTopic": (TOPIC, "arn:aws:sns:us-east-1:123456789012:AI-Chef-DynamoDB-Alarms"),
    "DynamoDBLogGroup": (LOGS, "/aws/dynamodb/ai-chef-tables"),
    "AiChefSessionsTable": (TABLE, "ai-chef-sessions"),
    "AiChefResultsTable": (TABLE, "ai-chef-results"),
    "SessionsTableErrorAlarm": (ALARM, "AI-Chef-DynamoDB-SessionsTable-Errors"),
    "ResultsTableErrorAlarm": (ALARM, "AI-Chef-DynamoDB-ResultsTable-Errors"),
}


def started(stack: str = "ai-chef-dynamodb", environment: str | None = "production") -> Started:
    """A run's head."""
    where = Whereabouts(
        account="123456789012",
        arn="arn:aws:sts::123456789012:assumed-role/deployer/me",
        region="us-east-1",
        partition="aws",
        endpoint=None,
    )
    return Started("deploy", stack, where, environment, "backend/infrastructure/dynamodb-schema.yaml")


def moved(logical: str, status: str, second: int, reason: str = "", stack: str = "ai-chef-dynamodb") -> ResourceMoved:
    """A resource's event, or the stack's own."""
    at = BEGAN + timedelta(seconds=second)
    if logical == stack:
        kind, physical = "AWS::CloudFormation::Stack", STACK_ID
    else:
        kind, physical = AI_CHEF.get(logical, (TABLE, logical.lower()))
    event = StackEvent(f"{logical}-{status}-{second}", at, STACK_ID, logical, physical, kind, status, reason)
    return ResourceMoved(event)


def created() -> list[Event]:
    """The AI Chef stack created, with its index backfilling."""
    changes = tuple(ResourceChange("Add", name, "", kind) for name, (kind, _) in AI_CHEF.items())
    change_set = ChangeSet("arn:cs", "tablewright-1", STACK_ID, "CREATE_COMPLETE", "AVAILABLE", changes=changes)
    stack = Stack(STACK_ID, "ai-chef-dynamodb", "CREATE_COMPLETE", BEGAN)
    outputs = (
        StackOutput("SessionsTableName", "ai-chef-sessions", "", "ai-chef-dynamodb-SessionsTable"),
        StackOutput(
            "SessionsTableArn",
            "arn:aws:dynamodb:us-east-1:123456789012:table/ai-chef-sessions",
            "",
            "ai-chef-dynamodb-SessionsTableArn",
        ),
    )
    events: list[Event] = [
        started(),
        Looked(None, "there is no stack of that name"),
        StepStarted(1, "create", "create the stack", "it does not exist"),
        ChangesFound(change_set),
        OperationStarted(STACK_ID, "create"),
        moved("ai-chef-dynamodb", "CREATE_IN_PROGRESS", 1, "User Initiated"),
    ]
    events += [moved(name, "CREATE_IN_PROGRESS", 2) for name in list(AI_CHEF)[:4]]
    events += [
        moved("AlarmTopic", "CREATE_COMPLETE", 4),
        moved("DynamoDBLogGroup", "CREATE_COMPLETE", 5),
        IndexMoved("ai-chef-results", "sessionId-index", "CREATING", True, 43.0),
        Waiting("table ai-chef-results is being created"),
        moved("AiChefSessionsTable", "CREATE_COMPLETE", 12),
        IndexMoved("ai-chef-results", "sessionId-index", "ACTIVE"),
        moved("AiChefResultsTable", "CREATE_COMPLETE", 20),
        moved("SessionsTableErrorAlarm", "CREATE_IN_PROGRESS", 21),
        moved("SessionsTableErrorAlarm", "CREATE_COMPLETE", 22),
        moved("ResultsTableErrorAlarm", "CREATE_IN_PROGRESS", 21),
        moved("ResultsTableErrorAlarm", "CREATE_COMPLETE", 22),
        moved("ai-chef-dynamodb", "CREATE_COMPLETE", 23),
        StepEnded(1, "create", "the stack is CREATE_COMPLETE"),
        Noted("note", "the topic has no subscription yet"),
        Finished(Ending.DONE, "Stack ai-chef-dynamodb is CREATE_COMPLETE", stack=stack, outputs=outputs),
    ]
    return events


CAUSE = Cause(
    logical_id="AiChefResultsTable",
    type=TABLE,
    status="CREATE_FAILED",
    text="Property AttributeDefinitions is inconsistent with the KeySchema of the table and the secondary indexes",
    at=BEGAN + timedelta(seconds=3),
    meaning="An attribute is defined that no key uses, or a key uses one that is not defined.",
    remedy="Make AttributeDefinitions exactly the attributes that keys use, then deploy again.",
    command="tablewright deploy",
)


def rolled_back() -> list[Event]:
    """A create whose second table is broken."""
    return [
        started(),
        Looked(None, "there is no stack of that name"),
        StepStarted(1, "create", "create the stack"),
        OperationStarted(STACK_ID, "create"),
        moved("AiChefSessionsTable", "CREATE_IN_PROGRESS", 2),
        moved("AiChefResultsTable", "CREATE_FAILED", 3, CAUSE.text),
        moved("AiChefSessionsTable", "CREATE_FAILED", 3, "Resource creation cancelled"),
        moved("ai-chef-dynamodb", "ROLLBACK_IN_PROGRESS", 4, "The following resource(s) failed to create"),
        moved("AiChefSessionsTable", "DELETE_COMPLETE", 6),
        moved("ai-chef-dynamodb", "ROLLBACK_COMPLETE", 7),
        Failure(CAUSE),
        Finished(
            Ending.FAILED,
            "The stack was rolled back",
            "Stack ai-chef-dynamodb is ROLLBACK_COMPLETE: nothing that it made is left.",
            hint="tablewright status ai-chef-dynamodb",
            code="rolled-back",
            cause=CAUSE,
        ),
    ]


def korean() -> list[Event]:
    """Names and reasons in Korean, as descriptions and messages may be."""
    return [
        started("주문-스택", "운영"),
        Looked(None, "스택이 없습니다"),
        StepStarted(1, "create", "create the stack"),
        OperationStarted(STACK_ID, "create"),
        moved("주문테이블", "CREATE_IN_PROGRESS", 1, stack="주문-스택"),
        moved("OrdersTable", "CREATE_COMPLETE", 1, stack="주문-스택"),
        IndexMoved("주문테이블", "사용자-색인", "CREATING", True),
        Noted("warning", "항목 수는 최대 여섯 시간 늦을 수 있습니다"),
    ]


def many(count: int = 300) -> list[Event]:
    """A stack of many tables: most done, one failed, two moving."""
    events: list[Event] = [
        started("big"),
        StepStarted(1, "update", "update the stack"),
        OperationStarted(STACK_ID, "update"),
    ]
    for number in range(count):
        status = {5: "UPDATE_FAILED", 150: "UPDATE_IN_PROGRESS", 299: "UPDATE_IN_PROGRESS"}.get(
            number, "UPDATE_COMPLETE"
        )
        events.append(moved(f"Table{number:03}WithARatherLongLogicalName", status, number))
    return events
