"""Bringing over what reached a table when the application had left it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tablewright.errors import TablewrightError
from tablewright.migrate.live.items.run import Items
from tablewright.migrate.live.journal import Journal, Side
from tablewright.migrate.live.late import Swap, Verdict, judged, swap_of
from tablewright.migrate.live.outputs import same_item
from tablewright.migrate.live.replay import Outputs
from tablewright.model.stream import StreamRecord

__all__ = ["Left", "bring_over"]

_TRIES = 3
_SENT, _THERE = "sent", "there"
_NOT_MADE = frozenset({"access-denied", "aws-validation", "not-found"})


@dataclass(frozen=True, slots=True)
class Left:
    """A late write that is not on the other table, why, and what it would be there."""

    write: StreamRecord
    why: str
    items: Mapping[bytes, bytes] = field(default_factory=dict)
    """By key."""


def bring_over(
    late: Sequence[StreamRecord], outputs: Outputs, items: Items, journal: Journal, side: Side
) -> list[Left]:
    """Make the changes of late writes on the table that ``items`` are of, where it still holds what they changed.

    Returns those that were not made. May be done again, and goes on where it ended.
    """
    known = journal.late(side)
    left: list[Left] = []
    broken: set[bytes] = set()
    for write in late:
        name = f"{write.sequence} {write.key.decode()}"
        made: dict[bytes, bytes] = {}
        said = known.get(name, "")
        try:
            swap = swap_of(write, outputs)
        except ValueError as wrong:
            said = f"it cannot be transformed: {wrong}"
        else:
            made = {key: item for key, item in swap.after.items() if item is not None}
            if said in ("", _SENT):
                note = partial(journal.note_late, side, name)
                said = _brought(swap, items, note, sent=said == _SENT, follows=write.key in broken)
                note(said)
        if said != _THERE:
            broken.add(write.key)
            left.append(Left(write, said, made))
    return left


def _brought(swap: Swap, items: Items, note: Callable[[str], None], *, sent: bool, follows: bool) -> str:
    """Bring one over; what is to be remembered of it: _THERE, or why it is not."""
    for _ in range(_TRIES):
        there = items.read(swap.after)
        verdict = judged(swap, there, same_item, sent=sent, follows=follows)
        if verdict is Verdict.THERE:
            return _THERE
        if verdict is not Verdict.BRING:
            return str(verdict.value)
        sent = True
        note(_SENT)
        try:
            if items.swap(there, swap.after):
                return _THERE
            sent = False  # the condition kept it from being made
            note("")
        except TablewrightError as error:
            if error.code in _NOT_MADE:
                return f"{error.summary}: {error.detail}"
    return str(Verdict.UNKNOWN.value if sent else Verdict.CHANGED.value)
