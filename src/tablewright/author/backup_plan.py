"""An AWS Backup plan of the template's tables: the vault, the role, the plan and what it selects, as resources of the template.

Sources: AWS Backup developer guide, "Creating a backup plan" (schedules are EventBridge's cron expressions, in UTC), "IAM
service roles"; CloudFormation user guide, AWS::Backup::*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tablewright.author.editing import Path, Text, put_entries, put_value
from tablewright.author.siblings import Sibling, family
from tablewright.author.writing import Call, Value
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Scalar

__all__ = ["EVERY", "Schedule", "add_backup_plan"]

EVERY = {"day": "? * *", "week": "? * 1", "month": "1 * ?"}
"""What a cron expression says of days: every one, Sundays, the first of each month."""
_PLAN, _SELECTION = "TablesBackupPlan", "TablesBackupSelection"
_VAULT, _ROLE = "TablesBackupVault", "TablesBackupRole"
_TYPES = {_PLAN: "AWS::Backup::BackupPlan", _SELECTION: "AWS::Backup::BackupSelection"}
_POLICIES = ("AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores")
_VAULT_NAME = re.compile(r"[A-Za-z0-9_-]{2,50}")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When backups are made (UTC), and how long each is kept; ``vault``, ``role``: those that stand, empty to make them."""

    hour: int
    minute: int = 0
    every: str = "day"
    keep_days: int = 35
    vault: str = ""
    role: str = ""

    @property
    def cron(self) -> str:
        """The expression that AWS Backup takes."""
        return f"cron({self.minute} {self.hour} {EVERY[self.every]} *)"


def add_backup_plan(text: Text, schedule: Schedule, tables: tuple[str, ...] = ()) -> Text:
    """The plan written, or brought up to date where it stands. ``tables``: all where none is named. Raises UsageError."""
    if schedule.vault and not _VAULT_NAME.fullmatch(schedule.vault):
        raise UsageError(
            "malformed-option",
            "An option's value is malformed",
            f"{schedule.vault}: a vault's name has 2 to 50 letters, digits, - and _.",
        )
    found = family(text)
    chosen = [found.named(name) for name in tables] or list(found.tables)
    if not chosen:
        raise UsageError("no-tables", "There are no tables", "The template has no DynamoDB table to back up.")
    if all(_is(text, key, kind) for key, kind in _TYPES.items()):
        return _renewed(text, schedule, chosen)
    taken = [key for key in (_VAULT, _ROLE, *_TYPES) if text.at(("Resources", key)) is not None]
    if taken:
        raise UsageError(
            "name-in-use",
            "The name is in use",
            f"{text.path} has a resource {taken[0]} that is not part of a plan of this command's, so it is left alone.",
        )
    return put_entries(
        text, ("Resources",), _resources(schedule, chosen), after=found.tables[-1].logical_id, spaced=True
    )


def _renewed(text: Text, schedule: Schedule, tables: list[Sibling]) -> Text:
    rule: Path = ("Resources", _PLAN, "Properties", "BackupPlan", "BackupPlanRule", 0)
    selection: Path = ("Resources", _SELECTION, "Properties", "BackupSelection")
    values: list[tuple[Path, Value]] = [
        ((*rule, "RuleName"), f"every-{schedule.every}"),
        ((*rule, "ScheduleExpression"), schedule.cron),
        ((*rule, "Lifecycle", "DeleteAfterDays"), schedule.keep_days),
        ((*selection, "Resources"), [_arn(table) for table in tables]),
    ]
    values += [((*rule, "TargetBackupVault"), schedule.vault)] if schedule.vault else []
    values += [((*selection, "IamRoleArn"), schedule.role)] if schedule.role else []
    for where, value in values:
        text = put_value(text, where, value)
    return text


def _resources(schedule: Schedule, tables: list[Sibling]) -> dict[str, Value]:
    made: dict[str, Value] = {}
    if not schedule.vault:
        made[_VAULT] = {
            "Type": "AWS::Backup::BackupVault",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"BackupVaultName": Call("Fn::Sub", "${AWS::StackName}-backups")},
        }
    if not schedule.role:
        trust: Value = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        policies: Value = [
            Call("Fn::Sub", f"arn:${{AWS::Partition}}:iam::aws:policy/service-role/{policy}") for policy in _POLICIES
        ]
        made[_ROLE] = {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": trust, "ManagedPolicyArns": policies},
        }
    rule: dict[str, Value] = {
        "RuleName": f"every-{schedule.every}",
        "TargetBackupVault": schedule.vault or Call("Ref", _VAULT),
        "ScheduleExpression": schedule.cron,
        "Lifecycle": {"DeleteAfterDays": schedule.keep_days},
    }
    made[_PLAN] = {
        "Type": _TYPES[_PLAN],
        "Properties": {
            "BackupPlan": {"BackupPlanName": Call("Fn::Sub", "${AWS::StackName}-tables"), "BackupPlanRule": [rule]}
        },
    }
    made[_SELECTION] = {
        "Type": _TYPES[_SELECTION],
        "Properties": {
            "BackupPlanId": Call("Ref", _PLAN),
            "BackupSelection": {
                "SelectionName": "tables",
                "IamRoleArn": schedule.role or Call("Fn::GetAtt", f"{_ROLE}.Arn"),
                "Resources": [_arn(table) for table in tables],
            },
        },
    }
    return made


def _arn(table: Sibling) -> Value:
    """The table's ARN; of one that is there under a condition only, under that condition."""
    arn = Call("Fn::GetAtt", f"{table.logical_id}.Arn")
    condition = table.node.get("Condition")
    if not isinstance(condition, Scalar):
        return arn
    return Call("Fn::If", [condition.text, arn, Call("Ref", "AWS::NoValue")])


def _is(text: Text, key: str, kind: str) -> bool:
    node = text.at(("Resources", key))
    type_ = node.get("Type") if isinstance(node, Mapping) else None
    return isinstance(type_, Scalar) and type_.text == kind
