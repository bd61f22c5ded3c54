"""Every event that a run can yield: the only thing that views consume. (A migration's own are in ``migrate.events``.)

An event is a frozen value that encodes itself (``as_json``); a view that does not know an event ignores it. A run's last
event is always ``Finished``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from tablewright.model.cause import Cause as Cause
from tablewright.model.loss import Loss
from tablewright.model.stack import ChangeSet, Stack, StackEvent, StackOutput
from tablewright.model.whereabouts import Whereabouts

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Ending(Enum):
    """How a run ended; the command line's exit code follows from it."""

    DONE = "done"
    NOTHING_TO_DO = "nothing-to-do"
    FAILED = "failed"
    REFUSED = "refused"
    MUST_WAIT = "must-wait"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Started:
    """A run begins. Heads every run: what it acts on and as whom."""

    verb: str  # deploy | status | recover …
    stack: str
    whereabouts: Whereabouts
    environment: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """The stack's situation as it was found, in one line, before anything is done."""

    stack: Stack | None
    summary: str
    details: tuple[str, ...] = ()  # what was looked at before a remedy is chosen, line by line


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a plan: ``kind`` and ``title`` as ``StepStarted`` gives them, ``fields`` what else it holds."""

    kind: str
    title: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """The steps that are still to do, in order, and why; none when there is nothing to do.

    Only the first is certain: after it, a run looks again. ``digest`` is the plan's, equal for equal plans. ``unknown`` says
    what could not be known, and why.
    """

    stack: str
    steps: tuple[PlannedStep, ...]
    reason: str
    digest: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the plan begins. ``number`` counts from 1 over the run; how many will follow is not always known."""

    number: int
    kind: str
    title: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class StepEnded:
    """The step is done, or was found to be a no-op; ``summary`` says which and why."""

    number: int
    kind: str
    summary: str


@dataclass(frozen=True, slots=True)
class ChangesFound:
    """The change set that will be executed, with what it would lose.

    Whoever drives the run decides here: going on executes it; closing the generator instead leaves everything as it was, and
    the change set is removed. ``losses`` holds only what is allowed or merely said: a run that is refused ends instead.
    ``asks`` is False where there is nothing to decide (a plan, which executes nothing).
    """

    change_set: ChangeSet
    losses: tuple[Loss, ...] = ()
    asks: bool = True


@dataclass(frozen=True, slots=True)
class OperationStarted:
    """CloudFormation accepted an operation (or one already running is followed)."""

    stack_id: str
    verb: str  # create | update | import | delete | rollback
    attached: bool = False


@dataclass(frozen=True, slots=True)
class ResourceMoved:
    """A resource, or the stack itself, changed its status."""

    event: StackEvent


@dataclass(frozen=True, slots=True)
class IndexMoved:
    """An index of a table changed its state: what CloudFormation's events cannot say. ``percent`` is None when unknown."""

    table: str
    index: str
    status: str
    backfilling: bool = False
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The run waits, for what, and until when at the earliest if that is known."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """Something a person should know. ``level`` is note or warning.

    ``asks``: it says what is about to be done, and whoever drives the run may decline here: closing the generator leaves
    everything as it was.
    """

    level: str
    text: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation of CloudFormation failed; yielded before what is done about it, so a cause is never lost."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Finished:
    """The run's end. ``summary`` terse; ``detail`` whole sentences; ``hint`` one command that can be typed as it stands."""

    ending: Ending
    summary: str
    detail: str = ""
    hint: str | None = None
    code: str | None = None
    stack: Stack | None = None
    outputs: tuple[StackOutput, ...] = ()
    cause: Cause | None = None
    until: datetime | None = None
    losses: tuple[Loss, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


Event = (
    Started
    | Looked
    | Planned
    | StepStarted
    | StepEnded
    | ChangesFound
    | OperationStarted
    | ResourceMoved
    | IndexMoved
    | Waiting
    | Noted
    | Failure
    | Finished
)


def as_plain(value: object) -> object:
    """Any value of the model as plain JSON values: dataclasses as objects, times as ISO 8601 in UTC."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)  # money stays exact
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): as_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_plain(v) for v in value]
    return value


def as_json(event: DataclassInstance) -> dict[str, object]:
    """The event (one of ``Event``, or a migration's) as plain JSON values.

    ``event`` holds its kind in kebab-case, the other members are its fields.
    ``ResourceMoved.event``, the stack event itself, is the member ``moved``.
    """
    kind = "".join(f"-{c.lower()}" if c.isupper() else c for c in type(event).__name__).lstrip("-")
    body = as_plain(event)
    assert isinstance(body, dict)
    if "event" in body:
        body["moved"] = body.pop("event")
    return {"event": kind, **body}
