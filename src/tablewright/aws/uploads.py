"""Putting a template where CloudFormation can read it, over S3's API."""

from __future__ import annotations

from urllib.parse import quote

from tablewright.aws.session import Session

__all__ = ["S3Uploads"]


class S3Uploads:
    """Uploads to a bucket that exists already; none is ever made."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, bucket: str, key: str, body: str) -> str:
        """Store the template, encrypted by the bucket's default, and return the URL for TemplateURL."""
        with self._session.translated("s3"):
            client = self._session.client("s3")
            client.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="text/plain; charset=utf-8")
        path = f"{bucket}/{quote(key)}"
        if self._session.endpoint is not None:
            return f"{self._session.endpoint}/{path}"
        suffix = "amazonaws.com.cn" if self._session.region.startswith("cn-") else "amazonaws.com"
        return f"https://s3.{self._session.region}.{suffix}/{path}"
