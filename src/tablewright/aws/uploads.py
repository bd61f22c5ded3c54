"""Putting a template where CloudFormation can read it, over S3's API."""

from __future__ import annotations

from urllib.parse import quote

from tablewright.aws.session import Session
from tablewright.errors import UsageError

__all__ = ["S3Uploads"]


class S3Uploads:
    """Uploads to a bucket that exists already; none is ever made, unless ``makes`` says so: on the embedded AWS."""

    def __init__(self, session: Session, *, makes: bool = False) -> None:
        self._session = session
        self._makes = makes

    def put(self, bucket: str, key: str, body: str) -> str:
        """Store the template, encrypted by the bucket's default, and return the URL for TemplateURL."""
        try:
            self._store(bucket, key, body)
        except UsageError as error:
            if error.code != "no-such-bucket":
                raise
            if not self._makes:
                raise UsageError(
                    "no-such-bucket",
                    "There is no such bucket",
                    f"{bucket} does not exist, and no bucket is ever made for you. Name one of yours in {self._session.region} "
                    "with --s3-bucket, or as s3_bucket in tablewright.toml.",
                ) from error
            self._make(bucket)
            self._store(bucket, key, body)
        path = f"{bucket}/{quote(key)}"
        if self._session.endpoint is not None:
            return f"{self._session.endpoint}/{path}"
        suffix = "amazonaws.com.cn" if self._session.region.startswith("cn-") else "amazonaws.com"
        return f"https://s3.{self._session.region}.{suffix}/{path}"

    def _store(self, bucket: str, key: str, body: str) -> None:
        with self._session.translated("s3"):
            client = self._session.client("s3")
            client.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="text/plain; charset=utf-8")

    def _make(self, bucket: str) -> None:
        """Source: Amazon S3 API reference, CreateBucket: us-east-1 is no LocationConstraint, any other region is one."""
        region = self._session.region
        there = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with self._session.translated("s3"):
            self._session.client("s3").create_bucket(Bucket=bucket, **there)
