"""Reading objects of S3, for exports and other files of items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

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
        stream: Any = _Body(self._session, body)
        return stream  # type: ignore[no-any-return]


class _Body:
    """A streaming body whose errors are ours: a connection that breaks is not the end of the object."""

    def __init__(self, session: Session, body: Any) -> None:
        self._session = session
        self._body = body

    def __enter__(self) -> _Body:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int = -1) -> bytes:
        with self._session.translated("s3"):
            try:
                return bytes(self._body.read(None if size < 0 else size))
            except (BotoCoreError, ClientError):
                raise
            except OSError as error:
                from botocore.exceptions import ConnectionClosedError

                raise ConnectionClosedError(endpoint_url="s3", error=error) from error

    def close(self) -> None:
        self._body.close()
