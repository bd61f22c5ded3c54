"""What DynamoDB refuses or tells and ministack does not: TTL switches, table updates, recovery windows, warm throughput.

Error texts are DynamoDB's own, as users reported them; the amendments run inside logged requests, so what they keep is
replayed like everything else.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from typing import Any

from tablewright.local import table_rules
from tablewright.local.recovery_rules import protected, window

__all__ = ["amend_dynamodb"]

_DEFAULT_RECOVERY_DAYS = 35
_SYSTEM_BACKUP_DAYS = 35

Answer = tuple[int, dict[str, str], bytes]


def amend_dynamodb(dynamodb: types.ModuleType, service: Callable[[str], Any]) -> None:
    """Put the checks in front of ministack's handlers. `service` gives the module of another service."""
    rules = _Rules(dynamodb, service)
    for name, method in (
        ("_update_ttl", rules.update_ttl),
        ("_create_table", rules.create_table),
        ("_update_table", rules.update_table),
        ("_delete_table", rules.delete_table),
        ("_tag_resource", rules.tag_resource),
        ("_put_resource_policy", rules.put_resource_policy),
        ("_enable_kinesis_streaming_destination", rules.enable_kinesis),
        ("_table_description", rules.table_description),
        ("_update_continuous_backups", rules.update_continuous_backups),
        ("_describe_continuous_backups", rules.describe_continuous_backups),
        ("_list_backups", rules.list_backups),
    ):
        setattr(dynamodb, name, method)


