"""The stack's tags: those of the design, and the record of the commit that was deployed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tablewright.model.design import Design
from tablewright.model.stack import Stack
from tablewright.plan.values import OWN_TAGS, foreign_tags

COMMIT_TAG = OWN_TAGS + "commit"
COMMITTED_AT_TAG = OWN_TAGS + "committed-at"


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that is deployed: recorded on the stack, so that an older one does not replace a newer one.

    ``precedes``: whether this commit is in the history of another (True), has that one in its own (False), or neither, as far as
    the repository knows (None); without it, the commits' times say which is older.
    """

    id: str
    at: datetime
    precedes: Callable[[str], bool | None] | None = field(default=None, compare=False, repr=False)


def tags_to_send(design: Design, stack: Stack | None, commit: Commit | None) -> Mapping[str, str] | None:
    """The tags for a change set, None to keep the stack's. What AWS itself put there is never sent."""
    deployed = stack.tags if stack is not None else {}
    record = {key: value for key, value in deployed.items() if key.startswith(OWN_TAGS)}
    if commit is not None:
        record[COMMIT_TAG] = commit.id
        record[COMMITTED_AT_TAG] = commit.at.isoformat()
    if not design.tags and commit is None:
        return None
    return {**(foreign_tags(design.tags) or foreign_tags(deployed)), **record}


def deployed_commit(stack: Stack) -> tuple[str, datetime | None] | None:
    """The commit that the stack was deployed from, with its time, where a run recorded one."""
    commit = stack.tags.get(COMMIT_TAG)
    if commit is None:
        return None
    try:
        at = datetime.fromisoformat(stack.tags.get(COMMITTED_AT_TAG, ""))
    except ValueError:
        return commit, None
    return commit, at if at.tzinfo is not None else None
