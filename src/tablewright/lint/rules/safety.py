"""Safety of the data: what a deletion, a replacement or a mistake leaves."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.lint.fixing import insert_attributes
from tablewright.lint.rule import INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import dig, is_off, is_on, number, text
from tablewright.template.resolve import Text

_KEEPS = ("Retain", "RetainExceptOnCreate", "Snapshot")


@rule("TW-SAF-001", "table-not-retained", WARNING, covers=("I3011", "W3011"), policy="deletion-policy")
def table_not_retained(stack: Stack) -> Iterator[Problem]:
    """A table is deleted with its stack, or with its line

    What it finds: a table whose DeletionPolicy or UpdateReplacePolicy is missing or says Delete.
    Why it matters: deleting the stack, removing or renaming the resource, or a change that replaces the table deletes
        it with its items. The policies are two: the first counts for deletions, the second for replacements.
    Instead: DeletionPolicy: RetainExceptOnCreate and UpdateReplacePolicy: Retain.
    When to ignore: the data can be thrown away: a development environment, a cache.
    Source: CloudFormation user guide, "DeletionPolicy attribute" and "UpdateReplacePolicy attribute".
    """
    for table in stack.tables:
        if stack.snippet:
            continue
        missing, deleting = [], []
        for name in ("DeletionPolicy", "UpdateReplacePolicy"):
            value = table.resource.attribute(name)
            if value is None:
                missing.append(name)
            elif text(value) == "Delete":
                deleting.append(name)
        if missing or deleting:
            said = [f"no {name}" for name in missing] + [f"{name}: Delete" for name in deleting]
            yield Problem(
                table.resource.at(deleting[0]) if deleting and not missing else table.position,
                f"{table.called} has {' and '.join(said)}: it can be deleted with its items",
                "Write DeletionPolicy: RetainExceptOnCreate and UpdateReplacePolicy: Retain beside Type.",
                table.logical_id,
                insert_attributes(stack, table.resource, missing) if missing and not deleting else None,
            )


@rule("TW-SAF-002", "no-deletion-protection", WARNING, policy="deletion-protection")
def no_deletion_protection(stack: Stack) -> Iterator[Problem]:
    """Deletion protection is off

    What it finds: a table, or a replica of a global table, whose DeletionProtectionEnabled is not true.
    Why it matters: DeleteTable, called by anyone who may call it, deletes the table at once. DeletionPolicy does not
        help there: it is CloudFormation's.
    Instead: DeletionProtectionEnabled: true. (A create that fails after such a table cannot be rolled back by
        CloudFormation.)
    When to ignore: the table is made to be deleted.
    Source: Security Hub DynamoDB.6; Amazon DynamoDB developer guide, "Using deletion protection".
    """
    for table in stack.tables:
        for value, position, region in table.per_replica("DeletionProtectionEnabled"):
            if is_off(value):
                where = f" in {region}" if region else ""
                yield Problem(
                    position,
                    f"{table.called}{where} is not protected from DeleteTable",
                    "Write DeletionProtectionEnabled: true.",
                    table.logical_id,
                )


@rule("TW-SAF-005", "no-point-in-time-recovery", WARNING, policy="point-in-time-recovery")
def no_point_in_time_recovery(stack: Stack) -> Iterator[Problem]:
    """Point-in-time recovery is off

    What it finds: a table, or a replica of a global table, without PointInTimeRecoveryEnabled true.
    Why it matters: a program that overwrites or deletes the wrong items can then not be undone; DynamoDB keeps nothing
        else.
    Instead: PointInTimeRecoverySpecification: PointInTimeRecoveryEnabled: true. One replica of a global table may be
        enough.
    When to ignore: the data can be made again from elsewhere.
    Source: Security Hub DynamoDB.2; Amazon DynamoDB developer guide, "Point-in-time recovery".
    """
    for table in stack.tables:
        replicas = table.per_replica("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")
        if table.is_global and any(not is_off(value) for value, _, _ in replicas):
            continue
        for value, position, region in replicas[:1]:
            if is_off(value):
                where = f" in {region}" if region else ""
                yield Problem(
                    position,
                    f"{table.called}{where} cannot be restored to an earlier time",
                    "Write PointInTimeRecoverySpecification: PointInTimeRecoveryEnabled: true.",
                    table.logical_id,
                )


@rule("TW-SAF-006", "recovery-period", INFO)
def recovery_period(stack: Stack) -> Iterator[Problem]:
    """How far back recovery reaches is not said, or is short

    What it finds: point-in-time recovery without RecoveryPeriodInDays (35 then), or with fewer than 7 days.
    Why it matters: the period is billed by the size of the table, and a mistake is often found after a weekend.
    Instead: RecoveryPeriodInDays from 7 to 35, as long as your mistakes take to be found.
    When to ignore: 35 days are what you want.
    Source: Template reference, PointInTimeRecoverySpecification.
    """
    for table in stack.tables:
        for spec, position, _ in table.per_replica("PointInTimeRecoverySpecification"):
            if not is_on(dig(spec, "PointInTimeRecoveryEnabled")):
                continue
            days = dig(spec, "RecoveryPeriodInDays")
            count = number(days)
            if days is None:
                yield Problem(
                    position,
                    f"{table.called} can be restored up to 35 days back, by default",
                    resource=table.logical_id,
                )
            elif count is not None and count < 7:
                yield Problem(
                    days.position, f"{table.called} can be restored {count:g} days back only", resource=table.logical_id
                )


@rule("TW-SAF-007", "no-backup-plan", INFO)
def no_backup_plan(stack: Stack) -> Iterator[Problem]:
    """No backup plan stands in the template

    What it finds: a template with tables and without an AWS Backup selection.
    Why it matters: point-in-time recovery reaches 35 days back at most and ends 35 days after the table is deleted; a
        plan keeps copies longer, in another vault, account or region.
    Instead: AWS::Backup::BackupPlan and AWS::Backup::BackupSelection, by tag or by ARN.
    When to ignore: plans are kept centrally and select by tag.
    Source: Security Hub DynamoDB.4.
    """
    if stack.tables and not stack.hidden and not any(True for _ in stack.of("AWS::Backup::BackupSelection")):
        table = stack.tables[0]
        yield Problem(
            table.position, "The template selects none of its tables for AWS Backup", resource=table.logical_id
        )


@rule("TW-SAF-008", "encryption-not-chosen", INFO)
def encryption_not_chosen(stack: Stack) -> Iterator[Problem]:
    """Which key encrypts the table is not said

    What it finds: a table without SSESpecification: a key that AWS owns encrypts it, at no charge.
    Why it matters: data is encrypted in any case. A key of one's own adds an audit trail and revocation, and a charge;
        the key that AWS manages makes access from another account impossible.
    Instead: SSESpecification with a key of your own where you must be able to revoke it.
    When to ignore: the key that AWS owns is enough.
    Source: Amazon DynamoDB developer guide, "DynamoDB encryption at rest".
    """
    for table in stack.tables:
        if table.props.whole and table.get("SSESpecification") is None:
            yield Problem(
                table.position, f"{table.called} is encrypted by a key that AWS owns", resource=table.logical_id
            )


@rule("TW-SAF-014", "custom-table-name", INFO)
def custom_table_name(stack: Stack) -> Iterator[Problem]:
    """The table has a name of its own

    What it finds: a table whose TableName is written out as text.
    Why it matters: a change that needs a replacement fails then, because CloudFormation makes the new table before it
        deletes the old one, and two tables cannot have one name. A second stack in the account meets the same name.
    Instead: no TableName, or one with the stack's or the environment's name in it.
    When to ignore: other systems know the table by its name.
    Source: Template reference, Table (TableName).
    """
    for table in stack.tables:
        if isinstance(table.name, Text) and table.name.literal and not stack.snippet:
            yield Problem(
                table.name.position,
                f"{table.name.text} can stand once in an account and region, and can never be replaced",
                f"Write TableName: !Sub '${{AWS::StackName}}-{table.name.text}', or leave TableName out.",
                table.logical_id,
            )