class _Rules:
    def __init__(self, module: Any, service: Callable[[str], Any]) -> None:
        self._ddb = module
        self._service = service
        self._update_ttl = module._update_ttl
        self._create_table = module._create_table
        self._update_table = module._update_table
        self._delete_table = module._delete_table
        self._tag_resource = module._tag_resource
        self._put_resource_policy = module._put_resource_policy
        self._enable_kinesis = module._enable_kinesis_streaming_destination
        self._table_description = module._table_description
        self._update_continuous_backups = module._update_continuous_backups
        self._list_backups = module._list_backups

    def _refuse(self, message: str, code: str = "ValidationException") -> Answer:
        refused: Answer = self._ddb.error_response_json(code, message, 400)
        return refused

    def update_ttl(self, data: dict[str, Any]) -> Answer:
        """UpdateTimeToLive, which refuses to switch to what already is."""
        name = self._ddb._normalize_table_name(data.get("TableName"))
        wanted = data.get("TimeToLiveSpecification") or {}
        current = self._ddb._ttl_settings.get(name) or {}
        if name in self._ddb._tables and wanted.get("AttributeName"):
            enabled = current.get("TimeToLiveStatus") == "ENABLED"
            if enabled and current["AttributeName"] != wanted["AttributeName"]:
                return self._refuse(
                    "TimeToLive is active on a different AttributeName: current AttributeName is "
                    f"{current['AttributeName']}"
                )
            if enabled and wanted.get("Enabled"):
                return self._refuse("TimeToLive is already enabled")
            if not enabled and not wanted.get("Enabled"):
                return self._refuse("TimeToLive is already disabled")
        answer: Answer = self._update_ttl(data)
        return answer

    def create_table(self, data: dict[str, Any]) -> Answer:
        """CreateTable, within the limits, remembering what the table is warmed for."""
        if not _restoring(data) and (words := table_rules.creation_refused(data) or self._key_refused(data)):
            return self._refuse(words)
        answer: Answer = self._create_table(data)
        if answer[0] == 200 and self._key_resolved(data):
            name = self._ddb._normalize_table_name(data.get("TableName"))
            answer = self._ddb.json_response({"TableDescription": self.table_description(name)})
        return self._warmed(data, answer)

    def delete_table(self, data: dict[str, Any]) -> Answer:
        """DeleteTable, which a protected table refuses, and which leaves a system backup of one with recovery."""
        name = self._ddb._normalize_table_name(data.get("TableName"))
        table = self._ddb._tables.get(name)
        if table is not None and table.get("DeletionProtectionEnabled"):
            return self._refuse(table_rules.PROTECTED)
        recovers = table is not None and bool(self._ddb._pitr_settings.get(name))
        backed_up = self._system_backup(name) if recovers else None
        answer: Answer = self._delete_table(data)
        if backed_up is not None and answer[0] != 200:
            del self._ddb._backups[backed_up]
        return answer

    def _system_backup(self, name: str) -> str:
        """The backup that is kept for 35 days of a table deleted with point-in-time recovery on (developer guide, "Deleting a
        table with point-in-time recovery enabled"; named ``table-name$DeletedTableBackup``). Its ARN."""
        made: Answer = self._ddb._create_backup({"TableName": name, "BackupName": f"{name}$DeletedTableBackup"})
        arn = str(json.loads(made[2])["BackupDetails"]["BackupArn"])
        details = self._ddb._backups[arn]["BackupDetails"]
        details["BackupType"] = "SYSTEM"
        details["BackupExpiryDateTime"] = details["BackupCreationDateTime"] + _SYSTEM_BACKUP_DAYS * 86400
        return arn

    def list_backups(self, data: dict[str, Any]) -> Answer:
        """ListBackups, which tells a person's own alone unless it is asked for others (API reference, BackupType)."""
        answer: Answer = self._list_backups(data)
        wanted = data.get("BackupType", "USER")
        if answer[0] != 200 or wanted == "ALL":
            return answer
        told = json.loads(answer[2])
        told["BackupSummaries"] = [each for each in told["BackupSummaries"] if each["BackupType"] == wanted]
        listed: Answer = self._ddb.json_response(told)
        return listed

    def table_description(self, name: str) -> dict[str, Any]:
        """A table's description, which always tells its warm throughput."""
        found: dict[str, Any] = self._table_description(name)
        table = self._ddb._tables.get(name) or {}
        if "WarmThroughput" not in table:
            found["WarmThroughput"] = table_rules.default_warm_throughput(table)
        return found

    def _warmed(self, data: dict[str, Any], answer: Answer) -> Answer:
        """The answer to a request that may have warmed the table."""
        wanted = data.get("WarmThroughput")
        if answer[0] != 200 or not isinstance(wanted, dict):
            return answer
        name = self._ddb._normalize_table_name(data.get("TableName"))
        now = self.table_description(name)["WarmThroughput"]
        self._ddb._tables[name]["WarmThroughput"] = {
            **now,
            **{k: int(v) for k, v in wanted.items()},
            "Status": "ACTIVE",
        }
        told: Answer = self._ddb.json_response({"TableDescription": self.table_description(name)})
        return told

    def update_table(self, data: dict[str, Any]) -> Answer:
        """UpdateTable, which does one thing at a time, and gives every index its throughput."""
        name = self._ddb._normalize_table_name(data.get("TableName"))
        table = self._ddb._tables.get(name)
        updates = data.get("GlobalSecondaryIndexUpdates")
        updates = updates if isinstance(updates, list) else []
        if table is not None and sum("Create" in each or "Delete" in each for each in updates) > 1:
            return self._refuse(
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
                "LimitExceededException",
            )
        if table is not None and (
            words := table_rules.update_refused(self.table_description(name), data) or self._key_refused(data)
        ):
            return self._refuse(words)
        if table is not None and data.get("BillingMode") == "PROVISIONED":
            billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
            given = {each["Update"].get("IndexName") for each in updates if isinstance(each.get("Update"), dict)}
            for index in table.get("GlobalSecondaryIndexes", []) if billing != "PROVISIONED" else []:
                if index["IndexName"] not in given:
                    return self._refuse(
                        "One or more parameter values were invalid: ProvisionedThroughput must be specified for index: "
                        f"{index['IndexName']}"
                    )
        answer: Answer = self._update_table(data)
        if answer[0] == 200:
            self._throughput_kept(name, data, updates)
            if self._key_resolved(data) or updates or data.get("BillingMode"):
                answer = self._ddb.json_response({"TableDescription": self.table_description(name)})
        return self._warmed(data, answer)

    def _throughput_kept(self, name: str, data: dict[str, Any], updates: list[dict[str, Any]]) -> None:
        """Keep what ministack drops of an index's throughput, and drop what a change of the billing mode takes away."""
        table = self._ddb._tables[name]
        indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes") or ()}
        if data.get("BillingMode") == "PROVISIONED":
            for holder in (table, *indexes.values()):
                holder.pop("OnDemandThroughput", None)
        for index in indexes.values() if data.get("BillingMode") == "PAY_PER_REQUEST" else ():
            index["ProvisionedThroughput"] = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
        for update in updates:
            changed = update.get("Update") or {}
            for member in ("OnDemandThroughput", "WarmThroughput"):
                if changed.get(member):
                    index = indexes[changed["IndexName"]]
                    index[member] = {**(index.get(member) or {}), **changed[member]}

    def _here(self, arn: str) -> bool:
        """Whether an ARN is of this account and region; what is elsewhere cannot be looked at."""
        return arn.split(":")[3:5] == [self._ddb.get_region(), self._ddb.get_account_id()]

    def _key_asked(self, data: dict[str, Any]) -> str:
        """The KMS key of one's own that a request encrypts with, or empty."""
        wanted = data.get("SSESpecification")
        key = str(wanted.get("KMSMasterKeyId") or "") if isinstance(wanted, dict) and wanted.get("Enabled") else ""
        return "" if "alias/aws/" in key or (key.startswith("arn:") and not self._here(key)) else key

    def _key_refused(self, data: dict[str, Any]) -> str:
        key = self._key_asked(data)
        found = self._service("kms")._resolve_key(key) if key else None
        return table_rules.key_refused(key, found, self._ddb.get_region(), self._ddb.get_account_id()) if key else ""

    def _key_resolved(self, data: dict[str, Any]) -> bool:
        """Describe the table by the key's ARN, whatever the request called the key by. Returns whether there was one."""
        key = self._key_asked(data)
        if key:
            name = self._ddb._normalize_table_name(data.get("TableName"))
            found = self._service("kms")._resolve_key(key)
            self._ddb._tables[name]["SSEDescription"]["KMSMasterKeyArn"] = found["Arn"]
        return bool(key)

    def enable_kinesis(self, data: dict[str, Any]) -> Answer:
        """EnableKinesisStreamingDestination, of a stream that is there."""
        arn = str(data.get("StreamArn") or "")
        if self._ddb._normalize_table_name(data.get("TableName")) in self._ddb._tables and arn and self._here(arn):
            name = arn.partition(":stream/")[2]
            if name not in self._service("kinesis")._streams:
                words = f"Requested resource not found: Kinesis stream: {arn} not found"
                return self._refuse(words, "ResourceNotFoundException")
        answer: Answer = self._enable_kinesis(data)
        return answer

    def put_resource_policy(self, data: dict[str, Any]) -> Answer:
        """PutResourcePolicy, of a document that is one."""
        if data.get("Policy") and (words := table_rules.policy_refused(str(data["Policy"]))):
            return self._refuse(words)
        answer: Answer = self._put_resource_policy(data)
        return answer

    def tag_resource(self, data: dict[str, Any]) -> Answer:
        """TagResource, within the limits."""
        standing = {tag["Key"]: tag["Value"] for tag in self._ddb._tags.get(data.get("ResourceArn")) or []}
        if words := table_rules.tags_refused(data.get("Tags"), standing):
            return self._refuse(words)
        answer: Answer = self._tag_resource(data)
        return answer

    def update_continuous_backups(self, data: dict[str, Any]) -> Answer:
        """UpdateContinuousBackups, which remembers since when and for how many days."""
        name = self._ddb._normalize_table_name(data.get("TableName"))
        before = self._ddb._pitr_settings.get(name)
        wanted = data.get("PointInTimeRecoverySpecification") or {}
        days = wanted.get("RecoveryPeriodInDays", _DEFAULT_RECOVERY_DAYS)
        if "RecoveryPeriodInDays" in wanted and not wanted.get("PointInTimeRecoveryEnabled"):
            return self._refuse(
                "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
            )
        if not isinstance(days, int) or not 1 <= days <= 35:
            return self._refuse("RecoveryPeriodInDays must be between 1 and 35")
        answer: Answer = self._update_continuous_backups(data)
        if answer[0] != 200:
            return answer
        if wanted.get("PointInTimeRecoveryEnabled"):
            kept = before if isinstance(before, dict) else protected(self._ddb.time.time())
            self._ddb._pitr_settings[name] = {**kept, "days": days}
        return self.describe_continuous_backups({"TableName": name})

    def describe_continuous_backups(self, data: dict[str, Any]) -> Answer:
        """DescribeContinuousBackups, with the window that can be restored to."""
        name = self._ddb._normalize_table_name(data.get("TableName"))
        if name not in self._ddb._tables:
            return self._refuse(f"Table not found: {name}", "TableNotFoundException")
        setting = self._ddb._pitr_settings.get(name)
        recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "ENABLED" if setting else "DISABLED"}
        if isinstance(setting, dict):
            earliest, latest = window(setting, self._ddb.time.time())
            recovery["RecoveryPeriodInDays"] = setting["days"]
            recovery["EarliestRestorableDateTime"] = int(earliest)
            recovery["LatestRestorableDateTime"] = int(latest)
        description = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        answer: Answer = self._ddb.json_response({"ContinuousBackupsDescription": description})
        return answer


def _restoring(data: dict[str, Any]) -> bool:
    """Whether ministack makes the table from another's record, whose indexes say more than a request does."""
    indexes = data.get("GlobalSecondaryIndexes")
    return isinstance(indexes, list) and any(isinstance(index, dict) and "IndexArn" in index for index in indexes)
