"""Random schedules of a live migration end with the transformed source (100,000 of them in bench/live_schedules.py)."""

from __future__ import annotations

import pytest

from tests.models.live_schedules import TRANSFORMS, Schedule


def _run(seeds: range) -> tuple[int, int, set[str]]:
    """(steps, crashes, transforms) of these schedules."""
    steps = crashes = 0
    seen = set()
    for seed in seeds:
        schedule = Schedule(seed)
        schedule.run()
        steps += schedule.steps
        crashes += schedule.crashes
        seen.add(schedule.transform)
    return steps, crashes, seen


def test_schedules_end_right() -> None:
    steps, crashes, seen = _run(range(1_500))
    assert steps > 30_000 and crashes > 750 and seen == set(TRANSFORMS)


@pytest.mark.slow
def test_many_schedules_end_right() -> None:
    steps, crashes, _ = _run(range(1_500, 21_500))
    assert steps > 400_000 and crashes > 12_000
