"""What a change in place, or undoing one, came to, in words: done is said only when nothing is left."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.events import Ending, Finished

__all__ = ["Tally", "changed", "halted", "undone"]


@dataclass(slots=True)
class Tally:
    """Items by what became of them. ``conflicts``: how often somebody had written in between, and an item was looked at again."""

    read: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    kept: int = 0
    set_aside: int = 0
    conflicts: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def facts(self) -> dict[str, str]:
        """For programs."""
        return {
            "items_read": str(self.read),
            "items_changed": str(self.changed),
            "set_aside": str(self.set_aside),
            "conflicts": str(self.conflicts),
        }


def changed(tally: Tally, *, job: str, undo: str, letters: str, left: int | None, repeatable: bool) -> Finished:
    """The end of a change. ``left``: items that the last pass still found to change; None where no pass looked again."""
    told = f"{_items(tally.read)} read, {_items(tally.changed)} changed.{_conflicts(tally)}"
    kept = f"What they were stands in {undo}. To undo the change, run:"
    back = f"tablewright migrate undo {job}"
    facts = {**tally.facts(), "undo": undo, "job": job}
    if not tally.changed and not tally.set_aside and left is not None:
        return Finished(
            Ending.DONE,
            "Nothing to change: every item shows the change already",
            f"{told} What an earlier run changed is undone by that run's own job (tablewright migrate status --all).",
            code="changed",
            facts=facts,
        )
    if tally.set_aside:
        return Finished(
            Ending.FAILED,
            f"Incomplete: {_items(tally.set_aside)} set aside",
            f"{told} The items that were not changed stand in {letters}, each with its reason. {kept}",
            hint=back,
            code="incomplete",
            facts={**facts, "dead_letters": letters},
        )
    if left:
        return Finished(
            Ending.FAILED,
            f"Somebody keeps writing what was to be changed: {_items(left)} in the last pass",
            f"{told} Each pass over the table found items again that needed the change, so a writer still has the old form. "
            "Deploy the new form to every writer, then run the same command again.",
            hint=back,
            code="written-in-old-form",
            facts={**facts, "left": str(left)},
        )
    if left is None:
        why = "" if repeatable else ": this change made twice is not the same as made once, so the items cannot tell"
        return Finished(
            Ending.DONE,
            "Changed, not verified",
            f"{told} No pass looked for items that were written in the old form meanwhile{why}. {kept}",
            hint=back,
            code="changed-not-verified",
            facts=facts,
        )
    return Finished(
        Ending.DONE,
        "Done: every item shows the change",
        f"{told} A last pass over the whole table, strongly consistent, found nothing left to change. {kept}",
        hint=back,
        code="changed",
        facts=facts,
    )


def halted(tally: Tally, *, job: str, verb: str) -> Finished:
    """Stopped or paused: what was in flight is acknowledged."""
    return Finished(
        Ending.MUST_WAIT,
        "Stopped, and it can go on",
        f"{_items(tally.read)} read, {_items(tally.changed)} changed. What was in flight is acknowledged. To go on, run:",
        hint=f"tablewright migrate undo {job}" if verb == "undo" else f"tablewright migrate resume {job}",
        code="stopped",
        facts={**tally.facts(), "job": job},
    )


def undone(tally: Tally, *, job: str) -> Finished:
    """The end of undoing: nothing that somebody wrote since was touched, and what was kept is said."""
    facts = {**tally.facts(), "kept": str(tally.kept), "gone": str(tally.gone), "job": job}
    told = f"{_items(tally.changed)} changed back, {_items(tally.unchanged)} were as before."
    if tally.gone:
        told += f" {_items(tally.gone)} were deleted by somebody since."
    if tally.set_aside:
        return Finished(
            Ending.FAILED,
            f"Incomplete: {_items(tally.set_aside)} could not be changed back",
            f"{told} DynamoDB refused the rest; the reasons were said above.",
            code="undo-incomplete",
            facts=facts,
        )
    if tally.kept:
        return Finished(
            Ending.FAILED,
            f"Undone, but for {_items(tally.kept)} written to since",
            f"{told} {_items(tally.kept)} show attributes that neither the change nor its undoing would leave: somebody wrote to "
            "them since. They were left as they are, because going back would lose what was written.",
            code="undone-but-for-written",
            facts=facts,
        )
    if not tally.read:
        return Finished(
            Ending.DONE,
            "Nothing to undo",
            "The job changed no item, so there is none to change back.",
            code="undone",
            facts=facts,
        )
    return Finished(Ending.DONE, "Undone", f"{told} Nothing was written to in between.", code="undone", facts=facts)


def _items(number: int) -> str:
    return f"{number:,} {'item' if number == 1 else 'items'}"


def _conflicts(tally: Tally) -> str:
    if not tally.conflicts:
        return ""
    return f" {tally.conflicts:,} times somebody had written in between, and the item was looked at again."
