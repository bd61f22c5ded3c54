"""How a run ends: errors and outcomes as the last event."""

from __future__ import annotations

from dataclasses import replace

from tablewright.errors import Failed, MustWait, Refused, Stuck, TablewrightError, UsageError
from tablewright.events import Cause, Ending, Finished
from tablewright.model.loss import Loss
from tablewright.model.stack import Stack

_ENDINGS: tuple[tuple[type[TablewrightError], Ending], ...] = (
    (Refused, Ending.REFUSED),
    (MustWait, Ending.MUST_WAIT),
    (Stuck, Ending.STUCK),
    (Failed, Ending.FAILED),
)


class LossRefused(Refused):
    """The guard said no; ``losses`` says to what."""

    def __init__(self, code: str, summary: str, detail: str, hint: str | None, losses: tuple[Loss, ...]) -> None:
        super().__init__(code, summary, detail, hint)
        self.losses = losses


class OperationFailed(Failed):
    """An operation of CloudFormation failed; ``cause`` says why, ``stack`` how it stands."""

    def __init__(
        self, code: str, summary: str, detail: str, hint: str | None, cause: Cause | None, stack: Stack | None
    ) -> None:
        super().__init__(code, summary, detail, hint)
        self.cause = cause
        self.stack = stack


def finished(error: TablewrightError, again: str) -> Finished:
    """The last event of a run that ended by ``error``. ``again`` is the hint where the error has none and going on is one."""
    if isinstance(error, UsageError):
        raise error  # the request itself is wrong: nothing ran that could have an ending
    ending = next((ending for kind, ending in _ENDINGS if isinstance(error, kind)), Ending.FAILED)
    end = Finished(
        ending=ending,
        summary=error.summary,
        detail=error.detail,
        hint=error.hint,
        code=error.code,
        until=error.until if isinstance(error, MustWait) else None,
    )
    if ending is Ending.MUST_WAIT and end.hint is None:
        end = replace(end, hint=again)
    if isinstance(error, LossRefused):
        end = replace(end, losses=error.losses)
    if isinstance(error, OperationFailed):
        end = replace(end, cause=error.cause, stack=error.stack)
    return end
