"""Waiting for what comes in its own time: until it is so, however busy the machine; never for a number of looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["SOON", "until"]

T = TypeVar("T")

SOON: dict[str, Any] = {"Delay": 0.05, "MaxAttempts": 2400}
"""`WaiterConfig` for botocore's waiters on the embedded AWS: looks often, and gives up after two minutes."""


def until(found: Callable[[], T], *, seconds: float = 120.0, every: float = 0.02) -> T:
    """What `found` gives, once that counts as true. Fails after `seconds`, with what it gave last."""
    deadline = time.monotonic() + seconds
    while not (last := found()):
        assert time.monotonic() < deadline, f"after {seconds} s: {last!r}"
        time.sleep(every)
    return last
