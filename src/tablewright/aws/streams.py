"""DynamoDB Streams over boto3: shards, and records with their images as DynamoDB JSON."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from tablewright.aws.clock import utc
from tablewright.aws.errors import code_of
from tablewright.aws.session import Session
from tablewright.errors import Failed, TablewrightError
from tablewright.model.stream import StreamPage, StreamRecord, StreamShard

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams.client import DynamoDBStreamsClient

__all__ = ["DynamoDBStreams"]

_TTL = "dynamodb.amazonaws.com"
_BOTH: Literal["NEW_AND_OLD_IMAGES"] = "NEW_AND_OLD_IMAGES"


class DynamoDBStreams:
    """The port ``Streams`` of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _streams(self) -> DynamoDBStreamsClient:
        client: DynamoDBStreamsClient = self._session.client("dynamodbstreams")
        return client

    def enable(self, table: str) -> None:
        """Turn the stream on, with both images (UpdateTable); returns before it is on. One that is on so already is no error:
        after a lost answer, what is sent again is refused because it is done.
        """
        try:
            with self._session.translated("dynamodb"):
                self._session.dynamodb.update_table(
                    TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": _BOTH}
                )
        except TablewrightError:
            with self._session.translated("dynamodb"):
                told = self._session.dynamodb.describe_table(TableName=table)["Table"].get("StreamSpecification", {})
            if not told.get("StreamEnabled") or told.get("StreamViewType") != _BOTH:
                raise

    def shards(self, stream_arn: str) -> tuple[StreamShard, ...]:
        """Every shard that is listed, over all pages of DescribeStream. Failed ``stream-gone`` for one that is turned off."""
        found: list[StreamShard] = []
        request: dict[str, Any] = {"StreamArn": stream_arn}
        while True:
            with self._told(stream_arn):
                answer = self._streams.describe_stream(**request)["StreamDescription"]
            if answer.get("StreamStatus") in ("DISABLING", "DISABLED"):
                # Its records can be read for 24 hours more, but the table's changes are in it no longer.
                raise Failed("stream-gone", "The stream was turned off", f"{stream_arn} is {answer['StreamStatus']}.")
            found += [StreamShard(each["ShardId"], each.get("ParentShardId", "")) for each in answer.get("Shards", [])]
            last = answer.get("LastEvaluatedShardId")
            if not last:
                return tuple(found)
            request["ExclusiveStartShardId"] = last

    def iterator(self, stream_arn: str, shard: str, after: str) -> str:
        """Where to read on: behind the record with that sequence number, or at the shard's beginning for ""."""
        request: dict[str, Any] = {"StreamArn": stream_arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        if after:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        with self._told(stream_arn):
            return str(self._streams.get_shard_iterator(**request)["ShardIterator"])

    def records(self, stream_arn: str, iterator: str) -> StreamPage:
        """One GetRecords: up to 1,000 records or 1 MB."""
        with self._told(stream_arn):
            answer = self._streams.get_records(ShardIterator=iterator)
            after = answer.get("NextShardIterator")
            # No iterator means that the shard has ended, so it must be an answer that is without one.
            told = answer["Records"] if after is None else answer.get("Records", [])
            records = tuple(_record(each) for each in told)
        return StreamPage(records, after)

    def _told(self, stream_arn: str) -> _Told:
        return _Told(self._session, stream_arn)


class _Told:
    """Within it, the errors that only streams have come out as the port says."""

    def __init__(self, session: Session, stream_arn: str) -> None:
        self._inner = session.translated("dynamodbstreams")
        self._stream = stream_arn

    def __enter__(self) -> None:
        self._inner.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ClientError):
            code = code_of(error)
            text = str(error.response.get("Error", {}).get("Message", ""))
            if code == "ExpiredIteratorException":
                raise Failed("iterator-expired", "The shard iterator has expired", text) from error
            if code == "TrimmedDataAccessException":
                raise Failed("records-trimmed", "The stream has dropped records", text) from error
            if code == "ResourceNotFoundException":
                raise Failed("stream-gone", "There is no such stream or shard", f"{self._stream}: {text}") from error
        self._inner.__exit__(kind, error, trace)


def _record(told: Mapping[str, Any]) -> StreamRecord:
    about = told["dynamodb"]
    at = about.get("ApproximateCreationDateTime")
    identity = told.get("userIdentity") or {}
    return StreamRecord(
        sequence=about["SequenceNumber"],
        key=_json(about["Keys"]),
        at=utc(at).timestamp() if at is not None else 0.0,
        old=_json(about["OldImage"]) if "OldImage" in about else None,
        new=_json(about["NewImage"]) if "NewImage" in about else None,
        expired=(identity.get("type"), identity.get("principalId")) == ("Service", _TTL),
    )


def _json(item: Mapping[str, Any]) -> bytes:
    """An item as botocore gives it (binary values as bytes), in DynamoDB's JSON; names sorted, so that equal keys are equal."""
    return json.dumps(item, default=_binary, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _binary(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    raise TypeError(f"no part of an item: {value!r}")
