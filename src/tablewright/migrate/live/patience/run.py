"""Asking again while what stands in the way may pass, for as long as there is time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tablewright.errors import TablewrightError
from tablewright.ports import Clock

__all__ = ["PASSING", "patiently"]

PASSING = frozenset(
    {
        "aws-unavailable",
        "endpoint-answers-strangely",
        "endpoint-silent",
        "endpoint-unreachable",
        "policy-changed",
        "resource-in-use",
        "limit-exceeded",
        "throttled",
    }
)
"""Errors that the next attempt may not meet."""
_LONGEST_WAIT_S = 5.0
_T = TypeVar("_T")


def patiently(clock: Clock, act: Callable[[], _T], within_s: float) -> _T:
    """What ``act`` returns, asked again after an error that passes; at least once, and not begun again after ``within_s``."""
    until = clock.steady() + within_s
    wait = 0.2
    while True:
        try:
            return act()
        except TablewrightError as error:
            if error.code not in PASSING or clock.steady() + wait >= until:
                raise
        clock.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT_S)
