"""Changing a table's settings outside its template, for as long as a migration needs it."""

from __future__ import annotations

from tablewright.aws.session import Session

__all__ = ["DynamoDBTableSettings"]


class DynamoDBTableSettings:
    """The port ``TableSettings`` over UpdateTimeToLive."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def switch_ttl(self, name: str, attribute: str, *, enabled: bool) -> None:
        """Ask for TTL on or off; DescribeTimeToLive says when it is. AWS refuses a second change within the hour."""
        with self._session.translated("dynamodb"):
            self._session.dynamodb.update_time_to_live(
                TableName=name, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute}
            )
