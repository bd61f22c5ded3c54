"""A new project in the guide's layout: template, deploy script, workflow and tablewright.toml, for any name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tablewright.author.action import action_text
from tablewright.author.editing import Text
from tablewright.author.siblings import pascal, word
from tablewright.author.tables import Key, NewTable, add_table, check_keys
from tablewright.author.workflow import ACTION, Workflow, check_pinned, workflow_text
from tablewright.author.writing import scalar
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Scalar, Sequence

FOLDER = "backend/infrastructure"
TEMPLATE = f"{FOLDER}/dynamodb-schema.yaml"
SCRIPT = "deploy-dynamodb.sh"
SETTINGS = "tablewright.toml"


ENVIRONMENTS = ("production", "staging")
_TELLING = re.compile(r"(?i)(app|deploy(ment)?)?(env(ironment)?|stage)(name|type)?")


def environments_of(text: Text) -> tuple[str, tuple[str, ...]]:
    """The parameter by which a template tells environments apart, and their names, the one of production first; no parameter
    and production alone where it tells none apart: two stacks of it would have the same names.
    """
    section = text.tree.get("Parameters")
    for entry in section.entries if isinstance(section, Mapping) else ():
        if not _TELLING.fullmatch(entry.key) or not isinstance(entry.value, Mapping):
            continue
        allowed = entry.value.get("AllowedValues")
        listed = allowed.items if isinstance(allowed, Sequence) else ()
        names = [
            one.text for one in listed if isinstance(one, Scalar) and re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", one.text)
        ]
        ordered = sorted(names or ENVIRONMENTS, key=lambda name: not name.lower().startswith(("prod", "live")))
        return entry.key, tuple(ordered)
    return "", ENVIRONMENTS[:1]


@dataclass(frozen=True, slots=True)
class Project:
    """What is wished for. ``template`` is an existing template's path in the project, which then is left as it is.

    ``parameter`` is the template's parameter that tells environments apart, empty where it has none: then there is one.
    """

    name: str
    tables: tuple[NewTable, ...] = ()
    region: str = "us-east-1"
    branch: str = "main"
    template: str = ""
    requirement: str = ""
    workflow: bool = True
    environments: tuple[str, ...] = ENVIRONMENTS
    parameter: str = "Environment"


def files(wish: Project) -> dict[str, str]:
    """The project's files by their path. Raises UsageError for a name that AWS would not take."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,39}", wish.name):
        raise UsageError(
            "malformed-project-name",
            "The project's name is malformed",
            f"{wish.name!r}: it begins the names of tables and stacks, so it has 2 to 40 lower-case letters, digits and hyphens.",
        )
    template = wish.template or TEMPLATE
    script = f"{template.rpartition('/')[0]}/{SCRIPT}".lstrip("/")
    made = {SETTINGS: _settings(wish, template), script: script_text(wish.requirement)}
    if not wish.template:
        made[TEMPLATE] = _template(wish)
    if wish.workflow:
        flow = Workflow(
            template,
            script,
            branch=wish.branch,
            environment=wish.environments[0],
            region=wish.region,
            requirement=wish.requirement,
        )
        made[flow.path] = workflow_text(flow)
        made[ACTION] = action_text()
    return made


def _settings(wish: Project, template: str) -> str:
    stack = f"{wish.name}-dynamodb"
    lines = [
        "# What `tablewright deploy` and its companions act on, run from anywhere below this file.",
        f'default_environment = "{wish.environments[0]}"',
        f'template = "{template}"',
        f'region = "{wish.region}"',
    ]
    for number, name in enumerate(wish.environments):
        lines += ["", f"[environments.{name}]", f'stack = "{stack if not number else f"{stack}-{name}"}"']
        if not number:
            lines.append(
                '# account = "123456789012"  # your production account: with it, deploying to any other is refused'
            )
        if wish.parameter:
            lines.append(f'parameters = {{ {wish.parameter} = "{name}" }}')
    return "\n".join(lines) + "\n"


def script_text(requirement: str = "") -> str:
    """The deploy script; without tablewright it says how to install the one that the workflow installs."""
    if requirement:
        check_pinned(requirement)
    return _SCRIPT.replace("<INSTALL>", requirement or "tablewright")


_SCRIPT = """\
#!/usr/bin/env bash
# Deploys the tables from any directory. Arguments go to tablewright: ./deploy-dynamodb.sh --env staging
set -euo pipefail

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"

if ! command -v -- "${TABLEWRIGHT:-tablewright}" > /dev/null; then
  echo "tablewright is not installed. Install it with: python -m pip install <INSTALL>" >&2
  exit 2
fi

# Stack, region and template stand in tablewright.toml. What the status means, what failed first and what to do about it,
# and the exit code, are tablewright's: nothing is hidden here and nothing is deleted because of a status alone.
exec "${TABLEWRIGHT:-tablewright}" deploy --project "${here}" "$@"
"""


