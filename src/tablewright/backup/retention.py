"""Which backups a retention policy lets go: only those that tablewright made, and never the newest good one of a table.

On-demand backups carry no tags, so whose they are is told by their name, which holds when they were made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from tablewright.model.table import Backup

__all__ = ["Kept", "is_ours", "mark_of", "name_for", "thin_out"]

_OURS = re.compile(r"tablewright-\d{8}T\d{6}Z-[0-9a-f]{8}")


def mark_of(token: str) -> str:
    """Eight hexadecimal digits that tell one run from another, out of a fresh token."""
    return sha256(token.encode()).hexdigest()[:8]


def name_for(at: datetime, token: str) -> str:
    """The name of a backup made now; ``token`` is a fresh one, of any form."""
    return f"tablewright-{at:%Y%m%dT%H%M%SZ}-{mark_of(token)}"


def is_ours(backup: Backup) -> bool:
    """Whether tablewright made it, by its name; system backups and those of AWS Backup are nobody's here to delete."""
    return backup.kind == "USER" and bool(_OURS.fullmatch(backup.name))


@dataclass(frozen=True, slots=True)
class Kept:
    """One backup and what becomes of it; ``why`` says it in words."""

    backup: Backup
    goes: bool
    why: str


def thin_out(
    backups: Sequence[Backup], *, now: datetime, days: int | None = None, newest: int | None = None
) -> tuple[Kept, ...]:
    """What becomes of each backup of one table, newest first.

    One goes when it is ours, and older than ``days`` or not among the ``newest`` so many of ours (both given: only when both
    say so). The newest good (AVAILABLE) backup of the table, whoever made it, and the newest good one of ours always stay; so
    does that of a former table of the name.
    """
    ordered = sorted(backups, key=lambda backup: backup.created_at, reverse=True)
    good = [backup for backup in ordered if backup.status == "AVAILABLE"]
    # A table that was made anew under an old name is another one: of what the old one held there may be no other copy.
    newest_good = {
        next(each for each in good if each.table_id == name).arn for name in {each.table_id for each in good}
    }
    ours = [backup for backup in ordered if is_ours(backup)]
    good_ours = [backup for backup in ours if backup.status == "AVAILABLE"]
    if good_ours:
        newest_good.add(good_ours[0].arn)
    kept: list[Kept] = []
    for backup in ordered:
        if not is_ours(backup):
            kept.append(Kept(backup, goes=False, why="not made by tablewright"))
        elif backup.arn in newest_good:
            kept.append(Kept(backup, goes=False, why="it is the newest good one"))
        elif backup.status != "AVAILABLE":
            kept.append(Kept(backup, goes=False, why=f"it is {backup.status}"))
        elif days is not None and now - backup.created_at <= timedelta(days=days):
            kept.append(Kept(backup, goes=False, why=f"it is not older than {days} days"))
        elif newest is not None and ours.index(backup) < newest:
            kept.append(Kept(backup, goes=False, why=f"it is among the newest {newest}"))
        elif days is None and newest is None:
            kept.append(Kept(backup, goes=False, why="no rule lets it go"))
        else:
            kept.append(Kept(backup, goes=True, why=f"made {backup.created_at:%Y-%m-%d}"))
    return tuple(kept)
