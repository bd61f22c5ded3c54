"""The tail with its real spool and journal, against a stream that splits and expires, and a process that dies anywhere."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tablewright.errors import Failed
from tablewright.migrate.live.journal import Journal
from tablewright.migrate.live.outputs import key_of
from tablewright.migrate.live.replay import STRANGER, Outputs
from tablewright.migrate.live.spool import Spool
from tablewright.migrate.live.tail.run import Tail, Trimmed
from tablewright.model.stream import StreamPage, StreamRecord, StreamShard
from tablewright.model.table import Key

KEYS = (Key("id", "S", "HASH"),)
TARGET_KEYS = (Key("pk", "S", "HASH"),)
NAMES = ("a", "b", "c", "d")


class Killed(Exception):
    """The process died here."""


class Stream:
    """A stream in memory: shards with parents, pages of two records, iterators that expire when they are told to."""

    def __init__(self) -> None:
        self.shards_held: dict[str, tuple[str, list[StreamRecord], bool]] = {"s0": ("", [], False)}
        self.home = dict.fromkeys(NAMES, "s0")
        self.sequence = 0
        self.generation = 0

    def enable(self, table: str) -> None:
        """It is on."""

    def shards(self, stream_arn: str) -> tuple[StreamShard, ...]:
        return tuple(StreamShard(name, parent) for name, (parent, _, _) in self.shards_held.items())

    def iterator(self, stream_arn: str, shard: str, after: str) -> str:
        records = self.shards_held[shard][1]
        place = next((at + 1 for at, each in enumerate(records) if each.sequence == after), 0)
        return json.dumps([shard, place, self.generation])

    def records(self, stream_arn: str, iterator: str) -> StreamPage:
        shard, place, generation = json.loads(iterator)
        if generation != self.generation:
            raise Failed("iterator-expired", "expired")
        _, records, closed = self.shards_held[shard]
        page = tuple(records[place : place + 2])
        over = closed and place + len(page) >= len(records)
        return StreamPage(page, None if over else json.dumps([shard, place + len(page), generation]))

    def write(self, name: str, old: bytes | None, new: bytes | None) -> None:
        self.sequence += 1
        key = json.dumps({"id": {"S": name}}).encode()
        self.shards_held[self.home[name]][1].append(StreamRecord(str(self.sequence), key, time.time(), old, new))

    def split(self, shard: str, left: frozenset[str]) -> None:
        parent, records, _ = self.shards_held[shard]
        self.shards_held[shard] = (parent, records, True)
        children = [f"s{len(self.shards_held)}", f"s{len(self.shards_held) + 1}"]
        for child in children:
            self.shards_held[child] = (shard, [], False)
        for name in NAMES:
            if self.home[name] == shard:
                self.home[name] = children[name in left]


class Table:
    """The target; dies after so many writes, if it is told to."""

    throttled = 0

    def __init__(self) -> None:
        self.items: dict[bytes, bytes] = {}
        self.lives: int | None = None

    def write(self, puts: object, deletes: object) -> dict[bytes, str]:
        for key, item in [*((key_of(item, TARGET_KEYS), item) for item in puts), *((key, None) for key in deletes)]:  # type: ignore[attr-defined]
            if self.lives is not None:
                if self.lives == 0:
                    raise Killed
                self.lives -= 1
            self.items.pop(key, None)
            if item is not None:
                self.items[key] = item
        return {}

    def read(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        return {key: self.items[key] for key in keys if key in self.items}


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        """Time passes."""


def outputs(item: bytes) -> dict[bytes, bytes]:
    """The value is the target's key: it moves between items."""
    told = json.loads(item)
    made = json.dumps({"pk": {"S": told["v"]["S"]}, "of": told["id"]}).encode()
    return {key_of(made, TARGET_KEYS): made}


