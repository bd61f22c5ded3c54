"""Exports to S3 on the embedded AWS: the files that AWS writes, what is refused, and the same after a restart.

Source: DynamoDB developer guide, "DynamoDB table export output format"; API reference, ExportTableToPointInTime.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import EmbeddedAws
from tests.contract.load_support import item, started, table
from tests.waiting import until


def _made(client: Any) -> str:
    table(client, "orders", sort=True)
    for number in range(5):
        client.put_item(TableName="orders", Item={**item(f"키{number}"), "sk": {"S": "a"}, "b": {"B": b"\x00\xff"}})
    client.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    return str(client.describe_table(TableName="orders")["Table"]["TableArn"])


def _ended(client: Any, arn: str) -> dict[str, Any]:
    def told() -> dict[str, Any] | None:
        found: dict[str, Any] = client.describe_export(ExportArn=arn)["ExportDescription"]
        return found if found["ExportStatus"] != "IN_PROGRESS" else None

    ended = until(told)
    assert ended is not None
    return ended


@pytest.mark.slow
def test_an_export_is_there_to_be_read_and_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with started(tmp_path) as aws:
        client, s3 = aws.client("dynamodb"), aws.client("s3")
        s3.create_bucket(Bucket="exports")
        arn = client.export_table_to_point_in_time(TableArn=_made(client), S3Bucket="exports", S3Prefix="daily")
        arn = arn["ExportDescription"]["ExportArn"]
        told = _ended(client, arn)
        before = _objects(s3)

    assert (told["ExportStatus"], told["ItemCount"]) == ("COMPLETED", 5)
    head = f"daily/AWSDynamoDB/{arn.rpartition('/')[2]}"
    assert told["ExportManifest"] == f"{head}/manifest-summary.json"
    summary = json.loads(before[f"{head}/manifest-summary.json"])
    assert (summary["itemCount"], summary["outputFormat"], summary["exportArn"]) == (5, "DYNAMODB_JSON", arn)
    [line] = before[summary["manifestFilesS3Key"]].splitlines()
    file = json.loads(line)
    body = before[file["dataFileS3Key"]]
    assert file["md5Checksum"] == b64encode(md5(body).digest()).decode()
    items = [json.loads(each)["Item"] for each in gzip.decompress(body).splitlines()]
    assert sorted(each["pk"]["S"] for each in items) == [f"키{number}" for number in range(5)]
    assert all(each["b"] == {"B": "AP8="} for each in items)
    with started(tmp_path) as aws:
        assert _objects(aws.client("s3")) == before


def _objects(s3: Any) -> dict[str, bytes]:
    found = s3.list_objects_v2(Bucket="exports").get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket="exports", Key=each["Key"])["Body"].read() for each in found}


@pytest.mark.slow
def test_what_an_export_cannot_be(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("dynamodb", account=account)
    arn = _made(client)

    failed = client.export_table_to_point_in_time(TableArn=arn, S3Bucket="nowhere")["ExportDescription"]["ExportArn"]
    told = _ended(client, failed)
    assert (told["ExportStatus"], told["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    client.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    with pytest.raises(ClientError) as refused:
        client.export_table_to_point_in_time(TableArn=arn, S3Bucket="nowhere")
    assert refused.value.response["Error"]["Code"] == "PointInTimeRecoveryUnavailableException"
