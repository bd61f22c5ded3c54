"""Auto scaling goes with what only it used, and stays where something else needs it: no template refers to nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tablewright.author.editing import Text
from tablewright.author.proving import edited
from tablewright.author.removal import remove_index, remove_table
from tablewright.author.unscaling import remove_scaling
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Scalar, Sequence, walk

ROLE = """  ScalingRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: application-autoscaling.amazonaws.com}
            Action: sts:AssumeRole
"""
ROLE_POLICY = """  ScalingRolePolicy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: scale
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Action: 'dynamodb:UpdateTable', Resource: '*'}]
      Roles: [!Ref ScalingRole]
"""


def _table(name: str, *, index: bool = False, depends: str = "") -> str:
    gsi = """      GlobalSecondaryIndexes:
        - IndexName: by-tag
          KeySchema: [{AttributeName: tag, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}
"""
    return f"""  {name}:
    Type: AWS::DynamoDB::Table
{depends}    Properties:
      AttributeDefinitions:
        - {{AttributeName: id, AttributeType: S}}
{"        - {AttributeName: tag, AttributeType: S}" + chr(10) if index else ""}\
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      ProvisionedThroughput: {{ReadCapacityUnits: 5, WriteCapacityUnits: 5}}
{gsi if index else ""}"""


def _scaled(
    table: str, *, role: bool = False, index: str = "", depends: str = "", name: str = "", by_id: bool = False
) -> str:
    """A target and its policy, as people write them; ``by_id``: the policy names the table itself, not the target."""
    name = name or f"{table}{'Index' if index else ''}Reads"
    where = f"!Sub 'table/${{{table}}}{'/index/' + index if index else ''}'"
    dimension = f"dynamodb:{'index' if index else 'table'}:ReadCapacityUnits"
    tie = (
        f"ServiceNamespace: dynamodb\n      ResourceId: {where}\n      ScalableDimension: {dimension}"
        if by_id
        else f"ScalingTargetId: !Ref {name}"
    )
    waits = f"    DependsOn: {name}\n" if by_id else ""
    return f"""  {name}:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
{depends}    Properties:
      ServiceNamespace: dynamodb
      ScalableDimension: {dimension}
      ResourceId: {where}
      MinCapacity: 5
      MaxCapacity: 50
{"      RoleARN: !GetAtt ScalingRole.Arn" + chr(10) if role else ""}\
  {name}Policy:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
{waits}    Properties:
      PolicyName: {name}
      PolicyType: TargetTrackingScaling
      {tie}
      TargetTrackingScalingPolicyConfiguration:
        PredefinedMetricSpecification: {{PredefinedMetricType: DynamoDBReadCapacityUtilization}}
        TargetValue: 70
"""


def _text(*resources: str, outputs: str = "") -> Text:
    return Text("Resources:\n" + "".join(resources) + (f"Outputs:\n{outputs}" if outputs else ""), "t.yaml")


def _resources(text: Text) -> dict[str, Any]:
    section = text.tree.get("Resources")
    assert isinstance(section, Mapping)
    return {entry.key: entry.value for entry in section.entries}


def _dangling(text: Text) -> set[str]:
    """What is named by Ref, GetAtt or DependsOn, and is not there."""
    named: set[str] = set()
    for node in walk(text.tree):
        for entry in node.entries if isinstance(node, Mapping) else ():
            several = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
            found = [one.text.partition(".")[0] for one in several if isinstance(one, Scalar)]
            if entry.key in ("Ref", "Fn::GetAtt", "DependsOn"):
                named |= set(found if entry.key == "DependsOn" else found[:1])
    return named - set(_resources(text))


OUTPUT = "  Reads:\n    Value: !Ref OrdersReads\n"
GOES = {
    "an output of the target": _text(_table("Orders"), _scaled("Orders"), outputs=OUTPUT),
    "a role": _text(ROLE, _table("Orders"), _scaled("Orders", role=True)),
    "a role and its policy": _text(ROLE, ROLE_POLICY, _table("Orders"), _scaled("Orders", role=True)),
    "a role whose policy it waited for": _text(
        ROLE, ROLE_POLICY, _table("Orders"), _scaled("Orders", role=True, depends="    DependsOn: ScalingRolePolicy\n")
    ),
    "a policy by the table's name": _text(_table("Orders"), _scaled("Orders", by_id=True)),
}


@pytest.mark.parametrize("what", GOES)
def test_what_only_it_used_goes_with_it(what: str) -> None:
    after = remove_scaling(GOES[what], "Orders")
    assert after.text == _text(_table("Orders")).text


def test_a_role_that_scales_another_table_is_kept() -> None:
    after = remove_scaling(
        _text(
            ROLE,
            ROLE_POLICY,
            _table("Orders"),
            _table("Users"),
            _scaled("Orders", role=True),
            _scaled("Users", role=True),
        ),
        "Orders",
    )
    assert after.text == _text(ROLE, ROLE_POLICY, _table("Orders"), _table("Users"), _scaled("Users", role=True)).text


def test_a_role_that_an_output_shows_or_that_is_for_more_is_kept() -> None:
    shown = "  Role:\n    Value: !GetAtt ScalingRole.Arn\n"
    after = remove_scaling(_text(ROLE, _table("Orders"), _scaled("Orders", role=True), outputs=shown), "Orders")
    assert after.text == _text(ROLE, _table("Orders"), outputs=shown).text
    other = ROLE.replace("application-autoscaling", "ecs")
    after = remove_scaling(_text(other, _table("Orders"), _scaled("Orders", role=True)), "Orders")
    assert after.text == _text(other, _table("Orders")).text


@pytest.mark.parametrize(
    ("depends", "left"),
    [
        ("    DependsOn: OrdersReads\n", ""),
        ("    DependsOn: [OrdersReadsPolicy, Orders]\n", "    DependsOn: [Orders]\n"),
        ("    DependsOn:\n      - OrdersReads\n      - OrdersReadsPolicy\n", ""),
        ("    DependsOn:\n      - Orders\n      - OrdersReads\n", "    DependsOn:\n      - Orders\n"),
    ],
)
def test_what_waited_for_it_waits_no_longer(depends: str, left: str) -> None:
    """Another table's target that waited for this one's is no part of this one's scaling."""
    after = remove_scaling(
        _text(_table("Orders"), _table("Users"), _scaled("Orders"), _scaled("Users", depends=depends)), "Orders"
    )
    assert after.text == _text(_table("Orders"), _table("Users"), _scaled("Users", depends=left)).text


def test_what_waited_for_it_waits_for_what_it_waited_for() -> None:
    stack = [_table("Orders"), _table("Users"), _table("Carts")]
    before = _text(
        *stack,
        _scaled("Orders", depends="    DependsOn: Carts\n"),
        _scaled("Users", depends="    DependsOn: OrdersReads\n"),
    )
    assert (
        remove_scaling(before, "Orders").text == _text(*stack, _scaled("Users", depends="    DependsOn: Carts\n")).text
    )


ALARM = """  Busy:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: ConsumedReadCapacityUnits
      Namespace: AWS/DynamoDB
      AlarmActions: [!Ref OrdersReadsPolicy]
"""
BOTH = "  Both:\n    Value: !Join [',', [!Ref OrdersReads, !Ref UsersReads]]\n"


@pytest.mark.parametrize(
    ("more", "outputs", "said"),
    [(ALARM, "", "Resources.Busy refers to OrdersReadsPolicy"), ("", BOTH, "Outputs.Both refers to OrdersReads")],
)
def test_what_something_else_needs_is_refused_with_its_name(more: str, outputs: str, said: str) -> None:
    before = _text(_table("Orders"), _table("Users"), _scaled("Orders"), _scaled("Users"), more, outputs=outputs)
    with pytest.raises(UsageError) as refused:
        remove_scaling(before, "Orders")
    assert refused.value.code == "still-in-use" and said in str(refused.value.detail)
    with pytest.raises(UsageError):  # so advice that names the command is not given as one
        edited(before, ["tablewright remove autoscaling Orders"])


def test_a_table_or_an_index_that_goes_takes_its_scaling_in_the_same_way() -> None:
    before = _text(
        ROLE,
        _table("Orders", index=True),
        _table("Users", depends="    DependsOn: [OrdersReads]\n"),
        _scaled("Orders", role=True),
        _scaled("Orders", role=True, index="by-tag"),
        outputs=OUTPUT + "  Tags:\n    Value: !Ref OrdersIndexReads\n",
    )
    assert not _dangling(before)
    without_index = remove_index(before, "Orders", "by-tag")
    assert not _dangling(without_index)
    assert list(_resources(without_index)) == ["ScalingRole", "Orders", "Users", "OrdersReads", "OrdersReadsPolicy"]
    without_table = remove_table(before, "Orders")
    assert without_table.text == _text(_table("Users")).text


def test_json_is_held_to_the_same() -> None:
    def target(table: str) -> dict[str, Any]:
        return {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "dynamodb",
                "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
                "ResourceId": {"Fn::Sub": f"table/${{{table}}}"},
                "MinCapacity": 5,
                "MaxCapacity": 50,
            },
        }

    body: dict[str, Any] = {
        "Resources": {
            "Orders": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
            "Users": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
            "OrdersReads": target("Orders"),
            "UsersReads": {**target("Users"), "DependsOn": ["OrdersReads", "Orders"]},
        },
        "Outputs": {"A": {"Value": {"Ref": "OrdersReads"}}, "B": {"Value": {"Ref": "UsersReads"}}},
    }
    after = json.loads(remove_scaling(Text(json.dumps(body, indent=2), "t.json"), "Orders").text)
    del body["Resources"]["OrdersReads"], body["Outputs"]["A"]
    body["Resources"]["UsersReads"]["DependsOn"] = ["Orders"]
    assert after == body
