"""The manifest of an export, as DynamoDB's ExportTableToPointInTime writes it; ours have the same form.

``manifest-summary.json`` says what was exported, ``manifest-files.json`` has a line for each data file. Source: Amazon DynamoDB
Developer Guide, "DynamoDB table export output format".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from tablewright.errors import UsageError

__all__ = ["FILES", "SUMMARY", "DataFile", "read_files", "read_summary", "write_files"]

SUMMARY, FILES = "manifest-summary.json", "manifest-files.json"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file. ``md5``: base64 of the digest of its bytes; ``items``: how many it holds; None where that is unknown."""

    name: str
    items: int | None = None
    md5: str | None = None


def read_files(text: bytes, where: str) -> tuple[DataFile, ...]:
    """The data files of ``manifest-files.json``: a line each. Raises UsageError."""
    files = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            told = orjson.loads(line)
            files.append(DataFile(str(told["dataFileS3Key"]), told.get("itemCount"), told.get("md5Checksum")))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise UsageError(
                "manifest-malformed",
                "The export's manifest cannot be read",
                f"{where}, line {number} is no JSON object with a dataFileS3Key.",
            ) from None
    return tuple(files)


def read_summary(text: bytes, where: str) -> int | None:
    """How many items the export holds. Raises UsageError for an export that is not of whole items in DynamoDB's JSON."""
    try:
        told = orjson.loads(text)
        form, kind = told.get("outputFormat", "DYNAMODB_JSON"), told.get("exportType", "FULL_EXPORT")
        count: int | None = told.get("itemCount")
    except (orjson.JSONDecodeError, AttributeError):
        raise UsageError(
            "manifest-malformed", "The export's manifest cannot be read", f"{where} is no JSON object."
        ) from None
    if form not in ("DYNAMODB_JSON", "tablewright/parquet", "tablewright/csv"):
        raise UsageError(
            "export-format",
            "The export's format is not read",
            f"{where} says {form}. Exports in DynamoDB JSON are read; export again with ExportFormat=DYNAMODB_JSON.",
        )
    if kind != "FULL_EXPORT":
        raise UsageError(
            "export-incremental",
            "The export holds changes, not items",
            f"{where} says {kind}. A full export is read: its files hold every item as it was at one moment.",
        )
    return count


def write_files(files: Iterable[DataFile]) -> bytes:
    """``manifest-files.json``."""
    lines = [{"itemCount": file.items, "md5Checksum": file.md5, "dataFileS3Key": file.name} for file in files]
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)
