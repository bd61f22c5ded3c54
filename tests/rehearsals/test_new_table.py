"""The guide's "new table" by one command each: deployed and throttled, its alarm rings; the guide's own stays silent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tablewright.author.editing import Text, put_entry
from tablewright.author.writing import Call, Value
from tablewright.events import Ending
from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.contract.load_support import refused, started
from tests.faces.shell import in_process
from tests.rehearsals.deploying import client, end, opened, run

GUIDE = Path(__file__).resolve().parents[1] / "cases/guide/dynamodb-schema.yaml"

GUIDES_ALARM: Value = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "AlarmName": "the-guides",
        "MetricName": "ThrottledRequests",
        "Namespace": "AWS/DynamoDB",
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [{"Name": "TableName", "Value": Call("Ref", "AiChefNewTable")}],
        "TreatMissingData": "notBreaching",
    },
}
"""The guide's sample, with what CloudFormation needs beside it as its first alarm has it, under another name than ours."""


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("new-table") / "state", clock="instant") as aws, control.held(aws.endpoint):
        yield aws


def _edited(template: Path, *words: str) -> None:
    ran = in_process(*words, "--template", str(template))
    assert ran.code == 0, ran.err


def _states(cloudwatch: Any) -> dict[str, str]:
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}


def test_a_new_table_is_watched_by_an_alarm_that_rings(timed: EmbeddedAws, account: str, tmp_path: Path) -> None:
    template = tmp_path / "dynamodb-schema.yaml"
    shutil.copy(GUIDE, template)
    _edited(template, "add", "table", "new-table", "--key", "id", "--no-alarm", "--no-outputs")
    _edited(template, "add", "alarm", "new-table")
    _edited(template, "add", "output", "new-table", "name")
    _edited(template, "set", "billing", "new-table", "provisioned", "--read", "1", "--write", "1")
    body = put_entry(Text(template.read_text(), "t.yaml"), ("Resources", "GuidesAlarm"), GUIDES_ALARM, spaced=True).text

    assert end(run(opened(timed, account), body)).ending is Ending.DONE
    dynamodb, cloudwatch = (client(timed, account, service) for service in ("dynamodb", "cloudwatch"))
    described = dynamodb.describe_table(TableName="ai-chef-new-table")["Table"]
    assert described["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    control.advance(timed.endpoint, minutes=2)
    assert set(_states(cloudwatch).values()) == {"OK"}

    _throttle(dynamodb)
    control.advance(timed.endpoint, minutes=1)

    # The guide's sample has the same load before it, and looks at a metric that is not published by table alone.
    ringing = {name for name, state in _states(cloudwatch).items() if state == "ALARM"}
    assert ringing == {"AI-Chef-DynamoDB-NewTable-Errors"}
    assert _states(cloudwatch)["the-guides"] == "OK"


def test_the_recommended_set_watches_a_new_table(timed: EmbeddedAws, account: str, tmp_path: Path) -> None:
    template = tmp_path / "dynamodb-schema.yaml"
    shutil.copy(GUIDE, template)
    _edited(template, "add", "table", "new-table", "--key", "id", "--no-alarm", "--no-outputs")
    _edited(template, "add", "index", "new-table", "userId", "--no-alarm")
    _edited(template, "set", "billing", "new-table", "provisioned", "--read", "1", "--write", "1")
    _edited(template, "add", "alarm", "new-table", "--set", "recommended", "--email", "ops@example.com", "--composite")
    _edited(template, "add", "dashboard")
    body = put_entry(Text(template.read_text(), "t.yaml"), ("Resources", "GuidesAlarm"), GUIDES_ALARM, spaced=True).text

    assert end(run(opened(timed, account), body)).ending is Ending.DONE
    dynamodb, cloudwatch = (client(timed, account, service) for service in ("dynamodb", "cloudwatch"))
    control.advance(timed.endpoint, minutes=2)
    states = _states(cloudwatch)
    assert (
        set(states.values()) == {"OK"} and len(states) == 16
    )  # seven of the table, five of its index, two of the account; the guide's two

    for _ in range(5):  # five minutes in a row
        _throttle(dynamodb)
        control.advance(timed.endpoint, minutes=1)
    ringing = {name for name, state in _states(cloudwatch).items() if state == "ALARM"}
    assert ringing == {"ai-chef-new-table-throttled-writes", "ai-chef-new-table-capacity"}
    (over,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert (over["AlarmName"], over["StateValue"]) == ("ai-chef-new-table-alarms", "ALARM")
    sns = client(timed, account, "sns")
    (subscribed,) = sns.list_subscriptions()["Subscriptions"]
    assert over["AlarmActions"] == [subscribed["TopicArn"]] and subscribed["Endpoint"] == "ops@example.com"
    shown = cloudwatch.get_dashboard(DashboardName="rehearsal-TablesDashboard")["DashboardBody"]
    assert over["AlarmArn"] in shown and '"TableName","ai-chef-new-table"' in shown and "${" not in shown


def _throttle(dynamodb: Any) -> None:
    """Use up the burst of a table of one write unit, 300 seconds' worth, then be refused ten times."""
    for number in range(40):
        item = {"id": {"S": str(number)}, "body": {"S": "x" * 30 * 1024}}
        if refused(lambda item=item: dynamodb.put_item(TableName="ai-chef-new-table", Item=item)):
            break
    big = {"id": {"S": "x"}, "body": {"S": "x" * 90 * 1024}}
    assert (
        sum(refused(lambda: dynamodb.put_item(TableName="ai-chef-new-table", Item=big)) is not None for _ in range(10))
        > 5
    )
