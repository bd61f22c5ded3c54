"""A table goes into files and out of them again, over HTTP; an export is read where it lies in S3."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from tablewright.account import open_account
from tablewright.errors import TablewrightError
from tablewright.migrate.checkpoint.record import EndRecord, JobRecord
from tablewright.migrate.checkpoint.store import Checkpoint
from tablewright.migrate.dead_letters import DeadLetters
from tablewright.migrate.engine.run import copy
from tablewright.migrate.engine.values import CopySettings, PageSink, PageSource
from tablewright.migrate.files.opening import open_file_sink, open_file_source
from tablewright.migrate.job import Files
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.transform.unchanged import Unchanged
from tablewright.migrate.wire.door import OpenTable
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account
from tests.conftest import EmbeddedAws
from tests.contract.copying import KEYS, contents, fill, make_table, odd_item
from tests.waiting import until


@pytest.fixture
def here(aws: EmbeddedAws, account: str) -> Account:
    return open_account(region="us-east-1", endpoint_url=aws.endpoint, credentials=Credentials(account, "local"))


def _copied(
    source: OpenTable | PageSource,
    target: OpenTable | PageSink,
    transform: Transform,
    folder: Path,
    segments: int,
    here: Account,
) -> None:
    folder.mkdir()
    record = JobRecord("j", EndRecord("a"), EndRecord("b"), transform.fingerprint, segments)
    with Checkpoint.open(folder / "checkpoint.sqlite", record) as journal:
        letters = DeadLetters(folder / "dead-letters.jsonl")
        asked = copy(
            source,
            target,
            transform=transform,
            journal=journal,
            letters=letters,
            clock=here.clock,
            settings=CopySettings(),
        )
        assert list(asked)


def _table(here: Account, name: str) -> OpenTable:
    assert here.data is not None
    return OpenTable(here.data, name, tuple(key.name for key in KEYS))


@pytest.mark.parametrize(
    ("form", "compression"), [("json", "gzip"), pytest.param("parquet", "zstd", marks=pytest.mark.slow)]
)
@pytest.mark.slow
def test_a_table_goes_into_files_and_comes_back(
    aws: EmbeddedAws, account: str, here: Account, tmp_path: Path, form: str, compression: str
) -> None:
    client = aws.client("dynamodb", account=account)
    for name in ("Source", "Target"):
        make_table(client, name)
    fill(client, "Source", [odd_item(number) for number in range(150)])
    files = Files(str(tmp_path / "out"), form, compression)
    _copied(_table(here, "Source"), open_file_sink(files), Unchanged(KEYS, ()), tmp_path / "there", 3, here)
    written = [each for each in (tmp_path / "out").rglob("*") if each.is_file()]
    assert {each.stat().st_mode & 0o777 for each in written} == {0o600}, "they hold items"
    source = open_file_source(files)
    assert source.expected == 150
    _copied(source, _table(here, "Target"), Unchanged((), KEYS), tmp_path / "back", source.segments, here)
    assert contents(client, "Target") == contents(client, "Source")


def test_an_export_in_s3_is_read(aws: EmbeddedAws, account: str, here: Account) -> None:
    s3 = aws.client("s3", account=account)
    bucket, root = f"exports-{account}", "backups/AWSDynamoDB/01-abc"
    s3.create_bucket(Bucket=bucket)
    body = gzip.compress(b"".join(b'{"Item":{"pk":{"S":"%d"}}}\n' % number for number in range(2000)))
    manifest = {"itemCount": 2000, "md5Checksum": "unused", "dataFileS3Key": f"{root}/data/x.json.gz"}
    s3.put_object(Bucket=bucket, Key=f"{root}/manifest-files.json", Body=orjson.dumps(manifest))
    s3.put_object(Bucket=bucket, Key=f"{root}/manifest-summary.json", Body=orjson.dumps({"itemCount": 2000}))
    s3.put_object(Bucket=bucket, Key=f"{root}/data/x.json.gz", Body=body)
    for path in (f"s3://{bucket}/{root}", f"s3://{bucket}/backups/", f"s3://{bucket}/{root}/data/x.json.gz"):
        source = open_file_source(Files(path), here.objects)
        found, after = 0, None
        while True:
            page = source.read(0, after)
            found, after = found + len(page.items), page.position
            if after is None:
                break
        assert found == 2000
    s3.put_object(Bucket=bucket, Key=f"{root}/data/x.json.gz", Body=body[:-40])
    with pytest.raises(TablewrightError, match=r"A file is not whole"):
        source = open_file_source(Files(f"s3://{bucket}/backups"), here.objects)
        page = source.read(0, None)
        while page.position is not None:
            page = source.read(0, page.position)
    with pytest.raises(TablewrightError) as raised:
        open_file_source(Files(f"s3://{bucket}-nowhere/x"), here.objects)
    assert raised.value.detail


@pytest.mark.slow
def test_what_was_written_can_be_imported_as_a_new_table(
    aws: EmbeddedAws, account: str, here: Account, tmp_path: Path
) -> None:
    """ImportTable takes the data files as they are: DynamoDB JSON, a line an item, gzip."""
    client, s3 = aws.client("dynamodb", account=account), aws.client("s3", account=account)
    make_table(client, "Source")
    # without U+2028, at which the embedded AWS's import takes a line to end
    items = [{**odd_item(number), "text": {"S": '"quoted\\" 🍜'}} for number in range(60)]
    fill(client, "Source", items)
    files = Files(str(tmp_path / "out"))
    _copied(_table(here, "Source"), open_file_sink(files), Unchanged(KEYS, ()), tmp_path / "job", 2, here)
    bucket = f"imports-{account}"
    s3.create_bucket(Bucket=bucket)
    for part in (tmp_path / "out/data").iterdir():
        s3.upload_file(str(part), bucket, f"data/{part.name}")
    described = client.import_table(
        S3BucketSource={"S3Bucket": bucket, "S3KeyPrefix": "data/"},
        InputFormat="DYNAMODB_JSON",
        InputCompressionType="GZIP",
        TableCreationParameters={
            "TableName": "Imported",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )["ImportTableDescription"]

    def over() -> bool:
        nonlocal described
        described = client.describe_import(ImportArn=described["ImportArn"])["ImportTableDescription"]
        return bool(described["ImportStatus"] != "IN_PROGRESS")

    until(over)
    assert (described["ImportStatus"], described["ImportedItemCount"]) == ("COMPLETED", 60)
    assert contents(client, "Imported") == contents(client, "Source")
