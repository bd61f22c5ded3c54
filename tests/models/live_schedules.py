"""A random schedule of a live migration: many keys and writes, shards that split, a copy by pages, a tail by windows, crashes.

Everything that can interleave does so by chance: each step is one of those that are possible. At the end the target must hold
the transformed source: no item lost, none that should be gone, none of an older state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from tablewright.migrate.live.replay import STRANGER, Claim, taken, touched_keys, window
from tablewright.migrate.live.shards import Shard, replayable
from tablewright.model.stream import StreamRecord

KEYS = tuple(f"k{n}" for n in range(5))
VALUES = tuple(range(7))
TRANSFORMS = ("unchanged", "moving", "sifted", "spread", "refusing")
Item = tuple[str, int, int]
"""Key, value, and the number of the write that made it: so that an older state of an item is told from a newer one."""


def become(transform: str, item: Item) -> Mapping[bytes, bytes]:
    """What an item of the source becomes. Raises ValueError for one that cannot be transformed."""
    key, value, made = item
    body = b"%b/%d/%d" % (key.encode(), value, made)
    if transform == "refusing" and value % 3 == 0:
        raise ValueError(str(value))
    if transform == "moving":
        return {b"v%d" % value: body}
    if transform == "sifted":
        return {key.encode(): body} if value % 2 else {}
    if transform == "spread":
        return {key.encode(): body, b"v%d" % value: b"of %b" % key.encode()}
    return {key.encode(): body}


def _image(item: Item) -> bytes:
    return b"%b,%d,%d" % (item[0].encode(), item[1], item[2])


def _item(image: bytes) -> Item:
    key, value, made = image.decode().split(",")
    return key, int(value), int(made)


class Schedule:
    """One run. ``steps`` counts what was done."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.transform = self.chance.choice(TRANSFORMS)
        self.unique = self.transform in ("moving", "spread")
        self.made = 0
        self.source: dict[str, Item] = {}
        self.before: dict[str, Item | None] = {}
        self.target: dict[bytes, bytes] = {}
        self.records: dict[str, list[StreamRecord]] = {"s0": []}
        self.shards: dict[str, Shard] = {"s0": Shard("s0")}
        self.home = dict.fromkeys(KEYS, "s0")
        self.claims: dict[tuple[bytes, bytes], Claim] = {}
        self.unread = list(KEYS)
        self.in_flight: list[tuple[str, Item]] = []
        self.aside: set[str] = set()
        self.steps = self.crashes = 0
        for key in KEYS:
            if self.chance.random() < 0.6:
                self._write(key, streamed=False)
        self.writes = self.chance.randrange(4, 16)

    def run(self) -> None:
        """To the end. Raises AssertionError if it is not the right one."""
        while self.writes or self.unread or self.in_flight or self._behind():
            self.steps += 1
            self._step()
        expected: dict[bytes, bytes] = {}
        refused = set()
        for key, item in self.source.items():
            try:
                expected.update(become(self.transform, item))
            except ValueError:
                refused.add(key)
        assert self.target == expected, (self.transform, self.target, expected)
        assert self.aside == refused
        held = [target for target, _ in self.claims]
        assert len(held) == len(set(held))  # nothing met, and nothing is taken for a meeting

    def _behind(self) -> bool:
        return any(shard.replayed < len(self.records[name]) for name, shard in self.shards.items())

    def _step(self) -> None:
        what = self.chance.random()
        copying = bool(self.unread or self.in_flight)
        if self.writes and what < 0.45:
            self.writes -= 1
            self._write(self.chance.choice(KEYS))
        elif what < 0.5 and len(self.shards) < 7:
            self._split()
        elif copying:
            self._copy()
        else:
            self._replay()

    # ------------------------------------------------------- the application

    def _write(self, key: str, streamed: bool = True) -> None:
        old = self.source.get(key)
        taken = {item[1] for item in self.source.values() if item[0] != key}
        free = [value for value in VALUES if not self.unique or value not in taken]
        new: Item | None = None
        if free and (old is None or self.chance.random() < 0.75):
            self.made += 1
            new = (key, self.chance.choice(free), self.made)
        if new is None and old is None:
            return
        self.before[key] = old
        if new is None:
            del self.source[key]
        else:
            self.source[key] = new
        if streamed:
            shard = self.records[self.home[key]]
            images = [None if item is None else _image(item) for item in (old, new)]
            shard.append(StreamRecord(str(len(shard)), key.encode(), 0.0, images[0], images[1]))

    def _split(self) -> None:
        """Close an open shard; its keys go to two children."""
        parent = self.chance.choice([name for name, shard in self.shards.items() if not shard.closed])
        self.shards[parent] = replace(self.shards[parent], closed=True)
        children = [f"s{len(self.shards)}", f"s{len(self.shards) + 1}"]
        for child in children:
            self.shards[child] = Shard(child, parent)
            self.records[child] = []
        for key in KEYS:
            if self.home[key] == parent:
                self.home[key] = self.chance.choice(children)

    # ---------------------------------------------------------------- the copy

    def _copy(self) -> None:
        if self.in_flight and (not self.unread or self.chance.random() < 0.5):
            key, item = self.in_flight.pop(self.chance.randrange(len(self.in_flight)))
            if self.chance.random() < 0.15:
                # A crash: this write may have arrived, the others not, and all of them are read again.
                if self.chance.random() < 0.5:
                    self.target.update(become(self.transform, item))
                self.unread += [key, *(other for other, _ in self.in_flight)]
                self.in_flight.clear()
                self.crashes += 1
                return
            self.target.update(become(self.transform, item))
            return
        key = self.unread.pop(self.chance.randrange(len(self.unread)))
        found = self.source.get(key)
        if self.chance.random() < 0.2 and any(record.key == key.encode() for record in self.records[self.home[key]]):
            found = self.before.get(key)  # an eventually consistent read
        if found is None:
            return
        try:
            become(self.transform, found)
        except ValueError:
            self.aside.add(key)
        else:
            self.in_flight.append((key, found))

    # ---------------------------------------------------------------- the tail

    def _replay(self) -> None:
        spooled = {name: replace(shard, spooled=len(self.records[name])) for name, shard in self.shards.items()}
        ready = replayable(spooled)
        if not ready:
            return
        self.chance.shuffle(ready)
        changes: list[StreamRecord] = []
        ends: dict[str, int] = {}
        for shard in ready[: self.chance.randrange(1, 4)]:
            end = self.chance.randrange(shard.replayed + 1, shard.spooled + 1)
            changes += self.records[shard.id][shard.replayed : end]
            ends[shard.id] = end

        def outputs(image: bytes) -> Mapping[bytes, bytes]:
            return become(self.transform, _item(image))

        keys = touched_keys(changes, outputs)
        claims = [claim for claim in self.claims.values() if claim.target in keys]
        for target, written in taken(changes, outputs, claims).items():
            if target in self.target and self.target[target] not in written:
                claims.append(Claim(target, STRANGER, self.target[target]))
                self.claims[target, STRANGER] = claims[-1]  # on the disk before it is overwritten
        found = window(changes, outputs, claims)
        writes = [*found.puts.items(), *((key, None) for key in found.deletes)]
        self.chance.shuffle(writes)
        arrive = len(writes)
        crashed = self.chance.random() < 0.15
        if crashed:
            arrive = self.chance.randrange(len(writes) + 1)
            self.crashes += 1
        for key, item in writes[:arrive]:
            self.target.pop(key, None)
            if item is not None:
                self.target[key] = item
        if crashed:
            return
        for refused in found.refused:
            (self.aside.discard if refused.reason is None else self.aside.add)(refused.source.decode())
        for claim in found.claims:
            self.claims.pop((claim.target, claim.source), None)
            if claim.item is not None:
                self.claims[claim.target, claim.source] = claim
        for name, end in ends.items():
            self.shards[name] = replace(self.shards[name], replayed=end)
