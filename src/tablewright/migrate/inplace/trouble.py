"""What can end a change in place before its end, in words."""

from __future__ import annotations

import errno

from tablewright.errors import Failed, MustWait

__all__ = ["silent", "too_many", "unwritable"]


def silent(detail: str, patience_s: float) -> MustWait:
    """Nothing succeeded for too long."""
    return MustWait(
        "tables-do-not-answer",
        "The table does not answer",
        f"Not one request succeeded for {patience_s:g} seconds; the last said: {detail}\n\nWhat is acknowledged is checkpointed. "
        "Run the same command again when the table can be reached, and it goes on from there.",
    )


def too_many(budget: int, found: int, reason: str) -> Failed:
    """More items were set aside than may be."""
    items = "item" if found == 1 else "items"
    return Failed(
        "too-many-set-aside",
        "More items were set aside than allowed",
        f"{found} {items} could not be changed, and {budget} may be set aside. The last one: {reason}\n\nThey are as they were, "
        "and stand in the dead-letter file with their reasons. Mend the transform or the items, or allow more (--dead-letters).",
    )


def unwritable(error: OSError) -> Failed:
    """The job's folder cannot be written: nothing is changed that is not written down first."""
    return Failed(
        "disk-full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else "folder-unwritable",
        "The job's folder cannot be written",
        f"{error}. No item was changed that the undo file does not hold. Make room, then run the same command again.",
    )
