"""A stack operation survives the death of the process: after a restart the stack settles, and what it says is what stands."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.harness.waiting import changed, settled
from tests.waiting import until

pytestmark = pytest.mark.embedded("it is killed")

KEYS = """
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
TABLES = 4


def _template(*, pitr: bool, broken: bool = False) -> str:
    lines = ["Resources:"]
    for number in range(TABLES):
        lines.append(f"  Table{number}:\n    Type: AWS::DynamoDB::Table\n    Properties:{KEYS.rstrip()}")
        lines.append(f"      TableName: table-{number}")
        lines.append("      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}")
        if pitr:
            lines.append("      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}")
        lines.append(f"  Alarm{number}:\n    Type: AWS::CloudWatch::Alarm\n    Properties:")
        lines.append(
            f"      AlarmName: alarm-{number}\n      Namespace: AWS/DynamoDB\n      MetricName: ReadThrottleEvents"
        )
        lines.append("      Statistic: Sum\n      Period: 60\n      EvaluationPeriods: 1\n      Threshold: 1")
        lines.append("      ComparisonOperator: GreaterThanThreshold")
        lines.append(f"      Dimensions: [{{Name: TableName, Value: !Ref Table{number}}}]")
        lines.append(f"  Topic{number}:\n    Type: AWS::SNS::Topic\n    Properties: {{TopicName: topic-{number}}}")
    if broken:
        depends = ", ".join(f"Alarm{number}" for number in range(TABLES))
        lines.append(f"  Broken:\n    Type: AWS::DynamoDB::Table\n    DependsOn: [{depends}]\n    Properties:")
        lines.append("      KeySchema: [{AttributeName: id, KeyType: HASH}]")
        lines.append("      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]")
    return "\n".join(lines)


def kill(aws: EmbeddedAws, after_s: float = 0.0) -> None:
    """Kill the process after a while, and wait until it is dead."""
    time.sleep(after_s)
    os.kill(aws.running.pid, signal.SIGKILL)
    until(lambda: _is_dead(aws.running.pid), every=0.005)


def _is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _names(aws: EmbeddedAws) -> tuple[list[str], list[str], list[str]]:
    tables = aws.client("dynamodb").list_tables()["TableNames"]
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    topics = aws.client("sns").list_topics()["Topics"]
    return (
        sorted(tables),
        sorted(alarm["AlarmName"] for alarm in alarms),
        sorted(topic["TopicArn"].rsplit(":", 1)[1] for topic in topics),
    )


ALL = (
    [f"table-{number}" for number in range(TABLES)],
    [f"alarm-{number}" for number in range(TABLES)],
    [f"topic-{number}" for number in range(TABLES)],
)
NONE: tuple[list[str], list[str], list[str]] = ([], [], [])


def _killed_and_started(start_aws: Callable[..., EmbeddedAws], aws: EmbeddedAws, after_s: float) -> EmbeddedAws:
    kill(aws, after_s)
    return start_aws()


def _recovery(aws: EmbeddedAws) -> set[str]:
    found = set()
    for number in range(TABLES):
        answer = aws.client("dynamodb").describe_continuous_backups(TableName=f"table-{number}")
        description = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        found.add(description["PointInTimeRecoveryStatus"])
    return found


@pytest.mark.parametrize(
    "after_s", [0.12, pytest.param(0.03, marks=pytest.mark.slow), pytest.param(0.3, marks=pytest.mark.slow)]
)
def test_killed_while_creating_it_goes_on(start_aws: Callable[..., EmbeddedAws], after_s: float) -> None:
    aws = start_aws()
    stack = aws.client("cloudformation").create_stack(StackName="case", TemplateBody=_template(pitr=True))["StackId"]
    aws = _killed_and_started(start_aws, aws, after_s)

    found = settled(aws.client("cloudformation"), stack)

    assert found["StackStatus"] == "CREATE_COMPLETE"
    assert _names(aws) == ALL
    assert _recovery(aws) == {"ENABLED"}
    _one_event_each(aws, stack)


