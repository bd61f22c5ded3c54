"""Reading tables, over DynamoDB's API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from tablewright.aws.clock import utc
from tablewright.aws.errors import code_of
from tablewright.aws.session import Session
from tablewright.errors import TablewrightError
from tablewright.model.table import (
    Backup,
    Billing,
    Contents,
    ExpirySample,
    Holds,
    Index,
    Key,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Table,
    TimeToLive,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import (
        KeySchemaElementTypeDef,
        ListBackupsInputTypeDef,
        ListTablesInputTypeDef,
        ListTagsOfResourceInputTypeDef,
        ProjectionOutputTypeDef,
        ProvisionedThroughputDescriptionTypeDef,
        ScanInputTypeDef,
        TableDescriptionTypeDef,
    )

__all__ = ["DynamoDBTables"]

_Part = TypeVar("_Part")

_SCAN_LIMIT = 100
"""Items a page of the emptiness check: whether there is one item does not need a megabyte of a live table's capacity."""

_FIVE_YEARS = timedelta(days=5 * 365)

_PASSING = (
    "access-denied",
    "throttled",
    "aws-unavailable",
    "aws-error",
    "aws-validation",
    "not-found",
    "resource-in-use",
)
"""Errors that leave one part of an answer unknown. All others (credentials, network ...) end the whole reading."""


