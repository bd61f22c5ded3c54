"""The errors that a copy ends with when it cannot go on. Pure."""

from __future__ import annotations

import errno

from tablewright.errors import Failed, MustWait
from tablewright.migrate.engine.commands import Finish

__all__ = ["silent", "too_many", "unwritable"]


def silent(detail: str, patience_s: float) -> MustWait:
    return MustWait(
        "tables-do-not-answer",
        "The tables do not answer",
        f"Not one request succeeded for {patience_s:g} seconds; the last said: {detail}\n\nWhat is acknowledged is checkpointed. "
        "Run the same command again when the table can be reached, and it goes on from there.",
    )


def too_many(budget: int, acknowledged: int, finish: Finish) -> Failed:
    found = acknowledged + len(finish.unacknowledged)
    return Failed(
        "too-many-set-aside",
        "More items were set aside than allowed",
        f"{found} items could not be brought over, and {budget} may be set aside. The last one: {finish.detail}\n\nThey stand in "
        "the dead-letter file with their reasons. Mend the transform or the items, or allow more (--dead-letters).",
    )


def unwritable(error: OSError) -> Failed:
    return Failed(
        "disk-full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else "folder-unwritable",
        "The job's folder cannot be written",
        f"{error}. What was acknowledged before stands, and what was in flight is done again. Make room, then run the same "
        "command again.",
    )