def _one_event_each(aws: EmbeddedAws, stack: str) -> None:
    """Nothing was made twice."""
    pages = aws.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    made = [
        event["LogicalResourceId"]
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceStatus"] == "CREATE_COMPLETE"
    ]
    assert len(made) == len(set(made))


@pytest.mark.parametrize("after_s", [0.05, pytest.param(0.25, marks=pytest.mark.slow)])
def test_killed_while_a_creation_fails_it_rolls_back(start_aws: Callable[..., EmbeddedAws], after_s: float) -> None:
    aws = start_aws()
    template = _template(pitr=False, broken=True)
    stack = aws.client("cloudformation").create_stack(StackName="case", TemplateBody=template)["StackId"]
    aws = _killed_and_started(start_aws, aws, after_s)

    found = settled(aws.client("cloudformation"), stack)

    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert _names(aws) == NONE


@pytest.mark.parametrize("after_s", [0.05, pytest.param(0.2, marks=pytest.mark.slow)])
def test_killed_while_updating_it_goes_on(start_aws: Callable[..., EmbeddedAws], after_s: float) -> None:
    aws = start_aws()
    cloudformation = aws.client("cloudformation")
    stack = cloudformation.create_stack(StackName="case", TemplateBody=_template(pitr=False))["StackId"]
    assert settled(cloudformation, stack)["StackStatus"] == "CREATE_COMPLETE"
    cloudformation.update_stack(StackName="case", TemplateBody=_template(pitr=True))
    aws = _killed_and_started(start_aws, aws, after_s)

    assert settled(aws.client("cloudformation"), stack)["StackStatus"] == "UPDATE_COMPLETE"
    assert _recovery(aws) == {"ENABLED"}


@pytest.mark.parametrize("after_s", [0.05, pytest.param(0.2, marks=pytest.mark.slow)])
def test_killed_while_deleting_it_goes_on(start_aws: Callable[..., EmbeddedAws], after_s: float) -> None:
    aws = start_aws()
    cloudformation = aws.client("cloudformation")
    stack = cloudformation.create_stack(StackName="case", TemplateBody=_template(pitr=False))["StackId"]
    settled(cloudformation, stack)
    cloudformation.delete_stack(StackName="case")
    aws = _killed_and_started(start_aws, aws, after_s)

    assert settled(aws.client("cloudformation"), stack)["StackStatus"] == "DELETE_COMPLETE"
    assert _names(aws) == NONE


@pytest.mark.slow
def test_killed_again_and_again_at_random_moments_it_settles(start_aws: Callable[..., EmbeddedAws]) -> None:
    chance = random.Random(20261122)
    aws = start_aws()
    wanted = {
        "create": ("CREATE_COMPLETE", ALL),
        "update": ("UPDATE_COMPLETE", ALL),
        "delete": ("DELETE_COMPLETE", NONE),
    }
    for _ in range(4):
        stack = ""
        for verb, (status, names) in wanted.items():
            stack = _begin(aws, verb, stack)
            for _ in range(2):
                aws = _killed_and_started(start_aws, aws, chance.uniform(0.0, 0.3))
            found = settled(aws.client("cloudformation"), stack)
            assert (found["StackStatus"], _names(aws)) == (status, names)


def _begin(aws: EmbeddedAws, verb: str, stack: str) -> str:
    cloudformation: Any = aws.client("cloudformation")
    if verb == "create":
        return str(cloudformation.create_stack(StackName="case", TemplateBody=_template(pitr=False))["StackId"])
    if verb == "update":
        cloudformation.update_stack(StackName="case", TemplateBody=_template(pitr=True))
    else:
        cloudformation.delete_stack(StackName="case")
    return stack


@pytest.mark.slow
def test_a_change_set_that_was_being_made_is_made_after_a_restart(start_aws: Callable[..., EmbeddedAws]) -> None:
    aws = start_aws(clock="aws")
    made = aws.client("cloudformation").create_change_set(
        StackName="case", ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=_template(pitr=False)
    )
    kill(aws)
    found = changed(start_aws(clock="instant").client("cloudformation"), made["Id"])

    assert found["Status"] == "CREATE_COMPLETE"
    assert len(found["Changes"]) == 3 * TABLES
