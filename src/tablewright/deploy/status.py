"""What each stack status means: the one table by which everything decides. Never by a status name's ending.

The rules:

- A status that the table does not know is ``UNHEARD_OF``: nothing may be done on it, and it is never taken for good.
- ``MOVING`` means that CloudFormation is at work and only following makes sense.
- ``SETTLED`` means that an update may be made; ``healthy`` says whether the last operation did what it was asked.
- ``SHELL`` is a stack without resources that waits for its first change set.
- ``BROKEN`` needs a remedy first (``deploy.remedy``).

Source: CloudFormation user guide, "Monitor stack progress" (stack status codes), and API reference, RollbackStack and
ContinueUpdateRollback (which statuses they accept).
"""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.plan.actual import Standing


@dataclass(frozen=True, slots=True)
class Row:
    """One status. ``verb`` is the operation it belongs to, ``can`` what CloudFormation accepts on it, ``meaning`` a sentence.

    ``does`` says what a deployment does about it; ``deploy.remedy`` is where that is decided.
    """

    status: str
    standing: Standing
    verb: str
    healthy: bool
    can: tuple[str, ...]
    meaning: str
    does: str = ""


_MOVING, _SETTLED, _BROKEN, _SHELL = Standing.MOVING, Standing.SETTLED, Standing.BROKEN, Standing.SHELL

ROWS = (
    Row(
        "REVIEW_IN_PROGRESS",
        _SHELL,
        "create",
        True,
        ("execute", "delete"),
        "It holds nothing and waits for its first change set to be executed.",
        "Uses the shell for its own change set; refuses while somebody else's waits there.",
    ),
    Row(
        "CREATE_IN_PROGRESS",
        _MOVING,
        "create",
        True,
        ("delete",),
        "It is being created.",
        "Follows it to its end, then looks again.",
    ),
    Row(
        "CREATE_FAILED",
        _BROKEN,
        "create",
        False,
        ("roll-back", "update", "delete"),
        "Its creation failed with rollback off; what was created stands.",
        "Rolls back and creates anew, if no table that it owns holds items; else refuses.",
    ),
    Row(
        "CREATE_COMPLETE",
        _SETTLED,
        "create",
        True,
        ("update", "delete"),
        "It was created.",
        "Updates.",
    ),
    Row(
        "ROLLBACK_IN_PROGRESS",
        _MOVING,
        "create",
        False,
        ("delete",),
        "Its creation failed and is being rolled back.",
        "Follows it to its end, then looks again.",
    ),
    Row(
        "ROLLBACK_FAILED",
        _BROKEN,
        "create",
        False,
        ("delete",),
        "Its creation failed, and something could not be removed.",
        "Deletes the stack and creates it anew, if no table that it owns holds items: waits for busy "
        "indexes, leaves protected empty tables behind and takes them in again; else refuses.",
    ),
    Row(
        "ROLLBACK_COMPLETE",
        _BROKEN,
        "create",
        False,
        ("delete",),
        "Its creation failed; it is a dead shell that can only be deleted.",
        "Keeps the cause, looks for tables that survived, deletes the shell and creates the stack anew, "
        "taking them in; refuses before the deletion where that cannot be.",
    ),
    Row(
        "DELETE_IN_PROGRESS",
        _MOVING,
        "delete",
        True,
        (),
        "It is being deleted.",
        "Follows it to its end, then creates.",
    ),
    Row(
        "DELETE_FAILED",
        _BROKEN,
        "delete",
        False,
        ("delete",),
        "Its deletion failed; what could not be deleted stands.",
        "As for ROLLBACK_FAILED.",
    ),
    Row(
        "DELETE_COMPLETE",
        Standing.ABSENT,
        "delete",
        True,
        (),
        "It was deleted.",
        "Creates.",
    ),
    Row(
        "UPDATE_IN_PROGRESS",
        _MOVING,
        "update",
        True,
        ("cancel",),
        "It is being updated.",
        "Follows it to its end, then looks again.",
    ),
    Row(
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        _MOVING,
        "update",
        True,
        (),
        "It was updated; what was replaced or removed is being deleted.",
        "Follows it to its end, then looks again.",
    ),
    Row(
        "UPDATE_COMPLETE",
        _SETTLED,
        "update",
        True,
        ("update", "delete"),
        "It was updated.",
        "Updates.",
    ),
    Row(
        "UPDATE_FAILED",
        _BROKEN,
        "update",
        False,
        ("roll-back", "update", "delete"),
        "Its update failed with rollback off; what was changed stands.",
        "Rolls back and updates again, if no table that the failed update made holds items; else refuses.",
    ),
    Row(
        "UPDATE_ROLLBACK_IN_PROGRESS",
        _MOVING,
        "update",
        False,
        (),
        "Its update failed and is being rolled back.",
        "Follows it to its end, then looks again.",
    ),
    Row(
        "UPDATE_ROLLBACK_FAILED",
        _BROKEN,
        "update",
        False,
        ("continue-rollback", "delete"),
        "Its update failed, and so did rolling it back.",
        "Waits for busy indexes and cooldowns, then continues the rollback if no table that the update made holds items; "
        "never skips a resource.",
    ),
    Row(
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        _MOVING,
        "update",
        False,
        (),
        "Its update was rolled back; what it had created is being deleted.",
        "Follows it to its end, then looks again.",
    ),
    Row(
        "UPDATE_ROLLBACK_COMPLETE",
        _SETTLED,
        "update",
        False,
        ("update", "delete"),
        "Its last update failed and was rolled back; it stands as before.",
        "Updates.",
    ),
    Row(
        "IMPORT_IN_PROGRESS",
        _MOVING,
        "import",
        True,
        (),
        "Resources are being imported into it.",
        "Follows it to its end, then looks again.",
    ),
    Row(
        "IMPORT_COMPLETE",
        _SETTLED,
        "import",
        True,
        ("update", "delete"),
        "Resources were imported into it.",
        "Updates.",
    ),
    Row(
        "IMPORT_ROLLBACK_IN_PROGRESS",
        _MOVING,
        "import",
        False,
        (),
        "An import into it failed and is being rolled back.",
        "Follows it to its end, then looks again.",
    ),
    Row(
        "IMPORT_ROLLBACK_FAILED",
        _BROKEN,
        "import",
        False,
        (),
        "An import into it failed, and so did rolling it back.",
        "Stops and says so: no documented call leads out of it.",
    ),
    Row(
        "IMPORT_ROLLBACK_COMPLETE",
        _BROKEN,
        "import",
        False,
        ("update", "delete"),
        "An import into it failed and was rolled back.",
        "Updates if the stack stood before the import; else as for ROLLBACK_COMPLETE (unverified on AWS).",
    ),
)

_NOTHING = "Stops and says so: nothing is known to be safe."

_BY_STATUS = {row.status: row for row in ROWS}

_NO_STACK = Row("", Standing.ABSENT, "create", True, ("create",), "There is no such stack.", "Creates.")


def row(status: str | None) -> Row:
    """The row of a status; None is the stack that does not exist, and an unknown status has a row of its own."""
    if status is None:
        return _NO_STACK
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return Row(
        status, Standing.UNHEARD_OF, "", False, (), "This version of tablewright does not know this status.", _NOTHING
    )
