"""A template of more bytes than a request takes: rehearsed with --local at once, and AWS's own wish for a bucket said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faces.conftest import Client
from tests.faces.shell import Ran

Run = Callable[..., Ran]

TEMPLATE = """\
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
Metadata:
"""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A folder with a template of some 60,000 bytes."""
    (tmp_path / "t.yaml").write_text(TEMPLATE + "".join(f"  N{n}: {'x' * 990}\n" for n in range(60)))
    return tmp_path


@pytest.mark.parametrize(
    ("more", "bucket"),
    [((), "tablewright-templates-{}"), (("--s3-bucket", "acme-templates"), "acme-templates")],
    ids=["none named", "the team's"],
)
def test_it_is_rehearsed_without_a_bucket_being_made_first(
    more: tuple[str, ...], bucket: str, large: Path, run: Run, client: Client
) -> None:
    region = "eu-west-1" if more else "us-east-1"
    bucket, stack = bucket.format(region), f"large-{region}"
    words = ("t.yaml", "--stack", stack, "--local", "--region", region, *more)
    planned = run("plan", *words, cwd=large)
    assert planned.code == 0, planned.err
    assert "+ add  Table" in planned.out
    ran = run("deploy", *words, "--yes", cwd=large)
    assert ran.code == 0, ran.err
    assert ("from a bucket only" in ran.err) is (not more)
    keys = [one["Key"] for one in client("s3", region).list_objects_v2(Bucket=bucket)["Contents"]]
    assert any(key.startswith(f"tablewright/{stack}/") for key in keys)


def test_elsewhere_a_bucket_that_is_not_there_is_named_and_not_made(large: Path, run: Run, client: Client) -> None:
    assert run("local", "start").code == 0
    words = ("--endpoint-url", client("s3").meta.endpoint_url, "--region", "us-east-1", "--s3-bucket", "not-there")
    ran = run(
        "deploy", "t.yaml", "--stack", "s", *words, cwd=large, env={"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
    )  # fmt: skip
    assert ran.code == 2
    assert "not-there does not exist, and no bucket is ever made for you" in " ".join(ran.err.split())
    assert "not-there" not in [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