class LiveTail(RuleBasedStateMachine):
    """Any order of writes, splits, polls, replays and deaths."""

    def __init__(self) -> None:
        super().__init__()
        self.held = tempfile.TemporaryDirectory()
        self.folder = Path(self.held.name)
        self.stream, self.table = Stream(), Table()
        self.source: dict[str, bytes] = {}
        self._open()

    def _open(self) -> None:
        self.journal = Journal(self.folder / "live.sqlite")
        self.spool = Spool(self.folder / "spool", rotate_bytes=200)
        self.tail = Tail("forward", "arn", self.stream, self.spool, self.journal, Clock(), keys=KEYS, since=0.0)

    def _die(self) -> None:
        self.journal.close()
        self.spool.close()
        self.table.lives = None
        self._open()

    def teardown(self) -> None:
        while self.tail.poll() or self._replay():
            pass
        expected: dict[bytes, bytes] = {}
        for item in self.source.values():
            expected.update(outputs(item))
        met = self.journal.meetings("forward")
        self.journal.close()
        self.spool.close()
        self.held.cleanup()
        assert self.table.items == expected and not met

    def _replay(self, most: int = 50) -> int:
        made: Outputs = outputs
        return self.tail.replay(made, self.table, strangers=True, most=most)  # type: ignore[arg-type]

    @rule(name=st.sampled_from(NAMES), value=st.sampled_from("uvwxyz"))
    def put(self, name: str, value: str) -> None:
        if any(json.loads(item)["v"]["S"] == value for other, item in self.source.items() if other != name):
            return
        new = json.dumps({"id": {"S": name}, "v": {"S": value}}).encode()
        self.stream.write(name, self.source.get(name), new)
        self.source[name] = new

    @rule(name=st.sampled_from(NAMES))
    def remove(self, name: str) -> None:
        if name in self.source:
            self.stream.write(name, self.source.pop(name), None)

    @precondition(lambda self: len(self.stream.shards_held) < 9)
    @rule(left=st.frozensets(st.sampled_from(NAMES)), which=st.integers(0, 8))
    def split(self, left: frozenset[str], which: int) -> None:
        shards = [name for name, (_, _, closed) in self.stream.shards_held.items() if not closed]
        self.stream.split(shards[which % len(shards)], left)

    @rule()
    def poll(self) -> None:
        self.tail.poll()

    @rule(most=st.integers(1, 5))
    def replay(self, most: int) -> None:
        self._replay(most)

    @rule()
    def iterators_expire(self) -> None:
        self.stream.generation += 1

    @rule()
    def die(self) -> None:
        self._die()

    @rule(lives=st.integers(0, 3), most=st.integers(1, 5))
    def die_while_replaying(self, lives: int, most: int) -> None:
        self.table.lives = lives
        try:
            self._replay(most)
        except Killed:
            self._die()
        self.table.lives = None

    @rule(torn=st.integers(1, 20))
    def die_while_spooling(self, torn: int) -> None:
        """The newest file loses its end, as if it had never been written; only where nothing of that was replayed."""
        self.tail.poll()
        files = sorted(self.spool._folder.glob("*.spool"), key=lambda path: path.stat().st_mtime_ns)
        if (
            files
            and not any(shard.replayed for shard in self.tail._shards.values())
            and not any(shard.closed for shard in self.tail._shards.values())
        ):
            data = files[-1].read_bytes()
            files[-1].write_bytes(data[: max(len(data) - torn, 0)])
        self._die()

    @invariant()
    def nothing_is_replayed_that_was_not_spooled(self) -> None:
        assert all(shard.replayed <= shard.spooled for shard in self.tail._shards.values())


LiveTail.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestLiveTail = pytest.mark.slow(LiveTail.TestCase)  # each step is on the disk when it is done


# One thing at a time.


def _tail(folder: Path, stream: Stream, since: float = 0.0) -> Tail:
    return Tail(
        "forward",
        "arn",
        stream,
        Spool(folder / "spool"),
        Journal(folder / "live.sqlite"),
        Clock(),
        keys=KEYS,
        since=since,
    )


def _item(name: str) -> bytes:
    return json.dumps({"id": {"S": name}, "v": {"S": name}}).encode()


