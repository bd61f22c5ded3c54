"""From changes of the source to writes on the target, so that what is replayed last is what stands; pure.

A window is a run of changes, in order for each key of the source. Every image that it tells of, old and new, is transformed;
each target key that one of them has is *touched*, and gets one write: the item of whoever holds it at the window's end, or a
deletion. All old images count, not only the first: the backfill may have read any of them, and written it under its own key.

Who holds a target key is remembered between windows (claims), because there is no order between different keys of the source:
when B takes a target key that A has just left, B's change may be replayed first, and A's must then not delete what B wrote.
Where a transform keeps keys, a target key has one holder by nature, and nothing need be remembered.

Replaying a window twice, or a longer one instead, ends the same: the writes follow from the claims alone, and every key that the
first attempt touched is touched again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tablewright.model.stream import StreamRecord

__all__ = ["Claim", "Meeting", "Outputs", "Refused", "Window", "touched_keys", "window"]

Outputs = Callable[[bytes], Mapping[bytes, bytes]]
"""An item of the source -> the target items that it becomes, by canonical target key. Raises ValueError for one it cannot."""


@dataclass(frozen=True, slots=True)
class Claim:
    """``source`` (a source key) holds ``target`` (a target key) with ``item``, or None: no more. ``rank`` orders claims."""

    target: bytes
    source: bytes
    item: bytes | None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two or more items of the source have one target key."""

    target: bytes
    sources: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The newest image of a source item cannot be transformed; None: it can again, or the item is gone."""

    source: bytes
    reason: str | None
    image: bytes | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What a run of changes asks of the target. ``puts`` and ``deletes`` have no target key in common, and none twice."""

    puts: Mapping[bytes, bytes] = field(default_factory=dict)
    deletes: tuple[bytes, ...] = ()
    claims: tuple[Claim, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    parted: tuple[bytes, ...] = ()
    """Touched target keys that have at most one holder now: what met there before does so no more."""
    refused: tuple[Refused, ...] = ()
    sources: frozenset[bytes] = frozenset()

    @property
    def touched(self) -> tuple[bytes, ...]:
        """Every target key that is written."""
        return (*self.puts, *self.deletes)


def touched_keys(changes: Iterable[StreamRecord], outputs: Outputs) -> frozenset[bytes]:
    """The target keys whose claims a window needs to know."""
    found: set[bytes] = set()
    for change in changes:
        for item in (change.old, change.new):
            if item is not None:
                try:
                    found |= outputs(item).keys()
                except ValueError:
                    continue
    return frozenset(found)


def window(changes: Sequence[StreamRecord], outputs: Outputs, claims: Iterable[Claim] = ()) -> Window:
    """What to write for these changes, given the claims on the target keys that they touch (``touched_keys``)."""
    holders: dict[bytes, dict[bytes, Claim]] = {}
    rank = 0
    for claim in claims:
        holders.setdefault(claim.target, {})[claim.source] = claim
        rank = max(rank, claim.rank)
    touched: dict[bytes, None] = {}
    moved: dict[tuple[bytes, bytes], Claim] = {}
    refused: dict[bytes, Refused] = {}
    for change in changes:
        before = _or_nothing(change.old, outputs)
        after: Mapping[bytes, bytes] = {}
        refused[change.key] = Refused(change.key, None)
        if change.new is not None:
            try:
                after = outputs(change.new)
            except ValueError as wrong:
                refused[change.key] = Refused(change.key, str(wrong), change.new)
        for target in (*before, *after):
            touched[target] = None
        for target in before.keys() - after.keys():
            holders.get(target, {}).pop(change.key, None)
            moved[target, change.key] = Claim(target, change.key, None)
        for target, item in after.items():
            rank += 1
            claim = Claim(target, change.key, item, rank)
            holders.setdefault(target, {})[change.key] = claim
            moved[target, change.key] = claim
    puts: dict[bytes, bytes] = {}
    deletes: list[bytes] = []
    meetings: list[Meeting] = []
    parted: list[bytes] = []
    for target in touched:
        held = sorted(holders.get(target, {}).values(), key=lambda claim: claim.rank)
        last = held[-1].item if held else None
        if last is None:
            deletes.append(target)
        else:
            puts[target] = last
        if len(held) > 1:
            meetings.append(Meeting(target, tuple(claim.source for claim in held)))
        else:
            parted.append(target)
    return Window(
        puts,
        tuple(deletes),
        tuple(moved.values()),
        tuple(meetings),
        tuple(parted),
        tuple(refused.values()),
        frozenset(change.key for change in changes),
    )


def _or_nothing(item: bytes | None, outputs: Outputs) -> Mapping[bytes, bytes]:
    """What an old image became: nothing, where it could not be transformed."""
    if item is None:
        return {}
    try:
        return outputs(item)
    except ValueError:
        return {}
