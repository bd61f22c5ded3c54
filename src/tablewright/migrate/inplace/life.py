"""One item's life in a change in place, as a state machine: what has come back, and what is to be done next.

The rules that it keeps:

- Nothing is sent before its record stands in the undo file, on the disk.
- An update is made only while the item shows what the change was reckoned from; else the item is looked at again, as it stands.
- When an answer was lost, the update may have been made. An item that shows its outcome was changed, and is not changed again.
  An item that shows neither was written to by somebody since: it is changed again only if changing twice is the same as once;
  else nobody can tell what it needs, and it is set aside.

It has no clock, no table and no file: time, chance and answers are inputs, and what is to be done are outputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from tablewright.migrate.inplace.edit import Attributes, Edit, NotInPlace, applied, shows
from tablewright.migrate.transform.protocol import TransformError

__all__ = [
    "MOST_CONFLICTS",
    "Answer",
    "Applied",
    "Command",
    "Ended",
    "Found",
    "Invalid",
    "Life",
    "Lost",
    "Read",
    "Reckoning",
    "Record",
    "Recorded",
    "Refused",
    "Send",
    "begin",
    "resume",
    "step",
]

MOST_CONFLICTS = 100
"""How often an item is tried again because somebody wrote to it in between."""

_UNTELLABLE = (
    "an answer was lost, and the item was written to before it could be looked at: whether it was changed cannot be told, and "
    "this change made twice is not the same as made once"
)


class Reckoning(Protocol):
    """What an item needs. Both raise NotInPlace or TransformError."""

    def edit(self, item: Attributes) -> Edit | None:
        """The change that an item as it stands needs; None for none."""
        ...

    def mend(self, old: Attributes, made: Edit) -> Edit | None:
        """What is still to be put right where an edit was made of ``old``, which held more than the edit was reckoned from."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """The record stands in the undo file and is on the disk; ``number`` names it."""

    number: int


@dataclass(frozen=True, slots=True)
class Applied:
    """The update was made. ``old``: the item right before it, where the answer says so."""

    old: Attributes | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The update was not made: the item was not as it was read. ``item`` is how it stands, if the answer said so."""

    item: Attributes | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came, or one that does not say whether the update was made."""


@dataclass(frozen=True, slots=True)
class Found:
    """How the item stands, by a strongly consistent read; None if there is none."""

    item: Attributes | None


@dataclass(frozen=True, slots=True)
class Invalid:
    """DynamoDB will never make this update, and says why."""

    reason: str


Answer = Recorded | Applied | Refused | Lost | Found | Invalid


@dataclass(frozen=True, slots=True)
class Record:
    """Write the edit into the undo file. ``voids``: numbers of records of this item that were certainly not made."""

    edit: Edit
    voids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """Send the update; again, if ``again``, after a moment."""

    edit: Edit
    again: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Read the item, strongly consistent."""

    key: Attributes


@dataclass(frozen=True, slots=True)
class Ended:
    """The item's life is over: changed, unchanged (nothing to do), gone (deleted by somebody), or set-aside with a reason.

    ``voids`` as in ``Record``. ``conflicts``: how often somebody had written in between.
    """

    outcome: str
    reason: str = ""
    voids: tuple[int, ...] = ()
    conflicts: int = 0


Command = Record | Send | Read | Ended


@dataclass(frozen=True, slots=True)
class Life:
    """Where one item is. ``number`` is the record of the present edit; ``doubtful`` are former edits that may have been made."""

    key: Attributes
    edit: Edit | None = None
    number: int | None = None
    lost: bool = False  # whether an answer to the present edit was lost
    made: bool = False  # whether an earlier edit was made, and has to be mended
    doubtful: tuple[Edit, ...] = ()
    voids: tuple[int, ...] = field(default=())
    conflicts: int = 0


def begin(key: Attributes, item: Attributes, reckoning: Reckoning) -> tuple[Life, Command]:
    """An item of a page."""
    return _reckoned(Life(key), item, reckoning)


