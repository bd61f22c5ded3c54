"""One tail: a stream onto the disk by a thread of its own, and from there, window by window, to the other table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tablewright.errors import Failed, TablewrightError
from tablewright.migrate.live.items.run import Items
from tablewright.migrate.live.journal import Journal, Side
from tablewright.migrate.live.outputs import key_of, same_item
from tablewright.migrate.live.replay import STRANGER, Claim, Outputs, taken, touched_keys, window, without
from tablewright.migrate.live.shards import Backlog, Shard, backlog, born, empty_pages, lines, missing, replayable
from tablewright.migrate.live.spool import Spool
from tablewright.model.stream import StreamPage, StreamRecord
from tablewright.model.table import Key
from tablewright.ports import Clock, Streams

__all__ = ["Lag", "Tail", "Trimmed"]

KEPT_S = 24 * 3600.0
"""How long a stream keeps a record (Developer Guide, "Change data capture for DynamoDB Streams")."""
_MARGIN_S = 300.0
"""How much older than the tail's beginning a record may be and still be spooled: more than a read of the copy can lag."""
_DESCRIBE_EVERY_S = 5.0
_NOTED_EVERY_S = 5.0
_PAGES_A_ROUND = 20
_AT_ONCE = 8
_WINDOW = 2000


class Trimmed(Failed):
    """The stream dropped records before they were spooled."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the other table is behind: records spooled and not replayed, and the age of the oldest of them in seconds.

    ``silent_since``: when each open shard had last given all it had, the earliest of them (epoch seconds); None while one
    never has, or a shard has ended of which the children are not known yet.
    """

    records: int
    seconds: float
    silent_since: float | None


