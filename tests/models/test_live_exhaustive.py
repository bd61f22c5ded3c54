"""Every order in which a small live migration can go, crashes and repeated deliveries among them, ends right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from tablewright.migrate.live.replay import Claim, Outputs, Window, window
from tablewright.model.stream import StreamRecord
from tests.models import live_world
from tests.models.live_world import Become, explore


def unchanged(key: str, value: int) -> Mapping[bytes, bytes]:
    """The same key, the same item."""
    return {key.encode(): f"{key}{value}".encode()}


def moving(key: str, value: int) -> Mapping[bytes, bytes]:
    """The value is the target key: it moves between the items of the source."""
    return {f"v{value}".encode(): f"{key}{value}".encode()}


def sifted(key: str, value: int) -> Mapping[bytes, bytes]:
    """Some items are left out."""
    return {key.encode(): f"{key}{value}".encode()} if value == 1 else {}


def spread(key: str, value: int) -> Mapping[bytes, bytes]:
    """An item becomes two, one of them under a key that moves."""
    return {key.encode(): f"{key}{value}".encode(), f"v{value}".encode(): key.encode()}


TRANSFORMS = (unchanged, moving, sifted, spread)


@pytest.mark.parametrize("become", TRANSFORMS, ids=lambda f: str(f.__name__))
@pytest.mark.parametrize("together", [False, True], ids=["a shard each", "one shard"])
def test_two_writes_end_right(become: Become, together: bool) -> None:
    worlds, ends = explore(become, writes=2, crashes=1, together=together)
    assert worlds > 500 and ends > 10


@pytest.mark.slow
@pytest.mark.parametrize("become", TRANSFORMS, ids=lambda f: str(f.__name__))
@pytest.mark.parametrize("together", [False, True], ids=["a shard each", "one shard"])
def test_three_writes_and_two_crashes_end_right(become: Become, together: bool) -> None:
    worlds, ends = explore(become, writes=3, crashes=2, together=together)
    assert worlds > 5_000 and ends > 30


@pytest.mark.parametrize("become", [moving, spread], ids=lambda f: str(f.__name__))
def test_items_that_meet_are_known_and_none_of_them_is_lost(become: Become) -> None:
    """One of them need not have changed since the copy: who takes its key must not overwrite it, nor take it along."""
    worlds, ends = explore(become, writes=2, crashes=1, meets=True)
    assert worlds > 500 and ends > 10


@pytest.mark.slow
@pytest.mark.parametrize("become", [moving, spread], ids=lambda f: str(f.__name__))
@pytest.mark.parametrize("together", [False, True], ids=["a shard each", "one shard"])
def test_items_that_meet_and_part_in_three_writes(become: Become, together: bool) -> None:
    worlds, ends = explore(become, writes=3, crashes=2, together=together, meets=True)
    assert worlds > 5_000 and ends > 30


# What the model finds: each of these is a design that was considered, or that a peer has.


def test_a_replay_that_does_not_wait_for_the_copy_is_found() -> None:
    with pytest.raises(AssertionError):
        explore(unchanged, writes=1, crashes=0, barrier=False)


def test_a_tail_without_strangers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_world, "taken", lambda changes, outputs, claims: {})
    with pytest.raises(AssertionError):
        explore(moving, writes=1, crashes=0, meets=True)


def test_a_window_that_forgets_the_images_in_between_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_and_last(changes: Sequence[StreamRecord], outputs: Outputs, claims: Iterable[Claim] = ()) -> Window:
        told: dict[bytes, StreamRecord] = {}
        for change in changes:
            told[change.key] = replace(change, old=told.get(change.key, change).old)
        return window(tuple(told.values()), outputs, claims)

    monkeypatch.setattr(live_world, "window", first_and_last)
    with pytest.raises(AssertionError):
        explore(moving, writes=2, crashes=0, values=(1, 2, 3))


def test_a_tail_without_claims_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def unclaimed(changes: Sequence[StreamRecord], outputs: Outputs, claims: Iterable[Claim] = ()) -> Window:
        return window(changes, outputs)

    monkeypatch.setattr(live_world, "window", unclaimed)
    with pytest.raises(AssertionError):
        explore(moving, writes=2, crashes=0)


def test_a_tail_that_deletes_by_the_new_key_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(changes: Sequence[StreamRecord], outputs: Outputs, claims: Iterable[Claim] = ()) -> Window:
        found = window(changes, outputs, claims)
        deleted = {key for change in changes if change.new is None and change.old for key in outputs(change.old)}
        return replace(found, deletes=tuple(key for key in found.deletes if key in deleted))

    monkeypatch.setattr(live_world, "window", kept)
    with pytest.raises(AssertionError):
        explore(moving, writes=1, crashes=0)
