"""What holds of throttling whatever is asked of it, on a clock of the test's own."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.local.load.bucket import TokenBucket
from tablewright.local.load.partitions import Partitions, key_hash, wanted_partitions
from tablewright.local.load.throughput import Settings, Throughput
from tablewright.local.load.topkeys import KeyReport, TopKeys

_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/T"
_KEYS = [key_hash([f"key-{number}"]) for number in range(1000)]


def _table(read: float = 100, write: float = 100, *, on_demand: bool = False, **more: float) -> Throughput:
    return Throughput(_ARN, "", Settings(on_demand, read, write, **more), 0.0)  # type: ignore[arg-type]


def _drive(
    table: Throughput, rate: float, start: float, seconds: float, keys: list[float]
) -> tuple[float, float, float]:
    """Ask for single units at `rate`; returns (first refusal's time or infinity, units granted, units asked)."""
    first, granted, asked = float("inf"), 0.0, 0.0
    for number in range(int(rate * seconds)):
        now = start + number / rate
        asked += 1
        if table.refusals(True, 1.0, keys[number % len(keys)], now):
            first = min(first, now)
        else:
            table.consume(True, 1.0, keys[number % len(keys)], now)
            granted += 1
    return first, granted, asked


@given(units=st.integers(1, 400), share=st.floats(0.1, 1.0))
@settings(max_examples=25, deadline=None)
def test_a_client_under_its_units_is_never_throttled(units: int, share: float) -> None:
    table = _table(write=units)

    first, granted, asked = _drive(table, units * share, 0.0, 900 / units, _KEYS)

    assert first == float("inf") and granted == asked


@given(units=st.sampled_from([1, 5, 40]))
@settings(max_examples=3, deadline=None)
def test_double_the_units_is_throttled_after_300_seconds_and_then_gets_the_units(units: int) -> None:
    table = _table(write=units)

    first, _, _ = _drive(table, 2 * units, 0.0, 330, _KEYS)
    _, granted, _ = _drive(table, 2 * units, 330.0, 300, _KEYS)

    assert abs(first - 300) <= 0.05 * 300
    assert abs(granted - 300 * units) <= 0.05 * 300 * units
    refusal = table.refusals(True, 1.0, None, 630.0)[0] if table.refusals(True, 1.0, None, 630.0) else None
    assert refusal is None or refusal.reason == "TableWriteProvisionedThroughputExceeded"


def test_one_hot_key_of_a_hundred_partitions_gets_one_partitions_worth() -> None:
    table = _table(write=100_000)
    assert len(table.partitions) == 100

    first, granted, _ = _drive(table, 3000, 0.0, 30, [_KEYS[0]])

    assert first < 1.0
    assert abs(granted - 1000 * 31) <= 0.05 * 1000 * 30
    table.consume(True, 10.0, _KEYS[0], 30.0)
    refusals = table.refusals(True, 1.0, _KEYS[0], 30.0)
    assert [each.reason for each in refusals] == ["TableWriteKeyRangeThroughputExceeded"]


def test_the_same_load_on_a_sharded_key_is_not_throttled() -> None:
    table = _table(write=100_000)
    shards = [key_hash([f"hot#{number}"]) for number in range(100)]

    first, granted, asked = _drive(table, 3000, 0.0, 30, shards)

    assert first == float("inf") and granted == asked


def test_a_partition_that_two_keys_overload_splits_between_them() -> None:
    table = _table(write=1000, warm_write=0)
    assert len(table.partitions) == 1
    low, high = 0.2, 0.8

    first, _, _ = _drive(table, 1900, 0.0, 5, [low, high])
    table.retune(Settings(False, 3000, 3000), 5.0)
    before = len(table.partitions)
    _drive(table, 1900, 5.0, 75, [low, high])
    again, granted, asked = _drive(table, 1900, 80.0, 10, [low, high])

    assert first < 5 and before == 3
    assert again == float("inf") and granted == asked


def test_a_single_hot_key_never_splits_away_its_limit() -> None:
    partitions = Partitions(1, 0.0, split_after=1.0)
    granted = 0
    for number in range(60 * 2000):
        now = number / 2000
        if partitions.covers(True, 1.0, 0.5, now):
            partitions.take(True, 1.0, 0.5, now)
            granted += 1

    assert granted <= 1000 * 61
    assert len(partitions) == 1


def test_a_hot_key_among_others_is_isolated_and_the_others_recover() -> None:
    partitions = Partitions(1, 0.0, split_after=1.0)
    random.seed(3)
    cold = [random.random() for _ in range(50)]
    refused_cold = 0
    for number in range(60 * 3000):
        now = number / 3000
        at = 0.5 if number % 3 else cold[number // 3 % 50]
        if partitions.covers(True, 1.0, at, now):
            partitions.take(True, 1.0, at, now)
        elif at != 0.5 and now > 30:
            refused_cold += 1

    assert len(partitions) > 1
    assert refused_cold <= 0.05 * 1000 * 30


def test_partitions_follow_units_warmth_and_size() -> None:
    assert wanted_partitions(1, 1) == 1
    assert wanted_partitions(3000, 1001) == 2
    assert wanted_partitions(9001, 10) == 4
    assert wanted_partitions(1, 1, 25 * 1000**3) == 3
    assert len(_table(0, 0, on_demand=True).partitions) == 4
    assert len(_table(0, 0, on_demand=True, warm_write=40_000).partitions) == 40


def test_an_on_demand_maximum_is_named_as_the_cause() -> None:
    table = _table(0, 10, on_demand=True)

    _, granted, _ = _drive(table, 100, 0.0, 20, _KEYS)

    assert abs(granted - 210) <= 5
    assert {each.reason for each in table.refusals(True, 10.0, None, 20.0)} == {
        "TableWriteMaxOnDemandThroughputExceeded"
    }


def test_an_on_demand_table_below_its_limits_meets_no_throttle() -> None:
    first, granted, asked = _drive(_table(0, 0, on_demand=True), 3000, 0.0, 10, _KEYS)

    assert first == float("inf") and granted == asked


def test_a_debt_is_worked_off_before_the_next_is_let_in() -> None:
    bucket = TokenBucket(1.0, 1.0, 0.0)
    assert bucket.covers(1.0, 0.0)
    bucket.take(10.0, 0.0)

    assert not bucket.covers(1.0, 9.0)
    assert bucket.covers(1.0, 10.0)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 50)), max_size=60))
