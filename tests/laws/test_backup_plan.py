"""A backup plan in a template: it selects the tables, does not grow when it is written again, and takes nobody's names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from tablewright.author.backup_plan import EVERY, Schedule, add_backup_plan
from tablewright.author.editing import Text
from tablewright.author.siblings import family
from tablewright.errors import UsageError
from tests.laws.test_alarm_set import templates

EXAMPLE = Path(__file__).parents[2] / "examples/ai-chef/backend/infrastructure/dynamodb-schema.yaml"


def _example() -> Text:
    return Text(EXAMPLE.read_text(encoding="utf-8"), str(EXAMPLE))


@given(templates())
@settings(max_examples=3)
def test_every_table_is_selected_and_writing_it_again_changes_nothing(text: Text) -> None:
    made = add_backup_plan(text, Schedule(5))

    selected = made.at(("Resources", "TablesBackupSelection", "Properties", "BackupSelection", "Resources"))
    assert len(getattr(selected, "items", ())) == len(family(text).tables)
    assert add_backup_plan(made, Schedule(5)).text == made.text
    assert made.at(("Resources", "TablesBackupVault", "DeletionPolicy")) is not None


@pytest.mark.parametrize(
    ("schedule", "cron"),
    [
        (Schedule(5), "cron(0 5 ? * * *)"),
        (Schedule(23, 59, "week"), "cron(59 23 ? * 1 *)"),
        (Schedule(0, 5, "month"), "cron(5 0 1 * ? *)"),
    ],
)
def test_the_expression_is_awss(schedule: Schedule, cron: str) -> None:
    assert schedule.cron == cron and schedule.every in EVERY


def test_time_days_and_tables_are_brought_up_to_date() -> None:
    made = add_backup_plan(_example(), Schedule(5))
    later = add_backup_plan(made, Schedule(6, 30, "week", 90, vault="central"), ("ai-chef-sessions",))

    assert "cron(30 6 ? * 1 *)" in later.text and "cron(0 5" not in later.text
    assert "DeleteAfterDays: 90" in later.text and "TargetBackupVault: central" in later.text
    assert later.text.count("!GetAtt AiChefSessionsTable.Arn") == made.text.count("!GetAtt AiChefSessionsTable.Arn")
    assert later.text.count("!GetAtt AiChefResultsTable.Arn") == made.text.count("!GetAtt AiChefResultsTable.Arn") - 1


def test_a_vault_and_a_role_that_stand_are_not_made() -> None:
    made = add_backup_plan(_example(), Schedule(5, vault="central", role="arn:aws:iam::123456789012:role/backup"))

    assert "AWS::Backup::BackupVault" not in made.text and "AWS::IAM::Role" not in made.text
    assert "IamRoleArn: arn:aws:iam::123456789012:role/backup" in made.text


def test_a_table_under_a_condition_is_selected_under_it() -> None:
    table = {"Type": "AWS::DynamoDB::Table", "Condition": "Prod", "Properties": {}}
    body = {"Conditions": {"Prod": {"Fn::Equals": ["a", "a"]}}, "Resources": {"T": table}}
    made = json.loads(add_backup_plan(Text(json.dumps(body, indent=2), "t.json"), Schedule(5)).text)

    [only] = made["Resources"]["TablesBackupSelection"]["Properties"]["BackupSelection"]["Resources"]
    assert only["Fn::If"][0] == "Prod" and only["Fn::If"][2] == {"Ref": "AWS::NoValue"}


def test_names_of_others_are_left_alone() -> None:
    taken = _example().text.replace("Resources:\n", "Resources:\n  TablesBackupPlan:\n    Type: AWS::SNS::Topic\n", 1)
    with pytest.raises(UsageError) as refused:
        add_backup_plan(Text(taken, "t.yaml"), Schedule(5))
    assert refused.value.code == "name-in-use"
    with pytest.raises(UsageError) as malformed:
        add_backup_plan(_example(), Schedule(5, vault="two words"))
    assert malformed.value.code == "malformed-option"
