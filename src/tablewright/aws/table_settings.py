"""Changing a table's settings outside its template, for as long as a migration needs it."""

from __future__ import annotations

from tablewright.aws.session import Session
from tablewright.errors import TablewrightError

__all__ = ["DynamoDBTableSettings"]


class DynamoDBTableSettings:
    """The port ``TableSettings`` over UpdateTimeToLive."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def switch_ttl(self, name: str, attribute: str, *, enabled: bool) -> None:
        """Ask for TTL on or off; DescribeTimeToLive says when it is. AWS refuses a second change within the hour.

        What is so already is no error: after a lost answer, what is sent again is refused because it is done.
        """
        try:
            with self._session.translated("dynamodb"):
                self._session.dynamodb.update_time_to_live(
                    TableName=name, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute}
                )
        except TablewrightError:
            with self._session.translated("dynamodb"):
                told = self._session.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            stands = ("ENABLED", "ENABLING") if enabled else ("DISABLED", "DISABLING")
            if told.get("TimeToLiveStatus") not in stands or (enabled and told.get("AttributeName") != attribute):
                raise
