"""What a run says: situations, refusals and endings in whole sentences."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tablewright.deploy.ending import LossRefused
from tablewright.deploy.situation import Situation, describe_contents
from tablewright.errors import Failed
from tablewright.model.design import Design
from tablewright.model.listed import listed
from tablewright.model.loss import Loss, Weight


def hint_again(design: Design, environment: str | None) -> str:
    """The command that repeats a run, as far as the design tells."""
    env = f" --env {environment}" if environment else ""
    return f"tablewright deploy {design.path} --stack {design.stack}{env}"


def looked(situation: Situation, name: str) -> str:
    """The stack's situation in one line."""
    stack = situation.stack
    if stack is None:
        return f"there is no stack {name} yet"
    return f"stack {name} is {stack.status}: {situation.status.meaning[:1].lower()}{situation.status.meaning[1:].rstrip('.')}"


def not_as_designed(stack: str, differences: Sequence[str], why: str) -> Failed:
    """The failure of a run that cannot say that it is done."""
    listed = "\n".join(f"    {line}" for line in differences)
    return Failed(
        "not-as-designed",
        "What stands is not what was asked for",
        f"Stack {stack} is deployed as the template says, and yet:\n\n{listed}\n\n{why} A plain deployment of the same template "
        "changes nothing of this, because CloudFormation goes by what it deployed last: set it by hand as the template says, and "
        "deploy again to have it read back.",
        f"tablewright status --stack {stack}",
    )


def counted(number: int, noun: str) -> str:
    """``1 item``, ``1,204 items``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def refusal(found: Sequence[Loss], stack: str, again: str, allowed: frozenset[str] = frozenset()) -> LossRefused:
    """The guard's refusal: what would be lost, and the one command that allows it, where one may.

    ``allowed``: the names that were given; those that name no table that loses anything are said.
    """
    standing = tuple(loss for loss in found if loss.refuses)
    listed = "\n".join(f"    {loss.table} ({loss.logical_id}): {loss.what}{_size(loss)}" for loss in standing)
    forbidden = any(loss.weight is Weight.FORBIDDEN for loss in standing)
    if forbidden:
        return LossRefused(
            "retain-and-remove-at-once",
            "The change would delete what it means to keep",
            f"Executing this change set on stack {stack} would lose:\n\n{listed}\n\nNothing was changed.",
            None,
            standing,
        )
    told = unmatched(found, allowed)
    missed = "\n\n" + "\n".join(told) if told else ""
    names = sorted({loss.table for loss in found if loss.weight is Weight.GUARDED})
    flags = " ".join(f"--allow-data-loss {name}" for name in names)
    instead = "".join(f"\n\n{way}" for way in ways_that_lose_nothing(standing))
    return LossRefused(
        "data-loss",
        "The change would lose data",
        f"Executing this change set on stack {stack} would lose:\n\n{listed}\n\nNothing was changed, and the change set was "
        f"removed.{missed}{instead}\n\nIf losing it is what you want, name each table exactly:",
        f"{_without_allowances(again)} {flags}",
        standing,
    )


def ways_that_lose_nothing(found: Sequence[Loss]) -> tuple[str, ...]:
    """What a person may do instead, where tables as a whole would be lost."""
    replaced = sorted({loss.table for loss in found if loss.kind == "table-replaced"})
    removed = sorted({loss.table for loss in found if loss.kind == "table-removed"})
    ways = []
    if replaced:
        ways.append(
            f"To keep the items of {listed(replaced)}: a key, a name and a local index are a table's for life. Leave each as it "
            "is deployed, add a table beside it (tablewright add table), and bring the items over (tablewright migrate run, or "
            "migrate live while they are written)."
        )
    if removed:
        ways.append(
            f"To keep the items of {listed(removed)}: tablewright remove table takes a table out of the stack in two "
            "deployments, and the table stays."
        )
    return tuple(ways)


def _without_allowances(again: str) -> str:
    """The command without the names that it gives already: each is said once, and none that loses nothing."""
    if "--allow-data-loss" not in again:
        return again
    kept: list[str] = []
    words = iter(shlex.split(again))
    for word in words:
        if word == "--allow-data-loss":
            next(words, None)
        elif not word.startswith("--allow-data-loss="):
            kept.append(word)
    return shlex.join(kept)


def unmatched(found: Sequence[Loss], allowed: frozenset[str]) -> list[str]:
    """What was allowed and matches nothing, each with what may have been meant."""
    said = []
    for name in sorted(allowed - {loss.table for loss in found}):
        of = next((loss.table for loss in found if name == loss.logical_id), None)
        meant = "."
        if "*" in name or "?" in name:
            meant = ": it takes exact names and no wildcards."
        elif of is not None:
            meant = f": that is a logical ID, and the table is {of}."
        said.append(f"--allow-data-loss {name} names no table that would lose anything{meant}")
    return said


def _size(loss: Loss) -> str:
    if loss.item_count is None:
        return ""
    held = f"; {describe_contents(loss.contents)}" if loss.contents is not None else ""
    return (
        f"\n        about {counted(loss.item_count, 'item')}, {counted(loss.size_bytes or 0, 'byte')} "
        f"(as of up to six hours ago){held}"
    )