class DynamoDBTables:
    """Tables of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def describe(self, name: str, *, settings: bool = True) -> Table | None:
        """The table with its TTL, recovery window and tags; None only if DynamoDB says that there is none.

        What may not be asked is None (tags: empty) and its reason stands in ``unknown`` under ``ttl``, ``recovery`` or
        ``tags``. ``settings=False`` makes the one call DescribeTable and leaves those out: for polling.
        """
        with self._session.translated("dynamodb"):
            try:
                answer = self._session.dynamodb.describe_table(TableName=name)
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return None
                raise
            table = _table(answer["Table"])
        return self._with_settings(table) if settings else table

    def names(self) -> Iterator[str]:
        """Every table's name (ListTables), page by page."""
        request: ListTablesInputTypeDef = {}
        while True:
            with self._session.translated("dynamodb"):
                answer = self._session.dynamodb.list_tables(**request)
            yield from answer["TableNames"]
            last = answer.get("LastEvaluatedTableName")
            if not last:
                return
            request["ExclusiveStartTableName"] = last

    def contents(self, name: str) -> Contents:
        """Whether the table holds items, by a consistent Scan that only counts; of a global table, one in each region.

        A page without items says nothing while LastEvaluatedKey is set, so it goes on until an item is counted or the key is
        gone. Whatever keeps it from knowing (denied, throttled, a table still being made or restored) is UNKNOWN, with the
        reason. A table that does not exist holds NOTHING, and ``reason`` says that there is none.

        A consistent read is consistent within its region: what was written in another one arrives later (developer guide,
        "How DynamoDB global tables work"), so the replicas are looked at too before a table is said to be empty. One that is
        another account's cannot be, so it is UNKNOWN.
        """
        try:
            if counted := self._counted(name):
                return Contents(Holds.ITEMS, seen=counted)
            with self._session.translated("dynamodb"):
                described = self._session.dynamodb.describe_table(TableName=name)["Table"]
        except TablewrightError as error:
            if error.code == "not-found":
                return self._contents_of_the_unscannable(name)
            return Contents(Holds.UNKNOWN, reason=_reason(error))
        for region, owner in _other_replicas(described):
            if owner:
                why = f"its replica in {region} is of account {owner}, and cannot be looked at from here"
                return Contents(Holds.UNKNOWN, reason=why)
            try:
                counted = self._counted(name, region)
            except TablewrightError as error:
                return Contents(Holds.UNKNOWN, reason=f"its replica in {region} cannot be read: {_reason(error)}")
            if counted:
                return Contents(Holds.ITEMS, seen=counted, reason=f"in its replica in {region}")
        return Contents(Holds.NOTHING)

    def _counted(self, name: str, region: str | None = None) -> int:
        """The items of the first page that has any; 0 only where the table was read to its end."""
        client = self._session.dynamodb if region is None else self._session.elsewhere("dynamodb", region)
        request: ScanInputTypeDef = {
            "TableName": name,
            "ConsistentRead": True,
            "Select": "COUNT",
            "Limit": _SCAN_LIMIT,
        }
        while True:
            with self._session.translated("dynamodb"):
                answer = client.scan(**request)
                counted = int(answer["Count"])
            last = answer.get("LastEvaluatedKey")
            if counted or not last:
                return counted
            request["ExclusiveStartKey"] = last

    def backups(self, name: str) -> tuple[Backup, ...]:
        """On-demand and system backups of tables of this name, newest first.

        Copies that AWS Backup keeps are its own to list, and are not here (ListBackups, API reference).
        """
        request: ListBackupsInputTypeDef = {"TableName": name, "BackupType": "ALL"}
        found: list[Backup] = []
        while True:
            with self._session.translated("dynamodb"):
                answer = self._session.dynamodb.list_backups(**request)
                found += [
                    Backup(
                        arn=b["BackupArn"],
                        name=b["BackupName"],
                        status=b["BackupStatus"],
                        created_at=utc(b["BackupCreationDateTime"]),
                        size_bytes=b.get("BackupSizeBytes", 0),
                        kind=b.get("BackupType", "USER"),
                        table_id=b.get("TableId", ""),
                    )
                    for b in answer["BackupSummaries"]
                ]
            last = answer.get("LastEvaluatedBackupArn")
            if not last:
                return tuple(sorted(found, key=lambda b: b.created_at, reverse=True))
            request["ExclusiveStartBackupArn"] = last

    def expiring(self, name: str, attribute: str, *, now: datetime) -> ExpirySample:
        """How many items of one Scan page TTL on ``attribute`` would delete at ``now``: numbers, past, not over five years."""
        with self._session.translated("dynamodb"):
            answer = self._session.dynamodb.scan(
                TableName=name,
                ConsistentRead=True,  # whether TTL may be switched on is decided by it
                ProjectionExpression="#ttl",
                ExpressionAttributeNames={"#ttl": attribute},
            )
            read = answer["ScannedCount"]
        newest, oldest = now.timestamp(), (now - _FIVE_YEARS).timestamp()
        values = (item.get(attribute, {}) for item in answer["Items"])
        times = (float(str(value["N"])) for value in values if "N" in value)
        return ExpirySample(
            read=read,
            expired=sum(oldest < time <= newest for time in times),
            complete=not answer.get("LastEvaluatedKey"),
        )

    def consumers(self, stream_arn: str) -> tuple[str, ...]:
        """Lambda functions that read the stream (ListEventSourceMappings), by ARN. Other readers leave no trace in AWS."""
        found: list[str] = []
        request: dict[str, str] = {"EventSourceArn": stream_arn}
        while True:
            with self._session.translated("lambda"):
                answer: Mapping[str, Any] = self._session.client("lambda").list_event_source_mappings(**request)
                found += [str(m.get("FunctionArn", m["UUID"])) for m in answer["EventSourceMappings"]]
            marker = answer.get("NextMarker")
            if not marker:
                return tuple(sorted(found))
            request["Marker"] = marker

    def _contents_of_the_unscannable(self, name: str) -> Contents:
        """Scan says "not found" of a table that is still being made as well, and a restore brings items."""
        try:
            table = self.describe(name, settings=False)
        except TablewrightError as error:
            return Contents(Holds.UNKNOWN, reason=_reason(error))
        if table is None:
            return Contents(Holds.NOTHING, reason="there is no such table")
        return Contents(Holds.UNKNOWN, reason=f"the table cannot be read while it is {table.status}")

    def _with_settings(self, table: Table) -> Table:
        unknown: dict[str, str] = {}
        return replace(
            table,
            ttl=_asked(unknown, "ttl", lambda: self._ttl(table.name)),
            recovery=_asked(unknown, "recovery", lambda: self._recovery(table.name)),
            tags=_asked(unknown, "tags", lambda: self._tags(table.arn)) or {},
            unknown=unknown,
        )

    def _ttl(self, name: str) -> TimeToLive:
        with self._session.translated("dynamodb"):
            answer = self._session.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            return TimeToLive(
                status=answer.get("TimeToLiveStatus", "DISABLED"), attribute=answer.get("AttributeName") or None
            )

    def _recovery(self, name: str) -> PointInTimeRecovery:
        with self._session.translated("dynamodb"):
            described = self._session.dynamodb.describe_continuous_backups(TableName=name)
            answer = described["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        earliest, latest = answer.get("EarliestRestorableDateTime"), answer.get("LatestRestorableDateTime")
        return PointInTimeRecovery(
            enabled=answer.get("PointInTimeRecoveryStatus") == "ENABLED",
            earliest=utc(earliest) if earliest else None,
            latest=utc(latest) if latest else None,
            days=answer.get("RecoveryPeriodInDays"),
        )

    def _tags(self, arn: str) -> Mapping[str, str]:
        tags: dict[str, str] = {}
        request: ListTagsOfResourceInputTypeDef = {"ResourceArn": arn}
        while True:
            with self._session.translated("dynamodb"):
                answer = self._session.dynamodb.list_tags_of_resource(**request)
            tags |= {t["Key"]: t["Value"] for t in answer.get("Tags", [])}
            token = answer.get("NextToken")
            if not token:
                return tags
            request["NextToken"] = token


def _asked(unknown: dict[str, str], part: str, question: Callable[[], _Part]) -> _Part | None:
    """The answer to one question about a table; None, with the reason noted, where it may not or cannot be answered."""
    try:
        return question()
    except TablewrightError as error:
        if error.code not in _PASSING:
            raise
        unknown[part] = _reason(error)
        return None


def _reason(error: TablewrightError) -> str:
    return f"{error.summary}: {error.text}" if error.text else error.summary


def _other_replicas(answer: TableDescriptionTypeDef) -> Iterator[tuple[str, str]]:
    """Region and owner of the other replicas, the owner only where it is another account than the table's: those first.

    Asked for by its name, a replica of another account would be taken for a table of ours, or for none (developer guide,
    "Multi-account global tables").
    """
    _, _, _, home, account, _ = answer["TableArn"].split(":", 5)
    told = [(r.get("RegionName", ""), (r.get("ReplicaArn") or "").split(":")) for r in answer.get("Replicas", [])]
    owners = [(region, arn[4] if len(arn) > 4 and arn[4] != account else "") for region, arn in told]
    yield from ((region, owner) for region, owner in owners if owner)
    yield from ((region, "") for region, owner in owners if not owner and region not in ("", home))


def _own_replicas(answer: TableDescriptionTypeDef) -> tuple[str, ...]:
    """The regions of the account's own replicas: another's is made and removed by its own stack there."""
    foreign = {region for region, owner in _other_replicas(answer) if owner}
    named = (replica.get("RegionName", "") for replica in answer.get("Replicas", []))
    return tuple(region for region in named if region and region not in foreign)


def _table(answer: TableDescriptionTypeDef) -> Table:
    types = {a["AttributeName"]: str(a["AttributeType"]) for a in answer.get("AttributeDefinitions", [])}
    on_demand = answer.get("OnDemandThroughput", {})
    stream = answer.get("StreamSpecification", {})
    warm = answer.get("WarmThroughput", {})
    streaming = bool(stream.get("StreamEnabled"))
    changed = answer.get("TableClassSummary", {}).get("LastUpdateDateTime")
    return Table(
        name=answer["TableName"],
        arn=answer["TableArn"],
        id=answer.get("TableId", ""),
        status=answer["TableStatus"],
        keys=_keys(answer["KeySchema"], types),
        billing=_billing(
            answer.get("BillingModeSummary", {}).get("BillingMode"),
            answer.get("ProvisionedThroughput"),
            on_demand.get("MaxReadRequestUnits"),
            on_demand.get("MaxWriteRequestUnits"),
        ),
        created_at=utc(answer["CreationDateTime"]),
        indexes=(
            *(
                Index(
                    name=i["IndexName"],
                    kind="global",
                    keys=_keys(i.get("KeySchema", []), types),
                    projection=i.get("Projection", {}).get("ProjectionType", ""),
                    included=_included(i.get("Projection", {})),
                    status=i.get("IndexStatus", "ACTIVE"),
                    backfilling=i.get("Backfilling", False),
                    item_count=i.get("ItemCount", 0),
                    size_bytes=i.get("IndexSizeBytes", 0),
                )
                for i in answer.get("GlobalSecondaryIndexes", [])
            ),
            *(
                Index(
                    name=i["IndexName"],
                    kind="local",
                    keys=_keys(i.get("KeySchema", []), types),
                    projection=i.get("Projection", {}).get("ProjectionType", ""),
                    included=_included(i.get("Projection", {})),
                    item_count=i.get("ItemCount", 0),
                    size_bytes=i.get("IndexSizeBytes", 0),
                )
                for i in answer.get("LocalSecondaryIndexes", [])
            ),
        ),
        item_count=answer.get("ItemCount", 0),
        size_bytes=answer.get("TableSizeBytes", 0),
        deletion_protection=answer.get("DeletionProtectionEnabled", False),
        table_class=answer.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
        class_changed_at=utc(changed) if changed is not None else None,
        stream_arn=answer.get("LatestStreamArn") if streaming else None,
        stream_view=stream.get("StreamViewType") if streaming else None,
        kms_key=answer.get("SSEDescription", {}).get("KMSMasterKeyArn"),
        replicas=_own_replicas(answer),
        warm_read=warm.get("ReadUnitsPerSecond"),
        warm_write=warm.get("WriteUnitsPerSecond"),
    )


def _keys(schema: Sequence[KeySchemaElementTypeDef], types: Mapping[str, str]) -> tuple[Key, ...]:
    return tuple(Key(k["AttributeName"], types.get(k["AttributeName"], ""), k["KeyType"]) for k in schema)


def _included(projection: ProjectionOutputTypeDef) -> tuple[str, ...]:
    return tuple(projection.get("NonKeyAttributes", []))


def _billing(
    mode: str | None,
    provisioned: ProvisionedThroughputDescriptionTypeDef | None,
    max_read: int | None,
    max_write: int | None,
) -> Billing:
    """DescribeTable leaves BillingModeSummary out of tables that were always provisioned; -1 means no maximum."""
    if mode == "PAY_PER_REQUEST":
        return OnDemand(_maximum(max_read), _maximum(max_write))
    units = provisioned or {}
    return Provisioned(units.get("ReadCapacityUnits", 0), units.get("WriteCapacityUnits", 0))


def _maximum(units: int | None) -> int | None:
    return None if units is None or units < 0 else units
