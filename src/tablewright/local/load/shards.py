"""Stream shards that roll over, as those of DynamoDB do: a closed shard, and a child that goes on.

The data plane keeps one endless shard a stream; a roll is a position in it. Nothing rolls by itself: a rehearsal asks for it.
Source: Amazon DynamoDB Developer Guide, "Change data capture for DynamoDB Streams" (shards, parents, null NextShardIterator).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tablewright.local.journal import Journal
from tablewright.local.load.plane_view import PlaneView
from tablewright.local.load.tables import Scope

__all__ = ["Shards"]

_KIND = "shard-roll"
_MARK = "shard"
_MOST_LISTED = 100


class Shards:
    """The rolls of every stream: where each shard but the first begins."""

    def __init__(self, journal: Journal, view: PlaneView) -> None:
        self._journal = journal
        self._view = view

    def _rolls(self, arn: str) -> list[dict[str, Any]]:
        return self._journal.list(_KIND, arn)

    def rolled(self, arn: str) -> bool:
        """Whether a stream has more than its first shard."""
        return bool(self._rolls(arn))

    def roll(self, scope: Scope, table: str, now: float) -> str | None:
        """Close the open shard of a table's stream; returns its child's id, or None when there is no stream."""
        held = self._view.table(scope, table)
        arn = str(self._view.description(held).get("LatestStreamArn") or "") if held is not None else ""
        if not arn:
            return None
        position, sequence = self._view.stream_end(scope, table)
        number = len(self._rolls(arn)) + 1
        child = f"shardId-{int(now * 1000):020d}-{number:08x}"
        self._journal.append(_KIND, arn, {"at": position, "id": child, "sequence": sequence})
        return child

    # ---------------------------------------------------------------- requests

    def described(self, body: dict[str, Any], asked: Mapping[str, Any]) -> bool:
        """Make a DescribeStream answer list all shards; returns whether it was changed. The answer must be of a whole stream."""
        about = body["StreamDescription"]
        rolls = self._rolls(about["StreamArn"])
        if not rolls or not about["Shards"]:
            return False
        first = about["Shards"][0]
        shards = [{**first, "SequenceNumberRange": dict(first["SequenceNumberRange"])}]
        for roll in rolls:
            shards[-1]["SequenceNumberRange"]["EndingSequenceNumber"] = roll["sequence"]
            begins = {"StartingSequenceNumber": str(int(roll["sequence"] or 0) + 1)}
            shards.append(
                {"ShardId": roll["id"], "ParentShardId": shards[-1]["ShardId"], "SequenceNumberRange": begins}
            )
        wanted = asked.get("ShardFilter") or {}
        if wanted.get("Type") == "CHILD_SHARDS":
            shards = [shard for shard in shards if shard.get("ParentShardId") == wanted.get("ShardId")]
        names = [shard["ShardId"] for shard in shards]
        start = names.index(asked["ExclusiveStartShardId"]) + 1 if asked.get("ExclusiveStartShardId") in names else 0
        most = min(int(asked.get("Limit") or _MOST_LISTED), _MOST_LISTED)
        about["Shards"] = shards[start : start + most]
        about.pop("LastEvaluatedShardId", None)
        if start + most < len(shards):
            about["LastEvaluatedShardId"] = about["Shards"][-1]["ShardId"]
        return True

    def iterator_asked(self, asked: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """(the request as the data plane takes it, the shard's number) of a GetShardIterator."""
        names = [roll["id"] for roll in self._rolls(str(asked.get("StreamArn", "")))]
        if asked.get("ShardId") not in names:
            return dict(asked), 0
        number = names.index(asked["ShardId"]) + 1
        return {**asked, "ShardId": self._view.only_shard()}, number

    def iterator_given(self, token: str, asked: Mapping[str, Any], number: int) -> str:
        """The iterator to hand out: at the shard's own beginning or end, and marked with the shard's number."""
        rolls = self._rolls(str(asked["StreamArn"]))
        kind, closed = asked.get("ShardIteratorType"), number < len(rolls)
        if kind == "TRIM_HORIZON" and number:
            token = self._view.iterator_at(token, rolls[number - 1]["at"])
        elif kind == "LATEST" and closed:
            token = self._view.iterator_at(token, rolls[number]["at"])
        return f"{_MARK}{number}.{token}" if rolls else token

    def records_asked(self, asked: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
        """(the request as the data plane takes it, how many records the shard still has) of a GetRecords; None for no end."""
        number, token = self.read(str(asked.get("ShardIterator", "")))
        plain = {**asked, "ShardIterator": token}
        arn, position = self._view.iterator_of(token)
        rolls = self._rolls(arn)
        if number >= len(rolls):
            return plain, None
        left = max(rolls[number]["at"] - position, 0)
        return {**plain, "Limit": max(min(int(asked.get("Limit") or 1000), left), 1)}, left

    def records_given(self, body: dict[str, Any], asked: Mapping[str, Any], left: int | None) -> None:
        """Make a GetRecords answer end where the shard ends."""
        number, _ = self.read(str(asked.get("ShardIterator", "")))
        if left is not None:
            body["Records"] = body["Records"][:left]
            if len(body["Records"]) >= left:
                body.pop("NextShardIterator", None)
        if body.get("NextShardIterator") and str(asked.get("ShardIterator", "")).startswith(_MARK):
            body["NextShardIterator"] = f"{_MARK}{number}.{body['NextShardIterator']}"

    @staticmethod
    def read(iterator: str) -> tuple[int, str]:
        """(the shard's number, the data plane's own iterator); a shard that was never rolled is number 0."""
        mark, dot, token = iterator.partition(".")
        if dot and mark.startswith(_MARK) and mark.removeprefix(_MARK).isdigit():
            return int(mark.removeprefix(_MARK)), token
        return 0, iterator