def resume(key: Attributes, records: tuple[Edit, ...]) -> tuple[Life, Command]:
    """An item of which a killed run left records, oldest first: they may have been made. It is read before anything else."""
    return Life(key, doubtful=records), Read(key)


def step(life: Life, answer: Answer, reckoning: Reckoning) -> tuple[Life, Command]:
    """What an answer leads to."""
    match answer:
        case Recorded(number):
            assert life.edit is not None
            return replace(life, number=number, voids=()), Send(life.edit)
        case Applied(old):
            return _ended(life, "changed") if old is None else _mended(life, old, reckoning)
        case Lost():
            assert life.edit is not None
            return replace(life, lost=True), Send(life.edit, again=True)
        case Invalid(reason):
            life = _settled(life)
            return _ended(life, "set-aside", reason)
        case Refused(None):
            return life, Read(life.key)
        case Refused(item) | Found(item):
            return _found(_settled(life), item, reckoning)


def _settled(life: Life) -> Life:
    """The present edit is past: void if it was certainly not made, doubtful if an answer to it was lost."""
    if life.edit is None:
        return life
    if life.lost:
        return replace(life, edit=None, number=None, lost=False, doubtful=(*life.doubtful, life.edit))
    void = () if life.number is None else (life.number,)
    return replace(life, edit=None, number=None, voids=(*life.voids, *void), conflicts=life.conflicts + 1)


def _mended(life: Life, old: Attributes, reckoning: Reckoning) -> tuple[Life, Command]:
    """The item had attributes that it had not when it was read: is what was made of it what it would have been made?"""
    assert life.edit is not None
    try:
        edit = reckoning.mend(old, life.edit)
    except (NotInPlace, TransformError) as error:
        return _ended(life, "set-aside", str(error))
    if edit is None:
        return _ended(life, "changed")
    return replace(life, edit=edit, number=None, lost=False, made=True), Record(edit, life.voids)


def _found(life: Life, item: Attributes | None, reckoning: Reckoning) -> tuple[Life, Command]:
    if item is None:
        return _ended(life, "gone")
    last = life.doubtful[-1] if life.doubtful else None
    made = last is not None and shows(item, last.after)
    if (life.doubtful or life.made) and not _repeatable(life, item, reckoning):
        if made:
            return _ended(life, "changed")
        untouched = last is not None and shows(item, last.before)
        if life.made or not untouched or any(shows(item, edit.after) for edit in life.doubtful):
            return _ended(life, "set-aside", _UNTELLABLE)
    if life.conflicts >= MOST_CONFLICTS:
        return _ended(
            life, "set-aside", f"somebody wrote to it each of the {MOST_CONFLICTS} times that it was to be changed"
        )
    return _reckoned(life, item, reckoning, "changed" if made else "unchanged")


def _reckoned(life: Life, item: Attributes, reckoning: Reckoning, otherwise: str = "unchanged") -> tuple[Life, Command]:
    try:
        edit = reckoning.edit(item)
    except (NotInPlace, TransformError) as error:
        return _ended(life, "set-aside", str(error))
    if edit is None:
        return _ended(life, otherwise)
    return replace(life, edit=edit, number=None, lost=False), Record(edit, life.voids)


def _repeatable(life: Life, item: Attributes, reckoning: Reckoning) -> bool:
    """Whether the change made twice is the same as made once: on the item as it stands, and as the doubtful edits found it."""
    try:
        for each in (item, *(applied(item, past.before) for past in life.doubtful)):
            edit = reckoning.edit(each)
            if edit is not None and reckoning.edit(applied(each, edit.after)) is not None:
                return False
    except (NotInPlace, TransformError):
        return False
    return True


def _ended(life: Life, outcome: str, reason: str = "") -> tuple[Life, Command]:
    return life, Ended(outcome, reason, life.voids, life.conflicts)
