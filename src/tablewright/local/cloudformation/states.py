"""The state machine of a stack: every status, what follows it, and which requests it allows. Tables, no code.

Rules:
1. A status that is a key of `NEXT` is running: the engine works in it, and the work's verdict picks the next status.
2. Every other status is settled: nothing happens until a request, and `ALLOWED` says which requests it takes.
3. Nothing may be decided from the spelling of a status.

Sources: CloudFormation user guide, "Stack status codes" and "Stack failure options"; API reference of the actions in `ALLOWED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """How the work of a running status ended."""

    DONE = "done"
    FAILED = "failed"
    """Failed, and the operation rolls back."""
    KEEP = "keep"
    """Failed, and the operation was asked to keep what stands."""
    DELETE = "delete"
    """Failed, and the operation was asked to delete the stack."""


CREATE_IN_PROGRESS: Final = "CREATE_IN_PROGRESS"
CREATE_FAILED: Final = "CREATE_FAILED"
CREATE_COMPLETE: Final = "CREATE_COMPLETE"
ROLLBACK_IN_PROGRESS: Final = "ROLLBACK_IN_PROGRESS"
ROLLBACK_FAILED: Final = "ROLLBACK_FAILED"
ROLLBACK_COMPLETE: Final = "ROLLBACK_COMPLETE"
DELETE_IN_PROGRESS: Final = "DELETE_IN_PROGRESS"
DELETE_FAILED: Final = "DELETE_FAILED"
DELETE_COMPLETE: Final = "DELETE_COMPLETE"
UPDATE_IN_PROGRESS: Final = "UPDATE_IN_PROGRESS"
UPDATE_FAILED: Final = "UPDATE_FAILED"
UPDATE_CLEANUP: Final = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
UPDATE_COMPLETE: Final = "UPDATE_COMPLETE"
UPDATE_ROLLBACK_IN_PROGRESS: Final = "UPDATE_ROLLBACK_IN_PROGRESS"
UPDATE_ROLLBACK_FAILED: Final = "UPDATE_ROLLBACK_FAILED"
UPDATE_ROLLBACK_CLEANUP: Final = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
UPDATE_ROLLBACK_COMPLETE: Final = "UPDATE_ROLLBACK_COMPLETE"
REVIEW_IN_PROGRESS: Final = "REVIEW_IN_PROGRESS"
IMPORT_IN_PROGRESS: Final = "IMPORT_IN_PROGRESS"
IMPORT_COMPLETE: Final = "IMPORT_COMPLETE"
IMPORT_ROLLBACK_IN_PROGRESS: Final = "IMPORT_ROLLBACK_IN_PROGRESS"
IMPORT_ROLLBACK_FAILED: Final = "IMPORT_ROLLBACK_FAILED"
IMPORT_ROLLBACK_COMPLETE: Final = "IMPORT_ROLLBACK_COMPLETE"

NEXT: Mapping[str, Mapping[Verdict, str]] = {
    CREATE_IN_PROGRESS: {
        Verdict.DONE: CREATE_COMPLETE,
        Verdict.FAILED: ROLLBACK_IN_PROGRESS,
        Verdict.KEEP: CREATE_FAILED,
        Verdict.DELETE: DELETE_IN_PROGRESS,
    },
    ROLLBACK_IN_PROGRESS: {Verdict.DONE: ROLLBACK_COMPLETE, Verdict.FAILED: ROLLBACK_FAILED},
    DELETE_IN_PROGRESS: {Verdict.DONE: DELETE_COMPLETE, Verdict.FAILED: DELETE_FAILED},
    UPDATE_IN_PROGRESS: {
        Verdict.DONE: UPDATE_CLEANUP,
        Verdict.FAILED: UPDATE_ROLLBACK_IN_PROGRESS,
        Verdict.KEEP: UPDATE_FAILED,
    },
    # What cannot be cleaned up is given up on: the update itself has been done.
    UPDATE_CLEANUP: {Verdict.DONE: UPDATE_COMPLETE, Verdict.FAILED: UPDATE_COMPLETE},
    UPDATE_ROLLBACK_IN_PROGRESS: {Verdict.DONE: UPDATE_ROLLBACK_CLEANUP, Verdict.FAILED: UPDATE_ROLLBACK_FAILED},
    UPDATE_ROLLBACK_CLEANUP: {Verdict.DONE: UPDATE_ROLLBACK_COMPLETE, Verdict.FAILED: UPDATE_ROLLBACK_COMPLETE},
    IMPORT_IN_PROGRESS: {Verdict.DONE: IMPORT_COMPLETE, Verdict.FAILED: IMPORT_ROLLBACK_IN_PROGRESS},
    IMPORT_ROLLBACK_IN_PROGRESS: {Verdict.DONE: IMPORT_ROLLBACK_COMPLETE, Verdict.FAILED: IMPORT_ROLLBACK_FAILED},
}

RUNNING: Final = frozenset(NEXT)

LAST_STABLE: Final = frozenset(
    {CREATE_COMPLETE, UPDATE_COMPLETE, UPDATE_ROLLBACK_COMPLETE, IMPORT_COMPLETE, IMPORT_ROLLBACK_COMPLETE}
)
"""Statuses that an update may start from without further ado (RollbackStack's "last known stable state")."""

KEPT: Final = frozenset({CREATE_FAILED, UPDATE_FAILED})
"""What an operation that was told not to roll back has left; an update from there keeps rollback off."""

ALLOWED: Mapping[str, frozenset[str]] = {
    "UpdateStack": LAST_STABLE | KEPT,
    "CreateChangeSet": LAST_STABLE | KEPT,
    "CreateChangeSetOfNew": frozenset({REVIEW_IN_PROGRESS}),
    "ImportIntoStack": LAST_STABLE,
    "DeleteStack": LAST_STABLE
    | {
        CREATE_IN_PROGRESS,
        CREATE_FAILED,
        ROLLBACK_COMPLETE,
        ROLLBACK_FAILED,
        DELETE_IN_PROGRESS,
        DELETE_FAILED,
        UPDATE_FAILED,
        UPDATE_ROLLBACK_FAILED,
        REVIEW_IN_PROGRESS,
        IMPORT_ROLLBACK_FAILED,
    },
    "CancelUpdateStack": frozenset({UPDATE_IN_PROGRESS}),
    "ContinueUpdateRollback": frozenset({UPDATE_ROLLBACK_FAILED}),
    "RollbackStack": KEPT,
}
"""Statuses in which a request is taken; in any other it is refused with a ValidationError that names the status."""

ALL: Final = frozenset(NEXT) | {status for row in NEXT.values() for status in row.values()} | {REVIEW_IN_PROGRESS}

RESOURCE_DONE: Final = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE", "DELETE_SKIPPED"}
)
"""A resource that has been brought to where the operation wants it."""

RESOURCE_FAILED: Final = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "IMPORT_FAILED", "DELETE_FAILED"})

RESOURCE_GONE: Final = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
"""No longer the stack's."""