def _template(wish: Project) -> str:
    first, *others = wish.tables or (NewTable("items", Key("id")),)
    short = first.name.removeprefix(f"{wish.name}-")
    whole, own = pascal(wish.name), word(short)
    for one in (first, *others):
        if not re.fullmatch(r"[a-z][a-z0-9_.-]{0,149}", one.name):
            raise UsageError(
                "malformed-table-name",
                "The name is no table's",
                f"{one.name!r}: here a table's name begins with a lower-case letter, and has at most 150 lower-case letters, "
                "digits, -, _ and .: the names made of it, such as its alarm's in each environment, are longer.",
            )
        check_keys(one, one.name.removeprefix(f"{wish.name}-"))
    body = _BODY
    sort = first.sort
    for mark, value in (
        ("PROJECT", wish.name), ("WHOLE", whole), ("SHORT", short), ("OWN", own),
        ("SORT_DEFINITION", f"\n        - AttributeName: {scalar(sort.name)}\n          AttributeType: {scalar(sort.type)}")
        if sort else ("SORT_DEFINITION", ""),
        ("SORT_SCHEMA", f"\n        - AttributeName: {scalar(sort.name)}\n          KeyType: RANGE" if sort else ""),
        ("KEY_TYPE", scalar(first.key.type)), ("KEY_NAME", scalar(first.key.name)),
    ):  # fmt: skip
        body = body.replace(f"<{mark}>", value)
    text = Text(body, TEMPLATE)
    for other in others:
        text = add_table(text, other)
    return text.text


_BODY = """\
AWSTemplateFormatVersion: '2010-09-09'
Description: '<PROJECT> DynamoDB tables'

Parameters:
  Environment:
    Type: String
    Default: production
    # At most 20 characters, so that every name with its suffix stays within AWS's limits.
    AllowedPattern: '[a-z][a-z0-9-]{0,19}'
    ConstraintDescription: lower-case letters, digits and hyphens, at most 20, starting with a letter
    Description: production has the plain names; any other environment gets its own name as a suffix

  AlarmTopicArn:
    Type: String
    Default: ''
    AllowedPattern: '(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+)?'
    ConstraintDescription: the ARN of an SNS topic, or empty
    Description: SNS topic that the alarms notify; empty creates one

Conditions:
  IsProduction: !Equals [!Ref Environment, production]
  CreatesAlarmTopic: !Equals [!Ref AlarmTopicArn, '']

Resources:
  # Alarms without an action tell nobody. Subscribe to this topic, or give the ARN of your own.
  AlarmTopic:
    Type: AWS::SNS::Topic
    Condition: CreatesAlarmTopic
    Properties:
      TopicName: !If [IsProduction, <PROJECT>-dynamodb-alarms, !Sub '<PROJECT>-dynamodb-alarms-${Environment}']
      Tags:
        - Key: Environment
          Value: !Ref Environment
        - Key: Service
          Value: <PROJECT>

  # ThrottledRequests is published by TableName and Operation together: with TableName alone it never has data.
  # Read and write throttle events are; a sum counts the one that is missing as zero, and silence breaches nothing.
  <OWN>TableErrorAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !If [IsProduction, <WHOLE>-DynamoDB-<OWN>Table-Errors, !Sub '<WHOLE>-DynamoDB-<OWN>Table-Errors-${Environment}']
      AlarmDescription: Throttled reads and writes of <PROJECT>-<SHORT>
      Metrics:
        - Id: throttled
          Label: Throttled reads and writes
          Expression: reads + writes
          ReturnData: true
        - Id: reads
          ReturnData: false
          MetricStat:
            Metric:
              Namespace: AWS/DynamoDB
              MetricName: ReadThrottleEvents
              Dimensions:
                - Name: TableName
                  Value: !Ref <WHOLE><OWN>Table
            Stat: Sum
            Period: 300
        - Id: writes
          ReturnData: false
          MetricStat:
            Metric:
              Namespace: AWS/DynamoDB
              MetricName: WriteThrottleEvents
              Dimensions:
                - Name: TableName
                  Value: !Ref <WHOLE><OWN>Table
            Stat: Sum
            Period: 300
      EvaluationPeriods: 1
      Threshold: 5
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!If [CreatesAlarmTopic, !Ref AlarmTopic, !Ref AlarmTopicArn]]
      OKActions: [!If [CreatesAlarmTopic, !Ref AlarmTopic, !Ref AlarmTopicArn]]

  <WHOLE><OWN>Table:
    Type: AWS::DynamoDB::Table
    # Deleting the stack, or its line here, would delete the table with its items.
    DeletionPolicy: RetainExceptOnCreate
    # DeletionPolicy does not cover a replacement.
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !If [IsProduction, <PROJECT>-<SHORT>, !Sub '<PROJECT>-<SHORT>-${Environment}']
      BillingMode: PAY_PER_REQUEST
      # Covers what the policies cannot: DeleteTable called from outside CloudFormation.
      DeletionProtectionEnabled: true
      AttributeDefinitions:
        - AttributeName: <KEY_NAME>
          AttributeType: <KEY_TYPE><SORT_DEFINITION>
      KeySchema:
        - AttributeName: <KEY_NAME>
          KeyType: HASH<SORT_SCHEMA>
      PointInTimeRecoverySpecification:
        PointInTimeRecoveryEnabled: true
      Tags:
        - Key: Environment
          Value: !Ref Environment
        - Key: Service
          Value: <PROJECT>

Outputs:
  <OWN>TableName:
    Description: <OWN> table name
    Value: !Ref <WHOLE><OWN>Table
    Export:
      Name: !Sub '${AWS::StackName}-<OWN>Table'

  <OWN>TableArn:
    Description: <OWN> table ARN
    Value: !GetAtt <WHOLE><OWN>Table.Arn
    Export:
      Name: !Sub '${AWS::StackName}-<OWN>TableArn'
"""
