"""The states of a migration, in one table: what each means, and whether ``resume`` goes on from it.

The state is written before what it names begins, so a process that is killed leaves the state that it died in. Whether a process
is at work is told by its lock, never by the state.

    planned ──▶ copying ──▶ copied ──▶ verifying ──▶ done | differs
                   │  ▲        │                        (or incomplete, when items were set aside)
                   ▼  │        └─ --no-verify ──▶ unverified
           paused · stopped · failed

    in place: planned ──▶ changing ──▶ done | unverified | incomplete ──▶ undoing ──▶ undone
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["STATES", "State", "state"]


@dataclass(frozen=True, slots=True)
class State:
    """One row. ``resumes``: there is work left, which ``resume`` does. ``over``: it reached an end, and ``verify`` is left.

    ``in_place``: what it means of a change in place, where that is something else.
    """

    name: str
    meaning: str
    resumes: bool
    over: bool
    in_place: str = ""

    def of(self, *, in_place: bool) -> str:
        """What it means for a job."""
        return self.in_place if in_place and self.in_place else self.meaning


STATES = (
    State("planned", "The job is written down; nothing was written to the target.", True, False),
    State("copying", "Items are read, transformed and written.", True, False),
    State("changing", "Items are changed where they are.", True, False),
    State("paused", "Somebody paused it; every acknowledged page is kept.", True, False),
    State("stopped", "Ctrl-C; every acknowledged page is kept.", True, False),
    State("failed", "It ended with an error; every acknowledged page is kept.", True, False),
    State("copied", "Every item was read, and written or set aside; verification is still to come.", True, False),
    State("verifying", "Both sides are read and compared.", True, False),
    State("done", "Copied, and both sides hold the same.", False, True, "Every item shows the change."),
    State("unverified", "Copied; --no-verify left the comparison out.", False, True, "Changed; nobody looked again."),
    State(
        "incomplete", "Copied, but for the items in the dead-letter file.", False, True,
        "Changed, but for the items in the dead-letter file.",
    ),
    State("differs", "Copied, and the comparison found items that differ.", False, True),
    State("undoing", "A change in place is being undone; undo goes on with it.", False, False),
    State("undone", "A change in place was undone.", False, True),
)  # fmt: skip
"""Every state."""

_BY_NAME = {row.name: row for row in STATES}


def state(name: str) -> State:
    """The row of a state; one of a newer version is shown, and nothing is done from it."""
    return _BY_NAME.get(name) or State(name, "A state that this version does not know.", False, False)