def test_a_record_whose_time_is_not_known_is_kept(tmp_path: Path) -> None:
    stream = Stream()
    stream.write("a", None, _item("a"))
    stream.write("b", None, _item("b"))
    records = stream.shards_held["s0"][1]
    records[:] = [replace(records[0], at=0.0), replace(records[1], at=1.0)]
    tail = _tail(tmp_path, stream, since=time.time())
    tail.poll()
    assert tail.counted()[0] == 1  # the other was made long before the tail began


def test_what_ttl_deletes_is_no_writer(tmp_path: Path) -> None:
    """No fence holds it: a table in which items expire all the time could else never be cut over."""
    stream = Stream()
    tail = _tail(tmp_path, stream)
    stream.write("a", _item("a"), None)
    records = stream.shards_held["s0"][1]
    records[:] = [replace(records[0], expired=True)]
    tail.poll()
    assert tail.counted()[0] == 1 and tail.heard_at == 0.0 and tail.newest == 0.0
    stream.write("b", _item("b"), None)
    tail.poll()
    assert tail.heard_at > 0.0 and tail.newest > 0.0


def test_a_shard_that_ended_is_not_silent_before_its_children_are_known(tmp_path: Path) -> None:
    stream = Stream()
    stream.split("s0", frozenset("ab"))
    stream.split("s1", frozenset("ab"))
    tail = _tail(tmp_path, stream)
    hidden = {name: stream.shards_held.pop(name) for name in ("s3", "s4")}
    tail.poll()  # reads s1 to its end
    assert tail.lag().silent_since is None
    stream.shards_held |= hidden
    tail.poll()
    assert tail.lag().silent_since is not None


class Sparse(Stream):
    """A stream of which one shard is idle for hours: so many pages are empty before what stands in it."""

    empty = 50

    def records(self, stream_arn: str, iterator: str) -> StreamPage:
        self.empty -= 1
        return StreamPage((), iterator) if self.empty >= 0 else super().records(stream_arn, iterator)


def test_empty_pages_of_an_old_shard_are_not_its_end(tmp_path: Path) -> None:
    stream = Sparse()
    old = f"shardId-{int((time.time() - 3 * 3600) * 1000):020d}-0a1b"
    stream.shards_held = {old: stream.shards_held["s0"]}
    stream.home = dict.fromkeys(NAMES, old)
    stream.write("a", None, _item("a"))
    tail = _tail(tmp_path, stream)
    while not tail.is_known():
        tail.poll()
    assert tail.counted()[0] == 1


def test_a_process_that_stood_still_for_a_day_notices(tmp_path: Path) -> None:
    stream = Stream()
    tail = _tail(tmp_path, stream)
    tail.poll()
    later = time.time() + 24 * 3600

    class Later(Clock):
        def now(self) -> datetime:
            return datetime.fromtimestamp(later, UTC)

    tail._clock = Later()
    with pytest.raises(Trimmed):
        tail.poll()


def test_who_takes_a_key_from_under_an_item_that_has_not_changed_is_noticed(tmp_path: Path) -> None:
    """That one is on the target by the copy alone: no change tells of it, and what moved is all that is compared later."""
    stream, table, made = Stream(), Table(), outputs
    held = json.dumps({"id": {"S": "b"}, "v": {"S": "t"}}).encode()
    table.items = dict(made(held))
    before = dict(table.items)
    tail = _tail(tmp_path, stream)
    taking = json.dumps({"id": {"S": "a"}, "v": {"S": "t"}}).encode()
    for old, new in ((_item("a"), taking), (taking, _item("a"))):
        stream.write("a", old, new)
        tail.poll()
        tail.replay(made, table, strangers=True)  # type: ignore[arg-type]
        if new == taking:
            (met,) = tail._journal.meetings("forward")
            assert met.sources == (STRANGER, json.dumps({"id": {"S": "a"}}, separators=(",", ":")).encode())
    assert table.items == before | dict(made(_item("a"))) and not tail._journal.meetings("forward")
