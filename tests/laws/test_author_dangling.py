"""An edit that would leave a reference to nothing is refused with its place."""

from __future__ import annotations

import pytest

from tablewright.author.dangling import dangling
from tablewright.author.editing import Text, take_entry
from tablewright.author.judged import judge
from tablewright.author.removal import remove_dashboard
from tablewright.errors import Refused

BODY = """\
Resources:
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardBody: '{"widgets": []}'
  Topic:
    Type: AWS::SNS::Topic
"""


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ("    DependsOn: Board\n", "Resources.Topic.DependsOn"),
        ("    DependsOn: [Board]\n", "Resources.Topic.DependsOn"),
        ("    Metadata: {See: [!Ref Board]}\n", "Resources.Topic.Metadata.See.0"),
        ("    Properties:\n      TopicName: !GetAtt Board.Arn\n", "Resources.Topic.Properties.TopicName"),
        ("    Properties:\n      TopicName: {'Fn::GetAtt': [Board, Arn]}\n", "Resources.Topic.Properties.TopicName"),
        ("    Properties:\n      TopicName: !Sub 'x-${ Board }'\n", "Resources.Topic.Properties.TopicName"),
        ("    Properties:\n      TopicName: !Sub ['${Board.Arn}', {A: b}]\n", "Resources.Topic.Properties.TopicName"),
        ("Outputs:\n  Name:\n    Value: !Join ['-', [!Ref Board, x]]\n", "Outputs.Name.Value.1.0"),
        ("Outputs:\n  Name:\n    Value: !Sub ['${A}', {A: !Ref Board}]\n", "Outputs.Name.Value.1.A"),
    ],
)
def test_what_would_refer_to_nothing_is_told_with_its_place(more: str, place: str) -> None:
    before = Text(BODY + more, "t.yaml")

    with pytest.raises(Refused) as refused:
        judge(before, remove_dashboard(before, "Board"))

    assert refused.value.code == "edit-would-be-wrong"
    assert f"{place} (line " in refused.value.detail and "refers to Board" in refused.value.detail


@pytest.mark.parametrize(
    "more",
    [
        "    Properties: {TopicName: Board}\n",
        "    Properties:\n      TopicName: !Sub 'Board ${!Board} ${AWS::StackName}'\n",
        "    Properties:\n      TopicName: !Sub ['${Board}', {Board: x}]\n",
        "    Properties: {Definition: {DependsOn: Board}}\n",
        "    Properties: {TopicName: !Ref Missing}\n",
    ],
)
def test_what_only_has_its_name_in_it_is_left_alone(more: str) -> None:
    before = Text(BODY + more, "t.yaml")

    assert dangling(before, take_entry(before, ("Resources", "Board"))) == ()
