"""A small world of a live migration, every step of which can be taken in every order: the writes, the copy, the tail, crashes.

Two keys of the source, each read by a segment of its own, their changes in shards of their own or in one. A step gives the worlds
that may come after it; the code under test is ``live.replay`` alone, everything around it is said here, as DynamoDB does it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from tablewright.migrate.live.replay import STRANGER, Claim, taken, touched_keys, window
from tablewright.model.stream import StreamRecord

Value = int | None
Become = Callable[[str, int], Mapping[bytes, bytes]]
"""What the item of a key with a value becomes: target items by target key."""

KEYS = ("a", "b")


@dataclass(frozen=True, slots=True)
class World:
    """Everything that there is at a moment. ``copy`` per key: None unread, () acknowledged, (value,) read and being written."""

    source: tuple[Value, ...]
    writes: int
    crashes: int
    shards: tuple[tuple[tuple[int, Value, Value], ...], ...]
    copy: tuple[tuple[Value, ...] | None, ...] = (None, None)
    replayed: tuple[int, ...] = (0, 0)
    claims: frozenset[Claim] = frozenset()
    target: frozenset[tuple[bytes, bytes]] = frozenset()

    @property
    def over(self) -> bool:
        """Whether nothing is left to do: no write to come, and everything copied and replayed."""
        return (
            not self.writes
            and all(each == () for each in self.copy)
            and all(done == len(shard) for done, shard in zip(self.replayed, self.shards, strict=True))
        )


def image(key: str, value: int) -> bytes:
    """An item of the source."""
    return json.dumps({"id": key, "v": value}).encode()


def expected(world: World, become: Become) -> dict[bytes, bytes]:
    """What the target must hold in the end."""
    found: dict[bytes, bytes] = {}
    for key, value in zip(KEYS, world.source, strict=True):
        if value is not None:
            found.update(become(key, value))
    return found


def lawful(source: tuple[Value, ...], become: Become) -> bool:
    """Whether no two items have one target key."""
    held = [
        target for key, value in zip(KEYS, source, strict=True) if value is not None for target in become(key, value)
    ]
    return len(held) == len(set(held))


def met(world: World) -> bool:
    """Whether it is known that several items have one target key."""
    held = [claim.target for claim in world.claims]
    return len(held) != len(set(held))


def steps(
    world: World,
    become: Become,
    values: tuple[int, ...],
    shard_of: tuple[int, ...],
    barrier: bool = True,
    meets: bool = False,
) -> Iterator[World]:
    """Every world that one step leads to."""
    yield from _application(world, become, values, shard_of, meets)
    copied = all(each == () for each in world.copy)
    if not copied:
        yield from _backfill(world, become)
    if copied or not barrier:
        yield from _replay(world, become)


def _application(
    world: World, become: Become, values: tuple[int, ...], shard_of: tuple[int, ...], meets: bool
) -> Iterator[World]:
    if not world.writes:
        return
    for at, _ in enumerate(KEYS):
        for value in (*values, None):
            old = world.source[at]
            if value == old:
                continue
            source = (*world.source[:at], value, *world.source[at + 1 :])
            if not meets and not lawful(source, become):
                continue
            shards = list(world.shards)
            shards[shard_of[at]] = (*shards[shard_of[at]], (at, old, value))
            yield replace(world, source=source, writes=world.writes - 1, shards=tuple(shards))


def _backfill(world: World, become: Become) -> Iterator[World]:
    for at, key in enumerate(KEYS):
        held = world.copy[at]
        if held is None:
            # An eventually consistent Scan may show what was there before the last change.
            before = [old for shard in world.shards for each, old, _ in shard if each == at]
            for read in {world.source[at], *before[-1:]}:
                yield _copied(world, at, () if read is None else (read,))
        elif held:
            assert held[0] is not None
            written = _put(world.target, become(key, held[0]))
            yield replace(_copied(world, at, ()), target=written)
            if world.crashes:
                # The write arrives, its answer does not; or neither does. Whoever resumes reads again.
                yield replace(_copied(world, at, None), target=written, crashes=world.crashes - 1)
                yield replace(_copied(world, at, None), crashes=world.crashes - 1)


def _copied(world: World, at: int, now: tuple[Value, ...] | None) -> World:
    return replace(world, copy=(*world.copy[:at], now, *world.copy[at + 1 :]))


def _put(target: frozenset[tuple[bytes, bytes]], items: Mapping[bytes, bytes]) -> frozenset[tuple[bytes, bytes]]:
    kept = {key: item for key, item in target if key not in items}
    return frozenset({**kept, **items}.items())


def change(key: str, old: Value, new: Value, number: int) -> StreamRecord:
    """A record of the stream."""
    return StreamRecord(
        str(number),
        key.encode(),
        0.0,
        None if old is None else image(key, old),
        None if new is None else image(key, new),
    )


def outputs_of(become: Become) -> Callable[[bytes], Mapping[bytes, bytes]]:
    """The transform, as the code under test takes it."""

    def outputs(item: bytes) -> Mapping[bytes, bytes]:
        told = json.loads(item)
        return become(told["id"], told["v"])

    return outputs


def _replay(world: World, become: Become) -> Iterator[World]:
    outputs = outputs_of(become)
    for number, shard in enumerate(world.shards):
        done = world.replayed[number]
        for until in range(done + 1, len(shard) + 1):
            changes = [change(KEYS[at], old, new, done + i) for i, (at, old, new) in enumerate(shard[done:until])]
            keys = touched_keys(changes, outputs)
            claims = [claim for claim in world.claims if claim.target in keys]
            target = dict(world.target)
            strange = [
                Claim(key, STRANGER, target[key])
                for key, written in taken(changes, outputs, claims).items()
                if key in target and target[key] not in written
            ]
            known = {(claim.target, claim.source): claim for claim in (*world.claims, *strange)}
            held = replace(world, claims=frozenset(_ranked(known.values())))  # on the disk before it is overwritten
            found = window(changes, outputs, [*claims, *strange])
            for claim in found.claims:
                known.pop((claim.target, claim.source), None)
                if claim.item is not None:
                    known[claim.target, claim.source] = claim
            writes = [*found.puts.items(), *((key, None) for key in found.deletes)]
            for arrived, (key, item) in enumerate(writes):
                if world.crashes and arrived:
                    # Some writes arrived, and where the window ends was never recorded.
                    yield replace(held, target=frozenset(target.items()), crashes=world.crashes - 1)
                target.pop(key, None)
                if item is not None:
                    target[key] = item
            if world.crashes:
                yield replace(held, target=frozenset(target.items()), crashes=world.crashes - 1)
            replayed = (*world.replayed[:number], until, *world.replayed[number + 1 :])
            yield replace(
                world,
                target=frozenset(target.items()),
                claims=frozenset(_ranked(known.values())),
                replayed=replayed,
            )


def _ranked(claims: object) -> list[Claim]:
    """The claims with their ranks made small, so that worlds that differ in nothing else are one."""
    ordered = sorted(claims, key=lambda claim: claim.rank)  # type: ignore[call-overload]
    places: dict[bytes, int] = {}
    found = []
    for claim in ordered:
        places[claim.target] = places.get(claim.target, 0) + 1
        found.append(replace(claim, rank=places[claim.target]))
    return found


def explore(
    become: Become,
    *,
    writes: int,
    crashes: int,
    values: tuple[int, ...] = (1, 2),
    together: bool = False,
    barrier: bool = True,
    meets: bool = False,
) -> tuple[int, int]:
    """Walk through every world; returns (worlds, worlds at the end). Raises AssertionError at an end that is wrong.

    ``meets``: items may take each other's target keys, once everything is copied; at an end where they have one, it is known.
    """
    shard_of = (0, 0) if together else (0, 1)
    begin = [
        World((a, b), writes, crashes, ((), ()))
        for a in (None, values[0])
        for b in (None, *values)
        if lawful((a, b), become)
    ]
    if meets:
        begin = [replace(each, copy=((), ()), target=frozenset(expected(each, become).items())) for each in begin]
    seen: set[World] = set(begin)
    todo = list(begin)
    ends = 0
    while todo:
        world = todo.pop()
        if world.over:
            ends += 1
            if lawful(world.source, become):
                assert dict(world.target) == expected(world, become) and not met(world), world
            else:
                assert met(world), world
        for after in steps(world, become, values, shard_of, barrier, meets):
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return len(seen), ends
