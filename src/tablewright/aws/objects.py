"""Reading objects of S3, for exports and other files of items."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from tablewright.aws.session import Session

__all__ = ["S3Objects"]


class S3Objects:
    """The port ``Objects``: keys below a prefix, and an object's bytes as they come."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keys(self, bucket: str, prefix: str) -> Sequence[str]:
        with self._session.translated("s3"):
            pages = self._session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [str(entry["Key"]) for page in pages for entry in page.get("Contents", ())]

    def open(self, bucket: str, key: str) -> IO[bytes]:
        with self._session.translated("s3"):
            body = self._session.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
        return io.BufferedReader(_Body(self._session, body), 1 << 18)


class _Body(io.RawIOBase):
    """A streaming body whose errors are ours: a connection that breaks is not the end of the object."""

    def __init__(self, session: Session, body: Any) -> None:
        self._session = session
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        with self._session.translated("s3"):
            try:
                data = self._body.read(len(into))
            except (BotoCoreError, ClientError):
                raise
            except OSError as error:
                raise ConnectionClosedError(endpoint_url="s3", error=error) from error
        into[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()
