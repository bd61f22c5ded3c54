"""Writes that reached a table when the application had left it: which of them may still be brought over; pure.

Such a write changed an item from what it was to something else. Where the other table still holds what that item was, the same
change can be made there: it is as if the write had come a little later, at the table in use. Where it holds anything else,
somebody has written there since, and the late write would undo that: it is not brought over, but told.

It is made once at most: somebody may have undone it since, on purpose. So that it is about to be made is on the disk before,
and where whoever was about to do it has died over it, or was not answered, it is not made again.

Where the target key of an item does not follow from its own key alone, it may stand under another there: then a new one is not
brought over either, and one that is gone need not be gone there. Neither is what follows on a write that was not brought over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from tablewright.migrate.live.replay import Outputs
from tablewright.model.stream import StreamRecord

__all__ = ["Swap", "Verdict", "judged", "swap_of"]


@dataclass(frozen=True, slots=True)
class Swap:
    """What a late write asks of the other table: by target key the item from which, and to which; None for no item."""

    before: Mapping[bytes, bytes | None]
    after: Mapping[bytes, bytes | None]
    rooted: bool = True
    """Whether the item can stand nowhere else on the other table, as far as that must be known."""


class Verdict(Enum):
    """What is to become of a late write."""

    THERE = "it is on the other table already"
    BRING = "what it changed stands there as it was"
    CHANGED = "the other table's item has been changed since"
    ELSEWHERE = "the application may have the same item there under another key"
    FOLLOWS = "a write of the same item before it was not brought over"
    UNKNOWN = "whether it was brought over is not known: what it changed stands there as it was"


def swap_of(late: StreamRecord, outputs: Outputs) -> Swap:
    """What a late write asks for. Raises ValueError for an item that cannot be transformed; one that could not was not there."""
    try:
        old = outputs(late.old) if late.old is not None else {}
    except ValueError:
        old = {}
    new = outputs(late.new) if late.new is not None else {}
    keys = dict.fromkeys((*old, *new))
    before = {key: old.get(key) for key in keys}
    rooted = bool(old and new) or _is_rooted(late.key, new or old, outputs)
    return Swap(before, {key: new.get(key) for key in keys}, rooted)


def _is_rooted(key: bytes, items: Mapping[bytes, bytes], outputs: Outputs) -> bool:
    """Whether the key alone says where an item goes: one that has nothing but its key goes there too."""
    try:
        return outputs(key).keys() == items.keys()
    except ValueError:
        return False


def judged(
    swap: Swap,
    there: Mapping[bytes, bytes],
    same: Callable[[bytes, bytes], bool],
    *,
    sent: bool = False,
    follows: bool = False,
) -> Verdict:
    """What is to become of it, given the items that stand under its keys now. The write must depend on their standing still.

    ``sent``: somebody was about to make it, and what came of that is not known. ``follows``: on one that was not brought over.
    """

    def holds(wanted: Mapping[bytes, bytes | None]) -> bool:
        for key, item in wanted.items():
            found = there.get(key)
            if (item is None or found is None) and item is not found:
                return False
            if item is not None and found is not None and not same(item, found):
                return False
        return True

    if follows:
        return Verdict.FOLLOWS
    if holds(swap.after):
        return Verdict.THERE if swap.rooted or any(swap.after.values()) else Verdict.ELSEWHERE
    if not holds(swap.before):
        return Verdict.CHANGED
    if sent:
        return Verdict.UNKNOWN
    return Verdict.BRING if swap.rooted or any(swap.before.values()) else Verdict.ELSEWHERE
