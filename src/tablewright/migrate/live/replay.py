"""From changes of the source to writes on the target, so that what is replayed last is what stands; pure.

A window is a run of changes, in order for each key of the source. Every image that it tells of, old and new, is transformed;
each target key that one of them has is *touched*, and gets one write: the item of whoever holds it at the window's end, or a
deletion. All old images count, not only the first: the backfill may have read any of them, and written it under its own key.

Who holds a target key is remembered between windows (claims), because there is no order between different keys of the source:
when B takes a target key that A has just left, B's change may be replayed first, and A's must then not delete what B wrote.
Where a transform keeps keys, a target key has one holder by nature, and nothing need be remembered.

Claims tell of items that have changed. One that has not may hold a target key as well, and another take it from under it:
whatever stands under a key that is taken, though nobody is known to have held it, is claimed for a STRANGER, until an item shows
itself to have been it: by its old image, or by being the same.

Replaying a window twice, or a longer one instead, ends the same: the writes follow from the claims alone, and every key that the
first attempt touched is touched again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import eq

from tablewright.model.stream import StreamRecord

__all__ = ["STRANGER", "Claim", "Meeting", "Outputs", "Refused", "Window", "taken", "touched_keys", "window", "without"]

STRANGER = b"an item that has not changed"
"""The source key in a claim of whoever held a target key before it was taken; no key is such text."""

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


def taken(changes: Sequence[StreamRecord], outputs: Outputs, claims: Iterable[Claim]) -> dict[bytes, list[bytes]]:
    """The target keys that somebody takes in this window, of whom nobody is known to have held them: with what is written there.

    What stands there on the target is a stranger's, unless it is among that.
    """
    held: dict[bytes, set[bytes]] = {}
    for claim in claims:
        held.setdefault(claim.target, set()).add(claim.source)
    known = set(held)
    found: dict[bytes, list[bytes]] = {}
    for change in changes:
        before = _or_nothing(change.old, outputs)
        known |= {target for target in before if change.key not in held.get(target, ())}
        for target, item in _or_nothing(change.new, outputs).items():
            held.setdefault(target, set()).add(change.key)
            found.setdefault(target, []).append(item)
    return {target: items for target, items in found.items() if target not in known}


def window(
    changes: Sequence[StreamRecord],
    outputs: Outputs,
    claims: Iterable[Claim] = (),
    same: Callable[[bytes, bytes], bool] = eq,
) -> Window:
    """What to write for these changes, given the claims on the target keys that they touch (``touched_keys``).

    ``same``: whether two items of the target are, however they are written.
    """
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
        for target, item in (*before.items(), *after.items()):
            strange = holders.get(target, {}).get(STRANGER)
            if strange is None or strange.item is None:
                continue
            shown = target in before and change.key not in holders[target]
            if shown or same(strange.item, item):
                del holders[target][STRANGER]
                moved[target, STRANGER] = Claim(target, STRANGER, None)
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


def without(found: Window, refused: Mapping[bytes, str], changes: Sequence[StreamRecord]) -> Window:
    """The window where the target can never hold the items under these keys, each with the reason: their sources are set aside.

    What those keys held before is deleted: it is of an older state. Raises KeyError for one that no change of the window put.
    """
    owners = {
        claim.target: claim.source for claim in found.claims if found.puts.get(claim.target) == claim.item is not None
    }
    images = {change.key: change.new for change in changes}
    aside = {owners[key]: Refused(owners[key], reason, images[owners[key]]) for key, reason in refused.items()}
    return replace(
        found,
        puts={key: item for key, item in found.puts.items() if key not in refused},
        deletes=(*found.deletes, *refused),
        claims=(
            *(claim for claim in found.claims if claim.target not in refused or claim.item is None),
            *(Claim(key, owners[key], None) for key in refused),
        ),
        refused=(*(each for each in found.refused if each.source not in aside), *aside.values()),
    )


def _or_nothing(item: bytes | None, outputs: Outputs) -> Mapping[bytes, bytes]:
    """What an old image became: nothing, where it could not be transformed."""
    if item is None:
        return {}
    try:
        return outputs(item)
    except ValueError:
        return {}
