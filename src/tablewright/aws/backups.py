"""Backups over DynamoDB's API, and the settings that a restore does not bring back over the services that hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from tablewright.aws.clock import utc
from tablewright.aws.once import found_after_all, may_be_done, sent
from tablewright.aws.session import Session
from tablewright.aws.table_policies import DynamoDBTablePolicies
from tablewright.aws.tables import DynamoDBTables
from tablewright.errors import Failed, TablewrightError
from tablewright.model.keeping import BackedUp, Keeping, Scaling
from tablewright.model.putback import (
    PutBack,
    SetInsights,
    SetKinesis,
    SetPolicy,
    SetProtection,
    SetRecovery,
    SetScaling,
    SetStream,
    SetTags,
    SetTtl,
)
from tablewright.model.table import Backup

__all__ = ["DynamoDBBackups"]

_PASSING = ("access-denied", "throttled", "aws-unavailable", "aws-error", "aws-validation", "not-found")
"""Errors that leave one setting unread; all others end the reading."""
_DEFAULT_MODE = "ACCESSED_AND_THROTTLED_KEYS"

_Part = TypeVar("_Part")


class DynamoDBBackups:
    """The port ``Backups`` of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _dynamodb(self) -> Any:
        return self._session.client("dynamodb")

    def create(self, table: str, name: str) -> Backup:
        """Begin a backup; it holds the table as it is when DynamoDB takes the request. ``name`` must be new.

        Raises Failed ``backup-unsure`` where the answer is lost and no backup of the name is seen.
        """
        try:
            return sent(lambda: self._create(table, name))
        except TablewrightError as error:
            if not may_be_done(error):
                raise
            listed = DynamoDBTables(self._session)
            made = found_after_all(lambda: next((b for b in listed.backups(table) if b.name == name), None))
            if made is not None:
                return made
            raise Failed(
                "backup-unsure",
                "Whether the backup was begun is not known",
                f"{error.summary}. No backup {name} of {table} is seen; it may be there yet. {_NOT_AGAIN}",
            ) from error

    def _create(self, table: str, name: str) -> Backup:
        with self._session.translated("dynamodb"):
            answer = self._session.once("dynamodb").create_backup(TableName=table, BackupName=name)
            return _backup(answer["BackupDetails"])

    def describe(self, arn: str) -> BackedUp | None:
        """The backup; None if there is none (any more)."""
        try:
            with self._session.translated("dynamodb"):
                answer = self._dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
        except TablewrightError as error:
            if error.code == "not-found":
                return None
            raise
        source = answer["SourceTableDetails"]
        return BackedUp(
            backup=_backup(answer["BackupDetails"]),
            table=source["TableName"],
            table_arn=source.get("TableArn", ""),
            table_id=source.get("TableId", ""),
            items=source.get("ItemCount", 0),
            size_bytes=source.get("TableSizeBytes", 0),
        )

    def delete(self, arn: str) -> None:
        """Delete a backup; one that is not there any more is no error."""
        try:
            with self._session.translated("dynamodb"):
                self._dynamodb.delete_backup(BackupArn=arn)
        except TablewrightError as error:
            if error.code != "not-found":
                raise

    def restore(self, arn: str, target: str) -> None:
        """RestoreTableFromBackup. Raises Failed ``restore-unsure`` where the answer is lost and no such table is seen."""
        self._restored("restore_table_from_backup", {"BackupArn": arn}, target)

    def restore_to(self, source: str, target: str, *, at: Any) -> None:
        """RestoreTableToPointInTime, at a time or at the latest. Raises as ``restore`` does."""
        when = {"RestoreDateTime": at} if at is not None else {"UseLatestRestorableTime": True}
        self._restored("restore_table_to_point_in_time", {"SourceTableName": source, **when}, target)

    def _restored(self, operation: str, request: Mapping[str, Any], target: str) -> None:
        def ask() -> None:
            with self._session.translated("dynamodb"):
                getattr(self._session.once("dynamodb"), operation)(TargetTableName=target, **request)

        try:
            sent(ask)
        except TablewrightError as error:
            if not may_be_done(error):
                raise
            if not found_after_all(lambda: self._is_restored_from(target, request) or None):
                raise Failed(
                    "restore-unsure",
                    "Whether the restore was begun is not known",
                    f"{error.summary}. No table {target} that was restored so is seen; it may be there yet. {_NOT_AGAIN}",
                ) from error

    def _is_restored_from(self, target: str, request: Mapping[str, Any]) -> bool:
        """Whether the table says that it comes from there: another may have made one of the name meanwhile."""
        with self._session.translated("dynamodb"):
            told = self._dynamodb.describe_table(TableName=target)["Table"].get("RestoreSummary", {})
        if "BackupArn" in request:
            return bool(told.get("SourceBackupArn") == request["BackupArn"])
        source = str(told.get("SourceTableArn", "")).rpartition("/")[2]
        return "SourceBackupArn" not in told and source == request["SourceTableName"]

    def keeping(self, table: str) -> Keeping:
        """Every setting that a restore does not bring back, asked one by one."""
        unread: dict[str, str] = {}
        with self._session.translated("dynamodb"):
            described = self._dynamodb.describe_table(TableName=table)["Table"]
        arn = described["TableArn"]
        stream = described.get("StreamSpecification", {})
        indexes = [index["IndexName"] for index in described.get("GlobalSecondaryIndexes", [])]
        return Keeping(
            ttl=_asked(unread, "TTL", lambda: self._ttl(table)),
            recovery_days=_asked(unread, "point-in-time recovery", lambda: self._recovery(table)),
            protection=described.get("DeletionProtectionEnabled", False),
            tags=_asked(unread, "tags", lambda: self._tags(arn)) or {},
            policy=_asked(unread, "the table's own policy", lambda: self._policy(arn)),
            stream=stream.get("StreamViewType") if stream.get("StreamEnabled") else None,
            insights=_asked(unread, "contributor insights", lambda: self._insights(table, indexes)) or {},
            kinesis=_asked(unread, "Kinesis destinations", lambda: self._kinesis(table)) or (),
            scaling=_asked(unread, "auto scaling", lambda: self._scaling(table)) or (),
            unread=unread,
        )

    def put_back(self, table: str, step: PutBack) -> None:
        """Do one step; returns before slow ones have taken effect."""
        match step:
            case SetInsights():
                self._put_insights(table, step)
            case SetKinesis():
                self._put_kinesis(table, step)
            case SetPolicy():
                self._put_policy(table, step)
            case SetProtection():
                self._put_protection(table, step)
            case SetRecovery():
                self._put_recovery(table, step)
            case SetScaling():
                self._put_scaling(table, step)
            case SetStream():
                self._put_stream(table, step)
            case SetTags():
                self._put_tags(table, step)
            case SetTtl():
                self._put_ttl(table, step)

    def remove(self, table: str) -> None:
        """DeleteTable, asked for once: what is sent again might meet another table of the name."""
        try:
            sent(lambda: self._remove(table))
        except TablewrightError as error:
            if not may_be_done(error) or not found_after_all(lambda: self._is_going(table) or None):
                raise

    def _remove(self, table: str) -> None:
        with self._session.translated("dynamodb"):
            self._session.once("dynamodb").delete_table(TableName=table)

    def _is_going(self, table: str) -> bool:
        described = DynamoDBTables(self._session).describe(table, settings=False)
        return described is None or described.status == "DELETING"

    # What is asked.

    def _ttl(self, table: str) -> str | None:
        with self._session.translated("dynamodb"):
            told = self._dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        return told.get("AttributeName") if told.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") else None

    def _recovery(self, table: str) -> int | None:
        with self._session.translated("dynamodb"):
            told = self._dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        recovery = told.get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            return None
        return int(recovery.get("RecoveryPeriodInDays", 35))

    def _tags(self, arn: str) -> Mapping[str, str]:
        pages = self._pages("dynamodb", "list_tags_of_resource", {"ResourceArn": arn})
        return {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", [])}

    def _policy(self, arn: str) -> str | None:
        return DynamoDBTablePolicies(self._session).get(arn).text or None

    def _insights(self, table: str, indexes: list[str]) -> Mapping[str, str]:
        found = {}
        for index in ("", *indexes):
            named = {"IndexName": index} if index else {}
            with self._session.translated("dynamodb"):
                told = self._dynamodb.describe_contributor_insights(TableName=table, **named)
            if told.get("ContributorInsightsStatus") in ("ENABLED", "ENABLING"):
                found[index] = told.get("ContributorInsightsMode") or _DEFAULT_MODE
        return found

    def _kinesis(self, table: str) -> tuple[str, ...]:
        with self._session.translated("dynamodb"):
            told = self._dynamodb.describe_kinesis_streaming_destination(TableName=table)
        return tuple(
            each["StreamArn"]
            for each in told.get("KinesisDataStreamDestinations", [])
            if each.get("DestinationStatus") in ("ACTIVE", "ENABLING")
        )

    def _scaling(self, table: str) -> tuple[Scaling, ...]:
        policies: dict[tuple[str, str], list[dict[str, object]]] = {}
        for page in self._pages(
            "application-autoscaling", "describe_scaling_policies", {"ServiceNamespace": "dynamodb"}
        ):
            for each in page["ScalingPolicies"]:
                told = {
                    "PolicyName": each["PolicyName"],
                    "PolicyType": each["PolicyType"],
                    "TargetTrackingScalingPolicyConfiguration": each.get(
                        "TargetTrackingScalingPolicyConfiguration", {}
                    ),
                }
                policies.setdefault((each["ResourceId"], each["ScalableDimension"]), []).append(told)
        found = []
        for page in self._pages(
            "application-autoscaling", "describe_scalable_targets", {"ServiceNamespace": "dynamodb"}
        ):
            for each in page["ScalableTargets"]:
                _, name, *rest = each["ResourceId"].split("/")
                if name == table:
                    found.append(
                        Scaling(
                            index=rest[1] if len(rest) == 2 else "",
                            dimension=each["ScalableDimension"],
                            minimum=each["MinCapacity"],
                            maximum=each["MaxCapacity"],
                            role=each.get("RoleARN", ""),
                            policies=tuple(policies.get((each["ResourceId"], each["ScalableDimension"]), ())),
                        )
                    )
        return tuple(found)

    # What is put back.

    def _put_ttl(self, table: str, step: SetTtl) -> None:
        with self._session.translated("dynamodb"):
            self._dynamodb.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": step.attribute}
            )

    def _put_recovery(self, table: str, step: SetRecovery) -> None:
        wish: dict[str, object] = {"PointInTimeRecoveryEnabled": True}
        if step.days != 35:
            wish["RecoveryPeriodInDays"] = step.days
        with self._session.translated("dynamodb"):
            self._dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=wish)

    def _put_protection(self, table: str, step: SetProtection) -> None:
        with self._session.translated("dynamodb"):
            self._dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)

    def _put_tags(self, table: str, step: SetTags) -> None:
        with self._session.translated("dynamodb"):
            self._dynamodb.tag_resource(
                ResourceArn=self._arn(table), Tags=[{"Key": k, "Value": v} for k, v in step.tags.items()]
            )

    def _put_policy(self, table: str, step: SetPolicy) -> None:
        with self._session.translated("dynamodb"):
            self._dynamodb.put_resource_policy(ResourceArn=self._arn(table), Policy=json.dumps(json.loads(step.text)))

    def _put_stream(self, table: str, step: SetStream) -> None:
        with self._session.translated("dynamodb"):
            self._dynamodb.update_table(
                TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": step.view}
            )

    def _put_insights(self, table: str, step: SetInsights) -> None:
        named = {"IndexName": step.index} if step.index else {}
        mode = {"ContributorInsightsMode": step.mode} if step.mode != _DEFAULT_MODE else {}
        with self._session.translated("dynamodb"):
            self._dynamodb.update_contributor_insights(
                TableName=table, ContributorInsightsAction="ENABLE", **named, **mode
            )

    def _put_kinesis(self, table: str, step: SetKinesis) -> None:
        with self._session.translated("dynamodb"):
            self._dynamodb.enable_kinesis_streaming_destination(TableName=table, StreamArn=step.stream)

    def _put_scaling(self, table: str, step: SetScaling) -> None:
        scaling = step.scaling
        where = {
            "ServiceNamespace": "dynamodb",
            "ResourceId": f"table/{table}" + (f"/index/{scaling.index}" if scaling.index else ""),
            "ScalableDimension": scaling.dimension,
        }
        client = self._session.client("application-autoscaling")
        with self._session.translated("application-autoscaling"):
            client.register_scalable_target(**where, MinCapacity=scaling.minimum, MaxCapacity=scaling.maximum)
            for policy in scaling.policies:
                client.put_scaling_policy(**where, **policy)

    def _arn(self, table: str) -> str:
        with self._session.translated("dynamodb"):
            return str(self._dynamodb.describe_table(TableName=table)["Table"]["TableArn"])

    def _pages(self, service: str, operation: str, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        asked = dict(request)
        while True:
            with self._session.translated(service):
                page: Mapping[str, Any] = getattr(self._session.client(service), operation)(**asked)
            yield page
            if not page.get("NextToken"):
                return
            asked["NextToken"] = page["NextToken"]


def _backup(details: Mapping[str, Any]) -> Backup:
    return Backup(
        arn=details["BackupArn"],
        name=details["BackupName"],
        status=details["BackupStatus"],
        created_at=utc(details["BackupCreationDateTime"]),
        size_bytes=details.get("BackupSizeBytes", 0),
        kind=details.get("BackupType", "USER"),
    )


_NOT_AGAIN = "It was not asked for again, since DynamoDB may have begun it. Look before you run it again."


def _asked(unread: dict[str, str], part: str, question: Callable[[], _Part]) -> _Part | None:
    try:
        return question()
    except TablewrightError as error:
        if error.code not in _PASSING:
            raise
        unread[part] = f"{error.summary}: {error.text}" if error.text else error.summary
        return None
