"""One item, somebody who writes to it, a network that loses and delays, and a process that is killed: a change in place within.

Every choice that the world has at a moment is a name; a test draws them at random, or tries them all. The world itself checks
each update at the moment at which it is made:

- it makes of the item what the transform makes of it as it stands: nobody's update is lost, nothing is made of old values;
- an item is not changed twice, unless somebody wrote to it in between;
- an update that is undone gives back what was there, and never touches what somebody wrote since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tablewright.migrate.inplace.edit import Attributes, Edit, Image, Reckoner, applied, shows
from tablewright.migrate.inplace.life import (
    Answer,
    Applied,
    Command,
    Ended,
    Found,
    Life,
    Lost,
    Read,
    Reckoning,
    Record,
    Recorded,
    Refused,
    Send,
    begin,
    resume,
    step,
)
from tablewright.migrate.inplace.playback import Back

Item = dict[str, dict[str, object]]
KEY: Item = {"id": {"S": "1"}}
FIRST: Item = {**KEY, "a": {"N": "1000"}, "z": {"N": "1"}}


def _number(item: Attributes, name: str) -> int:
    return int(str(item[name]["N"]))


def rename(item: Attributes) -> Item:
    """``a`` becomes ``b``."""
    new = {name: dict(value) for name, value in item.items()}
    if "a" in new:
        new["b"] = new.pop("a")
    return new


def increment(item: Attributes) -> Item:
    """``a`` one more: made twice, it is not the same as made once."""
    new = {name: dict(value) for name, value in item.items()}
    if "a" in new:
        new["a"] = {"N": str(_number(item, "a") + 1)}
    return new


def derive(item: Attributes) -> Item:
    """``sum`` of ``a`` and ``z``, which stay: what is changed depends on what is not."""
    new = {name: dict(value) for name, value in item.items()}
    new["sum"] = {"N": str(sum(_number(item, name) for name in ("a", "z") if name in item))}
    return new


def drop(item: Attributes) -> Item:
    """No ``a`` any more."""
    return {name: dict(value) for name, value in item.items() if name != "a"}


TRANSFORMS: dict[str, tuple[Callable[[Attributes], Item], frozenset[str] | None]] = {
    "rename": (rename, frozenset({"a", "b"})),
    "increment": (increment, frozenset({"a"})),
    "increment, unknown reads": (increment, None),
    "derive": (derive, frozenset({"a", "z", "sum"})),
    "derive, unknown reads": (derive, None),
    "drop": (drop, frozenset({"a"})),
}


@dataclass
class World:
    """The item and all that may happen to it. ``writes``, ``losses`` and ``kills``: how many more there may be."""

    transform: Callable[[Attributes], Item]
    reads: frozenset[str] | None
    writes: int = 3
    losses: int = 2
    kills: int = 1
    item: Item | None = field(default_factory=lambda: dict(FIRST))
    made: list[Image] = field(
        default_factory=list
    )  # what our updates found, while nobody wrote to what they touched since
    owed: Item | None = None  # what the item is to be mended to: it had an attribute that it had not when it was read
    deleted: bool = False
    updates: int = 0  # how often an update of ours was made
    past: list[Item | None] = field(default_factory=list)  # as a read that is not consistent may see it
    numbers: int = 1000
    late: list[tuple[Edit, bool]] = field(default_factory=list)
    records: list[tuple[int, Edit]] = field(default_factory=list)
    void: set[int] = field(default_factory=set)
    undoing: list[tuple[int, Edit]] | None = None
    life: Life | None = None
    command: Command | None = None
    outcome: str = ""

    def __post_init__(self) -> None:
        self.may_write = self.writes
        self._start(self.item)

    def choices(self) -> list[str]:
        """What may happen next; nothing once all is over."""
        found: list[str] = []
        if self.writes:
            found += ["write a", "write z", "put"] + (["delete"] if self.item is not None else [])
        if self.late:
            found.append("arrive")
        match self.command:
            case Record():
                found.append("record")
            case Send():
                found += ["answer", "answer without item"]
                found += ["lose answer", "lose request", "delay request"] if self.losses else []
            case Read():
                found.append("read")
            case Ended():
                found.append("acknowledge")
        if self.kills and self.command is not None:
            found.append("kill")
            if self.past and self.undoing is None:
                found.append("kill, then read the past")
        return found

    def do(self, choice: str) -> None:
        """Let it happen."""
        before = self.item
        match choice:
            case "write a" | "write z":
                self.writes -= 1
                self._write({choice[-1]: self._fresh()})
            case "put":
                self.writes -= 1
                self._write({"a": self._fresh(), "z": self._fresh()}, {})
            case "delete":
                self.writes -= 1
                self.item, self.made, self.owed, self.deleted = None, [], None, True
            case "arrive":
                self._make(*self.late.pop(0))
            case "kill":
                self.kills -= 1
                self._restart(self.item)
            case "kill, then read the past":
                self.kills -= 1
                self._restart(self.past[-1])
            case "acknowledge":
                self._acknowledged()
            case _:
                self._step(choice)
        if before != self.item:
            self.past.append(before)

    # What we do.

    def _step(self, choice: str) -> None:
        match choice, self.command:
            case "record", Record(edit, voids):
                self.void |= set(voids)
                if self.undoing is None:
                    self.records.append((len(self.records), edit))
                self._hand(Recorded(len(self.records) - 1))
            case "read", Read():
                self._hand(Found(self.item))
            case (("answer" | "answer without item"), Send(edit)):
                old = self.item
                if self._make(edit, self.undoing is not None):
                    self._hand(Applied(old if self.reads is None else None))
                else:
                    self._hand(Refused(self.item if choice == "answer" else None))
            case _, Send(edit):
                self.losses -= 1
                if choice == "lose answer":
                    self._make(edit, self.undoing is not None)
                if choice == "delay request":
                    self.late.append((edit, self.undoing is not None))
                self._hand(Lost())
            case other:
                raise AssertionError(other)

    def _hand(self, answer: Answer) -> None:
        assert self.life is not None
        self.life, self.command = step(self.life, answer, self._reckon())

    def _reckon(self) -> Reckoning:
        return Back(self.undoing[0][1]) if self.undoing else Reckoner(self.transform, tuple(KEY), self.reads)

    def _start(self, seen: Item | None) -> None:
        if seen is None:
            self.outcome, self.command = "gone", None
        else:
            self.life, self.command = begin(KEY, seen, self._reckon())

    def _restart(self, seen: Item | None) -> None:
        """A new process: it has what is on the disk, and reads the page again."""
        if self.undoing is not None:
            self.undo()
            return
        left = tuple(edit for number, edit in self.records if number not in self.void)
        if left:
            self.life, self.command = resume(KEY, left)
        else:
            self._start(seen)

    def undo(self) -> None:
        """Begin to play back, from the newest record on."""
        self.undoing = [record for record in reversed(self.records) if record[0] not in self.void]
        self._next_undone()

    def _next_undone(self) -> None:
        assert self.undoing is not None
        if not self.undoing:
            self.command = None
            return
        edit = self.undoing[0][1]
        self._start({**KEY, **{name: dict(value) for name, value in edit.after.items() if value is not None}})

    def _acknowledged(self) -> None:
        assert isinstance(self.command, Ended)
        self.outcome = self.command.outcome
        if self.undoing is not None:
            self.undoing.pop(0)
            self._next_undone()
            return
        self.void |= set(self.command.voids)
        if self.outcome in ("changed", "unchanged"):
            assert self.owed is None, "not mended"
        if self.outcome == "changed":
            assert self.updates or self.writes < self.may_write, "said to be changed, and nobody did"
        if self.outcome == "set-aside":
            assert self.transform is increment
        self.command = None

    # What happens at the table.

    def _make(self, edit: Edit, undoes: bool) -> bool:
        """DynamoDB: the update is made if its condition holds."""
        item = self.item
        if item is None or not shows(item, edit.before) or not shows(item, edit.reckoned_from):
            return False
        self.item = {name: dict(value) for name, value in applied(item, edit.after).items()}
        if undoes:
            # Deleted and made again by somebody, showing what the change would have made: nobody can tell that apart.
            assert self.made or self.deleted, "undone what somebody wrote"
            assert self.deleted or edit.after == self.made[-1], "undone to what it was not"
            del self.made[-1:]
            return True
        right = self.transform(item)
        if self.owed is not None:
            assert self.item == self.owed, "mended to what it should not be"
            self.owed = None
        else:
            assert not self.made or self.transform is not increment, "changed twice"
            assert self.item == right or self.reads is None, "not what the transform makes of the item as it stands"
            self.owed = None if self.item == right else right
        self.made.append(edit.before)
        self.updates += 1
        return True

    def _write(self, attributes: Item, over: Item | None = None) -> None:
        self.item = {**KEY, **((self.item or {}) if over is None else over), **attributes}
        self.owed = None
        if over is not None or any(set(attributes) & set(image) for image in self.made):
            self.made.clear()

    def _fresh(self) -> dict[str, object]:
        self.numbers += 1000
        return {"N": str(self.numbers)}
