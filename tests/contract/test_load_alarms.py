"""Alarms on what DynamoDB publishes: the guide's stays silent, one with the right dimensions rings and stops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.load_support import item, refused, spend, started, table, total

pytestmark = pytest.mark.embedded("its clock is moved")

_GUIDE: dict[str, Any] = {
    "AlarmName": "AI-Chef-DynamoDB-SessionsTable-Errors",
    "MetricName": "ThrottledRequests",
    "Namespace": "AWS/DynamoDB",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold",
    "Dimensions": [{"Name": "TableName", "Value": "ai-chef-sessions"}],
    "TreatMissingData": "notBreaching",
}


@pytest.fixture(scope="module", params=["instant", "aws"])
def timed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("alarms") / "state", clock=request.param) as aws, control.held(aws.endpoint):
        yield aws


@pytest.fixture
def cloudwatch(timed: EmbeddedAws, account: str) -> Any:
    return timed.client("cloudwatch", account=account)


def _states(cloudwatch: Any) -> dict[str, str]:
    found = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found["MetricAlarms"] + found["CompositeAlarms"]}


def _throttle(timed: EmbeddedAws, account: str, times: int = 10) -> None:
    client = timed.client("dynamodb", account=account)
    if "ai-chef-sessions" not in client.list_tables()["TableNames"]:
        table(client, "ai-chef-sessions", write=1)
    spend(client, "ai-chef-sessions", 1000)
    for number in range(times):
        refused(lambda number=number: client.put_item(TableName="ai-chef-sessions", Item=item(str(number), 90 * 1024)))


def test_the_guide_s_alarm_stays_ok_and_the_right_one_rings(timed: EmbeddedAws, cloudwatch: Any, account: str) -> None:
    right = {
        **_GUIDE,
        "AlarmName": "right",
        "Dimensions": [*_GUIDE["Dimensions"], {"Name": "Operation", "Value": "PutItem"}],
    }
    events = {**_GUIDE, "AlarmName": "events", "MetricName": "WriteThrottleEvents", "Period": 60}
    for alarm in (_GUIDE, right, events):
        cloudwatch.put_metric_alarm(**alarm)
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("right") OR ALARM("events")')
    control.advance(timed.endpoint, minutes=2)
    assert _states(cloudwatch) == {_GUIDE["AlarmName"]: "OK", "right": "OK", "events": "OK", "any": "OK"}

    _throttle(timed, account)
    throttled = total(timed, cloudwatch, "ThrottledRequests", TableName="ai-chef-sessions", Operation="PutItem")
    control.advance(timed.endpoint, minutes=1)

    assert throttled > 5
    assert _states(cloudwatch) == {_GUIDE["AlarmName"]: "OK", "right": "ALARM", "events": "ALARM", "any": "ALARM"}
    [rung] = cloudwatch.describe_alarms(AlarmNames=["events"])["MetricAlarms"]
    assert rung["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [")
    assert (
        "was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)." in rung["StateReason"]
    )
    assert json.loads(rung["StateReasonData"])["recentDatapoints"][0] > 5

    control.advance(timed.endpoint, minutes=30)
    assert _states(cloudwatch) == {_GUIDE["AlarmName"]: "OK", "right": "OK", "events": "OK", "any": "OK"}
    history = cloudwatch.describe_alarm_history(AlarmName="events", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert sorted(each["HistorySummary"] for each in history if "ALARM" in each["HistorySummary"]) == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
    ]


def test_metric_math_rings(timed: EmbeddedAws, cloudwatch: Any, account: str) -> None:
    def measured(name: str, metric: str) -> dict[str, Any]:
        about = {"Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": _GUIDE["Dimensions"]}
        return {"Id": name, "MetricStat": {"Metric": about, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    cloudwatch.put_metric_alarm(
        AlarmName="math",
        Metrics=[
            measured("r", "ReadThrottleEvents"),
            measured("w", "WriteThrottleEvents"),
            {"Id": "all", "Expression": "FILL(r, 0) + FILL(w, 0)", "Label": "throttles"},
        ],
        EvaluationPeriods=2,
        DatapointsToAlarm=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    control.advance(timed.endpoint, minutes=3)
    assert _states(cloudwatch) == {"math": "OK"}

    _throttle(timed, account)
    control.advance(timed.endpoint, minutes=1)
    assert _states(cloudwatch) == {"math": "ALARM"}
    control.advance(timed.endpoint, minutes=5)
    assert _states(cloudwatch) == {"math": "OK"}


def test_an_alarm_on_dynamodb_keeps_its_state_over_missing_data_unless_told_otherwise(
    timed: EmbeddedAws, cloudwatch: Any
) -> None:
    plain = {name: value for name, value in _GUIDE.items() if name != "TreatMissingData"}
    cloudwatch.put_metric_alarm(**plain)
    cloudwatch.put_metric_alarm(**{**plain, "AlarmName": "other", "Namespace": "Demo"})
    for name in (plain["AlarmName"], "other"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")

    control.advance(timed.endpoint, minutes=10)

    assert _states(cloudwatch) == {plain["AlarmName"]: "ALARM", "other": "INSUFFICIENT_DATA"}


def test_a_metrics_insights_alarm_over_all_operations_rings(timed: EmbeddedAws, cloudwatch: Any, account: str) -> None:
    query = (
        'SELECT SUM(ThrottledRequests) FROM SCHEMA("AWS/DynamoDB", Operation, TableName) '
        "WHERE TableName = 'ai-chef-sessions'"
    )
    cloudwatch.put_metric_alarm(
        AlarmName="insights",
        Metrics=[{"Id": "q", "Expression": query, "Period": 60}],
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    _throttle(timed, account)
    control.advance(timed.endpoint, minutes=1)

    assert _states(cloudwatch) == {"insights": "ALARM"}


def test_an_alarm_action_reaches_a_queue(timed: EmbeddedAws, cloudwatch: Any, account: str) -> None:
    sns, sqs = timed.client("sns", account=account), timed.client("sqs", account=account)
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    queue = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    events = {
        **_GUIDE,
        "AlarmName": "events",
        "MetricName": "WriteThrottleEvents",
        "Period": 60,
        "AlarmActions": [topic],
    }
    cloudwatch.put_metric_alarm(**events)
    _throttle(timed, account)
    control.advance(timed.endpoint, minutes=1)

    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    notice = json.loads(json.loads(message["Body"])["Message"])
    assert (notice["AlarmName"], notice["NewStateValue"]) == ("events", "ALARM")
