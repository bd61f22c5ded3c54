"""When and how far auto scaling moves, as pure functions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.local.load.scaling_rules import Policy, decrease_allowed, due, wanted_units

_POLICY = Policy(target=70.0, low=5.0, high=100.0)
_NOW = 1_800_000_000.0


def _history(*newest_first: float | None) -> dict[int, float]:
    """Consumption of the finished minutes, the newest first; None is a minute without any."""
    minute = int(_NOW // 60) * 60
    return {minute - 60 * back: each for back, each in enumerate(newest_first, 1) if each is not None}


@pytest.mark.parametrize(
    ("history", "units"),
    [
        ((8.0, 8.0), 12.0),  # 8 / 70 %
        ((8.0,), 10.0),  # one minute is not two
        ((8.0, None, 8.0), 10.0),  # not in a row
        ((90.0, 90.0), 100.0),  # the maximum
        ((3.0,) * 15, 5.0),
        ((3.0,) * 14, 10.0),
        ((3.0,) * 14 + (None, 3.0), 10.0),  # a minute without consumption is no datapoint
        ((0.5,) * 15, 5.0),  # the minimum
        ((6.0,) + (3.0,) * 14, 9.0),  # down to what the busiest minute needed
        ((7.0,) * 15, 10.0),  # at the target
        ((), 10.0),
    ],
)
def test_units_follow_consumption(history: tuple[float | None, ...], units: float) -> None:
    wanted, why = wanted_units(_POLICY, 10.0, _history(*history), _NOW, 0.0, 0.0)

    assert wanted == units
    assert bool(why) is (units != 10.0)


def test_cooldowns_hold_back() -> None:
    slow = Policy(70.0, 5.0, 100.0, out_cooldown=300.0, in_cooldown=600.0)

    assert wanted_units(slow, 10.0, _history(9.0, 9.0), _NOW, _NOW - 299, 0.0)[0] == 10.0
    assert wanted_units(slow, 10.0, _history(9.0, 9.0), _NOW, _NOW - 300, 0.0)[0] == 13.0
    assert wanted_units(slow, 10.0, _history(*(1.0,) * 15), _NOW, 0.0, _NOW - 599)[0] == 10.0
    assert wanted_units(slow, 10.0, _history(*(1.0,) * 15), _NOW, 0.0, _NOW - 600)[0] == 5.0


def test_scaling_in_can_be_turned_off() -> None:
    policy = Policy(70.0, 5.0, 100.0, scales_in=False)

    assert wanted_units(policy, 10.0, _history(*(1.0,) * 15), _NOW, 0.0, 0.0) == (10.0, "")


@given(
    st.floats(20, 90),
    st.integers(1, 50),
    st.integers(50, 200),
    st.integers(1, 300),
    st.lists(st.one_of(st.none(), st.floats(0.001, 400)), max_size=20),
)
def test_the_units_stay_within_the_bounds(
    target: float, low: int, high: int, units: int, history: list[float | None]
) -> None:
    policy = Policy(target, float(low), float(high))

    wanted, why = wanted_units(policy, float(units), _history(*history), _NOW, 0.0, 0.0)

    assert low <= wanted <= high
    assert (wanted != units) is bool(why)
    if wanted < units <= high:
        assert len([each for each in history[:15] if each is not None]) == 15


@given(st.lists(st.integers(0, 86399), max_size=200))
@settings(deadline=None)
def test_a_day_has_at_most_27_decreases(asked: list[int]) -> None:
    day = _NOW // 86400 * 86400
    done: list[float] = []
    for second in sorted(asked):
        if decrease_allowed(done, day + second):
            done.append(day + second)
    assert len(done) <= 27


def test_a_patient_day_has_exactly_27_decreases() -> None:
    day = _NOW // 86400 * 86400
    done: list[float] = []
    for second in range(0, 86400, 60):
        if decrease_allowed(done, day + second):
            done.append(day + second)
    assert len(done) == 27


_T = datetime(2026, 11, 23, 8, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "minutes", "fires"),
    [
        ("at(2026-11-23T08:35:00)", 10, True),
        ("at(2026-11-23T08:35:00)", 4, False),
        ("at(2026-11-23T08:20:00)", 10, False),
        ("rate(5 minutes)", 5, True),
        ("rate(5 minutes)", 4, False),
        ("rate(1 day)", 60, False),
        ("cron(35 8 * * ? *)", 10, True),
        ("cron(35 8 * * ? *)", 4, False),
        ("cron(0/15 * * * ? *)", 20, True),
        ("cron(0 9 ? * MON-FRI *)", 40, True),
        ("cron(0 9 ? * SAT,SUN *)", 40, False),
        ("cron(45 8 23 NOV ? 2026)", 20, True),
        ("cron(45 8 24 NOV ? 2026)", 20, False),
    ],
)
def test_schedules(schedule: str, minutes: int, fires: bool) -> None:
    assert due(schedule, _T, _T + 60 * minutes, _T) is fires


@pytest.mark.parametrize("schedule", ["", "sometimes", "cron(* *)", "rate(x minutes)"])
def test_an_unreadable_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match="schedule"):
        due(schedule, _T, _T + 60, _T)
