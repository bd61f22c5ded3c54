"""What a verification came to, in words: never "the same" where something was not compared."""

from __future__ import annotations

from collections.abc import Mapping

from tablewright.events import Ending, Finished
from tablewright.migrate.verify.difference import KINDS, Difference
from tablewright.migrate.verify.state_file import Half

__all__ = ["Found", "counted", "differing", "looked_up", "same"]

Found = Difference | None
"""How an item differs when it is read again; None where it does not any more."""

_WORDS = {
    "missing": "missing on the target",
    "extra": "on the target alone",
    "different": "different",
    "ambiguous": "of one key that the transform makes twice",
}
assert _WORDS.keys() == KINDS.keys()


def same(names: str, halves: tuple[Half, Half], *, known: int = 0) -> Finished:
    """Nothing differs. ``known``: items that a copy has set aside because the transform refuses them."""
    items = halves[1].buckets.items
    if halves[0].refused > known:
        return _incomplete(names, halves[0].refused - known, {"items": str(items), "refused": str(halves[0].refused)})
    return Finished(
        Ending.DONE,
        "Both sides hold the same items",
        f"{names}: {_number(items)} on each side, compared by content.{_refused(halves)}",
        code="verified",
        facts={"items": str(items), "refused": str(halves[0].refused)},
    )


def differing(
    names: str,
    halves: tuple[Half, Half],
    counts: Mapping[str, int],
    report: str,
    settled: int,
    unread: int,
    *,
    more: bool,
    known: int = 0,
) -> Finished:
    """Something differed at first. ``settled``: items that are the same by now. ``unread``: buckets not looked into."""
    facts = {
        **{kind: str(number) for kind, number in counts.items()},
        "source_items": str(halves[0].buckets.items),
        "target_items": str(halves[1].buckets.items),
        "refused": str(halves[0].refused),
        "buckets_not_looked_into": str(unread),
        **({"list_ended": "yes"} if more else {}),
    }
    moved = (
        f" {_number(settled)} differed when they were first read and are the same now: somebody writes."
        if settled
        else ""
    )
    if not counts and not unread and not more:
        if halves[0].refused > known:
            return _incomplete(names, halves[0].refused - known, facts)
        return Finished(
            Ending.DONE,
            "Both sides hold the same items",
            f"{names}: what differed while they were read is the same now, read again by key.{moved}{_refused(halves)}",
            code="verified-while-written",
            facts=facts,
        )
    rest = ""
    if more or unread:
        rest = " The list was ended there; more items differ" if more else " More items may differ"
        rest += f", in {unread:,} buckets of keys that were not looked into." if unread else "."
    return Finished(
        Ending.FAILED,
        "The two sides differ",
        f"{names}: {counted(counts)}.{moved}{rest}{_refused(halves)}\n\nEach is listed, by its key, in {report}",
        code="verify-differs",
        facts={**facts, "report": report},
    )


def looked_up(
    names: str, items: int, refused: int, counts: Mapping[str, int], report: str, *, more: bool, known: int = 0
) -> Finished:
    """Each item of the source was looked up in a target that may hold more."""
    left_out = f" {_number(refused)} that the transform refuses were left out." if refused else ""
    facts = {**{kind: str(number) for kind, number in counts.items()}, "items": str(items), "refused": str(refused)}
    if not counts and refused > known:
        return _incomplete(names, refused - known, facts)
    if not counts:
        return Finished(
            Ending.DONE,
            "The target holds every item of the source",
            f"{names}: {_number(items)} of the source looked up on the target by key, and compared by content. What the target "
            f"holds beside them was not looked at.{left_out}",
            code="verified",
            facts=facts,
        )
    rest = " The list was ended there; more items differ, or may." if more else ""
    return Finished(
        Ending.FAILED,
        "The two sides differ",
        f"{names}: {counted(counts)}.{rest}{left_out}\n\nEach is listed, by its key, in {report}",
        code="verify-differs",
        facts={**facts, "report": report},
    )


def _incomplete(names: str, refused: int, facts: Mapping[str, str]) -> Finished:
    """What was compared is the same, and not all of it could be."""
    are = "is" if refused == 1 else "are"
    return Finished(
        Ending.FAILED,
        "Not every item could be compared",
        f"{names}: what was compared is the same, but {_number(refused)} of the source {are} refused by the transform, so that "
        "nothing says what the target should hold of them. See which and why:",
        hint="tablewright migrate plan --help",
        code="verify-incomplete",
        facts=facts,
    )


def counted(counts: Mapping[str, int]) -> str:
    """``2 items missing on the target, 1 item different``."""
    return ", ".join(f"{_number(counts[kind])} {words}" for kind, words in _WORDS.items() if counts.get(kind))


def _number(items: int) -> str:
    return f"{items:,} {'item' if items == 1 else 'items'}"


def _refused(halves: tuple[Half, Half]) -> str:
    refused = halves[0].refused
    return f" {_number(refused)} of the source that the transform refuses were left out." if refused else ""
