"""The exit codes: one table, which ``docs/reference/exit-codes.md`` is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tablewright.errors import Failed, MustWait, Refused, Stuck, TablewrightError, UsageError

if TYPE_CHECKING:
    from tablewright.events import Ending


@dataclass(frozen=True, slots=True)
class Exit:
    """One exit code, and what a script may conclude from it."""

    code: int
    name: str
    meaning: str


DONE = Exit(0, "done", "Done, or there was nothing to do.")
FAILED = Exit(1, "failed", "Failed or rolled back; or findings (`check`, `status --fail-on-unhealthy`).")
USAGE = Exit(2, "usage", "The request itself is wrong. Nothing was changed.")
REFUSED = Exit(3, "refused", "Refused by a guard before anything was changed.")
MUST_WAIT = Exit(4, "must-wait", "Right, but not now: the message says when, or what to renew first.")
STUCK = Exit(
    5, "stuck", "Neither done nor rolled back, and tablewright may not go on by itself: the message says what can."
)
CHANGES = Exit(10, "changes", "`plan --exit-code` only: there are changes.")
INTERRUPTED = Exit(130, "interrupted", "Ctrl-C. What runs at AWS goes on; run the same command again to follow it.")
HUNG_UP = Exit(129, "hung-up", "The terminal went away (SIGHUP); otherwise as 130.")
TERMINATED = Exit(143, "terminated", "Told to end (SIGTERM), as a CI system does; otherwise as 130.")
PIPE_CLOSED = Exit(141, "pipe-closed", "Whoever read the output went away, as `head` does.")

TABLE = (DONE, FAILED, USAGE, REFUSED, MUST_WAIT, STUCK, CHANGES, HUNG_UP, INTERRUPTED, PIPE_CLOSED, TERMINATED)

_OF_ERROR: tuple[tuple[type[TablewrightError], Exit], ...] = (
    (UsageError, USAGE),
    (Failed, FAILED),
    (Refused, REFUSED),
    (MustWait, MUST_WAIT),
    (Stuck, STUCK),
)

_OF_ENDING = {
    "done": DONE,
    "nothing-to-do": DONE,
    "failed": FAILED,
    "refused": REFUSED,
    "must-wait": MUST_WAIT,
    "stuck": STUCK,
}


def of_error(error: TablewrightError) -> int:
    """The exit code of an error: by its class, never by its code."""
    return next((known.code for kind, known in _OF_ERROR if isinstance(error, kind)), FAILED.code)


def of_ending(ending: Ending) -> int:
    """The exit code of a run that reached its end."""
    return _OF_ENDING[ending.value].code
