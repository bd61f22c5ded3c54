"""Every order in which late writes, the application's own and the bringing over can go, crashes among them, undoes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import eq

import pytest

from tablewright.migrate.live.late import Verdict, judged, swap_of
from tablewright.model.stream import StreamRecord

Outputs = dict[str, dict[bytes, bytes]]
KEPT: Outputs = {value: {b"t": value.encode()} for value in "abc"}
"""Each value of the one item of the table that was left -> what it is on the other: under one key,"""
MOVING: Outputs = {value: {b"t-" + value.encode(): b"item"} for value in "abc"}
"""under a key that moves with it,"""
SPREAD: Outputs = {value: {b"t": value.encode(), b"u-" + value.encode(): b"item"} for value in "abc"}
"""or as two items."""

Table = frozenset[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class World:
    """``left``: the values that the item had on the table that was left, from the switch on. ``at``, ``sent``: on the disk."""

    left: tuple[str | None, ...]
    there: Table
    made: tuple[tuple[str, Table], ...] = ()
    """Every change of the other table: by whom, and what it was before."""
    late: int = 2
    own: int = 2
    losses: int = 2
    at: int = 0
    sent: bool = False
    seen: Table | None = None
    told: frozenset[int] = frozenset()


def outputs_of(become: Outputs) -> Callable[[bytes], Mapping[bytes, bytes]]:
    """The transform; of the item's key alone nothing becomes, but where the target's key follows from it."""

    def outputs(item: bytes) -> Mapping[bytes, bytes]:
        if item == b"k" and become is not KEPT:
            raise ValueError("there is no value")
        return become["a" if item == b"k" else item.decode()]

    return outputs


def _table(value: str | None, become: Outputs) -> Table:
    return frozenset(become[value].items()) if value else frozenset()


def _steps(world: World, become: Outputs) -> Iterator[World]:
    if world.late and not world.at and world.seen is None:  # they are listened to before anything is brought over
        for value in ("a", "b", None):
            if value != world.left[-1]:
                yield replace(world, left=(*world.left, value), late=world.late - 1)
    if world.own:
        for there in (_table(None, become), _table("c", become), _table("a", become)):
            if there != world.there:
                made = (*world.made, ("own", world.there))
                yield replace(world, there=there, own=world.own - 1, made=made)
    if not world.late and world.at < len(world.left) - 1:
        yield from _bringing(world, become)


def _bringing(world: World, become: Outputs) -> Iterator[World]:
    if world.seen is None:
        yield replace(world, seen=world.there)
        return
    old, new = world.left[world.at], world.left[world.at + 1]
    record = StreamRecord("1", b"k", 0.0, old.encode() if old else None, new.encode() if new else None)
    swap = swap_of(record, outputs_of(become))
    verdict = judged(swap, dict(world.seen), eq, sent=world.sent, follows=bool(world.told))
    after = replace(world, at=world.at + 1, seen=None, sent=False)
    if verdict is Verdict.THERE:
        yield after
        return
    if verdict is not Verdict.BRING:
        yield replace(after, told=world.told | {world.at})
        return
    if world.losses:  # killed before it was made: only that it was to be is on the disk
        yield replace(world, sent=True, seen=None, losses=world.losses - 1)
    if any(dict(world.seen).get(key) != dict(world.there).get(key) for key in swap.after):
        yield replace(world, seen=None)  # the condition does not hold: it is read again
        return
    changed = {**dict(world.there), **swap.after}
    there = frozenset((key, item) for key, item in changed.items() if item is not None)
    made = (*world.made, (f"late {world.at}", world.there))
    yield replace(after, there=there, made=made)
    if world.losses:  # killed, or not answered, when it had been made
        yield replace(world, there=there, made=made, sent=True, seen=None, losses=world.losses - 1)


@pytest.mark.parametrize("become", [KEPT, MOVING, SPREAD], ids=["kept", "moving", "spread"])
def test_no_late_write_undoes_another_and_none_is_lost_without_a_word(become: Outputs) -> None:
    todo = [World((value,), _table(value, become)) for value in ("a", None)]
    seen, ends, told = set(todo), 0, 0
    while todo:
        world = todo.pop()
        late = [(int(by.split()[1]), before) for by, before in world.made if by != "own"]
        assert len({number for number, _ in late}) == len(late), world  # once, whatever was lost
        for number, before in late:
            assert before == _table(world.left[number], become), world  # and what its writer had changed
        if not world.late and world.at == len(world.left) - 1:
            ends += 1
            told += bool(world.told)
            states = [*(before for _, before in world.made), world.there]
            for number, new in enumerate(world.left[1:]):
                assert number in world.told or _table(new, become) in states, world
            if world.losses == 2:
                assert world.told.isdisjoint(number for number, _ in late), world
        for after in _steps(world, become):
            if after not in seen:
                seen.add(after)
                todo.append(after)
    assert ends > 100 and 0 < told < ends


def test_what_was_judged_by_an_older_look_is_looked_at_again_and_what_may_have_been_made_is_told() -> None:
    world = World(("a", "b"), _table("a", KEPT), late=0, losses=0)
    (looked,) = _bringing(world, KEPT)
    written = replace(looked, there=_table("c", KEPT), own=1)
    assert list(_bringing(written, KEPT)) == [replace(written, seen=None)]
    undone = replace(written, there=_table("a", KEPT), sent=True, seen=None)
    (looked,) = _bringing(undone, KEPT)
    assert [after.told for after in _bringing(looked, KEPT)] == [{0}]


def test_an_item_that_could_not_be_transformed_was_not_there() -> None:
    def outputs(item: bytes) -> Mapping[bytes, bytes]:
        if item == b"bad":
            raise ValueError("bad")
        return {b"t": item}

    mended = swap_of(StreamRecord("1", b"k", 0.0, b"bad", b"good"), outputs)
    assert judged(mended, {}, eq) is Verdict.BRING
    assert judged(mended, {b"t": b"other"}, eq) is Verdict.CHANGED
    with pytest.raises(ValueError, match="bad"):
        swap_of(StreamRecord("2", b"k", 0.0, b"good", b"bad"), outputs)
