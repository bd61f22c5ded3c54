"""Controlling a running embedded AWS from Python: let its time pass, add faults, turn throttling off.

from tablewright.local import control
control.advance(endpoint, minutes=5)
with control.fault(endpoint, "throttle", table="orders", rate=0.5):
    ...
"""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from tablewright.local.errors import LocalError

__all__ = [
    "add_fault",
    "advance",
    "fault",
    "faults",
    "held",
    "now",
    "remove_faults",
    "roll_shard",
    "set_table_quota",
    "set_throttling",
    "simulate_consumer",
]

_TIMEOUT_S = 300.0


def _call(endpoint: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    asked = urllib.request.Request(
        f"{endpoint}/_tablewright/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as refused:
        said = json.loads(refused.read() or b"{}").get("error", refused.reason)
        raise LocalError(
            "control-refused", "The embedded AWS refused", f"It could not do what was asked: {said}."
        ) from refused
    except urllib.error.URLError as gone:
        raise LocalError(
            "not-running",
            "The embedded AWS is not running",
            f"Nothing answers at {endpoint} ({gone.reason}).",
            "tablewright local start",
        ) from gone
    return found


def advance(endpoint: str, *, seconds: float = 0.0, minutes: float = 0.0) -> float:
    """Let time pass on the embedded clock, at once; metrics, alarms and scaling follow minute by minute, and what has
    expired at the end of it is deleted.

    Returns the time there, in seconds since the epoch. Raises LocalError.
    """
    return float(_call(endpoint, "POST", "clock", {"advance": seconds + 60 * minutes})["now"])


def now(endpoint: str) -> float:
    """The time on the embedded clock, in seconds since the epoch."""
    return float(_call(endpoint, "GET", "clock")["now"])


@contextlib.contextmanager
def held(endpoint: str) -> Iterator[None]:
    """Let time pass only by `advance` for the length of a with block: what is throttled then depends on no machine's speed.

    No units flow in, no minute ends, and a request takes no time but what a ``delay`` adds. Raises LocalError.
    """
    _call(endpoint, "POST", "clock", {"hold": True})
    try:
        yield
    finally:
        with contextlib.suppress(LocalError):
            _call(endpoint, "POST", "clock", {"hold": False})


def add_fault(endpoint: str, effect: str, **wish: Any) -> str:
    """Add a data-path fault and return its id; see `faults.datapath.EFFECTS` for the effects. Raises LocalError."""
    return str(_call(endpoint, "POST", "faults", {"effect": effect, **wish})["id"])


def faults(endpoint: str) -> list[dict[str, Any]]:
    """Every fault that is there."""
    return list(_call(endpoint, "GET", "faults")["faults"])


def remove_faults(endpoint: str, name: str = "") -> int:
    """Remove one fault, or all; returns how many there were."""
    return int(_call(endpoint, "DELETE", f"faults/{name}" if name else "faults")["removed"])


@contextlib.contextmanager
def fault(endpoint: str, effect: str, **wish: Any) -> Iterator[str]:
    """A fault for the length of a with block."""
    name = add_fault(endpoint, effect, **wish)
    try:
        yield name
    finally:
        with contextlib.suppress(LocalError):
            remove_faults(endpoint, name)


def set_throttling(endpoint: str, enabled: bool) -> None:
    """Turn throttling on or off; metering and metrics go on."""
    _call(endpoint, "POST", "load", {"throttling": enabled})


def set_table_quota(endpoint: str, *, read: float = 40_000, write: float = 40_000) -> None:
    """Set the account's quota on one table or index, in units a second: lower it to meet it, call without units to restore it."""
    _call(endpoint, "POST", "load", {"table_quota": {"read": read, "write": write}})


def roll_shard(endpoint: str, table: str, **where: str) -> str:
    """Close the open shard of a table's stream and return its child's id; `where` may name account and region."""
    return str(_call(endpoint, "POST", "streams/roll", {"table": table, **where})["shard"])


def simulate_consumer(endpoint: str, function: str, table: str, *, lag: float, **where: str) -> None:
    """Publish AWS/Lambda IteratorAge as of a function that reads a table's stream `lag` seconds late; below 0 ends it."""
    _call(endpoint, "POST", "streams/consumer", {"function": function, "table": table, "lag": lag, **where})
