"""The order in which the shards of a stream may be replayed; pure.

A record of a child shard may be a later change of a key whose earlier change stands in its parent, or further up: a child
waits until all its ancestors have been replayed to their ends. Between other shards there is no order, and none is needed: a key
is in one line of descent only. Source: Amazon DynamoDB Developer Guide, "Change data capture for DynamoDB Streams".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Backlog", "Shard", "backlog", "born", "empty_pages", "lines", "missing", "replayable"]


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard as far as it has been spooled and replayed; ``spooled`` and ``replayed`` count its records.

    ``closed``: its end has been spooled. ``silent_at``: when it last had nothing more to give, in epoch seconds; 0 for never.
    """

    id: str
    parent: str = ""
    spooled: int = 0
    replayed: int = 0
    closed: bool = False
    silent_at: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether all of it has been replayed."""
        return self.closed and self.replayed >= self.spooled


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far the replay is behind: records that are spooled and not replayed, and whether every open shard gave all it had."""

    records: int
    silent_since: float | None
    """The time at which each open shard had nothing more to give, the earliest of them; None if one has not, or none is known."""


def replayable(shards: Mapping[str, Shard]) -> list[Shard]:
    """The shards whose records may be replayed now, those with something to replay, parents always before children."""
    return [each for each in shards.values() if each.replayed < each.spooled and _line_done(each, shards)]


def _line_done(shard: Shard, shards: Mapping[str, Shard]) -> bool:
    """Whether every ancestor is done: a parent that never had a record is done before its own parent is."""
    parent = shards.get(shard.parent)
    while parent is not None:  # one that is not listed any more was trimmed before the spool began
        if not parent.is_done:
            return False
        parent = shards.get(parent.parent)
    return True


def lines(shards: Mapping[str, Shard]) -> list[Shard]:
    """All shards, parents always before children."""

    def depth(shard: Shard) -> int:
        parent, steps = shards.get(shard.parent), 0
        while parent is not None:
            parent, steps = shards.get(parent.parent), steps + 1
        return steps

    return sorted(shards.values(), key=depth)


def missing(known: Mapping[str, Shard], listed: Iterable[str]) -> list[str]:
    """Known shards that the stream lists no more though they were not spooled to their end: their rest is lost."""
    there = set(listed)
    return [each.id for each in known.values() if not each.closed and each.id not in there]


def backlog(shards: Mapping[str, Shard]) -> Backlog:
    """How far the replay is behind."""
    waiting = sum(each.spooled - each.replayed for each in shards.values())
    silences = [each.silent_at for each in shards.values() if not each.closed]
    # A stream that is on has an open shard, though it may not be listed yet.
    return Backlog(waiting, min(silences) if silences and all(silences) else None)


_BORN = re.compile(r"shardId-0*(\d{13})-\w+")
_PASSED_S = 60.0
"""How much of an idle shard's time one empty page is taken to pass over; AWS gives no figure."""
_KEPT_S = 24 * 3600.0


def born(shard: str) -> float:
    """When a shard began, as AWS's shard ids tell it (milliseconds; not documented); 0 for an id of another form."""
    found = _BORN.fullmatch(shard)
    return int(found[1]) / 1000 if found is not None else 0.0


def empty_pages(age_s: float) -> int:
    """How many empty pages may come before the end of a shard that is read on from a place so old.

    "It might take multiple calls to get to a portion of the shard that contains stream records" (API reference, GetRecords): an
    iterator that was made anew is not at the end because one page is empty.
    """
    return int(min(max(age_s, 0.0), _KEPT_S) / _PASSED_S)
