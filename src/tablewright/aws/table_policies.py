"""A table's own policy (resource-based policy), read and written as text."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from tablewright.aws.errors import code_of
from tablewright.aws.session import Session
from tablewright.errors import Failed
from tablewright.model.table_policy import TablePolicy

__all__ = ["DynamoDBTablePolicies"]

_NONE = "NO_POLICY"
"""ExpectedRevisionId of a table that must have no policy (PutResourcePolicy, API reference)."""


class DynamoDBTablePolicies:
    """The port ``TablePolicies`` of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, table_arn: str) -> TablePolicy:
        """The policy as it stands, by a read that may lag behind the last change by some seconds (GetResourcePolicy)."""
        with self._session.translated("dynamodb"):
            try:
                answer: Any = self._session.dynamodb.get_resource_policy(ResourceArn=table_arn)
            except ClientError as error:
                if code_of(error) == "PolicyNotFoundException":
                    return TablePolicy(None, None, _time_of(error.response))
                raise
        return TablePolicy(answer["Policy"], answer["RevisionId"], _time_of(answer))

    def put(self, table_arn: str, text: str, *, expected: str | None) -> str:
        """Put it in place of the revision ``expected`` (None: of none); returns its revision. Failed ``policy-changed``."""
        with self._session.translated("dynamodb"):
            try:
                answer = self._session.dynamodb.put_resource_policy(
                    ResourceArn=table_arn, Policy=text, ExpectedRevisionId=expected or _NONE
                )
            except ClientError as error:
                raise _changed(error, table_arn) or error from error
            return answer["RevisionId"]

    def delete(self, table_arn: str, *, expected: str | None) -> None:
        """Remove the revision ``expected``; None: whatever there is, nothing included. Failed ``policy-changed``."""
        request: dict[str, Any] = {"ResourceArn": table_arn}
        if expected is not None:
            request["ExpectedRevisionId"] = expected
        with self._session.translated("dynamodb"):
            try:
                self._session.dynamodb.delete_resource_policy(**request)
            except ClientError as error:
                raise _changed(error, table_arn) or error from error


def _changed(error: ClientError, table_arn: str) -> Failed | None:
    if code_of(error) != "PolicyNotFoundException":
        return None
    text = str(error.response.get("Error", {}).get("Message", ""))
    return Failed("policy-changed", "The table's policy was changed by somebody else", f"{table_arn}: {text}")


def _time_of(answer: Any) -> datetime:
    """The time in the answer's Date header: AWS's clock is the one that a policy's conditions are held against."""
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        moment = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