@settings(deadline=None)
def test_a_bucket_never_gives_more_than_it_kept_and_got(steps: list[tuple[float, float]]) -> None:
    bucket, now, taken = TokenBucket(10.0, 300.0, 0.0), 0.0, 0.0
    for wait, units in steps:
        now += wait
        if bucket.covers(units, now):
            bucket.take(units, now)
            taken += units
        assert taken <= 3000 + 10 * now + 1e-3


@given(st.lists(st.integers(0, 40), min_size=1, max_size=2000))
@settings(deadline=None)
def test_the_heaviest_keys_are_found_in_bounded_memory(stream: list[int]) -> None:
    keys = TopKeys(8)
    for each in stream:
        keys.add(str(each))

    real = {str(each): stream.count(each) for each in set(stream)}
    assert len(keys.counts) <= 8 and keys.total == len(stream)
    for key, count in keys.counts.items():
        assert real[key] <= count <= real[key] + len(stream) / 8
    assert all(key in keys.counts for key, count in real.items() if count > len(stream) / 8)


def test_a_report_keeps_a_day_of_minutes() -> None:
    report = KeyReport(4)
    for minute in range(2000):
        report.add(f"k{minute % 3}", minute * 60.0)

    kept = report.between(0, 1e9)
    assert len(kept) == 24 * 60 and kept[0][0] == 560 * 60
    assert dict(KeyReport.merged(keys for _, keys in kept).top(3)) == {"k0": 480, "k1": 480, "k2": 480}
