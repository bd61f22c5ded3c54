"""The pace: ceilings hold, what a table gives is found, and no throttling stops a copy for good."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.migrate.engine.backoff import MOST_S, delay
from tablewright.migrate.engine.batches import ordered
from tablewright.migrate.engine.pace import FLOOR, Pacer
from tablewright.migrate.engine.run import ceilings
from tablewright.migrate.job import Pace

UNITS = 25.0


def drive(
    pacer: Pacer, seconds: float, throttles: Callable[[float], bool], *, begin: float = 0.0, units: float = UNITS
) -> float:
    """Requests as fast as they may be sent, each answered after a hundredth of a second; units consumed."""
    now, end, consumed = begin, begin + seconds, 0.0
    coming: list[tuple[float, float, float | None]] = []
    while now < end:
        while coming and coming[0][0] <= now:
            _, sent, taken = coming.pop(0)
            if throttles(now):
                pacer.settle(taken, 0.0, now)
                pacer.throttled(sent, now)
            else:
                pacer.settle(taken, units, now)
                consumed += units
        if pacer.wait(now) <= 0.0 and len(coming) < 64:
            coming.append((now + 0.01, now, pacer.spend(UNITS)))
        else:
            now = min([now + max(pacer.wait(now), 0.0005), *([coming[0][0]] if coming else []), end + 1])
    return consumed


@pytest.mark.parametrize("ceiling", [10.0, 400.0, 5000.0])
@pytest.mark.parametrize("units", [UNITS, 3 * UNITS])
def test_a_ceiling_is_kept_and_used(ceiling: float, units: float) -> None:
    """Also where a request consumes three times what it is thought to."""
    seconds = 60.0
    consumed = drive(Pacer(ceiling, 0.0), seconds, lambda now: False, units=units)
    assert consumed <= ceiling * seconds + 64 * units
    assert consumed >= 0.8 * ceiling * seconds


def test_without_a_ceiling_nothing_waits_until_a_throttle() -> None:
    pacer = Pacer(None, 0.0)
    assert pacer.allowed is None
    drive(pacer, 5.0, lambda now: False)
    assert pacer.allowed is None
    drive(pacer, 1.0, lambda now: now > 5.5, begin=5.0)
    assert pacer.allowed is not None


@pytest.mark.parametrize("ceiling", [None, 2000.0])
@pytest.mark.parametrize("capacity", [60.0, 150.0, 600.0])
def test_what_a_table_gives_is_found(ceiling: float | None, capacity: float) -> None:
    """A table with a bucket of its own, that throttles what goes beyond it."""
    held = [capacity, 0.0]

    def throttles(now: float) -> bool:
        held[0] = min(held[0] + (now - held[1]) * capacity, capacity)
        held[1] = now
        if held[0] < UNITS:
            return True
        held[0] -= UNITS
        return False

    pacer = Pacer(ceiling, 0.0)
    drive(pacer, 60.0, throttles)
    before = pacer.throttles
    consumed = drive(pacer, 60.0, throttles, begin=60.0)
    assert consumed > 0.5 * capacity * 60
    assert (pacer.throttles - before) < 0.35 * consumed / UNITS


def test_throttles_by_chance_do_not_stop_it() -> None:
    """One hot key throttles at any rate."""
    chance = random.Random(3)
    pacer = Pacer(1000.0, 0.0)
    few = drive(pacer, 60.0, lambda now: chance.random() < 0.03)
    assert few > 0.8 * 60_000
    many = drive(pacer, 60.0, lambda now: chance.random() < 0.3, begin=60.0)
    assert many > 0.5 * FLOOR * 60_000
    assert pacer.allowed is not None and pacer.allowed >= FLOOR * 1000


def test_requests_on_their_way_together_cut_the_rate_once() -> None:
    pacer = Pacer(1000.0, 0.0)
    for _ in range(30):
        pacer.spend(UNITS)
    for number in range(30):
        pacer.settle(UNITS, 0.0, 0.5)
        pacer.throttled(0.1, 0.5 + number / 100)
    assert pacer.allowed == 700.0
    assert (pacer.cuts, pacer.throttles) == (1, 30)


def test_a_new_ceiling_holds_at_once() -> None:
    pacer = Pacer(1000.0, 0.0)
    pacer.limit(10.0, 1.0)
    assert pacer.allowed == 10.0
    assert drive(pacer, 20.0, lambda now: False, begin=1.0) <= 10 * 20 + 64 * UNITS
    pacer.limit(500.0, 30.0)
    assert drive(pacer, 20.0, lambda now: False, begin=30.0) > 0.7 * 500 * 20
    pacer.limit(None, 60.0)
    assert pacer.allowed is None


@given(attempt=st.integers(1, 200), draw=st.floats(0, 1, exclude_max=True))
def test_waits_grow_and_are_bounded(attempt: int, draw: float) -> None:
    assert 0 < delay(attempt, draw) <= MOST_S
    assert delay(attempt, draw) <= delay(attempt + 1, draw)


@given(
    sizes=st.lists(st.integers(1, 60), max_size=60),
    keys=st.none() | st.integers(1, 8),
    items=st.integers(1, 25),
    seed=st.randoms(use_true_random=False),
)
def test_batches_hold_every_item_once_and_no_key_twice(
    sizes: list[int], keys: int | None, items: int, seed: random.Random
) -> None:
    named = None if keys is None else [b"%d" % seed.randrange(keys) for _ in sizes]
    batches = ordered(sizes, named, items=items, most=100)
    assert sorted(index for batch in batches for index in batch) == list(range(len(sizes)))
    for batch in batches:
        assert 0 < len(batch) <= items
        assert len(batch) == 1 or sum(sizes[index] for index in batch) <= 100
        if named is not None:
            assert len({named[index] for index in batch}) == len(batch)
    if named is not None:  # items with one key keep their order
        where = {index: number for number, batch in enumerate(batches) for index in batch}
        for key in set(named):
            places = [where[index] for index, name in enumerate(named) if name == key]
            assert places == sorted(places)


def test_ceilings_are_the_smaller_of_share_and_units() -> None:
    assert ceilings(Pace(0.5), 100.0, 40.0) == (50.0, 20.0)
    assert ceilings(Pace(0.5, write_units=10.0), None, 40.0) == (None, 10.0)
    assert ceilings(Pace(0.5, write_units=10.0), None, 4.0) == (None, 2.0)
    assert ceilings(Pace(1.0, read_units=7.0), 3.0, 9.0) == (7.0, 9.0)
    assert ceilings(Pace(0.5), None, None) == (None, None)
