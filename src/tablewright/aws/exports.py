"""Exports of tables to S3, over DynamoDB's API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tablewright.aws.clock import utc
from tablewright.aws.session import Session
from tablewright.model.export import Export

__all__ = ["DynamoDBExports"]


class DynamoDBExports:
    """The port ``Exports`` of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, table_arn: str, bucket: str, prefix: str, *, at: datetime | None, token: str) -> Export:
        """ExportTableToPointInTime of whole items, in DynamoDB JSON."""
        request: dict[str, Any] = {
            "TableArn": table_arn,
            "S3Bucket": bucket,
            "ClientToken": token,
            "ExportFormat": "DYNAMODB_JSON",
        }
        if prefix:
            request["S3Prefix"] = prefix
        if at is not None:
            request["ExportTime"] = at
        with self._session.translated("dynamodb"):
            told: Any = self._session.client("dynamodb").export_table_to_point_in_time(**request)
        return _export(told["ExportDescription"])

    def describe(self, arn: str) -> Export:
        with self._session.translated("dynamodb"):
            return _export(self._session.client("dynamodb").describe_export(ExportArn=arn)["ExportDescription"])


def _export(told: Mapping[str, Any]) -> Export:
    manifest = told.get("ExportManifest", "")
    why = ": ".join(told[name] for name in ("FailureCode", "FailureMessage") if told.get(name))
    return Export(
        arn=told["ExportArn"],
        status=told["ExportStatus"],
        folder=f"s3://{told['S3Bucket']}/{manifest.rpartition('/')[0]}" if manifest else "",
        at=utc(told["ExportTime"]) if "ExportTime" in told else None,
        items=told.get("ItemCount"),
        billed_bytes=told.get("BilledSizeBytes"),
        failure=why,
    )
