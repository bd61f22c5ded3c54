"""Exports to S3, written: what the data plane alone only says is done.

The layout is that of ExportTableToPointInTime (developer guide, "DynamoDB table export output format"). An export holds the
table as it was at the export time. What is not imitated is refused by name.
"""

from __future__ import annotations

import gzip
import json
import types
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from tablewright.local.recovery_rules import items_at, window

__all__ = ["amend_exports"]

Answer = tuple[int, dict[str, str], bytes]
_A_FILE = 10_000
"""Items in one data file; how many AWS puts into one is not told."""


def amend_exports(dynamodb: types.ModuleType, s3: Callable[[], Any]) -> None:
    """Let exports be written; ``s3`` gives the module that keeps objects."""
    rules = _Rules(dynamodb, s3)
    dynamodb._export_table_to_point_in_time = rules.export  # type: ignore[attr-defined]
    dynamodb._describe_export = rules.describe  # type: ignore[attr-defined]


class _Rules:
    def __init__(self, module: Any, s3: Callable[[], Any]) -> None:
        self._ddb, self._s3 = module, s3
        self._export, self._describe = module._export_table_to_point_in_time, module._describe_export

    def export(self, data: dict[str, Any]) -> Answer:
        """ExportTableToPointInTime: the files are there at once, the export is COMPLETED when it is asked about later."""
        name = self._ddb._table_name_from_arn(data.get("TableArn") or "")
        if name in self._ddb._tables and not self._ddb._pitr_settings.get(name):
            return self._refuse(
                "PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table '{name}'"
            )
        if data.get("ExportFormat") == "ION" or data.get("ExportType") == "INCREMENTAL_EXPORT":
            return self._refuse("ValidationException", "The embedded AWS exports whole tables in DYNAMODB_JSON only")
        if name in self._ddb._tables and data.get("ExportTime") is not None:
            earliest, _ = window(self._ddb._pitr_settings[name], self._ddb.time.time())
            if not int(earliest) <= float(data["ExportTime"]) <= self._ddb.time.time():
                return self._refuse("InvalidExportTimeException", "Invalid export time")
        known = set(self._ddb._exports)
        answer: Answer = self._export(data)
        for arn in set(self._ddb._exports) - known:
            self._write(name, self._ddb._exports[arn], data.get("S3Prefix") or "")
        return answer

    def describe(self, data: dict[str, Any]) -> Answer:
        """DescribeExport, with what was written; an export into a bucket that is not there FAILED."""
        answer: Answer = self._describe(data)
        kept = self._ddb._exports.get(data.get("ExportArn"))
        if answer[0] != 200 or kept is None or kept["ExportStatus"] == "IN_PROGRESS":
            return answer
        written = kept.get("_written") or {}
        kept |= {key: value for key, value in written.items() if key != "ExportStatus"}
        if written.get("ExportStatus") == "FAILED":
            kept["ExportStatus"] = "FAILED"
            for gone in ("ExportManifest", "ItemCount", "BilledSizeBytes"):
                kept.pop(gone, None)
        told: Answer = self._ddb.json_response(
            {"ExportDescription": {key: value for key, value in kept.items() if not key.startswith("_")}}
        )
        return told

    def _write(self, table: str, export: dict[str, Any], prefix: str) -> None:
        bucket, arn = export["S3Bucket"], export["ExportArn"]
        head = (f"{prefix.rstrip('/')}/" if prefix else "") + f"AWSDynamoDB/{arn.rpartition('/')[2]}"
        asked = "ExportTime" in export
        export["ExportTime"] = export.get("ExportTime", export["StartTime"])
        if not self._put(bucket, f"{head}/_started", b""):
            export["_written"] = {
                "ExportStatus": "FAILED",
                "FailureCode": "S3NoSuchBucket",
                "FailureMessage": "The specified bucket does not exist",
            }
            return
        at = float(export["ExportTime"])
        then = items_at(self._ddb, table, at) if asked else self._ddb._tables[table].get("items", {})
        items = [item for partition in then.values() for item in partition.values()]
        lines, size = [], 0
        for number, begin in enumerate(range(0, len(items), _A_FILE)):
            part = items[begin : begin + _A_FILE]
            text = "".join(json.dumps({"Item": item}, ensure_ascii=False, default=str) + "\n" for item in part).encode()
            body = gzip.compress(text, mtime=0)  # the same bytes when the request is performed again
            key = f"{head}/data/{number:020d}.json.gz"
            self._put(bucket, key, body)
            size += len(text)
            told = {
                "itemCount": len(part),
                "md5Checksum": _digest(body),
                "etag": md5(body).hexdigest(),
                "dataFileS3Key": key,
            }
            lines.append(json.dumps(told) + "\n")
        self._put_with_digest(bucket, f"{head}/manifest-files", "".join(lines).encode())
        summary = {
            "version": "2020-06-30",
            "exportArn": arn,
            "startTime": _moment(export["StartTime"]),
            "endTime": _moment(export["StartTime"]),
            "tableArn": export["TableArn"],
            "tableId": export["TableId"],
            "exportTime": _moment(export["ExportTime"]),
            "s3Bucket": bucket,
            "s3Prefix": prefix or None,
            "s3SseAlgorithm": export.get("S3SseAlgorithm", "AES256"),
            "s3SseKmsKeyId": export.get("S3SseKmsKeyId"),
            "manifestFilesS3Key": f"{head}/manifest-files.json",
            "billedSizeBytes": size,
            "itemCount": len(items),
            "outputFormat": "DYNAMODB_JSON",
            "exportType": "FULL_EXPORT",
        }
        self._put_with_digest(bucket, f"{head}/manifest-summary", json.dumps(summary).encode())
        export["_written"] = {
            "ItemCount": len(items),
            "BilledSizeBytes": size,
            "ExportManifest": f"{head}/manifest-summary.json",
        }

    def _put_with_digest(self, bucket: str, key: str, body: bytes) -> None:
        self._put(bucket, f"{key}.json", body)
        self._put(bucket, f"{key}.md5", _digest(body).encode())

    def _put(self, bucket: str, key: str, body: bytes) -> bool:
        return bool(self._s3()._put_object(bucket, key, body, {})[0] == 200)

    def _refuse(self, code: str, message: str) -> Answer:
        refused: Answer = self._ddb.error_response_json(code, message, 400)
        return refused


def _digest(body: bytes) -> str:
    return b64encode(md5(body).digest()).decode()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