class Tail:
    """The spool of one stream, and its replay. ``since`` (epoch seconds): older records have no say."""

    def __init__(
        self,
        side: Side,
        stream_arn: str,
        streams: Streams,
        spool: Spool,
        journal: Journal,
        clock: Clock,
        *,
        keys: Sequence[Key],
        since: float,
        kept_s: float = KEPT_S,
    ) -> None:
        self.side: Side = side
        self._arn = stream_arn
        self._streams = streams
        self._spool = spool
        self._journal = journal
        self._clock = clock
        self._keys = tuple(keys)
        self._since = since - _MARGIN_S
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._iterators: dict[str, str] = {}
        self._described = 0.0
        self._due = True
        self._closed_noted, self._silence_noted = 0, 0.0
        self._oldest = 0.0
        self._childless = False
        self._ahead: dict[str, int] = {}
        self.heard_at = 0.0
        """When a writer's record was last heard of, by this machine's clock in epoch seconds; 0 for not yet."""
        self.newest = 0.0
        """When the newest record of a writer was made, by DynamoDB's clock; 0 for none. No fence holds TTL: it is no writer."""
        self._shards = {
            name: replace(shard, spooled=spool.shard(name).count) for name, shard in journal.shards(side).items()
        }

    # ------------------------------------------------------------- spooling

    def poll(self) -> int:
        """One round over every open shard; returns how many records were spooled. Raises Trimmed."""
        now = self._now()
        if self._due or now - self._described >= _DESCRIBE_EVERY_S:
            self._describe()
        with self._lock:
            open_shards = [shard for shard in self._shards.values() if not shard.closed]
        if not open_shards:
            self._due = True
            return 0
        if len(open_shards) == 1:
            counts = [self._read(open_shards[0])]
        else:
            with ThreadPoolExecutor(min(_AT_ONCE, len(open_shards)), thread_name_prefix="tablewright-stream") as pool:
                counts = list(pool.map(self._read, open_shards))
        self._record(now)
        return sum(counts)

    def _record(self, now: float) -> None:
        """Note which shards are spooled to their end as soon as they are, and when they were silent every few seconds."""
        with self._lock:
            silent = {name: shard.silent_at for name, shard in self._shards.items()}
            closed = [name for name, shard in self._shards.items() if shard.closed]
        if len(closed) != self._closed_noted or now - self._silence_noted > _NOTED_EVERY_S:
            self._journal.heard(self.side, silent, closed)
            self._closed_noted, self._silence_noted = len(closed), now

    def _describe(self) -> None:
        now = self._now()
        try:
            listed = self._streams.shards(self._arn)
        except TablewrightError as error:
            if error.code == "stream-gone":
                raise self._trimmed("-") from error
            raise
        with self._lock:
            lost = missing(self._shards, (shard.id for shard in listed))
            if now - self._described > self._kept_s - _MARGIN_S:  # nobody has looked yet, or this process stood still
                lost += [shard.id for shard in self._shards.values() if not shard.closed and self._is_late(shard, now)]
            if lost:
                raise self._trimmed(lost[0])
            new = [(shard.id, shard.parent) for shard in listed if shard.id not in self._shards]
        if new:
            self._journal.add_shards(self.side, new)
            with self._lock:
                for name, parent in new:
                    self._shards[name] = Shard(name, parent, spooled=self._spool.shard(name).count)
        self._described, self._due, self._childless = now, False, False

    def _is_late(self, shard: Shard, now: float) -> bool:
        """Whether nobody has looked for so long that records may have come and gone unseen."""
        looked = max(shard.silent_at, self._spool.shard(shard.id).last_at)
        return bool(looked) and now - looked > self._kept_s - _MARGIN_S

    def _read(self, shard: Shard) -> int:
        """Spool what an open shard has, some pages of it; returns how many records."""
        spool = self._spool.shard(shard.id)
        number = 0
        for _ in range(_PAGES_A_ROUND):
            asked_at = self._now()
            page = self._page(shard.id, spool.last)
            records = [each for each in page.records if each.at >= self._since or not each.at]  # 0: it is not known
            number += len(records)
            written = [each.at for each in records if not each.expired]
            if written:
                self.heard_at = max(self.heard_at, self._now())
                self.newest = max(self.newest, *written)
            spooled = spool.append(records)
            closed = page.next is None
            with self._lock:
                if page.next is None:
                    self._iterators.pop(shard.id, None)
                    self._due = self._childless = True  # it may have children
                else:
                    self._iterators[shard.id] = page.next
                held = self._shards[shard.id]
                self._ahead[shard.id] = self._pages_ahead(shard.id, page)
                at_end = closed or (not page.records and not self._ahead[shard.id])
                silent = asked_at if at_end else held.silent_at
                self._shards[shard.id] = replace(held, spooled=spooled, closed=closed, silent_at=silent)
            if at_end:
                break
        return number

    def _pages_ahead(self, shard: str, page: StreamPage) -> int:
        """How many more empty pages are waited for before the shard counts as read to its end."""
        if not page.records:
            return max(self._ahead.get(shard, 0) - 1, 0)
        newest = page.records[-1].at
        return empty_pages(self._now() - newest) if newest else 0

    def _page(self, shard: str, after: str) -> StreamPage:
        """One page of a shard. An iterator that has expired is asked for anew, behind the last record on the disk."""
        for _ in range(3):
            try:
                iterator = self._iterators.get(shard)
                if iterator is None:
                    iterator = self._streams.iterator(self._arn, shard, after)
                    begun = self._spool.shard(shard).last_at or born(shard)
                    self._ahead[shard] = empty_pages(self._now() - begun) if begun else 0
                return self._streams.records(self._arn, iterator)
            except TablewrightError as error:
                self._iterators.pop(shard, None)
                if error.code == "iterator-expired":
                    continue
                if error.code in ("records-trimmed", "stream-gone"):
                    raise self._trimmed(shard) from error
                raise
        self._ahead[shard] = self._ahead.get(shard, 0) + 2  # nothing was read
        return StreamPage((), self._streams.iterator(self._arn, shard, after))

    def _trimmed(self, shard: str) -> Trimmed:
        return Trimmed(
            "stream-trimmed",
            "The stream dropped changes before they were kept",
            f"Shard {shard} of {self._arn} was not read to its end within the 24 hours for which a stream keeps its records, or "
            "the stream was turned off. What was lost cannot be replayed, so the other table cannot be brought up to date.",
        )

    # -------------------------------------------------------------- replaying

    def replay(
        self,
        outputs: Outputs,
        items: Items,
        *,
        remember: bool = True,
        strangers: bool = False,
        kept: Callable[[Sequence[bytes]], Collection[bytes]] = lambda keys: (),
        moves: Callable[[], bool] = lambda: True,
        most: int = _WINDOW,
    ) -> int:
        """Bring one window to the other table; returns how many records it had. 0: nothing may be replayed now.

        ``remember``: whether keys can meet (``replay``). ``strangers``: whether an item that has not changed can be met.
        ``kept``: which of these keys, that are to be deleted, are not, because an item that has not changed has them.
        ``moves``: whether what moves is to be compared later on, asked when it has been written.
        """
        records, positions = self._next(most)
        if not records:
            return 0
        claims = self._journal.claims(self.side, touched_keys(records, outputs)) if remember else []
        if strangers:
            claims += self._strangers(records, outputs, items, claims)
        found = window(records, outputs, claims, same_item)
        spared = set(kept(found.deletes)) if found.deletes else set()
        refused = items.write(found.puts.values(), [key for key in found.deletes if key not in spared])
        if refused:
            found = without(found, refused, records)
            items.write((), refused)
        self._journal.replayed(self.side, found, positions, remember=remember, moves=moves())
        with self._lock:
            for name, number in positions.items():
                self._shards[name] = replace(self._shards[name], replayed=number)
        for name, number in positions.items():
            self._spool.shard(name).forget(number)
        return len(records)

    def _strangers(
        self, records: Sequence[StreamRecord], outputs: Outputs, items: Items, claims: Sequence[Claim]
    ) -> list[Claim]:
        """Claims of whoever stands under a key that is taken; on the disk before that is overwritten."""
        written = taken(records, outputs, claims)
        there = items.read(written) if written else {}
        found = [
            Claim(target, STRANGER, item)
            for target, item in there.items()
            if not any(same_item(item, each) for each in written[target])
        ]
        if found:
            self._journal.claimed(self.side, found)
        return found

    def _next(self, most: int) -> tuple[list[StreamRecord], Mapping[str, int]]:
        with self._lock:
            ready = replayable(self._shards)
        records: list[StreamRecord] = []
        positions: dict[str, int] = {}
        self._oldest = 0.0
        for shard in ready:
            if len(records) >= most:
                break
            part = self._spool.shard(shard.id).read(
                shard.replayed, min(most - len(records), shard.spooled - shard.replayed)
            )
            records += [replace(each, key=key_of(each.key, self._keys)) for each in part]
            positions[shard.id] = shard.replayed + len(part)
            self._oldest = min([each.at for each in part] + ([self._oldest] if self._oldest else []))
        return records, positions

    def unreplayed(self, most: int) -> list[StreamRecord]:
        """Up to so many records that are spooled and not replayed, in order for each key, but for what TTL deleted."""
        with self._lock:
            shards = lines(self._shards)
        found: list[StreamRecord] = []
        for shard in shards:
            number = shard.replayed
            while number < shard.spooled and len(found) < most:  # a reading has so many bytes at most
                part = self._spool.shard(shard.id).read(number, min(most, shard.spooled - number))
                number += len(part)
                found += [replace(each, key=key_of(each.key, self._keys)) for each in part if not each.expired]
        return found[:most]

    def lag(self) -> Lag:
        """How far the other table is behind, as far as the stream has been read."""
        found = self.backlog()
        now = self._now()
        behind = max(now - self._oldest, 0.0) if found.records and self._oldest else 0.0
        return Lag(found.records, behind, None if self._childless else found.silent_since)

    def backlog(self) -> Backlog:
        """What is spooled and not replayed."""
        with self._lock:
            return backlog(self._shards)

    def counted(self) -> tuple[int, int, int, int]:
        """(records spooled, records replayed, shards, open shards)."""
        with self._lock:
            shards = list(self._shards.values())
        opened = sum(not shard.closed for shard in shards)
        return sum(each.spooled for each in shards), sum(each.replayed for each in shards), len(shards), opened

    @property
    def described_at(self) -> float:
        """When the stream was last seen to be on, in epoch seconds by this machine's clock."""
        return self._described

    def look_again(self) -> None:
        """Look at the stream itself in the next round: whether it is on, and which shards it has."""
        self._due = True

    def is_known(self) -> bool:
        """Whether every open shard has been read to its end once."""
        return self.lag().silent_since is not None

    def _now(self) -> float:
        return self._clock.now().timestamp()
